//! Cut power, failing media and lying ones: what is left is never worse than before, and undo and fix both finish.

use std::sync::OnceLock;

use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::model::code::Code;
use bcdrescue::layout::Layout;
use bcdrescue::layout::drivers::controller::Controller;
use bcdrescue::layout::drivers::controller::Controllers;
use bcdrescue::layout::store::Dirty;
use bcdrescue::layout::store::StoreFile;
use bcdrescue::repair::apply::ApplyError;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::patch::Patch;
use bcdrescue::repair::patch::inverse;
use bcdrescue::repair::plan;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::undo;
use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::StorageMut;

use crate::support::dirty;
use crate::support::disk::Disk;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::power_cut::dead;
use crate::support::program::counted;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look_with;
use crate::support::storage_drivers::FILES;
use crate::support::storage_drivers::control_set;
use crate::support::storage_drivers::hive_of;
use crate::support::storage_drivers::service;
use crate::support::storage_drivers::vioscsi;
use crate::support::storage_drivers::with_drivers;
use crate::support::store::put_store;
use crate::support::store::store_of;

/// A disk before and after its repair, and how one comes from the other.
struct Case {
    name: &'static str,
    context: Context,
    before: SparseRam,
    after: SparseRam,
    plan: Plan,
    record: Record,
}

fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let plain = ["win2008r2-bios", "win11-uefi", "win2022-uefi-4kn"];
        let mut cases: Vec<Case> =
            plain.map(|name| case(name, SparseRam::of(name), Choice::default())).into();
        cases.push(started_elsewhere());
        cases.push(converted());
        cases.push(to_another_controller());
        cases.extend(dirty::disks().into_iter().map(|(name, disk)| case(name, disk, Choice::default())));
        cases
    })
}

/// A new signature, no active partition, and a boot record that believes to be elsewhere: all in one plan.
fn started_elsewhere() -> Case {
    let mut disk = SparseRam::of("win10-bios");
    disk.put(0x1be, &[0]);
    disk.put((1 << 20) + 0x1c, &63u32.to_le_bytes());
    let choice = Choice { active: Some(1), boot_sector: true, ..Choice::default() };
    case("win10-bios without a start", disk, choice)
}

/// A UEFI disk whose store comes from an MBR disk.
fn converted() -> Case {
    let disk = Disk::raw("win11-uefi-healthy");
    let store = store_of(&Disk::raw("win10-bios-healthy"), "/Boot/BCD");
    put_store(&disk, "/EFI/Microsoft/Boot/BCD", &store);
    let choice = Choice { convert: true, ..Choice::default() };
    case("win11-uefi with a store of an MBR disk", SparseRam::read(&disk.path), choice)
}

/// A new signature, and a driver that is not loaded, in two control sets.
fn to_another_controller() -> Case {
    let disk = Disk::raw("win10-bios");
    let sets = [1, 2].map(|number| control_set(number, vec![service("vioscsi", 3)], vec![]));
    let hive = hive_of(sets.into(), vec![vioscsi()], [1, 1, 2], vec![]);
    let names: Vec<&str> = FILES.into_iter().chain(["vioscsi.sys"]).collect();
    with_drivers(&disk, 2, &hive, &names);
    let on = Controllers::default().with(Controller::VirtioScsi);
    let choice = Choice { on, load: on, ..Choice::default() };
    let case = case("win10-bios on another controller", SparseRam::read(&disk.path), choice);
    assert!(case.plan.touched.len() == 1, "{:?}", case.plan.touched);
    case
}

fn case(name: &'static str, before: SparseRam, choice: Choice) -> Case {
    let context = Context { choice, ..Context::default() };
    let (layout, diagnosis) = look_with(&before, &context).expect("a sound disk");
    let plan = plan::plan(&before, &layout, &diagnosis, Cure::Repoint).expect("a plan");
    let created = "2026-01-02T03:04:05Z".into();
    let record = Record::of(&plan, &layout, before.len(), "/x/disk.img".into(), created);
    let mut after = before.clone();
    apply(&mut after, &plan.patches).expect("applied");
    assert!(plan.patches.len() > 2, "{name}");
    Case { name, context, before, after, plan, record }
}

