//! The plan that gives a disk its old identity back: four bytes of an MBR, or both copies of a GPT.
//!
//! A GPT is rewritten copy by copy, the backup first: at every moment one of the two is valid, whenever the power goes.

use std::collections::BTreeSet;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::identity::restore::OldIdentity;
use crate::diagnosis::identity::restore::Restore;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::edit::with_signature;
use crate::partition::gpt;
use crate::repair::edits;
use crate::repair::plan::Plan;
use crate::repair::plan::PlanError;
use crate::repair::sectors::Sectors;
use crate::storage::Storage;

/// Bytes of an MBR.
const MBR_SIZE: usize = 512;

/// Makes the plan.
///
/// # Errors
/// [`PlanError`] when the diagnosis offers no old identity, a copy of the GPT is not sound, or a sector of the table
/// lies in a partition.
pub fn plan(storage: &dyn Storage, layout: &Layout, diagnosis: &Diagnosis) -> Result<Plan, PlanError> {
    let Restore::Possible(old) = &diagnosis.restore else {
        return Err(PlanError::Check("no old identity is known".into()));
    };
    let sector_size = layout.table.sector_size;
    let size = u64::from(sector_size);
    let mut sectors = Sectors::new(storage, sector_size, "byte of the disk");
    let mut seen = BTreeSet::new();
    for part in parts(storage, layout, old)? {
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
        sectors.replace(part.at, &part.before, &part.after, part.stage)?;
    }
    let touched = edits::add(&mut sectors, layout, diagnosis)?;
    Ok(Plan { stores: Vec::new(), patches: sectors.into_patches(), restored: Some(old.disk), touched })
}

/// A part of the table, before and after.
struct Part {
    at: u64,
    before: Vec<u8>,
    after: Vec<u8>,
    stage: u8,
}

fn parts(storage: &dyn Storage, layout: &Layout, old: &OldIdentity) -> Result<Vec<Part>, PlanError> {
    let disk = match old.disk {
        DiskId::Mbr(signature) => {
            let before = storage.read_vec(0, MBR_SIZE)?;
            let after = with_signature(&before, signature)
                .ok_or_else(|| PlanError::Check("LBA 0 is too short for an MBR".into()))?;
            return Ok(vec![Part { at: 0, before, after, stage: 0 }]);
        }
        DiskId::Gpt(disk) => disk,
    };
    let [primary, backup] = gpt::copies(storage, layout.table.sector_size).map_err(PlanError::Table)?;
    let number = |volume: &VolumeIndex| layout.partition(*volume).map(|partition| partition.number);
    let partitions: Vec<(u32, Guid)> =
        old.partitions.iter().filter_map(|(volume, guid)| Some((number(volume)?, *guid))).collect();
    let mut parts = Vec::new();
    for (stage, copy) in [(0, backup), (1, primary)] {
        let new = copy
            .with_identity(disk, &partitions)
            .ok_or_else(|| PlanError::Check("an entry of the GPT is not where it should be".into()))?;
        parts.push(Part { at: copy.array_at, before: copy.array, after: new.array, stage });
        parts.push(Part { at: copy.header_at, before: copy.header, after: new.header, stage });
    }
    Ok(parts)
}

/// Whether a sector at byte `offset` of the disk belongs to a partition.
pub(crate) fn is_in_a_partition(layout: &Layout, offset: u64, size: u64) -> bool {
    let end = offset.saturating_add(size);
    let partitions = &layout.table.partitions;
    partitions.iter().any(|partition| {
        partition.number != 0
            && partition.start < end
            && offset < partition.start.saturating_add(partition.len)
    })
}
