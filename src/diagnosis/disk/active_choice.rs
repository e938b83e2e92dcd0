//! Whether the partition that the user chose can be the active one.

use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::disk::firmware_start::startable;
use crate::diagnosis::disk::mbr_entry;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::TableKind;

/// Why a partition, by its number, cannot be the active one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::diagnosis) enum Unfit {
    #[error("there is no partition {0}")]
    Absent(u32),
    #[error("only MBR partitions can be active (on a hybrid MBR: only if Windows boots by BIOS)")]
    NotByMbr,
    #[error("partition {0} has no entry in the hybrid MBR (add it with `sgdisk --hybrid`)")]
    NotInHybrid(u32),
    #[error("partition {0} is a logical partition; only a primary partition can be active")]
    Logical(u32),
    #[error(r"partition {0} has no \bootmgr and no \ntldr")]
    NoBootManager(u32),
    #[error(r"partition {0} has \bootmgr but no \Boot\BCD")]
    NoStore(u32),
}

/// Why partition `number` cannot be the active one; `None` when it can.
pub(in crate::diagnosis) fn unfit(layout: &Layout, number: u32) -> Option<Unfit> {
    let Some(volume) = layout.by_number(number).filter(|_| number != 0) else {
        return Some(Unfit::Absent(number));
    };
    let partition = layout.partition(volume);
    if !is_started_by_mbr(layout) {
        return Some(Unfit::NotByMbr);
    }
    if mbr_entry::of_volume(layout, volume).is_none() && layout.table.kind == TableKind::Gpt {
        return Some(Unfit::NotInHybrid(number));
    }
    if partition.is_none_or(|partition| partition.logical) {
        return Some(Unfit::Logical(number));
    }
    if !startable(layout).any(|system| system.volume == volume) {
        return Some(Unfit::NoBootManager(number));
    }
    (!has_something_to_start(layout, volume)).then_some(Unfit::NoStore(number))
}

/// Whether what the boot manager of a volume starts is there too: a store, or NTLDR.
pub(in crate::diagnosis) fn has_something_to_start(layout: &Layout, volume: VolumeIndex) -> bool {
    // One that cannot be read is another fault, and no reason to start from elsewhere.
    let has_store = layout.stores.iter().any(|file| file.volume == volume);
    has_store || layout.systems.iter().any(|system| system.volume == volume && system.ntldr.is_some())
}
