//! An MBR that lies over a sound GPT without a word of it: which of the two is meant. Only what is on the disk tells: a disk that was given
//! an MBR by a tool that leaves the old GPT behind looks the same.

use crate::bcd::ElementValue;
use crate::bcd::Firmware;
use crate::bcd::QualifiedPartition;
use crate::guid::Guid;
use crate::layout::disk::Layout;
use crate::layout::store::StoreFile;
use crate::partition::DiskId;
use crate::partition::Partition;
use crate::partition::TableKind;

/// The one that is meant of the two layouts of a disk: the GPT's where a store for UEFI, found by either, names that and no store names
/// the MBR, or where the MBR leads to nothing of Windows'.
pub(super) fn meant(gpt: Layout, mbr: Layout) -> Layout {
    if is_gpt_meant(&gpt, &mbr) {
        return gpt;
    }
    let mut mbr = mbr;
    let note = "a GPT remains behind an MBR that has no protective entry: a leftover, judging by the \
     contents";
    mbr.table.notes.push(note.to_owned());
    mbr
}

/// The same where of the GPT only the backup is left, which nobody writes over who makes an MBR disk of it: one that is not meant is not
/// worth a word.
pub(super) fn meant_by_backup(gpt: Layout, mbr: Layout) -> Layout {
    if is_gpt_meant(&gpt, &mbr) { gpt } else { mbr }
}

fn is_gpt_meant(gpt: &Layout, mbr: &Layout) -> bool {
    let is_of_mbr = names_mbr(gpt, mbr.table.disk) || names_mbr(mbr, mbr.table.disk);
    let is_of_gpt = names_gpt(gpt) || names_its_gpt(mbr, gpt) || (is_barren(mbr) && !is_barren(gpt));
    is_of_gpt && !is_of_mbr
}

/// Whether there may be a GPT behind this MBR of which only the backup is left: a store names one and none names the MBR, or the MBR leads
/// to nothing of Windows'.
pub(super) fn may_mean_gpt(layout: &Layout) -> bool {
    let is_mbr = layout.table.kind == TableKind::Mbr;
    is_mbr && !names_mbr(layout, layout.table.disk) && (is_barren(layout) || names_any_gpt(layout))
}

fn is_barren(layout: &Layout) -> bool {
    layout.systems.is_empty() && layout.windows.is_empty()
}

/// Whether a store names a disk by its GUID.
fn names_any_gpt(layout: &Layout) -> bool {
    layout.stores.iter().flat_map(named).any(is_of_gpt)
}

/// Whether a store for UEFI names this disk, or one of its partitions, by GUID; or, where a Windows is here, any GPT: its GUIDs may have
/// changed too.
fn names_gpt(layout: &Layout) -> bool {
    let is_any = !layout.windows.is_empty() && of_uefi(layout).any(is_of_gpt);
    is_any || names_its_gpt(layout, layout)
}

/// Whether a store for UEFI that this layout leads to names the disk of that GPT, or one of its partitions, by GUID. A volume from which
/// no firmware starts by the GPT has no store there, and may have one by the MBR.
fn names_its_gpt(layout: &Layout, gpt: &Layout) -> bool {
    let Some(DiskId::Gpt(disk)) = gpt.table.disk else { return false };
    let here: Vec<Guid> = gpt.table.partitions.iter().filter_map(Partition::guid).collect();
    of_uefi(layout).any(|named| match named {
        QualifiedPartition::Gpt { disk: of, partition } => of == disk || here.contains(&partition),
        QualifiedPartition::Mbr { .. } => false,
    })
}

/// What stores for UEFI name.
fn of_uefi(layout: &Layout) -> impl Iterator<Item = QualifiedPartition> {
    layout.stores.iter().filter(|file| file.firmware == Firmware::Uefi).flat_map(named)
}

fn is_of_gpt(named: QualifiedPartition) -> bool {
    matches!(named, QualifiedPartition::Gpt { .. })
}

/// Whether a store names a disk by this signature.
fn names_mbr(layout: &Layout, disk: Option<DiskId>) -> bool {
    let Some(DiskId::Mbr(signature)) = disk.filter(|disk| *disk != DiskId::Mbr(0)) else { return false };
    let is_it = |named| matches!(named, QualifiedPartition::Mbr { signature: of, .. } if of == signature);
    layout.stores.iter().flat_map(named).any(is_it)
}

/// What the elements of a store name.
fn named(file: &StoreFile) -> Vec<QualifiedPartition> {
    let elements = file.objects().iter().flat_map(|object| &object.elements);
    let devices = elements.filter_map(|element| match &element.value {
        ElementValue::Device(device) => Some(device),
        _ => None,
    });
    devices.flat_map(|device| device.identities()).map(|record| record.partition).collect()
}