/// The promise after a cut: the stores parse, undo brings back every byte, and a fresh repair completes.
fn recovers(case: &Case, disk: &SparseRam, story: &str) {
    let story = format!("{}, {story}", case.name);
    let (layout, diagnosis) =
        look_with(disk, &case.context).unwrap_or_else(|| panic!("{story}: the table is gone"));
    assert!(layout.stores.iter().all(|store| store.store.is_ok()), "{story}: a store is gone");
    accepted(case, &layout, &story);

    undo::check(&case.record, &layout, disk.len()).unwrap_or_else(|error| panic!("{story}: {error}"));
    let mut undone = disk.clone();
    apply(&mut undone, &inverse(&case.plan.patches)).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert!(undone.is_same(&case.before), "{story}: undo left something");

    let plan = plan::plan(disk, &layout, &diagnosis, Cure::Repoint)
        .unwrap_or_else(|error| panic!("{story}: {error}"));
    let mut fixed = disk.clone();
    apply(&mut fixed, &plan.patches).unwrap_or_else(|error| panic!("{story}: {error}"));
    let left: Vec<_> = diagnosis.left().map(|finding| (&finding.subject, &finding.message)).collect();
    assert!(fixed.is_same(&case.after), "{story}: a second repair does not complete the first: {left:?}");
}

/// A store that a boot manager accepts is never followed by one that it refuses: it is clean, or its log makes of it
/// what it made before.
fn accepted(case: &Case, layout: &Layout, story: &str) {
    let (before, _) = look_with(&case.before, &case.context).expect("a sound disk");
    for (before, now) in before.stores.iter().zip(&layout.stores) {
        match &now.dirty {
            None => {}
            Some(Dirty::NotReplayed(why)) => panic!("{story}: no longer accepted: {why}"),
            Some(Dirty::Replayed { .. }) => {
                let bytes = |file: &StoreFile| file.parsed().map(|store| store.hive().bytes().to_vec());
                assert!(bytes(now) == bytes(before), "{story}: the log makes something else of it");
            }
        }
    }
}

/// Different cuts often leave the same; each state is tried once.
struct Seen<'a> {
    case: &'a Case,
    states: Vec<SparseRam>,
    cuts: usize,
}

impl<'a> Seen<'a> {
    fn new(case: &'a Case) -> Self {
        Self { case, states: Vec::new(), cuts: 0 }
    }

    fn recovers(&mut self, disk: &SparseRam, story: &str) {
        self.cuts += 1;
        if !self.states.iter().any(|state| state.is_same(disk)) {
            recovers(self.case, disk, story);
            self.states.push(disk.clone());
        }
    }
}

#[test]
fn power_is_cut_after_every_write() {
    let (mut cut, mut states) = (0, 0);
    for case in cases() {
        let sector = case.plan.patches[0].before.len();
        let torn = [512, 2048].into_iter().filter(|len| *len < sector).map(Cut::Torn);
        let mut seen = Seen::new(case);
        let cuts: Vec<Cut> = [Cut::Kept, Cut::Lost, Cut::LastOnly].into_iter().chain(torn).collect();
        for writes in 0..case.plan.patches.len() {
            for cut in &cuts {
                let mut disk = PowerCut::new(&case.before, writes);
                let error = apply(&mut disk, &case.plan.patches).expect_err("the power went");
                let ApplyError::Incomplete { written, total, .. } = error else { panic!("{error}") };
                assert_eq!((written, total), (writes, case.plan.patches.len()));
                seen.recovers(&disk.after(*cut), &format!("{cut:?} in write {writes}"));
            }
        }
        (cut, states) = (cut + seen.cuts, states + seen.states.len());
    }
    let figures = format!("{cut} in {} repairs, {states} states of the disk", cases().len());
    counted("power cuts in a repair", &figures);
}

