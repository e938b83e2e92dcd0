//! A whole disk, as `check` and `fix --dry-run` take it.

use std::path::PathBuf;

use bcdrescue::cli::output::json;
use bcdrescue::cli::run::examine::Examined;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::diagnosis::identity::restore::Restore;
use bcdrescue::diagnosis::model::snapshot::Snapshot;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::plan;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::refusal::Allowed;
use bcdrescue::repair::refusal::refusals;
use bcdrescue::repair::rehearse::rehearse;
use bcdrescue::repair::undo;
use bcdrescue::storage::Storage;
use bcdrescue::storage::cache::Cached;
use bcdrescue::storage::format::Format;
use bcdrescue::storage::open::TargetKind;

use super::base::Base;
use super::base::IMAGES;
use super::base::folder;
use super::counted::Counted;
use super::one_line;
use super::patches::apply_and_back;
use super::sparse::SparseRam;
use super::steered;
use super::wounds::inflict;

/// Reads from the disk, behind the cache, and bytes.
const READS: u64 = 200_000;
const BYTES: u64 = 512 << 20;

fn discovered(disk: &SparseRam) -> Option<Layout> {
    let counted = Counted::new(disk, READS, BYTES);
    let layout = discover(&Cached::new(Box::new(View(&counted))));
    counted.check();
    layout.map_err(|error| one_line(&error.to_string())).ok()
}

/// A borrowed storage.
struct View<'a>(&'a dyn Storage);

impl Storage for View<'_> {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.0.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), bcdrescue::storage::StorageError> {
        self.0.read_at(offset, buf)
    }
}

/// The first byte: which image, and whether checksums are made right; then wounds.
pub(super) fn disk(data: &[u8]) {
    let (steer, data) = steered(data);
    let disk = inflict(Base::image(usize::from(steer >> 1)), data, steer & 1 != 0);
    let Some(layout) = discovered(&disk) else { return };
    let context = Context::default();
    let diagnosis = diagnose(&layout, &context);
    for finding in &diagnosis.findings {
        assert!(!finding.subject.as_str().is_empty(), "{finding:?}");
    }
    for refusal in refusals(
        &layout,
        &Context::default(),
        &diagnosis,
        Cure::Repoint,
        Allowed { repoint: true, ..Allowed::default() },
    ) {
        one_line(&refusal.to_string());
    }
    let plan = plan::plan(&disk, &layout, &diagnosis, Cure::Repoint);
    let by_identity = matches!(diagnosis.restore, Restore::Possible(_))
        .then(|| plan::plan(&disk, &layout, &diagnosis, Cure::RestoreIdentity));
    let _ = refusals(&layout, &context, &diagnosis, Cure::RestoreIdentity, Allowed::default());
    for plan in [Some(plan), by_identity].into_iter().flatten() {
        match plan {
            Ok(plan) => dry_run(&disk, &plan, &context, &diagnosis),
            Err(error) => one_line(&error.to_string()),
        }
    }
    report(&disk, layout, diagnosis);
}

/// What would be written, on a copy: and back.
fn dry_run(disk: &SparseRam, plan: &Plan, context: &Context, diagnosis: &Diagnosis) {
    for patch in &plan.patches {
        assert_eq!(disk.get_inside(patch.offset, patch.before.len()), patch.before);
        assert!(patch.before.len() == patch.after.len() && patch.before != patch.after);
    }
    if let Err(error) = rehearse(plan, disk, context, diagnosis) {
        one_line(&error.to_string());
    }
    if plan.restored.is_none() {
        plan::still_holds(plan, disk, context, Cure::Repoint).expect("the same disk leads to the same plan");
    }
    apply_and_back(disk, &plan.patches);
}

/// A path that exists and tells the image.
fn path(index: usize) -> PathBuf {
    folder("images").expect("images").join(format!("{}.qcow2", IMAGES[index]))
}

/// What a repair keeps.
fn record(plan: &Plan, layout: &Layout, disk: &SparseRam, path: PathBuf) -> Record {
    Record::of(plan, layout, disk.len(), path, "2026-01-02T03:04:05Z".into())
}

/// What the commands show and keep.
fn report(disk: &SparseRam, layout: Layout, diagnosis: Diagnosis) {
    let boxed: Box<dyn Storage> = Box::new(disk.clone());
    let examined = Examined {
        path: path(0),
        kind: TargetKind::Image(Format::Raw),
        notes: Vec::new(),
        len: disk.len(),
        layout,
        diagnosis,
        storage: Cached::new(boxed),
    };
    let document = serde_json::to_string(&json::target::target(&examined)).expect("JSON");
    assert!(document.len() < 8 << 20, "{} bytes of JSON", document.len());
    let Ok(plan) = plan::plan(disk, &examined.layout, &examined.diagnosis, Cure::Repoint) else { return };
    if plan.patches.is_empty() {
        return;
    }
    let record = record(&plan, &examined.layout, disk, path(0));
    let text = record.to_json().expect("JSON");
    assert_eq!(Record::from_text_of_any_digest(&text).expect("the same record"), record);
    // Before a sector is written the disk is as recorded, and may be undone already.
    undo::check(&record, &examined.layout, disk.len()).expect("an undo of what was just planned");
}

/// What the record of another disk, or of another time, makes of a disk.
pub(super) fn against(snapshot: &Snapshot) {
    let base = Base::image(snapshot.partitions.len());
    let Some(layout) = discovered(&base.disk) else { return };
    let context = Context { snapshot: Some(snapshot.clone()), ..Context::default() };
    let diagnosis = diagnose(&layout, &context);
    for plan in [
        plan::plan(&base.disk, &layout, &diagnosis, Cure::Repoint),
        plan::plan(&base.disk, &layout, &diagnosis, Cure::RestoreIdentity),
    ] {
        match plan {
            Ok(plan) => apply_and_back(&base.disk, &plan.patches),
            Err(error) => one_line(&error.to_string()),
        }
    }
}

/// Seeds of records: what a repair of each image would keep, and what it is.
pub(super) fn record_seeds() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut undo = Vec::new();
    let mut identities = Vec::new();
    for (index, name) in IMAGES.iter().enumerate() {
        let base = Base::image(index);
        let Some(layout) = discovered(&base.disk) else { continue };
        let snapshot = Snapshot::of(&layout);
        if let Some(snapshot) = snapshot {
            let record = bcdrescue::repair::snapshot::SnapshotFile::new(
                (*name).into(),
                base.disk.len(),
                snapshot,
                "2026-01-02T03:04:05Z".into(),
            );
            identities.push(serde_json::to_vec_pretty(&record).expect("JSON"));
        }
        let diagnosis = diagnose(&layout, &Context::default());
        let plans = [
            plan::plan(&base.disk, &layout, &diagnosis, Cure::Repoint),
            plan::plan(&base.disk, &layout, &diagnosis, Cure::RestoreIdentity),
        ];
        for plan in plans.into_iter().flatten().filter(|plan| !plan.patches.is_empty()) {
            undo.push(record(&plan, &layout, &base.disk, path(index)).to_json().expect("JSON"));
        }
    }
    (undo, identities)
}
