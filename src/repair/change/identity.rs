//! A disk gets its old identity back: four bytes of an MBR, or both copies of a GPT.
//!
//! A GPT is rewritten copy by copy, the backup first: at every moment one of the two is valid, whenever the power goes.

use std::collections::BTreeSet;

use crate::diagnosis::identity::restore::OldIdentity;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::edit::GptBytes;
use crate::partition::edit::with_signature;
use crate::partition::gpt;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;
use crate::repair::touched::is_in_a_partition;
use crate::storage::Storage;

/// Bytes of an MBR.
const MBR_SIZE: usize = 512;

/// Writes the identity.
///
/// # Errors
/// [`PlanError`] when a copy of the GPT is not sound, or a sector of the table lies in a partition.
pub(crate) fn write(draft: &mut Draft<'_>, layout: &Layout, old: &OldIdentity) -> Result<(), PlanError> {
    let size = u64::from(layout.table.sector_size);
    let mut seen = BTreeSet::new();
    for copy in copies(draft, layout, old)? {
        for part in copy {
            let end = part.at.saturating_add(u64::try_from(part.before.len()).unwrap_or(u64::MAX));
            let first = part.at.checked_div(size).unwrap_or(0);
            for sector in first..end.div_ceil(size) {
                let offset = sector.saturating_mul(size);
                if !seen.insert(sector) {
                    let what = format!("two parts of the table share the sector at 0x{offset:x}");
                    return Err(PlanError::Check(what));
                }
                if is_in_a_partition(layout, offset, size) {
                    let what = format!("the table's sector at 0x{offset:x} lies in a partition");
                    return Err(PlanError::Check(what));
                }
            }
            draft.replace(part.at, &part.before, &part.after, "byte of the disk")?;
        }
        draft.next_stage();
    }
    Ok(())
}

/// A part of the table, before and after.
struct Part {
    at: u64,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// The copies of the table, in the order of writing.
fn copies(storage: &dyn Storage, layout: &Layout, old: &OldIdentity) -> Result<Vec<Vec<Part>>, PlanError> {
    let disk = match old.disk {
        DiskId::Mbr(signature) => {
            let before = storage.read_vec(0, MBR_SIZE)?;
            let after = with_signature(&before, signature)
                .ok_or_else(|| PlanError::Check("LBA 0 is too short for an MBR".into()))?;
            return Ok(vec![vec![Part { at: 0, before, after }]]);
        }
        DiskId::Gpt(disk) => disk,
    };
    let [primary, backup] = gpt::copies(storage, layout.table.sector_size).map_err(PlanError::Table)?;
    let number = |volume: &VolumeIndex| layout.partition(*volume).map(|partition| partition.number);
    let partitions: Vec<(u32, Guid)> =
        old.partitions.iter().filter_map(|(volume, guid)| Some((number(volume)?, *guid))).collect();
    let part = |copy: GptBytes| {
        let new = copy
            .with_identity(disk, &partitions)
            .ok_or_else(|| PlanError::Check("an entry of the GPT is not where expected".into()))?;
        Ok(vec![
            Part { at: copy.array_at, before: copy.array, after: new.array },
            Part { at: copy.header_at, before: copy.header, after: new.header },
        ])
    };
    [backup, primary].into_iter().map(part).collect()
}
