//! The examined disk and those that the user named beside it, as one machine.

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::companion::Companion;
use crate::diagnosis::model::context::CompanionIndex;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::resolve::reference;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;

/// A disk of a machine: the examined one first, and the disks beside in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Disk {
    /// The examined one.
    Examined,
    /// One beside it.
    Companion(CompanionIndex),
}

/// A volume of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot {
    /// The disk.
    pub(super) disk: Disk,
    /// Index of the volume in its layout.
    pub(super) volume: VolumeIndex,
}

/// The disks among which old places are looked for.
#[derive(Clone, Copy)]
pub(super) struct Machine<'a> {
    pub(super) layout: &'a Layout,
    pub(super) context: &'a Context,
}

impl<'a> Machine<'a> {
    pub(super) fn disks(self) -> impl Iterator<Item = (Disk, &'a Layout)> {
        let companion = self.context.companions_indexed();
        let companion = companion.map(|(index, companion)| (Disk::Companion(index), &companion.layout));
        std::iter::once((Disk::Examined, self.layout)).chain(companion)
    }

    pub(super) fn disk(self, disk: Disk) -> Option<&'a Layout> {
        match disk {
            Disk::Examined => Some(self.layout),
            Disk::Companion(_) => self.companion(disk).map(|companion| &companion.layout),
        }
    }

    /// The disk beside that this is.
    pub(super) fn companion(self, disk: Disk) -> Option<&'a Companion> {
        match disk {
            Disk::Examined => None,
            Disk::Companion(index) => self.context.companion_at(index),
        }
    }

    /// All volumes of one disk.
    pub(super) fn spots(self, disk: Disk) -> impl Iterator<Item = Spot> {
        let volumes = self.disk(disk).into_iter().flat_map(Layout::volume_indices);
        volumes.map(move |volume| Spot { disk, volume })
    }

    pub(super) fn has(self, spot: Spot, file: &str) -> bool {
        self.disk(spot.disk).is_some_and(|layout| layout.evidence.has(spot.volume, file))
    }

    /// Whether any volume of any disk has the file.
    pub(super) fn is_anywhere(self, file: &str) -> bool {
        self.disks().any(|(_, layout)| layout.evidence.volumes_with(file).next().is_some())
    }

    /// Whether nobody can tell if the file is there.
    pub(super) fn hides(self, spot: Spot, file: &str) -> bool {
        self.disk(spot.disk).is_some_and(|layout| layout.evidence.hides(spot.volume, file))
    }

    /// Whether files on a volume can be seen.
    pub(super) fn is_readable(self, spot: Spot) -> bool {
        let facts = self.disk(spot.disk).and_then(|layout| layout.volume(spot.volume));
        facts.is_some_and(|facts| facts.file_system.is_readable())
    }

    /// The volume that is named by both its identities.
    pub(super) fn here(self, named: &QualifiedPartition) -> Option<Spot> {
        self.disks()
            .find_map(|(disk, layout)| reference::is_here(layout, named).map(|volume| Spot { disk, volume }))
    }

    /// The volume whose partition is named, whatever is said of the disk.
    pub(super) fn direct(self, disk: Disk, named: &QualifiedPartition) -> Option<Spot> {
        reference::direct(self.disk(disk)?, named).map(|volume| Spot { disk, volume })
    }

    /// The disk that has this identity now.
    pub(super) fn carrier(self, identity: DiskId) -> Option<Disk> {
        let is_it = |layout: &Layout| layout.table.disk == Some(identity) && identity != DiskId::Mbr(0);
        self.disks().find(|(_, layout)| is_it(layout)).map(|(disk, _)| disk)
    }

    pub(super) fn identity(self, spot: Spot) -> Option<QualifiedPartition> {
        identity_of(self.disk(spot.disk)?, spot.volume)
    }

    /// Whether the disk has a table of the kind that is named.
    pub(super) fn has_style(self, disk: Disk, named: &QualifiedPartition) -> bool {
        let style = |disk: DiskId| std::mem::discriminant(&disk);
        let table = self.disk(disk).and_then(|layout| layout.table.disk);
        table.is_some_and(|table| style(table) == style(disk_of(named)))
    }

    /// For people, as findings of the examined disk call it.
    pub(super) fn name(self, spot: Spot) -> String {
        match self.companion(spot.disk) {
            Some(companion) => companion.place(spot.volume),
            None => self.layout.name(spot.volume),
        }
    }
}
