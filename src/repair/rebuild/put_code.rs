//! Boot code on its way to the disk.

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::boot_code::CodeChange;
use crate::repair::boot_code::mbr_code;
use crate::repair::boot_code::record_code;
use crate::repair::draft::Draft;
use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::volumes::Volumes;
use crate::repair::rebuild_error::RebuildError;
use crate::storage::Storage;

/// Writes the boot code of the system volume.
///
/// # Errors
/// There is none on this disk, or the volume is none for which there is any.
pub(super) fn record(
    draft: &mut Draft<'_>,
    volumes: &Volumes<'_>,
    layout: &Layout,
    system: VolumeIndex,
) -> Result<Option<Made>, RebuildError> {
    let changes = record_code(&volumes.all(), layout, system)?;
    let partition = layout.partition(system).map(|partition| partition.number);
    put(draft, changes, partition)
}

/// Writes that of the MBR.
///
/// # Errors
/// The disk has no MBR.
pub(super) fn master(
    draft: &mut Draft<'_>,
    volumes: &Volumes<'_>,
    layout: &Layout,
) -> Result<Option<Made>, RebuildError> {
    let changes = mbr_code(draft.below(), &volumes.all(), layout)?;
    put(draft, changes, None)
}

fn put(
    draft: &mut Draft<'_>,
    changes: Vec<CodeChange>,
    partition: Option<u32>,
) -> Result<Option<Made>, RebuildError> {
    let from = changes.first().map(|change| change.from.to_string());
    for CodeChange { at, before, after, .. } in changes {
        if draft.read_vec(at, before.len())? != before {
            return Err(RebuildError::Gone("the boot code that is replaced"));
        }
        draft.overwrite(at, &after)?;
        draft.barrier();
    }
    Ok(from.map(|from| Made::Code { partition, from }))
}
