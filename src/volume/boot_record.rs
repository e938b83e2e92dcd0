//! The volume boot record: what the boot code in it relies on, and what it starts.
//!
//! Sources: Microsoft, "FAT: General Overview of On-Disk Format" (BPB_HiddSec, BPB_BkBootSec); ntfs-3g, `layout.h`
//! (NTFS_BOOT_SECTOR, and its copy behind the last sector that the volume counts).

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::bytes::slice;
use crate::bytes::utf16le_until_nul;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::file_system::FileSystem;
use crate::volume::recognise;

/// Where "hidden sectors" stand in a boot sector, on NTFS and FAT alike.
pub const HIDDEN_SECTORS_AT: u64 = 0x1c;

/// The OEM id and the sizes that a boot sector and its copy have in common.
const COMMON: std::ops::Range<usize> = 0x03..0x1c;

/// The file that a boot record looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootManagerName {
    /// `\bootmgr`: Vista and later.
    Bootmgr,
    /// `\ntldr`: Windows 2000, XP and 2003.
    Ntldr,
}

/// A volume boot record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootRecord {
    /// Bytes of the sectors in which the volume was formatted.
    pub sector_size: u32,
    /// Bytes that the file system takes, as NTFS and FAT say there; without the copy behind NTFS.
    pub volume_len: Option<u64>,
    /// The first sector of the partition, as the boot code believes it.
    pub hidden_sectors: u32,
    /// What its code starts; `None` for code that is not known.
    pub starts: Option<BootManagerName>,
    /// It has boot code: not only zeros, nor what mkntfs and mkfs.fat put there to say that it is none.
    pub has_code: bool,
    /// Its copy, when there is one.
    pub copy: Option<BootRecordCopy>,
}

/// The copy of a boot sector that repair tools go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootRecordCopy {
    /// First byte, from the start of the volume.
    pub at: u64,
    /// Its "hidden sectors".
    pub hidden_sectors: u32,
}

/// Reads the boot record of a volume with this file system.
pub(crate) fn read(
    storage: &dyn Storage,
    file_system: FileSystem,
) -> Result<Option<BootRecord>, VolumeError> {
    let head = recognise::head(storage)?;
    let Some(mut record) = decode(file_system, &head) else { return Ok(None) };
    if let Some(at) = copy_at(file_system, &head).filter(|at| at.saturating_add(512) <= storage.len()) {
        record.copy = copy_of(&head, at, &storage.read_vec(at, 512)?);
    }
    Ok(Some(record))
}

fn decode(file_system: FileSystem, head: &[u8]) -> Option<BootRecord> {
    let starts = match file_system {
        FileSystem::Ntfs => starts_ntfs(head),
        FileSystem::Fat12 | FileSystem::Fat16 | FileSystem::Fat32 => starts_fat(head),
        FileSystem::BitLocker => None,
        FileSystem::Encrypted
        | FileSystem::Disk
        | FileSystem::Refs
        | FileSystem::LdmDatabase
        | FileSystem::Other(_)
        | FileSystem::Unknown => return None,
    };
    let sector_size = u32::from(le_u16(head, 0x0b)?);
    Some(BootRecord {
        sector_size,
        volume_len: sectors(file_system, head).and_then(|it| it.checked_mul(u64::from(sector_size))),
        hidden_sectors: le_u32(head, 0x1c)?,
        starts,
        has_code: has_code(head),
        copy: None,
    })
}

/// Sectors of the file system: NTFS has them at 0x28, FAT in the first of two places that is not 0 (BPB_TotSec16, BPB_TotSec32).
fn sectors(file_system: FileSystem, head: &[u8]) -> Option<u64> {
    match file_system {
        FileSystem::Ntfs => le_u64(head, 0x28),
        FileSystem::Fat12 | FileSystem::Fat16 | FileSystem::Fat32 => match le_u16(head, 0x13)? {
            0 => Some(le_u32(head, 0x20)?.into()),
            few => Some(few.into()),
        },
        FileSystem::BitLocker
        | FileSystem::Encrypted
        | FileSystem::Disk
        | FileSystem::Refs
        | FileSystem::LdmDatabase
        | FileSystem::Other(_)
        | FileSystem::Unknown => None,
    }
}

/// Behind the fields of a boot sector stands its code. The programs of Linux write one that only says so.
fn has_code(head: &[u8]) -> bool {
    let code = head.get(0x5a..0x1fe).unwrap_or_default();
    let none = b"not a bootable disk";
    code.iter().any(|byte| *byte != 0) && !code.windows(none.len()).any(|window| window == none)
}

