//! Findings about the boot manager, which opens the store.

use crate::diagnosis::disk::boot_manager_file::copied;
use crate::diagnosis::disk::efi_partition;
use crate::diagnosis::disk::firmware_start::has_uefi_start;
use crate::diagnosis::disk::firmware_start::is_started_by_bios;
use crate::diagnosis::disk::firmware_start::startable;
use crate::diagnosis::model::boot_fault::EMPTY;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::store::StoreFile;
use crate::layout::system_file::SystemFile;
use crate::layout::unread::Unread;
use crate::partition::TableKind;

/// Boot managers of BIOS.
const BIOS_BOOT_MANAGER: &[SystemFile] = &[SystemFile::BiosBootManager];
/// That of UEFI, and the names that firmware falls back to.
const UEFI_BOOT_MANAGERS: &[SystemFile] = {
    let [x64, x86, arm64] = SystemFile::FALLBACK;
    &[SystemFile::UefiBootManager, x64, x86, arm64]
};

/// All findings about boot managers.
pub(in crate::diagnosis) fn findings(layout: &Layout) -> Vec<Finding> {
    let mut findings = missing(layout);
    findings.extend(store_elsewhere(layout));
    findings
}

/// Nobody can tell whether this file, which starts the disk, is on a volume.
pub(in crate::diagnosis) fn unknown(
    layout: &Layout,
    volume: VolumeIndex,
    file: SystemFile,
    cause: &Cause,
) -> Finding {
    let message = format!("cannot determine whether {file} exists: {cause}");
    Finding::hidden(layout, Code::BootManagerUnknown, Subject::volume(layout, volume), message)
}

/// A store that the firmware comes to, on a volume without the program that opens it.
fn missing(layout: &Layout) -> Vec<Finding> {
    // From a GPT that UEFI starts, a BIOS does not: what it would come to is a leftover.
    let is_leftover = |file: &StoreFile| {
        layout.table.kind == TableKind::Gpt && file.firmware == Firmware::Bios && has_uefi_start(layout)
    };
    let stores = layout.stores.iter().filter(|file| file.first && !is_leftover(file));
    let missing = stores.filter_map(|file| {
        let system = layout.systems.iter().find(|system| system.volume == file.volume)?;
        let (is_there, looked_for) = match file.firmware {
            Firmware::Bios => (system.bios_boot_manager, BIOS_BOOT_MANAGER),
            Firmware::Uefi => (
                // The loader of who encrypted the disk keeps it under a name of its own.
                system.uefi_boot_manager || system.fallback_has_version || layout.encryptor.is_some(),
                UEFI_BOOT_MANAGERS,
            ),
        };
        let path = looked_for.first()?;
        let unread = layout.unread_on(file.volume, looked_for).filter(|_| !is_there);
        if let Some(Unread { file: sought, cause }) = unread {
            return Some(unknown(layout, file.volume, *sought, cause));
        }
        // A copy of it under the name that firmware falls back to does as well; another loader of that name does not.
        let foreign = efi_partition::foreign(layout, system).filter(|_| file.firmware == Firmware::Uefi);
        let (code, how) = match system.is_empty(*path) {
            true => (Code::BootManagerBroken, EMPTY),
            false => (Code::BootManagerMissing, "is missing"),
        };
        (!is_there).then(|| Finding {
            evidence: foreign.into_iter().collect(),
            remedy: Remedy::Advice(format!(
                "{}, or restore it from a backup",
                copied(layout, file.volume, file.firmware)
            )),
            ..Finding::plain(
                code,
                Severity::BlocksBoot,
                Subject::volume(layout, file.volume),
                format!("the store exists, but {path} {how}"),
            )
        })
    });
    missing.collect()
}

/// The volume that a BIOS comes to has a boot manager and no store, but another volume has one.
fn store_elsewhere(layout: &Layout) -> Option<Finding> {
    let started = layout.systems.iter().find(|system| {
        system.bios_boot_manager && system.stores.is_empty() && is_started_by_bios(layout, system.volume)
    })?;
    if layout.unread_on(started.volume, &[SystemFile::BiosStore]).is_some() {
        return None;
    }
    let other =
        layout.stores.iter().find(|file| file.firmware == Firmware::Bios && file.volume != started.volume)?;
    let number = layout.partition(other.volume).map_or(0, |partition| partition.number);
    let remedy = match startable(layout).any(|system| system.volume == other.volume) {
        true => Remedy::Switch(
            Switch::Active(Some(number)),
            format!("it also has a boot manager: `fix --active {number}` boots the disk from there"),
        ),
        false => Remedy::Advice("copy the store there".into()),
    };
    Some(Finding {
        evidence: vec![format!("{} is on {}", other.path, layout.name(other.volume))],
        remedy,
        ..Finding::plain(
            Code::StoreElsewhere,
            Severity::BlocksBoot,
            Subject::volume(layout, started.volume),
            r"the disk boots from it, but it has no \Boot\BCD".into(),
        )
    })
}
