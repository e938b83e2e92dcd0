//! A FILE record of the master file table, decoded from its bytes alone.
//!
//! What the `ntfs` crate does not show (initialised size, flags of the attribute, the attribute list, the reparse
//! point) is what decides whether a file may be overwritten in place. Source: libyal's libfsntfs documentation.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::bytes::slice;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::data_runs;
use crate::volume::ntfs::data_runs::Run;
use crate::volume::ntfs::data_runs::RunsError;

/// Attribute type codes, by the format's own names.
pub(crate) const STANDARD_INFORMATION: u32 = 0x10;
pub(crate) const ATTRIBUTE_LIST: u32 = 0x20;
pub(crate) const FILE_NAME: u32 = 0x30;
pub(crate) const SECURITY_DESCRIPTOR: u32 = 0x50;
pub(crate) const VOLUME_NAME: u32 = 0x60;
pub(crate) const VOLUME_INFORMATION: u32 = 0x70;
pub(crate) const DATA: u32 = 0x80;
pub(crate) const INDEX_ROOT: u32 = 0x90;
pub(crate) const INDEX_ALLOCATION: u32 = 0xa0;
pub(crate) const BITMAP: u32 = 0xb0;
pub(crate) const REPARSE_POINT: u32 = 0xc0;
pub(crate) const END: u32 = 0xffff_ffff;

/// Bytes protected by one word of the update sequence, on disks of any sector size.
pub(crate) const STRIDE: usize = 512;

/// A FILE record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRecord {
    /// Byte offset on the volume, for messages.
    pub(crate) at: u64,
    /// Sequence number: how often the record was given to a new file.
    pub(crate) sequence: u16,
    /// The record is in use.
    pub(crate) in_use: bool,
    /// It is a directory.
    pub(crate) is_directory: bool,
    /// Number of the base record that this one continues; zero for a base record.
    pub(crate) base: u64,
    /// Attributes in their order.
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute, or a part of one when the file has an attribute list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// Type code.
    pub(crate) kind: u32,
    /// Name as UTF-16 units; empty for the unnamed one.
    pub(crate) name: Vec<u16>,
    /// Flags: 0x00ff compressed, 0x4000 encrypted, 0x8000 sparse.
    pub(crate) flags: u16,
    /// Identifier inside the record.
    pub(crate) instance: u16,
    /// Contents, or where they are.
    pub(crate) body: Body,
}

/// Contents of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Inside the record.
    Resident(Vec<u8>),
    /// In clusters.
    NonResident(NonResident),
}

/// Contents in clusters. The sizes count only in the part that begins at cluster 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NonResident {
    /// First cluster of the attribute in this part.
    pub(crate) first_vcn: u64,
    /// Bytes of all clusters.
    pub(crate) allocated: u64,
    /// Bytes of the contents.
    pub(crate) size: u64,
    /// Bytes that were ever written; beyond, the contents read as zero whatever the clusters hold.
    pub(crate) initialised: u64,
    /// Compression unit, as a power of two of clusters; 0 when not compressed.
    pub(crate) compression_unit: u16,
    /// Runs of this part.
    pub(crate) runs: Vec<Run>,
}

impl FileRecord {
    /// Decodes the record in `bytes`, which were read from byte `at` of the volume.
    ///
    /// # Errors
    /// [`VolumeError::Corrupt`] with the place inside the record.
    pub(crate) fn decode(bytes: &[u8], at: u64) -> Result<Self, VolumeError> {
        let bytes = fixed_up(bytes, b"FILE")
            .map_err(|torn| corrupt(at, "a complete FILE record", &torn.to_string()))?;
        let cut = || corrupt(at, "a FILE record header", "its end");
        let flags = le_u16(&bytes, 0x16).ok_or_else(cut)?;
        let used = usize::try_from(le_u32(&bytes, 0x18).ok_or_else(cut)?).unwrap_or(usize::MAX);
        let Some(used_bytes) = bytes.get(..used) else {
            return Err(corrupt(at, &format!("at most {} bytes in use", bytes.len()), &used.to_string()));
        };
        let first = usize::from(le_u16(&bytes, 0x14).ok_or_else(cut)?);
        Ok(Self {
            at,
            sequence: le_u16(&bytes, 0x10).ok_or_else(cut)?,
            in_use: flags & 1 != 0,
            is_directory: flags & 2 != 0,
            base: le_u64(&bytes, 0x20).ok_or_else(cut)? & 0xffff_ffff_ffff,
            attributes: attributes(used_bytes, first)
                .map_err(|found| corrupt(at, "complete attributes", &found.to_string()))?,
        })
    }