#[test]
fn a_dirty_store_is_sealed_behind_its_pages_and_before_it_is_re_pointed() {
    let dirty = |case: &&Case| case.plan.stores.iter().any(|store| store.recovered.is_some());
    for case in cases().iter().filter(dirty) {
        let patches = &case.plan.patches;
        let seal = patches.iter().position(|patch| patch.after.starts_with(b"regf")).expect("a seal");
        let stages = |patches: &[Patch]| patches.iter().map(|patch| patch.stage).collect::<Vec<_>>();
        let (pages, behind) = (stages(&patches[..seal]), stages(&patches[seal + 1..]));
        assert!(!pages.is_empty() && pages.iter().all(|stage| *stage == 0), "{}: {pages:?}", case.name);
        assert_eq!(patches[seal].stage, 1);
        assert!(!behind.is_empty() && behind.iter().all(|stage| *stage > 1), "{}: {behind:?}", case.name);
        // What is re-pointed lies in pages of the log and in others.
        let is_twice = |patch: &&Patch| patches[..seal].iter().any(|page| page.offset == patch.offset);
        let twice = patches[seal + 1..].iter().filter(is_twice).count();
        assert!(twice > 0 && twice < behind.len(), "{}: {twice} of {}", case.name, behind.len());
    }
    assert_eq!(cases().iter().filter(dirty).count(), 4);
}

#[test]
fn power_is_cut_in_an_undo() {
    let (mut cut, mut states) = (0, 0);
    for case in cases() {
        let back = inverse(&case.plan.patches);
        let mut seen = Seen::new(case);
        for writes in 0..back.len() {
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly, Cut::Torn(512)] {
                let mut disk = PowerCut::new(&case.after, writes);
                apply(&mut disk, &back).expect_err("the power went");
                seen.recovers(&disk.after(cut), &format!("{cut:?} in write {writes} of an undo"));
            }
        }
        (cut, states) = (cut + seen.cuts, states + seen.states.len());
    }
    counted(
        "power cuts in an undo",
        &format!("{cut} in {} of them, {states} states of the disk", cases().len()),
    );
}

/// An identity may lie across two sectors; then a cut leaves one that is half old and half new. Here the border is put
/// everywhere: into every field that changes, with all that comes before it in the order of writing done.
#[test]
fn half_an_identity_is_completed_too() {
    // An MBR signature has four bytes on a multiple of four: no sector ends in it.
    for case in cases().iter().filter(|case| case.name.starts_with("win11-uefi")) {
        let mut done = case.before.clone();
        for patch in &case.plan.patches {
            let differ = |at: &usize| patch.before[*at] != patch.after[*at];
            let places: Vec<usize> = (0..patch.before.len()).filter(differ).collect();
            for field in places.chunk_by(|one, other| other - one <= 4) {
                let (first, end) = (field[0], field[field.len() - 1] + 1);
                for middle in (first / 4 * 4 + 4..end).step_by(4) {
                    let mut disk = done.clone();
                    disk.put(patch.offset + first as u64, &patch.after[first..middle]);
                    let (layout, diagnosis) = look_with(&disk, &case.context).expect("readable");
                    let plan = plan::plan(&disk, &layout, &diagnosis, Cure::Repoint).expect("a plan");
                    apply(&mut disk, &plan.patches).expect("applied");
                    let left: Vec<_> =
                        diagnosis.left().map(|finding| (&finding.subject, &finding.message)).collect();
                    // Of a converted record what is behind the offset has to be zero: such a half is told of, not completed.
                    let is_told =
                        diagnosis.findings.iter().any(|finding| finding.code == Code::ElementDamaged);
                    assert!(
                        disk.is_same(&case.after) || (is_told && case.context.choice.convert),
                        "{}: 0x{:x}, {middle}: {left:?}",
                        case.name,
                        patch.offset
                    );
                }
                done.put(patch.offset + first as u64, &patch.after[first..end]);
            }
        }
        assert!(done.is_same(&case.after));
    }
}

