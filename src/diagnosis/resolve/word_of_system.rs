//! The user's word for what is the boot manager's: which partition is the system volume.

use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::matching::Answer;
use crate::diagnosis::resolve::matching::Matching;
use crate::diagnosis::resolve::place::Place;

impl Matching<'_> {
    /// `--system N`: of what nothing tells the volume of; or else of what is not on the one that it names.
    pub(super) fn take_system(&mut self) {
        let Some(number) = self.facts.machine.context.choice.system else { return };
        let layout = self.facts.machine.layout;
        let volume = layout.by_number(number);
        let volume = volume.filter(|it| layout.systems.iter().any(|system| system.volume == *it));
        let spot = volume.map(|volume| Spot { disk: Disk::Examined, volume });
        let all = || 0..self.answers.len();
        let open: Vec<usize> = all().filter(|index| self.is_open_system(*index)).collect();
        let apart: Vec<usize> =
            all().filter(|index| open.is_empty() && self.is_system_apart(*index)).collect();
        for index in &open {
            let Some(place) = self.facts.places.get(*index) else { continue };
            let answer = match (spot.filter(|spot| self.fits_system(place, *spot)), open.len()) {
                (Some(spot), 1) => {
                    self.prove(place, spot);
                    Answer::Is(spot)
                }
                (Some(_), _) => continue,
                (None, _) => Answer::Unresolved(Unresolved::BadChoice(number)),
            };
            if let Some(slot) = self.answers.get_mut(*index) {
                *slot = Some(answer);
            }
        }
        for index in &apart {
            let fits = self.facts.places.get(*index).zip(spot).filter(|(place, spot)| {
                let mut files = self.own_files(place);
                self.facts.machine.has_style(Disk::Examined, &place.named)
                    && files.all(|file| self.facts.machine.has(*spot, file))
            });
            let word = match (fits, apart.len()) {
                (Some((_, spot)), 1) => Ok(spot),
                (Some(_), _) => continue,
                (None, _) => Err(Unresolved::BadChoice(number)),
            };
            // What else is on the place stays there.
            if let Some(slot) = self.of_system.get_mut(*index) {
                *slot = Some(word);
            }
        }
    }

    fn fits_system(&self, place: &Place, spot: Spot) -> bool {
        self.facts.machine.has_style(Disk::Examined, &place.named)
            && !place.needs.is_store_elsewhere(spot)
            && (place.needs.is_of_store() || place.needs.has_main(self.facts.machine, spot))
    }

    fn is_open_system(&self, index: usize) -> bool {
        let place = self.facts.places.get(index).zip(self.answers.get(index));
        place.is_some_and(|(place, answer)| answer.is_none() && place.is_of_system())
    }

    /// Whether a place is here, and a file of what is the boot manager's is not on it.
    fn is_system_apart(&self, index: usize) -> bool {
        let (Some(place), Some(Some(Answer::Here(spot)))) =
            (self.facts.places.get(index), self.answers.get(index))
        else {
            return false;
        };
        let machine = self.facts.machine;
        self.own_files(place).any(|file| !machine.has(*spot, file) && !machine.hides(*spot, file))
    }

    /// The files of a place that `--system` decides; what is on no volume tells nothing.
    fn own_files(&self, place: &Place) -> impl Iterator<Item = &String> {
        let references = place.references.iter().filter_map(|at| self.facts.references.get(*at));
        let own = references.filter(|reference| reference.purpose.role.is_system());
        let files = own.filter_map(|reference| reference.purpose.file.as_ref());
        files.filter(|file| self.facts.machine.is_anywhere(file))
    }
}
