//! Edits: the bytes of a hive file that change when an element is to name another partition.
//!
//! Only identity fields change, each in its place and at its length: 8 bytes of a partition's offset, 4 of a signature,
//! 16 of a GUID; where a disk was converted between MBR and GPT, all of both fields and the style between them.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::device::StoredIdentity;
use crate::bcd::device::layout::STYLE_GPT;
use crate::bcd::device::layout::STYLE_MBR;
use crate::bcd::element::Element;
use crate::bcd::element::ElementValue;
use crate::bytes;

/// Where the partition's offset or GUID stands in an identity record.
const PARTITION_FIELD: usize = 0;
/// Where the disk's signature or GUID stands in an identity record.
const DISK_FIELD: usize = 24;
/// Where the style stands in an identity record.
const STYLE_FIELD: usize = 20;

/// A few bytes of a hive file, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes from the start of the hive file.
    pub at: usize,
    /// What stands there.
    pub before: Vec<u8>,
    /// What will stand there; as long as `before`.
    pub after: Vec<u8>,
}

/// Why an element is not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The element names no partition there.
    #[error("element {element}: no partition at {at:#x} of its value")]
    NoRecord {
        /// Name of the element's key.
        element: String,
        /// Offset within its value.
        at: usize,
    },
    /// The partition lies in a virtual disk, whose identity is another disk's business.
    #[error("element {element}: the partition at {at:#x} of its value is inside a virtual disk")]
    InsideVhd {
        /// Name of the element's key.
        element: String,
        /// Offset within its value.
        at: usize,
    },
    /// MBR to GPT or back, which would need other loaders too.
    #[error(
        "element {element}: refers to {old}, which cannot be changed to {new}: one is MBR, the other \
     GPT"
    )]
    Style {
        /// Name of the element's key.
        element: String,
        /// What it names.
        old: QualifiedPartition,
        /// What it was to name.
        new: QualifiedPartition,
    },
    /// An identity that no disk may have.
    #[error("{0}: not an identity that a boot manager can find")]
    NoIdentity(QualifiedPartition),
    /// Other bytes than the edit expects, or too few.
    #[error("hive file at {at:#x}: expected {expected}, found {found}")]
    Differs {
        /// Bytes from the start of the hive file.
        at: usize,
        /// What the edit expects, in hex.
        expected: String,
        /// What stands there, in hex.
        found: String,
    },
    /// Edits that are not of one length or touch the same bytes.
    #[error("edit at {at:#x} of the hive file: changes the length or overlaps another edit")]
    Unsound {
        /// Bytes from the start of the hive file.
        at: usize,
    },
}

/// The edits that make one record of an element name another partition; none when it names that one already.
///
/// # Errors
///
/// When the record is not this element's, lies in a virtual disk, or `new` is of another style or no identity.
pub fn replace_identity(
    element: &Element,
    record: &StoredIdentity,
    new: QualifiedPartition,
) -> Result<Vec<Edit>, EditError> {
    check(element, record, new)?;
    let fields = match new {
        QualifiedPartition::Mbr { signature, offset } => {
            [(PARTITION_FIELD, offset.to_le_bytes().to_vec()), (DISK_FIELD, signature.to_le_bytes().to_vec())]
        }
        QualifiedPartition::Gpt { disk, partition } => {
            [(PARTITION_FIELD, partition.bytes().to_vec()), (DISK_FIELD, disk.bytes().to_vec())]
        }
    };
    let mut edits = Vec::new();
    for (field, after) in fields {
        let within = record.at.saturating_add(field);
        let before =
            bytes::slice(&element.raw, within, after.len()).ok_or_else(|| no_record(element, record))?;
        if before != after {
            edits.push(Edit { at: element.at.saturating_add(within), before: before.to_vec(), after });
        }
    }
    Ok(edits)
}

