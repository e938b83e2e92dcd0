//! A plan as people are shown it, in the words of the store.

use owo_colors::OwoColorize as _;

use crate::bcd::element::ElementId;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
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
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::show_disk;
use crate::diagnosis::show_identity;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::partition::PartitionId;
use crate::repair::change::store::StorePlan;
use crate::repair::patch::Patch;
use crate::repair::plan::Plan;

/// Columns by which what does not fit is indented.
const HANGING: usize = 8;
/// Rows of a plan up to which faults are told that stay.
const ROOM: usize = 15;
/// Fields that are shown one by one on a screen.
pub const FEW: usize = 3;
/// Letters of a GUID that tell it from the others of a store.
const SHORT: usize = 8;

/// Every entry that changes, those that change alike in a row, below their store; and the identities that go and come.
pub fn changes(out: &mut Lines, layout: &Layout, diagnosis: &Diagnosis) {
    let mut stores: Vec<StoreIndex> = diagnosis.repoints().map(|repoint| repoint.store).collect();
    stores.sort_unstable();
    stores.dedup();
    for index in stores {
        let Some(file) = layout.store(index) else { continue };
        out.add(format_args!("  in {} on {}:", clean(&file.name), clean(&layout.name(file.volume))));
        for Row { entries, elements, place } in rows(layout, diagnosis, index) {
            let (entries, elements, place) = (clean(&entries.join(", ")), elements.join(", "), clean(&place));
            out.hang(HANGING, format_args!("    {entries}: {elements} {} {place}", "->".green()));
        }
    }
    let mut identities: Vec<String> = diagnosis.repoints().map(exchange).collect();
    identities.sort_unstable();
    identities.dedup();
    identities.iter().for_each(|it| out.add(format_args!("  {it}")));
}

/// Which disk is named instead of which; only the partition where the disk stays the same.
fn exchange(repoint: &Repoint) -> String {
    let (old, new) = (disk_of(&repoint.old), disk_of(&repoint.new));
    match old == new {
        true => format!("{} stays, with another partition", show_disk(new)),
        false => format!("{} becomes {}", show_disk(old), show_disk(new)),
    }
}

/// Entries of which the same elements change in the same way.
struct Row {
    entries: Vec<String>,
    elements: Vec<String>,
    place: String,
}

/// The entries of a store that change.
fn rows(layout: &Layout, diagnosis: &Diagnosis, store: StoreIndex) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let parsed = layout.store(store).and_then(StoreFile::parsed);
    for repoint in diagnosis.repoints().filter(|repoint| repoint.store == store) {
        let Some(object) = parsed.and_then(|store| store.object_at(repoint.object)) else { continue };
        let element = object.element_at(repoint.element);
        let element = element.map(|it| display_name(it, object.object_type)).unwrap_or_default();
        let (entries, place) = (vec![name(object)], words::place(repoint));
        match rows.iter_mut().find(|row| row.entries == entries && row.place == place) {
            Some(row) if row.elements.contains(&element) => {}
            Some(row) => row.elements.push(element),
            None => rows.push(Row { entries, elements: vec![element], place }),
        }
    }
    rows.dedup_by(|next, row| {
        let is_alike = (&next.elements, &next.place) == (&row.elements, &row.place);
        if is_alike {
            row.entries.append(&mut next.entries);
        }
        is_alike
    });
    rows
}

/// An entry by its description and as much of its GUID as is needed: `Windows 10 {5f3c4a91}`, `{bootmgr}`.
fn name(object: &Object) -> String {
    let name = object.name();
    let title = object.string(ElementId::DESCRIPTION).unwrap_or_default();
    match (object.key == name, title) {
        (true, "") => name.to_owned(),
        (true, title) => {
            format!("{title} {}}}", name.chars().take(SHORT.saturating_add(1)).collect::<String>())
        }
        (false, _) => name.to_owned(),
    }
}

/// Every element that changes, those together that change alike: what they refer to, and what they will.
pub fn elements(out: &mut Lines, diagnosis: &Diagnosis) {
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
        out.gap();
        out.add(format_args!("  to change:"));
    }
    for ((old, new, place), subjects) in groups {
        subjects.iter().for_each(|subject| out.add(format_args!("    {}", clean(subject))));
        out.add(format_args!("      {} {}", "-".red(), show_identity(old).dimmed()));
        out.add(format_args!("      {} {}  {}", "+".green(), show_identity(new), clean(place)));
    }
}

