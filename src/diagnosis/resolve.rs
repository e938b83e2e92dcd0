//! Which partition each identity record means: the heart of the repair.
//!
//! Never "replace the old signature by the new one": each record is judged by itself, with evidence.
//! 1. It names a partition of this disk: healthy. Of another disk that is known: left alone.
//! 2. Its partition is here, but not under that disk identity: the disk identity changed. On MBR disks an offset is weak
//!    evidence, so the file that the element stands for must be there, or the old identity must be proven by another
//!    element that has its file.
//! 3. Otherwise the one volume that has the file of its role.
//!
//! A store may also name a disk that is simply not attached. Its loader would, by its paths, fit any Windows; so a
//! volume that one entry's Windows is on is not given to an entry that names yet another disk.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::bcd::Store;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::diagnosis::disk_of;
use crate::diagnosis::entry;
use crate::diagnosis::identity_of;
use crate::diagnosis::kin::Kin;
use crate::diagnosis::partition_of;
use crate::diagnosis::role::Purpose;
use crate::diagnosis::role::Role;
use crate::diagnosis::role::purpose;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// One identity record of a store, with its place and its purpose.
#[derive(Debug, Clone)]
pub struct Record {
    /// Index of the store in the layout.
    pub store: usize,
    /// Index of the object in the store.
    pub object: usize,
    /// Index of the element in the object.
    pub element: usize,
    /// Index of the record in the device element.
    pub record: usize,
    /// What it names.
    pub named: QualifiedPartition,
    /// What it is for.
    pub purpose: Purpose,
}

/// Why the identity in a record is no longer right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Same offset, other MBR signature.
    Signature,
    /// Same partition GUID, other disk GUID.
    DiskGuid,
    /// Same disk identity, the partition is another.
    Partition,
    /// Neither the disk nor the partition is known here.
    Both,
}

/// Why a stale record is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// No volume has the file.
    NoCandidate,
    /// Several volumes have it.
    Ambiguous(Vec<usize>),
    /// One volume has it, but others cannot be looked into and may be the one that is meant.
    Hidden {
        /// The volume that has it.
        seen: usize,
        /// Those that may have it.
        hidden: Vec<usize>,
    },
    /// The volume that fits belongs to an entry that names another disk: this one means a disk that is not attached.
    AbsentDisk(usize),
    /// Nothing of it is known here, and the boot manager's own elements name yet another disk: a disk that is absent.
    NotThisDisk,
    /// The record names an MBR partition on a GPT disk, or the reverse.
    OtherStyle,
    /// The disk has no usable identity (signature 0).
    NoIdentity,
    /// The user's choice names a partition that cannot be it.
    BadChoice(u32),
}

/// What a record turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Names a volume of this disk.
    Here(usize),
    /// Not to be touched: a firmware entry or a partition inside a virtual disk.
    Untouched,
    /// Names another disk that is known, with the partition's number if that is there.
    OtherDisk {
        /// The disk's name.
        name: String,
        /// Partition number on it.
        partition: Option<u32>,
    },
    /// Stale, and the right volume is known.
    Repoint {
        /// The volume.
        volume: usize,
        /// What changed.
        change: Change,
    },
    /// Stale, and left.
    Left {
        /// What changed.
        change: Change,
        /// Why it is left.
        why: Left,
    },
}

/// All identity records of all stores that the firmware would come to.
///
/// Objects are found by their GUID; what lies under a key of another name, nothing ever starts (somebody's `{Default}`,
/// say, is no object, and stays as it is).
#[must_use]
pub fn records(layout: &Layout) -> Vec<Record> {
    let mut all = Vec::new();
    let live = layout.stores.iter().enumerate().filter(|(_, file)| file.live);
    for (store, parsed) in live.filter_map(|(index, file)| Some((index, file.parsed()?))) {
        let objects = parsed.objects().iter().enumerate().filter(|(_, object)| object.id.is_some());
        for (object_index, object) in objects {
            for (element_index, element) in object.elements.iter().enumerate() {
                let ElementValue::Device(device) = &element.value else { continue };
                all.extend(device.identities().iter().enumerate().map(|(index, identity)| Record {
                    store,
                    object: object_index,
                    element: element_index,
                    record: index,
                    named: identity.partition,
                    purpose: purpose(object, element, identity),
                }));
            }
        }
    }
    all
}

