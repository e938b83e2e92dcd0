//! Edits that are no re-pointing, as sectors of the disk: boot flags and boot records. Those in the file of a store are
//! in the plan of that store.

use serde::Deserialize;
use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::byte_edit::ByteEdit;
use crate::diagnosis::byte_edit::Site;
use crate::layout::Layout;
use crate::repair::identity::is_in_a_partition;
use crate::repair::plan::PlanError;
use crate::repair::plan::Sectors;

/// Written behind all that a store needs.
const STAGE: u8 = 4;
/// Bytes of a volume's beginning that belong to its boot record and the copy near it (FAT: 32 reserved sectors).
const RECORD_SIZE: u64 = 32 * 4096;

/// A part of the disk, other than the file of a store, that a repair writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Touched {
    /// The partition table: sectors that lie in no partition.
    Table,
    /// The boot record of a partition or its copy.
    BootRecord {
        /// Number of the partition.
        partition: u32,
        /// Its first byte on the disk.
        start: u64,
    },
}

impl Touched {
    /// Whether the sector of `size` bytes at `offset` of the disk belongs to this part of it.
    #[must_use]
    pub fn holds(&self, layout: &Layout, offset: u64, size: u64) -> bool {
        match self {
            Self::Table => !is_in_a_partition(layout, offset, size),
            Self::BootRecord { partition, start } => {
                let volume =
                    layout.by_number(*partition).and_then(|volume| layout.table.partitions.get(volume));
                volume.is_some_and(|volume| {
                    let end = volume.start.saturating_add(volume.len);
                    let inside = offset >= volume.start && offset.saturating_add(size) <= end;
                    let near = offset < start.saturating_add(RECORD_SIZE)
                        || offset.saturating_add(RECORD_SIZE) >= end;
                    volume.start == *start && inside && near
                })
            }
        }
    }
}

/// Adds the edits of `diagnosis`; returns the parts of the disk that they touch.
///
/// # Errors
/// [`PlanError`] when the disk does not hold what the edit says, or a sector does not lie where it should.
pub(super) fn add(
    sectors: &mut Sectors<'_>,
    layout: &Layout,
    diagnosis: &Diagnosis,
) -> Result<Vec<Touched>, PlanError> {
    let mut all = Vec::new();
    for edit in diagnosis.edits() {
        let Some((at, touched)) = place(layout, edit)? else { continue };
        let size = u64::from(layout.table.sector_size);
        let sector = at.saturating_sub(at.checked_rem(size).unwrap_or(0));
        if !touched.holds(layout, sector, size) {
            return Err(PlanError::Check(format!("the {} at 0x{at:x} is not where it should be", edit.what)));
        }
        sectors.replace(at, &edit.before, &edit.after, STAGE)?;
        if !all.contains(&touched) {
            all.push(touched);
        }
    }
    Ok(all)
}

/// The byte of the disk at which an edit begins, and the part of the disk that it belongs to; `None` for one in a store.
fn place(layout: &Layout, edit: &ByteEdit) -> Result<Option<(u64, Touched)>, PlanError> {
    let gone = || PlanError::Check(format!("the {} lies outside of the disk", edit.what));
    match edit.site {
        Site::Store { .. } => Ok(None),
        Site::Table { at } => Ok(Some((at, Touched::Table))),
        Site::BootRecord { volume, at } => {
            let partition = layout.table.partitions.get(volume).ok_or_else(gone)?;
            let on_disk = partition.start.checked_add(at).ok_or_else(gone)?;
            let (partition, start) = (partition.number, partition.start);
            Ok(Some((on_disk, Touched::BootRecord { partition, start })))
        }
    }
}
