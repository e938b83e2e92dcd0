//! The power goes in an edit: at every moment the store is the old one or the new one, byte for byte, for readers that share no code with
//! ours; undo brings back every byte, and a second run completes.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::change;
use bcdrescue::bcd::change::Change;
use bcdrescue::bcd::compact::compact;
use bcdrescue::bcd::compare::compare;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::guid::Guid;
use bcdrescue::layout::Layout;
use bcdrescue::layout::store::StoreFile;
use bcdrescue::partition::TableKind;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::case::Case as OnDisk;
use bcdrescue::repair::error::PlanError;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::refusal::Allowed;
use bcdrescue::repair::store_edit::StoreEdit;
use bcdrescue::repair::transaction::Planned;
use bcdrescue::repair::transaction::Stopped;
use bcdrescue::repair::undo;
use bcdrescue::repair::undo::way_back;
use bcdrescue::storage::Storage as _;
use tempfile::TempDir;

use crate::support::dirty;
use crate::support::disk::hash;
use crate::support::judges::fat_file;
use crate::support::judges::hivex;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::program::run;
use crate::support::program::text;
use crate::support::sparse::PAGE;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look;
use crate::support::store::BIOS;
use crate::support::store::UEFI;

const NOW: u64 = 0x01dc_0000_0000_0000;

/// What is done to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    /// An integer gets another value, where it is.
    InPlace,
    /// A longer text, for which the hive has a free cell.
    FreeCell,
    /// New objects, for which the hive gets a new bin and the file more clusters.
    NewBin,
    /// A larger store in its place.
    Larger,
    /// A smaller one.
    Smaller,
}

const EDITS: [Edit; 5] = [Edit::InPlace, Edit::FreeCell, Edit::NewBin, Edit::Larger, Edit::Smaller];

impl Edit {
    /// The store as it is to be.
    fn of(self, store: &Store) -> Vec<u8> {
        let with = |changes: &[Change]| change::apply(store, changes, NOW).unwrap();
        let set = |element, value| Change::Set { object: BOOTMGR, element, value };
        match self {
            Self::InPlace => with(&[set(ElementId::TIMEOUT, ElementValue::Integer(7))]),
            Self::FreeCell => {
                with(&[set(ElementId::DESCRIPTION, ElementValue::String("a longer description".repeat(3)))])
            }
            Self::NewBin => with(&new_objects(store, 40)),
            Self::Larger => compact(&Store::parse(with(&new_objects(store, 120))).unwrap()).unwrap(),
            Self::Smaller => {
                let gone = |object: &Guid| Change::Delete { object: *object, cleanup: false };
                let ids = store.objects().iter().filter_map(|object| object.id);
                let ids: Vec<Guid> = ids.filter(|id| *id != BOOTMGR).take(6).collect();
                compact(&Store::parse(with(&ids.iter().map(gone).collect::<Vec<_>>())).unwrap()).unwrap()
            }
        }
    }

    /// The same, typed; `store` is a store file for those that come from one.
    fn typed<'a>(self, disk: &'a str, store: &'a str) -> Vec<&'a str> {
        match self {
            Self::InPlace => vec!["bcd", "set", disk, "{bootmgr}", "timeout", "7", "--yes"],
            Self::FreeCell => vec!["bcd", "set", disk, "{bootmgr}", "locale", "a longer locale", "--yes"],
            _ => vec!["bcd", "import", disk, store, "--yes"],
        }
    }
}

/// So many objects, without those that a run before this one made.
fn new_objects(store: &Store, count: u128) -> Vec<Change> {
    let create = |number| Change::Create {
        id: Guid::from_u128(0x1234_5678_0000_0000_0000_0000_0000_0000 + number),
        object_type: ObjectType::OS_LOADER,
        description: Some(format!("one more entry, number {number}")),
    };
    let is_new =
        |change: &Change| !matches!(change, Change::Create { id, .. } if store.object(*id).is_some());
    (0..count).map(create).filter(is_new).collect()
}

/// A disk before an edit, and what leads behind it.
struct Case {
    name: String,
    edit: Edit,
    path: &'static str,
    before: SparseRam,
    /// Where its system volume lies.
    volume: (u64, u64),
    old: Vec<u8>,
    new: Vec<u8>,
    plan: Plan,
    record: Record,
    /// The store that is taken in, whatever is there.
    import: Option<Vec<u8>>,
}

