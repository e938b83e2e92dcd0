//! Disks beside the one that is examined, on which a store may have its Windows: System Reserved on one, Windows on another.
//!
//! The rules are those of [`super::resolve`], over all disks: what names a partition that is there is right; a partition
//! that is there under another disk identity, with its file, is the one; else the only volume with the file of the role.

use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::Context;
use crate::diagnosis::answer::Change;
use crate::diagnosis::answer::Left;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::disk_of;
use crate::diagnosis::identity_of;
use crate::diagnosis::record::Record;
use crate::diagnosis::record::direct;
use crate::diagnosis::record::is_here;
use crate::diagnosis::role::Role;
use crate::layout::Layout;

/// A disk beside the one that is examined.
#[derive(Debug)]
pub struct Beside {
    /// Name to show, e.g. `/dev/vdc`.
    pub name: String,
    /// What is where on it; its evidence covers the stores of the examined disk.
    pub layout: Layout,
}

impl Beside {
    /// `partition 2 (Windows) of /dev/vdc`.
    #[must_use]
    pub fn place(&self, volume: usize) -> String {
        format!("{} of {}", self.layout.name(volume), self.name)
    }

    /// Whether the file that the record stands for is on this volume.
    fn has_file(&self, record: &Record, volume: usize) -> bool {
        record.purpose.file.as_ref().is_some_and(|file| self.layout.evidence.has(volume, file))
    }
}

/// The answer of a disk beside, when the record names a partition of it by both its identities.
pub(super) fn named(context: &Context, record: &Record) -> Option<Resolution> {
    context.beside.iter().find_map(|beside| {
        let volume = is_here(&beside.layout, &record.named)?;
        let partition = beside.layout.table.partitions.get(volume)?.number;
        let is_named = record.purpose.file.is_none() || beside.has_file(record, volume);
        Some(Resolution::OtherDisk { name: beside.name.clone(), partition: Some(partition), is_named })
    })
}

/// Settles what `here`, the answer of the examined disk alone, becomes with the disks beside it.
pub(super) fn settle(
    layout: &Layout,
    context: &Context,
    records: &[Record],
    record: &Record,
    here: Resolution,
) -> Resolution {
    let is_files =
        matches!(record.purpose.role, Role::Loader | Role::OsRoot | Role::Resume | Role::Image | Role::Sdi);
    let change = match &here {
        Resolution::Repoint { change, .. } | Resolution::Left { change, .. } => *change,
        _ => return here,
    };
    if context.beside.is_empty() || !is_files {
        return here;
    }
    let here_directly = direct(layout, &record.named)
        .filter(|volume| record.purpose.file.as_ref().is_some_and(|file| layout.evidence.has(*volume, file)));
    let chosen = context.choice.windows_on.filter(|_| is_windows(record));
    let there = match (chosen, context.choice.windows) {
        (Some(disk), Some(number)) => return choose(context, record, change, disk, number),
        (None, Some(_)) if is_windows(record) => return here,
        _ => candidates(context, records, record),
    };
    let name =
        |(disk, volume): &(usize, usize)| context.beside.get(*disk).map(|beside| beside.place(*volume));
    let directly: Vec<(usize, usize)> =
        there.iter().filter(|(_, is_direct)| *is_direct).map(|(place, _)| *place).collect();
    let is_there_directly = !directly.is_empty();
    let all: Vec<(usize, usize)> = match (is_there_directly, here_directly) {
        (true, _) => directly,
        // Here the place itself tells; a file of that name elsewhere is another Windows.
        (false, Some(_)) => return here,
        (false, None) => there.iter().map(|(place, _)| *place).collect(),
    };
    let rival = match here {
        Resolution::Repoint { volume, .. }
            if here_directly.is_some() || !there.iter().any(|(_, is_direct)| *is_direct) =>
        {
            Some(layout.name(volume))
        }
        _ => None,
    };
    let unseen = unseen(layout, context, is_there_directly);
    match (all.as_slice(), rival) {
        ([], None) => here,
        ([], Some(_)) if unseen.is_empty() => here,
        ([(disk, volume)], None) if unseen.is_empty() => {
            Resolution::RepointBeside { disk: *disk, volume: *volume, change }
        }
        (several, rival) => {
            let names = rival.into_iter().chain(several.iter().filter_map(name)).chain(unseen).collect();
            Resolution::Left { change, why: Left::AmbiguousDisks(names) }
        }
    }
}

/// Partitions that nobody sees: of the examined disk, and where no place is named on one beside, of those.
fn unseen(layout: &Layout, context: &Context, is_there_directly: bool) -> Vec<String> {
    let here = layout.table.unseen.iter().map(|_| "perhaps a partition that is missing here".to_owned());
    let beside =
        context.beside.iter().filter(|beside| !is_there_directly && beside.layout.table.unseen.is_some());
    let beside = beside.map(|beside| format!("perhaps a partition that is missing on {}", beside.name));
    here.chain(beside).collect()
}

fn is_windows(record: &Record) -> bool {
    matches!(record.purpose.role, Role::Loader | Role::OsRoot | Role::Resume)
}

/// The volumes beside with the record's file, each with whether the record names its very place; or, without the file,
/// the place itself where another element has proven the old identity of that disk.
fn candidates(context: &Context, records: &[Record], record: &Record) -> Vec<((usize, usize), bool)> {
    let mut found = BTreeSet::new();
    for (index, beside) in context.beside.iter().enumerate() {
        if !same_style(beside, &record.named) {
            continue;
        }
        let place = direct(&beside.layout, &record.named);
        let file = record.purpose.file.as_deref().unwrap_or_default();
        for volume in beside.layout.evidence.volumes_with(file) {
            found.insert(((index, volume), place == Some(volume)));
        }
        let proven = || {
            records.iter().any(|other| {
                disk_of(&other.named) == disk_of(&record.named)
                    && direct(&beside.layout, &other.named)
                        .is_some_and(|volume| beside.has_file(other, volume))
            })
        };
        if let Some(volume) = place.filter(|_| proven()) {
            found.insert(((index, volume), true));
        }
    }
    found.into_iter().collect()
}

fn same_style(beside: &Beside, named: &QualifiedPartition) -> bool {
    let disk = beside.layout.table.disk;
    disk.is_some_and(|disk| std::mem::discriminant(&disk) == std::mem::discriminant(&disk_of(named)))
}

/// The volume that the user chose on a disk beside, when the file is there or nobody can see it.
fn choose(context: &Context, record: &Record, change: Change, disk: usize, number: u32) -> Resolution {
    let left = Resolution::Left { change, why: Left::BadChoice(number) };
    let Some(beside) = context.beside.get(disk) else { return left };
    let Some(volume) = beside.layout.by_number(number) else { return left };
    let hidden = beside.layout.volumes.get(volume).is_some_and(|facts| !facts.file_system.is_readable());
    let fits = same_style(beside, &record.named)
        && identity_of(&beside.layout, volume).is_some()
        && (hidden || beside.has_file(record, volume));
    if fits { Resolution::RepointBeside { disk, volume, change } } else { left }
}
