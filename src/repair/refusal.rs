//! What a repair refuses, and the switch that lifts each refusal.

use std::collections::BTreeSet;

use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Repoint;
use crate::diagnosis::Severity;
use crate::diagnosis::Switch;
use crate::diagnosis::byte_edit::Site;
use crate::diagnosis::chain::is_identity;
use crate::diagnosis::left::BAD_CHOICE;
use crate::diagnosis::left::ENTRY_NEEDED;
use crate::diagnosis::recorded::OTHER_DISK;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::show_disk;
use crate::layout::Layout;
use crate::layout::spanned;
use crate::layout::store::Dirty;
use crate::layout::store::StoreFile;
use crate::partition::Partition;
use crate::partition::Unseen;
use crate::repair::letters;
use crate::volume::FileSystem;

/// Named refusals that the user has lifted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `--allow-hibernated`.
    pub hibernated: bool,
    /// `--allow-dirty-volume`.
    pub dirty_volume: bool,
}

/// A reason not to write, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {way_out}")]
pub struct Refusal {
    /// The reason.
    pub what: String,
    /// What the user can do.
    pub way_out: String,
}

/// All reasons not to write what the diagnosis would change; empty when none stands.
#[must_use]
pub fn refusals(layout: &Layout, diagnosis: &Diagnosis, allowed: Allowed) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = bad_choice(diagnosis).into_iter().chain(other_disk(diagnosis)).collect();
    refusals.extend(letters::refusals(layout, diagnosis));
    if !diagnosis.is_curable() {
        return refusals;
    }
    refusals.extend(layout.table.unseen.as_ref().and_then(|unseen| half(unseen, "here", diagnosis)));
    refusals.extend(half_converted(diagnosis));
    refusals.extend(dynamic_disk(layout));
    refusals.extend(boot_records(layout, diagnosis));
    if diagnosis.edits().next().is_some() {
        refusals.extend(unread(layout));
    }
    if !allowed.hibernated {
        refusals.extend(hibernated(layout));
    }
    for file in diagnosis.stores().iter().filter_map(|index| layout.stores.get(*index)) {
        refusals.extend(store(layout, file, allowed));
    }
    refusals
}

/// All reasons not to give the disk its old identity back. A hibernated Windows and a dirty store are none: both know
/// the disk by the old one.
#[must_use]
pub fn for_identity(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = bad_choice(diagnosis).into_iter().chain(other_disk(diagnosis)).collect();
    refusals.extend(dynamic_disk(layout));
    refusals.extend(boot_records(layout, diagnosis));
    refusals.extend(unread(layout));
    if let Restore::Impossible(reason) = &diagnosis.restore {
        refusals.push(Refusal {
            what: format!("the old identity cannot be put back: {reason}"),
            way_out: "fix without --restore-identity re-points the store instead".into(),
        });
    }
    refusals
}

/// What re-pointing may cost with an encrypted Windows, for a user who has not chosen a cure yet.
#[must_use]
pub fn choice_needed(layout: &Layout, context: &Context, diagnosis: &Diagnosis) -> Option<Refusal> {
    if !diagnosis.is_curable() {
        return None;
    }
    let meant = diagnosis.repoints().any(|repoint| repoint.volume.is_none());
    let beside = context.beside.iter().filter(|_| meant).map(|beside| &beside.layout);
    let encrypted = std::iter::once(layout).chain(beside).find_map(encrypted)?;
    let other = match &diagnosis.restore {
        Restore::Possible(old) => format!(
            ", or --restore-identity, which gives back {} and leaves the store as it was measured",
            show_disk(old.disk)
        ),
        Restore::Impossible(reason) => format!(" (the old identity cannot be put back: {reason})"),
        Restore::Nothing => String::new(),
    };
    Some(Refusal {
        what: format!(
            "{encrypted} encrypted by BitLocker, which measures how the disk starts: after this repair Windows may ask for the recovery key at its next start"
        ),
        way_out: format!("choose --repoint, with the recovery key at hand{other}"),
    })
}

