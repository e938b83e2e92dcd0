//! Which firmware a disk is rebuilt for.

use crate::bcd::Firmware;
use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::rebuild::NoRebuild;
use crate::layout::Layout;
use crate::layout::windows::WindowsVolume;
use crate::partition::TableKind;

/// Whether this firmware can start a Windows: that has the loader for it.
pub(super) const fn starts(windows: &WindowsVolume, firmware: Firmware) -> bool {
    match firmware {
        Firmware::Bios => windows.winload_exe,
        Firmware::Uefi => windows.winload_efi,
    }
}

/// The firmware that the user said; or the one that starts the disk now; or the one that its table is for.
pub(super) fn choose(layout: &Layout, choice: Choice) -> Result<Firmware, NoRebuild> {
    let by_mbr = is_started_by_mbr(layout);
    match choice.firmware {
        Some(Firmware::Bios) if layout.table.kind == TableKind::Gpt && !by_mbr => Err(NoRebuild::BiosOfGpt),
        Some(firmware) => Ok(firmware),
        None if layout.table.kind == TableKind::Gpt && !by_mbr => Ok(Firmware::Uefi),
        None => Ok(of_mbr(layout)),
    }
}

/// An MBR disk is a BIOS's, unless what is there, or the only loader that its Windows has, is UEFI's.
fn of_mbr(layout: &Layout) -> Firmware {
    let can = |firmware| layout.windows.iter().any(|windows| starts(windows, firmware));
    let is_uefi = layout.first_system().is_some_and(|system| system.firmware() == Firmware::Uefi);
    let only_uefi = can(Firmware::Uefi) && !can(Firmware::Bios);
    if is_uefi && can(Firmware::Uefi) || only_uefi { Firmware::Uefi } else { Firmware::Bios }
}