    /// The attributes of a type with a name.
    pub(crate) fn all<'a>(&'a self, kind: u32, name: &'a str) -> impl Iterator<Item = &'a Attribute> {
        self.attributes.iter().filter(move |it| it.kind == kind && it.is_named(name))
    }

    /// The contents of a resident attribute of a type.
    pub(crate) fn resident(&self, kind: u32) -> Option<&[u8]> {
        self.attributes.iter().find(|it| it.kind == kind).and_then(|it| match &it.body {
            Body::Resident(bytes) => Some(bytes.as_slice()),
            Body::NonResident(_) => None,
        })
    }

    /// Whether attributes lie in other records too.
    pub(crate) fn has_attribute_list(&self) -> bool {
        self.attributes.iter().any(|it| it.kind == ATTRIBUTE_LIST)
    }

    /// The tag of a reparse point, if the file has one. One that is not resident has a tag of zero here.
    pub(crate) fn reparse_tag(&self) -> Option<u32> {
        let present = self.attributes.iter().any(|it| it.kind == REPARSE_POINT);
        present.then(|| self.resident(REPARSE_POINT).and_then(|bytes| le_u32(bytes, 0)).unwrap_or(0))
    }
}

impl Attribute {
    fn is_named(&self, name: &str) -> bool {
        name.encode_utf16().eq(self.name.iter().copied())
    }
}

/// Why bytes are no record that was written whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Torn {
    #[error("signature {}", crate::bytes::hex(.0))]
    Signature(Vec<u8>),
    #[error("an update sequence of a different length")]
    UpdateSequence,
    #[error("a torn sector {0}: update sequence mismatch")]
    Sector(usize),
}

/// An attribute that cannot be read, with its place in the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum AttributeError {
    #[error("a truncated attribute at 0x{at:x}")]
    Cut { at: usize },
    #[error("{cause} at 0x{at:x}")]
    Runs { at: usize, cause: RunsError },
}

/// The record with its update sequence undone: the last two bytes of each 512 are put back.
///
/// # Errors
/// [`Torn`]: another signature, or sectors of different writes.
pub(crate) fn fixed_up(bytes: &[u8], signature: &[u8; 4]) -> Result<Vec<u8>, Torn> {
    let found = slice(bytes, 0, 4).unwrap_or_default();
    if found != signature {
        return Err(Torn::Signature(found.to_vec()));
    }
    let words = || {
        let at = usize::from(le_u16(bytes, 4)?);
        let count = usize::from(le_u16(bytes, 6)?).checked_sub(1)?;
        let number = slice(bytes, at, 2)?;
        let array = slice(bytes, at.checked_add(2)?, count.checked_mul(2)?)?;
        let whole = count.checked_mul(STRIDE) == Some(bytes.len());
        (whole && array.len() == count.checked_mul(2)?).then_some((number, array))
    };
    let (number, array) = words().ok_or(Torn::UpdateSequence)?;
    let mut fixed = bytes.to_vec();
    for (index, (block, word)) in fixed.chunks_exact_mut(STRIDE).zip(array.chunks_exact(2)).enumerate() {
        let Some((_, last)) = block.split_at_mut_checked(STRIDE.saturating_sub(2)) else { continue };
        if last != number {
            return Err(Torn::Sector(index));
        }
        last.copy_from_slice(word);
    }
    Ok(fixed)
}

/// All attributes up to the end marker.
fn attributes(record: &[u8], first: usize) -> Result<Vec<Attribute>, AttributeError> {
    let mut found = Vec::new();
    let mut at = first;
    loop {
        let cut = || AttributeError::Cut { at };
        let Some(bytes) = raw_attribute(record, at).ok_or_else(cut)? else { return Ok(found) };
        let attribute = attribute(bytes).ok_or_else(cut)?;
        found.push(attribute.map_err(|cause| AttributeError::Runs { at, cause })?);
        at = at.saturating_add(bytes.len());
    }
}

