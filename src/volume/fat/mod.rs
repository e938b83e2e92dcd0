//! FAT12, FAT16 and FAT32, as far as a boot partition needs them.

mod boot_sector;
mod chain;
mod cross_check;
mod directory;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use crate::storage::Storage;
use crate::volume::entry::Entry;
use crate::volume::entry::EntryKind;
use crate::volume::error::VolumeError;
use crate::volume::extent::LocatedFile;
use crate::volume::extent::VolumeExtent;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Rounding;
use crate::volume::fat::boot_sector::Width;
use crate::volume::fat::directory::DirectoryEntry;
use crate::volume::file::Contents;
use crate::volume::file::PlacedFile;
use crate::volume::file::VolumeFile;
use crate::volume::file_system::FileSystem;
use crate::volume::obstacle::Obstacle;
use crate::volume::obstacle::ObstacleKind;
use crate::volume::path;

/// Entries of a directory that are listed.
const MAX_ENTRIES: usize = 4096;
/// Directories of the root directory that are asked where the clusters begin.
const MAX_ASKED: usize = 16;

/// A FAT volume.
pub(crate) struct FatVolume<'a> {
    storage: &'a dyn Storage,
    boot: BootSector,
}

/// A file or directory that was found.
struct Found {
    path: String,
    is_directory: bool,
    cluster: u32,
    len: u64,
}

impl<'a> FatVolume<'a> {
    /// Opens the volume that begins with `head`.
    pub(crate) fn open(storage: &'a dyn Storage, head: &[u8]) -> Result<Self, VolumeError> {
        let boot = BootSector::decode(head, storage.len())?;
        if boot.is_uneven()
            && let Ok(other) = BootSector::decode_as(head, storage.len(), Rounding::Down)
            && directories_that_fit(storage, &other)? > directories_that_fit(storage, &boot)?
        {
            return Ok(Self { storage, boot: other });
        }
        Ok(Self { storage, boot })
    }

    pub(crate) fn file_system(&self) -> FileSystem {
        self.boot.file_system()
    }

    pub(crate) fn serial(&self) -> Option<u64> {
        self.boot.serial.map(u64::from)
    }

    pub(crate) fn cluster_size(&self) -> u32 {
        self.boot.cluster_size
    }

    /// The label from the root directory; that of the boot sector is not kept up to date by Windows.
    pub(crate) fn label(&self) -> Option<String> {
        let entries = directory::entries(self.storage, &self.boot, 0, |entry| entry.is_label).ok()?;
        entries.into_iter().find(|entry| entry.is_label).map(|entry| entry.short_name)
    }

    pub(crate) fn find(&self, path: &str) -> Result<Option<Entry>, VolumeError> {
        Ok(self.lookup(path)?.map(Found::into_entry))
    }

