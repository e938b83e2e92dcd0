//! The plan that gives a disk its old identity back: four bytes of an MBR, or both copies of a GPT.
//!
//! A GPT is rewritten copy by copy, the backup first: at every moment one of the two is valid, whenever the power goes.

use std::collections::BTreeMap;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::restore::OldIdentity;
use crate::diagnosis::restore::Restore;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::partition::edit::GptBytes;
use crate::partition::edit::with_signature;
use crate::partition::gpt;
use crate::repair::Patch;
use crate::repair::plan::Plan;
use crate::repair::plan::PlanError;
use crate::storage::Storage;

/// Makes the plan.
///
/// # Errors
/// [`PlanError`] when the diagnosis offers no old identity, a copy of the GPT is not sound, or a sector of the table
/// lies in a partition.
pub fn plan(storage: &dyn Storage, layout: &Layout, diagnosis: &Diagnosis) -> Result<Plan, PlanError> {
    let Restore::Possible(old) = &diagnosis.restore else {
        return Err(PlanError::Check("no old identity is known".into()));
    };
    let size = u64::from(layout.table.sector_size);
    let mut sectors = Sectors { storage, size, patches: BTreeMap::new() };
    match old.disk {
        DiskId::Mbr(signature) => {
            let before = sectors.read(0, size)?;
            let after = with_signature(&before, signature)
                .ok_or_else(|| PlanError::Check("LBA 0 is too short for an MBR".into()))?;
            sectors.add(0, &before, &after, 0)?;
        }
        DiskId::Gpt(disk) => rewrite_gpt(&mut sectors, layout, old, disk)?,
    }
    let mut patches: Vec<Patch> = sectors.patches.into_values().collect();
    patches.sort_by_key(|patch| (patch.stage, patch.offset));
    if let Some(patch) = patches.iter().find(|patch| is_in_a_partition(layout, patch.offset, size)) {
        return Err(PlanError::Check(format!(
            "the table's sector at 0x{:x} lies in a partition",
            patch.offset
        )));
    }
    Ok(Plan { stores: Vec::new(), patches, restored: Some(old.disk) })
}

fn rewrite_gpt(
    sectors: &mut Sectors<'_>,
    layout: &Layout,
    old: &OldIdentity,
    disk: Guid,
) -> Result<(), PlanError> {
    let copies = gpt::copies(sectors.storage, layout.table.sector_size);
    let [primary, backup] = copies.map_err(|error| {
        PlanError::Check(format!("{error}; mend the table first (`sgdisk -e` or `gdisk`), so that one copy is valid while the other is written"))
    })?;
    let number = |volume: &usize| layout.table.partitions.get(*volume).map(|partition| partition.number);
    let partitions: Vec<(u32, Guid)> =
        old.partitions.iter().filter_map(|(volume, guid)| Some((number(volume)?, *guid))).collect();
    for (stage, copy) in [(0, &backup), (1, &primary)] {
        let new = copy
            .with_identity(disk, &partitions)
            .ok_or_else(|| PlanError::Check("an entry of the GPT is not where it should be".into()))?;
        sectors.add_copy(copy, &new, stage)?;
    }
    Ok(())
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

struct Sectors<'a> {
    storage: &'a dyn Storage,
    size: u64,
    patches: BTreeMap<u64, Patch>,
}

impl Sectors<'_> {
    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, PlanError> {
        Ok(self.storage.read_vec(at, usize::try_from(len).unwrap_or(usize::MAX))?)
    }

    fn add_copy(&mut self, old: &GptBytes, new: &GptBytes, stage: u8) -> Result<(), PlanError> {
        // The array need not end with a sector.
        let len = u64::try_from(old.array.len()).unwrap_or(u64::MAX);
        let whole = self.read(old.array_at, len.checked_next_multiple_of(self.size).unwrap_or(len))?;
        let rest = whole.get(old.array.len()..).unwrap_or_default();
        if !whole.starts_with(&old.array) {
            return Err(PlanError::Changed);
        }
        self.add(old.array_at, &whole, &[&new.array, rest].concat(), stage)?;
        self.add(old.header_at, &old.header, &new.header, stage)
    }

    /// Adds the sectors that differ.
    fn add(&mut self, at: u64, before: &[u8], after: &[u8], stage: u8) -> Result<(), PlanError> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let mut offset = at;
        for (before, after) in before.chunks(size).zip(after.chunks(size)) {
            if before != after {
                let patch = Patch { offset, before: before.to_vec(), after: after.to_vec(), stage };
                if self.patches.insert(offset, patch).is_some() {
                    return Err(PlanError::Check(format!(
                        "two parts of the table share the sector at 0x{offset:x}"
                    )));
                }
            }
            offset = offset.saturating_add(self.size);
        }
        Ok(())
    }
}
