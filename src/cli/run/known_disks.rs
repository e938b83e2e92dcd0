//! Disks beside a target: those that were named with it, and those attached to this machine, which its stores may mean.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::run::parallel::in_order;
use crate::cli::run::store_file::is_store_file;
use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::diagnosis::model::known_disks::OtherDisk;
use crate::diagnosis::model::known_disks::Others;
use crate::layout::discover;
use crate::partition;
use crate::partition::DiskId;
use crate::partition::PartitionTable;
use crate::storage::attached::attached_disks;
use crate::storage::cache::Cached;
use crate::storage::nbd::url::NbdUrl;
use crate::storage::nbd::url::is_url;
use crate::storage::open::OpenOptions;
use crate::storage::open::open;

/// The other disks at hand: when `target` is a device those attached to this machine, which its stores may mean unless it
/// `is_independent`; and the other targets of the command. A disk that cannot be read is none that can be compared.
#[must_use]
pub fn context(
    target: &Path,
    named: &NamedDisks,
    options: &OpenOptions,
    choice: Choice,
    is_independent: bool,
) -> Context {
    let mut here = vec![Which::of(target)];
    let mut attached = Others::default();
    if matches!(here.as_slice(), [Which::Device(_)]) {
        for path in attached_disks(Path::new("/")).unwrap_or_default().into_iter().map(|disk| disk.path) {
            let which = Which::of(&path);
            if !here.contains(&which) {
                let disk = named.get(&which).cloned().or_else(|| identify(&path, options));
                disk.into_iter().for_each(|disk| attached.add(disk));
                here.push(which);
            }
        }
    }
    let (others, apart) = match is_independent {
        true => (Others::default(), attached),
        false => (attached, Others::default()),
    };
    Context { others, apart, named: named.but(&here), choice, ..Context::default() }
}

/// The targets of a command, by their identities.
#[derive(Debug, Default)]
pub struct NamedDisks {
    /// One may be named twice.
    indices: HashMap<Which, Vec<usize>>,
    disks: Arc<Vec<OtherDisk>>,
}

impl NamedDisks {
    /// Those among several targets, each looked at once; a lone target has no others.
    #[must_use]
    pub fn among(targets: &[PathBuf], options: &OpenOptions, threads: usize) -> Self {
        let mut named = Self::default();
        if targets.len() < 2 {
            return named;
        }
        let mut disks = Vec::new();
        let one = |path: &PathBuf| if is_store_file(path) { None } else { identify(path, options) };
        let mut paths = targets.iter();
        let keep = |disk: Option<OtherDisk>| {
            let path = paths.next();
            if let (Some(path), Some(disk)) = (path, disk) {
                named.indices.entry(Which::of(path)).or_default().push(disks.len());
                disks.push(disk);
            }
            Ok(())
        };
        // Nothing that keeps them can fail.
        let _ = in_order(targets, threads, one, keep);
        named.disks = Arc::new(disks);
        named
    }

    fn get(&self, which: &Which) -> Option<&OtherDisk> {
        self.disks.get(*self.indices.get(which)?.first()?)
    }

    fn but(&self, these: &[Which]) -> Others {
        let hidden = these.iter().filter_map(|which| self.indices.get(which)).flatten();
        Others::shared(Arc::clone(&self.disks), hidden.copied().collect())
    }
}

/// One disk, however it is written.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Which {
    /// A file, by its file system and number there.
    File(u64, u64),
    /// A block device, by its number.
    Device(u64),
    /// What an NBD server gives out.
    Export(NbdUrl),
    /// What cannot be looked at, or is none of these.
    Name(PathBuf),
}

impl Which {
    fn of(path: &Path) -> Self {
        if let (true, Ok(url)) = (is_url(path), NbdUrl::parse(path)) {
            return Self::Export(url);
        }
        match fs::metadata(path) {
            Ok(facts) if facts.file_type().is_block_device() => Self::Device(facts.rdev()),
            Ok(facts) if facts.is_file() => Self::File(facts.dev(), facts.ino()),
            _ => Self::Name(path.to_owned()),
        }
    }
}

fn identify(path: &Path, options: &OpenOptions) -> Option<OtherDisk> {
    let opened = open(path, options).ok()?;
    let storage = Cached::new(opened.storage);
    let table = partition::read(&storage).ok()?;
    // Of an MBR over a sound GPT only what is on the disk tells which is meant; that is seldom, and read then alone.
    match table.beneath {
        Some(_) => other_disk(path, &discover(&storage).ok()?.table),
        None => other_disk(path, &table),
    }
}

/// A disk as others see it; `None` when it has no identity.
#[must_use]
pub fn other_disk(path: &Path, table: &PartitionTable) -> Option<OtherDisk> {
    let disk = table.disk.filter(|disk| *disk != DiskId::Mbr(0))?;
    let partitions =
        table.partitions.iter().filter_map(|partition| Some((partition.id?, partition.number))).collect();
    Some(OtherDisk { name: path.display().to_string(), disk, partitions })
}

/// Whether both paths lead to one file or device, however they are written.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    Which::of(one) == Which::of(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As paths the first two would be one file.
    #[test]
    fn exports_are_told_apart_by_what_their_urls_mean() {
        let same = |one: &str, other: &str| is_same_file(Path::new(one), Path::new(other));
        assert!(!same("nbd+unix:///disk?socket=/s", "nbd+unix:////disk?socket=/s"));
        assert!(!same("nbd://host/a/b", "nbd://host/a/./b"));
        assert!(same("nbd://host/disk", "nbd://host:10809/di%73k"));
        assert!(!same("nbd://host/disk", "nbd://other/disk"));
    }
}
