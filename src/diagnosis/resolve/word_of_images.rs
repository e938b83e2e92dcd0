//! The user's word for disk images: which partition has the recovery environment, or a virtual disk.

use std::collections::BTreeSet;

use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::matching::Answer;
use crate::diagnosis::resolve::matching::Matching;
use crate::diagnosis::resolve::place::Place;

impl Matching<'_> {
    /// `--recovery [DISK:]N`: of images that nothing tells the volume of, or that are not on the one that is named; with `--entry` where
    /// several places are open.
    pub(super) fn take_recovery(&mut self) {
        let machine = self.facts.machine;
        let Some(number) = machine.context.choice.recovery else { return };
        let disk = machine.context.choice.recovery_on.map_or(Disk::Examined, Disk::Companion);
        let volume = machine.disk(disk).and_then(|layout| layout.by_number(number));
        let spot = volume.map(|volume| Spot { disk, volume });
        let open: Vec<usize> = (0..self.answers.len()).filter(|index| self.has_open_image(*index)).collect();
        let fits = |index: &usize| {
            let place = self.facts.places.get(*index).zip(spot);
            place.is_some_and(|(place, spot)| {
                let files = self.images(place);
                machine.has_style(spot.disk, &place.named) && files.iter().all(|file| machine.has(spot, file))
            })
        };
        let fitting: Vec<usize> = open.iter().copied().filter(fits).collect();
        let is_of_choice =
            |index: &usize| self.facts.places.get(*index).is_some_and(|it| self.is_of_choice(it));
        let chosen: Vec<usize> = fitting.iter().copied().filter(is_of_choice).collect();
        let (which, word) = match (fitting.as_slice(), spot) {
            ([only], Some(spot)) => (vec![*only], Ok(spot)),
            (_, Some(spot)) if chosen.len() == 1 => (chosen, Ok(spot)),
            ([], _) => (open, Err(Unresolved::BadChoice(number))),
            (several, _) => (several.to_vec(), Err(Unresolved::EntryNeeded(number))),
        };
        for index in which {
            if let (Some(place), Ok(spot)) = (self.facts.places.get(index), &word) {
                self.prove(place, *spot);
            }
            if let Some(slot) = self.of_images.get_mut(index) {
                *slot = Some(word.clone());
            }
        }
    }

    /// The image files of a place that are on any volume.
    fn images(&self, place: &Place) -> BTreeSet<String> {
        let references = place.references.iter().filter_map(|at| self.facts.references.get(*at));
        let images = references.filter(|reference| reference.purpose.role.is_image());
        let files = images.filter_map(|reference| reference.purpose.file.as_ref());
        files.map(|file| file.to_lowercase()).filter(|file| self.facts.machine.is_anywhere(file)).collect()
    }

    fn has_open_image(&self, index: usize) -> bool {
        let (Some(place), Some(answer)) = (self.facts.places.get(index), self.answers.get(index)) else {
            return false;
        };
        let machine = self.facts.machine;
        let files = self.images(place);
        let is_missing =
            |spot: Spot| files.iter().any(|file| !machine.has(spot, file) && !machine.hides(spot, file));
        !files.is_empty()
            && match answer {
                None | Some(Answer::Unresolved(_)) => !place.needs.is_windows,
                Some(Answer::Here(spot)) => is_missing(*spot),
                Some(Answer::Known { .. } | Answer::Is(_)) => false,
            }
    }
}
