//! The finding about the protective MBR of a GPT: none, a wrong one, or another MBR in its place.
//!
//! Measured: OVMF ignores the disk where it is missing, or begins at sector 63. Where an MBR of type 07 lies over the GPT, it comes by that to
//! the boot manager, which then finds no disk of the store's (0xc000000e).

use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
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
use crate::layout::index::VolumeIndex;
use crate::partition::ENTRIES_AT;
use crate::partition::GptCopy;
use crate::partition::MbrEntry;
use crate::partition::ProtectiveFault;
use crate::partition::Unprotected;

/// The codes of what breaks the hop.
pub(in crate::diagnosis) const CODES: [Code; 3] =
    [Code::ProtectiveMbrMissing, Code::ProtectiveMbrWrong, Code::MbrOverGpt];

/// The finding.
pub(in crate::diagnosis) fn finding(layout: &Layout, choice: Choice) -> Option<Finding> {
    let wrong = layout.table.unprotected.as_ref()?;
    let by_mbr = is_started_by_mbr(layout);
    let is_backup = layout.table.damaged_copy == Some(GptCopy::Primary);
    let (code, severity, message) = match wrong.fault {
        ProtectiveFault::Missing if is_backup => (
            Code::ProtectiveMbrMissing,
            Severity::BlocksBoot,
            "the start of the disk was overwritten: no protective MBR and no valid primary GPT, and firmware and \
             Windows ignore the backup GPT"
                .to_owned(),
        ),
        ProtectiveFault::Missing => (
            Code::ProtectiveMbrMissing,
            Severity::BlocksBoot,
            "the GPT has no protective MBR in LBA 0: firmware and Windows ignore the GPT".to_owned(),
        ),
        ProtectiveFault::Foreign => (
            Code::MbrOverGpt,
            Severity::BlocksBoot,
            "an MBR without a protective entry hides the GPT: firmware and Windows use the MBR and do not \
             find the partitions in the store"
                .to_owned(),
        ),
        ProtectiveFault::Elsewhere { number, start } => (
            Code::ProtectiveMbrWrong,
            Severity::BlocksBoot,
            format!(
                "entry {number} of the protective MBR starts at sector {start} instead of 1: firmware ignores \
                 the GPT"
            ),
        ),
        ProtectiveFault::Active { number } => (
            Code::ProtectiveMbrWrong,
            Severity::Degrades,
            format!("entry {number} of the protective MBR has a boot flag: EDK2 firmware then ignores the GPT"),
        ),
    };
    let predicted = leads_to_the_system(layout, wrong) && wrong.fault == ProtectiveFault::Foreign;
    Some(Finding {
        evidence: evidence(layout, wrong),
        predicted_status: predicted.then_some("0xc000000e"),
        remedy: remedy(layout, wrong, choice),
        ..Finding::plain(code, if by_mbr { Severity::Note } else { severity }, Subject::disk(), message)
    })
}

/// What stands in LBA 0, for the hop.
pub(in crate::diagnosis) fn shown(layout: &Layout) -> String {
    match layout.table.unprotected.as_ref().map(|wrong| (wrong.fault, wrong.others.len())) {
        None => "from sector 1".to_owned(),
        Some((ProtectiveFault::Missing, _)) => "none".to_owned(),
        Some((ProtectiveFault::Foreign, 0)) => "none, the MBR is empty".to_owned(),
        Some((ProtectiveFault::Foreign, 1)) => "none, but an MBR with 1 entry".to_owned(),
        Some((ProtectiveFault::Foreign, count)) => format!("none, but an MBR with {count} entries"),
        Some((ProtectiveFault::Elsewhere { start, .. }, _)) => format!("from sector {start}"),
        Some((ProtectiveFault::Active { .. }, _)) => "from sector 1, with a boot flag".to_owned(),
    }
}

