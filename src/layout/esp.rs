//! EFI system partitions without anything of Windows' that starts: what is on them instead. Looked at only where no volume has that.

use crate::bytes;
use crate::layout::index::VolumeIndex;
use crate::layout::system::has_version;
use crate::layout::system::is_esp_type;
use crate::layout::system_file::SystemFile;
use crate::partition::PartitionTable;
use crate::volume::EntryKind;
use crate::volume::FileSystem;
use crate::volume::Volume;
use crate::volume::VolumeError;

/// Where loaders are.
const LOADERS: &str = r"\EFI";
/// Names that are kept of a volume, at most.
const NAMED_MAX: usize = 6;

/// An EFI system partition, and what is on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Esp {
    /// Index of the volume in the layout.
    pub volume: VolumeIndex,
    /// What was found.
    pub content: EspContent,
}

/// What an EFI system partition has where Windows' boot manager would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EspContent {
    /// It cannot be read.
    Unread,
    /// No file system that is known.
    NotFormatted,
    /// A file system that is not read here, by name.
    Other(&'static str),
    /// Nothing at all.
    Empty,
    /// Loaders of others: directories in `\EFI`, and programs in `\EFI\Boot` that are not Windows'.
    Foreign(Vec<String>),
    /// Files, and no loader.
    NoLoader,
}

/// The EFI system partitions in the order of the table.
#[must_use]
pub(super) fn look(volumes: &[Option<&Volume<'_>>], table: &PartitionTable) -> Vec<Esp> {
    let partitions = VolumeIndex::each(&table.partitions).zip(volumes);
    let esps = partitions.filter(|((_, partition), _)| is_esp_type(partition.kind));
    esps.map(|((index, _), volume)| Esp { volume: index, content: content(*volume) }).collect()
}

/// All FAT volumes, whatever their type: firmware looks for the loader of removable media on each.
#[must_use]
pub(super) fn look_on_fat(volumes: &[Option<&Volume<'_>>]) -> Vec<Esp> {
    let fat =
        VolumeIndex::each(volumes).filter(|(_, volume)| volume.is_some_and(|it| it.file_system().is_fat()));
    fat.map(|(index, volume)| Esp { volume: index, content: content(*volume) }).collect()
}

fn content(volume: Option<&Volume<'_>>) -> EspContent {
    let Some(volume) = volume.filter(|volume| volume.damage().is_none()) else { return EspContent::Unread };
    match volume.file_system() {
        FileSystem::Unknown | FileSystem::Encrypted => return EspContent::NotFormatted,
        FileSystem::BitLocker => return EspContent::Other("BitLocker"),
        FileSystem::Ntfs => return EspContent::Other("NTFS"),
        file_system => {
            if let Some(name) = file_system.name_of_unread() {
                return EspContent::Other(name);
            }
        }
    }
    match foreign(volume) {
        Err(_) => EspContent::Unread,
        Ok(Some(names)) if !names.is_empty() => EspContent::Foreign(names),
        Ok(Some(_)) => EspContent::NoLoader,
        Ok(None) => EspContent::Empty,
    }
}

/// Loaders that are not Windows'; `None` where the volume has no files at all.
fn foreign(volume: &Volume<'_>) -> Result<Option<Vec<String>>, VolumeError> {
    let root = volume.list(r"\")?;
    // What Windows itself and others leave on every volume.
    let is_own = |path: &str| {
        matches!(path, r"\$RECYCLE.BIN" | r"\SYSTEM VOLUME INFORMATION") || path.starts_with(r"\$")
    };
    if root.iter().all(|entry| is_own(&entry.path.to_uppercase())) {
        return Ok(None);
    }
    let mut names = Vec::new();
    let is_of_windows = |path: &str| path == r"\EFI\MICROSOFT" || path == r"\EFI\BOOT";
    let others = volume.list(LOADERS)?.into_iter().filter(|entry| entry.kind == EntryKind::Directory);
    let others = others.filter(|entry| !is_of_windows(&entry.path.to_uppercase()));
    names.extend(others.map(|entry| bytes::one_line(&entry.path)).take(NAMED_MAX));
    for path in SystemFile::FALLBACK.map(SystemFile::path) {
        if volume.find(path)?.is_some() && !has_version(volume, path) {
            names.push(path.to_owned());
        }
    }
    Ok(Some(names))
}
