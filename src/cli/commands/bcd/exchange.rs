//! Stores that go out and come in: export, import, and what differs between two; and a store from nothing.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;

use crate::bcd::Firmware;
use crate::bcd::Store;
use crate::bcd::compact::compact;
use crate::bcd::compare::compare;
use crate::bcd::create::NewStore;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::bcd_args::place::PlaceArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::bcd::changes::Amended;
use crate::cli::commands::bcd::edit_disk::DiskEdit;
use crate::cli::commands::bcd::edit_file::FileEdit;
use crate::cli::commands::bcd::edit_file::unknown;
use crate::cli::commands::bcd::edit_file::unwritten;
use crate::cli::commands::bcd::found::Found;
use crate::cli::commands::bcd::found::InFile;
use crate::cli::commands::bcd::found::OnDisk;
use crate::cli::commands::bcd::found::examined;
use crate::cli::output::json;
use crate::cli::output::json::edited::Compared;
use crate::cli::output::json::exported::ExportedStore;
use crate::cli::output::named;
use crate::cli::output::store_changes;
use crate::cli::run::clock;
use crate::cli::run::confine;
use crate::cli::run::examine::Examined;
use crate::cli::run::store_file::is_store_file;
use crate::cli::run::store_file::read_whole;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::Usage;
use crate::cli::text::lines;
use crate::cli::text::words::clean;
use crate::layout::store::StoreFile;
use crate::layout::system_file::SystemFile;
use crate::repair::new_file;
use crate::repair::store_edit::StoreEdit;
use crate::storage::nbd::url::is_url;

/// Bytes of an exported store in JSON that are read.
const JSON_MAX: u64 = 16 << 20;

/// Writes the store to a new file, sound and compact.
///
/// # Errors
/// The store cannot be read, the file is there already or cannot be written.
pub(super) fn export(place: &PlaceArgs, to: &Path) -> anyhow::Result<u8> {
    confine::to_new_file(to);
    let found = Found::open(place)?;
    let bytes = compact(found.store()?).with_context(|| found.target().display().to_string())?;
    new_file::write(to, &bytes, new_file::PUBLIC).map_err(|error| unwritten(to, error))?;
    lines::say(format_args!("exported to {}: {} bytes", clean(&to.display().to_string()), bytes.len()))?;
    Ok(HEALTHY)
}

/// Prints the store, all of it.
///
/// # Errors
/// The store cannot be read.
pub(super) fn export_json(place: &PlaceArgs) -> anyhow::Result<u8> {
    confine::to_reading();
    let found = Found::open(place)?;
    let exported = ExportedStore::of(found.store()?).with_context(|| found.target().display().to_string())?;
    lines::write(format_args!("{}", exported.text()?))?;
    Ok(HEALTHY)
}

/// Puts another store in the place of the target's.
///
/// # Errors
/// Either cannot be read, or a step of the edit fails.
pub(super) fn import(args: &EditArgs, from: &Path, show: ShowArgs) -> anyhow::Result<u8> {
    let bytes = incoming(from)?;
    let (target, now) = (&args.place.target, clock::now());
    if is_store_file(target) {
        let found = InFile { path: target.clone(), bytes: read_whole(target)? };
        let amended = Amended { bytes: unless_same(&found.bytes.store, bytes)?, notes: Vec::new() };
        return FileEdit { args, show, found: &found, amended }.run();
    }
    if args.output.is_some() {
        return Err(Usage(
            "--output is for a store file; a disk's store is exported by bcd export".to_owned(),
        )
        .into());
    }
    if is_new(target) {
        return new_store(args, &bytes);
    }
    import_to_disk(args, show, bytes, now)
}

fn import_to_disk(args: &EditArgs, show: ShowArgs, bytes: Vec<u8>, now: u64) -> anyhow::Result<u8> {
    let nothing = || Store::parse(empty(now)?).map_err(anyhow::Error::from);
    let (examined, context, edit, before) = match Found::open_to_edit(&args.place) {
        Ok(Found::Disk(found)) => {
            let OnDisk { examined, context, index } = *found;
            let file =
                examined.layout.store(index).context("internal error: the store is not in the layout")?;
            let (edit, before) = match file.parsed() {
                Some(before) => {
                    let edit = StoreEdit::of(&examined.layout, index, unless_same(before, bytes)?, now);
                    (edit.context("internal error: the store was not parsed")?, before.clone())
                }
                None => (over(&examined, file, bytes, now)?, nothing()?),
            };
            (examined, context, edit, before)
        }
        Ok(Found::File(_)) => bail!("internal error: a store file was no store file before"),
        Err(error) => {
            let (examined, context) = examined(&args.place)?;
            if args.place.store_path.is_some() || examined.layout.stores.iter().any(|file| !file.recovery) {
                return Err(error);
            }
            let edit = missing(&examined, bytes, now)?;
            (examined, context, edit, nothing()?)
        }
    };
    let (examined, context, before) = (&examined, &context, &before);
    DiskEdit { args, show, examined, context, before, edit, notes: Vec::new() }.run()
}