/// Whether firmware comes by the MBR to a volume from which Windows starts.
fn leads_to_the_system(layout: &Layout, wrong: &Unprotected) -> bool {
    let places = || wrong.others.iter().filter_map(|entry| partition_of(layout, entry));
    places().any(|volume| {
        layout.systems.iter().any(|system| system.volume == volume && !system.fallbacks.is_empty())
    })
}

/// The partition of the GPT that begins where an entry of the MBR does.
fn partition_of(layout: &Layout, entry: &MbrEntry) -> Option<VolumeIndex> {
    layout.partition_at(u64::from(entry.start).checked_mul(u64::from(layout.table.sector_size))?)
}

fn evidence(layout: &Layout, wrong: &Unprotected) -> Vec<String> {
    let mut evidence = Vec::new();
    let count = layout.table.partitions.len();
    let which = match layout.table.damaged_copy {
        None => "the GPT is valid",
        Some(GptCopy::Primary) => "the backup GPT at the end of the disk is valid",
        Some(GptCopy::Backup) => "the primary GPT is valid",
    };
    evidence.push(format!("{which}: {count} partition{}", if count == 1 { "" } else { "s" }));
    evidence.extend(wrong.others.iter().map(|entry| {
        let place = partition_of(layout, entry).map_or_else(
            || "no GPT partition starts there".to_owned(),
            |volume| format!("{} of the GPT starts there", layout.name(volume)),
        );
        format!("{}: {place}", of_entry(entry))
    }));
    evidence
}

fn of_entry(entry: &MbrEntry) -> String {
    let MbrEntry { number, kind, start, sectors } = entry;
    format!("entry {number} of the MBR, type {kind:02x}, {sectors} sectors from sector {start}")
}

fn remedy(layout: &Layout, wrong: &Unprotected, choice: Choice) -> Remedy {
    let is_windows = !layout.systems.is_empty() || !layout.windows.is_empty();
    if is_started_by_mbr(layout) {
        // The entries beside it are what starts.
        let advice = "a BIOS uses the other entries and needs none; for UEFI or Linux to see the GPT, \
         recreate the hybrid MBR (`sgdisk --hybrid`), which loses boot code and signature";
        return Remedy::Advice(advice.into());
    }
    if layout.table.damaged_copy == Some(GptCopy::Primary) {
        let advice = "recreate the protective MBR and the primary GPT from the backup with `gdisk DISK`: if it asks, use the \
         GPT; then r, b, w";
        return Remedy::Advice(advice.into());
    }
    if !is_windows {
        let advice =
            "create a protective MBR (`gdisk DISK`: x, n, w); it is one sector, and the GPT is not changed";
        return Remedy::Advice(advice.into());
    }
    if choice.protective_mbr {
        return Remedy::Edit(vec![edit(wrong)]);
    }
    let lost = if wrong.others.is_empty() { "" } else { "; the existing MBR entries are lost" };
    Remedy::Switch(
        Switch::ProtectiveMbr,
        format!("`fix --protective-mbr` writes it: one sector, keeps boot code, signature and GPT{lost}"),
    )
}

fn edit(wrong: &Unprotected) -> ByteEdit {
    let found = match wrong.fault {
        ProtectiveFault::Missing => "none".to_owned(),
        ProtectiveFault::Foreign if wrong.others.is_empty() => "no entry".to_owned(),
        ProtectiveFault::Foreign => "no protective entry".to_owned(),
        ProtectiveFault::Elsewhere { number, start } => format!("entry {number} from sector {start}"),
        ProtectiveFault::Active { number } => format!("entry {number} with a boot flag"),
    };
    let lost: Vec<String> = wrong.others.iter().map(of_entry).collect();
    let lost = if lost.is_empty() { String::new() } else { format!("; lost: {}", lost.join(", ")) };
    ByteEdit {
        what: "protective MBR".to_owned(),
        site: Site::Table { at: ENTRIES_AT },
        before: wrong.found.to_vec(),
        after: wrong.right.to_vec(),
        meaning: format!("{found} -> entry 1, type ee, from sector 1 to the end{lost}"),
    }
}
