//! Old places matched to volumes: one place, one answer, and one volume, one place.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::partition_of;
use crate::diagnosis::model::resolution::NotHere;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::facts::Facts;
use crate::diagnosis::resolve::lineage::Lineage;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::place::Place;
use crate::diagnosis::resolve::place::is_half;
use crate::layout::VolumeRole;
use crate::partition::DiskId;
use crate::volume::FileSystem;

/// What became of an old place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is none: a volume has that identity now.
    Here(Spot),
    /// It is on another known disk.
    Known {
        /// The disk's name.
        name: String,
        /// Number of the partition, if that is there.
        partition: Option<u32>,
    },
    /// It is this volume.
    Is(Spot),
    /// It is left.
    Unresolved(Unresolved),
}

/// What a proven place on its old partition is.
enum Direct {
    /// The volume there.
    Is,
    /// Not that volume.
    Not,
    /// Perhaps that volume, perhaps one of these.
    Doubt(Vec<Spot>),
}

/// The matching on its way.
pub(super) struct Matching<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) lineage: Lineage,
    /// By place; `None` while it is open.
    pub(super) answers: Vec<Option<Answer>>,
    /// Old disks of which a place may have been exchanged with another, for a third has moved.
    doubted: BTreeSet<DiskId>,
    /// What the user said of the Windows entries' part of a place.
    pub(super) words: Vec<Option<Result<Spot, Unresolved>>>,
    /// The same of its disk images.
    pub(super) of_images: Vec<Option<Result<Spot, Unresolved>>>,
    /// The same of what is the boot manager's, where it is another volume than the place.
    pub(super) of_system: Vec<Option<Result<Spot, Unresolved>>>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(facts: &'a Facts<'a>) -> Self {
        let linked: Vec<Option<Spot>> = facts.places.iter().map(|place| linked(facts, place)).collect();
        let lineage = Lineage::new(facts, &linked);
        let fixed = facts
            .places
            .iter()
            .zip(linked)
            .map(|(place, linked)| fixed(facts, place).or_else(|| linked.map(Answer::Is)));
        let answers: Vec<_> = fixed.collect();
        let words = vec![None; answers.len()];
        let (of_images, of_system) = (words.clone(), words.clone());
        Self { facts, lineage, answers, doubted: BTreeSet::new(), words, of_images, of_system }
    }

    /// Settles what the place itself tells, where its old disk is proven.
    pub(super) fn by_place(&mut self) {
        for (place, answer) in self.facts.places.iter().zip(&mut self.answers) {
            if answer.is_some() {
                continue;
            }
            let disk = self.lineage.disk_of_place(self.facts, place);
            let store = place.needs.store_volume().filter(|_| disk == Some(Disk::Examined));
            let store = store.filter(|spot| place.needs.grade(self.facts.machine, *spot).complete);
            let direct_at = disk.and_then(|disk| self.facts.machine.direct(disk, &place.named));
            let Some(spot) = store.or(direct_at) else { continue };
            *answer = match direct(self.facts, place, spot) {
                Direct::Is => Some(Answer::Is(spot)),
                _ if store.is_some() => Some(Answer::Is(spot)),
                Direct::Doubt(others) => {
                    self.doubted.insert(disk_of(&place.named));
                    Some(Answer::Unresolved(ambiguous(self.facts, &[vec![spot], others].concat())))
                }
                Direct::Not => None,
            };
        }
    }

    /// Settles the rest by what volumes have, where one volume fits one place alone.
    pub(super) fn by_files(&mut self) {
        let found: Vec<Vec<Spot>> = (0..self.answers.len()).map(|index| self.candidates(index)).collect();
        let mut wanted: BTreeMap<Spot, usize> = BTreeMap::new();
        for spot in found.iter().flatten() {
            let places = wanted.entry(*spot).or_default();
            *places = places.saturating_add(1);
        }
        let settled: Vec<Option<Answer>> = (0..self.answers.len())
            .map(|index| match self.answers.get(index) {
                Some(None) => Some(self.settle(index, found.get(index)?, &wanted)),
                Some(answer) => answer.clone(),
                None => None,
            })
            .collect();
        self.answers = settled;
    }

    /// Leaves what tells whose an old identity was, as long as something else of it is an open question.
    pub(super) fn keep_proofs(&mut self) {
        let facts = self.facts;
        let is_with_others = !facts.machine.context.companions.is_empty();
        // What a volume has that nobody can read may be what is meant.
        let is_blind = facts.machine.layout.volumes.iter().any(|facts| {
            let is_unknown = facts.unreadable.is_some()
                || matches!(facts.file_system, FileSystem::Unknown | FileSystem::Encrypted);
            is_unknown && facts.role == VolumeRole::Other && facts.partition.number != 0
        });
        let is_open = |answer: &Option<Answer>, word: &Option<Result<Spot, Unresolved>>| match (answer, word)
        {
            (_, Some(Ok(_))) => false,
            (_, Some(Err(_))) => true,
            // Another partition has its identity: that has to be settled first.
            (Some(Answer::Is(spot)), None) => facts.machine.identity(*spot).is_none(),
            (Some(Answer::Unresolved(left)), None) => match left {
                Unresolved::NoCandidate => is_with_others || is_blind,
                Unresolved::Taken(_) | Unresolved::OnCompanion(..) => is_with_others,
                Unresolved::NotThisDisk { .. } => false,
                _ => true,
            },
            _ => false,
        };
        let words: Vec<_> = self
            .words
            .iter()
            .zip(&self.of_images)
            .map(|(word, image)| word.clone().or_else(|| image.clone()))
            .collect();
        let all = facts.places.iter().zip(&self.answers).zip(&words);
        let open = all.filter(|((_, answer), word)| is_open(answer, word));
        let open: BTreeSet<DiskId> = open.map(|((place, _), _)| disk_of(&place.named)).collect();
        let doubted: BTreeSet<DiskId> =
            self.doubted.iter().copied().filter(|old| open.contains(old)).collect();
        for (place, answer) in facts.places.iter().zip(&mut self.answers) {
            let is_proof = place.roles.iter().all(|role| role.is_system()) && facts.tells_of_system(place);
            let old = disk_of(&place.named);
            let has_moved = matches!(answer, Some(Answer::Is(spot)) if facts.machine.direct(spot.disk, &place.named) != Some(*spot));
            let is_kept = (is_proof && open.contains(&old)) || (has_moved && doubted.contains(&old));
            if is_kept && facts.machine.carrier(old).is_none() {
                *answer = answer.take().map(|answer| match answer {
                    Answer::Is(spot) if spot.disk == Disk::Examined => {
                        Answer::Unresolved(Unresolved::Kept(spot.volume))
                    }
                    answer => answer,
                });
            }
        }
    }

    /// The volumes that an open place may be.
    fn candidates(&self, index: usize) -> Vec<Spot> {
        let Some(place) = self.facts.places.get(index).filter(|place| !place.needs.is_of_store()) else {
            return Vec::new();
        };
        let disks: Vec<Disk> = match self.answers.get(index) {
            Some(None) => self.disks(place),
            // It is here without what it stands for: that may have gone elsewhere.
            Some(Some(Answer::Here(spot))) if !place.needs.grade(self.facts.machine, *spot).any => {
                vec![spot.disk]
            }
            _ => return Vec::new(),
        };
        let spots = disks.into_iter().flat_map(|disk| self.facts.machine.spots(disk));
        spots.filter(|spot| self.is_whole(place, *spot)).collect()
    }

    /// The disks that an open place may be on: what nobody can place is a rival everywhere.
    fn disks(&self, place: &Place) -> Vec<Disk> {
        let facts = self.facts;
        let disk = disk_of(&place.named);
        let home = facts.machine.carrier(disk).or_else(|| self.lineage.disk(disk));
        match home {
            Some(disk) => vec![disk],
            None => {
                let may_be = |disk: &Disk| facts.machine.has_style(*disk, &place.named);
                facts.machine.disks().map(|(disk, _)| disk).filter(may_be).collect()
            }
        }
    }

    pub(super) fn is_whole(&self, place: &Place, spot: Spot) -> bool {
        place.needs.grade(self.facts.machine, spot).complete
    }

    /// Whether no other place is known to be this volume.
    pub(super) fn is_free(&self, place: &Place, spot: Spot) -> bool {
        let now = self.facts.machine.identity(spot);
        let is_other = |(other, answer): (&Place, &Option<Answer>)| {
            other.named != place.named
                && *answer == Some(Answer::Is(spot))
                && !other.needs.is_of_store()
                && !now.is_some_and(|now| is_half(other, place, &now))
        };
        let is_said = |(other, word): (&Place, &Option<Result<Spot, Unresolved>>)| {
            other.named != place.named && *word == Some(Ok(spot))
        };
        !self.facts.claims.is_taken(place, spot)
            && !self.facts.places.iter().zip(&self.answers).any(is_other)
            && !self.facts.places.iter().zip(&self.words).any(is_said)
            && !self.facts.places.iter().zip(&self.of_images).any(is_said)
    }

    fn settle(&self, index: usize, found: &[Spot], wanted: &BTreeMap<Spot, usize>) -> Answer {
        let facts = self.facts;
        let Some(place) = facts.places.get(index) else { return Answer::Unresolved(Unresolved::NoCandidate) };
        let old = disk_of(&place.named);
        let home = facts.machine.carrier(old).or_else(|| self.lineage.disk(old));
        let Some(disk) = home else { return Answer::Unresolved(self.not_here(place)) };
        if place.needs.is_of_store() {
            let mut stores = facts.machine.spots(Disk::Examined).filter(|spot| self.is_whole(place, *spot));
            let store = stores.next().filter(|_| disk == Disk::Examined);
            return store.map_or(Answer::Unresolved(Unresolved::NoCandidate), Answer::Is);
        }
        let whole: Vec<Spot> =
            found.iter().copied().filter(|spot| place.needs.has_all(facts.machine, *spot)).collect();
        let only = match (found, whole.as_slice()) {
            ([only], _) | (_, [only]) => *only,
            ([], _) => return Answer::Unresolved(self.nowhere(place, disk)),
            // Which of them others name tells nothing of which is meant: its own may be gone.
            (several, _) => return Answer::Unresolved(ambiguous(facts, several)),
        };
        if !self.is_free(place, only) {
            return Answer::Unresolved(Unresolved::Taken(facts.machine.name(only)));
        }
        if wanted.get(&only).is_some_and(|places| *places > 1) {
            return Answer::Unresolved(Unresolved::Rivals(facts.machine.name(only)));
        }
        let rivals = self.rivals(place, only);
        if !rivals.is_empty() {
            return Answer::Unresolved(ambiguous(facts, &[vec![only], rivals].concat()));
        }
        match self.hidden(place, only) {
            Some(left) => Answer::Unresolved(left),
            None => Answer::Is(only),
        }
    }

    /// Volumes of other disks that an old place may be too, which is no longer where it was: nobody said that it stayed on its disk.
    fn rivals(&self, place: &Place, only: Spot) -> Vec<Spot> {
        let facts = self.facts;
        if facts.machine.carrier(disk_of(&place.named)).is_some() {
            return Vec::new();
        }
        let may_be = |disk: &Disk| {
            *disk != only.disk
                && facts.machine.has_style(*disk, &place.named)
                && self.lineage.against(facts, *disk).is_none()
        };
        let disks = facts.machine.disks().map(|(disk, _)| disk).filter(may_be);
        let spots = disks.flat_map(|disk| facts.machine.spots(disk));
        spots.filter(|spot| self.is_whole(place, *spot) && self.is_free(place, *spot)).collect()
    }

    /// Why a place of a disk that is here is left, where no volume of it has what it stands for.
    fn nowhere(&self, place: &Place, disk: Disk) -> Unresolved {
        let facts = self.facts;
        let others = facts.machine.disks().map(|(other, _)| other).filter(|other| *other != disk);
        let spots: Vec<Spot> = others.flat_map(|other| facts.machine.spots(other)).collect();
        let mut found = spots.into_iter().filter(|spot| {
            facts.machine.has_style(spot.disk, &place.named)
                && self.is_whole(place, *spot)
                && self.is_free(place, *spot)
        });
        // It may be on a partition that is missing here.
        let is_seen = facts.machine.disk(disk).is_some_and(|layout| layout.table.unseen.is_none());
        let only = found.next().filter(|_| is_seen && found.next().is_none());
        let named = only.and_then(|spot| {
            let companion = facts.machine.companion(spot.disk)?;
            let number = companion.layout.partition(spot.volume)?.number;
            Some(Unresolved::OnCompanion(companion.name.clone(), number))
        });
        named.unwrap_or(Unresolved::NoCandidate)
    }

    /// Why a place of a disk that is not known to be here is left.
    fn not_here(&self, place: &Place) -> Unresolved {
        let facts = self.facts;
        let whole: Vec<Spot> = facts
            .machine
            .disks()
            .flat_map(|(disk, _)| facts.machine.spots(disk))
            .filter(|spot| self.is_whole(place, *spot))
            .collect();
        let free: Vec<Spot> = whole.iter().copied().filter(|spot| self.is_free(place, *spot)).collect();
        if self.lineage.is_contested(disk_of(&place.named)) && free.len() > 1 {
            return ambiguous(facts, &free);
        }
        if let ([], Some(taken), true) = (free.as_slice(), whole.first(), place.needs.is_proof) {
            return Unresolved::Taken(facts.machine.name(*taken));
        }
        let seen = free.iter().filter(|spot| spot.disk == Disk::Examined).map(|spot| spot.volume).collect();
        let why = self.lineage.against(facts, Disk::Examined).unwrap_or(NotHere::Unproven);
        Unresolved::NotThisDisk { why, seen }
    }

    /// The reason not to believe the only volume that is seen to have it: others may have it too.
    fn hidden(&self, place: &Place, seen: Spot) -> Option<Unresolved> {
        let layout = self.facts.machine.disk(seen.disk)?;
        let spots = self.facts.machine.spots(seen.disk);
        // No Windows is on an EFI system partition.
        let may_have = |spot: &Spot| {
            !layout.is_esp(spot.volume)
                && place.needs.is_hidden(self.facts.machine, *spot)
                && self.is_free(place, *spot)
        };
        let hidden: Vec<Spot> = spots.filter(may_have).collect();
        if hidden.is_empty() && layout.table.unseen.is_none() {
            return None;
        }
        if seen.disk == Disk::Examined {
            let hidden = hidden.into_iter().map(|spot| spot.volume).collect();
            return Some(Unresolved::Hidden { seen: seen.volume, hidden });
        }
        let missing = layout.table.unseen.iter().filter_map(|_| {
            let companion = self.facts.machine.companion(seen.disk)?;
            Some(format!("possibly a partition that is missing on {}", companion.name))
        });
        let names = [seen].into_iter().chain(hidden).map(|spot| self.facts.machine.name(spot));
        Some(Unresolved::AmbiguousDisks(names.chain(missing).collect()))
    }
}

