//! Findings about EFI system partitions: the loader that firmware falls back to, and which of several partitions it takes.

use crate::diagnosis::model::boot_fault::fault_of_fallback;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::partition::TableKind;

/// All of them.
pub(in crate::diagnosis) fn findings(layout: &Layout) -> Vec<Finding> {
    let gpt = layout.systems.iter().filter(|_| layout.table.kind == TableKind::Gpt);
    let mut findings: Vec<Finding> = gpt.filter_map(|system| fallback(layout, system)).collect();
    findings.extend(without_store(layout));
    findings.extend(others(layout));
    findings
}

/// `\EFI\Boot\bootx64.efi on partition 1 (SYSTEM) is not Windows' boot manager`, where that is so.
pub(in crate::diagnosis) fn foreign(layout: &Layout, system: &SystemVolume) -> Option<String> {
    let path = system.foreign_fallback?;
    Some(format!("{path} on {} is not the Windows boot manager", layout.name(system.volume)))
}

/// The loader under the name that firmware falls back to is not there, or another's.
fn fallback(layout: &Layout, system: &SystemVolume) -> Option<Finding> {
    if !system.uefi_boot_manager {
        return None;
    }
    let fallback = layout.fallback_on(system);
    // What is no program is no other loader.
    if fallback.and_then(|name| fault_of_fallback(layout, system.volume, name)).is_some() {
        return None;
    }
    let (code, message) = match (fallback.is_some(), foreign(layout, system)) {
        (false, _) => (
            Code::FallbackLoaderMissing,
            format!(
                "no {}: firmware without an entry for this disk (such as a new VM) finds nothing to boot",
                layout.fallback()
            ),
        ),
        (true, Some(foreign)) => (
            Code::FallbackLoaderForeign,
            format!(
                "{foreign}: firmware without an entry for this disk (such as a new VM) boots that loader"
            ),
        ),
        (true, None) => return None,
    };
    Some(Finding {
        remedy: Remedy::Advice(format!(
            "if a machine does not boot the disk, copy bootmgfw.efi to {}",
            layout.fallback()
        )),
        ..Finding::plain(code, Severity::Note, Subject::volume(layout, system.volume), message)
    })
}

/// The EFI system partitions with a boot manager of Windows.
fn with_manager(layout: &Layout) -> impl Iterator<Item = &SystemVolume> {
    let systems = layout.systems.iter().filter(|system| layout.is_esp(system.volume));
    systems.filter(|system| system.uefi_boot_manager || system.fallback_has_version)
}

fn has_store(system: &SystemVolume) -> bool {
    system.stores.contains(&SystemFile::UefiStore)
}

/// The store that counts here.
fn first(layout: &Layout) -> Option<&StoreFile> {
    layout.stores.iter().find(|file| file.first && file.firmware == Firmware::Uefi)
}

/// One with a boot manager and no store, beside the one that has a store.
fn without_store(layout: &Layout) -> Option<Finding> {
    let bare = with_manager(layout).find(|system| !has_store(system))?;
    let other = first(layout)?;
    if layout.unread_on(bare.volume, &[SystemFile::UefiStore]).is_some() {
        return None;
    }
    Some(Finding {
        evidence: vec![format!("{} is on {}", other.path, layout.name(other.volume))],
        remedy: Remedy::Advice(
            "the firmware chooses between the two; remove the one without a store, or create a store there \
             with `bcdboot`"
                .into(),
        ),
        ..Finding::plain(
            Code::StoreElsewhere,
            Severity::Degrades,
            Subject::volume(layout, bare.volume),
            r"it has a boot manager but no \EFI\Microsoft\Boot\BCD".into(),
        )
    })
}

/// Those that have all that the first one has.
fn others(layout: &Layout) -> Vec<Finding> {
    let Some(first) = first(layout).filter(|file| layout.is_esp(file.volume)) else { return Vec::new() };
    let others = with_manager(layout).filter(|system| has_store(system) && system.volume != first.volume);
    let other = |system: &SystemVolume| Finding {
        evidence: vec![format!("the store examined is {} on {}", first.path, layout.name(first.volume))],
        remedy: Remedy::Advice(
            "if the wrong one boots, create a firmware entry for the right one (`efibootmgr`), or rename \
             \\EFI on the other"
                .into(),
        ),
        ..Finding::plain(
            Code::SeveralEfiPartitions,
            Severity::Note,
            Subject::volume(layout, system.volume),
            "another EFI system partition with a boot manager and a store: the firmware may boot from this \
             one"
            .into(),
        )
    };
    others.map(other).collect()
}