/// Resolves every record; the answers are in the order of `records`.
#[must_use]
pub fn resolve(layout: &Layout, context: &Context, records: &[Record]) -> Vec<Resolution> {
    let homes = homes(layout, records);
    let kin = Kin::new(layout, records, &homes);
    let resolver = Resolver { layout, context, homes, kin };
    let absent = resolver.absent_disks(records);
    let mut answers: Vec<_> = records.iter().map(|record| resolver.one(record, &absent)).collect();
    resolver.follow_loaders(records, &mut answers);
    answers
}

struct Resolver<'a> {
    layout: &'a Layout,
    context: &'a Context,
    /// Old identities of this disk, proven by an element whose file is where it points.
    homes: BTreeSet<DiskKey>,
    kin: Kin,
}

/// A [`DiskId`] that can be ordered.
pub(super) type DiskKey = [u8; 17];

pub(super) fn key(disk: DiskId) -> DiskKey {
    let mut key = [0; 17];
    let bytes = match disk {
        DiskId::Mbr(signature) => u128::from(signature).to_be_bytes(),
        DiskId::Gpt(guid) => *guid.bytes(),
    };
    key.iter_mut()
        .zip(std::iter::once(u8::from(matches!(disk, DiskId::Gpt(_)))).chain(bytes))
        .for_each(|(to, from)| *to = from);
    key
}

/// Whether `whole` begins like one of the two and goes on like the other. The first byte of a key is its style.
fn is_splice(whole: &DiskKey, one: &DiskKey, other: &DiskKey) -> bool {
    let cut = |first: &DiskKey, second: &DiskKey| {
        (1..first.len()).any(|at| {
            whole.get(..at) == first.get(..at) && whole.get(at..) == second.get(at..) && whole != second
        })
    };
    whole != one && whole != other && (cut(one, other) || cut(other, one))
}

/// The volume whose partition the record names, whatever it says of the disk.
fn direct(layout: &Layout, named: &QualifiedPartition) -> Option<usize> {
    match partition_of(named) {
        PartitionId::Mbr { offset } => {
            matches!(layout.table.disk, Some(DiskId::Mbr(_))).then(|| layout.partition_at(offset))?
        }
        id @ PartitionId::Gpt(_) => {
            layout.table.partitions.iter().position(|partition| partition.id == Some(id))
        }
    }
}

/// The volume of this disk that the record names by both its identities.
pub(super) fn is_here(layout: &Layout, named: &QualifiedPartition) -> Option<usize> {
    let disk = disk_of(named);
    (layout.table.disk == Some(disk) && disk != DiskId::Mbr(0)).then(|| direct(layout, named))?
}

/// Whether the file that the record stands for is on `volume`; for a system record the store itself is evidence too.
fn has_file(layout: &Layout, record: &Record, volume: usize) -> bool {
    let holds_store = || layout.stores.get(record.store).is_some_and(|store| store.volume == volume);
    let holds_file = |file: &String| layout.evidence.has(volume, file);
    record.purpose.file.as_ref().is_some_and(holds_file)
        || (record.purpose.role == Role::System && holds_store())
}

fn homes(layout: &Layout, records: &[Record]) -> BTreeSet<DiskKey> {
    let proves = |record: &&Record| {
        direct(layout, &record.named).is_some_and(|volume| {
            let by_guid = matches!(record.named, QualifiedPartition::Gpt { .. });
            by_guid || (record.purpose.role == Role::System && has_file(layout, record, volume))
        })
    };
    records.iter().filter(proves).map(|record| key(disk_of(&record.named))).collect()
}