/// The store that a boot manager reads.
fn live(layout: &Layout) -> &StoreFile {
    layout.stores.iter().find(|file| file.first).unwrap()
}

/// The edit of a disk as it is, planned.
fn planned(
    disk: &SparseRam,
    (layout, diagnosis): &(Layout, Diagnosis),
    edit: Edit,
    import: Option<&Vec<u8>>,
) -> Result<Plan, Stopped> {
    let (index, _) = layout.stores_indexed().find(|(_, file)| file.first).unwrap();
    let store = live(layout).parsed().expect("a store");
    let after = import.map_or_else(|| edit.of(store), Clone::clone);
    let edit = StoreEdit::of(layout, index, after, NOW).unwrap();
    let context = Context::default();
    let case = OnDisk { storage: disk, layout, context: &context, allowed: Allowed::default() };
    Ok(Planned::edit(case, diagnosis, edit)?.rehearse()?.plan().clone())
}

fn case(name: &str, path: &'static str, before: SparseRam, edit: Edit) -> Case {
    let looked = look(&before).unwrap();
    let is_import = matches!(edit, Edit::Larger | Edit::Smaller);
    let import = is_import.then(|| edit.of(live(&looked.0).parsed().unwrap()));
    let plan = planned(&before, &looked, edit, import.as_ref());
    let plan = plan.unwrap_or_else(|why| panic!("{name}, {edit:?}: {why}"));
    let (layout, _) = looked;
    let created = "2026-01-02T03:04:05Z".into();
    let record = Record::of(&plan, &layout, before.len(), "/x/disk.img".into(), created);
    let partition = layout.partition(live(&layout).volume).unwrap();
    let [store] = plan.stores.as_slice() else { panic!("{name}: {} stores", plan.stores.len()) };
    let (old, new) = (store.before.clone().unwrap(), store.after.clone());
    assert_ne!(old, new);
    let volume = (partition.start, partition.len);
    Case { name: format!("{name}, {edit:?}"), edit, path, volume, old, new, record, plan, before, import }
}

fn cases() -> Vec<Case> {
    let names = [("win2008r2-bios", BIOS), ("win11-uefi", UEFI), ("win2022-uefi-4kn", UEFI)];
    let mut cases = Vec::new();
    for (name, path) in names {
        let disk = SparseRam::of(name);
        let edits = if name.ends_with("4kn") { &EDITS[..3] } else { &EDITS[..] };
        cases.extend(edits.iter().map(|edit| case(name, path, disk.clone(), *edit)));
    }
    for (story, disk) in dirty::disks() {
        let path = if look(&disk).unwrap().0.table.kind == TableKind::Mbr { BIOS } else { UEFI };
        cases.push(case(story, path, disk, Edit::FreeCell));
    }
    cases
}

/// The system volume as a file of its own.
fn cut_out(disk: &SparseRam, (start, len): (u64, u64), folder: &TempDir) -> PathBuf {
    let mut volume = SparseRam::new(len);
    for at in disk.page_offsets().filter(|at| (start..start + len).contains(at)) {
        volume.add(at - start, &disk.get(at, PAGE.min((start + len - at) as usize)));
    }
    let path = folder.path().join("volume");
    volume.save(&path);
    path
}

/// The first sentence of fsck.fat of a volume whose tables differ: the power went between the writes of the two.
const DIFFER: &str = "FATs differ but appear to be intact.";

/// What fsck.fat says of a volume but of clusters that are marked in use and are not.
fn complaints(volume: &Path) -> Vec<String> {
    let said = run("fsck.fat", &["-n", text(volume)]);
    let lines = said.stdout.lines().chain(said.stderr.lines()).map(str::to_owned);
    let known = [
        "Reclaimed ",
        "Leaving filesystem unchanged",
        "Free cluster summary wrong",
        "  Auto-corr",
        "  Using first",
    ];
    let is_known = |line: &str| known.iter().any(|known| line.starts_with(known));
    let lines = lines.filter(|line| !line.is_empty() && !is_known(line));
    lines.filter(|line| !line.starts_with("fsck.fat ") && !line.contains(" files, ")).collect()
}

