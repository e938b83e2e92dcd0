//! Elements that name a partition that is here and has not their file, and disk images of which nothing tells the partition: what
//! `check` offers is carried out, and nothing else moves.

use std::fs;
use std::path::Path;

use bcdrescue::bcd::QualifiedPartition;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::second_windows;
use crate::support::parts::change;
use crate::support::parts::gpt_of;
use crate::support::program::bcdrescue;
use crate::support::program::run;
use crate::support::program::text;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_identities;

/// What `check` says that `fix` would come to; its command, run as it stands, does that and can be undone.
#[track_caller]
fn offered(disk: &Disk, path: &str, command: &str, then: &str, elements: usize) {
    let (before, store) = (hash(&disk.path), store_of(disk, path));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let fix = &target["fix"];
    let expected = format!("bcdrescue fix {}{command}", disk.name());
    assert_eq!(
        (fix["command"].as_str(), fix["then"].as_str()),
        (Some(expected.as_str()), Some(then)),
        "{fix:#}"
    );
    let program = Path::new(env!("CARGO_BIN_EXE_bcdrescue")).parent().unwrap();
    let line = format!("PATH={}:$PATH; {expected} --yes", text(program));
    let ran = run("sh", &["-c", &line]);
    assert!(matches!(ran.code, 1 | 5), "{}{}", ran.stdout, ran.stderr);
    let code = if then == "healthy" { 0 } else { 4 };
    assert_eq!(bcdrescue(&["check", disk.name(), "--json"]).exits(code).target()["verdict"], then);
    assert_eq!(hivex_difference(&store, &store_of(disk, path)).len(), elements);
    let fixed = hash(&disk.path);
    let again = run("sh", &["-c", &line]);
    assert_eq!((again.code & 1, hash(&disk.path)), (0, fixed), "a second fix wrote");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(record).unwrap();
}

/// Whether an element is of the recovery environment, by its place in a store of Windows 11.
fn is_recovery(disk: &Disk, of: QualifiedPartition) -> impl Fn(QualifiedPartition) -> bool {
    let recovery = gpt_of(disk, 4);
    move |named| named == of || named == recovery
}

#[test]
fn a_ram_disk_that_is_on_another_partition_than_named_is_found() {
    let disk = Disk::raw("win11-uefi-healthy");
    let (windows, recovery) = (gpt_of(&disk, 3), gpt_of(&disk, 4));
    let is_it = is_recovery(&disk, recovery);
    let moved = with_identities(&store_of(&disk, UEFI), |_, _, named| is_it(named).then_some(windows));
    put_store(&disk, UEFI, &moved);
    // device, osdevice, ramdisksdidevice; what else is on the partition that they name stays.
    offered(&disk, UEFI, " --recovery=4", "healthy", 3);
}

#[test]
fn of_two_recovery_partitions_under_new_guids_the_user_says_which() {
    let disk = Disk::raw("win11-uefi");
    second_windows(&disk, 4, 5);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let open = target["findings"].as_array().unwrap().iter().filter(|it| it["switch"] == "--recovery=N");
    assert_ne!(open.count(), 0, "{:#}", target["findings"]);
    for number in ["4", "5"] {
        bcdrescue(&["fix", disk.name(), "--yes", "--recovery", number]).exits(1);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
        assert_eq!(target["verdict"], "healthy", "{:#}", target["findings"]);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
    }
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--recovery", "3"]).exits(8).says("does not have");
    bcdrescue(&["fix", disk.name(), "--yes", "--recovery", "9"]).exits(8).says("there is no partition 9");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_windows_that_is_on_another_partition_than_named_is_found() {
    // A data partition now begins where Windows began: the partitions were copied in another order.
    let disk = Disk::raw("win10-bios-healthy");
    let here = |offset| QualifiedPartition::Mbr { signature: 0xc3a1_f00d, offset };
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    let start = |index: usize| json["partitiontable"]["partitions"][index]["start"].as_u64().unwrap() * 512;
    let (system, windows) = (here(start(0)), here(start(1)));
    let moved = with_identities(&store_of(&disk, BIOS), |object, _, named| {
        (named == windows && object != "{bootmgr}").then_some(system)
    });
    let count = hivex_difference(&store_of(&disk, BIOS), &moved).len();
    put_store(&disk, BIOS, &moved);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(target["stop"]["code"], "file-missing");
    let command = target["fix"]["command"].as_str().unwrap();
    assert!(command.contains(" --windows=2 '--entry={"), "{command}");
    let switches = command.split_once(disk.name()).unwrap().1.to_owned();
    offered(&disk, BIOS, &switches, target["fix"]["then"].as_str().unwrap(), count);
}

#[test]
fn ntldr_that_is_on_another_partition_than_named_is_found() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = crate::diagnosis::menus::with_ntldr_in_menu(&store_of(&disk, BIOS), 0x2450_0000);
    put_store(&disk, BIOS, &store);
    for file in ["/ntldr", "/NTDETECT.COM"] {
        change(&disk, 1, |volume| put_ntfs(volume, file, b"a file"));
    }
    offered(&disk, BIOS, " --system=1", "healthy", 1);
}

/// What is settled by it is settled for good: the same words again find nothing to refuse.
#[test]
fn a_word_that_was_taken_is_no_wrong_word_afterwards() {
    let disk = Disk::raw("win2008sp2-bios");
    let words = ["fix", disk.name(), "--yes", "--windows=1", "--system=1"];
    bcdrescue(&words).exits(1).says("verified: healthy");
    let fixed = hash(&disk.path);
    bcdrescue(&words).exits(0);
    assert_eq!(hash(&disk.path), fixed);
}