impl Resolver<'_> {
    /// The disk that the record names. An identity may lie across two sectors, and a repair may be cut short between
    /// them: what is half an old identity of this disk and half its present one stands for the old one.
    fn key(&self, record: &Record) -> DiskKey {
        let named = key(disk_of(&record.named));
        let (Some(DiskId::Gpt(_)), Some(here)) = (self.layout.table.disk, self.layout.table.disk.map(key))
        else {
            return named;
        };
        let kin = self.kin.of_store.get(&record.store);
        let mut old = kin.into_iter().chain([&self.homes]).flatten();
        old.find(|old| is_splice(&named, old, &here)).copied().unwrap_or(named)
    }

    fn is_stale(&self, record: &Record) -> bool {
        self.before_candidates(record).is_none()
    }

    /// The answers that need no search for a volume.
    fn before_candidates(&self, record: &Record) -> Option<Resolution> {
        if matches!(record.purpose.role, Role::FirmwareEntry | Role::InsideVirtualDisk) {
            return Some(Resolution::Untouched);
        }
        if let Some(volume) = is_here(self.layout, &record.named) {
            return Some(Resolution::Here(volume));
        }
        let disk = disk_of(&record.named);
        if Some(disk) == self.layout.table.disk {
            return None;
        }
        let other = self.context.others.iter().find(|other| other.disk == disk)?;
        let partition = partition_of(&record.named);
        let partition = other.partitions.iter().find(|(id, _)| *id == partition).map(|(_, number)| *number);
        Some(Resolution::OtherDisk { name: other.name.clone(), partition })
    }

    fn change(&self, record: &Record) -> Change {
        let same_disk = self.layout.table.disk == Some(disk_of(&record.named));
        match (same_disk, direct(self.layout, &record.named), record.named) {
            (true, _, _) => Change::Partition,
            (false, Some(_), QualifiedPartition::Mbr { .. }) => Change::Signature,
            (false, Some(_), QualifiedPartition::Gpt { .. }) => Change::DiskGuid,
            (false, None, _) => Change::Both,
        }
    }

    fn one(&self, record: &Record, absent: &HashMap<DiskKey, usize>) -> Resolution {
        if let Some(answer) = self.before_candidates(record) {
            return answer;
        }
        let change = self.change(record);
        let left = |why| Resolution::Left { change, why };
        let same_style = matches!(
            (self.layout.table.disk, record.named),
            (Some(DiskId::Mbr(_)), QualifiedPartition::Mbr { .. })
                | (Some(DiskId::Gpt(_)), QualifiedPartition::Gpt { .. })
        );
        match self.layout.table.disk {
            None | Some(DiskId::Mbr(0)) => return left(Left::NoIdentity),
            Some(_) if !same_style => return left(Left::OtherStyle),
            Some(_) => {}
        }
        if let Some(claimed) = absent.get(&self.key(record))
            && self.chosen(record).is_none()
        {
            return left(Left::AbsentDisk(*claimed));
        }
        if change == Change::Both
            && self.chosen(record).is_none()
            && !self.kin.may_be_here(record, self.key(record))
        {
            return left(Left::NotThisDisk);
        }
        match self.candidate(record) {
            Ok(volume) if identity_of(self.layout, volume).is_some() => {
                Resolution::Repoint { volume, change }
            }
            Ok(_) => left(Left::NoCandidate),
            Err(why) => left(why),
        }
    }

    /// The partition that the user chose for this record's role.
    fn chosen(&self, record: &Record) -> Option<u32> {
        let Choice { system, windows } = self.context.choice;
        match record.purpose.role {
            Role::System => system,
            Role::Loader | Role::OsRoot | Role::Resume => windows,
            _ => None,
        }
    }

    fn candidate(&self, record: &Record) -> Result<usize, Left> {
        if let Some(number) = self.chosen(record) {
            return self.choice(record, number);
        }
        let direct = direct(self.layout, &record.named);
        if let Some(volume) = direct.filter(|volume| has_file(self.layout, record, *volume)) {
            return Ok(volume);
        }
        if record.purpose.role == Role::System {
            let store = self.layout.stores.get(record.store);
            return store.map(|store| store.volume).ok_or(Left::NoCandidate);
        }
        let with_file: Vec<usize> =
            record.purpose.file.iter().flat_map(|file| self.layout.evidence.volumes_with(file)).collect();
        let proven = self.homes.contains(&self.key(record));
        let hidden: Vec<usize> =
            record.purpose.file.iter().flat_map(|file| self.layout.evidence.volumes_hiding(file)).collect();
        let is_windows = matches!(record.purpose.role, Role::Loader | Role::OsRoot | Role::Resume);
        match (with_file.as_slice(), direct) {
            // A partition's GUID is no coincidence; and where the place is proven but cannot be looked into, another
            // volume that has a file of that name is another Windows.
            (_, Some(volume))
                if proven
                    && (matches!(record.named, QualifiedPartition::Gpt { .. })
                        || hidden.contains(&volume)) =>
            {
                Ok(volume)
            }
            // The file cannot be seen (deleted, or on an encrypted volume), but the disk and the place are proven.
            ([], Some(volume)) if proven => Ok(volume),
            ([], _) => Err(Left::NoCandidate),
            ([seen], _) if is_windows && !hidden.is_empty() => Err(Left::Hidden { seen: *seen, hidden }),
            ([volume], _) => Ok(*volume),
            (several, _) => self.chosen_among(several).ok_or_else(|| Left::Ambiguous(several.to_vec())),
        }
    }

    /// A recovery image on several volumes: the one on a volume that the user chose for something else.
    fn chosen_among(&self, several: &[usize]) -> Option<usize> {
        let Choice { system, windows } = self.context.choice;
        let mut chosen =
            [windows, system].into_iter().flatten().filter_map(|number| self.layout.by_number(number));
        chosen.find(|volume| several.contains(volume))
    }

    fn choice(&self, record: &Record, number: u32) -> Result<usize, Left> {
        let volume = self.layout.by_number(number).ok_or(Left::BadChoice(number))?;
        let unreadable =
            self.layout.volumes.get(volume).is_some_and(|facts| !facts.file_system.is_readable());
        let fits = match record.purpose.role {
            Role::System => self.layout.systems.iter().any(|system| system.volume == volume),
            _ => unreadable || has_file(self.layout, record, volume),
        };
        if fits { Ok(volume) } else { Err(Left::BadChoice(number)) }
    }

    /// Disks that loaders name, that are not here, and whose place is taken: identity to the volume that is taken.
    fn absent_disks(&self, records: &[Record]) -> HashMap<DiskKey, usize> {
        let mut claims: HashMap<(usize, usize), (DiskKey, usize)> = HashMap::new();
        let mut absent = HashMap::new();
        let is_os = |record: &&Record| matches!(record.purpose.role, Role::Loader | Role::OsRoot);
        for record in records.iter().filter(is_os) {
            if let Some(volume) = is_here(self.layout, &record.named) {
                claims.insert((record.store, volume), (self.key(record), record.object));
            }
        }
        let mut stale: Vec<_> = records.iter().filter(is_os).filter(|record| self.is_stale(record)).collect();
        stale.sort_by_key(|record| {
            let home = self.homes.contains(&self.key(record));
            (!home, !self.is_main_entry(record))
        });
        for record in stale {
            let disk = self.key(record);
            let Ok(volume) = self.candidate(record) else { continue };
            let (owner, by) = *claims.entry((record.store, volume)).or_insert((disk, record.object));
            // An entry is no rival of itself: a repair that was cut short leaves its `device` and `osdevice` different.
            if owner != disk && by != record.object && !self.homes.contains(&disk) {
                absent.insert(disk, volume);
            }
        }
        absent
    }

    fn is_main_entry(&self, record: &Record) -> bool {
        let store = self.layout.stores.get(record.store).and_then(|file| file.parsed());
        store.is_some_and(|store| entry::main_entry(store) == Some(record.object))
    }

    /// Settles ties: `osdevice` goes with `device`, a resume object with the loader that names it.
    fn follow_loaders(&self, records: &[Record], answers: &mut [Resolution]) {
        for index in 0..records.len() {
            let (Some(record), Some(Resolution::Left { change, why })) =
                (records.get(index), answers.get(index).cloned())
            else {
                continue;
            };
            let several = match why {
                Left::Ambiguous(several) => several,
                Left::Hidden { seen, hidden } => [vec![seen], hidden].concat(),
                _ => continue,
            };
            let Some(store) = self.layout.stores.get(record.store).and_then(|file| file.parsed()) else {
                continue;
            };
            let leads = |other: &Record| {
                other.store == record.store
                    && matches!(other.purpose.role, Role::Loader | Role::OsRoot)
                    && (other.object == record.object || names_resume(store, other.object, record.object))
            };
            let volumes: BTreeSet<usize> = records
                .iter()
                .zip(answers.iter())
                .filter(|(other, _)| leads(other))
                .filter_map(|(_, answer)| match answer {
                    Resolution::Here(volume) | Resolution::Repoint { volume, .. } => Some(*volume),
                    _ => None,
                })
                .collect();
            let mut volumes = volumes.into_iter();
            if let (Some(volume), None) = (volumes.next(), volumes.next())
                && several.contains(&volume)
                && let Some(answer) = answers.get_mut(index)
            {
                *answer = Resolution::Repoint { volume, change };
            }
        }
    }
}

/// Whether loader `loader` names object `resume` as its resume object.
fn names_resume(store: &Store, loader: usize, resume: usize) -> bool {
    let objects = store.objects();
    let named = objects.get(loader).and_then(|object| object.object(ElementId::RESUME_OBJECT));
    named.is_some() && named == objects.get(resume).and_then(|object| object.id)
}
