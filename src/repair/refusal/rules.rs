//! The single reasons.

use std::collections::BTreeSet;

use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Repoint;
use crate::diagnosis::Severity;
use crate::diagnosis::Switch;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::is_identity;
use crate::diagnosis::store::dirty::unhelpful;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::spanned;
use crate::layout::store::Dirty;
use crate::layout::store::StoreFile;
use crate::partition::Unseen;
use crate::repair::refusal::Allowed;
use crate::repair::refusal::Lift;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::record_volumes;

/// What the user said, and what does not fit it.
pub(super) fn of_choice(diagnosis: &Diagnosis) -> Vec<Refusal> {
    bad_choice(diagnosis).into_iter().chain(other_disk(diagnosis)).collect()
}

/// The old identity cannot come back.
pub(super) fn impossible(restore: &Restore) -> Option<Refusal> {
    let Restore::Impossible(reason) = restore else { return None };
    Some(Refusal::new(
        format!("the old identity cannot be restored: {reason}"),
        "fix without --restore-identity re-points the store instead",
    ))
}

/// Reasons that lie in the stores that are written, and in what they leave.
pub(super) fn of_stores(
    layout: &Layout,
    context: &Context,
    diagnosis: &Diagnosis,
    allowed: Allowed,
) -> Vec<Refusal> {
    let unseen = layout.table.unseen.as_ref();
    let mut refusals: Vec<Refusal> =
        unseen.and_then(|unseen| half(unseen, "here", diagnosis)).into_iter().collect();
    refusals.extend(half_converted(diagnosis));
    for file in diagnosis.stores().iter().filter_map(|index| layout.store(*index)) {
        refusals.extend(store(layout, file, allowed));
    }
    refusals.extend(companion(context, diagnosis, allowed));
    refusals
}

/// Which partition had which GUID, and what a letter means, is found out from the whole disk; an element that is re-pointed is judged
/// by itself.
pub(super) fn unread(layout: &Layout) -> Option<Refusal> {
    let how = if layout.failed_read.is_some() { "cannot be read" } else { "is missing" };
    layout.unseen().map(|error| Refusal {
        lift: None,
        what: format!("part of the disk {how}, so other necessary changes are unknown: {error}"),
        way_out: "repair the image or copy the disk to a healthy one first; fix without more switches \
         re-points what it can judge safely"
            .into(),
    })
}

/// Where what starts Windows may be on a partition that nobody sees, half a repair only spoils the alternative repair: then elements name two
/// identities.
fn half(unseen: &Unseen, place: &str, diagnosis: &Diagnosis) -> Option<Refusal> {
    let is_left = |finding: &&Finding| finding.severity == Severity::BlocksBoot && is_identity(finding);
    let left = diagnosis.left().find(is_left)?;
    let mend = match unseen {
        Unseen::Cut(_) => "use the complete image",
        Unseen::Damaged(_) => "repair the partition table first",
    };
    Some(Refusal {
        lift: None,
        what: format!(
            "{} may refer to a partition that is missing {place}: {}",
            left.subject,
            unseen.reason()
        ),
        way_out: format!("{mend}, or choose the partition with --windows=N"),
    })
}

/// Once a store's own elements name the new table, those that are left seem to mean a disk that is not here.
fn half_converted(diagnosis: &Diagnosis) -> Option<Refusal> {
    let is_left = |finding: &&Finding| {
        finding.severity == Severity::BlocksBoot
            && matches!(finding.remedy, Remedy::Switch(Switch::Windows(_), _))
    };
    let left = diagnosis.left().find(is_left).filter(|_| diagnosis.repoints().any(Repoint::converts))?;
    Some(Refusal {
        lift: None,
        what: format!("{} cannot be converted with the rest: it {}", left.subject, left.message),
        way_out: "choose the partition with --windows=N".into(),
    })
}

/// A boot record of a partition that shares its place with another belongs to nobody in particular.
pub(super) fn boot_records<'a>(layout: &Layout, edits: impl Iterator<Item = &'a ByteEdit>) -> Vec<Refusal> {
    let volumes: BTreeSet<VolumeIndex> = record_volumes(edits).collect();
    volumes.into_iter().filter_map(|volume| overlap(layout, volume)).collect()
}

