//! Rebuilt disks, started by a BIOS: our master boot record, the boot record that Windows wrote, and `\bootmgr` of the test disk.

use super::bios_start::can_start;
use super::bios_start::hard_disk;
use super::bios_start::starts;
use super::bios_start::stops_with;
use super::disks::windows_record;
use super::promise::Rebuilt;
use super::promise::damaged;
use super::promise::promise;
use crate::support::disk::Disk;
use crate::support::letters;
use crate::support::program::bcdrescue;

/// What `\bootmgr` of the test disks says by the BIOS before it halts.
const WORD: &str = "a bcdrescue test disk: this is no file of Windows";
/// The file that carries the boot record.
const CARRIER: &str = r"\Windows\System32\untfs.dll";
/// Where the first sector has the flag of the first partition.
const FLAG: u64 = 0x1be;

/// A disk with these damages, whose Windows, on that partition, carries a boot record that Windows wrote; `None` where none is at
/// hand, or nothing to start the disk in.
fn disk(base: &str, damages: &[&str], windows: u32) -> Option<Disk> {
    let record = can_start().then(windows_record).flatten()?;
    let disk = damaged(base, damages);
    let carrier = [b"MZ".repeat(777), record, vec![0xcc; 99]].concat();
    letters::put(&disk, windows, &CARRIER.replace('\\', "/"), &carrier);
    Some(disk)
}

/// It is rebuilt, and then starts `\bootmgr`.
#[track_caller]
fn starts_rebuilt(disk: Disk) -> Rebuilt {
    let rebuilt = promise(disk, "--rebuild");
    let made = rebuilt.said["made"].as_array().unwrap();
    assert!(made.iter().any(|made| made["from"] == format!("code from {CARRIER}")), "{made:?}");
    stops_with(hard_disk(&rebuilt.raw), WORD);
    rebuilt
}

#[test]
fn an_empty_system_volume() {
    let damages = ["no-boot-code", "system-reserved-empty"];
    let Some(disk) = disk("win10-bios", &damages, 2) else { return };
    let said = starts(&disk.path);
    assert!(said.contains("Booting from Hard Disk") && !said.contains(WORD), "{said}");
    starts_rebuilt(disk);
}

#[test]
fn one_partition_with_windows_only() {
    let Some(disk) = disk("win2008sp2-bios", &["windows-only"], 1) else { return };
    starts_rebuilt(disk);
}

#[test]
fn no_boot_code() {
    let Some(disk) = disk("win2008r2-bios", &["no-boot-code"], 2) else { return };
    starts_rebuilt(disk);
}

/// A rebuild makes the partition active; where only that is missing, `--active` does, and what started before starts again.
#[test]
fn windows_7_with_nothing_active() {
    let Some(disk) = disk("win7-logical", &["no-boot-code", "not-active"], 5) else { return };
    let rebuilt = starts_rebuilt(disk);
    let disk = Disk { path: rebuilt.raw, ..rebuilt.disk };
    disk.put(FLAG, &[0]);
    let said = starts(&disk.path);
    assert!(said.contains("No bootable device") && !said.contains(WORD), "{said}");
    bcdrescue(&["check", disk.name()]).exits(4).says("fix").says("--active=1");
    bcdrescue(&["fix", disk.name(), "--active=1", "--yes"]).exits(1).says("verified: healthy");
    stops_with(hard_disk(&disk.path), WORD);
}
