//! Edits: the bytes of a hive file that change when a firmware entry's copy is to name another partition.
//!
//! Only the fields that identify the partition change, each in its place and at its length: its number, its first block,
//! its count of blocks, and the GUID or the disk's signature.

use crate::bcd::device_path::DriveSignature;
use crate::bcd::device_path::HardDrive;
use crate::bcd::edit::Edit;
use crate::bcd::firmware_variable::FirmwareVariable;
use crate::bcd::firmware_variable_error::FirmwareVariableError;
use crate::bytes;
use crate::hive::Value;

/// A partition as a node of a device path names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrivePartition {
    /// Number of the partition in the table, from 1.
    pub number: u32,
    /// First block, in the disk's logical blocks.
    pub start_lba: u64,
    /// Count of blocks.
    pub lba_count: u64,
    /// Its GUID, or the signature of its disk.
    pub signature: DriveSignature,
}

impl DrivePartition {
    /// A partition by its bytes, on a disk with sectors of `sector_size` bytes; `None` when it does not begin and end
    /// with a sector.
    #[must_use]
    pub fn from_bytes(
        number: u32,
        start: u64,
        len: u64,
        sector_size: u32,
        signature: DriveSignature,
    ) -> Option<Self> {
        let size = u64::from(sector_size);
        let is_whole = start.checked_rem(size)? == 0 && len.checked_rem(size)? == 0;
        let (start_lba, lba_count) = (start.checked_div(size)?, len.checked_div(size)?);
        is_whole.then_some(Self { number, start_lba, lba_count, signature })
    }
}

/// The edits that make one node of a `FirmwareVariable` name another partition; none when it names that one already.
///
/// # Errors
///
/// When the node is not this value's, or `new` is of another style or none that firmware could find.
pub fn replace_hard_drive(
    value: &Value,
    drive: &HardDrive,
    new: &DrivePartition,
) -> Result<Vec<Edit>, FirmwareVariableError> {
    let no_drive = || FirmwareVariableError::NoDrive { at: drive.at };
    // The bytes are asked as well: a node put together by hand may say one thing where another stands.
    if !FirmwareVariable::decode(&value.data)?.hard_drives.contains(drive) {
        return Err(no_drive());
    }
    check(drive, new)?;
    let signature = match new.signature {
        DriveSignature::Mbr(signature) => signature.to_le_bytes().to_vec(),
        DriveSignature::Gpt(partition) => partition.bytes().to_vec(),
    };
    let fields = [
        (drive.partition_number.at, new.number.to_le_bytes().to_vec()),
        (drive.start_lba.at, new.start_lba.to_le_bytes().to_vec()),
        (drive.lba_count.at, new.lba_count.to_le_bytes().to_vec()),
        (drive.signature.at, signature),
    ];
    let mut edits = Vec::new();
    for (within, after) in fields {
        let before = bytes::slice(&value.data, within, after.len()).ok_or_else(no_drive)?;
        if before != after {
            edits.push(Edit { at: value.at.saturating_add(within), before: before.to_vec(), after });
        }
    }
    Ok(edits)
}