/// The store as ntfs-3g or mtools reads it, on a volume that ntfsfix or fsck.fat accepts; and whether its tables differ.
#[track_caller]
fn judged(case: &Case, disk: &SparseRam, story: &str) -> (Vec<u8>, bool) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let volume = cut_out(disk, case.volume, &folder);
    if case.path == BIOS {
        judge("ntfsfix", &["-n", text(&volume)]);
        judge("ntfsls", &["-l", "-p", "/Boot", text(&volume)]);
        return (ntfs_file(&volume, case.path), false);
    }
    let complaints = complaints(&volume);
    let differ = complaints == [DIFFER];
    assert!(differ || complaints.is_empty(), "{story}: {complaints:?}");
    (fat_file(&volume, case.path), differ)
}

/// What one state of the disk comes to.
struct State {
    /// The store is the new one.
    is_new: bool,
    /// A second run completes; else it says that the first has to be undone.
    completes: bool,
}

fn is_of_file_system(why: &PlanError) -> bool {
    matches!(why, PlanError::Rebuild(why) if why.is_of_file_system() && !why.is_full())
}

/// The promise at one state of the disk.
fn holds(case: &Case, disk: &SparseRam, story: &str) -> State {
    let story = &format!("{}, {story}", case.name);
    let (read, differ) = judged(case, disk, story);
    assert!(
        read == case.old || read == case.new,
        "{story}: the store is neither the old one nor the new one"
    );
    let is_new = read == case.new;
    let looked = look(disk).unwrap_or_else(|| panic!("{story}: the table is gone"));
    assert_eq!(live(&looked.0).on_disk(), Some(read.as_slice()), "{story}");

    undo::check(&case.record, &looked.0, disk.len()).unwrap_or_else(|error| panic!("{story}: {error}"));
    let back = way_back(&case.record, disk).unwrap_or_else(|error| panic!("{story}: {error}"));
    let mut undone = disk.clone();
    apply(&mut undone, &back.patches).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert!(undone.is_same(&case.before), "{story}: undo left something");

    let mut again = disk.clone();
    match planned(disk, &looked, case.edit, case.import.as_ref()) {
        Ok(plan) => drop(apply(&mut again, &plan.patches).unwrap_or_else(|why| panic!("{story}: {why}"))),
        Err(Stopped::NoWork) => assert!(is_new, "{story}"),
        // What the program says then is to undo the first.
        Err(Stopped::Plan(why)) if differ && is_of_file_system(&why) => {
            return State { is_new, completes: false };
        }
        Err(stopped) => panic!("{story}: {stopped}"),
    }
    let (read, _) = judged(case, &again, story);
    let [read, wanted] = [read, case.new.clone()].map(|bytes| Store::parse(bytes).unwrap());
    assert!(compare(&read, &wanted).differences.is_empty(), "{story}: a second run does not complete");
    State { is_new, completes: true }
}