/// Which partition had which GUID, and what a letter means, is found out from the whole disk; an element that is re-pointed is judged
/// by itself.
fn unread(layout: &Layout) -> Option<Refusal> {
    let how = if layout.failed_read.is_some() { "read" } else { "seen" };
    layout.unseen().map(|error| Refusal {
        what: format!("a part of the disk cannot be {how}, and with it what else has to change: {error}"),
        way_out: "mend the image or copy the disk to a sound one first; fix without more switches re-points what can be judged by itself".into(),
    })
}

/// Where what starts Windows may be on a partition that nobody sees, half a repair only spoils the other cure: then elements name two
/// identities.
fn half(unseen: &Unseen, place: &str, diagnosis: &Diagnosis) -> Option<Refusal> {
    let is_left = |finding: &&Finding| finding.severity == Severity::BlocksBoot && is_identity(finding);
    let left = diagnosis.left().find(is_left)?;
    let mend = match unseen {
        Unseen::Cut(_) => "bring the whole image",
        Unseen::Damaged(_) => "mend the partition table first",
    };
    Some(Refusal {
        what: format!("{} may mean a partition that is missing {place}: {}", left.subject, unseen.reason()),
        way_out: format!("{mend}, or say with --windows=N which partition is meant"),
    })
}

/// Once a store's own elements name the new table, those that are left seem to mean a disk that is not here.
fn half_converted(diagnosis: &Diagnosis) -> Option<Refusal> {
    let is_left = |finding: &&Finding| {
        finding.severity == Severity::BlocksBoot
            && matches!(finding.remedy, Remedy::Switch(Switch::Windows, _))
    };
    let left = diagnosis.left().find(is_left).filter(|_| diagnosis.repoints().any(Repoint::converts))?;
    Some(Refusal {
        what: format!("{} cannot be converted with the rest: it {}", left.subject, left.message),
        way_out: "say with --windows=N which partition is meant".into(),
    })
}

/// A boot record of a partition that shares its place with another belongs to nobody in particular.
fn boot_records(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let volumes: BTreeSet<usize> = diagnosis
        .edits()
        .filter_map(|edit| match edit.site {
            Site::BootRecord { volume, .. } => Some(volume),
            Site::Table { .. } | Site::Store { .. } | Site::SystemHive { .. } => None,
        })
        .collect();
    volumes.into_iter().filter_map(|volume| overlap(layout, volume)).collect()
}

/// Reasons that lie on the disks beside: a Windows there that sleeps remembers the old identity as one here does.
#[must_use]
pub fn for_beside(context: &Context, diagnosis: &Diagnosis, allowed: Allowed) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for beside in context.beside.iter().filter(|_| diagnosis.is_curable()) {
        let unseen = beside.layout.table.unseen.as_ref();
        refusals.extend(unseen.and_then(|unseen| half(unseen, &format!("on {}", beside.name), diagnosis)));
    }
    let is_meant = diagnosis.repoints().any(|repoint| repoint.volume.is_none());
    if !allowed.hibernated && is_meant {
        refusals.extend(context.beside.iter().filter_map(|beside| hibernated(&beside.layout)));
    }
    refusals
}

/// A record of another disk proves nothing of this one.
fn other_disk(diagnosis: &Diagnosis) -> Option<Refusal> {
    let finding = diagnosis.findings.iter().find(|finding| finding.code == OTHER_DISK)?;
    Some(Refusal {
        what: finding.message.clone(),
        way_out: "name the record of this disk with --against, or leave it out".into(),
    })
}

/// The first encrypted volume of a disk, for people.
fn encrypted(layout: &Layout) -> Option<String> {
    let known = layout.volumes.iter().position(|facts| facts.file_system == FileSystem::BitLocker);
    let known = known.map(|volume| format!("{} is", layout.name(volume)));
    known.or_else(|| Some(format!("{}, which cannot be read, may be", layout.name(layout.unread_volume()?))))
}

/// `--restore-identity` of a disk that is what it was, while elements name yet another.
#[must_use]
pub fn has_its_identity() -> Refusal {
    Refusal {
        what: "the disk has the recorded identity already, and it is elements that name another".into(),
        way_out: "leave --restore-identity out, and fix re-points them".into(),
    }
}

