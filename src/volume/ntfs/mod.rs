//! NTFS: lookups through the `ntfs` crate, contents and places through our own decoding of the FILE records.

mod boot_sector;
mod collation;
mod compressed;
mod cross_check;
mod data_runs;
mod file_record;
mod index;
mod locate;
mod log_file;
mod lznt1;
mod master_file_table;
mod overlay;
#[cfg(test)]
mod piece_tests;
mod steps;
mod stream;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use std::sync::Arc;
use std::sync::OnceLock;

use crate::bytes::le_u16;
use crate::bytes::utf16le_until_nul;
use crate::storage::Storage;
use crate::volume::entry::Entry;
use crate::volume::entry::EntryKind;
use crate::volume::error::VolumeError;
use crate::volume::extent::LocatedFile;
use crate::volume::file::Contents;
use crate::volume::file::PlacedFile;
use crate::volume::file::VolumeFile;
use crate::volume::file_form::FileForm;
use crate::volume::ntfs::boot_sector::BootSector;
use crate::volume::ntfs::collation::Collation;
use crate::volume::ntfs::compressed::Compressed;
use crate::volume::ntfs::cross_check::CrateOpinion;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::index::Index;
use crate::volume::ntfs::index::NamedFile;
use crate::volume::ntfs::log_file::LogFile;
use crate::volume::ntfs::master_file_table::MasterFileTable;
use crate::volume::ntfs::overlay::Overlay;
use crate::volume::ntfs::overlay::Packing;
use crate::volume::ntfs::steps::Step;
use crate::volume::ntfs::steps::Steps;
use crate::volume::ntfs::stream::Stream;
use crate::volume::obstacle::Obstacle;
use crate::volume::obstacle::ObstacleKind;
use crate::volume::path;

/// Records of fixed number.
const LOG_FILE: u64 = 2;
const VOLUME: u64 = 3;
const ROOT: u64 = 5;
const UP_CASE: u64 = 10;
/// Entries of a directory that are listed.
const MAX_ENTRIES: usize = 4096;
/// Of an attribute's flags: compressed by LZNT1.
const LZNT1: u16 = 1;
/// The reparse tag of the Windows Overlay Filter (`IO_REPARSE_TAG_WOF`).
const OVERLAY: u32 = 0x8000_0017;
/// Flag of $VOLUME_INFORMATION: chkdsk is due.
const DIRTY: u16 = 0x0001;

/// An NTFS volume.
pub(crate) struct NtfsVolume<'a> {
    boot: BootSector,
    table: MasterFileTable<'a>,
    opinion: CrateOpinion<'a>,
    collation: OnceLock<Collation>,
    root: OnceLock<Arc<FileRecord>>,
    steps: Steps,
}

/// A file or directory that was found.
struct Found {
    number: u64,
    record: Arc<FileRecord>,
    path: String,
}

impl<'a> NtfsVolume<'a> {
    /// Opens the volume that begins with `head`.
    pub(crate) fn open(storage: &'a dyn Storage, head: &[u8]) -> Result<Self, VolumeError> {
        let boot = BootSector::decode(head, storage.len())?;
        let table = MasterFileTable::open(storage, &boot)?;
        let opinion = CrateOpinion::open(storage)?;
        let (collation, root, steps) = Default::default();
        Ok(Self { boot, table, opinion, collation, root, steps })
    }

    pub(crate) fn serial(&self) -> u64 {
        self.boot.serial
    }

    pub(crate) fn cluster_size(&self) -> u32 {
        self.boot.cluster_size
    }

    /// The label of $VOLUME_NAME.
    pub(crate) fn label(&self) -> Option<String> {
        let record = self.table.record(VOLUME).ok()?;
        let label = utf16le_until_nul(record.resident(file_record::VOLUME_NAME)?);
        (!label.is_empty()).then_some(label)
    }