#[test]
fn power_is_cut_after_every_write_of_an_edit() {
    let cases = cases();
    let (mut cuts, mut states, mut new, mut completed) = (0, 0, 0, 0);
    for case in &cases {
        for store in [&case.old, &case.new] {
            // The old one of a dirty disk is what its logs make of it, and hivex reads no logs.
            let is_dirty = store[4..8] != store[8..12];
            assert!(is_dirty || hivex(store).len() > 50, "{}", case.name);
            assert!(!is_dirty || *store == case.old, "{}", case.name);
        }
        let is_in_place = case.plan.touched.is_empty();
        assert_eq!(is_in_place, case.edit == Edit::InPlace, "{}", case.name);
        assert!(!is_in_place || case.plan.patches.len() == 1, "{}", case.name);
        match case.edit {
            Edit::InPlace | Edit::FreeCell => assert_eq!(case.old.len(), case.new.len(), "{}", case.name),
            Edit::NewBin | Edit::Larger => assert!(case.old.len() < case.new.len(), "{}", case.name),
            Edit::Smaller => assert!(case.old.len() > case.new.len(), "{}", case.name),
        }
        let mut seen: Vec<SparseRam> = Vec::new();
        let (mut is_old, mut is_new) = (false, false);
        let mut whole = PowerCut::new(&case.before, usize::MAX);
        apply(&mut whole, &case.plan.patches).unwrap();
        let total = usize::MAX - whole.writes;
        // Of a long run of new clusters every tenth is alike; six writes from either end are all tried.
        let is_tried =
            |writes: &usize| total < 40 || writes.is_multiple_of(10) || *writes < 6 || writes + 6 > total;
        for writes in (0..=total).filter(is_tried) {
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly] {
                let mut disk = PowerCut::new(&case.before, writes);
                assert_eq!(apply(&mut disk, &case.plan.patches).is_ok(), writes == total);
                let disk = disk.after(cut);
                cuts += 1;
                if !seen.iter().any(|state| state.is_same(&disk)) {
                    let story = format!("{cut:?} in write {writes}");
                    let now = holds(case, &disk, &story);
                    (is_old, is_new) = (is_old | !now.is_new, is_new | now.is_new);
                    (new, completed) =
                        (new + usize::from(now.is_new), completed + usize::from(now.completes));
                    seen.push(disk);
                }
            }
        }
        assert!(is_old && is_new, "{}", case.name);
        states += seen.len();
    }
    assert!(completed * 10 > states * 8, "{completed} of {states}");
    let figures = format!(
        "{cuts} in {} edits, {states} states, {new} with the new store; a second run completes {completed}",
        cases.len()
    );
    counted("power cuts in an edit", &figures);
}

/// The program itself, from what a cut left: undo brings back every byte, and the same command completes.
#[test]
fn a_cut_edit_is_undone_and_completed_by_the_program() {
    let names = [("win2008r2-bios", BIOS), ("win11-uefi", UEFI)];
    for (name, path) in names {
        for edit in [Edit::InPlace, Edit::FreeCell, Edit::Larger] {
            let case = case(name, path, SparseRam::of(name), edit);
            let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
            let [disk, record, store] = ["disk.img", "cut.undo.json", "BCD"].map(|it| folder.path().join(it));
            let record_of_disk = Record::of(
                &case.plan,
                &look(&case.before).unwrap().0,
                case.before.len(),
                disk.clone(),
                "2026-01-02T03:04:05Z".into(),
            );
            fs::write(&store, &case.new).unwrap();
            case.before.save(&disk);
            let before = hash(&disk);
            for writes in [0, 1, case.plan.patches.len() / 2, case.plan.patches.len().saturating_sub(2)] {
                let mut cut = PowerCut::new(&case.before, writes);
                let _ = apply(&mut cut, &case.plan.patches);
                let left = cut.after(Cut::Kept);
                left.save(&disk);
                let is_begun = hash(&disk) != before;
                record_of_disk.create_first([record.clone()]).unwrap();
                let run = bcdrescue(&["undo", text(&record), "--yes"]).exits(i32::from(is_begun));
                run.says(if is_begun { "every byte is as it was" } else { "nothing to do" });
                assert_eq!(hash(&disk), before, "{}: {writes}", case.name);
                fs::remove_file(&record).unwrap();

                left.save(&disk);
                let ran = bcdrescue(&edit.typed(text(&disk), text(&store)));
                assert_eq!(ran.code, 0, "{}: {writes}: {ran:?}", case.name);
                let (layout, _) = look(&SparseRam::read(&disk)).unwrap();
                let now = live(&layout).parsed().unwrap().clone();
                match edit {
                    Edit::InPlace => {
                        let timeout = now.boot_manager().unwrap().integer(ElementId::TIMEOUT);
                        assert_eq!(timeout, Some(7));
                    }
                    Edit::FreeCell => {
                        let locale = now.boot_manager().unwrap().string(ElementId::LOCALE);
                        assert_eq!(locale, Some("a longer locale"));
                    }
                    _ => {
                        let wanted = Store::parse(case.new.clone()).unwrap();
                        assert!(compare(&now, &wanted).differences.is_empty(), "{}", case.name);
                    }
                }
                for entry in fs::read_dir(folder.path()).unwrap() {
                    let path = entry.unwrap().path();
                    if path != disk && path != store {
                        fs::remove_file(path).unwrap();
                    }
                }
            }
        }
    }
}
