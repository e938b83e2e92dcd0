//! Sequence numbers, raised above those of logs that must not be applied.

use crate::bytes::put;
use crate::hive::base_block::BaseBlock;
use crate::hive::edit::heap::seal;
use crate::hive::error::HiveError;

/// Makes both sequence numbers of a clean hive one more than the highest of its own and `above`.
///
/// # Errors
///
/// When the bytes are no hive, its last write was cut short, or no number is left.
pub fn raise_sequence(hive: &mut [u8], above: u32) -> Result<(), HiveError> {
    let block = BaseBlock::parse(hive)?;
    refuse_dirty(&block)?;
    let Some(number) = block.primary_sequence.max(above).checked_add(1) else {
        return Err(HiveError::Unsupported { what: "sequence number above 0xffffffff", at: 0x04 });
    };
    put(hive, 0x04, &number.to_le_bytes());
    put(hive, 0x08, &number.to_le_bytes());
    seal(hive);
    Ok(())
}

pub(super) const fn refuse_dirty(block: &BaseBlock) -> Result<(), HiveError> {
    if block.is_dirty() {
        return Err(HiveError::Unsupported {
            what: "edit of a hive whose last write was cut short",
            at: 0x04,
        });
    }
    Ok(())
}
