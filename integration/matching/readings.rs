//! What nobody can tell, and is therefore not made.
//!
//! A store and a disk say less than what happened. Where the same bytes are left by a plain identity change, or by a plain move, with
//! another meaning, a repair has to take them for that, for it must cure those without a question. Such scenes are left out:
//!
//! 1. *As if the identity had changed*: all elements of an open place find their files at that very offset of disk A, and their disk
//!    is proven to have been A. It is proven when {bootmgr}, {memdiag} or the user's record names it, or when no element names A's present identity and
//!    no open place names yet another disk. So: a foreign entry at a coinciding place that holds a Windows of A while no element names A;
//!    two alike Windows exchanged under a changed signature; a copy of one Windows in another's place, likewise. The place may also
//!    hold an encrypted volume. On GPT the GUID alone proves it.
//! 2. *As if it had been moved*: the disk of an open place is A, as it is now or as {bootmgr} or {memdiag} know it, its partition is
//!    not there or has not the files, exactly one visible volume that nothing names has all of them, no encrypted volume may
//!    have them, and no other open place could mean that volume. On GPT, where all GUIDs may be new, the disk is proven as in 1. So: a deleted Windows' entry where one other is left that no entry names.
//! 3. The same of a disk beside, which is proven by its present identity, or (for 1) when its identity is named by nothing; on GPT also
//!    (for 2) when moreover nothing starts from it, and on MBR when part of what is named is at its place: the user says that it belongs
//!    to the machine.
//! 4. *As its own entry says*: part of an entry was mended, and names what came to its place later.
//! 5. *As the record says*: where the record has the place is an encrypted volume, or one with all its files.
//!
//! Judgement calls. On MBR a foreign entry whose place does *not* coincide, in a store with {bootmgr} by `boot`, is made: taking the one Windows of A for it
//! would be right for a move with a new signature, but that is no plain event, and leaving it costs nothing. A foreign entry beside
//! own elements that are stale under another signature is made too: leaving both is safe. System volumes are not copied: {bootmgr} of
//! such a copy means either volume. Two disks never have one identity. A letter of a volume that no element names has only its
//! offset to go by (`other_bytes.rs`).

use std::collections::BTreeMap;

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::partition::DiskId;

use crate::matching::disk::Part;
use crate::matching::scene::Scene;
use crate::matching::store::Name;
use crate::matching::store::Role;
use crate::matching::volume::BIOS;
use crate::matching::volume::ESP;
use crate::matching::volume_id::VolumeId;

/// Why nobody can tell what an element of this scene means.
pub fn unfair(scene: &Scene) -> Option<&'static str> {
    let reader = Reader::new(scene);
    let direct = reader.places.keys().find(|place| {
        let reading = reader.direct(**place);
        reading.is_some_and(|volume| reader.is_wrong(**place, volume))
    });
    if direct.is_some() {
        return Some("as if the identity had changed");
    }
    let moved = reader.places.keys().find(|place| {
        let reading = reader.moved(**place);
        reading.is_some_and(|volume| reader.is_wrong(**place, volume))
    });
    if moved.is_some() {
        return Some("as if it had been moved");
    }
    let recorded = reader.places.keys().find(|place| {
        let reading = reader.recorded(**place);
        reading.is_some_and(|volume| reader.is_wrong(**place, volume))
    });
    if recorded.is_some() {
        return Some("as the record says");
    }
    reader.is_misled_by_kin().then_some("as its own entry says")
}

/// Places of a scene, and how many of them a plain event explains rightly.
pub fn explained(scene: &Scene) -> (usize, usize) {
    let reader = Reader::new(scene);
    let is_explained = |place: &&QualifiedPartition| {
        let reading = reader.direct(**place).or_else(|| reader.moved(**place));
        reading.is_some_and(|volume| !reader.is_wrong(**place, volume))
    };
    (reader.places.len(), reader.places.keys().filter(is_explained).count())
}

