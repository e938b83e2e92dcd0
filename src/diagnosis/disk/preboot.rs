//! Findings about what comes before the store: boot code, the active partition, boot records, the boot manager's file.

use crate::diagnosis::disk::active;
use crate::diagnosis::disk::boot_record;
use crate::diagnosis::disk::efi_partition;
use crate::diagnosis::disk::hybrid;
use crate::diagnosis::disk::mbr_entry;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
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
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::layout::unread::Unread;
use crate::partition::BootCode;
use crate::partition::Partition;
use crate::partition::TableKind;

/// Boot managers of BIOS.
const BIOS_BOOT_MANAGER: &[SystemFile] = &[SystemFile::BiosBootManager];
/// That of UEFI, and the names that firmware falls back to.
const UEFI_BOOT_MANAGERS: &[SystemFile] = {
    let [x64, x86, arm64] = SystemFile::FALLBACK;
    &[SystemFile::UefiBootManager, x64, x86, arm64]
};

/// Nobody can tell whether this file, which starts the disk, is on a volume.
pub(in crate::diagnosis) fn unknown(
    layout: &Layout,
    volume: VolumeIndex,
    file: SystemFile,
    cause: &Cause,
) -> Finding {
    let message = format!("whether {file} is there cannot be told: {cause}");
    Finding::hidden(layout, Code::BootManagerUnknown, Subject::volume(layout, volume), message)
}

/// All findings about the start before the store.
#[must_use]
pub fn findings(layout: &Layout, choice: Choice) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(boot_code(layout));
    findings.extend(active::findings(layout, choice));
    for (volume, facts) in layout.volumes_indexed() {
        findings.extend(boot_record::findings(layout, volume, facts, choice));
    }
    findings.extend(hybrid::notes(layout));
    findings.extend(boot_manager(layout));
    findings.extend(store_elsewhere(layout));
    findings.extend(efi_partition::findings(layout));
    findings
}

/// Whether it is the MBR that says from where Windows starts: also a hybrid one, when no volume is for UEFI.
pub(in crate::diagnosis) fn is_started_by_mbr(layout: &Layout) -> bool {
    match layout.table.kind {
        TableKind::Mbr => true,
        TableKind::Gpt => !layout.table.hybrid_entries.is_empty() && !has_uefi_start(layout),
        TableKind::None => false,
    }
}

fn has_uefi_start(layout: &Layout) -> bool {
    match layout.systems.is_empty() {
        true => layout.windows.iter().any(|windows| windows.winload_efi),
        false => layout.systems.iter().any(|system| system.firmware() == Firmware::Uefi),
    }
}

/// Volumes that entries of the MBR lead to and that a BIOS could start Windows from.
pub(in crate::diagnosis) fn startable(layout: &Layout) -> impl Iterator<Item = &SystemVolume> {
    let is_mbr = is_started_by_mbr(layout);
    let systems = layout.systems.iter().filter(move |_| is_mbr);
    let with_manager = systems.filter(|system| system.bios_boot_manager || system.ntldr.is_some());
    with_manager.filter(|system| mbr_entry::of_volume(layout, system.volume).is_some())
}

/// The active partitions, as boot code counts them.
pub(in crate::diagnosis) fn active_partitions(
    layout: &Layout,
) -> impl Iterator<Item = (VolumeIndex, &Partition)> {
    let partitions = layout.partitions_indexed();
    partitions.filter(|(_, partition)| partition.active && !partition.logical)
}

/// Whether UEFI starts this MBR disk too, by the loader of removable media: what a BIOS lacks stops nobody then.
pub(in crate::diagnosis) fn starts_by_uefi(layout: &Layout) -> bool {
    layout.table.kind == TableKind::Mbr
        && layout.systems.iter().any(|system| {
            let is_fat = layout.volume(system.volume).is_some_and(|facts| facts.file_system.is_fat());
            is_fat && system.uefi_fallback && system.stores.contains(&SystemFile::UefiStore)
        })
}

