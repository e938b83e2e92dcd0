//! The other cure: the disk gets its old identity back, and everything that names it is right again as it stands: the
//! stores, Windows' own drive letters, a hibernated session, BitLocker's measurements. Pure.

use std::collections::BTreeMap;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::identity::impossible::Impossible;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::known_disks::Others;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::reference::is_here;
use crate::diagnosis::resolve::role::ElementRole;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// Whether the old identity can be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restore {
    /// No element is stale: there is no old identity.
    Nothing,
    /// All stale elements agree on this one.
    Possible(OldIdentity),
    /// It cannot, for this reason.
    Impossible(Impossible),
}

/// The identity that the stale elements name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldIdentity {
    /// The disk's.
    pub disk: DiskId,
    /// On a GPT disk the old GUIDs of partitions, by volume; those that are still right, and those that no element
    /// names, are left out.
    pub partitions: Vec<(VolumeIndex, Guid)>,
}

impl Restore {
    /// The same, unless another attached disk has that identity.
    pub(in crate::diagnosis) fn unless_taken(self, attached: &Others) -> Self {
        match &self {
            Self::Possible(old) => match attached.find(old.disk) {
                Some(other) => Self::Impossible(Impossible::Taken(other.name.clone())),
                None => self,
            },
            Self::Nothing | Self::Impossible(_) => self,
        }
    }
}

/// Derives the old identity from the re-pointings of a diagnosis. It is no other known disk's: an element that names one of
/// those is not stale.
#[must_use]
pub fn restore(layout: &Layout, references: &[Reference], repoints: &[&Repoint]) -> Restore {
    let Some(first) = repoints.first() else { return named_signature(layout, references) };
    if let Some(other) = repoints.iter().find(|repoint| repoint.volume.is_none()) {
        return Restore::Impossible(Impossible::OfCompanion(other.place.clone()));
    }
    match agreed(layout, disk_of(&first.old), repoints) {
        Ok(old) if names_present(layout, references, &old) => Restore::Impossible(Impossible::NamedNow),
        Ok(old) => Restore::Possible(old),
        Err(reason) => Restore::Impossible(reason),
    }
}

fn agreed(layout: &Layout, disk: DiskId, repoints: &[&Repoint]) -> Result<OldIdentity, Impossible> {
    if let Some(other) = repoints.iter().map(|repoint| disk_of(&repoint.old)).find(|other| *other != disk) {
        return Err(Impossible::SeveralDisks(disk, other));
    }
    if disk == DiskId::Mbr(0) {
        return Err(Impossible::SignatureZero);
    }
    let mut partitions = BTreeMap::new();
    for repoint in repoints {
        if let Some(volume) = repoint.volume
            && let Some(guid) = old_guid(layout, repoint, volume)?
            && partitions.insert(volume, guid).is_some_and(|before| before != guid)
        {
            return Err(Impossible::SeveralGuids(repoint.place.clone()));
        }
    }
    let mut guids: Vec<Guid> = partitions.values().copied().collect();
    guids.sort_unstable_by_key(|guid| *guid.bytes());
    if guids.windows(2).any(|pair| pair.first() == pair.get(1)) {
        return Err(Impossible::OneGuid);
    }
    if Some(disk) == layout.table.disk && partitions.is_empty() {
        return Err(Impossible::Unchanged);
    }
    Ok(OldIdentity { disk, partitions: partitions.into_iter().collect() })
}

/// The signature for a disk that has none: the only one that elements name, each of which has its file where it says.
fn named_signature(layout: &Layout, references: &[Reference]) -> Restore {
    let named = |reference: &Reference| {
        let QualifiedPartition::Mbr { signature, offset } = reference.named else { return None };
        let volume = layout.partition_at(offset).filter(|_| reference.purpose.role.is_windows())?;
        layout.evidence.has(volume, reference.purpose.file.as_deref()?).then_some(signature)
    };
    let mut signatures: Vec<u32> = references.iter().filter_map(named).filter(|named| *named != 0).collect();
    signatures.dedup();
    match signatures.as_slice() {
        [signature] if layout.table.disk == Some(DiskId::Mbr(0)) => {
            Restore::Possible(OldIdentity { disk: DiskId::Mbr(*signature), partitions: Vec::new() })
        }
        _ => Restore::Nothing,
    }
}

/// The GUID that a re-pointed element knew its partition by, where that is another now.
fn old_guid(layout: &Layout, repoint: &Repoint, volume: VolumeIndex) -> Result<Option<Guid>, Impossible> {
    let name = || repoint.place.clone();
    let partition = layout.partition(volume);
    match (repoint.old, partition.and_then(|partition| partition.id)) {
        (QualifiedPartition::Mbr { offset, .. }, Some(PartitionId::Mbr { offset: now })) => {
            match offset == now {
                true => Ok(None),
                false => Err(Impossible::Moved { place: name(), then: offset, now }),
            }
        }
        (QualifiedPartition::Gpt { partition, .. }, Some(PartitionId::Gpt(now))) => {
            let is_taken =
                layout.table.partitions.iter().any(|other| other.id == Some(PartitionId::Gpt(partition)));
            match (partition == now, is_taken) {
                (true, _) => Ok(None),
                (false, true) => Err(Impossible::GuidTaken(name())),
                (false, false) => Ok(Some(partition)),
            }
        }
        _ => Err(Impossible::OtherTable(name())),
    }
}

/// Whether an element that is right would not be with the old identity.
#[must_use]
pub(in crate::diagnosis) fn names_present(
    layout: &Layout,
    references: &[Reference],
    old: &OldIdentity,
) -> bool {
    let moves = |volume: VolumeIndex| {
        Some(old.disk) != layout.table.disk || old.partitions.iter().any(|(changed, _)| *changed == volume)
    };
    let counts = |reference: &&Reference| {
        !matches!(reference.purpose.role, ElementRole::FirmwareEntry | ElementRole::InsideVirtualDisk)
    };
    references.iter().filter(counts).filter_map(|reference| is_here(layout, &reference.named)).any(moves)
}
