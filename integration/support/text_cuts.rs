//! A small text of Windows that a repair renews while the power fails in every write: it is the old one or the new one, and both ways lead
//! on.

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

use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::program::text;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look_with;

/// A disk before the cure, and the file before and after.
pub struct TextCase {
    pub name: String,
    /// What is asked of the repair.
    pub choice: Choice,
    pub before: SparseRam,
    /// The partition with the file, and its path there.
    pub place: (u32, &'static str),
    pub old: Vec<u8>,
    pub new: Vec<u8>,
}

impl TextCase {
    /// Cuts the power at every write, and keeps, loses or reorders what was written; the states that were looked at.
    pub fn holds(&self) -> usize {
        let Self { name, before, old, new, .. } = self;
        let (layout, plan) = (look_with(before, &self.context()).unwrap().0, self.planned(before));
        let created = "2026-01-02T03:04:05Z".into();
        let record = Record::of(&plan, &layout, before.len(), "/x/disk.img".into(), created);
        let (mut states, mut is_old, mut is_new) = (0, false, false);
        for writes in 0..=plan.patches.len() {
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly] {
                let mut disk = PowerCut::new(before, writes);
                let _ = apply(&mut disk, &plan.patches);
                let disk = disk.after(cut);
                let story = format!("{name}: {cut:?} in write {writes}");
                let now = self.read(&disk);
                assert!(now == *old || now == *new, "{story}");
                (is_old, is_new) = (is_old || now == *old, is_new || now == *new);
                states += 1;
                let (layout, _) = look_with(&disk, &self.context()).unwrap_or_else(|| panic!("{story}"));
                undo::check(&record, &layout, disk.len()).unwrap_or_else(|why| panic!("{story}: {why}"));
                let mut undone = disk.clone();
                apply(&mut undone, &way_back(&record, &disk).unwrap().patches).unwrap();
                assert!(undone.is_same(before), "{story}: undo left something");
                let mut again = disk.clone();
                apply(&mut again, &self.planned(&disk).patches).unwrap();
                assert_eq!(self.read(&again), *new, "{story}: a second run does not complete");
            }
        }
        assert!(is_old && is_new, "{name}");
        states
    }

    fn context(&self) -> Context {
        Context { choice: self.choice, ..Context::default() }
    }

    fn planned(&self, disk: &SparseRam) -> Plan {
        let (layout, diagnosis) = look_with(disk, &self.context()).expect("a table");
        plan::plan(disk, &layout, &diagnosis, Cure::Repoint).expect("a plan")
    }

    /// The file as ntfs-3g reads it.
    fn read(&self, disk: &SparseRam) -> Vec<u8> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = folder.path().join("disk");
        disk.save(&path);
        let (number, file) = self.place;
        let part = partitions(&path).into_iter().find(|part| part.number == number).unwrap();
        let volume = cut(&path, part.start, part.len);
        judge("ntfsfix", &["-n", text(&volume)]);
        ntfs_file(&volume, file)
    }
}
