//! The undo record: everything that a repair changes, on stable storage before the first sector is written.
//!
//! JSON, so that it can be read, and used, without this program: each sector with its bytes before and after, and each
//! store as it was, whole. A digest over all of it guards against a record that was damaged or edited.

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
use crate::repair::Patch;
use crate::repair::disk_text;
use crate::repair::edits::Touched;
use crate::repair::hex_bytes;
use crate::repair::new_file;
use crate::repair::plan::Plan;
use crate::repair::plan::StorePlan;

/// Version of the format; a reader refuses what it does not know.
pub const VERSION: u32 = 1;
/// Ending of every record's name.
pub const ENDING: &str = ".undo.json";
/// Longest record that is read: all stores that are read of a disk, and each of their sectors twice, in hex.
const MAX: u64 = 24 << 20;
/// Characters of what is wrong with a record that are shown.
const QUOTED: usize = 400;
/// The state stands within so many bytes of a record: one sector, which media write whole.
const STATE_WITHIN: usize = 512;

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
    /// Identity as [`super::disk_text`] writes it.
    pub disk: String,
}

/// A store as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedStore {
    /// Number of its partition.
    pub partition: u32,
    /// Path on the volume.
    pub path: String,
    /// SHA-256 of the file before, hex.
    pub sha256_before: String,
    /// SHA-256 of the file after, hex.
    pub sha256_after: String,
    /// The whole file before.
    #[serde(with = "hex_bytes")]
    pub bytes_before: Vec<u8>,
}

impl SavedStore {
    fn of(store: &StorePlan) -> Self {
        Self {
            partition: store.partition,
            path: store.path.clone(),
            sha256_before: sha256(&store.before),
            sha256_after: sha256(&store.after),
            bytes_before: store.before.clone(),
        }
    }
}

/// An undo record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Always `undo record`; tells the file from other JSON.
    pub bcdrescue: String,
    /// [`VERSION`].
    pub version: u32,
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
    pub patches: Vec<Patch>,
    /// The identity after the repair, as [`super::disk_text`] writes it, where that is what was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<String>,
    /// What else than stores the sectors belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<Touched>,
    /// SHA-256 over everything else but `state`, hex.
    pub digest: String,
}

