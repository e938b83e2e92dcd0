//! A disk as a BIOS starts it: SeaBIOS in QEMU, which shows on the serial port what it would show on a screen.

use std::path::Path;
use std::time::Duration;

use crate::guest::machine::Bus;
use crate::guest::machine::Drive;
use crate::guest::machine::Guest;
use crate::guest::on_path;
use crate::support::program::not_run;

/// A PC without a screen, whose BIOS writes to the serial port instead, and which ends when nothing can be started.
const MACHINE: [&str; 8] =
    ["-M", "pc,graphics=off", "-m", "64", "-vga", "none", "-boot", "menu=off,reboot-timeout=1"];

/// What has said nothing for so long will say nothing more.
const QUIET: Duration = Duration::from_secs(20);

/// Whether QEMU is here to start disks in; says so where it is not.
pub fn can_start() -> bool {
    let can = on_path("qemu-system-x86_64");
    if !can {
        assert!(std::env::var_os("CI").is_none(), "QEMU is not installed");
        not_run(
            "disks started by a BIOS",
            "QEMU is not installed; `integration/packages.sh guests` installs it",
        );
    }
    can
}

/// What comes over the serial line when a BIOS starts this raw disk: its own messages, and what it starts writes. It ends with the
/// machine, which the stand-ins of the tests reset, or when nothing more is said. The disk stays as it is.
pub fn starts(disk: &Path) -> String {
    started(&[], &[hard_disk(disk)])
}

/// The same with further arguments for QEMU and these disks.
pub fn started(more: &[&str], drives: &[Drive]) -> String {
    let mut guest = Guest::start(&[&MACHINE, more].concat(), drives);
    guest.console.until_quiet(QUIET)
}

/// Starts this disk until it says `text`, behind which the processor stands still; gives what it said before.
#[track_caller]
pub fn stops_with(disk: Drive, text: &str) -> String {
    Guest::start(&MACHINE, &[disk]).console.expect(text)
}

/// A hard disk as PCs have it.
pub fn hard_disk(disk: &Path) -> Drive {
    Drive { bus: Bus::Ahci, ..Drive::raw(disk) }
}
