//! The undo record: everything that a repair changes, on stable storage before the first sector is written.
//!
//! JSON, so that it can be read, and used, without this program: each sector with its bytes before and after (of the contents
//! of new files, only before), and each store as it was, whole. A digest over all of it guards against a record that was damaged or edited.

mod defect;
mod packed;
mod saved;
mod taken;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::bytes;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::repair::new_file;
use crate::repair::new_file::PRIVATE;
use crate::repair::nvram::FirmwareEntry;
use crate::repair::plan::Plan;
use crate::repair::touched::Touched;

pub use defect::Defect;
pub use defect::RecordError;
pub(in crate::repair) use defect::beyond_syntax;
pub use saved::After;
pub use saved::SavedBytes;
pub use saved::SavedSector;
pub use saved::SavedStore;
pub use taken::Taken;
pub use wire::VERSION;

/// Ending of every record's name.
pub const ENDING: &str = ".undo.json";
/// Longest record that is read, in bytes: as many sectors as a repair may write, none of which can be compressed.
const MAX: u64 = 96 << 20;
/// Sizes of a sector, in bytes, that a disk may have.
const SECTOR_SIZES: [u32; 4] = [512, 1024, 2048, 4096];
/// Stores, and other parts of a disk, that a repair may write to, at most.
const PARTS: usize = 1024;
/// The state stands within so many bytes of a record: one sector, which media write whole.
const STATE_WITHIN: usize = 512;

/// The identity of a disk in a record: `mbr:36234da4`, `gpt:67b32047-…`, `none`.
#[must_use]
pub fn disk_text(disk: Option<DiskId>) -> String {
    disk.map_or_else(|| "none".to_owned(), DiskId::text)
}

/// How far the repair came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The record was made; sectors may or may not have been written.
    Planned,
    /// All sectors were written and verified.
    Applied,
    /// All sectors were brought back.
    Undone,
}

impl State {
    /// The word in quotes, as long as that of every other state.
    fn word(self) -> &'static str {
        match self {
            Self::Planned => "\"planned\"",
            Self::Applied => "\"applied\"",
            Self::Undone => "\"undone\" ",
        }
    }
}

/// Where the quoted word of the state begins in a record's first bytes. A new line and two spaces stand before fields
/// of the record itself only: in strings a new line is escaped.
fn state_at(head: &[u8]) -> Option<u64> {
    const FIELD: &[u8] = b"\n  \"state\": ";
    let at = head.windows(FIELD.len()).position(|window| window == FIELD)?.checked_add(FIELD.len())?;
    let word = head.get(at..)?;
    let states = [State::Planned, State::Applied, State::Undone];
    let is_known = states.iter().any(|state| {
        word.strip_prefix(state.word().as_bytes()).is_some_and(|rest| rest.first() == Some(&b','))
    });
    if is_known { u64::try_from(at).ok() } else { None }
}

/// Which disk the record is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Absolute path of the device or image at the time of the repair.
    pub path: PathBuf,
    /// Length in bytes.
    pub len: u64,
    /// Logical sector size in bytes.
    pub sector_size: u32,
    /// Identity as [`disk_text`] writes it.
    pub disk: String,
}

/// An undo record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Version of the program that made it.
    pub tool: String,
    /// When, RFC 3339, UTC.
    pub created: String,
    /// How far the repair came.
    pub state: State,
    /// Which disk.
    pub target: Target,
    /// The stores as they were.
    pub stores: Vec<SavedStore>,
    /// The sectors, in the order of writing.
    pub patches: Vec<SavedSector>,
    /// The identity after the repair, as [`disk_text`] writes it, where that is what was changed.
    pub restored: Option<String>,
    /// What else than stores the sectors belong to.
    pub touched: Vec<Touched>,
    /// What was put on the disk, and from where it was taken.
    pub taken: Vec<Taken>,
    /// The entry of the firmware's boot menu that was to be made once the disk was written.
    pub firmware_entry: Option<FirmwareEntry>,
}

impl Record {
    /// The record of a plan for the disk with this layout, `len` bytes long, at the absolute `path`. Not yet on disk.
    #[must_use]
    pub fn of(plan: &Plan, layout: &Layout, len: u64, path: PathBuf, created: String) -> Self {
        let disk = disk_text(layout.table.disk);
        Self {
            tool: env!("CARGO_PKG_VERSION").into(),
            created,
            state: State::Planned,
            target: Target { path, len, sector_size: layout.table.sector_size, disk },
            stores: plan.stores.iter().map(SavedStore::of).collect(),
            patches: SavedSector::all_of(&plan.patches),
            restored: plan.restored.map(|disk| disk_text(Some(disk))),
            touched: plan.touched.clone(),
            taken: Taken::all_of(&plan.made),
            firmware_entry: plan.firmware_entry().cloned(),
        }
    }

    /// Writes the record to a new file (mode 0600, never over an existing file or through a link), whole or not at all, and
    /// makes it and its directory entry durable. What could not be loaded again as this very record is not written.
    ///
    /// # Errors
    /// [`RecordError`]; nothing else of the repair may happen then.
    pub fn create(&self, path: &Path) -> Result<(), RecordError> {
        self.create_first([path.to_owned()]).map(drop)
    }

