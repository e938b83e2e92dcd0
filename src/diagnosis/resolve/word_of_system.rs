//! The user's word for what is the boot manager's: which partition is the system volume.

use crate::diagnosis::model::resolution::Left;
use crate::diagnosis::resolve::machine::EXAMINED;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::matching::Answer;
use crate::diagnosis::resolve::matching::Matching;
use crate::diagnosis::resolve::place::Place;
use crate::diagnosis::resolve::record::Record;

impl Matching<'_> {
    /// `--system N`: of what nothing tells the volume of; or else of what is not on the one that it names.
    pub(super) fn take_system(&mut self) {
        let Some(number) = self.facts.machine.context.choice.system else { return };
        let layout = self.facts.machine.layout;
        let volume = layout.by_number(number);
        let volume = volume.filter(|it| layout.systems.iter().any(|system| system.volume == *it));
        let spot = volume.map(|volume| Spot { disk: EXAMINED, volume });
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
                (None, _) => Answer::Left(Left::BadChoice(number)),
            };
            if let Some(slot) = self.answers.get_mut(*index) {
                *slot = Some(answer);
            }
        }
        for index in &apart {
            let fits = self.facts.places.get(*index).zip(spot).filter(|(place, spot)| {
                let has = |record: &Record| {
                    record.purpose.file.as_ref().is_none_or(|file| self.facts.machine.has(*spot, file))
                };
                self.facts.machine.has_style(EXAMINED, &place.named) && self.own(place).all(has)
            });
            let word = match (fits, apart.len()) {
                (Some((_, spot)), 1) => Ok(spot),
                (Some(_), _) => continue,
                (None, _) => Err(Left::BadChoice(number)),
            };
            // What else is on the place stays there.
            if let Some(slot) = self.of_system.get_mut(*index) {
                *slot = Some(word);
            }
        }
    }

    fn fits_system(&self, place: &Place, spot: Spot) -> bool {
        self.facts.machine.has_style(EXAMINED, &place.named)
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
        self.own(place).any(|record| {
            let file = record.purpose.file.as_ref();
            file.is_some_and(|file| !machine.has(*spot, file) && !machine.hides(*spot, file))
        })
    }

    /// The records of a place that `--system` decides.
    fn own(&self, place: &Place) -> impl Iterator<Item = &Record> {
        let records = place.records.iter().filter_map(|at| self.facts.records.get(*at));
        records.filter(|record| record.purpose.role.is_system())
    }
}
