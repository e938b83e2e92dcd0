//! The contents of an attribute: put together from the file's records, and read.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::bytes::slice;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::file::Contents;
use crate::volume::file::read_placed;
use crate::volume::ntfs::data_runs;
use crate::volume::ntfs::file_record::ATTRIBUTE_LIST;
use crate::volume::ntfs::file_record::Attribute;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::master_file_table::MasterFileTable;

/// Bytes of an attribute list; Windows itself stops at 256 KiB.
const MAX_LIST: u64 = 256 << 10;

/// An attribute with all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// Flags of the first part: 0x00ff compressed, 0x4000 encrypted, 0x8000 sparse.
    pub(crate) flags: u16,
    /// Contents of a resident attribute, or the whole of its places.
    pub(crate) body: Body,
}

impl Stream {
    /// The attribute of type `kind` named `name`, over all records of the file; `None` when it has none.
    ///
    /// # Errors
    /// The records contradict each other, or the medium fails.
    pub(crate) fn of(
        table: &MasterFileTable<'_>,
        record: &FileRecord,
        number: u64,
        kind: u32,
        name: &str,
    ) -> Result<Option<Self>, VolumeError> {
        if !record.has_attribute_list() || kind == ATTRIBUTE_LIST {
            return Self::joined(record, record.all(kind, name).cloned().collect());
        }
        let list = Self::of(table, record, number, ATTRIBUTE_LIST, "")?;
        let size = list.as_ref().map_or(0, Self::size);
        if size > MAX_LIST {
            return Err(corrupt(record, "an attribute list of at most 256 KiB", &format!("{size} bytes")));
        }
        let list = list
            .map_or_else(|| Ok(Vec::new()), |list| list.read(table.storage, table.cluster_size, 0, size))?;
        let mut parts = Vec::new();
        for entry in ListEntry::all(&list)
            .filter(|it| it.kind == kind && name.encode_utf16().eq(it.name.iter().copied()))
        {
            parts.push(part(table, record, number, &entry)?);
        }
        Self::joined(record, parts)
    }

    /// Parts put in order, without a gap between them.
    fn joined(record: &FileRecord, mut parts: Vec<Attribute>) -> Result<Option<Self>, VolumeError> {
        parts.sort_by_key(|part| match &part.body {
            Body::NonResident(places) => places.first_vcn,
            Body::Resident(_) => 0,
        });
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Ok(None) };
        let mut stream = Self { flags: first.flags, body: first.body };
        if let Body::NonResident(NonResident { first_vcn, .. }) = &stream.body
            && *first_vcn != 0
        {
            return Err(corrupt(record, "a part from cluster 0", &format!("one from 0x{first_vcn:x}")));
        }
        for part in parts {
            let (Body::NonResident(whole), Body::NonResident(next)) = (&mut stream.body, part.body) else {
                return Err(corrupt(record, "one attribute of a kind", "two"));
            };
            let end = whole.runs.last().map_or(0, |run| run.vcn.saturating_add(run.clusters));
            if next.first_vcn != end {
                let found = format!("one from 0x{:x}", next.first_vcn);
                return Err(corrupt(record, &format!("a part from cluster 0x{end:x}"), &found));
            }
            whole.runs.extend(next.runs);
        }
        Ok(Some(stream))
    }

    /// Bytes of the contents.
    pub(crate) fn size(&self) -> u64 {
        match &self.body {
            Body::Resident(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Body::NonResident(places) => places.size,
        }
    }

    /// Whether it is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.flags & 0x4000 != 0
    }

    /// Whether its clusters hold it compressed. What lies inside of the record is never.
    pub(crate) fn is_compressed(&self) -> bool {
        self.flags & 0x00ff != 0 && matches!(self.body, Body::NonResident(_))
    }

    /// `len` bytes from byte `offset` of a stream that is neither compressed nor encrypted. Holes and bytes beyond the
    /// initialised size are zeros.
    ///
    /// # Errors
    /// The range leaves the stream, or its runs leave the volume.
    pub(crate) fn read(
        &self,
        storage: &dyn Storage,
        cluster_size: u32,
        offset: u64,
        len: u64,
    ) -> Result<Vec<u8>, VolumeError> {
        let end = offset.checked_add(len).filter(|end| *end <= self.size());
        let (Some(end), Ok(wanted)) = (end, usize::try_from(len)) else {
            return Err(VolumeError::corrupt("attribute", offset, format!("{len} more bytes"), "its end"));
        };
        let places = match &self.body {
            Body::Resident(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                return Ok(slice(bytes, from, wanted).unwrap_or_default().to_vec());
            }
            Body::NonResident(places) => places,
        };
        let extents = data_runs::extents(&places.runs, cluster_size, places.initialised.min(end));
        read_placed(storage, &extents, offset, wanted)
    }

    /// The contents, to be read in pieces; as [`Stream::read`] gives them.
    pub(crate) fn into_contents(self, cluster_size: u32) -> Contents {
        match self.body {
            Body::Resident(bytes) => Contents::Inline(bytes),
            Body::NonResident(places) => {
                let valid = places.initialised.min(places.size);
                Contents::Placed(data_runs::extents(&places.runs, cluster_size, valid))
            }
        }
    }
}

/// An entry of an attribute list: which record holds a part.
struct ListEntry {
    kind: u32,
    name: Vec<u16>,
    record: u64,
    sequence: u16,
    instance: u16,
}

impl ListEntry {
    /// The entries of a list, up to the first that is cut.
    fn all(mut list: &[u8]) -> impl Iterator<Item = Self> + '_ {
        std::iter::from_fn(move || {
            let length = usize::from(le_u16(list, 4)?);
            let entry = list.get(..length).filter(|_| length >= 0x1a)?;
            list = list.get(length..)?;
            let units = usize::from(*entry.get(6)?);
            let name = slice(entry, usize::from(*entry.get(7)?), units.checked_mul(2)?)?;
            let reference = le_u64(entry, 0x10)?;
            Some(Self {
                kind: le_u32(entry, 0)?,
                name: name.chunks_exact(2).filter_map(|pair| le_u16(pair, 0)).collect(),
                record: reference & 0xffff_ffff_ffff,
                sequence: u16::try_from(reference >> 48).unwrap_or(0),
                instance: le_u16(entry, 0x18)?,
            })
        })
    }
}

/// The part that a list entry names; it must belong to this file.
fn part(
    table: &MasterFileTable<'_>,
    record: &FileRecord,
    number: u64,
    entry: &ListEntry,
) -> Result<Attribute, VolumeError> {
    let other;
    let holder = if entry.record == number {
        record
    } else {
        other = table.record(entry.record)?;
        if !other.in_use || other.base != number || other.sequence != entry.sequence {
            return Err(corrupt(
                &other,
                &format!("a part of file {number}"),
                &format!("one of file {}", other.base),
            ));
        }
        &other
    };
    let found = holder.attributes.iter().find(|it| it.kind == entry.kind && it.instance == entry.instance);
    found.cloned().ok_or_else(|| {
        corrupt(holder, &format!("attribute 0x{:x}, instance {}", entry.kind, entry.instance), "none")
    })
}

fn corrupt(record: &FileRecord, expected: &str, found: &str) -> VolumeError {
    VolumeError::corrupt("FILE record", record.at, expected, found)
}