/// The edits that make one record of an element name a partition of a table of the other kind: MBR to GPT, or back.
///
/// What is not used is zero in both: boot managers compare all bytes.
///
/// # Errors
///
/// As [`replace_identity`], but that `new` has to be of the other style.
pub fn convert_identity(
    element: &Element,
    record: &StoredIdentity,
    new: QualifiedPartition,
) -> Result<Vec<Edit>, EditError> {
    match check(element, record, new) {
        Err(EditError::Style { .. }) => {}
        Err(error) => return Err(error),
        Ok(()) => return replace_identity(element, record, new),
    }
    let mut fields = [(PARTITION_FIELD, vec![0; 16]), (STYLE_FIELD, Vec::new()), (DISK_FIELD, vec![0; 16])];
    let (partition, style, disk) = match new {
        QualifiedPartition::Mbr { signature: 0, .. } => return Err(EditError::NoIdentity(new)),
        QualifiedPartition::Mbr { signature, offset } => {
            (offset.to_le_bytes().to_vec(), STYLE_MBR, signature.to_le_bytes().to_vec())
        }
        QualifiedPartition::Gpt { disk, partition } if disk.is_zero() || partition.is_zero() => {
            return Err(EditError::NoIdentity(new));
        }
        QualifiedPartition::Gpt { disk, partition } => {
            (partition.bytes().to_vec(), STYLE_GPT, disk.bytes().to_vec())
        }
    };
    for ((_, field), value) in fields.iter_mut().zip([partition, style.to_le_bytes().to_vec(), disk]) {
        let rest = field.get(value.len()..).unwrap_or_default().to_vec();
        *field = [value, rest].concat();
    }
    let edit = |(field, after): (usize, Vec<u8>)| {
        let within = record.at.saturating_add(field);
        let before =
            bytes::slice(&element.raw, within, after.len()).ok_or_else(|| no_record(element, record))?;
        Ok(Edit { at: element.at.saturating_add(within), before: before.to_vec(), after })
    };
    fields.into_iter().map(edit).collect()
}

/// Applies edits to the bytes of a hive file; all are checked before the first one is made.
///
/// # Errors
///
/// When an edit does not find the bytes that it expects, or two edits touch the same bytes.
pub fn apply(bytes: &mut [u8], edits: &[Edit]) -> Result<(), EditError> {
    let mut ranges = Vec::new();
    for edit in edits {
        let found = bytes::slice(bytes, edit.at, edit.before.len()).unwrap_or_default();
        if found != edit.before {
            let (expected, found) = (bytes::hex(&edit.before), bytes::hex(found));
            return Err(EditError::Differs { at: edit.at, expected, found });
        }
        if edit.before.len() != edit.after.len() {
            return Err(EditError::Unsound { at: edit.at });
        }
        ranges.push((edit.at, edit.at.saturating_add(edit.after.len())));
    }
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        if let [(_, end), (next, _)] = pair
            && end > next
        {
            return Err(EditError::Unsound { at: *next });
        }
    }
    for edit in edits {
        bytes::put(bytes, edit.at, &edit.after);
    }
    Ok(())
}

fn check(element: &Element, record: &StoredIdentity, new: QualifiedPartition) -> Result<(), EditError> {
    let ElementValue::Device(device) = &element.value else { return Err(no_record(element, record)) };
    // The bytes are asked as well: an element put together by hand may say one thing and hold another.
    if device.encode() != element.raw || !device.identities().contains(record) {
        return Err(no_record(element, record));
    }
    let key = || element.key.clone();
    if record.inside_vhd {
        return Err(EditError::InsideVhd { element: key(), at: record.at });
    }
    let old = record.partition;
    match (old, new) {
        (QualifiedPartition::Mbr { .. }, QualifiedPartition::Mbr { signature: 0, .. }) => {
            Err(EditError::NoIdentity(new))
        }
        (QualifiedPartition::Gpt { .. }, QualifiedPartition::Gpt { disk, partition })
            if disk.is_zero() || partition.is_zero() =>
        {
            Err(EditError::NoIdentity(new))
        }
        (QualifiedPartition::Mbr { .. }, QualifiedPartition::Mbr { .. })
        | (QualifiedPartition::Gpt { .. }, QualifiedPartition::Gpt { .. }) => Ok(()),
        _ => Err(EditError::Style { element: key(), old, new }),
    }
}

