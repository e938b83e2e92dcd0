//! Which file system a volume holds, by its signatures: one small table.
//!
//! Sources: the formats' own specifications; BitLocker from libyal's libbde documentation.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::file_system::FileSystem;

/// Bytes of the volume's head that hold nearly all signatures; one page of the cache.
const HEAD: u64 = 4096;
/// btrfs alone has its superblock far inside.
const BTRFS_MAGIC_AT: u64 = 0x1_0040;
/// The GUID 4967d63b-2e29-4ad8-8399-f6a339e3d001 in a BitLocker To Go volume's boot sector, at 0x1a8.
const BITLOCKER_TO_GO: [u8; 16] =
    [0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01];

/// Signatures at an offset of the head, most telling first. FAT comes after all of them: a BitLocker To Go volume has
/// a FAT boot sector.
const SIGNATURES: [(usize, &[u8], FileSystem); 14] = [
    (3, b"NTFS    ", FileSystem::Ntfs),
    (3, b"-FVE-FS-", FileSystem::BitLocker),
    (0x1a8, &BITLOCKER_TO_GO, FileSystem::BitLocker),
    (3, b"ReFS\0\0\0\0", FileSystem::Refs),
    (3, b"EXFAT   ", FileSystem::Other("exFAT")),
    (0, b"LUKS\xba\xbe", FileSystem::Other("LUKS")),
    (0, b"XFSB", FileSystem::Other("xfs")),
    (0x218, b"LVM2 001", FileSystem::Other("LVM2")),
    (0x18, b"LVM2 001", FileSystem::Other("LVM2")),
    (0x418, b"LVM2 001", FileSystem::Other("LVM2")),
    (0xff6, b"SWAPSPACE2", FileSystem::Other("swap")),
    (0xff6, b"SWAP-SPACE", FileSystem::Other("swap")),
    (0xc00, b"PRIVHEAD", FileSystem::LdmDatabase),
    (0, b"PRIVHEAD", FileSystem::LdmDatabase),
];

/// The first 4096 bytes, or all of a smaller volume.
pub(crate) fn head(storage: &dyn Storage) -> Result<Vec<u8>, VolumeError> {
    let len = storage.len().min(HEAD);
    Ok(storage.read_vec(0, usize::try_from(len).unwrap_or(0))?)
}

/// The file system of a volume that begins with `head`. For FAT, the width of its entries is only guessed here.
pub(crate) fn file_system(storage: &dyn Storage, head: &[u8]) -> Result<FileSystem, VolumeError> {
    for (at, magic, file_system) in SIGNATURES {
        if slice(head, at, magic.len()) == Some(magic) {
            return Ok(file_system);
        }
    }
    if let Some(name) = ext(head) {
        return Ok(FileSystem::Other(name));
    }
    if is_fat(head) == Some(true) {
        return Ok(if le_u16(head, 0x16) == Some(0) { FileSystem::Fat32 } else { FileSystem::Fat16 });
    }
    if storage.len() >= BTRFS_MAGIC_AT.saturating_add(8)
        && storage.read_vec(BTRFS_MAGIC_AT, 8)? == b"_BHRfS_M"
    {
        return Ok(FileSystem::Other("btrfs"));
    }
    Ok(if is_spread_evenly(head) { FileSystem::Encrypted } else { FileSystem::Unknown })
}

/// Whether these 4096 bytes are spread as evenly as those of a cipher: each value is expected 16 times. Of a thousand such heads all but
/// one have no more than one value missing, and none has one three times too often; no structure of a disk comes near.
fn is_spread_evenly(head: &[u8]) -> bool {
    const MISSING: usize = 1;
    const MOST: usize = 48;
    let mut counts = [0usize; 256];
    for byte in head {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let missing = counts.iter().filter(|count| **count == 0).count();
    u64::try_from(head.len()) == Ok(HEAD) && missing <= MISSING && counts.iter().all(|count| *count <= MOST)
}

/// ext2, ext3 or ext4, told apart as blkid does: by a journal, and by features that ext3 does not have.
fn ext(head: &[u8]) -> Option<&'static str> {
    if le_u16(head, 0x438)? != 0xef53 {
        return None;
    }
    let (compatible, incompatible) = (le_u32(head, 0x45c)?, le_u32(head, 0x460)?);
    // Extents, 64 bit, flexible block groups, and their like are all above the bits that ext3 knows.
    let newer = incompatible & !0x1f != 0;
    Some(match (newer, compatible & 0x4 != 0) {
        (true, _) => "ext4",
        (false, true) => "ext3",
        (false, false) => "ext2",
    })
}