/// What needs no proof: what is named by what it is, what the user's record says, and what is another disk's.
fn fixed(facts: &Facts<'_>, place: &Place) -> Option<Answer> {
    let here = facts.machine.here(&place.named);
    if let Some(spot) = here.filter(|spot| spot.disk == Disk::Examined) {
        return Some(Answer::Here(spot));
    }
    if let Some(spot) = snapshot(facts, place) {
        return Some(Answer::Is(spot));
    }
    if let Some(spot) = here {
        return Some(Answer::Here(spot));
    }
    let disk = disk_of(&place.named);
    if facts.machine.carrier(disk).is_some() {
        return None;
    }
    let other = facts.machine.context.others.find(disk)?;
    let partition = partition_of(&place.named);
    let partition = other.partitions.iter().find(|(id, _)| *id == partition).map(|(_, number)| *number);
    Some(Answer::Known { name: other.name.clone(), partition })
}

/// The volume that is where the place was by the user's record, unless what it stands for has gone elsewhere.
fn snapshot(facts: &Facts<'_>, place: &Place) -> Option<Spot> {
    let snapshot = facts.machine.context.snapshot.as_ref()?;
    let volume = snapshot.meant(facts.machine.layout, &place.named)?;
    let spot = Spot { disk: Disk::Examined, volume };
    let is_it = facts.machine.has_style(Disk::Examined, &place.named)
        && facts.better(place, spot).is_empty()
        && matches!(direct(facts, place, spot), Direct::Is);
    is_it.then_some(spot)
}

