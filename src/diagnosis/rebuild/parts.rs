//! Which parts are missing or ruined.

use crate::bcd::Firmware;
use crate::diagnosis::disk::mbr_entry;
use crate::diagnosis::disk::mbr_entry::Flags;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::rebuild::Parts;
use crate::diagnosis::model::rebuild::Scope;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Place;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;
use crate::partition::BootCode;
use crate::partition::TableKind;
use crate::volume::BootManagerName;
use crate::volume::FileSystem;

/// The store of the system volume, where there is one.
pub(super) fn store_at(layout: &Layout, system: VolumeIndex, firmware: Firmware) -> Option<StoreIndex> {
    let is_it = |file: &StoreFile| file.volume == system && file.firmware == firmware && !file.recovery;
    layout.stores_indexed().find(|(_, file)| is_it(file)).map(|(index, _)| index)
}

/// What is missing or ruined, by what was found.
pub(super) fn missing(
    layout: &Layout,
    system: VolumeIndex,
    firmware: Firmware,
    findings: &[Finding],
    choice: Choice,
) -> Parts {
    let is_any = |part: &dyn Fn(Part) -> bool| {
        findings.iter().any(|finding| cured(layout, system, firmware, finding).is_some_and(part))
    };
    let has_store = store_at(layout, system, firmware).is_some();
    let has_manager = layout.systems.iter().any(|it| {
        it.volume == system
            && match firmware {
                Firmware::Bios => it.bios_boot_manager,
                Firmware::Uefi => it.uefi_boot_manager || it.fallback_has_version,
            }
    });
    let is_begun = is_any(&|_| true);
    let mut parts = Parts {
        file_system: choice.format.is_some() && is_unformatted(layout, system),
        store: is_any(&|part| matches!(part, Part::Store | Part::Everything)) || is_begun && !has_store,
        files: is_any(&|part| matches!(part, Part::Files | Part::Everything)) || is_begun && !has_manager,
        ..Parts::default()
    };
    if is_begun {
        parts = with_code(parts, layout, system, firmware, false);
    }
    parts
}

fn is_unformatted(layout: &Layout, system: VolumeIndex) -> bool {
    layout.volume(system).is_some_and(|facts| facts.file_system == FileSystem::Unknown)
}

/// What was asked for.
pub(super) fn insisted(layout: &Layout, system: VolumeIndex, firmware: Firmware, scope: Scope) -> Parts {
    let is = |part: Scope| scope == part || scope == Scope::All;
    let parts = Parts {
        file_system: is_unformatted(layout, system),
        store: is(Scope::Store),
        files: is(Scope::Files),
        ..Parts::default()
    };
    if is(Scope::Code) { with_code(parts, layout, system, firmware, true) } else { parts }
}

/// The same with what a BIOS needs before the boot manager. A boot loader in the MBR starts what it was told to.
fn with_code(
    parts: Parts,
    layout: &Layout,
    system: VolumeIndex,
    firmware: Firmware,
    is_insisted: bool,
) -> Parts {
    if firmware != Firmware::Bios || layout.table.kind != TableKind::Mbr {
        return parts;
    }
    let record = layout.volume(system).and_then(|facts| facts.boot_record);
    let starts_it = record.and_then(|record| record.starts) == Some(BootManagerName::Bootmgr);
    let is_startable = layout.volume(system).is_some_and(|facts| facts.is_startable);
    let is_grub = layout.table.boot_code == BootCode::Grub;
    let entry = mbr_entry::of_volume(layout, system);
    let flags = Flags::of(layout);
    let is_active = flags.odd.is_empty() && flags.active.as_slice() == entry.as_slice();
    Parts {
        boot_record: is_insisted || !(starts_it && is_startable),
        boot_code: is_insisted && !is_grub || layout.table.boot_code == BootCode::None,
        active: !is_active && !is_grub,
        ..parts
    }
}

/// A part that cures a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Store,
    Files,
    Code,
    Everything,
}

/// The part that cures what this code stands for, where nothing smaller does.
pub(super) const fn part_of(code: Code) -> Option<Part> {
    Some(match code {
        Code::NoSystemVolume | Code::FirmwareMismatch | Code::SystemVolumeLogical => Part::Everything,
        Code::StoreMissing
        | Code::StoreElsewhere
        | Code::StoreUnreadable
        | Code::StoreEmpty
        | Code::NoWindowsEntry
        | Code::LoaderOtherFirmware
        | Code::StoreDirty
        | Code::MenuMissing
        | Code::MenuEntryMissing
        | Code::ElementMissing
        | Code::ElementDamaged
        | Code::WindowsMissing => Part::Store,
        // One that is compressed is not replaced in place.
        Code::BootManagerMissing | Code::BootManagerBroken => Part::Files,
        Code::BootCodeMissing | Code::BootRecordEmpty | Code::BootRecordOther | Code::BootRecordUnsigned => {
            Part::Code
        }
        _ => return None,
    })
}

/// The part that cures a finding on this system volume.
pub(super) fn cured(
    layout: &Layout,
    system: VolumeIndex,
    firmware: Firmware,
    finding: &Finding,
) -> Option<Part> {
    // Of the two files that firmware starts one may do; the other is made whole too.
    let least = match finding.code {
        Code::BootManagerBroken => Severity::Degrades,
        _ => Severity::BlocksBoot,
    };
    let part = part_of(finding.code).filter(|_| finding.severity >= least)?;
    let is_open = matches!(finding.remedy, Remedy::Advice(_) | Remedy::None | Remedy::Rebuild);
    let store = store_at(layout, system, firmware);
    let is_here = match *finding.subject.place() {
        Place::Disk => true,
        Place::Volume(volume) => volume == system || finding.code == Code::SystemVolumeLogical,
        _ => finding.subject.store_index().is_some() && finding.subject.store_index() == store,
    };
    let is_for_it = firmware == Firmware::Bios || part != Part::Code;
    (is_open && is_here && is_for_it).then_some(part)
}
