//! Which partition a firmware entry means: one that is here, or one that was here under another identity.

use std::collections::BTreeMap;

use crate::bcd::device::QualifiedPartition;
use crate::bcd::device_path::DriveSignature;
use crate::bcd::device_path::HardDrive;
use crate::bcd::element::ElementId;
use crate::bcd::firmware_variable;
use crate::bcd::firmware_variable::FirmwareVariable;
use crate::bcd::hard_drive_edit::DrivePartition;
use crate::bcd::object_id::BOOTMGR;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::nvram::edit::show_signature;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::splice::DiskKey;
use crate::diagnosis::resolve::splice::is_splice;
use crate::diagnosis::resolve::splice::key;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// What firmware knows a partition by, as bytes: its GUID; or its first byte and the disk's signature, in the order in
/// which both stand in nodes and in elements, so that a write that was cut short between them can be told.
pub(in crate::diagnosis) type DriveKey = DiskKey;

/// Old identities of a disk of which halves are looked for, at most; real stores name under ten.
const SPLICES_MAX: usize = 32;

/// The key of what a stored identity names.
pub(in crate::diagnosis) fn key_of_record(named: &QualifiedPartition) -> DriveKey {
    match named {
        QualifiedPartition::Gpt { partition, .. } => key(DiskId::Gpt(*partition)),
        QualifiedPartition::Mbr { signature, offset } => {
            let mut key = [0; 17];
            let bytes = [0].into_iter().chain(offset.to_le_bytes()).chain(signature.to_le_bytes());
            key.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            key
        }
    }
}

/// The key of what a node names, on a disk with such sectors.
pub(in crate::diagnosis) fn key_of_drive(layout: &Layout, drive: &HardDrive) -> Option<DriveKey> {
    match drive.identity()? {
        DriveSignature::Gpt(partition) => Some(key(DiskId::Gpt(partition))),
        DriveSignature::Mbr(signature) => {
            let offset = drive.start_lba.value.checked_mul(u64::from(layout.table.sector_size))?;
            Some(key_of_record(&QualifiedPartition::Mbr { signature, offset }))
        }
    }
}

/// The partition of a volume as a node should name it.
#[must_use]
pub(crate) fn node_of(layout: &Layout, volume: VolumeIndex) -> Option<DrivePartition> {
    let partition = layout.partition(volume)?;
    let signature = match identity_of(layout, volume)? {
        QualifiedPartition::Gpt { partition, .. } => DriveSignature::Gpt(partition),
        QualifiedPartition::Mbr { signature, .. } => DriveSignature::Mbr(signature),
    };
    let sector_size = layout.table.sector_size;
    DrivePartition::from_bytes(partition.number, partition.start, partition.len, sector_size, signature)
}

/// The volume of this disk that a node names by its identity.
#[must_use]
pub fn drive_here(layout: &Layout, drive: &HardDrive) -> Option<VolumeIndex> {
    here(layout, &key_of_drive(layout, drive)?)
}

/// What a node names, for people.
#[must_use]
pub(crate) fn show_drive(drive: &HardDrive) -> String {
    let signature = drive.identity().map_or_else(|| "unknown identity".to_owned(), show_signature);
    format!(
        "{signature}, number {}, {} blocks from block {}",
        drive.partition_number.value, drive.lba_count.value, drive.start_lba.value
    )
}

fn here(layout: &Layout, key: &DriveKey) -> Option<VolumeIndex> {
    layout.volume_indices().find(|volume| current(layout, *volume).as_ref() == Some(key))
}

fn current(layout: &Layout, volume: VolumeIndex) -> Option<DriveKey> {
    let identity = identity_of(layout, volume).filter(|_| layout.table.disk != Some(DiskId::Mbr(0)))?;
    Some(key_of_record(&identity))
}

/// Identities that stand for volumes of this disk.
pub(in crate::diagnosis) struct Stands<'a> {
    context: &'a Context,
    /// What the partitions are known by.
    now: BTreeMap<DriveKey, VolumeIndex>,
    /// Old identities, each with the volume that had it, or `None` where two are said to have had it.
    old: BTreeMap<DriveKey, Option<VolumeIndex>>,
}

