//! What a repair refuses, and the switch that lifts each refusal: one set of gates for every combination of switches.

mod encryption;
mod rules;
mod system_hive;
mod texts;

use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;
use crate::partition::TableKind;
use crate::repair::cure::Cure;
use crate::repair::store_edit::StoreEdit;
use crate::repair::store_edit::is_in_place;

pub use encryption::cost_of_edit;
pub(super) use system_hive::obstacles;

/// Named refusals that the user has lifted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `--allow-hibernated`.
    pub hibernated: bool,
    /// `--allow-dirty-volume`.
    pub dirty_volume: bool,
    /// `--allow-raid-member`.
    pub raid_member: bool,
    /// `--repoint`: the store may be re-pointed beside an encrypted Windows.
    pub repoint: bool,
}

impl Allowed {
    /// The same with one more.
    #[must_use]
    pub const fn and(self, lift: Lift) -> Self {
        match lift {
            Lift::Hibernated => Self { hibernated: true, ..self },
            Lift::DirtyVolume => Self { dirty_volume: true, ..self },
            Lift::RaidMember => Self { raid_member: true, ..self },
            Lift::Repoint => Self { repoint: true, ..self },
        }
    }
}

/// A switch that lifts one refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lift {
    /// `--allow-hibernated`.
    Hibernated,
    /// `--allow-dirty-volume`.
    DirtyVolume,
    /// `--allow-raid-member`.
    RaidMember,
    /// `--repoint`.
    Repoint,
}

impl Lift {
    /// As it stands on a command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hibernated => "--allow-hibernated",
            Self::DirtyVolume => "--allow-dirty-volume",
            Self::RaidMember => "--allow-raid-member",
            Self::Repoint => "--repoint",
        }
    }
}

/// A reason not to write, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {way_out}")]
pub struct Refusal {
    /// The reason.
    pub what: String,
    /// What the user can do.
    pub way_out: String,
    /// The switch that lifts it, where one does.
    pub lift: Option<Lift>,
}

impl Refusal {
    /// One that no switch lifts.
    pub(super) fn new(what: String, way_out: impl Into<String>) -> Self {
        Self { what, way_out: way_out.into(), lift: None }
    }
}

/// All reasons not to write what a cure would; empty when none stands. A hibernated Windows and a dirty store are none against an old
/// identity alone: both know the disk by that.
#[must_use]
pub fn refusals(
    layout: &Layout,
    context: &Context,
    diagnosis: &Diagnosis,
    cure: Cure,
    allowed: Allowed,
) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = rules::of_choice(diagnosis);
    refusals.extend(system_hive::refusals(layout, diagnosis));
    refusals.extend(texts::refusals(layout, diagnosis));
    refusals.extend(rules::rebuild(layout, context, diagnosis));
    let restores = cure.restores(diagnosis);
    if restores {
        refusals.extend(rules::impossible(&diagnosis.restore));
    } else if cure.is_of_no_use(diagnosis) {
        refusals.push(rules::has_its_identity());
    }
    let writes_more = cure.writes_more(diagnosis);
    if !restores && !writes_more {
        return refusals;
    }
    if !allowed.raid_member {
        refusals.extend(rules::raid_member(layout));
    }
    // Four bytes of an MBR touch no volume.
    if writes_more || layout.table.kind != TableKind::Mbr {
        refusals.extend(rules::dynamic_disk(layout));
    }
    refusals.extend(rules::boot_records(layout, cure.edits(diagnosis)));
    if restores || cure.edits(diagnosis).next().is_some() {
        refusals.extend(rules::unread(layout));
    }
    if writes_more && !allowed.hibernated {
        refusals.extend(rules::hibernated(layout));
    }
    if !restores {
        refusals.extend(rules::of_stores(layout, context, diagnosis, allowed));
    }
    if writes_more && !allowed.repoint {
        refusals.extend(encryption::choice_needed(layout, context, diagnosis, restores));
    }
    refusals
}

/// All reasons not to write an edit of a store; empty when none stands.
#[must_use]
pub fn refusals_of_edit(layout: &Layout, edit: &StoreEdit, allowed: Allowed) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = rules::dynamic_disk(layout).into_iter().collect();
    if !allowed.raid_member {
        refusals.extend(rules::raid_member(layout));
    }
    if !allowed.hibernated {
        refusals.extend(rules::hibernated_at_edit(layout));
    }
    refusals.extend(rules::overlap(layout, edit.volume));
    let partition = layout.partition(edit.volume);
    if let Some(file) = partition.and_then(|partition| layout.store_on(partition.number, &edit.path)) {
        let way_out =
            "mount the volume with ntfs-3g and replace the store with a copy (`cp BCD new && mv new BCD`)";
        refusals.extend(rules::without_place(layout, file, way_out));
        if !allowed.dirty_volume {
            // In a file system that is not in order nobody knows which clusters are free: there no switch helps.
            let lift = is_in_place(layout, file, edit).then_some(Lift::DirtyVolume);
            refusals.extend(rules::obstacles(layout, file, lift));
        }
    }
    refusals
}

/// Why a store must not be edited, whatever the edit.
#[must_use]
pub fn refusal_of_store(layout: &Layout, file: &StoreFile) -> Option<Refusal> {
    rules::lost(layout, file)
}

/// The volumes whose boot records these edits change.
fn record_volumes<'a>(edits: impl Iterator<Item = &'a ByteEdit>) -> impl Iterator<Item = VolumeIndex> {
    edits.filter_map(|edit| match edit.site {
        Site::BootRecord { volume, .. } => Some(volume),
        Site::Table { .. } | Site::Store { .. } | Site::SystemHive { .. } | Site::Text { .. } => None,
    })
}