    /// The same into the first of these files that is not there yet; returns which.
    ///
    /// # Errors
    /// As [`Record::create`]; of the last file where all are there.
    pub fn create_first(&self, files: impl IntoIterator<Item = PathBuf>) -> Result<PathBuf, RecordError> {
        let mut files = files.into_iter();
        let mut file = files.next().unwrap_or_default();
        let text = self.to_json().map_err(|cause| RecordError::io(&file, cause))?;
        match Self::from_text(text.as_slice()) {
            Ok(loaded) if loaded == *self => {}
            Ok(_) => return Err(RecordError::invalid(&file, Defect::NotTheSame)),
            Err(defect) => return Err(RecordError::invalid(&file, defect)),
        }
        loop {
            let Err(cause) = new_file::write(&file, &text, PRIVATE) else { return Ok(file) };
            match files.next().filter(|_| cause.kind() == io::ErrorKind::AlreadyExists) {
                Some(next) => file = next,
                None => return Err(RecordError::io(&file, cause)),
            }
        }
    }

    /// The record that the text of a file has.
    fn from_text(text: impl AsRef<[u8]>) -> Result<Self, Defect> {
        if u64::try_from(text.as_ref().len()).unwrap_or(u64::MAX) > MAX {
            return Err(Defect::NoFile);
        }
        let record = wire::unpack(text, true)?;
        record.check_shape()?;
        Ok(record)
    }

    /// The JSON of its file.
    ///
    /// # Errors
    /// None that is known: a record has nothing that JSON cannot have.
    pub fn to_json(&self) -> io::Result<Vec<u8>> {
        pretty(&wire::pack(self))
    }

    /// Marks the record at `path`: the word is overwritten in place, which no file system has to do in two steps. (To
    /// rename a new file over the old one is no single step on FAT, and a power cut then leaves no record at all.)
    ///
    /// # Errors
    /// [`RecordError::Io`]; the record then still has its old state, which is as good for an undo.
    #[expect(clippy::disallowed_methods, reason = "one word in the record's own file")]
    pub fn set_state(&mut self, path: &Path, state: State) -> Result<(), RecordError> {
        self.state = state;
        let overwrite = || {
            let file = fs::OpenOptions::new().read(true).write(true).open(path)?;
            let mut head = [0; STATE_WITHIN];
            let len = file.read_at(&mut head, 0)?;
            let at = state_at(head.get(..len).unwrap_or_default()).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "it has no state field to update")
            })?;
            file.write_all_at(state.word().as_bytes(), at)?;
            file.sync_all()
        };
        overwrite().map_err(|cause| RecordError::io(path, cause))
    }

    /// Reads and validates a record of any version.
    ///
    /// # Errors
    /// [`RecordError`] when it cannot be read, is of another kind or an unknown version, or its digest is wrong.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let invalid = |defect| RecordError::invalid(path, defect);
        let metadata = fs::metadata(path).map_err(|cause| RecordError::io(path, cause))?;
        if !metadata.is_file() || metadata.len() > MAX {
            return Err(invalid(Defect::NoFile));
        }
        let text = fs::read(path).map_err(|cause| RecordError::io(path, cause))?;
        Self::from_text(text).map_err(invalid)
    }

    /// The record that a text would be if its digest were right: fuzzing gets behind the digest so.
    ///
    /// # Errors
    /// [`Defect`], but for the digest.
    #[doc(hidden)]
    pub fn from_text_of_any_digest(text: &[u8]) -> Result<Self, Defect> {
        wire::unpack(text, false)
    }

    /// What a writer relies on, whoever made the record.
    fn check_shape(&self) -> Result<(), Defect> {
        let sector = usize::try_from(self.target.sector_size).unwrap_or(0);
        if !SECTOR_SIZES.contains(&self.target.sector_size) {
            return Err(Defect::SectorSize(sector));
        }
        if self.touched.len() > PARTS || self.stores.len() > PARTS {
            return Err(Defect::TooManyParts);
        }
        let mut last: BTreeMap<u64, &After> = BTreeMap::new();
        for SavedSector { offset, before, after, .. } in &self.patches {
            let end = offset.checked_add(u64::from(self.target.sector_size));
            let aligned = offset.is_multiple_of(u64::from(self.target.sector_size));
            let sized = before.len() == sector && after.is_long(sector);
            if !aligned || !sized || end.is_none_or(|end| end > self.target.len) {
                return Err(Defect::NoSector(*offset));
            }
            if last.insert(*offset, after).is_some_and(|last| !last.is(before)) || after.is(before) {
                return Err(Defect::NotInOrder(*offset));
            }
        }
        let is_saved = |store: &SavedStore| {
            store.before.as_ref().is_none_or(|before| sha256(&before.bytes) == before.sha256)
        };
        if self.stores.iter().all(is_saved) { Ok(()) } else { Err(Defect::Store) }
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256(data: &[u8]) -> String {
    bytes::hex(&Sha256::digest(data))
}

/// SHA-256 of a value's JSON, in lower-case hex.
pub(super) fn sha256_of(value: &impl Serialize) -> String {
    let mut hash = Sha256::new();
    // A hash takes whatever is written to it, and a record has nothing that JSON cannot have.
    let _ = serde_json::to_writer(&mut hash, value);
    bytes::hex(&hash.finalize())
}

/// Writes a value as JSON to a new file.
pub(super) fn write_new(path: &Path, value: &impl Serialize) -> io::Result<()> {
    new_file::write(path, &pretty(value)?, PRIVATE)
}

/// A value as JSON, and a new line behind it.
fn pretty(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
