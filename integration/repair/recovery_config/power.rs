//! The power fails in every write: the file is the old one or the new one, and both ways lead on.

use bcdrescue::diagnosis::Choice;

use super::*;
use crate::support::program::counted;
use crate::support::sparse::SparseRam;
use crate::support::text_cuts::TextCase;

fn case(name: &str, right: &Right, image: &str, old: Vec<u8>, new: Vec<u8>) -> TextCase {
    TextCase {
        name: format!("{name} of {image}"),
        choice: Choice { recovery_config: true, ..Choice::default() },
        before: SparseRam::read(&disk(image, right, &old).path),
        place: (right.windows, OWN),
        old,
        new,
    }
}

fn cases() -> Vec<TextCase> {
    let mut cases = Vec::new();
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        let of = |entry: &str, offset| xml(entry, right.id, offset, right.guid, 1);
        let good = of(&entry, start);
        let short = of(GONE, 7);
        cases.push(case("in its record", right, right.healthy, utf8(&short), utf8(&good)));
        cases.push(case("in clusters", right, right.healthy, little(&long(&short)), little(&long(&good))));
        let one = of(&entry, start + 512);
        cases.push(case("in one sector", right, right.healthy, utf8(&long(&one)), utf8(&long(&good))));
        let (old, new) = (
            xml(&entry, right.id, start, right.guid, 1),
            xml(&entry, right.new_id, start, right.new_guid, 1),
        );
        cases.push(case("with the stores", right, right.broken, utf8(&old), utf8(&new)));
    }
    cases
}

#[test]
fn at_every_cut_the_file_is_the_old_one_or_the_new_one() {
    let cases = cases();
    let states: usize = cases.iter().map(TextCase::holds).sum();
    counted("power cuts in ReAgent.xml", &format!("{} edits, {states} states", cases.len()));
}
