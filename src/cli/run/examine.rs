//! One target, opened, read and diagnosed: where every command begins.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::bail;

use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::run::known_disks::is_same_file;
use crate::cli::run::known_disks::other_disk;
use crate::cli::run::store_file::is_store_file;
use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::diagnose;
use crate::diagnosis::model::companion::Companion;
use crate::diagnosis::model::known_disks::OtherDisk;
use crate::diagnosis::model::snapshot::Snapshot;
use crate::layout::Layout;
use crate::layout::ask;
use crate::layout::ask::discover_for;
use crate::layout::discover_companion;
use crate::layout::drivers::controller::Controllers;
use crate::partition::DiskId;
use crate::partition::TableKind;
use crate::repair::snapshot::SnapshotFile;
use crate::storage::Storage;
use crate::storage::attached::attached_disks;
use crate::storage::cache::Cached;
use crate::storage::first_failure::FailedRead;
use crate::storage::open::OpenOptions;
use crate::storage::open::TargetKind;
use crate::storage::open::open;

/// Bytes of a read that asks whether there is still somebody to read from.
const PROBE: u64 = 512;

/// What is said where a disk was expected and did not come up: that must not pass for one that is well.
pub const NOTHING_ATTACHED: &str = "no Windows disk is attached; see `bcdrescue list`";

/// A disk that was examined.
pub struct Examined {
    /// The path as the user gave it.
    pub path: PathBuf,
    /// Device or image.
    pub kind: TargetKind,
    /// What opening it had to say.
    pub notes: Vec<String>,
    /// Length in bytes.
    pub len: u64,
    /// What is where.
    pub layout: Layout,
    /// What is wrong.
    pub diagnosis: Diagnosis,
    /// The disk, cached; drop it before the disk is written.
    pub storage: Cached<Box<dyn Storage>>,
}

/// Opens and examines a disk.
///
/// # Errors
/// When it cannot be opened or its partition table cannot be read; everything else is a finding.
pub fn examine(path: &Path, options: &OpenOptions, context: &Context) -> anyhow::Result<Examined> {
    let opened = open(path, options)?;
    let storage = Cached::new(opened.storage);
    let layout = discover_for(&storage, context.choice.on).map_err(|error| error.in_file(path))?;
    let diagnosis = diagnose(&layout, context);
    let len = storage.len();
    // What cannot be read is a finding, also where nothing could be read any more: then all that was found is worth nothing.
    let is_ended = layout.failed_read.as_ref().is_some_and(FailedRead::is_at_limit);
    // Of drivers no failed read is noted.
    let may_be_lost = layout.failed_read.is_some() || !context.choice.on.is_empty();
    if opened.is_served && may_be_lost && !is_ended {
        let probe = usize::try_from(len.min(PROBE)).unwrap_or_default();
        if let Err(error) = storage.below().read_vec(0, probe) {
            // What was lost first says why; from then on nothing answers.
            let first = layout.failed_read.map_or_else(|| error.to_string(), |read| read.to_string());
            bail!("connection lost during the examination: {first}");
        }
    }
    Ok(Examined {
        path: path.into(),
        kind: opened.kind,
        notes: opened.notes,
        len,
        layout,
        diagnosis,
        storage,
    })
}

/// Opens and examines a disk, and asks each Windows on it which machine it is.
///
/// # Errors
/// As [`examine`].
pub fn examine_machines(path: &Path, options: &OpenOptions, context: &Context) -> anyhow::Result<Examined> {
    let mut examined = examine(path, options, context)?;
    // Where nothing is read any more there is nothing to ask.
    if !examined.layout.failed_read.as_ref().is_some_and(FailedRead::is_at_limit) {
        ask::machines(&examined.storage, &mut examined.layout);
    }
    Ok(examined)
}

/// The same, and asks each Windows what it has to start from every disk controller.
///
/// # Errors
/// As [`examine`].
pub fn examine_drivers(path: &Path, options: &OpenOptions, context: &Context) -> anyhow::Result<Examined> {
    let mut examined = examine_machines(path, options, context)?;
    if !examined.layout.failed_read.as_ref().is_some_and(FailedRead::is_at_limit) {
        ask::storage_drivers(&examined.storage, &mut examined.layout, Controllers::ALL);
    }
    // Nobody asked for a controller: what cannot be read is left out.
    for windows in &mut examined.layout.windows {
        windows.drivers.take_if(|asked| asked.found.is_err());
    }
    Ok(examined)
}

/// Opens and examines a disk that was named by itself, of which the user decided nothing.
///
/// # Errors
/// As [`examine`].
pub fn examine_alone(path: &Path, options: &OpenOptions) -> anyhow::Result<Examined> {
    examine(path, options, &context(path, &NamedDisks::default(), options, Choice::default(), false))
}