fn boot_code(layout: &Layout) -> Option<Finding> {
    if startable(layout).next().is_none() && hybrid::finding(layout).is_none() {
        return None;
    }
    let none = layout.table.boot_code == BootCode::None;
    none.then(|| Finding {
        evidence: vec!["the first 440 bytes of the disk are zero".into()],
        remedy: Remedy::Advice(
            "not a matter of the store: write boot code with `bootrec /fixmbr` from a Windows rescue system, or `install-mbr`; a boot loader on another disk may start this one meanwhile".into(),
        ),
        ..Finding::plain(
            Code::BootCodeMissing,
            if starts_by_uefi(layout) { Severity::Note } else { Severity::BlocksBoot },
            Subject::disk(),
            "the MBR has no boot code: a BIOS finds nothing to start on this disk".into(),
        )
    })
}

/// Whether a BIOS comes to this volume when it starts the disk. A boot loader in the MBR does not care which one is active.
pub(in crate::diagnosis) fn is_started_by_bios(layout: &Layout, volume: VolumeIndex) -> bool {
    let is_active = || layout.volume(volume).is_some_and(|facts| facts.partition.active);
    let is_of_loader = || {
        layout.table.boot_code == BootCode::Grub
            && layout.first_system().is_some_and(|start| start.volume == volume)
    };
    startable(layout).any(|system| system.volume == volume) && (is_active() || is_of_loader())
}

/// A store that the firmware comes to, on a volume without the program that opens it.
fn boot_manager(layout: &Layout) -> Vec<Finding> {
    // From a GPT that UEFI starts, a BIOS does not: what it would come to is a leftover.
    let is_leftover = |file: &StoreFile| {
        layout.table.kind == TableKind::Gpt && file.firmware == Firmware::Bios && has_uefi_start(layout)
    };
    let stores = layout.stores.iter().filter(|file| file.first && !is_leftover(file));
    let missing = stores.filter_map(|file| {
        let system = layout.systems.iter().find(|system| system.volume == file.volume)?;
        let (is_there, looked_for, source) = match file.firmware {
            Firmware::Bios => (system.bios_boot_manager, BIOS_BOOT_MANAGER, r"\Windows\Boot\PCAT\bootmgr"),
            Firmware::Uefi => (
                system.uefi_boot_manager || system.fallback_has_version,
                UEFI_BOOT_MANAGERS,
                r"\Windows\Boot\EFI\bootmgfw.efi",
            ),
        };
        let path = looked_for.first()?;
        let unread = layout.unread_on(file.volume, looked_for).filter(|_| !is_there);
        if let Some(Unread { file: sought, cause }) = unread {
            return Some(unknown(layout, file.volume, *sought, cause));
        }
        // A copy of it under the name that firmware falls back to does as well; another loader of that name does not.
        let foreign = efi_partition::foreign(layout, system).filter(|_| file.firmware == Firmware::Uefi);
        (!is_there).then(|| Finding {
            evidence: foreign.into_iter().collect(),
            remedy: Remedy::Advice(format!(
                "not a matter of the store: copy it from {source} of the Windows, or run `bcdboot` from a Windows rescue system"
            )),
            ..Finding::plain(
                Code::BootManagerMissing,
                Severity::BlocksBoot,
                Subject::volume(layout, file.volume),
                format!("the store is there, but no {path} to open it"),
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
            format!("it has a boot manager too: `fix --active {number}` starts the disk from there"),
        ),
        false => Remedy::Advice(
            "copy the store there, or make a new one with `bcdboot` from a Windows rescue system".into(),
        ),
    };
    Some(Finding {
        evidence: vec![format!("{} is on {}", other.path, layout.name(other.volume))],
        remedy,
        ..Finding::plain(
            Code::StoreElsewhere,
            Severity::BlocksBoot,
            Subject::volume(layout, started.volume),
            r"the disk starts from it, but it has no \Boot\BCD".into(),
        )
    })
}
