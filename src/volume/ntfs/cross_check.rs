//! The `ntfs` crate, behind a fence and a read budget.
//!
//! It looks names up, and its reading of a file is the second opinion before the file's clusters are named as places
//! to write. It panics on some damaged volumes, takes memory by the word of an index root, and reads a file with an
//! attribute list as empty; so callers check those things first.

use std::num::NonZeroU64;

use ntfs::Ntfs;
use ntfs::NtfsError;
use ntfs::NtfsReadSeek as _;
use ntfs::attribute_value::NtfsAttributeValue;
use ntfs::indexes::NtfsFileNameIndex;
use ntfs::structured_values::NtfsFileNamespace;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::reader::Reader;
use crate::storage::reader::fence;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::collation::Collation;
use crate::volume::ntfs::index::NamedFile;

/// Reads that one question may take: a large file takes one for each of its runs.
const BUDGET: u64 = 20_000;
/// Reads that a lookup of one name may take. It takes a handful; the crate follows a circle in an index as long as it
/// may, and a disk is asked for hundreds of names.
const LOOKUP_BUDGET: u64 = 2_000;

/// The crate's view of a volume.
pub(crate) struct CrateOpinion<'a> {
    storage: &'a dyn Storage,
    ntfs: Ntfs,
}

/// What the crate says of the unnamed $DATA of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The contents.
    pub(crate) bytes: Vec<u8>,
    /// Byte offset on the volume and length in bytes of each run.
    pub(crate) runs: Vec<(u64, u64)>,
}

impl<'a> CrateOpinion<'a> {
    /// Opens a volume whose boot sector was checked.
    ///
    /// # Errors
    /// The crate refuses the boot sector.
    pub(crate) fn open(storage: &'a dyn Storage) -> Result<Self, VolumeError> {
        let ntfs = ask("boot sector", 0, || Ntfs::new(&mut Reader::new(storage, BUDGET)))?;
        Ok(Self { storage, ntfs })
    }

    /// The file of a name, whatever its case, in the directory whose FILE record has the given number and lies at byte
    /// `at`.
    ///
    /// # Errors
    /// The directory is damaged, or the crate cannot read it.
    pub(crate) fn find(
        &self,
        directory: u64,
        at: u64,
        name: &str,
        collation: &Collation,
    ) -> Result<Option<NamedFile>, VolumeError> {
        ask("directory", at, || {
            let mut reader = Reader::new(self.storage, LOOKUP_BUDGET);
            let file = self.ntfs.file(&mut reader, directory)?;
            let index = file.directory_index::<_>(&mut reader)?;
            let mut finder = ntfs::NtfsIndex::<NtfsFileNameIndex>::finder(&index);
            let order = |key: &ntfs::structured_values::NtfsFileName| {
                collation.compare(name.encode_utf16(), key.name().u16_iter())
            };
            let Some(entry) = finder.find(&mut reader, order) else { return Ok(None) };
            let entry = entry?;
            let Some(key) = entry.key() else { return Ok(None) };
            let (key, reference) = (key?, entry.file_reference());
            Ok(Some(NamedFile {
                number: reference.file_record_number(),
                sequence: reference.sequence_number(),
                name: key.name().to_string_lossy(),
                is_alias: key.namespace() == NtfsFileNamespace::Dos,
            }))
        })
    }

    /// The contents and runs of a file's unnamed $DATA, which must not be longer than `max` bytes; its FILE record lies
    /// at byte `at`.
    ///
    /// # Errors
    /// The crate cannot read it, it is resident, or longer.
    pub(crate) fn read(&self, number: u64, at: u64, max: u64) -> Result<Reading, VolumeError> {
        self.reading(number, at, Some(max))
    }

    /// The runs of a file's unnamed $DATA, of any length: byte offset on the volume and length in bytes of each.
    ///
    /// # Errors
    /// The crate cannot read it, or it is resident.
    pub(crate) fn runs(&self, number: u64, at: u64) -> Result<Vec<(u64, u64)>, VolumeError> {
        self.reading(number, at, None).map(|reading| reading.runs)
    }

    /// As [`CrateOpinion::read`]; without a `max` no bytes are read.
    fn reading(&self, number: u64, at: u64, max: Option<u64>) -> Result<Reading, VolumeError> {
        let reading = ask("file", at, || {
            let mut reader = Reader::new(self.storage, BUDGET);
            let file = self.ntfs.file(&mut reader, number)?;
            let Some(item) = file.data(&mut reader, "") else { return Ok(None) };
            let item = item?;
            let attribute = item.to_attribute()?;
            let NtfsAttributeValue::NonResident(mut value) = attribute.value(&mut reader)? else {
                return Ok(None);
            };
            if max.is_some_and(|max| value.len() > max) {
                return Ok(None);
            }
            let mut runs = Vec::new();
            for run in value.data_runs() {
                let run = run?;
                runs.push((run.data_position().value().map_or(0, NonZeroU64::get), run.allocated_size()));
            }
            let len = if max.is_some() { value.len() } else { 0 };
            let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
            value.read_exact(&mut reader, &mut bytes)?;
            Ok(Some(Reading { bytes, runs }))
        })?;
        reading.ok_or_else(|| {
            VolumeError::corrupt(
                "file",
                at,
                "contents in clusters",
                "something else in the ntfs crate's reading",
            )
        })
    }
}

/// Asks the crate; what it says against the volume becomes an error of ours.
fn ask<T>(what: &str, at: u64, question: impl FnOnce() -> Result<T, NtfsError>) -> Result<T, VolumeError> {
    let found = match fence(question) {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(NtfsError::Io(error))) => match error.downcast::<StorageError>() {
            // The medium is to blame, not the volume.
            Ok(error @ StorageError::Io { .. }) => return Err(error.into()),
            Ok(error) => error.to_string(),
            Err(error) => error.to_string(),
        },
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic.to_string(),
    };
    Err(VolumeError::corrupt(what, at, "data that the ntfs crate can read", found))
}
