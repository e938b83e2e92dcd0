//! FSInfo of FAT32: how many clusters are free, and where the next search may begin. A hint that Windows takes with doubt.
//!
//! Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03, "FAT32 FSInfo Sector Structure".

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;

/// Signatures of the sector and their places.
const SIGNATURES: [(usize, u32); 3] = [(0, 0x4161_5252), (0x1e4, 0x6141_7272), (0x1fc, 0xaa55_0000)];
/// Where the sector has the count of free clusters; the cluster at which to search next follows it.
pub(super) const FREE_AT: u64 = 0x1e8;

/// First byte of the sector, where there is a sound one.
///
/// # Errors
/// The medium fails.
pub(super) fn place(
    storage: &dyn Storage,
    boot: &BootSector,
    head: &[u8],
) -> Result<Option<u64>, VolumeError> {
    let (sector, reserved) = (le_u16(head, 0x30).unwrap_or(0), le_u16(head, 0x0e).unwrap_or(0));
    if boot.width != Width::Bits32 || sector == 0 || sector >= reserved {
        return Ok(None);
    }
    let at = u64::from(sector).saturating_mul(u64::from(boot.sector_size));
    let bytes = storage.read_vec(at, 512)?;
    let is_sound = SIGNATURES.iter().all(|(at, value)| le_u32(&bytes, *at) == Some(*value));
    Ok(is_sound.then_some(at))
}

/// The two fields as they stand there.
pub(super) fn fields(free: u32, next: u32) -> Vec<u8> {
    [free.to_le_bytes(), next.to_le_bytes()].concat()
}
