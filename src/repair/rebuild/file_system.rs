//! The file system of an EFI system partition that has none.

use crate::diagnosis::model::rebuild::Orders;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::draft::Draft;
use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::site::Site;
use crate::repair::rebuild_error::RebuildError;
use crate::storage::Storage;
use crate::storage::window::Window;
use crate::volume::FatFormat;
use crate::volume::format_fat;

/// Bytes that are looked through at once.
const PIECE: u64 = 1 << 20;
/// Bytes at the start of a partition that a trial looks at.
const TRIED: u64 = 1 << 20;

/// Formats the partition (FAT32), in which there must be nothing but zeros; of a trial the first of them are enough.
///
/// # Errors
/// There is something in it, or it is too small.
pub(super) fn make(
    draft: &mut Draft<'_>,
    site: &Site,
    layout: &Layout,
    system: VolumeIndex,
    orders: &Orders,
) -> Result<Made, RebuildError> {
    let partition = layout.partition(system).ok_or(RebuildError::Gone("a partition"))?;
    let window = Window::new(draft.below(), partition.start, partition.len);
    let looked_at = if orders.is_trial { TRIED } else { u64::MAX };
    is_empty(&window, looked_at, &layout.name(system))?;
    let sector_size = layout.table.sector_size;
    let first = partition.start.checked_div(u64::from(sector_size)).unwrap_or(0);
    let serial = u32::try_from((orders.now >> 20) & 0xffff_ffff).unwrap_or(0);
    let wanted = FatFormat {
        sector_size,
        hidden_sectors: u32::try_from(first).unwrap_or(0),
        serial,
        label: Some("SYSTEM"),
    };
    let stages = format_fat(&window, wanted).map_err(|why| site.cannot(why.into()))?;
    site.put(draft, stages)?;
    Ok(Made::FileSystem { partition: partition.number })
}

fn is_empty(window: &Window<'_>, looked_at: u64, name: &str) -> Result<(), RebuildError> {
    let end = window.len().min(looked_at);
    let mut at = 0;
    while at < end {
        let len = usize::try_from(end.saturating_sub(at).min(PIECE)).unwrap_or(0);
        let bytes = window.read_vec(at, len)?;
        if let Some(inside) = bytes.iter().position(|byte| *byte != 0) {
            let at = at.saturating_add(u64::try_from(inside).unwrap_or(0));
            return Err(RebuildError::NotEmpty { name: name.to_owned(), at });
        }
        at = at.saturating_add(PIECE);
    }
    Ok(())
}