/// The attribute at byte `at` as it stands there, or nothing at the end marker; `None` when it is cut.
pub(crate) fn raw_attribute(record: &[u8], at: usize) -> Option<Option<&[u8]>> {
    if le_u32(record, at)? == END {
        return Some(None);
    }
    let length = usize::try_from(le_u32(record, at.checked_add(4)?)?).ok()?;
    slice(record, at, length).filter(|it| it.len() >= 0x18).map(Some)
}

/// Type code and name of an attribute, as they stand.
pub(crate) fn identity(attribute: &[u8]) -> Option<(u32, &[u8])> {
    let len = usize::from(*attribute.get(9)?).checked_mul(2)?;
    Some((le_u32(attribute, 0)?, slice(attribute, usize::from(le_u16(attribute, 0x0a)?), len)?))
}

/// The contents of a resident attribute; `None` when they are in clusters, or cut.
pub(crate) fn value(attribute: &[u8]) -> Option<&[u8]> {
    if is_in_clusters(attribute)? {
        return None;
    }
    slice(attribute, usize::from(le_u16(attribute, 0x14)?), usize::try_from(le_u32(attribute, 0x10)?).ok()?)
}

fn is_in_clusters(attribute: &[u8]) -> Option<bool> {
    Some(*attribute.get(8)? != 0)
}

/// One attribute from its bytes; `None` when a part of it lies outside.
fn attribute(bytes: &[u8]) -> Option<Result<Attribute, RunsError>> {
    let (kind, name) = identity(bytes)?;
    let body = if is_in_clusters(bytes)? {
        non_resident(bytes)?.map(Body::NonResident)
    } else {
        Ok(Body::Resident(value(bytes)?.to_vec()))
    };
    let name = name.chunks_exact(2).filter_map(|pair| le_u16(pair, 0)).collect();
    let (flags, instance) = (le_u16(bytes, 0x0c)?, le_u16(bytes, 0x0e)?);
    Some(body.map(|body| Attribute { kind, name, flags, instance, body }))
}

fn non_resident(bytes: &[u8]) -> Option<Result<NonResident, RunsError>> {
    let first_vcn = le_u64(bytes, 0x10)?;
    let last_vcn = le_u64(bytes, 0x18)?;
    let runs = match data_runs::decode(bytes.get(usize::from(le_u16(bytes, 0x20)?)..)?, first_vcn) {
        Ok(runs) => runs,
        Err(error) => return Some(Err(error)),
    };
    let end = runs.last().map_or(Some(first_vcn), |run| run.vcn.checked_add(run.clusters))?;
    // The last cluster of an empty attribute is "-1".
    if end != last_vcn.wrapping_add(1) {
        return Some(Err(RunsError::End { end, last_vcn }));
    }
    let sizes = first_vcn == 0;
    let size_at = |at| if sizes { le_u64(bytes, at) } else { Some(0) };
    Some(Ok(NonResident {
        first_vcn,
        allocated: size_at(0x28)?,
        size: size_at(0x30)?,
        initialised: size_at(0x38)?,
        compression_unit: le_u16(bytes, 0x22)?,
        runs,
    }))
}

