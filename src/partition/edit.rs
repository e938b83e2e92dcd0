//! New identities for a partition table, as bytes: what stands in the sectors, and what will stand there. Pure.
//!
//! Nothing else of a table is ever changed. Sources: the MBR's signature, Microsoft, "Disk signature"; GPT, UEFI
//! specification, "GPT Header" and "GPT Partition Entry Array".

pub use crate::partition::gpt_header::GptBytes;

use crate::guid::Guid;
use crate::partition::gpt_header::CRC;
use crate::partition::gpt_header::ENTRY_SIZE;

/// Where the signature stands in an MBR.
const SIGNATURE: usize = 0x1b8;
/// Header fields: its own checksum, the disk GUID, the checksum of the array.
const HEADER_CRC: usize = 0x10;
const DISK_GUID: usize = 0x38;
const ARRAY_CRC: usize = 0x58;
/// The unique GUID in an entry.
const PARTITION_GUID: usize = 0x10;

/// The first sector of a disk with another MBR signature; `None` when it is too short to be one.
#[must_use]
pub fn with_signature(sector: &[u8], signature: u32) -> Option<Vec<u8>> {
    let mut sector = sector.to_vec();
    put(&mut sector, SIGNATURE, &signature.to_le_bytes())?;
    Some(sector)
}

impl GptBytes {
    /// The copy with the disk GUID `disk` and new GUIDs for the partitions with these numbers, checksums included; `None`
    /// when the bytes are too few for that.
    #[must_use]
    pub fn with_identity(&self, disk: Guid, partitions: &[(u32, Guid)]) -> Option<Self> {
        let mut new = self.clone();
        for (number, guid) in partitions {
            let index = usize::try_from(number.checked_sub(1)?).ok()?;
            let entry = index.checked_mul(usize::try_from(ENTRY_SIZE).ok()?)?;
            put(&mut new.array, entry.checked_add(PARTITION_GUID)?, guid.bytes())?;
        }
        put(&mut new.header, DISK_GUID, disk.bytes())?;
        put(&mut new.header, ARRAY_CRC, &CRC.checksum(&new.array).to_le_bytes())?;
        put(&mut new.header, HEADER_CRC, &[0; 4])?;
        let size = usize::try_from(crate::bytes::le_u32(&new.header, 0x0c)?).ok()?;
        let sum = CRC.checksum(new.header.get(..size)?);
        put(&mut new.header, HEADER_CRC, &sum.to_le_bytes())?;
        Some(new)
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) -> Option<()> {
    bytes.get_mut(at..at.checked_add(new.len())?)?.copy_from_slice(new);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: Guid = Guid::from_u128(0x5f3c0101_3b1d_4c01_9a2c_0242ac1b0001);

    #[test]
    fn a_signature_is_four_bytes() {
        let sector: Vec<u8> = (0..512).map(|at| at as u8).collect();
        let new = with_signature(&sector, 0x3623_4da4).unwrap();
        assert_eq!(new[0x1b8..0x1bc], [0xa4, 0x4d, 0x23, 0x36]);
        assert!((0..512).filter(|at| new[*at] != sector[*at]).all(|at| (0x1b8..0x1bc).contains(&at)));
        assert_eq!(with_signature(&sector[..0x1bb], 1), None);
    }

    #[test]
    fn an_entry_that_is_not_there_is_not_made() {
        let mut header = vec![0; 512];
        header[0x0c] = 92;
        let copy = GptBytes { header_at: 512, header, array_at: 1024, array: vec![0; 256] };
        for number in [0, 3, u32::MAX] {
            assert_eq!(copy.with_identity(GUID, &[(number, GUID)]), None, "{number}");
        }
        let new = copy.with_identity(GUID, &[(2, GUID)]).unwrap();
        assert_eq!(
            (&new.array[128 + 0x10..128 + 0x20], &new.header[0x38..0x48]),
            (&GUID.bytes()[..], &GUID.bytes()[..])
        );
        let changed = |at: &usize| new.array[*at] != copy.array[*at];
        assert!((0..256).filter(changed).all(|at| (0x90..0xa0).contains(&at)));
        // A header that claims to be longer than its sector.
        let mut long = copy;
        long.header[0x0c..0x10].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(long.with_identity(GUID, &[]), None);
    }
}
