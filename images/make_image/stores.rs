//! Damage to the store itself.

use anyhow::Context;
use anyhow::Result;
use bcdrescue::bytes::le_u32;
use bcdrescue::storage::Storage;

use crate::disk::Disk;
use crate::field::put;
use crate::place::extents;
use crate::place::store;
use crate::target::Target;

/// Fields of a hive's base block (M. Suhanov, "Windows registry file format specification"): the two sequence numbers, and
/// behind the first 508 bytes the sum of them.
const PRIMARY_SEQUENCE: usize = 0x04;
const CHECKSUM: usize = 0x1fc;
/// Bytes of the base block that are looked at: one sector.
const HEAD: usize = 512;

/// The file is there, has its length, and holds zeros: the power was cut when NTFS had noted the file and not yet its bytes.
pub(crate) fn not_a_hive(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    for extent in extents(store(target.layout)?)? {
        disk.put(extent.disk_offset, &vec![0; usize::try_from(extent.len)?])?;
    }
    Ok(())
}

/// The first sequence number is ahead of the second: the power was cut while Windows wrote to the store. The logs beside the
/// store are placeholders, so that nobody can tell what was lost.
pub(crate) fn dirty(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let first = extents(store(target.layout)?)?.first().context("an empty store")?;
    let mut head = disk.read_vec(first.disk_offset, HEAD)?;
    let sequence = le_u32(&head, PRIMARY_SEQUENCE).context("a store that is cut short")?;
    put(&mut head, PRIMARY_SEQUENCE, &sequence.wrapping_add(1).to_le_bytes())?;
    let words = (0..CHECKSUM).step_by(4).filter_map(|at| le_u32(&head, at));
    let sum = words.fold(0, |sum, word| sum ^ word);
    put(&mut head, CHECKSUM, &sum.to_le_bytes())?;
    Ok(disk.put(first.disk_offset, &head)?)
}