fn corrupt(at: u64, expected: &str, found: &str) -> VolumeError {
    VolumeError::corrupt("FILE record", at, expected, found)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record with the given attributes' bytes, update sequence applied.
    pub(crate) fn record(attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; 1024];
        bytes[..8].copy_from_slice(b"FILE\x30\0\x03\0");
        bytes[0x10] = 7;
        bytes[0x14] = 0x38;
        bytes[0x16] = 1;
        let mut at = 0x38;
        for attribute in attributes.iter().chain([&END.to_le_bytes().to_vec()]) {
            bytes[at..at + attribute.len()].copy_from_slice(attribute);
            at += attribute.len();
        }
        bytes[0x18..0x1c].copy_from_slice(&(at as u32 + 4).to_le_bytes());
        protect(&mut bytes);
        bytes
    }

    /// Puts the update sequence number at the end of each sector.
    pub(crate) fn protect(bytes: &mut [u8]) {
        let at = usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
        bytes[at..at + 2].copy_from_slice(&[0x2a, 0]);
        for index in 0..bytes.len() / 512 {
            let end = index * 512 + 510;
            let word = [bytes[end], bytes[end + 1]];
            bytes[at + 2 + index * 2..at + 4 + index * 2].copy_from_slice(&word);
            bytes[end..end + 2].copy_from_slice(&[0x2a, 0]);
        }
    }

    pub(crate) fn resident(kind: u32, contents: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; (0x18 + contents.len()).next_multiple_of(8)];
        bytes[..4].copy_from_slice(&kind.to_le_bytes());
        let len = bytes.len() as u32;
        bytes[4..8].copy_from_slice(&len.to_le_bytes());
        bytes[0x10] = contents.len() as u8;
        bytes[0x14] = 0x18;
        bytes[0x18..0x18 + contents.len()].copy_from_slice(contents);
        bytes
    }

    pub(crate) fn in_clusters(kind: u32, flags: u16, sizes: [u64; 3], last_vcn: u64, runs: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; (0x40 + runs.len()).next_multiple_of(8)];
        bytes[..4].copy_from_slice(&kind.to_le_bytes());
        let len = bytes.len() as u32;
        bytes[4..8].copy_from_slice(&len.to_le_bytes());
        bytes[8] = 1;
        bytes[0x0c..0x0e].copy_from_slice(&flags.to_le_bytes());
        bytes[0x18..0x20].copy_from_slice(&last_vcn.to_le_bytes());
        bytes[0x20] = 0x40;
        for (index, size) in sizes.iter().enumerate() {
            bytes[0x28 + 8 * index..0x30 + 8 * index].copy_from_slice(&size.to_le_bytes());
        }
        bytes[0x40..0x40 + runs.len()].copy_from_slice(runs);
        bytes
    }

    #[test]
    fn attributes_are_read_with_all_that_decides() {
        let data = in_clusters(DATA, 0x8000, [8192, 5000, 4096], 1, &[0x11, 2, 9, 0]);
        let bytes = record(&[
            resident(STANDARD_INFORMATION, &[1; 48]),
            resident(REPARSE_POINT, &[0x17, 0, 0, 0x80]),
            data,
        ]);
        let file = FileRecord::decode(&bytes, 0x4000).unwrap();
        assert!(file.in_use && !file.is_directory && !file.has_attribute_list());
        assert_eq!((file.sequence, file.reparse_tag()), (7, Some(0x8000_0017)));
        let Body::NonResident(data) = &file.all(DATA, "").next().unwrap().body else { panic!() };
        assert_eq!((data.allocated, data.size, data.initialised), (8192, 5000, 4096));
        assert_eq!(data.runs, [Run { vcn: 0, clusters: 2, lcn: Some(9) }]);
    }

    #[test]
    fn torn_and_foreign_records_are_refused() {
        let good = record(&[resident(DATA, b"hello")]);
        for (at, torn) in [
            (0x1fe, Torn::Sector(0)),
            (0x3fe, Torn::Sector(1)),
            (0, Torn::Signature(b"\x06ILE".to_vec())),
            (6, Torn::UpdateSequence),
        ] {
            let mut bytes = good.clone();
            bytes[at] ^= 0x40;
            assert_eq!(fixed_up(&bytes, b"FILE"), Err(torn.clone()));
            let error = FileRecord::decode(&bytes, 0x4000).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("FILE record at 0x4000: expected a complete FILE record, found {torn}")
            );
        }
        assert_eq!(Torn::Sector(1).to_string(), "a torn sector 1: update sequence mismatch");
        assert_eq!(Torn::Signature(b"FILE".to_vec()).to_string(), "signature 46494c45");
    }

    #[test]
    fn runs_that_do_not_cover_the_promised_clusters_are_refused() {
        let bytes = record(&[in_clusters(DATA, 0, [4096; 3], 5, &[0x11, 2, 9, 0])]);
        let cause = RunsError::End { end: 2, last_vcn: 5 };
        assert_eq!(attributes(&bytes, 0x38), Err(AttributeError::Runs { at: 0x38, cause }));
        let error = FileRecord::decode(&bytes, 0).unwrap_err().to_string();
        let found = "data runs up to cluster 0x2 instead of 0x5 at 0x38";
        assert_eq!(error, format!("FILE record at 0x0: expected complete attributes, found {found}"));
    }

    #[test]
    fn no_byte_can_make_it_panic() {
        let good = record(&[
            resident(STANDARD_INFORMATION, &[1; 48]),
            in_clusters(DATA, 0, [8192, 5000, 4096], 1, &[0x11, 2, 9, 0]),
        ]);
        for at in 0..good.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                let _ = FileRecord::decode(&bytes, 0);
            }
        }
        for len in 0..good.len() {
            let _ = FileRecord::decode(&good[..len], 0);
        }
    }
}