/// A medium that fails or lies.
struct Bad<'a> {
    disk: SparseRam,
    /// Fails in this write.
    fails_at: usize,
    /// Fails in this sync.
    sync_fails_at: usize,
    /// Does not keep what is written here.
    forgets: Option<u64>,
    written: &'a mut Vec<u64>,
    syncs: usize,
}

impl Storage for Bad<'_> {
    fn len(&self) -> u64 {
        self.disk.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.disk.read_at(offset, buf)
    }
}

impl StorageMut for Bad<'_> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        if self.written.len() == self.fails_at {
            return Err(dead());
        }
        self.written.push(offset);
        if self.forgets == Some(offset) { Ok(()) } else { self.disk.write_at(offset, bytes) }
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.syncs += 1;
        if self.syncs == self.sync_fails_at { Err(dead()) } else { Ok(()) }
    }
}

fn bad<'a>(case: &Case, written: &'a mut Vec<u64>) -> Bad<'a> {
    let disk = case.before.clone();
    Bad { disk, fails_at: usize::MAX, sync_fails_at: usize::MAX, forgets: None, written, syncs: 0 }
}

#[test]
fn a_medium_that_forgets_is_found_out() {
    for case in cases() {
        for patch in &case.plan.patches {
            let mut written = Vec::new();
            let mut disk = Bad { forgets: Some(patch.offset), ..bad(case, &mut written) };
            let error = apply(&mut disk, &case.plan.patches).expect_err("it lied");
            assert!(matches!(error, ApplyError::Unverified { at } if at == patch.offset), "{error}");
        }
    }
}

#[test]
fn a_failing_medium_is_counted_right() {
    for case in cases() {
        let all = case.plan.patches.len();
        for fails_at in 0..all {
            let mut written = Vec::new();
            let mut disk = Bad { fails_at, ..bad(case, &mut written) };
            let error = apply(&mut disk, &case.plan.patches).expect_err("it failed");
            let right = matches!(error, ApplyError::Incomplete { written, total, .. } if (written, total) == (fails_at, all));
            assert!(right, "{error}");
            assert_eq!(written.len(), fails_at);
        }
        // A stage that could not be synced is not followed by the next.
        let last_stage = case.plan.patches.iter().map(|patch| patch.stage).max().expect("patches");
        let earlier = case.plan.patches.iter().filter(|patch| patch.stage < last_stage).count();
        let mut stages: Vec<u8> = case.plan.patches.iter().map(|patch| patch.stage).collect();
        stages.dedup();
        for (sync_fails_at, expected) in [(stages.len() - 1, earlier), (stages.len(), all)] {
            if sync_fails_at == 0 {
                continue;
            }
            let mut written = Vec::new();
            let mut disk = Bad { sync_fails_at, ..bad(case, &mut written) };
            let error = apply(&mut disk, &case.plan.patches).expect_err("the sync failed");
            assert!(
                matches!(error, ApplyError::Incomplete { written, .. } if written == expected),
                "{error}"
            );
            assert_eq!(written.len(), expected);
        }
    }
}

#[test]
fn a_store_that_moved_since_the_look_is_not_written() {
    for case in cases() {
        plan::still_holds(&case.plan, &case.before, &case.context, Cure::Repoint).expect("nothing happened");
        // Somebody else finished the repair, or wrote into the store.
        assert!(plan::still_holds(&case.plan, &case.after, &case.context, Cure::Repoint).is_err());
        let mut touched = case.before.clone();
        let Patch { offset, before, .. } = &case.plan.patches[0];
        let free = before.iter().rposition(|byte| *byte == 0).expect("a zero byte");
        touched.put(offset + free as u64, &[1]);
        assert!(plan::still_holds(&case.plan, &touched, &case.context, Cure::Repoint).is_err());
    }
}