fn check(drive: &HardDrive, new: &DrivePartition) -> Result<(), FirmwareVariableError> {
    let at = drive.at;
    let style = |new| FirmwareVariableError::Style {
        at,
        format: drive.format.value,
        signature_type: drive.signature_type.value,
        new,
    };
    let no_identity = |why| FirmwareVariableError::NoIdentity { at, why };
    match (drive.identity(), new.signature) {
        (Some(DriveSignature::Mbr(_)), DriveSignature::Mbr(0)) => {
            return Err(no_identity("signature 0 identifies no disk"));
        }
        (Some(DriveSignature::Gpt(_)), DriveSignature::Gpt(guid)) if guid.is_zero() => {
            return Err(no_identity("the zero GUID identifies no partition"));
        }
        (Some(DriveSignature::Mbr(_)), DriveSignature::Mbr(_))
        | (Some(DriveSignature::Gpt(_)), DriveSignature::Gpt(_)) => {}
        (_, DriveSignature::Mbr(_)) => return Err(style("an MBR reference")),
        (_, DriveSignature::Gpt(_)) => return Err(style("a GPT reference")),
    }
    if new.number == 0 || new.start_lba == 0 || new.lba_count == 0 {
        return Err(no_identity("a partition needs a number, a first block after the table, and a length"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::edit;
    use crate::bcd::firmware_variable::tests::drive;
    use crate::bcd::firmware_variable::tests::variable;
    use crate::guid::Guid;
    use crate::hive::REG_BINARY;

    const MBR: [u8; 16] = [0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// A value that stands at 0x100 of a file, and the file.
    fn value(nodes: &[u8]) -> (Value, HardDrive, Vec<u8>) {
        let data = variable(nodes);
        let mut file = vec![0xee; 0x400];
        file[0x100..0x100 + data.len()].copy_from_slice(&data);
        let drive = FirmwareVariable::decode(&data).unwrap().hard_drives[0];
        (Value { name: "FirmwareVariable".into(), data_type: REG_BINARY, data, at: 0x100 }, drive, file)
    }

    fn named(signature: DriveSignature) -> DrivePartition {
        DrivePartition { number: 1, start_lba: 0x800, lba_count: 0x8_1800, signature }
    }

    fn applied(value: &Value, file: &[u8], edits: &[Edit]) -> HardDrive {
        let mut after = file.to_vec();
        edit::apply(&mut after, edits).unwrap();
        let data = &after[0x100..0x100 + value.data.len()];
        FirmwareVariable::decode(data).unwrap().hard_drives[0]
    }

    #[test]
    fn only_the_fields_that_differ_are_edited() {
        let (value, drive, file) = value(&drive([7; 16], [2, 2]));
        let old = DriveSignature::Gpt(Guid::from_bytes([7; 16]));
        assert_eq!(replace_hard_drive(&value, &drive, &named(old)), Ok(Vec::new()));
        let new = DriveSignature::Gpt(Guid::from_u128(1));
        let edits = replace_hard_drive(&value, &drive, &named(new)).unwrap();
        assert_eq!(edits.iter().map(|edit| (edit.at, edit.after.len())).collect::<Vec<_>>(), [(0x154, 16)]);
        assert_eq!(applied(&value, &file, &edits).identity(), Some(new));
        let all = DrivePartition { number: 2, start_lba: 0x100, lba_count: 0x200, signature: new };
        let edits = replace_hard_drive(&value, &drive, &all).unwrap();
        let places: Vec<_> = edits.iter().map(|edit| (edit.at, edit.after.len())).collect();
        assert_eq!(places, [(0x140, 4), (0x144, 8), (0x14c, 8), (0x154, 16)]);
        let after = applied(&value, &file, &edits);
        let fields = (after.partition_number.value, after.start_lba.value, after.lba_count.value);
        assert_eq!((fields, after.identity()), ((2, 0x100, 0x200), Some(new)));
    }

    #[test]
    fn a_signature_has_four_bytes() {
        let (value, drive, file) = value(&drive(MBR, [1, 1]));
        let new = DriveSignature::Mbr(0xaabb_ccdd);
        let edits = replace_hard_drive(&value, &drive, &named(new)).unwrap();
        let expected = Edit { at: 0x154, before: MBR[..4].to_vec(), after: vec![0xdd, 0xcc, 0xbb, 0xaa] };
        assert_eq!(edits, [expected]);
        assert_eq!(applied(&value, &file, &edits).identity(), Some(new));
    }

    #[test]
    fn what_must_not_change_is_refused() {
        let (signature, guid) = (DriveSignature::Mbr(1), DriveSignature::Gpt(Guid::from_u128(1)));
        let is_style = |error| matches!(error, Err(FirmwareVariableError::Style { at: 0x3c, .. }));
        for (kind, fits) in [([1, 1], signature), ([2, 2], guid)] {
            let (value, drive, _) = value(&drive(MBR, kind));
            assert!(replace_hard_drive(&value, &drive, &named(fits)).is_ok());
            let other = if fits == guid { signature } else { guid };
            assert!(is_style(replace_hard_drive(&value, &drive, &named(other))));
            for (number, start_lba, lba_count) in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
                let new = DrivePartition { number, start_lba, lba_count, signature: fits };
                let error = replace_hard_drive(&value, &drive, &new);
                assert!(matches!(error, Err(FirmwareVariableError::NoIdentity { .. })), "{new:?}");
            }
            let none = if fits == guid { DriveSignature::Gpt(Guid::ZERO) } else { DriveSignature::Mbr(0) };
            let error = replace_hard_drive(&value, &drive, &named(none));
            assert!(matches!(error, Err(FirmwareVariableError::NoIdentity { .. })));
        }
        for kind in [[1, 2], [2, 1], [2, 0], [3, 3]] {
            let (value, drive, _) = value(&drive(MBR, kind));
            assert!([signature, guid].iter().all(|new| is_style(replace_hard_drive(
                &value,
                &drive,
                &named(*new)
            ))));
        }
        let (value, drive, _) = value(&drive(MBR, [1, 1]));
        let elsewhere = HardDrive { at: drive.at + 1, ..drive };
        let error = replace_hard_drive(&value, &elsewhere, &named(signature));
        assert_eq!(error, Err(FirmwareVariableError::NoDrive { at: drive.at + 1 }));
    }

    #[test]
    fn blocks_are_those_of_the_disk() {
        let signature = DriveSignature::Mbr(1);
        let of = |start, sector_size| DrivePartition::from_bytes(1, start, 0x2000, sector_size, signature);
        let blocks = |partition: DrivePartition| (partition.start_lba, partition.lba_count);
        assert_eq!(of(0x10_0000, 512).map(blocks), Some((0x800, 0x10)));
        assert_eq!(of(0x10_0000, 4096).map(blocks), Some((0x100, 2)));
        assert_eq!([of(0x7e00, 4096), of(0, 0)], [None, None]);
    }
}