/// The attached disks that may be repaired without being named: all but the one that carries the running system.
///
/// # Errors
/// When the disks cannot be enumerated.
pub fn attached_targets() -> anyhow::Result<Vec<PathBuf>> {
    let disks = attached_disks(Path::new("/"))?.into_iter().filter(|disk| !disk.carries_running_system);
    Ok(disks.map(|disk| disk.path).collect())
}

/// The attached disks that carry the running system, which are repaired only when they are named.
#[must_use]
pub fn running_disks() -> Vec<PathBuf> {
    let disks = attached_disks(Path::new("/")).unwrap_or_default();
    disks.into_iter().filter(|disk| disk.carries_running_system).map(|disk| disk.path).collect()
}

/// Examines a disk with others beside it that its stores may mean, and puts those into the context.
///
/// # Errors
/// As [`examine`]; also when a disk beside cannot be read, or is the target itself.
pub fn examine_with(
    path: &Path,
    with: &[PathBuf],
    options: &OpenOptions,
    context: &mut Context,
) -> anyhow::Result<Examined> {
    if with.is_empty() {
        return examine(path, options, context);
    }
    let mut examined = examine(path, options, context)?;
    let disks = companion(path, with, options, &examined.layout)?;
    // What is named beside is no disk to be left alone, and known by the name that the user gave it.
    let is_it =
        |companion: &Companion, other: &OtherDisk| is_same_file(companion.name.as_ref(), other.name.as_ref());
    for known in [&mut context.others, &mut context.apart, &mut context.named] {
        known.retain(|other| !disks.iter().any(|companion| is_it(companion, other)));
    }
    let known = |companion: &Companion| other_disk(Path::new(&companion.name), &companion.layout.table);
    disks.iter().filter_map(known).for_each(|disk| context.others.add(disk));
    context.companions = Arc::new(disks);
    examined.diagnosis = diagnose(&examined.layout, context);
    Ok(examined)
}

/// The context with the disks beside read anew, for a disk that is now held.
///
/// # Errors
/// When one of them cannot be read.
pub fn again(
    with: &[PathBuf],
    options: &OpenOptions,
    context: &Context,
    layout: &Layout,
) -> anyhow::Result<Context> {
    let disks = with
        .iter()
        .map(|disk| companion_at_path(disk, options, layout))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Context { companions: Arc::new(disks), ..context.clone() })
}

/// The disks beside: each once, none of them the examined one, each with an identity of its own.
fn companion(
    path: &Path,
    with: &[PathBuf],
    options: &OpenOptions,
    layout: &Layout,
) -> anyhow::Result<Vec<Companion>> {
    let mut seen: Vec<(PathBuf, Option<DiskId>)> = vec![(path.to_owned(), layout.table.disk)];
    let mut disks = Vec::new();
    for disk in with {
        let name = disk.display();
        anyhow::ensure!(!is_same_file(disk, path), "--with {name} is the target itself");
        anyhow::ensure!(
            !seen.iter().any(|(other, _)| is_same_file(other, disk)),
            "--with {name} is given twice"
        );
        anyhow::ensure!(!is_store_file(disk), "--with {name} is a store, not a disk");
        let companion = companion_at_path(disk, options, layout).with_context(|| format!("--with {name}"))?;
        let identity = companion.layout.table.disk;
        anyhow::ensure!(
            companion.layout.table.kind != TableKind::None,
            "--with {name} has no partition table; name the whole disk"
        );
        anyhow::ensure!(
            identity.is_some_and(|identity| identity != DiskId::Mbr(0)),
            "--with {name} has no identity that an element could refer to; give it a signature first (`sfdisk --disk-id`)"
        );
        if let Some((other, _)) = seen.iter().find(|(_, other)| *other == identity) {
            bail!(
                "--with {name} has the same identity as {}: no element can tell them apart; change one of them first",
                other.display()
            );
        }
        seen.push((disk.clone(), identity));
        disks.push(companion);
    }
    Ok(disks)
}

fn companion_at_path(disk: &Path, options: &OpenOptions, layout: &Layout) -> anyhow::Result<Companion> {
    let storage = Cached::new(open(disk, options)?.storage);
    let layout = discover_companion(&storage, &layout.stores)?;
    if let Some(error) = layout.unseen() {
        bail!("cannot be read completely: {error}");
    }
    Ok(Companion { name: disk.display().to_string(), layout })
}

/// What a record says that the disk was, where one was named.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn snapshot(path: Option<&Path>) -> anyhow::Result<Option<Snapshot>> {
    Ok(path.map(SnapshotFile::load).transpose()?.map(|record| record.snapshot))
}