impl<'a> Stands<'a> {
    /// Old identities are those that are to be re-pointed, and the one in {bootmgr}'s own entry: that entry stands for
    /// the volume on which the store is, which {bootmgr}'s `device` has to confirm.
    pub(in crate::diagnosis) fn new(
        layout: &Layout,
        context: &'a Context,
        references: &[Reference],
        answers: &[Resolution],
    ) -> Self {
        let mut old = BTreeMap::new();
        let mut learn = |key: DriveKey, volume: VolumeIndex| {
            let known = old.entry(key).or_insert(Some(volume));
            *known = known.filter(|known| *known == volume);
        };
        for (reference, answer) in references.iter().zip(answers) {
            let (Resolution::Here(volume) | Resolution::Repoint { volume, .. }) = answer else { continue };
            if matches!(answer, Resolution::Repoint { .. }) {
                learn(key_of_record(&reference.named), *volume);
            }
            if let Some(key) = boot_manager(layout, reference, *volume) {
                learn(key, *volume);
            }
        }
        let volumes = layout.volume_indices().rev();
        let now = volumes.filter_map(|volume| Some((current(layout, volume)?, volume))).collect();
        Self { context, now, old }
    }

    /// The volume that `named` means; none for other disks, and where two volumes may be meant.
    pub(in crate::diagnosis) fn volume(&self, named: &DriveKey) -> Option<VolumeIndex> {
        if let Some(volume) = self.now.get(named) {
            return Some(*volume);
        }
        if self.is_elsewhere(named) {
            return None;
        }
        match self.old.get(named) {
            Some(volume) => *volume,
            None => self.half_written(named),
        }
    }

    /// An identity may lie across two sectors, and a repair may be cut short between them.
    fn half_written(&self, named: &DriveKey) -> Option<VolumeIndex> {
        if self.old.len() > SPLICES_MAX {
            return None;
        }
        let means = |(old, volume): (&DriveKey, &Option<VolumeIndex>)| {
            let volume = (*volume)?;
            let mut now = self.now.iter().filter(|(_, here)| **here == volume);
            now.any(|(now, _)| is_splice(named, old, now)).then_some(volume)
        };
        let mut volumes = self.old.iter().filter_map(means);
        let first = volumes.next()?;
        volumes.all(|volume| volume == first).then_some(first)
    }

    /// Whether another known disk has this partition.
    fn is_elsewhere(&self, named: &DriveKey) -> bool {
        self.context.others.iter().any(|other| {
            other.partitions.iter().any(|(id, _)| match (other.disk, *id) {
                (_, PartitionId::Gpt(partition)) => key(DiskId::Gpt(partition)) == *named,
                (DiskId::Mbr(signature), PartitionId::Mbr { offset }) => {
                    key_of_record(&QualifiedPartition::Mbr { signature, offset }) == *named
                }
                (DiskId::Gpt(_), PartitionId::Mbr { .. }) => false,
            })
        })
    }
}

/// What {bootmgr}'s own entry names, when `reference` is {bootmgr}'s `device` and `volume` the one that holds its store.
fn boot_manager(layout: &Layout, reference: &Reference, volume: VolumeIndex) -> Option<DriveKey> {
    let file = layout.store(reference.store).filter(|file| file.volume == volume)?;
    let object = file.parsed()?.object_at(reference.object)?;
    let element = object.element_at(reference.element)?;
    if object.id != Some(BOOTMGR) || element.id != Some(ElementId::DEVICE) {
        return None;
    }
    let variable = FirmwareVariable::decode(&firmware_variable::value_of(object)?.data).ok()?;
    let drive = variable.hard_drives.first()?;
    // A disk that was converted has other loaders too: no copy of an entry is what is wrong there.
    let same_style = matches!(
        (layout.table.disk?, drive.identity()?),
        (DiskId::Mbr(_), DriveSignature::Mbr(_)) | (DiskId::Gpt(_), DriveSignature::Gpt(_))
    );
    same_style.then(|| key_of_drive(layout, drive))?
}
