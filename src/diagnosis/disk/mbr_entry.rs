//! The four entries of an MBR, whose flags boot code looks at, and the volumes that they lead to: on an MBR disk by number, from a
//! hybrid MBR by place.

use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::index::VolumeIndex;
use crate::partition::HybridEntry;
use crate::partition::TableKind;

/// The flag of an active partition.
pub(in crate::diagnosis) const ACTIVE: u8 = 0x80;

/// Which of the four entries are active, by number, and which have a flag that is none.
pub(in crate::diagnosis) struct Flags {
    pub(in crate::diagnosis) active: Vec<u32>,
    pub(in crate::diagnosis) odd: Vec<u32>,
}

impl Flags {
    pub(in crate::diagnosis) fn of(layout: &Layout) -> Self {
        let flags = || (1u32..).zip(layout.table.boot_flags);
        Self {
            active: flags().filter(|(_, flag)| *flag == ACTIVE).map(|(number, _)| number).collect(),
            odd: flags().filter(|(_, flag)| !matches!(*flag, 0 | ACTIVE)).map(|(number, _)| number).collect(),
        }
    }
}

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

/// Whether entry `number` leads to what boot code starts: a boot record, or an extended partition that begins with a program.
pub(in crate::diagnosis) fn is_startable(layout: &Layout, number: u32) -> bool {
    let has_code = || (1u32..).zip(layout.table.container_code).any(|it| it == (number, true));
    facts(layout, number).map_or_else(has_code, |facts| facts.is_startable)
}

/// Whether that may be a boot loader of its own: another system's volume, or the extended partition, may have one.
pub(in crate::diagnosis) fn has_other_loader(layout: &Layout, number: u32) -> bool {
    is_startable(layout, number) && facts(layout, number).is_none_or(|facts| !facts.file_system.is_readable())
}

fn facts(layout: &Layout, number: u32) -> Option<&VolumeFacts> {
    layout.volume(volume(layout, number)?)
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
