//! The identity record: what a disk is called while all is well, kept for the day when it is not.
//!
//! JSON, with a digest that guards against damage. Not to be taken for an undo record, which a repair makes.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::diagnosis::model::snapshot::Snapshot;
use crate::partition::DiskId;
use crate::repair::record::Defect;
use crate::repair::record::RecordError;
use crate::repair::record::beyond_syntax;
use crate::repair::record::sha256_of;
use crate::repair::record::write_new;

/// Version of the format; a reader refuses what it does not know.
pub const VERSION: u32 = 1;
/// What the file says that it is.
const NAME: &str = "identity record";
/// Longest file that is read: a table of 128 partitions takes 30 KiB.
const MAX: u64 = 1 << 20;

/// An identity record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotFile {
    /// Always `identity record`.
    pub bcdrescue: String,
    /// [`VERSION`].
    pub version: u32,
    /// Version of the program that made it.
    pub tool: String,
    /// When, RFC 3339, UTC.
    pub created: String,
    /// Path of the device or image then.
    pub path: String,
    /// Length in bytes.
    pub len: u64,
    /// The identities.
    pub snapshot: Snapshot,
    /// SHA-256 over everything else, hex.
    pub digest: String,
}

impl SnapshotFile {
    /// A record of a disk, not yet on disk.
    #[must_use]
    pub fn new(path: String, len: u64, snapshot: Snapshot, created: String) -> Self {
        let mut record = Self {
            bcdrescue: NAME.into(),
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION").into(),
            created,
            path,
            len,
            snapshot,
            digest: String::new(),
        };
        record.digest = record.compute_digest();
        record
    }

    fn compute_digest(&self) -> String {
        sha256_of(&Self { digest: String::new(), ..self.clone() })
    }

    /// Writes the record to a new file, whole or not at all, never over an existing one or through a link.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn create(&self, path: &Path) -> Result<(), RecordError> {
        write_new(path, self).map_err(|cause| RecordError::io(path, cause))
    }

    /// Reads and validates a record.
    ///
    /// # Errors
    /// [`RecordError`] when it cannot be read, is of another kind or version, or its digest is wrong.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let metadata = fs::metadata(path).map_err(|cause| RecordError::io(path, cause))?;
        if !metadata.is_file() || metadata.len() > MAX {
            return Err(RecordError::invalid(path, Defect::NoSnapshot { why: None }));
        }
        let text = fs::read(path).map_err(|cause| RecordError::io(path, cause))?;
        Self::from_text(&text).map_err(|defect| RecordError::invalid(path, defect))
    }

    fn from_text(text: &[u8]) -> Result<Self, Defect> {
        let record: Self = serde_json::from_slice(text)
            .map_err(|error| Defect::NoSnapshot { why: beyond_syntax(&error) })?;
        if record.bcdrescue != NAME || record.version != VERSION {
            let (kind, version) = (record.bcdrescue, record.version);
            return Err(Defect::OtherSnapshot { expected: VERSION, kind, version });
        }
        let found = record.compute_digest();
        if found != record.digest {
            return Err(Defect::Digest { expected: record.digest, found });
        }
        match DiskId::from_text(&record.snapshot.disk) {
            Some(_) => Ok(record),
            None => Err(Defect::NoIdentity(record.snapshot.disk)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_and_never_over_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.json");
        let snapshot = Snapshot {
            disk: "mbr:36234da4".into(),
            sector_size: 512,
            partitions: Vec::new(),
            stores: Vec::new(),
        };
        let record = SnapshotFile::new("/dev/vdb".into(), 1 << 30, snapshot, "2026-01-02T03:04:05Z".into());
        record.create(&path).unwrap();
        assert_eq!(SnapshotFile::load(&path).unwrap(), record);
        assert!(matches!(record.create(&path), Err(RecordError::Io { .. })));
        let text = fs::read_to_string(&path).unwrap();
        for (old, new, why) in [
            ("36234da4", "36234da5", "damaged"),
            ("identity record", "undo record", "not an identity record"),
            ("{", "", "not an identity record"),
        ] {
            fs::write(&path, text.replacen(old, new, 1)).unwrap();
            let error = SnapshotFile::load(&path).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
