//! A plan as people are shown it: elements, then sectors.

use owo_colors::OwoColorize;

use crate::cli::run::examine::Examined;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::show_disk;
use crate::diagnosis::show_identity;
use crate::layout::Layout;
use crate::partition::PartitionId;
use crate::repair::change::store::StorePlan;
use crate::repair::patch::Patch;
use crate::repair::plan::Plan;

/// Bytes in a line of a dump.
const LINE: usize = 16;

/// Every element that changes, those together that change alike: what they name, what they will name.
pub fn changes(out: &mut Lines, diagnosis: &Diagnosis) {
    let mut groups: Vec<(_, Vec<&str>)> = Vec::new();
    for finding in &diagnosis.findings {
        let Remedy::Repoint(repoint) = &finding.remedy else { continue };
        let change = (&repoint.old, &repoint.new, &repoint.place);
        match groups.iter_mut().find(|(known, _)| *known == change) {
            Some((_, subjects)) => subjects.push(finding.subject.as_str()),
            None => groups.push((change, vec![finding.subject.as_str()])),
        }
    }
    if !groups.is_empty() {
        out.add(format_args!("\n  to change:"));
    }
    for ((old, new, place), subjects) in groups {
        subjects.iter().for_each(|subject| out.add(format_args!("    {}", clean(subject))));
        out.add(format_args!("      {} {}", "-".red(), show_identity(old).dimmed()));
        out.add(format_args!("      {} {}  {}", "+".green(), show_identity(new), clean(place)));
    }
}

/// The identity that the disk has, and the one that it gets back.
pub fn identity(out: &mut Lines, layout: &Layout, diagnosis: &Diagnosis) {
    let Restore::Possible(old) = &diagnosis.restore else { return };
    out.add(format_args!("\n  to change, and no store:"));
    let mut change = |what: &str, now: String, then: String| {
        out.add(format_args!("    {}", clean(what)));
        out.add(format_args!("      {} {}", "-".red(), now.dimmed()));
        out.add(format_args!("      {} {then}", "+".green()));
    };
    if let Some(now) = layout.table.disk.filter(|now| *now != old.disk) {
        change("the disk's identity", show_disk(now), show_disk(old.disk));
    }
    for (volume, guid) in &old.partitions {
        let partition = layout.partition(*volume);
        if let Some(PartitionId::Gpt(now)) = partition.and_then(|partition| partition.id) {
            change(&layout.name(*volume), format!("partition GUID {now}"), format!("partition GUID {guid}"));
        }
    }
}

/// Every other field that changes.
pub fn edits<'a>(out: &mut Lines, edits: impl Iterator<Item = &'a ByteEdit>) {
    let edits: Vec<_> = edits.collect();
    if edits.is_empty() {
        return;
    }
    out.add(format_args!("\n  to set right:"));
    for edit in edits {
        out.add(format_args!("    {}: {}", clean(&edit.what), clean(&edit.meaning)));
    }
}

/// The stores that are dirty, and written as their logs make them.
pub fn recovered(out: &mut Lines, plan: &Plan) {
    for store in &plan.stores {
        if let Some(recovered) = &store.recovered {
            out.add(format_args!(
                "\n  {} is dirty and is written whole: {}",
                clean(&store.name),
                clean(recovered)
            ));
        }
    }
}

/// What the repair will not cure. That a store is dirty is cured where it is written.
pub fn left(out: &mut Lines, examined: &Examined, plan: &Plan) {
    let layout = &examined.layout;
    let is_written = |subject: &Subject| {
        let Place::Store(index) = *subject.place() else { return false };
        layout.store(index).is_some_and(|file| {
            let is_it = |store: &StorePlan| {
                layout.by_number(store.partition) == Some(file.volume) && store.path == file.path
            };
            plan.stores.iter().any(is_it)
        })
    };
    let findings = examined.diagnosis.left();
    let is_cured = |finding: &Finding| match finding.code {
        Code::StoreDirty => is_written(&finding.subject),
        Code::IdentityChanged => plan.restored.is_some(),
        _ => false,
    };
    let left: Vec<_> = findings.filter(|finding| !is_cured(finding)).collect();
    if left.is_empty() {
        return;
    }
    out.add(format_args!("\n  left as it is:"));
    for finding in left {
        out.add(format_args!("    {}: {}", clean(finding.subject.as_str()), clean(&finding.message)));
        if let Remedy::Switch(_, advice) = &finding.remedy {
            out.add(format_args!("      {} {}", "→".yellow(), clean(advice)));
        }
    }
}

/// Every sector with the bytes that differ, before and after.
pub fn sectors(out: &mut Lines, patches: &[Patch]) {
    out.add(format_args!("\n  {}:", words::count(patches.len(), "sector", "sectors")));
    for patch in patches {
        out.add(format_args!("  sector at 0x{:x} ({} bytes)", patch.offset, patch.before.len()));
        let lines = patch.before.chunks(LINE).zip(patch.after.chunks(LINE)).enumerate();
        for (index, (before, after)) in lines.filter(|(_, (before, after))| before != after) {
            let at = patch.offset.saturating_add(u64::try_from(index.saturating_mul(LINE)).unwrap_or(0));
            out.add(format_args!("    {} 0x{at:x}: {}", "-".red(), dump(before)));
            out.add(format_args!("    {} 0x{at:x}: {}", "+".green(), dump(after)));
        }
    }
}

fn dump(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
