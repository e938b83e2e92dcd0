//! Findings about volume boot records: where they believe that they are, and what they start.

use crate::diagnosis::disk::firmware_start::is_started_by_bios;
use crate::diagnosis::disk::firmware_start::starts_by_uefi;
use crate::diagnosis::disk::sector_size;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::index::VolumeIndex;
use crate::partition::BootCode;
use crate::volume::BootManagerName;
use crate::volume::BootRecord;
use crate::volume::FileSystem;
use crate::volume::HIDDEN_SECTORS_AT;

/// Who writes boot records.
pub(in crate::diagnosis) const NEW_BOOT_RECORD: &str =
    "write a boot record for NTLDR (`fixboot` in the recovery console of its installation medium)";

/// What the boot record of this volume should say: the first sector of its partition, where a boot record has that.
pub(in crate::diagnosis) fn first_sector(layout: &Layout, facts: &VolumeFacts) -> Option<u32> {
    // Of a logical partition some programs count from the container, others from the disk; nothing starts from it.
    if facts.partition.number == 0 || facts.partition.logical {
        return None;
    }
    u32::try_from(facts.partition.start.checked_div(u64::from(layout.table.sector_size))?).ok()
}

/// All findings about the boot record of one volume.
pub(in crate::diagnosis) fn findings(
    layout: &Layout,
    volume: VolumeIndex,
    facts: &VolumeFacts,
    choice: Choice,
) -> Vec<Finding> {
    let Some(record) = &facts.boot_record else { return Vec::new() };
    // Rufus writes it as it comes, wherever it stands, and no BIOS starts it.
    if layout.uefi_ntfs == Some(volume) {
        return Vec::new();
    }
    let started = is_started_by_bios(layout, volume);
    let mut findings: Vec<Finding> =
        hidden_sectors(layout, volume, facts, record, choice).into_iter().collect();
    let advice = Remedy::Advice(NEW_BOOT_RECORD.into());
    if started && !record.has_code && record.starts.is_none() {
        findings.push(Finding {
            evidence: behind_a_loader(layout, "\"This is not a bootable disk\" or nothing"),
            remedy: advice.clone(),
            ..Finding::plain(
                Code::BootRecordEmpty,
                of_code(layout),
                Subject::volume(layout, volume),
                "its boot record has no boot code: a BIOS cannot boot from it".into(),
            )
        });
    }
    let system = layout.systems.iter().find(|system| system.volume == volume);
    let missing = match (record.starts, system) {
        (Some(BootManagerName::Ntldr), Some(system)) if system.ntldr.is_none() => Some(r"\ntldr"),
        (Some(BootManagerName::Bootmgr), Some(system)) if !system.bios_boot_manager => Some(r"\bootmgr"),
        _ => None,
    };
    if let Some(missing) = missing.filter(|_| started) {
        findings.push(Finding {
            evidence: behind_a_loader(layout, "the missing-file message"),
            remedy: advice,
            ..Finding::plain(
                Code::BootRecordOther,
                of_code(layout),
                Subject::volume(layout, volume),
                format!("its boot record starts {missing}, which does not exist"),
            )
        });
    }
    findings
}

/// How grave it is that the code of a boot record starts nothing. UEFI does not need it; of a boot loader in the MBR nobody can tell
/// here: GRUB runs it for `chainloader`, and leaves it out for `ntldr`.
fn of_code(layout: &Layout) -> Severity {
    match layout.table.boot_code {
        _ if starts_by_uefi(layout) => Severity::Note,
        BootCode::Grub => Severity::Degrades,
        BootCode::None | BootCode::Present => Severity::BlocksBoot,
    }
}

/// How grave a wrong place in it is, to code that is known or not. GRUB's `chainloader` puts the right one into the memory in which it
/// runs the record (`grub_chainloader_patch_bpb`).
fn of_place(layout: &Layout, starts: Option<BootManagerName>) -> Severity {
    match starts {
        _ if starts_by_uefi(layout) || layout.table.boot_code == BootCode::Grub => Severity::Note,
        Some(_) => Severity::BlocksBoot,
        // Code that is not Windows' may not look at the field.
        None => Severity::Degrades,
    }
}

/// What a boot loader in the MBR comes to with that, if it runs the record.
fn behind_a_loader(layout: &Layout, shown: &str) -> Vec<String> {
    let is_loader = layout.table.boot_code == BootCode::Grub;
    let text = || format!("the boot loader in the MBR shows {shown} if it chain-loads it");
    is_loader.then(text).into_iter().collect()
}

fn hidden_sectors(
    layout: &Layout,
    volume: VolumeIndex,
    facts: &VolumeFacts,
    record: &BootRecord,
    choice: Choice,
) -> Option<Finding> {
    // Where the sizes differ, so do all numbers of sectors.
    let expected = first_sector(layout, facts).filter(|_| sector_size::of_volume(layout, facts).is_none())?;
    let copy = record.copy.filter(|copy| copy.hidden_sectors != expected);
    let in_record = record.hidden_sectors != expected;
    if !in_record && copy.is_none() {
        return None;
    }
    let started = is_started_by_bios(layout, volume) && in_record;
    let edit = |at: u64, what: &str, found: u32| ByteEdit {
        what: format!("hidden sectors in the boot record of {}{what}", layout.name(volume)),
        site: Site::BootRecord { volume, at: at.saturating_add(HIDDEN_SECTORS_AT) },
        before: found.to_le_bytes().to_vec(),
        after: expected.to_le_bytes().to_vec(),
        meaning: format!("{found} -> {expected}"),
    };
    let mut edits: Vec<ByteEdit> =
        copy.iter().map(|copy| edit(copy.at, " (backup copy)", copy.hidden_sectors)).collect();
    edits.extend(in_record.then(|| edit(0, "", record.hidden_sectors)));
    let remedy = match facts.file_system {
        FileSystem::BitLocker => Remedy::Advice("not changed: the volume is encrypted".into()),
        _ if choice.boot_sector => Remedy::Edit(edits),
        _ => Remedy::Switch(Switch::BootSector, "`fix --boot-sector` corrects the number".into()),
    };
    let message = match (in_record, started) {
        (true, true) => format!(
            "the boot record of {} has the wrong start sector: boot code reads the wrong sectors (\"A disk \
             read error occurred\")",
            layout.name(volume)
        ),
        (true, false) => {
            "its boot record has the wrong start sector; the disk does not boot from it".to_owned()
        }
        (false, _) => "the backup copy of its boot record has the wrong start sector".to_owned(),
    };
    let mut evidence = vec![format!("the partition starts at sector {expected}")];
    if in_record {
        evidence.push(format!("hidden sectors: {}", record.hidden_sectors));
    }
    evidence.extend(
        copy.map(|copy| {
            format!("in the backup copy at 0x{:x} of the volume: {}", copy.at, copy.hidden_sectors)
        }),
    );
    Some(Finding {
        evidence,
        remedy,
        ..Finding::plain(
            Code::BootRecordPlace,
            if started { of_place(layout, record.starts) } else { Severity::Note },
            Subject::volume(layout, volume),
            message,
        )
    })
}