/// Why a record could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file could not be written or read.
    #[error("record {}: {cause}", path.display())]
    Io {
        /// The record.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file is no undo record, or a damaged one.
    #[error("record {}: {what}", path.display())]
    Invalid {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl RecordError {
    /// An [`RecordError::Invalid`]; what a record says may be anything, and is quoted as one line that fits a screen.
    pub(super) fn invalid(path: &Path, what: &str) -> Self {
        let mut what = bytes::one_line(what);
        if let Some((end, _)) = what.char_indices().nth(QUOTED) {
            what.truncate(end);
            what.push('…');
        }
        Self::Invalid { path: path.into(), what }
    }
}

impl Record {
    /// A record of `patches` on `target`, not yet on disk.
    #[must_use]
    pub fn new(target: Target, stores: Vec<SavedStore>, patches: Vec<Patch>, created: String) -> Self {
        let mut record = Self {
            bcdrescue: "undo record".into(),
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION").into(),
            created,
            state: State::Planned,
            target,
            stores,
            patches,
            restored: None,
            touched: Vec::new(),
            digest: String::new(),
        };
        record.digest = record.compute_digest();
        record
    }

    /// The record of a whole plan for the disk with this layout, `len` bytes long, at the absolute `path`.
    #[must_use]
    pub fn of(plan: &Plan, layout: &Layout, len: u64, path: PathBuf, created: String) -> Self {
        let disk = disk_text(layout.table.disk);
        let target = Target { path, len, sector_size: layout.table.sector_size, disk };
        let stores = plan.stores.iter().map(SavedStore::of).collect();
        let record = Self::new(target, stores, plan.patches.clone(), created).touching(plan.touched.clone());
        match plan.restored {
            Some(disk) => record.restoring(disk_text(Some(disk))),
            None => record,
        }
    }

    /// The same record of a repair that gave the disk the identity `restored`.
    #[must_use]
    pub fn restoring(mut self, restored: String) -> Self {
        self.restored = Some(restored);
        self.digest = self.compute_digest();
        self
    }

    /// The same record of a repair that also wrote to these parts of the disk.
    #[must_use]
    pub fn touching(mut self, touched: Vec<Touched>) -> Self {
        self.touched = touched;
        self.digest = self.compute_digest();
        self
    }

    fn compute_digest(&self) -> String {
        let plain = Self { digest: String::new(), state: State::Planned, ..self.clone() };
        let mut hash = Sha256::new();
        // A hash takes whatever is written to it, and a record has nothing that JSON cannot have.
        let _ = serde_json::to_writer(&mut hash, &plain);
        bytes::hex(&hash.finalize())
    }

    /// Writes the record to a new file (mode 0600, never over an existing file or through a link), whole or not at all, and
    /// makes it and its directory entry durable.
    ///
    /// # Errors
    /// [`RecordError::Io`]; nothing else of the repair may happen then.
    pub fn create(&self, path: &Path) -> Result<(), RecordError> {
        write_new(path, self).map_err(|source| io_error(path, source))
    }

    /// Marks the record at `path`: the word is overwritten in place, which no file system has to do in two steps. (To
    /// rename a new file over the old one is no single step on FAT, and a power cut then leaves no record at all.)
    ///
    /// # Errors
    /// [`RecordError::Io`]; the record then still has its old state, which is as good for an undo.
    #[expect(clippy::disallowed_methods, reason = "one word of the record's own file")]
    pub fn set_state(&mut self, path: &Path, state: State) -> Result<(), RecordError> {
        self.state = state;
        let overwrite = || {
            let file = fs::OpenOptions::new().read(true).write(true).open(path)?;
            let mut head = [0; STATE_WITHIN];
            let len = file.read_at(&mut head, 0)?;
            let at = state_at(head.get(..len).unwrap_or_default())
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no state to mark"))?;
            file.write_all_at(state.word().as_bytes(), at)?;
            file.sync_all()
        };
        overwrite().map_err(|cause| io_error(path, cause))
    }

    /// Reads and validates a record.
    ///
    /// # Errors
    /// [`RecordError`] when it cannot be read, is of another kind or version, or its digest is wrong.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let invalid = |what: String| RecordError::invalid(path, &what);
        let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
        if !metadata.is_file() || metadata.len() > MAX {
            return Err(invalid("not an undo record: expected a JSON file that ends in .undo.json".into()));
        }
        let text = fs::read(path).map_err(|source| io_error(path, source))?;
        let record: Self =
            serde_json::from_slice(&text).map_err(|e| invalid(format!("not an undo record: {e}")))?;
        drop(text);
        if record.bcdrescue != "undo record" {
            return Err(invalid("not an undo record".into()));
        }
        if record.version != VERSION {
            return Err(invalid(format!(
                "format version {} is not known, expected {VERSION}",
                record.version
            )));
        }
        let digest = record.compute_digest();
        if digest != record.digest {
            return Err(invalid(format!("damaged: expected digest {}, found {digest}", record.digest)));
        }
        record.check_shape().map_err(invalid)?;
        Ok(record)
    }

    /// What a writer relies on, whoever made the record.
    fn check_shape(&self) -> Result<(), String> {
        let sector = usize::try_from(self.target.sector_size).unwrap_or(0);
        if !matches!(sector, 512 | 4096) {
            return Err(format!("sector size {sector}, expected 512 or 4096"));
        }
        for patch in &self.patches {
            let end = patch.offset.checked_add(u64::from(self.target.sector_size));
            let aligned = patch.offset.is_multiple_of(u64::from(self.target.sector_size));
            let sized = patch.before.len() == sector && patch.after.len() == sector;
            if !aligned || !sized || end.is_none_or(|end| end > self.target.len) {
                return Err(format!("the patch at 0x{:x} is not one sector of the disk", patch.offset));
            }
        }
        let mut last: BTreeMap<u64, &[u8]> = BTreeMap::new();
        for patch in &self.patches {
            if last.insert(patch.offset, &patch.after).is_some_and(|after| after != patch.before) {
                return Err(format!("the patches at 0x{:x} do not follow each other", patch.offset));
            }
        }
        let saved = |store: &SavedStore| sha256(&store.bytes_before) == store.sha256_before;
        self.stores
            .iter()
            .all(saved)
            .then_some(())
            .ok_or_else(|| "a saved store does not have its hash".into())
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256(data: &[u8]) -> String {
    bytes::hex(&Sha256::digest(data))
}

/// Writes a record as JSON to a new file.
pub(super) fn write_new(path: &Path, record: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(record).map_err(io::Error::other)?;
    text.push(b'\n');
    new_file::write(path, &text)
}

fn io_error(path: &Path, source: io::Error) -> RecordError {
    RecordError::Io { path: path.into(), cause: source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn sample() -> Record {
        let target = Target {
            path: "/x/disk.img".into(),
            len: 1 << 20,
            sector_size: 512,
            disk: "mbr:00000001".into(),
        };
        let bytes_before = vec![1, 2, 3];
        let store = SavedStore {
            partition: 1,
            path: r"\Boot\BCD".into(),
            sha256_before: sha256(&bytes_before),
            sha256_after: sha256(&[1, 2, 4]),
            bytes_before,
        };
        let patch = Patch { offset: 1024, before: vec![0; 512], after: vec![1; 512], stage: 0 };
        Record::new(target, vec![store], vec![patch], "2026-01-02T03:04:05Z".into())
    }

    #[test]
    fn a_record_comes_back_private_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.undo.json");
        let mut record = sample();
        record.create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Record::load(&path).unwrap(), record);
        assert!(matches!(record.create(&path), Err(RecordError::Io { .. })));
        let text = fs::read_to_string(&path).unwrap();
        for (state, word) in [
            (State::Applied, "\n  \"state\": \"applied\",\n"),
            (State::Undone, "\n  \"state\": \"undone\" ,\n"),
            (State::Planned, "\n  \"state\": \"planned\",\n"),
        ] {
            record.set_state(&path, state).unwrap();
            assert_eq!(Record::load(&path).unwrap().state, state);
            let marked = fs::read_to_string(&path).unwrap();
            assert_eq!(marked.replacen(word, "\n  \"state\": \"planned\",\n", 1), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(&path, text.replacen("planned", "unheard", 1)).unwrap();
        let error = record.set_state(&path, State::Undone).unwrap_err().to_string();
        assert!(error.ends_with("it has no state to mark"), "{error}");
        assert!(fs::read_to_string(&path).unwrap().contains("unheard"));
    }

    #[test]
    fn what_a_damaged_record_says_is_one_line_that_fits_a_screen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.undo.json");
        let text = serde_json::to_string(&sample()).unwrap();
        for (old, new) in [("planned".to_owned(), "pla\\nned"), (sample().digest, "123\\n456")] {
            fs::write(&path, text.replacen(&old, &new.repeat(100), 1)).unwrap();
            let error = Record::load(&path).unwrap_err().to_string();
            assert!(error.contains("\\n") && error.lines().count() == 1 && error.len() < 600, "{error}");
        }
    }

    #[test]
    fn a_sector_that_is_there_twice_must_go_on_from_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let plain = sample();
        for (before, sound) in [(1, true), (2, false)] {
            let path = folder.path().join(format!("{before}.undo.json"));
            let again = Patch { before: vec![before; 512], after: vec![3; 512], ..plain.patches[0].clone() };
            let patches = vec![plain.patches[0].clone(), again];
            let record =
                Record::new(plain.target.clone(), plain.stores.clone(), patches, plain.created.clone());
            record.create(&path).unwrap();
            let loaded = Record::load(&path).map_err(|error| error.to_string());
            assert_eq!(loaded.is_ok(), sound, "{loaded:?}");
        }
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.undo.json");
        let text = serde_json::to_string(&sample()).unwrap();
        let broken = |from: &str, to: &str| {
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            Record::load(&path).unwrap_err().to_string()
        };
        assert!(broken("\"offset\":1024", "\"offset\":2048").contains("damaged: expected digest"));
        assert!(broken("\"version\":1", "\"version\":2").contains("format version 2 is not known"));
        assert!(broken("undo record", "something").contains("not an undo record"));
        assert!(broken("{", "").contains("not an undo record"));
        let mut record = sample();
        record.patches[0].offset = 1 << 20;
        record.digest = record.compute_digest();
        fs::write(&path, serde_json::to_string(&record).unwrap()).unwrap();
        assert!(Record::load(&path).unwrap_err().to_string().contains("is not one sector of the disk"));
    }
}