    pub(crate) fn find(&self, path: &str) -> Result<Option<Entry>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        let kind = self.entry_kind(&found)?;
        Ok(Some(Entry { path: found.path, kind }))
    }

    pub(crate) fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, VolumeError> {
        self.read_some(path, |size| if size <= max { Ok(size) } else { Err(too_long(path, size, max)) })
    }

    pub(crate) fn read_prefix(&self, path: &str, len: u64) -> Result<Option<Vec<u8>>, VolumeError> {
        self.read_some(path, |size| Ok(size.min(len)))
    }

    /// Reads as many bytes from the start of a file as `wanted` says for its size.
    fn read_some(
        &self,
        path: &str,
        wanted: impl FnOnce(u64) -> Result<u64, VolumeError>,
    ) -> Result<Option<Vec<u8>>, VolumeError> {
        let Some(file) = self.open_file(path)? else { return Ok(None) };
        let len = wanted(file.len())?;
        file.read_at(0, usize::try_from(len).unwrap_or(usize::MAX)).map(Some)
    }

    pub(crate) fn open_file(&self, path: &str) -> Result<Option<VolumeFile<'a>>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(None) };
        refuse_directory(&found)?;
        let data = self.data(&found)?;
        if let Some(tag) = found.record.reparse_tag() {
            let size = data.as_ref().map_or(0, Stream::size);
            let overlay = self.overlay(&found, size)?.ok_or_else(|| reparse_point(&found.path, tag))?;
            let contents = Contents::Decoded(Box::new(overlay));
            return Ok(Some(VolumeFile::new(self.table.storage, found.path, size, contents)));
        }
        let len = data.as_ref().map_or(0, Stream::size);
        let contents = match data {
            None => Contents::Inline(Vec::new()),
            Some(data) if data.is_encrypted() => return Err(encoded(&found.path, "encrypted")),
            Some(data) if data.is_compressed() => self.decoded(&found.path, data)?,
            Some(data) => data.into_contents(self.boot.cluster_size),
        };
        Ok(Some(VolumeFile::new(self.table.storage, found.path, len, contents)))
    }

    /// The contents of `len` bytes that the Windows Overlay Filter makes; `None` where a reparse point is another, or its stream not there.
    fn overlay(&self, found: &Found, len: u64) -> Result<Option<Overlay>, VolumeError> {
        let point = found.record.resident(file_record::REPARSE_POINT).unwrap_or_default();
        let packing = Packing::of(point).filter(|_| found.record.reparse_tag() == Some(OVERLAY));
        let Some(packing) = packing else { return Ok(None) };
        let packed =
            Stream::of(&self.table, &found.record, found.number, file_record::DATA, overlay::STREAM)?;
        let packed = packed.filter(|packed| !packed.is_encrypted() && !packed.is_compressed());
        Ok(packed.map(|packed| Overlay::new(&found.path, packing, packed, self.boot.cluster_size, len)))
    }

    /// The contents of a compressed stream.
    fn decoded(&self, path: &str, data: Stream) -> Result<Contents, VolumeError> {
        let is_lznt1 = data.flags & 0x00ff == LZNT1;
        let compressed = match data.body {
            Body::NonResident(places) if is_lznt1 => Compressed::new(path, places, self.boot.cluster_size),
            Body::NonResident(_) | Body::Resident(_) => None,
        };
        match compressed {
            Some(compressed) => Ok(Contents::Decoded(Box::new(compressed))),
            None => Err(encoded(path, "compressed")),
        }
    }

    /// The length of a file in bytes, and how they are kept; `None` when it is not there, or a directory.
    pub(crate) fn form(&self, path: &str) -> Result<Option<(u64, FileForm)>, VolumeError> {
        let Some(found) = self.lookup(path)?.filter(|found| !found.record.is_directory) else {
            return Ok(None);
        };
        let data = self.data(&found)?;
        let form = match (found.record.reparse_tag(), &data) {
            (Some(OVERLAY), _) => FileForm::Overlay,
            (Some(tag), _) => FileForm::Reparse(tag),
            (None, Some(data)) if data.is_encrypted() => FileForm::Encrypted,
            (None, Some(data)) if data.is_compressed() => FileForm::Compressed,
            (None, _) => FileForm::Plain,
        };
        Ok(Some((data.map_or(0, |data| data.size()), form)))
    }

    pub(crate) fn list(&self, path: &str) -> Result<Vec<Entry>, VolumeError> {
        let Some(found) = self.lookup(path)? else { return Ok(Vec::new()) };
        if !found.record.is_directory {
            return Err(VolumeError::unsupported(format!("{} is a file", found.path), "name a directory"));
        }
        let index = Index::open(&self.table, &found.record, found.number)?;
        let Some(files) = index.all(MAX_ENTRIES)? else {
            let what = format!("{} has more than {MAX_ENTRIES} entries", found.path);
            return Err(VolumeError::unsupported(what, "name a smaller directory"));
        };
        let mut entries = Vec::new();
        for file in files.into_iter().filter(|file| !file.is_alias && file.number != ROOT) {
            let record = Arc::new(self.table.file(file.number, file.sequence)?);
            let path = path::join(&found.path, &file.name);
            let file = Found { number: file.number, record, path };
            let kind = self.entry_kind(&file)?;
            entries.push(Entry { path: file.path, kind });
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }

    pub(crate) fn locate(&self, path: &str, max: u64) -> Result<Option<LocatedFile>, VolumeError> {
        match self.lookup(path)? {
            Some(found) => locate::locate(self, &found, max).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn extents(&self, path: &str) -> Result<Option<PlacedFile>, VolumeError> {
        match self.lookup(path)? {
            Some(found) => locate::extents(self, &found).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn is_dirty(&self) -> Result<bool, VolumeError> {
        let volume = self.table.record(VOLUME)?;
        let flags = volume.resident(file_record::VOLUME_INFORMATION).and_then(|bytes| le_u16(bytes, 0x0a));
        let flags = flags.ok_or_else(|| {
            VolumeError::corrupt("$Volume", volume.at, "$VOLUME_INFORMATION with its flags", "none")
        })?;
        Ok(flags & DIRTY != 0)
    }

    pub(crate) fn obstacles(&self) -> Result<Vec<Obstacle>, VolumeError> {
        let mut obstacles = Vec::new();
        if self.is_dirty()? {
            let message = "the NTFS volume is marked dirty: chkdsk is due and may move or truncate files; \
             let Windows check it, or run `ntfsfix -d` if you know why it is dirty";
            obstacles.push(Obstacle { kind: ObstacleKind::DirtyVolume, message: message.into() });
        }
        let message = match self.log_file()? {
            LogFile::InUse { major, minor } if major >= 2 => format!(
                "the NTFS log (version {major}.{minor}) is in use: Windows keeps metadata of this volume \
                 in memory (fast startup, hibernation or a crash); shut Windows down fully (shutdown /s /f \
                 /t 0)"
            ),
            LogFile::Unreadable => {
                "the NTFS log has no valid restart page; let Windows check the volume (chkdsk /f)".into()
            }
            LogFile::Clean | LogFile::InUse { .. } => return Ok(obstacles),
        };
        obstacles.push(Obstacle { kind: ObstacleKind::LogFileNotClean, message });
        Ok(obstacles)
    }

    fn log_file(&self) -> Result<LogFile, VolumeError> {
        let record = self.table.record(LOG_FILE)?;
        let Some(data) = Stream::of(&self.table, &record, LOG_FILE, file_record::DATA, "")? else {
            return Ok(LogFile::Unreadable);
        };
        let len = data.size().min(log_file::RESTART_PAGES);
        let pages = data.read(self.table.storage, self.boot.cluster_size, 0, len)?;
        Ok(LogFile::from_restart_pages(&pages))
    }

    /// Follows a path from the root directory.
    fn lookup(&self, path: &str) -> Result<Option<Found>, VolumeError> {
        let mut here = Found { number: ROOT, record: self.root()?, path: String::new() };
        for component in path::components(path) {
            if !here.record.is_directory {
                return Ok(None);
            }
            let Some(Step { file, record }) = self.step(&here, component)? else { return Ok(None) };
            here = Found { number: file.number, record, path: path::join(&here.path, &file.name) };
        }
        if here.path.is_empty() {
            here.path.push('\\');
        }
        Ok(Some(here))
    }

    fn root(&self) -> Result<Arc<FileRecord>, VolumeError> {
        if let Some(root) = self.root.get() {
            return Ok(Arc::clone(root));
        }
        let root = Arc::new(self.table.file(ROOT, 0)?);
        Ok(Arc::clone(self.root.get_or_init(|| root)))
    }

    /// One step of a path, with the record that it leads to.
    fn step(&self, here: &Found, name: &str) -> Result<Option<Step>, VolumeError> {
        if let Some(known) = self.steps.get(here.number, name) {
            return Ok(Some(known));
        }
        let Some(file) = self.child(here, name)? else { return Ok(None) };
        let record = Arc::new(self.table.file(file.number, file.sequence)?);
        let step = Step { file, record };
        self.steps.keep(here.number, name, step.clone());
        Ok(Some(step))
    }

    /// The file of a name. The crate is asked, except where it is known to be wrong.
    fn child(&self, directory: &Found, name: &str) -> Result<Option<NamedFile>, VolumeError> {
        let collation = self.collation_for(name)?;
        // Opening the index checks the sizes that the crate would take memory by.
        let index = Index::open(&self.table, &directory.record, directory.number)?;
        if directory.record.has_attribute_list() || index.counts_by_sectors() {
            return index.find(name, collation);
        }
        self.opinion.find(directory.number, directory.record.at, name, collation)
    }

    fn collation_for(&self, name: &str) -> Result<&Collation, VolumeError> {
        if Collation::is_enough_for(name) {
            return Ok(&Collation::ASCII);
        }
        self.own_collation()
    }

    /// How names of this volume are sorted, by its own table.
    fn own_collation(&self) -> Result<&Collation, VolumeError> {
        if let Some(collation) = self.collation.get() {
            return Ok(collation);
        }
        let record = self.table.record(UP_CASE)?;
        let data = Stream::of(&self.table, &record, UP_CASE, file_record::DATA, "")?;
        let Some(data) = data.filter(|data| data.size() == collation::TABLE_SIZE) else {
            return Err(VolumeError::corrupt("$UpCase", record.at, "a table of 131072 bytes", "another"));
        };
        let bytes = data.read(self.table.storage, self.boot.cluster_size, 0, collation::TABLE_SIZE)?;
        Ok(self.collation.get_or_init(|| Collation::from_table(bytes)))
    }

    /// The unnamed $DATA.
    fn data(&self, found: &Found) -> Result<Option<Stream>, VolumeError> {
        Stream::of(&self.table, &found.record, found.number, file_record::DATA, "")
    }

    fn entry_kind(&self, found: &Found) -> Result<EntryKind, VolumeError> {
        if found.record.is_directory {
            return Ok(EntryKind::Directory);
        }
        Ok(EntryKind::File { len: self.data(found)?.map_or(0, |data| data.size()) })
    }
}

fn refuse_directory(found: &Found) -> Result<(), VolumeError> {
    if found.record.is_directory {
        return Err(VolumeError::unsupported(format!("{} is a directory", found.path), "name a file in it"));
    }
    Ok(())
}

fn too_long(path: &str, size: u64, max: u64) -> VolumeError {
    VolumeError::unsupported(
        format!("{path} has {size} bytes"),
        format!("expected at most {max} for such a file: is it the right one?"),
    )
}

fn encoded(path: &str, encoding: &str) -> VolumeError {
    let way_out = match encoding {
        "encrypted" => "decrypt it in Windows (cipher /d)",
        _ => "decompress it in Windows PE (compact /u /a /f)",
    };
    VolumeError::unsupported(
        format!("{path} is {encoding}: its clusters do not hold its plain contents"),
        way_out,
    )
}

fn reparse_point(path: &str, tag: u32) -> VolumeError {
    let (name, way_out) = match tag {
        OVERLAY => ("compressed by the Windows Overlay Filter", "decompress it in Windows (compact /u /exe)"),
        0xa000_000c => ("a symbolic link", "name the file it points to"),
        0xa000_0003 => ("a mount point or junction", "name the directory it points to"),
        _ => ("a reparse point", "replace it with a plain file"),
    };
    VolumeError::unsupported(format!("{path} is {name} (reparse tag 0x{tag:08x})"), way_out)
}