/// A choice that fits several entries: each of them, to choose from.
fn several_entries(diagnosis: &Diagnosis) -> Option<Refusal> {
    let open = diagnosis.findings.iter().filter(|finding| finding.code == ENTRY_NEEDED);
    let subjects: Vec<&str> = open.map(|finding| finding.subject.as_str()).collect();
    (!subjects.is_empty()).then(|| Refusal {
        what: format!("--windows fits elements of several entries: {}", subjects.join("; ")),
        way_out: "say with --entry {GUID} which entry is meant".into(),
    })
}

/// Half a repair by a wrong number helps nobody.
fn bad_choice(diagnosis: &Diagnosis) -> Option<Refusal> {
    if let Some(refusal) = several_entries(diagnosis) {
        return Some(refusal);
    }
    let finding = diagnosis.findings.iter().find(|finding| finding.code == BAD_CHOICE)?;
    Some(Refusal {
        what: format!("a choice does not fit: {}", finding.message),
        way_out: "give another (`bcdrescue list` shows partitions, `bcdrescue inspect` entries), or leave the switch out"
            .into(),
    })
}

fn dynamic_disk(layout: &Layout) -> Option<Refusal> {
    spanned::dynamic(layout).next().map(|_| Refusal {
        what: "this is a dynamic disk (LDM), whose volumes are not where its partition table says".into(),
        way_out: "repair it from a Windows rescue system".into(),
    })
}

fn hibernated(layout: &Layout) -> Option<Refusal> {
    let (volume, how) = layout.asleep()?;
    Some(Refusal {
        what: format!(
            "Windows on {} {how}; a resumed session remembers the old identity and its own view of the system volume",
            layout.name(volume)
        ),
        way_out: "shut Windows down fully (`shutdown /s /t 0`) where it still starts, or pass --allow-hibernated and expect the saved session to be lost".into(),
    })
}

fn store(layout: &Layout, file: &StoreFile, allowed: Allowed) -> Vec<Refusal> {
    let place = format!("{} on {}", file.path, layout.name(file.volume));
    let mut refusals: Vec<Refusal> = overlap(layout, file.volume).into_iter().collect();
    if let Err(reason) = &file.place {
        refusals.push(Refusal {
            what: format!("{place} must not be overwritten in place: {reason}"),
            way_out: "repair it from a Windows rescue system with bcdedit".into(),
        });
    }
    refusals.extend(dirty(file, &place));
    if !allowed.dirty_volume {
        refusals.extend(file.obstacles.iter().map(|obstacle| Refusal {
            what: format!("{} must not be written now: {obstacle}", layout.name(file.volume)),
            // What to do first, each obstacle says itself.
            way_out: "do that first, or pass --allow-dirty-volume".into(),
        }));
    }
    refusals
}

/// A dirty store is written only as its logs make it, and where that fits into its file.
fn dirty(file: &StoreFile, place: &str) -> Option<Refusal> {
    let way_out = "load and unload it once in a Windows rescue system (`reg load`), which completes the change, or choose --restore-identity, which writes no store";
    let what = match file.dirty.as_ref()? {
        Dirty::NotReplayed(why) => format!("{place} is dirty, its last change was not completed, and {why}"),
        Dirty::Replayed { .. } if file.lacks() > 0 => format!(
            "{place} is dirty, and what its logs make of it is {} bytes longer than the file, which would have to grow",
            file.lacks()
        ),
        Dirty::Replayed { .. } => return None,
    };
    Some(Refusal { what, way_out: way_out.into() })
}

/// Bytes of a partition that shares its place with another belong to nobody in particular.
pub(super) fn overlap(layout: &Layout, volume: usize) -> Option<Refusal> {
    let this = layout.table.partitions.get(volume)?;
    let others = layout.table.partitions.iter().filter(|other| other.number != this.number);
    let end = |partition: &Partition| partition.start.saturating_add(partition.len);
    let other = others.into_iter().find(|other| other.start < end(this) && this.start < end(other))?;
    Some(Refusal {
        what: format!(
            "partitions {} and {} overlap: writing to one may write into the other",
            this.number, other.number
        ),
        way_out: "mend the partition table first".into(),
    })
}
