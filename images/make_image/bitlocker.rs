//! An encrypted Windows volume, as far as anybody sees it who has no key: its first sector.
//!
//! Source: libyal's libbde documentation, "Volume header, Windows 7 and later".

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::guid::Guid;

use crate::disk::Disk;
use crate::field::put;
use crate::place::system;
use crate::place::windows;
use crate::target::Target;

/// The jump and the signature that such a volume begins with.
const BEGINNING: &[u8] = b"\xeb\x58\x90-FVE-FS-";
/// Bytes of a sector, 16 bits.
const SECTOR_SIZE: usize = 0x0b;
/// The first sector of the partition, 32 bits.
const HIDDEN_SECTORS: usize = 0x1c;
/// What a volume of BitLocker is known by, and its place.
const BITLOCKER: Guid = Guid::from_u128(0x4967d63b_2e29_4ad8_8399_f6a339e3d001);
const BITLOCKER_AT: usize = 0xa0;
/// Every boot record ends so.
const ENDING: [u8; 2] = [0x55, 0xaa];

/// The Windows volume was encrypted. Nothing is but its first sector, which is all that says so; there is no key and no way
/// back.
pub(crate) fn bitlocker(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let volume = windows(target.layout)?;
    ensure!(
        volume.start != system(target.layout)?.start,
        "Windows is on the system volume, which is never encrypted"
    );
    let mut sector = [0; 512];
    put(&mut sector, 0, BEGINNING)?;
    let sector_size = target.layout.table.sector_size;
    put(&mut sector, SECTOR_SIZE, &u16::try_from(sector_size)?.to_le_bytes())?;
    let first = volume.start.checked_div(sector_size.into()).context("a disk without sectors")?;
    put(&mut sector, HIDDEN_SECTORS, &u32::try_from(first)?.to_le_bytes())?;
    put(&mut sector, BITLOCKER_AT, BITLOCKER.bytes())?;
    put(&mut sector, 510, &ENDING)?;
    Ok(disk.put(volume.start, &sector)?)
}
