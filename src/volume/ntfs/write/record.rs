//! A FILE record that is changed or made: its attributes as bytes, in their order.

use crate::bytes::put;
use std::cmp::Ordering;

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;
use crate::bytes::utf16le;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::file_record::END;
use crate::volume::ntfs::file_record::fixed_up;
use crate::volume::ntfs::file_record::identity;
use crate::volume::ntfs::file_record::raw_attribute;
use crate::volume::ntfs::write::fields::aligned;
use crate::volume::ntfs::write::fields::long;
use crate::volume::ntfs::write::fields::short;
use crate::volume::ntfs::write::protection::protected;
use crate::volume::ntfs::write::protection::words;

/// Header of a record of NTFS 3.1, which has its own number in it; behind it stands the update sequence.
const HEADER: usize = 0x30;
/// Flags of a record.
const IN_USE: u16 = 1;
const DIRECTORY: u16 = 2;

/// A record under work.
pub(super) struct RecordDraft {
    /// As it stands on the volume.
    raw: Vec<u8>,
    /// The same with its last words in their places.
    bytes: Vec<u8>,
    attributes: Vec<Vec<u8>>,
    next_instance: u16,
}

impl RecordDraft {
    /// Record `number` as it stands in `raw`, which was read from byte `at` of the volume.
    ///
    /// # Errors
    /// It is not whole, or has a header that this writer would not make.
    pub(super) fn decode(raw: Vec<u8>, number: u64, at: u64) -> Result<Self, VolumeError> {
        let corrupt = |expected: &str, found: &str| VolumeError::corrupt("FILE record", at, expected, found);
        let bytes = fixed_up(&raw, b"FILE").map_err(|torn| corrupt("a whole record", &torn.to_string()))?;
        let plain = (|| {
            let own = u64::from(le_u32(&bytes, 0x2c)?) == number & 0xffff_ffff;
            let whole = usize::try_from(le_u32(&bytes, 0x1c)?).ok()? == bytes.len();
            let sequence = usize::from(le_u16(&bytes, 4)?);
            let first = usize::from(le_u16(&bytes, 0x14)?);
            let behind = usize::from(le_u16(&bytes, 6)?).checked_mul(2)?.checked_add(sequence)?;
            (own && whole && sequence >= HEADER && behind <= first && first.is_multiple_of(8))
                .then_some(first)
        })();
        let first =
            plain.ok_or_else(|| corrupt("a header of NTFS 3.1 of its own number and size", "another"))?;
        let attributes =
            attributes(&bytes, first).ok_or_else(|| corrupt("whole attributes", "one that is cut"))?;
        // Where they are not in order, a driver may not find the one that is put in its place.
        let kinds: Vec<u32> = attributes.iter().filter_map(|it| le_u32(it, 0)).collect();
        if !kinds.is_sorted() {
            return Err(corrupt("attributes in their order", "others"));
        }
        let next_instance = le_u16(&bytes, 0x28).unwrap_or(0);
        Ok(Self { raw, bytes, attributes, next_instance })
    }

    /// A record for a new file in the free slot `number`, in which `raw` stands.
    pub(super) fn fresh(raw: Vec<u8>, number: u64, sequence: u16, is_directory: bool) -> Self {
        let mut bytes = vec![0; raw.len()];
        let words = words(raw.len());
        let first = aligned(HEADER.saturating_add(words.saturating_mul(2)));
        let flags = if is_directory { IN_USE | DIRECTORY } else { IN_USE };
        put(&mut bytes, 0, b"FILE");
        put(&mut bytes, 4, &short(HEADER));
        put(&mut bytes, 6, &short(words));
        put(&mut bytes, 0x10, &sequence.to_le_bytes());
        put(&mut bytes, 0x12, &1u16.to_le_bytes());
        put(&mut bytes, 0x14, &short(first));
        put(&mut bytes, 0x16, &flags.to_le_bytes());
        put(&mut bytes, 0x1c, &long(raw.len()));
        put(&mut bytes, 0x2c, &u32::try_from(number & 0xffff_ffff).unwrap_or(0).to_le_bytes());
        Self { raw, bytes, attributes: Vec::new(), next_instance: 0 }
    }

    /// The attribute of a type and name, as bytes.
    pub(super) fn attribute(&self, kind: u32, name: &str) -> Option<&[u8]> {
        self.position(kind, name).ok().and_then(|at| self.attributes.get(at)).map(Vec::as_slice)
    }

