//! Findings about volume boot records: where they believe that they are, and what they start.

use crate::diagnosis::Choice;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::Switch;
use crate::diagnosis::byte_edit::ByteEdit;
use crate::diagnosis::byte_edit::Site;
use crate::diagnosis::startup::is_started_by_bios;
use crate::diagnosis::startup::starts_by_uefi;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::partition::BootCode;
use crate::volume::BootManagerName;
use crate::volume::BootRecord;
use crate::volume::FileSystem;
use crate::volume::HIDDEN_SECTORS_AT;

/// Who writes boot records.
pub(super) const NEW_BOOT_RECORD: &str = "not a matter of the store: `bootsect /nt60` (for NTLDR `/nt52`) from a Windows rescue system writes a new boot record";

/// What the boot record of this volume should say: the first sector of its partition, where a boot record has that.
pub(super) fn first_sector(layout: &Layout, facts: &VolumeFacts) -> Option<u32> {
    // Of a logical partition some programs count from the container, others from the disk; nothing starts from it.
    if facts.partition.number == 0 || facts.partition.logical {
        return None;
    }
    u32::try_from(facts.partition.start.checked_div(u64::from(layout.table.sector_size))?).ok()
}

/// All findings about the boot record of one volume.
pub(super) fn findings(layout: &Layout, volume: usize, facts: &VolumeFacts, choice: Choice) -> Vec<Finding> {
    let Some(record) = &facts.boot_record else { return Vec::new() };
    let started = is_started_by_bios(layout, volume);
    let mut findings: Vec<Finding> =
        hidden_sectors(layout, volume, facts, record, choice).into_iter().collect();
    let name = layout.name(volume);
    let advice = Remedy::Advice(NEW_BOOT_RECORD.into());
    if started && !record.has_code && record.starts.is_none() {
        findings.push(Finding {
            remedy: advice.clone(),
            ..Finding::plain(
                "boot-record-empty",
                severity(layout, Severity::BlocksBoot),
                &name,
                "its boot record has no boot code: nothing starts from it on a BIOS".into(),
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
            remedy: advice,
            ..Finding::plain(
                "boot-record-other",
                Severity::BlocksBoot,
                &name,
                format!("its boot record starts {missing}, which is not there"),
            )
        });
    }
    findings
}

/// How grave something about the boot record is: a boot loader in the MBR, or UEFI, may not need it at all.
fn severity(layout: &Layout, severity: Severity) -> Severity {
    match starts_by_uefi(layout) || layout.table.boot_code == BootCode::Grub {
        true => Severity::Note,
        false => severity,
    }
}

fn hidden_sectors(
    layout: &Layout,
    volume: usize,
    facts: &VolumeFacts,
    record: &BootRecord,
    choice: Choice,
) -> Option<Finding> {
    let expected = first_sector(layout, facts)?;
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
        meaning: format!("{found}, to be {expected}"),
    };
    let mut edits: Vec<ByteEdit> =
        copy.iter().map(|copy| edit(copy.at, ", the copy", copy.hidden_sectors)).collect();
    edits.extend(in_record.then(|| edit(0, "", record.hidden_sectors)));
    let remedy = match facts.file_system {
        FileSystem::BitLocker => Remedy::Advice("left as it is: the volume is encrypted".into()),
        _ if choice.boot_sector => Remedy::Edit(edits),
        _ => Remedy::Switch(Switch::BootSector, "`fix --boot-sector` writes the right number".into()),
    };
    let message = match (in_record, started) {
        (true, true) => {
            "its boot record says that the partition begins elsewhere: boot code reads the wrong sectors (\"A disk read error occurred\")"
        }
        (true, false) => {
            "its boot record says that the partition begins elsewhere; nothing starts from it here"
        }
        (false, _) => "the copy of its boot record says that the partition begins elsewhere",
    };
    let mut evidence = vec![format!("the partition begins at sector {expected}")];
    if in_record {
        evidence.push(format!("hidden sectors: {}", record.hidden_sectors));
    }
    evidence.extend(
        copy.map(|copy| format!("in the copy at 0x{:x} of the volume: {}", copy.at, copy.hidden_sectors)),
    );
    Some(Finding {
        evidence,
        remedy,
        ..Finding::plain(
            "boot-record-place",
            match (started, record.starts) {
                (false, _) => Severity::Note,
                (true, Some(_)) => severity(layout, Severity::BlocksBoot),
                // Code that is not Windows' may not look at the field.
                (true, None) => severity(layout, Severity::Degrades),
            },
            &layout.name(volume),
            message.into(),
        )
    })
}