/// Reasons that lie on the disks beside: a Windows there that sleeps remembers the old identity as one here does.
fn companion(context: &Context, diagnosis: &Diagnosis, allowed: Allowed) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for companion in context.companions.iter().filter(|_| diagnosis.is_curable()) {
        let unseen = companion.layout.table.unseen.as_ref();
        refusals.extend(unseen.and_then(|unseen| half(unseen, &format!("on {}", companion.name), diagnosis)));
    }
    let is_meant = diagnosis.repoints().any(|repoint| repoint.volume.is_none());
    if !allowed.hibernated && is_meant {
        refusals.extend(context.companions.iter().filter_map(|companion| hibernated(&companion.layout)));
    }
    refusals
}

/// A record of another disk proves nothing of this one.
fn other_disk(diagnosis: &Diagnosis) -> Option<Refusal> {
    let finding = diagnosis.findings.iter().find(|finding| finding.code == Code::NotTheRecordedDisk)?;
    Some(Refusal {
        lift: None,
        what: finding.message.clone(),
        way_out: "name the record of this disk with --against, or omit it".into(),
    })
}

/// `--restore-identity` of a disk that is what it was, while elements name yet another.
pub(super) fn has_its_identity() -> Refusal {
    Refusal {
        lift: None,
        what: "the disk already has the recorded identity; it is elements that refer to a different one"
            .into(),
        way_out: "omit --restore-identity, and fix re-points them".into(),
    }
}

/// A choice that fits several entries: each of them, to choose from.
fn several_entries(diagnosis: &Diagnosis) -> Option<Refusal> {
    let open = diagnosis.findings.iter().filter(|finding| finding.code == Code::EntryNeeded);
    let subjects: Vec<&str> = open.map(|finding| finding.subject.as_str()).collect();
    (!subjects.is_empty()).then(|| Refusal {
        lift: None,
        what: format!("the choice fits elements of several entries: {}", subjects.join("; ")),
        way_out: "choose the entry with --entry {GUID}".into(),
    })
}

/// Half a repair by a wrong number helps nobody.
fn bad_choice(diagnosis: &Diagnosis) -> Option<Refusal> {
    if let Some(refusal) = several_entries(diagnosis) {
        return Some(refusal);
    }
    let finding = diagnosis.findings.iter().find(|finding| finding.code == Code::ChoiceDoesNotFit)?;
    Some(Refusal {
        lift: None,
        what: format!("a choice does not fit: {}", finding.message),
        way_out: "choose another (`bcdrescue list` shows partitions, `bcdrescue inspect` entries), or omit \
         the switch"
            .into(),
    })
}

pub(super) fn dynamic_disk(layout: &Layout) -> Option<Refusal> {
    spanned::dynamic(layout).next().map(|_| Refusal {
        lift: None,
        what: "dynamic disk (LDM): its volumes are not where the partition table says".into(),
        way_out: "repair it from Windows PE".into(),
    })
}

/// Of a mirror the other member keeps what it has, and of stripes half a volume is on this one.
pub(super) fn raid_member(layout: &Layout) -> Option<Refusal> {
    let member = layout.raid_member?;
    Some(Refusal {
        lift: Some(Lift::RaidMember),
        what: format!(
            "this disk is a member of a RAID ({member}): writing to it alone makes it differ from the \
             other members"
        ),
        way_out: "assemble the array and repair that, or pass --allow-raid-member if the disk is now used \
         on its own"
            .into(),
    })
}

pub(super) fn hibernated(layout: &Layout) -> Option<Refusal> {
    asleep(layout, "remembers the old identity and its own view of the system volume")
}

/// The same for an edit: what the session remembers of the volume, it may write over what is there by then.
pub(super) fn hibernated_at_edit(layout: &Layout) -> Option<Refusal> {
    asleep(layout, "may write its own view of the system volume over the edit")
}

fn asleep(layout: &Layout, resumed: &str) -> Option<Refusal> {
    let (volume, how) = layout.asleep()?;
    Some(Refusal {
        lift: Some(Lift::Hibernated),
        what: format!("Windows on {} {how}; a resumed session {resumed}", layout.name(volume)),
        way_out: "shut Windows down fully (`shutdown /s /t 0`) if it still starts, or pass \
         --allow-hibernated and lose the saved session"
            .into(),
    })
}