/// The label of ext2 to ext4: 16 bytes of the superblock at 0x400, filled up with zeros (Linux, `fs/ext4/ext4.h`,
/// `s_volume_name` at 0x78).
pub(crate) fn ext_label(head: &[u8]) -> Option<String> {
    ext(head)?;
    let label = slice(head, 0x478, 16)?.split(|byte| *byte == 0).next()?;
    (!label.is_empty()).then(|| String::from_utf8_lossy(label).into_owned())
}

/// Whether the mandatory fields of a FAT boot sector make sense; which of them are wrong is told by [`super::fat`].
fn is_fat(head: &[u8]) -> Option<bool> {
    let sector = le_u16(head, 0x0b)?;
    let named = slice(head, 0x36, 3)? == b"FAT" || slice(head, 0x52, 5)? == b"FAT32";
    let counts = *head.get(0x0d)? != 0 && le_u16(head, 0x0e)? != 0 && *head.get(0x10)? != 0;
    Some(
        slice(head, 0x1fe, 2)? == [0x55, 0xaa]
            && matches!(*head.first()?, 0xeb | 0xe9)
            && (named || (sector.is_power_of_two() && sector >= 512 && counts && *head.get(0x15)? >= 0xf0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;
    use crate::volume::Volume;

    fn name(bytes: Vec<u8>) -> FileSystem {
        Volume::open(&Ram::new(bytes, None)).unwrap().file_system()
    }

    fn label(bytes: Vec<u8>) -> Option<String> {
        Volume::open(&Ram::new(bytes, None)).unwrap().label()
    }

    #[test]
    fn every_signature_is_recognised_and_no_content_is_an_error() {
        for (at, magic, file_system) in SIGNATURES {
            let mut bytes = vec![0; 8192];
            bytes[at..at + magic.len()].copy_from_slice(magic);
            assert_eq!(name(bytes), file_system);
        }
        let mut btrfs = vec![0; 0x2_0000];
        btrfs[0x1_0040..0x1_0048].copy_from_slice(b"_BHRfS_M");
        assert_eq!(name(btrfs), FileSystem::Other("btrfs"));
        for (compatible, incompatible, expected) in [(0, 2, "ext2"), (4, 2, "ext3"), (4, 0x42, "ext4")] {
            let mut bytes = vec![0; 8192];
            bytes[0x438..0x43a].copy_from_slice(&[0x53, 0xef]);
            (bytes[0x45c], bytes[0x460]) = (compatible, incompatible);
            assert_eq!(name(bytes.clone()).name_of_unread(), Some(expected));
            assert_eq!(label(bytes.clone()), None);
            bytes[0x478..0x481].copy_from_slice(b"BCDRESCUE");
            assert_eq!(label(bytes).as_deref(), Some("BCDRESCUE"));
        }
        for len in [0, 1, 511, 512, 4095, 70_000] {
            assert_eq!(name(vec![0; len]), FileSystem::Unknown);
        }
    }

    #[test]
    fn what_is_spread_evenly_is_called_encrypted_and_no_text_or_pattern_is() {
        // A generator of Marsaglia's (xorshift64) stands for a cipher.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut noise = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        for _ in 0..200 {
            let mut bytes: Vec<u8> = (0..8192).map(|_| noise()).collect();
            assert_eq!(name(bytes.clone()), FileSystem::Encrypted);
            bytes[..256].fill(0);
            assert_eq!(name(bytes), FileSystem::Unknown);
        }
        let text = b"No file system begins with a text of any language. ".repeat(200);
        assert_eq!(name(text), FileSystem::Unknown);
    }

    #[test]
    fn a_damaged_ntfs_is_still_called_ntfs_and_says_what_is_wrong() {
        let mut bytes = vec![0; 8192];
        bytes[3..11].copy_from_slice(b"NTFS    ");
        let disk = Ram::new(bytes, None);
        let volume = Volume::open(&disk).unwrap();
        assert_eq!(volume.file_system(), FileSystem::Ntfs);
        assert!(volume.damage().unwrap().to_string().contains("bytes per sector"), "{:?}", volume.damage());
        assert!(volume.find("\\Boot\\BCD").is_err());
    }
}
