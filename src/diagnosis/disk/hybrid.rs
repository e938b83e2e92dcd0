//! Findings about a hybrid MBR whose entries are not the GPT's partitions.

use crate::diagnosis::disk::active_choice::has_something_to_start;
use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::disk::firmware_start::startable;
use crate::diagnosis::disk::mbr_entry;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::partition::BootCode;
use crate::partition::HybridEntry;

/// A BIOS comes to no boot manager, because none of the entries leads to it.
pub(in crate::diagnosis) fn finding(layout: &Layout) -> Option<Finding> {
    if layout.table.hybrid_entries.is_empty()
        || !is_started_by_mbr(layout)
        || startable(layout).next().is_some()
    {
        return None;
    }
    let with_manager = |system: &&SystemVolume| system.bios_boot_manager || system.ntldr.is_some();
    let wanted: Vec<VolumeIndex> =
        layout.systems.iter().filter(with_manager).map(|system| system.volume).collect();
    if wanted.is_empty() {
        return None;
    }
    let strays: Vec<&HybridEntry> = strays(layout).collect();
    let expected = wanted.iter().filter_map(|volume| {
        let partition = layout.partition(*volume)?;
        Some(format!("expected: {}, at sector {}", layout.name(*volume), sector(layout, partition.start)))
    });
    // GRUB goes by the GPT; Windows, once it runs, does not.
    let is_grub = layout.table.boot_code == BootCode::Grub;
    let severity = if is_grub { Severity::Degrades } else { Severity::BlocksBoot };
    let message = match strays.is_empty() {
        _ if is_grub => {
            "the hybrid MBR has no entry for the boot manager's partition: Windows cannot see it when \
             booted by BIOS"
        }
        true => "the hybrid MBR has no entry for the boot manager's partition: a BIOS cannot reach it",
        false => {
            "the hybrid MBR and the GPT differ in the start of the boot manager's partition: boot code \
             stops with \"Missing operating system\""
        }
    };
    Some(Finding {
        evidence: strays.iter().map(|stray| shown(layout, stray)).chain(expected).collect(),
        remedy: remade(layout, &wanted),
        ..Finding::plain(Code::HybridMbrEntry, severity, Subject::disk(), message.into())
    })
}

/// Entries that lead to no partition, where the start does not hang on them.
pub(in crate::diagnosis) fn notes(layout: &Layout) -> Vec<Finding> {
    if finding(layout).is_some() {
        return Vec::new();
    }
    let note = |stray: &HybridEntry| Finding {
        evidence: vec![shown(layout, stray)],
        remedy: remade(layout, &[]),
        ..Finding::plain(
            Code::HybridMbrEntry,
            Severity::Note,
            Subject::disk(),
            "an entry of the hybrid MBR does not start where a GPT partition does".into(),
        )
    };
    strays(layout).map(note).collect()
}

fn strays(layout: &Layout) -> impl Iterator<Item = &HybridEntry> {
    let entries = layout.table.hybrid_entries.iter();
    entries.filter(|entry| mbr_entry::volume(layout, entry.number).is_none())
}

fn shown(layout: &Layout, entry: &HybridEntry) -> String {
    format!("found: entry {} of the hybrid MBR, at sector {}", entry.number, sector(layout, entry.start))
}

fn sector(layout: &Layout, at: u64) -> u64 {
    at.checked_div(u64::from(layout.table.sector_size)).unwrap_or(0)
}

/// The partition whose entry has to have the boot flag: the one with the boot manager, where `fix` takes it, or the one that has it now.
fn to_be_active(layout: &Layout, wanted: &[VolumeIndex]) -> Option<VolumeIndex> {
    let is_active =
        |system: &&SystemVolume| layout.partition(system.volume).is_some_and(|partition| partition.active);
    match wanted {
        [] if is_started_by_mbr(layout) => startable(layout).find(is_active).map(|system| system.volume),
        [only] => Some(*only),
        _ => None,
    }
    .filter(|volume| has_something_to_start(layout, *volume))
}

/// sgdisk makes all of a hybrid MBR anew, from the numbers of at most three partitions: without boot code, signature and active flag.
fn remade(layout: &Layout, wanted: &[VolumeIndex]) -> Remedy {
    let kept = layout.table.hybrid_entries.iter().filter_map(|entry| mbr_entry::volume(layout, entry.number));
    let number = |volume: VolumeIndex| Some(layout.partition(volume)?.number.to_string());
    let numbers: Vec<String> = wanted.iter().copied().chain(kept).filter_map(number).take(3).collect();
    let active = to_be_active(layout, wanted).and_then(number);
    let active = active.filter(|number| numbers.contains(number));
    let active = active.map_or_else(String::new, |number| format!("; then `fix --active {number}`"));
    let list = if numbers.is_empty() { "N:N:N".to_owned() } else { numbers.join(":") };
    Remedy::Advice(format!(
        "save the boot code and signature (`dd if=DISK of=kept bs=446 count=1`), recreate the hybrid MBR \
         (`sgdisk --hybrid={list} DISK`), and restore them (`dd if=kept of=DISK conv=notrunc`){active}"
    ))
}