fn disk_of(named: QualifiedPartition) -> DiskId {
    match named {
        QualifiedPartition::Mbr { signature, .. } => DiskId::Mbr(signature),
        QualifiedPartition::Gpt { disk, .. } => DiskId::Gpt(disk),
    }
}

struct Reader<'a> {
    scene: &'a Scene,
    /// Names that stand for nothing that the program knows, but for those of the system volume, which the store tells.
    places: BTreeMap<QualifiedPartition, Vec<&'a Name>>,
}

impl<'a> Reader<'a> {
    fn new(scene: &'a Scene) -> Self {
        let mut places: BTreeMap<QualifiedPartition, Vec<&Name>> = BTreeMap::new();
        for name in scene.names().filter(|name| !name.role.is_fixed()) {
            places.entry(name.named).or_default().push(name);
        }
        let knows = |disk: usize| scene.is_known(disk);
        let is_known_disk = |id: DiskId| {
            (1..scene.now.disks.len())
                .any(|disk| knows(disk) && !scene.is_seen(disk) && scene.now.disks[disk].id == id)
        };
        places.retain(|place, names| {
            let is_named = scene.now.resolve(*place).is_some_and(|(disk, _)| knows(disk));
            let is_system = names.iter().all(|name| name.role == Role::System);
            !is_named && !is_system && !is_known_disk(disk_of(*place))
        });
        Self { scene, places }
    }

    fn names_disk(&self, id: DiskId) -> bool {
        self.scene.names().any(|name| !name.role.is_fixed() && disk_of(name.named) == id)
    }

    /// Whether {bootmgr}, {memdiag} or the user's record knows disk A by this.
    fn is_managers(&self, id: DiskId) -> bool {
        let is_recorded = self.scene.command.against && self.scene.then.disks[0].id == id;
        is_recorded || self.scene.names().any(|name| name.role == Role::System && disk_of(name.named) == id)
    }

    fn is_proven(&self, id: DiskId) -> bool {
        let is_carried = |id: DiskId| {
            let mut seen = self.scene.now.disks.iter().enumerate().filter(|(at, _)| self.scene.is_seen(*at));
            seen.any(|(_, disk)| disk.id == id)
        };
        // What is on a disk with the other kind of table is on no disk that this one ever was.
        let is_style = |other: DiskId| matches!(other, DiskId::Gpt(_)) == self.scene.now.disks[0].is_gpt();
        let is_one = |other: DiskId| other == id || is_carried(other) || !is_style(other);
        let alone = || self.places.keys().map(|place| disk_of(*place)).all(is_one);
        self.is_managers(id) || (!self.names_disk(self.scene.now.disks[0].id) && alone())
    }

    fn is_wrong(&self, place: QualifiedPartition, volume: VolumeId) -> bool {
        let right =
            |name: &&Name| name.meant.is_some_and(|meant| self.scene.now.successors(meant).contains(&volume));
        !self.places[&place].iter().all(right)
    }

    fn is_hidden(&self, volume: VolumeId) -> bool {
        self.scene.now.volumes[volume].is_encrypted
    }

    /// Whether a volume shows all files for which elements name this place.
    fn fits(&self, place: QualifiedPartition, volume: VolumeId) -> bool {
        let names = self.places[&place].iter().filter(|name| name.role != Role::System);
        let files: Vec<(Role, &str)> =
            names.filter_map(|name| Some((name.role, name.file.as_deref()?))).collect();
        let has = |file: &str| self.scene.now.volumes[volume].has(file);
        let may_be = |(role, file): &(Role, &str)| {
            let is_lost =
                !matches!(role, Role::Loader | Role::OsRoot | Role::Ntldr) && !self.is_anywhere(file);
            has(file) || is_lost
        };
        !self.is_hidden(volume) && files.iter().all(may_be) && files.iter().any(|(_, file)| has(file))
    }

