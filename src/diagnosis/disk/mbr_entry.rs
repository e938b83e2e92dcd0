//! The four entries of an MBR, whose flags boot code looks at, and the volumes that they lead to: on an MBR disk by number, from a
//! hybrid MBR by place.

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::HybridEntry;
use crate::partition::TableKind;

/// The volume that entry `number`, from 1, leads to.
pub(in crate::diagnosis) fn volume(layout: &Layout, number: u32) -> Option<VolumeIndex> {
    match layout.table.kind {
        TableKind::Mbr => layout.by_number(number),
        TableKind::Gpt => layout.partition_at(hybrid(layout, number)?.start),
        TableKind::None => None,
    }
}

/// The entry that leads to a volume: of a logical partition none does.
pub(in crate::diagnosis) fn of_volume(layout: &Layout, of: VolumeIndex) -> Option<u32> {
    (1..=4).find(|number| volume(layout, *number) == Some(of))
}

/// Entry `number` of a hybrid MBR.
fn hybrid(layout: &Layout, number: u32) -> Option<&HybridEntry> {
    layout.table.hybrid_entries.iter().find(|entry| entry.number == number)
}

/// Entry `number` as people are shown it.
pub(in crate::diagnosis) fn name(layout: &Layout, number: u32) -> String {
    if let Some(volume) = volume(layout, number) {
        return layout.name(volume);
    }
    match (layout.table.kind, hybrid(layout, number)) {
        (TableKind::Gpt, Some(_)) => format!("entry {number} of the hybrid MBR (matches no partition)"),
        (TableKind::Gpt, None) => format!("entry {number} of the hybrid MBR (unused or protective)"),
        (TableKind::Mbr | TableKind::None, _) => {
            format!("entry {number} of the MBR (unused or extended)")
        }
    }
}