/// A store that comes in; the one that is there, where both hold the same.
fn unless_same(there: &Store, bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let is_same = compare(there, &Store::parse(bytes.clone())?).differences.is_empty();
    Ok(if is_same { there.hive().bytes().to_vec() } else { bytes })
}

/// Whether a target is a file that is not there yet.
pub(super) fn is_new(target: &Path) -> bool {
    let there = fs::symlink_metadata(target);
    !is_url(target) && there.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The bytes of a store that comes in, from a store file or from JSON.
fn incoming(from: &Path) -> anyhow::Result<Vec<u8>> {
    let name = || from.display().to_string();
    if is_store_file(from) {
        return compact(&read_whole(from)?.store).with_context(name);
    }
    let len = fs::metadata(from).with_context(name)?.len();
    anyhow::ensure!(
        len <= JSON_MAX,
        "{}: 0x{len:x} bytes, expected a store or JSON of at most 0x{JSON_MAX:x}",
        name()
    );
    let text = fs::read(from).with_context(name)?;
    if !text.trim_ascii_start().starts_with(b"{") {
        bail!("{}: neither a store nor the output of bcd export --json", name());
    }
    ExportedStore::parse(&text).and_then(|exported| exported.store()).with_context(name)
}

fn over(examined: &Examined, file: &StoreFile, bytes: Vec<u8>, now: u64) -> anyhow::Result<StoreEdit> {
    Ok(StoreEdit::over(&examined.storage, &examined.layout, file.volume, &file.path, bytes, now)?)
}

/// A store on a disk that has none: where its firmware looks for it.
fn missing(examined: &Examined, bytes: Vec<u8>, now: u64) -> anyhow::Result<StoreEdit> {
    let layout = &examined.layout;
    let system = layout.first_system();
    let system = system
        .context("no partition of this disk starts Windows, so there is no place for a store; run check")?;
    let file = match system.firmware() {
        Firmware::Bios => SystemFile::BiosStore,
        Firmware::Uefi => SystemFile::UefiStore,
    };
    Ok(StoreEdit::over(&examined.storage, layout, system.volume, file.path(), bytes, now)?)
}

/// Makes a store without objects.
///
/// # Errors
/// The file is there already, or cannot be written.
pub(super) fn create_store(args: &EditArgs, show: ShowArgs) -> anyhow::Result<u8> {
    let target = &args.place.target;
    if show.json || args.output.is_some() || args.write.dry_run {
        return Err(Usage("createstore takes the new file and nothing else".to_owned()).into());
    }
    if fs::symlink_metadata(target).is_ok() {
        bail!("{}: exists already; to make a disk's store anew, use fix --rebuild=store", target.display());
    }
    new_store(args, &empty(clock::now())?)
}

fn new_store(args: &EditArgs, bytes: &[u8]) -> anyhow::Result<u8> {
    let target = &args.place.target;
    if args.write.dry_run {
        lines::say(format_args!("{}: would be a new store", clean(&target.display().to_string())))?;
        return Ok(LEFT);
    }
    new_file::write(target, bytes, new_file::PUBLIC).map_err(|error| unwritten(target, error))?;
    lines::say(format_args!("{}: a new store, {} bytes", clean(&target.display().to_string()), bytes.len()))?;
    Ok(HEALTHY)
}

fn empty(now: u64) -> anyhow::Result<Vec<u8>> {
    Ok(NewStore { objects: Vec::new(), last_written: now, firmware_modified: false }.build()?)
}

/// Says in what a store differs from another.
///
/// # Errors
/// Either cannot be read.
pub(super) fn diff(place: &PlaceArgs, other: &Path, show: ShowArgs) -> anyhow::Result<u8> {
    confine::to_reading();
    let found = Found::open(place)?;
    let other = Found::open(&PlaceArgs { target: other.to_owned(), store_path: None, ..place.clone() })?;
    let changes = compare(found.store()?, other.store()?);
    let resolve = |named: &_| match &found {
        Found::Disk(found) => named::resolve(&found.examined.layout, &found.context, named),
        Found::File(_) => unknown(named),
    };
    let device = |element: &_| match &found {
        Found::Disk(found) => named::device(&found.examined.layout, &found.context, element),
        Found::File(_) => named::alone(element),
    };
    let is_same = changes.differences.is_empty();
    if show.json {
        json::print(&[Compared {
            target: json::path(found.target()),
            other: json::path(other.target()),
            store_changes: json::store_change::changes(&changes, &device),
            error: None,
        }])?;
    } else {
        lines::show(|out| match is_same {
            true => out.add(format_args!("no differences")),
            false => store_changes::add(out, &changes, &resolve),
        })?;
    }
    Ok(if is_same { HEALTHY } else { LEFT })
}
