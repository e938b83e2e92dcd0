//! The identity record: what a disk is called while all is well, kept for the day when it is not.
//!
//! JSON, with a digest that guards against damage. Not to be taken for an undo record, which a repair makes.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::diagnosis::model::recorded::Recorded;
use crate::partition::DiskId;
use crate::repair::record::RecordError;
use crate::repair::record::sha256;
use crate::repair::record::write_new;

/// Version of the format; a reader refuses what it does not know.
pub const VERSION: u32 = 1;
/// What the file says that it is.
const NAME: &str = "identity record";
/// Longest file that is read: a table of 128 partitions takes 30 KiB.
const MAX: u64 = 1 << 20;

/// An identity record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRecord {
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
    pub recorded: Recorded,
    /// SHA-256 over everything else, hex.
    pub digest: String,
}

impl IdentityRecord {
    /// A record of a disk, not yet on disk.
    #[must_use]
    pub fn new(path: String, len: u64, recorded: Recorded, created: String) -> Self {
        let mut record = Self {
            bcdrescue: NAME.into(),
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION").into(),
            created,
            path,
            len,
            recorded,
            digest: String::new(),
        };
        record.digest = record.compute_digest();
        record
    }

    fn compute_digest(&self) -> String {
        sha256(&serde_json::to_vec(&Self { digest: String::new(), ..self.clone() }).unwrap_or_default())
    }

    /// Writes the record to a new file, whole or not at all, never over an existing one or through a link.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn create(&self, path: &Path) -> Result<(), RecordError> {
        write_new(path, self).map_err(|cause| RecordError::Io { path: PathBuf::from(path), cause })
    }

    /// Reads and validates a record.
    ///
    /// # Errors
    /// [`RecordError`] when it cannot be read, is of another kind or version, or its digest is wrong.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let invalid = |what: String| RecordError::invalid(path, &what);
        let io_error = |cause| RecordError::Io { path: path.into(), cause };
        let metadata = fs::metadata(path).map_err(io_error)?;
        let kind = "not an identity record: expected the JSON file that `bcdrescue record` wrote";
        if !metadata.is_file() || metadata.len() > MAX {
            return Err(invalid(kind.into()));
        }
        let text = fs::read(path).map_err(io_error)?;
        let record: Self =
            serde_json::from_slice(&text).map_err(|error| invalid(format!("{kind} ({error})")))?;
        if record.bcdrescue != NAME || record.version != VERSION {
            return Err(invalid(format!(
                "{kind}, of version {VERSION}; it says {} of version {}",
                record.bcdrescue, record.version
            )));
        }
        let digest = record.compute_digest();
        if digest != record.digest {
            return Err(invalid(format!("damaged: expected digest {}, found {digest}", record.digest)));
        }
        if DiskId::from_text(&record.recorded.disk).is_none() {
            return Err(invalid(format!("{} is no identity of a disk", record.recorded.disk)));
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_and_never_over_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.json");
        let recorded = Recorded {
            disk: "mbr:36234da4".into(),
            sector_size: 512,
            partitions: Vec::new(),
            stores: Vec::new(),
        };
        let record = IdentityRecord::new("/dev/vdb".into(), 1 << 30, recorded, "2026-01-02T03:04:05Z".into());
        record.create(&path).unwrap();
        assert_eq!(IdentityRecord::load(&path).unwrap(), record);
        assert!(matches!(record.create(&path), Err(RecordError::Io { .. })));
        let text = fs::read_to_string(&path).unwrap();
        for (old, new, why) in [
            ("36234da4", "36234da5", "damaged"),
            ("identity record", "undo record", "not an identity record"),
            ("{", "", "not an identity record"),
        ] {
            fs::write(&path, text.replacen(old, new, 1)).unwrap();
            let error = IdentityRecord::load(&path).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
