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
use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::diagnosis::answer::Change;
use crate::diagnosis::answer::Left;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::beside;
use crate::diagnosis::convert;
use crate::diagnosis::disk_of;
use crate::diagnosis::entry;
use crate::diagnosis::identity_of;
use crate::diagnosis::kin::DiskKey;
use crate::diagnosis::kin::Kin;
use crate::diagnosis::kin::homes;
use crate::diagnosis::kin::is_splice;
use crate::diagnosis::kin::key;
use crate::diagnosis::partition_of;
use crate::diagnosis::record::Record;
use crate::diagnosis::record::direct;
use crate::diagnosis::record::has_file;
use crate::diagnosis::record::is_here;
use crate::diagnosis::role::Role;
use crate::layout::Layout;
use crate::partition::DiskId;

/// Resolves every record; the answers are in the order of `records`.
#[must_use]
pub fn resolve(layout: &Layout, context: &Context, records: &[Record]) -> Vec<Resolution> {
    let homes = homes(layout, records);
    let kin = Kin::new(layout, records, &homes);
    let resolver = Resolver { layout, context, homes, kin };
    let absent = resolver.absent_disks(records);
    let mut answers: Vec<_> = records.iter().map(|record| resolver.one(record, &absent)).collect();
    resolver.follow_loaders(records, &mut answers);
    let settle = |(record, answer)| beside::settle(layout, context, records, record, answer);
    records.iter().zip(answers).map(settle).collect()
}

struct Resolver<'a> {
    layout: &'a Layout,
    context: &'a Context,
    /// Old identities of this disk, proven by an element whose file is where it points.
    homes: BTreeSet<DiskKey>,
    kin: Kin,
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
        if let Some(volume) = self.recorded(record) {
            return Some(Resolution::Repoint { volume, change: self.change(record) });
        }
        let disk = disk_of(&record.named);
        if Some(disk) == self.layout.table.disk {
            return None;
        }
        if let Some(answer) = beside::named(self.context, record) {
            return Some(answer);
        }
        if self.context.beside.iter().any(|beside| beside.layout.table.disk == Some(disk)) {
            // The user says that this disk belongs here: a partition that it no longer has is looked for.
            return None;
        }
        let other = self.context.others.find(disk)?;
        let partition = partition_of(&record.named);
        let partition = other.partitions.iter().find(|(id, _)| *id == partition).map(|(_, number)| *number);
        Some(Resolution::OtherDisk { name: other.name.clone(), partition, is_named: false })
    }

    /// The volume that the record meant when all was well, by the user's record of that time.
    fn recorded(&self, record: &Record) -> Option<usize> {
        let volume = self.context.recorded.as_ref()?.meant(self.layout, &record.named)?;
        let same_style = identity_of(self.layout, volume).is_some_and(|here| {
            matches!(
                (here, record.named),
                (QualifiedPartition::Mbr { .. }, QualifiedPartition::Mbr { .. })
                    | (QualifiedPartition::Gpt { .. }, QualifiedPartition::Gpt { .. })
            )
        });
        (same_style && self.layout.table.disk != Some(DiskId::Mbr(0))).then_some(volume)
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
            // A store whose boot manager names a disk of this kind means another disk by one of the other kind.
            Some(_) if !same_style && !self.kin.may_be_here(record, self.key(record)) => {
                return left(Left::NotThisDisk);
            }
            Some(_) if !same_style => return convert::resolve(self.layout, self.context.choice, record),
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
        let Choice { system, windows, windows_on, .. } = self.context.choice;
        let windows = windows.filter(|_| windows_on.is_none());
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
        let hidden = record.purpose.file.iter().flat_map(|file| self.layout.evidence.volumes_hiding(file));
        // No Windows is on an EFI system partition.
        let hidden: Vec<usize> = hidden.filter(|volume| !self.layout.is_esp(*volume)).collect();
        let is_unseen = self.layout.table.unseen.is_some();
        let is_guess = match record.purpose.role {
            Role::Loader | Role::OsRoot | Role::Resume => is_unseen || !hidden.is_empty(),
            Role::Image | Role::Sdi => is_unseen,
            _ => false,
        };
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
            (seen @ [volume], _) if is_guess => {
                self.chosen_among(seen).ok_or(Left::Hidden { seen: *volume, hidden })
            }
            ([volume], _) => Ok(*volume),
            (several, _) => self.chosen_among(several).ok_or_else(|| Left::Ambiguous(several.to_vec())),
        }
    }

    /// A recovery image on several volumes: the one on a volume that the user chose for something else.
    fn chosen_among(&self, several: &[usize]) -> Option<usize> {
        let Choice { system, windows, windows_on, .. } = self.context.choice;
        let windows = windows.filter(|_| windows_on.is_none());
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