    /// Puts an attribute in the place of the one of its type and name, whose instance it keeps, or to where it belongs.
    pub(super) fn set(&mut self, kind: u32, name: &str, mut attribute: Vec<u8>) {
        match self.position(kind, name) {
            Ok(at) => {
                if let Some(old) = self.attributes.get_mut(at) {
                    put(&mut attribute, 0x0e, slice(old, 0x0e, 2).unwrap_or_default());
                    *old = attribute;
                }
            }
            Err(at) => {
                put(&mut attribute, 0x0e, &self.next_instance.to_le_bytes());
                self.next_instance = self.next_instance.saturating_add(1);
                self.attributes.insert(at, attribute);
            }
        }
    }

    /// The record as it goes to the disk; `None` when its attributes do not fit.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = self.bytes.clone();
        let mut at = usize::from(le_u16(&bytes, 0x14)?);
        for attribute in &self.attributes {
            bytes.get_mut(at..at.checked_add(attribute.len())?)?.copy_from_slice(attribute);
            at = at.checked_add(attribute.len())?;
        }
        let used = at.checked_add(8)?;
        let end = bytes.get_mut(at..used)?;
        put(end, 0, &END.to_le_bytes());
        put(end, 4, &[0; 4]);
        put(&mut bytes, 0x18, &long(used));
        put(&mut bytes, 0x28, &self.next_instance.to_le_bytes());
        protected(&bytes, &self.raw)
    }

    /// Where an attribute stands, or where it would.
    fn position(&self, kind: u32, name: &str) -> Result<usize, usize> {
        let wanted = (kind, utf16le(name));
        for (at, attribute) in self.attributes.iter().enumerate() {
            let Some((kind, name)) = identity(attribute) else { continue };
            match (kind, name).cmp(&(wanted.0, wanted.1.as_slice())) {
                Ordering::Less => {}
                Ordering::Equal => return Ok(at),
                Ordering::Greater => return Err(at),
            }
        }
        Err(self.attributes.len())
    }
}

/// The attributes from byte `first` on, up to the end marker.
fn attributes(record: &[u8], first: usize) -> Option<Vec<Vec<u8>>> {
    let used = record.get(..usize::try_from(le_u32(record, 0x18)?).ok()?)?;
    let mut found = Vec::new();
    let mut at = first;
    while let Some(attribute) = raw_attribute(used, at)? {
        if !attribute.len().is_multiple_of(8) {
            return None;
        }
        identity(attribute)?;
        found.push(attribute.to_vec());
        at = at.checked_add(attribute.len())?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::ntfs::file_record::DATA;
    use crate::volume::ntfs::file_record::FileRecord;
    use crate::volume::ntfs::file_record::INDEX_ROOT;
    use crate::volume::ntfs::file_record::STANDARD_INFORMATION;
    use crate::volume::ntfs::file_record::value;
    use crate::volume::ntfs::write::attribute;

    #[test]
    fn attributes_stand_in_order_each_with_its_own_instance() {
        for size in [1024, 4096] {
            let mut draft = RecordDraft::fresh(vec![0; size], 70_000, 3, true);
            draft.set(INDEX_ROOT, "$I30", attribute::resident(INDEX_ROOT, "$I30", b"one"));
            draft.set(STANDARD_INFORMATION, "", attribute::resident(STANDARD_INFORMATION, "", &[0; 48]));
            draft.set(INDEX_ROOT, "$I30", attribute::resident(INDEX_ROOT, "$I30", b"two, longer than one"));
            let raw = draft.encode().unwrap();
            let record = FileRecord::decode(&raw, 0).unwrap();
            let seen: Vec<_> = record.attributes.iter().map(|it| (it.kind, it.instance)).collect();
            assert_eq!(seen, [(STANDARD_INFORMATION, 1), (INDEX_ROOT, 0)]);
            assert!((record.in_use, record.is_directory, record.sequence) == (true, true, 3));
            let again = RecordDraft::decode(raw.clone(), 70_000, 0).unwrap();
            assert_eq!(value(again.attribute(INDEX_ROOT, "$I30").unwrap()).unwrap().len(), 20);
            assert_eq!(again.encode().unwrap(), raw);
            assert!(RecordDraft::decode(raw.clone(), 70_001, 0).is_err());
            let mut swapped = raw;
            let first = usize::from(swapped[0x14]);
            swapped[first + 3] = 4;
            let error = RecordDraft::decode(swapped, 70_000, 0).err().unwrap().to_string();
            assert!(error.contains("attributes in their order"), "{error}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut draft = RecordDraft::fresh(vec![0; 1024], 24, 1, false);
        // Between the header with its update sequence, and the end marker.
        let room = 1024 - 0x38 - 8;
        draft.set(DATA, "", attribute::resident(DATA, "", &vec![1; room - 0x18]));
        assert!(draft.encode().is_some());
        draft.set(DATA, "", attribute::resident(DATA, "", &vec![1; room - 0x17]));
        assert!(draft.encode().is_none());
    }
}