    pub(crate) fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        refuse_unfit(&found, max)?;
        self.contents(&found, found.len).map(Some)
    }

    pub(crate) fn read_prefix(&self, path: &str, len: u64) -> Result<Option<Vec<u8>>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        refuse_unfit(&found, u64::MAX)?;
        self.contents(&found, found.len.min(len)).map(Some)
    }

    pub(crate) fn list(&self, path: &str) -> Result<Vec<Entry>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(Vec::new()) };
        if !found.is_directory {
            return Err(VolumeError::unsupported(format!("{} is a file", found.path), "name a directory"));
        }
        let mut count = 0usize;
        let all = directory::entries(self.storage, &self.boot, found.cluster, |_| {
            count = count.saturating_add(1);
            count > MAX_ENTRIES
        })?;
        if all.len() > MAX_ENTRIES {
            let what = format!("{} has more than {MAX_ENTRIES} entries", found.path);
            return Err(VolumeError::unsupported(what, "name a smaller directory"));
        }
        let named =
            all.into_iter().filter(|entry| !entry.is_label && entry.name != "." && entry.name != "..");
        let mut entries: Vec<Entry> =
            named.map(|entry| Found::new(&found.path, &entry).into_entry()).collect();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }

    pub(crate) fn locate(&self, path: &str, max: u64) -> Result<Option<LocatedFile>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        refuse_unfit(&found, max)?;
        let extents = self.proven(&found)?;
        let bytes = self.bytes_of(&extents)?;
        if cross_check::read(self.storage, &self.boot, &found.path, found.len)? != bytes {
            return Err(VolumeError::corrupt(
                found.path,
                extents.first().map_or(0, |extent| extent.volume_offset),
                "the same bytes in both readings",
                "different bytes in the fatfs crate's",
            ));
        }
        Ok(Some(LocatedFile { path: found.path, bytes, extents }))
    }

    pub(crate) fn extents(&self, path: &str) -> Result<Option<PlacedFile>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        refuse_unfit(&found, u64::MAX)?;
        let extents = self.proven(&found)?;
        Ok(Some(PlacedFile { path: found.path, len: found.len, extents }))
    }

    pub(crate) fn open_file(&self, path: &str) -> Result<Option<VolumeFile<'a>>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        refuse_unfit(&found, u64::MAX)?;
        let (extents, _) = self.places(&found, found.len)?;
        Ok(Some(VolumeFile::new(self.storage, found.path, found.len, Contents::Placed(extents))))
    }

    pub(crate) fn obstacles(&self) -> Result<Vec<Obstacle>, VolumeError> {
        let mut obstacles = Vec::new();
        let table = self.boot.tables.first().copied().unwrap_or(0);
        let value = chain::entry(self.storage, self.boot.width, table, 1)?;
        // Entry 1: the topmost bits are "cleanly unmounted" and "no errors of the medium"; FAT12 has none.
        let (clean, sound) = match self.boot.width {
            Width::Bits12 => (true, true),
            Width::Bits16 => (value & 0x8000 != 0, value & 0x4000 != 0),
            Width::Bits32 => (value & 0x0800_0000 != 0, value & 0x0400_0000 != 0),
        };
        let mut add = |kind, message: &str| obstacles.push(Obstacle { kind, message: message.into() });
        if !clean || self.boot.state & 1 != 0 {
            add(
                ObstacleKind::FatDirty,
                "the FAT volume was not cleanly unmounted; check it first (fsck.fat -a, or chkdsk in Windows)",
            );
        }
        if !sound || self.boot.state & 2 != 0 {
            add(
                ObstacleKind::FatDirty,
                "the FAT volume is marked as having media errors; check it first (fsck.fat -a, or chkdsk \
                 /r)",
            );
        }
        if self.boot.rounding == Rounding::Down {
            let entries = self.boot.root_entries;
            let message = format!(
                "the root directory of this FAT volume, {entries} entries, is not a whole number of \
                 sectors: mtools and firmware disagree where its files start; copy them off and format the \
                 volume again"
            );
            add(ObstacleKind::FatRootUneven, &message);
        }
        for copy in self.boot.tables.iter().skip(1) {
            let differs = (0..2).map(|number| -> Result<bool, VolumeError> {
                let one = chain::entry(self.storage, self.boot.width, table, number)?;
                Ok(one != chain::entry(self.storage, self.boot.width, *copy, number)?)
            });
            if differs.collect::<Result<Vec<bool>, _>>()?.contains(&true) {
                add(
                    ObstacleKind::FatCopiesDiffer,
                    "the copies of the FAT differ in their first entries; check the volume first (fsck.fat)",
                );
            }
        }
        Ok(obstacles)
    }

    /// The places of the first `len` bytes of a file, and their clusters.
    fn places(&self, found: &Found, len: u64) -> Result<(Vec<VolumeExtent>, Vec<u32>), VolumeError> {
        if len == 0 {
            return Ok((Vec::new(), Vec::new()));
        }
        chain::places(self.storage, &self.boot, found.cluster, len)
    }

    /// The places of a file, on which all copies of the table agree.
    fn proven(&self, found: &Found) -> Result<Vec<VolumeExtent>, VolumeError> {
        let (extents, clusters) = self.places(found, found.len)?;
        self.copies_agree(found, &clusters)?;
        Ok(extents)
    }

    /// The first `len` bytes of a file.
    fn contents(&self, found: &Found, len: u64) -> Result<Vec<u8>, VolumeError> {
        let (extents, _) = self.places(found, len)?;
        self.bytes_of(&extents)
    }

    fn bytes_of(&self, extents: &[VolumeExtent]) -> Result<Vec<u8>, VolumeError> {
        let mut bytes = Vec::new();
        for extent in extents {
            let count = usize::try_from(extent.len).unwrap_or(usize::MAX);
            bytes.extend(self.storage.read_vec(extent.volume_offset, count)?);
        }
        Ok(bytes)
    }

    /// Every copy of the table must give the file the same chain.
    fn copies_agree(&self, found: &Found, clusters: &[u32]) -> Result<(), VolumeError> {
        let table = self.boot.tables.first().copied().unwrap_or(0);
        for copy in self.boot.tables.iter().skip(1) {
            for cluster in clusters {
                let one = chain::entry(self.storage, self.boot.width, table, *cluster)?;
                let other = chain::entry(self.storage, self.boot.width, *copy, *cluster)?;
                if one != other {
                    return Err(VolumeError::corrupt(
                        format!("{}, copies of the FAT", found.path),
                        *copy,
                        format!("0x{one:x} for cluster 0x{cluster:x}"),
                        format!("0x{other:x}"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Follows a path from the root directory.
    fn lookup(&self, path: &str) -> Result<Option<Found>, VolumeError> {
        let mut here = Found { path: String::new(), is_directory: true, cluster: 0, len: 0 };
        for component in path::components(path) {
            if !here.is_directory {
                return Ok(None);
            }
            let matches = |entry: &DirectoryEntry| !entry.is_label && entry.is_named(component);
            let entries = directory::entries(self.storage, &self.boot, here.cluster, matches)?;
            let Some(entry) = entries.into_iter().find(matches) else { return Ok(None) };
            here = Found::new(&here.path, &entry);
        }
        if here.path.is_empty() {
            here.path.push('\\');
        }
        Ok(Some(here))
    }
}

/// How many directories in the root directory begin where `boot` places them: their first entry is "." and names the
/// cluster that it is in.
///
/// # Errors
/// The medium fails. A place that is no place of the volume does not fit, and is no error.
fn directories_that_fit(storage: &dyn Storage, boot: &BootSector) -> Result<usize, VolumeError> {
    let mut asked = 0usize;
    let entries = directory::entries(storage, boot, 0, |entry| {
        asked = asked.saturating_add(usize::from(entry.is_directory));
        asked >= MAX_ASKED
    })?;
    let mut fit = 0usize;
    for entry in entries.into_iter().filter(|entry| entry.is_directory) {
        let place = boot.place(entry.cluster).filter(|at| at.saturating_add(32) <= storage.len());
        let Some(place) = place else { continue };
        let first = directory::first_entry(&storage.read_vec(place, 32)?);
        let is_it = first.is_some_and(|it| it.is_directory && it.name == "." && it.cluster == entry.cluster);
        fit = fit.saturating_add(usize::from(is_it));
    }
    Ok(fit)
}

impl Found {
    fn new(parent: &str, entry: &DirectoryEntry) -> Self {
        Self {
            path: path::join(parent, &entry.name),
            is_directory: entry.is_directory,
            cluster: entry.cluster,
            len: u64::from(entry.len),
        }
    }

    fn into_entry(self) -> Entry {
        let kind = if self.is_directory { EntryKind::Directory } else { EntryKind::File { len: self.len } };
        Entry { path: self.path, kind }
    }
}

/// Refuses directories and files of more than `max` bytes.
fn refuse_unfit(found: &Found, max: u64) -> Result<(), VolumeError> {
    if found.is_directory {
        return Err(VolumeError::unsupported(format!("{} is a directory", found.path), "name a file in it"));
    }
    if found.len > max {
        return Err(VolumeError::unsupported(
            format!("{} has {} bytes", found.path, found.len),
            format!("expected at most {max} for such a file: is it the right one?"),
        ));
    }
    Ok(())
}