fn no_record(element: &Element, record: &StoredIdentity) -> EditError {
    EditError::NoRecord { element: element.key.clone(), at: record.at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::device::Device;
    use crate::bcd::device::DeviceElement;
    use crate::bcd::element::ElementId;
    use crate::guid::Guid;
    use crate::hive::REG_BINARY;

    const OLD: QualifiedPartition = QualifiedPartition::Mbr { signature: 0x3623_4da4, offset: 0x10_0000 };
    const GPT: QualifiedPartition =
        QualifiedPartition::Gpt { disk: Guid::from_u128(0x1111), partition: Guid::from_u128(0x2222) };

    /// An element whose value stands at 0x100 of a file of zeros, and the file.
    fn element(device: Device) -> (Element, Vec<u8>) {
        let value = DeviceElement::plain(device);
        let raw = value.encode();
        let mut file = vec![0; 0x400];
        file[0x100..0x100 + raw.len()].copy_from_slice(&raw);
        let id = Some(ElementId::DEVICE);
        let value = ElementValue::Device(value);
        (Element { id, key: "11000001".into(), data_type: REG_BINARY, raw, at: 0x100, value }, file)
    }

    fn records(element: &Element) -> Vec<StoredIdentity> {
        let ElementValue::Device(device) = &element.value else { panic!("{element:?}") };
        device.identities()
    }

    #[test]
    fn only_the_fields_that_differ_are_edited() {
        let (element, mut file) = element(Device::Partition(OLD));
        let record = &records(&element)[0];
        assert_eq!(replace_identity(&element, record, OLD), Ok(Vec::new()));
        let new = QualifiedPartition::Mbr { signature: 0xaabb_ccdd, offset: 0x10_0000 };
        let edits = replace_identity(&element, record, new).unwrap();
        let after = vec![0xdd, 0xcc, 0xbb, 0xaa];
        assert_eq!(edits, [Edit { at: 0x138, before: vec![0xa4, 0x4d, 0x23, 0x36], after }]);
        apply(&mut file, &edits).unwrap();
        let again = DeviceElement::decode(&file[0x100..0x158]).unwrap();
        assert_eq!(again.device, Device::Partition(new));
        assert!(matches!(apply(&mut file, &edits), Err(EditError::Differs { at: 0x138, .. })));
    }

    #[test]
    fn a_gpt_record_has_two_guids() {
        let (element, mut file) = element(Device::Partition(GPT));
        let new =
            QualifiedPartition::Gpt { disk: Guid::from_u128(0x3333), partition: Guid::from_u128(0x4444) };
        let edits = replace_identity(&element, &records(&element)[0], new).unwrap();
        assert_eq!(
            edits.iter().map(|edit| (edit.at, edit.after.len())).collect::<Vec<_>>(),
            [(0x120, 16), (0x138, 16)]
        );
        apply(&mut file, &edits).unwrap();
        assert_eq!(DeviceElement::decode(&file[0x100..0x158]).unwrap().device, Device::Partition(new));
    }

    #[test]
    fn what_must_not_change_is_refused() {
        let (element, _) = element(Device::Partition(OLD));
        let record = records(&element)[0].clone();
        let (style, zero) = (GPT, QualifiedPartition::Mbr { signature: 0, offset: 0x10_0000 });
        assert!(matches!(replace_identity(&element, &record, style), Err(EditError::Style { .. })));
        assert_eq!(replace_identity(&element, &record, zero), Err(EditError::NoIdentity(zero)));
        let elsewhere = StoredIdentity { at: 0x21, ..record.clone() };
        assert!(matches!(
            replace_identity(&element, &elsewhere, OLD),
            Err(EditError::NoRecord { at: 0x21, .. })
        ));
        let mut changed = element;
        changed.raw[0x38] ^= 1;
        assert!(matches!(replace_identity(&changed, &record, OLD), Err(EditError::NoRecord { .. })));
    }

    #[test]
    fn a_partition_in_a_virtual_disk_is_left_and_its_host_is_not() {
        let host = Device::File { parent: Box::new(Device::Partition(GPT)), path: r"\win.vhd".into() };
        let (element, _) = element(Device::VhdPartition { inner: OLD, host: Box::new(host) });
        let [inner, outer] = &records(&element)[..] else { panic!("two records") };
        assert!(matches!(replace_identity(&element, inner, OLD), Err(EditError::InsideVhd { .. })));
        let new =
            QualifiedPartition::Gpt { disk: Guid::from_u128(0x3333), partition: Guid::from_u128(0x2222) };
        assert_eq!(outer.file.as_deref(), Some(r"\win.vhd"));
        assert_eq!(replace_identity(&element, outer, new).unwrap().len(), 1);
    }

    #[test]
    fn edits_are_checked_before_any_is_made() {
        let edit =
            |at, before: &[u8], after: &[u8]| Edit { at, before: before.to_vec(), after: after.to_vec() };
        let cases = [
            [edit(0, &[0], &[1]), edit(1, &[9], &[1])],
            [edit(0, &[0], &[1]), edit(1, &[0], &[1, 2])],
            [edit(0, &[0, 0], &[1, 1]), edit(1, &[0], &[2])],
            [edit(0, &[0], &[1]), edit(8, &[0], &[1])],
            [edit(0, &[0], &[1]), edit(usize::MAX, &[0], &[1])],
        ];
        for edits in cases {
            let mut bytes = [0; 8];
            assert!(apply(&mut bytes, &edits).is_err(), "{edits:?}");
            assert_eq!(bytes, [0; 8]);
        }
    }
}