/// The volume that what belongs to the place's objects names rightly: a repair was cut short, or done by hand in part.
fn linked(facts: &Facts<'_>, place: &Place) -> Option<Spot> {
    let spot = facts.claims.of_twins(place)?;
    let is_it = facts.machine.has_style(spot.disk, &place.named)
        && facts.machine.context.others.find(disk_of(&place.named)).is_none()
        && facts.machine.carrier(disk_of(&place.named)).is_none_or(|disk| disk == spot.disk)
        && !facts.claims.is_taken(place, spot)
        && (place.needs.grade(facts.machine, spot).complete || place.needs.is_hidden(facts.machine, spot));
    is_it.then_some(spot)
}

fn direct(facts: &Facts<'_>, place: &Place, spot: Spot) -> Direct {
    let grade = place.needs.grade(facts.machine, spot);
    let mut better = facts.better(place, spot);
    better.extend(facts.exchanged(place, spot));
    better.extend(facts.reordered(place, spot));
    // Where it cannot be looked into, another volume that has files of those names is another's.
    let is_hidden = place.needs.is_hidden(facts.machine, spot);
    let by_guid = matches!(place.named, QualifiedPartition::Gpt { .. });
    match (better.is_empty(), grade.complete) {
        _ if is_hidden => Direct::Is,
        (true, is_whole) if is_whole || place.needs.is_empty() => Direct::Is,
        // A GUID needs no file, where what has gone is no more than a resume loader.
        (true, _) if by_guid && !place.needs.is_proof && place.needs.is_lost() => Direct::Is,
        (true, _) if is_written_over(facts, place, spot) => Direct::Is,
        // What is missing here, and nowhere else, was lost.
        (true, _) if grade.several || (grade.any && !place.needs.is_windows) => Direct::Is,
        (true, _) => Direct::Not,
        (false, false) if !by_guid => Direct::Not,
        (false, _) => Direct::Doubt(better),
    }
}

/// Whether something else was put where the place was, and what that had is nowhere: the partition is the one that is meant.
fn is_written_over(facts: &Facts<'_>, place: &Place, spot: Spot) -> bool {
    let mut all = facts.machine.disks().flat_map(|(disk, _)| facts.machine.spots(disk));
    !facts.machine.is_readable(spot)
        && !place.needs.is_empty()
        && !all.any(|spot| place.needs.grade(facts.machine, spot).complete)
}

fn ambiguous(facts: &Facts<'_>, spots: &[Spot]) -> Unresolved {
    let spots: BTreeSet<Spot> = spots.iter().copied().collect();
    match spots.iter().all(|spot| spot.disk == Disk::Examined) {
        true => Unresolved::Ambiguous(spots.iter().map(|spot| spot.volume).collect()),
        false => Unresolved::AmbiguousDisks(spots.iter().map(|spot| facts.machine.name(*spot)).collect()),
    }
}
