//! The user's word: it settles what is open, one old place at a time, and never what is certain.

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::converted;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::matching::Answer;
use crate::diagnosis::resolve::matching::Matching;
use crate::diagnosis::resolve::place::Place;
use crate::layout::index::VolumeIndex;

impl Matching<'_> {
    /// `--windows [DISK:]N`, with `--entry` where several places are open.
    pub(super) fn take_windows(&mut self) {
        let choice = self.facts.machine.context.choice;
        let Some(number) = choice.windows else { return };
        let disk = choice.windows_on.map_or(Disk::Examined, Disk::Companion);
        let layout = self.facts.machine.disk(disk);
        let Some(volume) = layout.and_then(|layout| layout.by_number(number)) else {
            return self.refuse(&Unresolved::BadChoice(number));
        };
        let spot = Spot { disk, volume };
        let open: Vec<usize> = (0..self.answers.len())
            .filter(|index| self.is_open(*index) && !self.is_at(*index, spot))
            .collect();
        let fits: Vec<usize> = open.iter().copied().filter(|index| self.may_be(*index, spot)).collect();
        let mut free: Vec<usize> =
            fits.iter().copied().filter(|index| self.is_free_for(*index, spot)).collect();
        // Of an entry whose loader and resume object are apart, the loader's is meant.
        if free.iter().any(|index| self.has_loader(*index)) {
            free.retain(|index| self.has_loader(*index));
        }
        let (left, which) = match (free.as_slice(), fits.is_empty()) {
            ([only], _) => return self.decide(*only, spot),
            ([], _) if (0..self.answers.len()).any(|index| self.is_known(index, spot)) => return,
            ([], true) => (Unresolved::BadChoice(number), open),
            ([], false) => (Unresolved::TakenChoice(number), fits),
            (several, _) => (Unresolved::EntryNeeded(number), several.to_vec()),
        };
        for index in which {
            self.put(index, Err(left.clone()));
        }
    }

    /// Whether the entry's Windows is known to be this volume: then there is nothing to say.
    fn is_known(&self, index: usize, spot: Spot) -> bool {
        let (Some(place), Some(answer)) = (self.facts.places.get(index), self.answers.get(index)) else {
            return false;
        };
        matches!(answer, Some(Answer::Here(_) | Answer::Is(_)))
            && self.is_at(index, spot)
            && !place.objects.iter().any(|object| self.facts.is_split(*object))
            && self.is_of_choice(place)
            && place.is_of_windows()
            && (self.is_whole(place, spot) || place.needs.is_hidden(self.facts.machine, spot))
    }

    fn is_at(&self, index: usize, spot: Spot) -> bool {
        let answer = self.answers.get(index);
        matches!(answer, Some(Some(Answer::Here(known) | Answer::Is(known))) if *known == spot)
    }

    pub(super) fn is_of_choice(&self, place: &Place) -> bool {
        let entry = self.facts.machine.context.choice.entry;
        entry.is_none_or(|entry| self.is_of_entry(place, entry))
    }

    /// Whether nothing but the user's word tells what Windows a place is, or it is here without one, or an entry names two.
    fn is_open(&self, index: usize) -> bool {
        let (Some(place), Some(answer)) = (self.facts.places.get(index), self.answers.get(index)) else {
            return false;
        };
        let is_without = |spot: &Spot| {
            place.needs.is_windows
                && !self.is_whole(place, *spot)
                && !place.needs.is_hidden(self.facts.machine, *spot)
                || place.objects.iter().any(|object| self.facts.is_split(*object))
        };
        self.is_of_choice(place)
            && place.is_of_windows()
            && match answer {
                None | Some(Answer::Unresolved(_)) => true,
                Some(Answer::Here(spot)) => is_without(spot),
                Some(Answer::Known { .. } | Answer::Is(_)) => false,
            }
    }

    /// Whether an object of the place is the entry, or belongs to it alone.
    fn is_of_entry(&self, place: &Place, entry: crate::guid::Guid) -> bool {
        let stores = self.facts.machine.layout.stores_indexed();
        let mut loaders = stores.filter_map(|(store, file)| Some((store, file.parsed()?.position(entry)?)));
        loaders.any(|loader| place.twins.contains(&loader))
    }

    fn may_be(&self, index: usize, spot: Spot) -> bool {
        self.facts.places.get(index).is_some_and(|place| {
            if !self.facts.machine.has_style(spot.disk, &place.named) {
                return spot.disk == Disk::Examined && self.may_be_converted(place, spot.volume);
            }
            self.facts.machine.identity(spot).is_some()
                && (place.needs.has_main(self.facts.machine, spot)
                    || place.needs.is_hidden(self.facts.machine, spot))
        })
    }

    /// Whether a volume has a Windows with the loader for the firmware that reads the place's store.
    fn may_be_converted(&self, place: &Place, volume: VolumeIndex) -> bool {
        let layout = self.facts.machine.layout;
        let stores = place.objects.iter().filter_map(|(store, _)| layout.store(*store));
        let mut firmware = stores.map(|store| store.firmware);
        firmware.any(|firmware| converted::with_loader(layout, firmware).1.contains(&volume))
    }

    fn has_loader(&self, index: usize) -> bool {
        self.facts.places.get(index).is_some_and(|place| place.needs.is_windows)
    }

    fn is_free_for(&self, index: usize, spot: Spot) -> bool {
        self.facts.places.get(index).is_some_and(|place| self.is_free(place, spot))
    }

    fn decide(&mut self, index: usize, spot: Spot) {
        self.put(index, Ok(spot));
        if let Some(place) = self.facts.places.get(index) {
            self.prove(place, spot);
        }
    }

    /// What the user says to be on its old partition tells whose the old identity was.
    pub(super) fn prove(&mut self, place: &Place, spot: Spot) {
        let is_there = self.facts.machine.direct(spot.disk, &place.named) == Some(spot);
        if is_there && matches!(place.named, QualifiedPartition::Mbr { .. }) {
            self.lineage.learn(disk_of(&place.named), spot.disk);
        }
    }

    fn put(&mut self, index: usize, word: Result<Spot, Unresolved>) {
        if let Some(slot) = self.words.get_mut(index) {
            *slot = Some(word);
        }
    }

    fn refuse(&mut self, left: &Unresolved) {
        for index in 0..self.answers.len() {
            if self.is_open(index) {
                self.put(index, Err(left.clone()));
            }
        }
    }
}