/// Behind its first 512 bytes the NTFS boot code has the length and name of the file that it looks for.
fn starts_ntfs(head: &[u8]) -> Option<BootManagerName> {
    let units = usize::from(le_u16(head, 0x200)?);
    let name = utf16le_until_nul(slice(head, 0x202, units.checked_mul(2)?)?);
    match name.to_ascii_uppercase().as_str() {
        "BOOTMGR" => Some(BootManagerName::Bootmgr),
        "NTLDR" => Some(BootManagerName::Ntldr),
        _ => None,
    }
}

/// FAT boot code has the name as directories spell it: eleven characters, filled up with spaces.
fn starts_fat(head: &[u8]) -> Option<BootManagerName> {
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    match (has(b"BOOTMGR    "), has(b"NTLDR      ")) {
        (true, false) => Some(BootManagerName::Bootmgr),
        (false, true) => Some(BootManagerName::Ntldr),
        _ => None,
    }
}

fn copy_at(file_system: FileSystem, head: &[u8]) -> Option<u64> {
    let sector_size = u64::from(le_u16(head, 0x0b)?);
    let sector = match file_system {
        FileSystem::Ntfs => le_u64(head, 0x28)?,
        FileSystem::Fat32 => u64::from(le_u16(head, 0x32)?),
        _ => return None,
    };
    sector.checked_mul(sector_size).filter(|at| *at != 0)
}

/// The copy in `sector`, when it is one of the boot sector in `head`.
fn copy_of(head: &[u8], at: u64, sector: &[u8]) -> Option<BootRecordCopy> {
    let same = head.get(COMMON)? == sector.get(COMMON)?;
    same.then(|| Some(BootRecordCopy { at, hidden_sectors: le_u32(sector, 0x1c)? }))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;
    use crate::volume::Volume;
    use crate::volume::test_tools::Image;

    fn record(bytes: Vec<u8>) -> Option<BootRecord> {
        let storage = Ram::new(bytes, None);
        Volume::open(&storage).unwrap().boot_record().unwrap()
    }

    #[test]
    fn what_mkntfs_and_mkfs_fat_write_is_read() {
        let image = Image::ntfs(&["-p", "2048", "-H", "255", "-S", "63"]);
        let mut bytes = image.bytes();
        let found = record(bytes.clone()).unwrap();
        let copy = BootRecordCopy { at: (16 << 20) - 512, hidden_sectors: 2048 };
        assert_eq!((found.hidden_sectors, found.sector_size, found.copy), (2048, 512, Some(copy)));
        assert_eq!(found.volume_len, Some((16 << 20) - 512));
        assert!(found.starts.is_none());
        let end = bytes.len() - 512;
        bytes[end + 0x1c] = 7;
        let found = record(bytes.clone()).unwrap();
        assert_eq!(found.copy.unwrap().hidden_sectors, 0x0807);
        bytes[end..].fill(0);
        assert_eq!(record(bytes).unwrap().copy, None);

        let image = Image::fat(64 << 20, &["-F", "32", "-h", "2048"]);
        let found = record(image.bytes()).unwrap();
        let copy = BootRecordCopy { at: 6 * 512, hidden_sectors: 2048 };
        assert_eq!((found.hidden_sectors, found.copy), (2048, Some(copy)));
        assert_eq!(found.volume_len, Some(64 << 20));
        let image = Image::fat(4 << 20, &["-F", "12", "-h", "63"]);
        let found = record(image.bytes()).unwrap();
        assert_eq!((found.hidden_sectors, found.copy, found.volume_len), (63, None, Some(4 << 20)));
        assert_eq!(record(vec![0; 8192]), None);
    }

    #[test]
    fn the_code_tells_what_it_starts() {
        let with = |image: &Image, at: usize, name: &[u8]| {
            let mut bytes = image.bytes();
            bytes[at..at + name.len()].copy_from_slice(name);
            record(bytes).unwrap().starts
        };
        let ntfs = Image::ntfs(&[]);
        let name = |name: &str| {
            let units = u16::try_from(name.len()).unwrap().to_le_bytes();
            [units.to_vec(), crate::bytes::utf16le(name)].concat()
        };
        assert_eq!(with(&ntfs, 0x200, &name("BOOTMGR")), Some(BootManagerName::Bootmgr));
        assert_eq!(with(&ntfs, 0x200, &name("NTLDR")), Some(BootManagerName::Ntldr));
        assert_eq!(with(&ntfs, 0x200, &[0xff, 0xff]), None);
        let fat = Image::fat(64 << 20, &["-F", "32"]);
        assert_eq!(with(&fat, 0x170, b"BOOTMGR    "), Some(BootManagerName::Bootmgr));
        assert_eq!(with(&fat, 0x170, b"NTLDR      "), Some(BootManagerName::Ntldr));
    }
}
