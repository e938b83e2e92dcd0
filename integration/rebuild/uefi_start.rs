//! A disk as UEFI firmware starts it: OVMF in QEMU, which shows on the serial port what it shows on a screen.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bcdrescue::guid::Guid;

use crate::guest::machine::Drive;
use crate::guest::machine::Guest;
use crate::guest::on_path;
use crate::support::firmware_stores::utf16;
use crate::support::program::not_run;
use crate::support::program::text;

/// The firmware and its variables, as Debian's package has them.
const CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";
/// A PC without a screen and without a network.
const MACHINE: [&str; 6] = ["-M", "q35", "-m", "256", "-vga", "none"];
/// What has said nothing for so long will say nothing more: the programs of the tests turn the machine off.
const QUIET: Duration = Duration::from_secs(60);
/// The namespace of boot entries.
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Where the first variable is: behind the header of the volume and that of the store.
const FIRST: usize = 0x64;
/// The variable is there; it is kept, and seen before and after the start of a system.
const ADDED: u8 = 0x3f;
const ATTRIBUTES: u32 = 7;

/// Whether QEMU and OVMF are here to start disks in; says so where they are not.
pub fn can_start() -> bool {
    let can = on_path("qemu-system-x86_64") && [CODE, VARIABLES].iter().all(|file| Path::new(file).exists());
    if !can {
        assert!(std::env::var_os("CI").is_none(), "QEMU or OVMF is not installed");
        not_run(
            "disks started by UEFI firmware",
            "QEMU or OVMF is not installed; `integration/packages.sh guests` installs them",
        );
    }
    can
}

/// What comes over the serial line until what this disk starts turns the machine off. The firmware has no boot entry, or only one:
/// this device path.
pub fn starts(disk: Drive, entry: Option<&[u8]>) -> String {
    on(disk, entry, |guest| guest.console.until_quiet(QUIET))
}

/// That the same firmware finds nothing to start on this disk.
#[track_caller]
pub fn does_not_start(disk: Drive, entry: Option<&[u8]>) {
    on(disk, entry, |guest| guest.console.expect("BdsDxe: failed to load"));
}

fn on<T>(disk: Drive, entry: Option<&[u8]>, what: impl FnOnce(&mut Guest) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("variables.fd");
    let mut variables = fs::read(VARIABLES).unwrap();
    entry.into_iter().for_each(|path| put_entry(&mut variables, path));
    fs::write(&kept, variables).unwrap();
    let code = format!("if=pflash,format=raw,readonly=on,file={CODE}");
    let kept = format!("if=pflash,format=raw,file={}", text(&kept));
    let mut guest = Guest::start(&[&MACHINE[..], &["-drive", &code, "-drive", &kept]].concat(), &[disk]);
    what(&mut guest)
}

/// An entry, the only one, into flash memory without variables (EDK2, `VariableFormat.h`, `AUTHENTICATED_VARIABLE_HEADER`; UEFI
/// Specification, "Load Options").
fn put_entry(flash: &mut [u8], path: &[u8]) {
    let path_len = u16::try_from(path.len()).unwrap().to_le_bytes();
    let option = [&[1, 0, 0, 0], &path_len[..], &utf16("Windows Boot Manager"), path].concat();
    let mut at = FIRST;
    for (name, data) in [("Boot0000", &option[..]), ("BootOrder", &[0, 0])] {
        let name = utf16(name);
        let [name_len, len] = [name.len(), data.len()].map(|len| u32::try_from(len).unwrap().to_le_bytes());
        let namespace: Guid = GLOBAL.parse().unwrap();
        // A counter, a time and a key, which only signed variables have.
        let head = [&[0xaa, 0x55, ADDED, 0], &ATTRIBUTES.to_le_bytes()[..], &[0; 8 + 16 + 4]].concat();
        let bytes = [&head, &name_len[..], &len, namespace.bytes(), &name, data].concat();
        let place = &mut flash[at..][..bytes.len()];
        assert!(place.iter().all(|byte| *byte == 0xff), "there are variables");
        place.copy_from_slice(&bytes);
        at += bytes.len().next_multiple_of(4);
    }
}
