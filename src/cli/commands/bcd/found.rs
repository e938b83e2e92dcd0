//! Which store is meant: one of a disk's, or a file by itself.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;

use crate::bcd::Store;
use crate::cli::args::bcd_args::place::PlaceArgs;
use crate::cli::args::bcd_args::place::StorePath;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_machines;
use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::run::store_file::StoreBytes;
use crate::cli::run::store_file::is_store_file;
use crate::cli::run::store_file::read_whole;
use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::repair::refusal::refusal_of_store;

/// A store of a disk.
pub(super) struct OnDisk {
    pub(super) examined: Examined,
    pub(super) context: Context,
    pub(super) index: StoreIndex,
}

/// A store that is a file by itself.
pub(super) struct InFile {
    pub(super) path: PathBuf,
    pub(super) bytes: StoreBytes,
}

/// The store that is meant.
pub(super) enum Found {
    Disk(Box<OnDisk>),
    File(Box<InFile>),
}

impl Found {
    /// Opens and reads what is named.
    ///
    /// # Errors
    /// It cannot be read, or has no such store.
    pub(super) fn open(place: &PlaceArgs) -> anyhow::Result<Self> {
        let path = &place.target;
        if is_store_file(path) {
            anyhow::ensure!(
                place.store_path.is_none(),
                "{}: --store-path chooses among the stores of a disk, and this is a store",
                path.display()
            );
            return Ok(Self::File(Box::new(InFile { path: path.clone(), bytes: read_whole(path)? })));
        }
        let (examined, context) = examined(place)?;
        let index = chosen(&examined.layout, place.store_path.as_ref())
            .with_context(|| path.display().to_string())?;
        Ok(Self::Disk(Box::new(OnDisk { examined, context, index })))
    }

    /// The same for an edit: a store that no boot manager reads has to be named.
    ///
    /// # Errors
    /// As [`Found::open`]; or nothing was named, and no boot manager reads what is there.
    pub(super) fn open_to_edit(place: &PlaceArgs) -> anyhow::Result<Self> {
        let found = Self::open(place)?;
        if let Self::Disk(disk) = &found
            && place.store_path.is_none()
            && !disk.file()?.live
        {
            bail!(
                "{}: no boot manager reads a store of this disk; name the one that is meant with --store-path: {}",
                disk.examined.path.display(),
                names(&disk.examined.layout)
            );
        }
        Ok(found)
    }

    /// The store, which is to be edited.
    ///
    /// # Errors
    /// It cannot be read, or only in part.
    pub(super) fn editable(&self) -> anyhow::Result<&Store> {
        if let Self::Disk(found) = self
            && let Some(refusal) = refusal_of_store(&found.examined.layout, found.file()?)
        {
            bail!("{}: {refusal}", found.examined.path.display());
        }
        self.store()
    }

    /// The store, as its logs make it where it is dirty.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn store(&self) -> anyhow::Result<&Store> {
        match self {
            Self::File(found) => Ok(&found.bytes.store),
            Self::Disk(found) => found.store(),
        }
    }

    /// The disk that it is on.
    pub(super) fn layout(&self) -> Option<&Layout> {
        match self {
            Self::File(_) => None,
            Self::Disk(found) => Some(&found.examined.layout),
        }
    }

    /// What was named.
    pub(super) fn target(&self) -> &Path {
        match self {
            Self::File(found) => &found.path,
            Self::Disk(found) => &found.examined.path,
        }
    }
}

impl OnDisk {
    /// The file of the store.
    pub(super) fn file(&self) -> anyhow::Result<&StoreFile> {
        self.examined.layout.store(self.index).context("internal error: the store is not in the layout")
    }

    fn store(&self) -> anyhow::Result<&Store> {
        let file = self.file()?;
        file.store.as_ref().map_err(|cause| {
            let place = self.examined.layout.name(file.volume);
            anyhow::anyhow!(
                "{}: {} on {place}: {cause}; make a new store (`fix --rebuild=store`), or put another in its place \
                 (`bcd import`)",
                self.examined.path.display(),
                file.path
            )
        })
    }
}

/// Opens and examines the disk that is named, with nothing chosen.
pub(super) fn examined(place: &PlaceArgs) -> anyhow::Result<(Examined, Context)> {
    let options = place.open.options();
    let context = context(&place.target, &NamedDisks::default(), &options, Choice::default(), false);
    Ok((examine_machines(&place.target, &options, &context)?, context))
}

/// The store with this path; without one the store that the firmware comes to first.
fn chosen(layout: &Layout, wanted: Option<&StorePath>) -> anyhow::Result<StoreIndex> {
    let Some(wanted) = wanted else {
        let system = layout.first_system().map(|system| system.volume);
        let stores = || layout.stores_indexed().filter(|(_, file)| !file.recovery);
        let first = stores().find(|(_, file)| file.first && Some(file.volume) == system);
        let first = first.or_else(|| stores().find(|(_, file)| file.first));
        let first = first.or_else(|| stores().find(|(_, file)| file.live)).or_else(|| stores().next());
        return match first {
            Some((index, _)) => Ok(index),
            None => bail!(no_store(layout)),
        };
    };
    let is_it = |file: &StoreFile| {
        let partition = layout.partition(file.volume).map(|partition| partition.number);
        file.path.eq_ignore_ascii_case(&wanted.path)
            && wanted.partition.is_none_or(|number| partition == Some(number))
    };
    let found: Vec<StoreIndex> =
        layout.stores_indexed().filter(|(_, file)| is_it(file)).map(|(index, _)| index).collect();
    match found.as_slice() {
        [index] => Ok(*index),
        [] if layout.stores.is_empty() => bail!(no_store(layout)),
        [] => bail!("no store {} on this disk; it has {}", wanted.path, names(layout)),
        _ => bail!("several stores {}; choose one with --store-path: {}", wanted.path, names(layout)),
    }
}

/// Why there is nothing to edit.
fn no_store(layout: &Layout) -> &'static str {
    match layout.systems.iter().any(|system| system.boot_ini().is_some()) {
        true => "no BCD store on this disk: it starts Windows by NTLDR and boot.ini",
        false => "no BCD store on this disk; run check to see what to do",
    }
}

/// `1:\Boot\BCD, 2:\EFI\Microsoft\Boot\BCD`.
fn names(layout: &Layout) -> String {
    let number = |file: &StoreFile| layout.partition(file.volume).map_or(0, |partition| partition.number);
    let names: Vec<_> = layout.stores.iter().map(|file| format!("{}:{}", number(file), file.path)).collect();
    names.join(", ")
}