fn store(layout: &Layout, file: &StoreFile, allowed: Allowed) -> Vec<Refusal> {
    let place = format!("{} on {}", file.path, layout.name(file.volume));
    let mut refusals: Vec<Refusal> = overlap(layout, file.volume).into_iter().collect();
    refusals.extend(without_place(
        layout,
        file,
        "mount the volume with ntfs-3g and replace the store with a copy (`cp BCD new && mv new BCD`), or use \
         --restore-identity if `check` offers it (writes no store)",
    ));
    refusals.extend(dirty(file, &place));
    if !allowed.dirty_volume {
        refusals.extend(obstacles(layout, file, Some(Lift::DirtyVolume)));
    }
    refusals
}

/// A store that lies nowhere as a whole, or of which two readers do not agree where it lies.
pub(super) fn without_place(layout: &Layout, file: &StoreFile, way_out: &str) -> Option<Refusal> {
    let reason = file.place.as_ref().err()?;
    let place = format!("{} on {}", file.path, layout.name(file.volume));
    Some(Refusal::new(format!("{place} cannot be overwritten in place: {reason}"), way_out))
}

/// Why the volume of a store must not be written now, and the switch that lifts it, where one does.
pub(super) fn obstacles(
    layout: &Layout,
    file: &StoreFile,
    lift: Option<Lift>,
) -> impl Iterator<Item = Refusal> {
    let name = layout.name(file.volume);
    file.obstacles.iter().map(move |obstacle| Refusal {
        lift,
        what: format!("{name} cannot be written safely now: {obstacle}"),
        // What to do first, each obstacle says itself.
        way_out: match lift {
            Some(lift) => format!("do that first, or pass {}", lift.word()),
            None => "do that first, as this edit takes new clusters; if an earlier edit was interrupted, undo it by \
                     its record first"
                .into(),
        },
    })
}

/// A store whose truth is lost: an edit would change what nobody knows.
pub(super) fn lost(layout: &Layout, file: &StoreFile) -> Option<Refusal> {
    file.parsed()?;
    let Some(Dirty::NotReplayed(why)) = &file.dirty else { return None };
    let place = format!("{} on {}", file.path, layout.name(file.volume));
    Some(Refusal::new(
        format!("{place} is dirty: its last write is incomplete, and {}", unhelpful(why)),
        "make a new store (`fix --rebuild=store`), or put another in its place (`bcd import`)",
    ))
}

/// A dirty store is written only as its logs make it, and where that fits into its file.
fn dirty(file: &StoreFile, place: &str) -> Option<Refusal> {
    let way_out = "make a new store (`fix --rebuild=store`), or choose --restore-identity, which writes none";
    let what = match file.dirty.as_ref()? {
        Dirty::NotReplayed(why) => {
            format!("{place} is dirty: its last write is incomplete, and {}", unhelpful(why))
        }
        Dirty::Replayed { .. } if file.lacks() > 0 => format!(
            "{place} is dirty, and with its logs replayed is {} bytes longer than the file, which cannot \
             be extended",
            file.lacks()
        ),
        Dirty::Replayed { .. } => return None,
    };
    Some(Refusal::new(what, way_out))
}

/// Nothing can be rebuilt, though that was asked for; or the system volume shares its place with another.
pub(super) fn rebuild(layout: &Layout, context: &Context, diagnosis: &Diagnosis) -> Option<Refusal> {
    context.choice.rebuild?;
    match &diagnosis.rebuild {
        Err(why) => Some(Refusal::new("nothing can be rebuilt".to_owned(), why.to_string())),
        Ok(rebuild) => overlap(layout, rebuild.as_ref()?.system),
    }
}

/// Bytes of a partition that shares its place with another belong to nobody in particular.
pub(super) fn overlap(layout: &Layout, volume: VolumeIndex) -> Option<Refusal> {
    let (this, other) = (layout.partition(volume)?, layout.overlapping(volume)?);
    Some(Refusal {
        lift: None,
        what: format!(
            "partitions {} and {} overlap: writing to one may overwrite the other",
            this.number, other.number
        ),
        way_out: "repair the partition table first".into(),
    })
}