    /// Whether any volume that can be looked into has a file; recovery images are deleted often, and tell nothing then.
    fn is_anywhere(&self, file: &str) -> bool {
        let disks = self.scene.now.disks.iter().enumerate().filter(|(disk, _)| self.scene.is_seen(*disk));
        let mut volumes = disks.flat_map(|(_, disk)| &disk.parts).map(|part| part.volume);
        volumes.any(|volume| !self.is_hidden(volume) && self.scene.now.volumes[volume].has(file))
    }

    /// The volume that is on this disk where the place says.
    fn at(&self, disk: usize, place: QualifiedPartition) -> Option<VolumeId> {
        let now = &self.scene.now.disks[disk];
        let is_it = |part: &&Part| match (place, now.is_gpt()) {
            (QualifiedPartition::Mbr { offset, .. }, false) => part.start == offset,
            (QualifiedPartition::Gpt { partition, .. }, true) => part.guid == partition,
            _ => false,
        };
        let part = now.parts.iter().find(is_it)?;
        (self.fits(place, part.volume) || self.is_hidden(part.volume)).then_some(part.volume)
    }

    /// What a plain change of identity makes of a place.
    fn direct(&self, place: QualifiedPartition) -> Option<VolumeId> {
        let id = disk_of(place);
        if (0..self.scene.now.disks.len())
            .any(|disk| self.scene.is_seen(disk) && self.scene.now.disks[disk].id == id)
        {
            return None;
        }
        let is_guid = matches!(place, QualifiedPartition::Gpt { .. });
        let here = self.at(0, place).filter(|_| is_guid || self.is_proven(id));
        let companion: Vec<VolumeId> = (1..self.scene.now.disks.len())
            .filter(|disk| self.scene.is_seen(*disk))
            .filter(|disk| is_guid || !self.names_disk(self.scene.now.disks[*disk].id))
            .filter_map(|disk| self.at(disk, place))
            .collect();
        match (here, companion.as_slice()) {
            (Some(volume), _) if self.is_managers(id) => Some(volume),
            (Some(volume), []) => Some(volume),
            (None, [volume]) => Some(*volume),
            _ => None,
        }
    }

    /// Whether an element was mended by hand, and another Windows then came to the place that it names: what else belongs to the entry,
    /// and is stale, follows it there.
    fn is_misled_by_kin(&self) -> bool {
        let of_windows = || self.scene.names().filter(|name| name.role.is_windows());
        let is_misled = |name: &&Name| {
            let volume = self.scene.now.resolve(name.named).map(|(_, volume)| volume);
            volume.is_some_and(|volume| {
                !name.meant.is_some_and(|meant| self.scene.now.successors(meant).contains(&volume))
            })
        };
        of_windows().filter(is_misled).any(|name| {
            of_windows().any(|other| other.entry == name.entry && self.places.contains_key(&other.named))
        })
    }

    /// What the user's record makes of a place: what is where the partition was, as long as it was.
    fn recorded(&self, place: QualifiedPartition) -> Option<VolumeId> {
        let then = self.scene.command.against.then(|| &self.scene.then.disks[0])?;
        let was = then.parts.iter().find(|part| then.named(part) == place)?;
        let is_there = |part: &&Part| (part.start, part.len) == (was.start, was.len);
        let is = self.scene.now.disks[0].parts.iter().find(is_there)?;
        (self.is_hidden(is.volume) || self.fits(place, is.volume)).then_some(is.volume)
    }

