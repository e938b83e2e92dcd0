//! The finding about a disk with a Windows and without anything that starts it.
//!
//! What is seen then was measured: a BIOS goes on without a word, OVMF ends in its shell.

use crate::diagnosis::disk::active;
use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::esp::Esp;
use crate::layout::esp::EspContent;
use crate::partition::BootCode;
use crate::partition::TableKind;
use crate::volume::FileSystem;

/// Whether it is UEFI that would start this disk.
pub(in crate::diagnosis) fn is_for_uefi(layout: &Layout) -> bool {
    layout.table.kind == TableKind::Gpt && !is_started_by_mbr(layout)
}

/// The finding.
pub(in crate::diagnosis) fn finding(layout: &Layout) -> Finding {
    let places: Vec<_> = layout.windows.iter().map(|windows| layout.name(windows.volume)).collect();
    let hidden = layout
        .volumes_indexed()
        .filter(|(_, facts)| facts.unread_reason().is_some() || facts.file_system == FileSystem::Encrypted);
    let hidden: Vec<_> = hidden.map(|(volume, _)| layout.name(volume)).collect();
    let is_uefi = is_for_uefi(layout);
    let message = match is_uefi {
        true => for_uefi(layout),
        false if layout.table.kind == TableKind::None => {
            r"no boot manager (\bootmgr, \ntldr) on this volume".to_owned()
        }
        false => {
            let place = if hidden.is_empty() { "on any volume" } else { "on any readable volume" };
            format!(r"no boot manager (\bootmgr, \ntldr) {place}: a BIOS finds nothing to boot")
        }
    };
    let remedy = match hidden.is_empty() {
        _ if layout.table.kind == TableKind::None => {
            "examine the whole disk this volume is from: they are usually on another partition".to_owned()
        }
        true => {
            let lost = match is_uefi && layout.esps.is_empty() {
                true => "; if the EFI system partition was deleted from the table, `testdisk` can find it",
                false => "",
            };
            let (files, them) = match is_uefi {
                true => ("the boot manager and store are", "them"),
                false => ("the boot manager (bootmgr or NTLDR) is", "it"),
            };
            format!(
                "if {files} on another disk, examine that one{lost}; otherwise restore {them} from a backup or \
                 an installation medium"
            )
        }
        false => format!("they may be on {}, which cannot be read, or on another disk", hidden.join(", ")),
    };
    let mut evidence = vec![format!("Windows is on {}", places.join(", "))];
    evidence.extend(if is_uefi { of_esps(layout) } else { of_mbr(layout) });
    Finding {
        evidence,
        remedy: Remedy::Advice(remedy),
        ..Finding::plain(
            Code::NoSystemVolume,
            Severity::BlocksBoot,
            Subject::disk(),
            format!("Windows is present, but {message}"),
        )
    }
}

/// The EFI system partition that comes nearest to starting something.
pub(in crate::diagnosis) fn nearest(layout: &Layout) -> Option<&Esp> {
    let rank = |esp: &&Esp| match esp.content {
        EspContent::Foreign(_) => 0,
        EspContent::NoLoader => 1,
        EspContent::Unread => 2,
        EspContent::Empty => 3,
        EspContent::Other(_) | EspContent::NotFormatted => 4,
    };
    layout.esps.iter().min_by_key(rank)
}

/// What UEFI firmware does not find, and what it does then.
fn for_uefi(layout: &Layout) -> String {
    let nothing = "UEFI firmware finds nothing to boot and ends in its shell or menu";
    let Some(esp) = nearest(layout) else { return format!("no EFI system partition: {nothing}") };
    let name = layout.name(esp.volume);
    let how = match &esp.content {
        EspContent::Unread => "cannot be read".to_owned(),
        EspContent::NotFormatted => "is not formatted (no known file system)".to_owned(),
        EspContent::Other(file_system) => format!("holds {file_system}, which firmware cannot read"),
        EspContent::Empty => "is empty".to_owned(),
        EspContent::NoLoader => "has no boot manager".to_owned(),
        EspContent::Foreign(loaders) => {
            let loaders = loaders.join(", ");
            return format!("the EFI system partition, {name}, has only third-party loaders: {loaders}");
        }
    };
    format!("the EFI system partition, {name}, {how}: {nothing}")
}

/// What is on an EFI system partition, in a few words.
pub(in crate::diagnosis) fn shown(layout: &Layout, esp: &Esp) -> String {
    let name = layout.name(esp.volume);
    match &esp.content {
        EspContent::Unread => format!("{name}, which cannot be read"),
        EspContent::NotFormatted => format!("{name}, without a known file system"),
        EspContent::Other(file_system) => format!("{name}, which holds {file_system}"),
        EspContent::Empty => format!("{name}, empty"),
        EspContent::NoLoader => format!("{name}, without a loader"),
        EspContent::Foreign(loaders) => format!("{name}, with {}", loaders.join(", ")),
    }
}

fn of_esps(layout: &Layout) -> Vec<String> {
    layout.esps.iter().map(|esp| format!("EFI system partition: {}", shown(layout, esp))).collect()
}

fn of_mbr(layout: &Layout) -> Vec<String> {
    if !is_started_by_mbr(layout) {
        return Vec::new();
    }
    let mut evidence = Vec::new();
    if layout.table.boot_code == BootCode::None {
        evidence.push("the MBR has no boot code".to_owned());
    }
    evidence.push(format!("active: {}", active::shown(layout)));
    evidence
}