/// The identity that the disk gets back, in short.
pub fn restored(out: &mut Lines, layout: &Layout, diagnosis: &Diagnosis) {
    let Restore::Possible(old) = &diagnosis.restore else { return };
    match layout.table.disk.filter(|now| *now != old.disk) {
        Some(now) => {
            let (now, then) = (show_disk(now), show_disk(old.disk));
            out.add(format_args!("  {now} becomes {then}; no store is changed"));
        }
        None => out.add(format_args!("  {} stays; no store is changed", show_disk(old.disk))),
    }
    let numbers: Vec<String> = old
        .partitions
        .iter()
        .filter_map(|(volume, _)| layout.partition(*volume))
        .map(|partition| partition.number.to_string())
        .collect();
    if !numbers.is_empty() {
        let partitions = if numbers.len() == 1 { "partition" } else { "partitions" };
        out.add(format_args!("  old GUIDs restored: {partitions} {} (-v shows them)", numbers.join(", ")));
    }
}

/// The identity that the disk has, and the one that it gets back.
pub fn identity(out: &mut Lines, layout: &Layout, diagnosis: &Diagnosis) {
    let Restore::Possible(old) = &diagnosis.restore else { return };
    out.add(format_args!("  to change, and no store:"));
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

/// Every other field that changes, or the first ones.
pub fn edits<'a>(out: &mut Lines, edits: impl Iterator<Item = &'a ByteEdit>, most: usize) {
    let edits: Vec<_> = edits.collect();
    if edits.is_empty() {
        return;
    }
    out.add(format_args!("  to correct:"));
    for edit in edits.iter().take(most) {
        out.add(format_args!("    {}: {}", clean(&edit.what), clean(&edit.meaning)));
    }
    if edits.len() > most {
        out.add(format_args!("    and {} more (-v shows them)", edits.len().saturating_sub(most)));
    }
}

/// The stores that are dirty, and written as their logs make them.
pub fn recovered(out: &mut Lines, plan: &Plan) {
    for store in &plan.stores {
        if let Some(recovered) = &store.recovered {
            let name = clean(&store.name);
            out.add(format_args!("  {name} is dirty and is written as a whole: {}", clean(recovered)));
        }
    }
}

/// What the repair will not cure: each kind once, as far as a screen has room; with all subjects where everything is wanted.
pub fn left(out: &mut Lines, examined: &Examined, plan: &Plan, is_detailed: bool) {
    let left = uncured(examined, plan);
    if left.is_empty() {
        return;
    }
    out.add(format_args!("  not changed:"));
    let mut told: Vec<&str> = Vec::new();
    let mut untold: usize = 0;
    for finding in left {
        let is_told = told.contains(&finding.message.as_str());
        if is_told && !is_detailed {
            continue;
        }
        told.push(&finding.message);
        let room = if is_detailed { usize::MAX } else { ROOM };
        if !out.within(room, |out| tell_left(out, finding, is_detailed)) {
            untold = untold.saturating_add(1);
        }
    }
    if untold > 0 {
        let more = words::count(untold, "more finding", "more findings");
        out.add(format_args!("    and {more} (-v shows them)"));
    }
}

fn tell_left(out: &mut Lines, finding: &Finding, is_detailed: bool) {
    let about = if is_detailed { format!("{}: ", finding.subject) } else { String::new() };
    out.add(format_args!("    {}", clean(&format!("{about}{}", finding.message))));
    if let Remedy::Switch(_, advice) = &finding.remedy {
        out.add(format_args!("      {} {}", "->".yellow(), clean(advice)));
    }
}

/// The faults that stay. That a store is dirty is cured where it is written.
fn uncured<'a>(examined: &'a Examined, plan: &Plan) -> Vec<&'a Finding> {
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
    let is_cured = |finding: &Finding| match finding.code {
        Code::StoreDirty => is_written(&finding.subject),
        Code::IdentityChanged => plan.restored.is_some(),
        _ => false,
    };
    examined.diagnosis.left().filter(|finding| !is_cured(finding)).collect()
}

/// How many sectors are written.
#[must_use]
pub fn sectors(patches: &[Patch]) -> String {
    words::count(patches.len(), "sector", "sectors")
}