    /// What a plain move makes of a place.
    fn moved(&self, place: QualifiedPartition) -> Option<VolumeId> {
        if self.direct(place).is_some() {
            return None;
        }
        let id = disk_of(place);
        // All GUIDs new is a plain event, and leaves neither disk nor partition known.
        let is_renewed = self.scene.now.disks[0].is_gpt() && self.is_proven(id);
        let is_its = |disk: &usize| {
            let is_a = *disk == 0 && (is_renewed || self.is_managers(id));
            self.scene.is_seen(*disk)
                && (self.scene.now.disks[*disk].id == id
                    || is_a
                    || self.is_only_data(*disk)
                    || self.is_in_part(*disk, id))
        };
        let disk = (0..self.scene.now.disks.len()).find(is_its)?;
        let free: Vec<VolumeId> = self.scene.now.disks[disk]
            .parts
            .iter()
            .map(|part| part.volume)
            .filter(|volume| !self.is_taken(*volume))
            .collect();
        let mut found = free.iter().filter(|volume| self.fits(place, **volume));
        let only = *found.next()?;
        let is_elsewhere = |id: DiskId| {
            let is_it = |at: usize| {
                let had = at == 0 && (self.is_managers(id) || self.has_guid(id));
                at != disk && self.scene.is_seen(at) && (self.scene.now.disks[at].id == id || had)
            };
            (0..self.scene.now.disks.len()).any(is_it)
        };
        let is_style = |other: &QualifiedPartition| {
            matches!(other, QualifiedPartition::Gpt { .. }) == self.scene.now.disks[disk].is_gpt()
        };
        let is_open = |other: &&QualifiedPartition| {
            !self.is_chosen(**other)
                && is_style(other)
                && !is_elsewhere(disk_of(**other))
                && self.direct(**other).is_none()
                && self.fits(**other, only)
        };
        let alone = found.next().is_none()
            && !free.iter().any(|volume| self.is_hidden(*volume))
            && !self.places.keys().filter(|other| **other != place).any(|other| is_open(&other));
        alone.then_some(only)
    }

    /// Whether the user says what the place is; a wrong word leaves its own volume to others.
    fn is_chosen(&self, place: QualifiedPartition) -> bool {
        let command = self.scene.command;
        let is_of_entry =
            |name: &&Name| name.role.is_windows() && (command.entry.is_none() || name.entry == command.entry);
        command.windows.is_some() && self.places[&place].iter().any(is_of_entry)
    }

    /// An MBR disk beside that no element names by what it is, and that has part of what is named by this identity where it is named.
    fn is_in_part(&self, disk: usize, id: DiskId) -> bool {
        let now = &self.scene.now.disks[disk];
        let mut names = self.places.values().flatten().filter(|name| disk_of(name.named) == id);
        let is_there = |name: &Name| {
            let is_it = |part: &&Part| matches!(name.named, QualifiedPartition::Mbr { offset, .. } if offset == part.start);
            let volume = now.parts.iter().find(is_it).map(|part| &self.scene.now.volumes[part.volume]);
            volume.is_some_and(|volume| name.file.as_ref().is_some_and(|file| volume.has(file)))
        };
        disk > 0 && !now.is_gpt() && !self.names_disk(now.id) && names.any(|name| is_there(name))
    }

    /// Whether a partition of A has a GUID that is named with this disk.
    fn has_guid(&self, id: DiskId) -> bool {
        let now = &self.scene.now.disks[0];
        let is_here = |place: &QualifiedPartition| match *place {
            QualifiedPartition::Gpt { partition, .. } => now.parts.iter().any(|part| part.guid == partition),
            QualifiedPartition::Mbr { .. } => false,
        };
        now.is_gpt() && self.places.keys().any(|place| disk_of(*place) == id && is_here(place))
    }

    /// A GPT disk beside from which nothing starts, and which no element names by what it is: its GUIDs may all be new.
    fn is_only_data(&self, disk: usize) -> bool {
        let now = &self.scene.now.disks[disk];
        let has_system = now.parts.iter().any(|part| self.scene.now.volumes[part.volume].is(BIOS | ESP));
        disk > 0 && now.is_gpt() && !has_system && !self.names_disk(now.id)
    }

    /// Whether an element names a volume, or a changed identity explains one as it.
    fn is_taken(&self, volume: VolumeId) -> bool {
        let is_named = self.scene.names().any(|name| {
            !name.role.is_fixed()
                && self.scene.now.resolve(name.named).is_some_and(|(_, named)| named == volume)
        });
        is_named || self.places.keys().any(|place| self.direct(*place) == Some(volume))
    }
}
