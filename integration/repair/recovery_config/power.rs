//! The power fails in every write: the file is the old one or the new one, and both ways lead on.

use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Context;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::plan;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::undo;
use bcdrescue::repair::undo::way_back;
use bcdrescue::storage::Storage as _;

use super::*;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::program::counted;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look_with;

/// A disk before the cure, and the file before and after.
struct Case {
    name: String,
    right: &'static Right,
    before: SparseRam,
    plan: Plan,
    record: Record,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn context() -> Context {
    Context { choice: Choice { recovery_config: true, ..Choice::default() }, ..Context::default() }
}

fn planned(disk: &SparseRam) -> Plan {
    let (layout, diagnosis) = look_with(disk, &context()).expect("a table");
    plan::plan(disk, &layout, &diagnosis, Cure::Repoint).expect("a plan")
}

fn case(name: &str, right: &'static Right, image: &str, old: Vec<u8>, new: Vec<u8>) -> Case {
    let before = SparseRam::read(&disk(image, right, &old).path);
    let (layout, plan) = (look_with(&before, &context()).unwrap().0, planned(&before));
    let created = "2026-01-02T03:04:05Z".into();
    let record = Record::of(&plan, &layout, before.len(), "/x/disk.img".into(), created);
    Case { name: format!("{name} of {image}"), right, before, plan, record, old, new }
}

/// The file as ntfs-3g reads it.
fn read(disk: &SparseRam, right: &Right) -> Vec<u8> {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = folder.path().join("disk");
    disk.save(&path);
    let part = partitions(&path).into_iter().find(|part| part.number == right.windows).unwrap();
    let volume = cut(&path, part.start, part.len);
    judge("ntfsfix", &["-n", text(&volume)]);
    ntfs_file(&volume, OWN)
}

fn cases() -> Vec<Case> {
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
    let mut states = 0;
    for Case { name, right, before, plan, record, old, new } in &cases {
        let (mut is_old, mut is_new) = (false, false);
        for writes in 0..=plan.patches.len() {
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly] {
                let mut disk = PowerCut::new(before, writes);
                let _ = apply(&mut disk, &plan.patches);
                let disk = disk.after(cut);
                let story = format!("{name}: {cut:?} in write {writes}");
                let now = read(&disk, right);
                assert!(now == *old || now == *new, "{story}");
                (is_old, is_new) = (is_old || now == *old, is_new || now == *new);
                states += 1;
                let (layout, _) = look_with(&disk, &context()).unwrap_or_else(|| panic!("{story}"));
                undo::check(record, &layout, disk.len()).unwrap_or_else(|why| panic!("{story}: {why}"));
                let mut undone = disk.clone();
                apply(&mut undone, &way_back(record, &disk).unwrap().patches).unwrap();
                assert!(undone.is_same(before), "{story}: undo left something");
                let mut again = disk.clone();
                apply(&mut again, &planned(&disk).patches).unwrap();
                assert_eq!(read(&again, right), *new, "{story}: a second run does not complete");
            }
        }
        assert!(is_old && is_new, "{name}");
    }
    counted("power cuts in ReAgent.xml", &format!("{} edits, {states} states", cases.len()));
}
