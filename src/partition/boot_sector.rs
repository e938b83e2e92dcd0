//! The boot sector of a file system, as far as it is needed to tell a volume from an MBR: both end in 0x55aa.
//!
//! Sources: Microsoft's FAT specification (BPB), the NTFS and exFAT boot sector layouts.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;

/// A file system's boot sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BootSector {
    /// What to call the volume: "an NTFS volume".
    pub(crate) name: &'static str,
    /// Bytes per sector in which the volume was formatted; `None` where that is not read.
    pub(crate) bytes_per_sector: Option<u32>,
}

impl BootSector {
    /// The boot sector in the first 512 bytes of a volume, or `None` when they are something else.
    pub(crate) fn recognise(sector: &[u8]) -> Option<Self> {
        if slice(sector, 0x1fe, 2)? != [0x55, 0xaa] {
            return None;
        }
        let bpb_size = bytes_per_sector(sector);
        match slice(sector, 3, 8)? {
            b"NTFS    " => Some(Self { name: "an NTFS volume", bytes_per_sector: Some(bpb_size?) }),
            b"-FVE-FS-" => Some(Self { name: "a BitLocker volume", bytes_per_sector: bpb_size }),
            b"EXFAT   " => {
                let shift = u32::from(*sector.get(0x6c)?);
                let size = (9..=12).contains(&shift).then(|| 1u32.checked_shl(shift)).flatten();
                Some(Self { name: "an exFAT volume", bytes_per_sector: size })
            }
            b"ReFS\0\0\0\0" => Some(Self { name: "a ReFS volume", bytes_per_sector: None }),
            _ if is_fat(sector)? => Some(Self { name: "a FAT volume", bytes_per_sector: bpb_size }),
            _ => None,
        }
    }
}

/// BPB bytes per sector, when it is one of the four values that exist.
fn bytes_per_sector(sector: &[u8]) -> Option<u32> {
    let size = u32::from(le_u16(sector, 0x0b)?);
    (size.is_power_of_two() && (512..=4096).contains(&size)).then_some(size)
}

/// Whether a FAT BPB makes sense in every field that Microsoft's specification calls mandatory.
fn is_fat(sector: &[u8]) -> Option<bool> {
    let jump = *sector.first()?;
    let cluster = *sector.get(0x0d)?;
    let media = *sector.get(0x15)?;
    let total = u32::from(le_u16(sector, 0x13)?) | le_u32(sector, 0x20)?;
    let fat_sectors = u32::from(le_u16(sector, 0x16)?) | le_u32(sector, 0x24)?;
    Some(
        matches!(jump, 0xeb | 0xe9)
            && bytes_per_sector(sector).is_some()
            && cluster.is_power_of_two()
            && le_u16(sector, 0x0e)? != 0
            && matches!(*sector.get(0x10)?, 1 | 2)
            && (media == 0xf0 || media >= 0xf8)
            && total != 0
            && fat_sectors != 0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boot code where a partition table would be, as real boot sectors have it.
    pub(crate) fn sector(oem: &[u8; 8]) -> Vec<u8> {
        let mut sector = vec![0x90; 512];
        sector[0] = 0xeb;
        sector[3..11].copy_from_slice(oem);
        sector[0x0b..0x0d].copy_from_slice(&[0x00, 0x02]);
        sector[0x0d] = 8;
        sector[0x0e..0x10].copy_from_slice(&[1, 0]);
        sector[0x10] = 2;
        sector[0x15] = 0xf8;
        sector[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    #[test]
    fn volumes_are_told_apart_and_one_broken_field_is_doubt() {
        for (oem, name) in [
            (b"NTFS    ", "an NTFS volume"),
            (b"mkfs.fat", "a FAT volume"),
            (b"-FVE-FS-", "a BitLocker volume"),
            (b"EXFAT   ", "an exFAT volume"),
        ] {
            assert_eq!(BootSector::recognise(&sector(oem)).map(|found| found.name), Some(name));
        }
        for (at, value) in [(0x0b, 3), (0x0d, 3), (0x10, 9), (0x15, 1), (0, 0x33), (0x1fe, 0)] {
            let mut sector = sector(b"mkfs.fat");
            sector[at] = value;
            assert_eq!(BootSector::recognise(&sector), None, "byte 0x{at:x}");
        }
        assert_eq!(BootSector::recognise(&[0x55, 0xaa]), None);
    }
}
