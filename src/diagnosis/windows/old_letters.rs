//! Which partition of this disk an entry of `MountedDevices` means, when it names it by an old identity.
//!
//! That is not guessed from the entry alone: one of a disk that is not attached looks the same. The elements that a
//! repair re-points tell the old identity. Where none tells, an MBR entry still tells it by its offset, when
//! it is that of the Windows itself; of a GUID nothing is known then.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::resolve::reference::Reference;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::mounted_devices::MountedDevice;
use crate::layout::mounted_devices::Named;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// Old names that are tried for one that is half an old name; a disk has fewer partitions.
const HALVES_MAX: usize = 64;

/// What tells the old identity.
pub(in crate::diagnosis) struct Known<'a> {
    pub(in crate::diagnosis) layout: &'a Layout,
    pub(in crate::diagnosis) context: &'a Context,
    /// What elements name, with the volumes that they are re-pointed to.
    moves: BTreeMap<Named, BTreeSet<VolumeIndex>>,
    /// Signatures by which elements name what is still where they say: they were this disk's.
    old_signatures: BTreeSet<u32>,
    /// What elements name that are left: no letter is changed that names the same.
    left: BTreeSet<Named>,
    /// Whether nobody knows what one of them means.
    is_open: bool,
}

impl<'a> Known<'a> {
    pub(in crate::diagnosis) fn new(
        layout: &'a Layout,
        context: &'a Context,
        matched: &[(&Reference, &Resolution)],
        repoints: &[&Repoint],
    ) -> Self {
        let is_left = |answer: &Resolution| {
            matches!(
                answer,
                Resolution::Unresolved { .. }
                    | Resolution::OtherDisk { .. }
                    | Resolution::RepointCompanion { .. }
            )
        };
        let left = matched.iter().filter(|(_, answer)| is_left(answer));
        let left = left.map(|(reference, _)| named(&reference.named)).collect();
        let is_open = matched.iter().any(|(_, answer)| matches!(answer, Resolution::Unresolved { .. }));
        let mut known =
            Self { layout, context, moves: BTreeMap::new(), old_signatures: BTreeSet::new(), left, is_open };
        for repoint in repoints {
            let (old, new) = (named(&repoint.old), named(&repoint.new));
            // An entry for MBR has not the length of one for GPT.
            let Some(volume) = repoint.volume.filter(|_| old != new && !repoint.converts()) else { continue };
            known.moves.entry(old).or_default().insert(volume);
            if let (Named::Mbr { signature, offset }, Named::Mbr { signature: new, offset: now }) = (old, new)
                && signature != new
                && offset == now
            {
                known.old_signatures.insert(signature);
            }
        }
        // Where one partition of it is elsewhere now, the offset of another tells nothing.
        let has_moved = |signature: &u32| {
            known.moves.iter().any(|(old, volumes)| match old {
                Named::Mbr { signature: of, offset } => {
                    of == signature
                        && volumes.iter().any(|volume| layout.partition_at(*offset) != Some(*volume))
                }
                _ => false,
            })
        };
        let moved: Vec<u32> = known.old_signatures.iter().copied().filter(has_moved).collect();
        moved.iter().for_each(|signature| {
            known.old_signatures.remove(signature);
        });
        known
    }

    /// Whether elements tell of this signature: then they, and not an offset, say what it means.
    fn is_told_of(&self, signature: u32) -> bool {
        let is_of = |names: &Named| matches!(names, Named::Mbr { signature: of, .. } if *of == signature);
        self.left.iter().any(is_of) || self.moves.keys().any(is_of)
    }

    /// What an entry should name instead; `None` when it is right, or nothing is known of it.
    pub(in crate::diagnosis) fn new_of(&self, names: Named, inferred: Option<u32>) -> Option<Named> {
        let is_settled = self.volume_of(names).is_some() || self.is_of_another_disk(names);
        if names == Named::Other || is_settled || self.left.contains(&names) {
            return None;
        }
        let told = self.told(names);
        let volume = match (told.len(), names) {
            (1, _) => told.first().copied(),
            (0, Named::Mbr { signature, offset })
                if self.old_signatures.contains(&signature) || inferred == Some(signature) =>
            {
                self.layout.partition_at(offset)
            }
            _ => None,
        };
        self.here(volume?)
    }

    /// The volumes that elements with this name are re-pointed to.
    fn told(&self, names: Named) -> BTreeSet<VolumeIndex> {
        if let Some(volumes) = self.moves.get(&names) {
            return volumes.clone();
        }
        let moves = self.moves.iter().flat_map(|(old, volumes)| volumes.iter().map(move |to| (*old, *to)));
        // An old signature with the offset of another partition is no half: that may have been the old place of a third.
        let is_half = |(old, volume): &(Named, VolumeIndex)| {
            matches!(names, Named::Gpt(_))
                && self.here(*volume).is_some_and(|new| is_splice(names, *old, new))
        };
        moves.take(HALVES_MAX).filter(is_half).map(|(_, volume)| volume).collect()
    }

    /// The old signature of the disk by the entries of the Windows on volume `own`, where no element of a store tells of them: none is
    /// stale (any more), or the disk got a new identity more than once. This Windows has run from its own partition, so it has an entry for that; when none names it by the
    /// disk's present signature, and those with its offset agree on one other signature, which no known disk has, that
    /// was this disk's.
    pub(in crate::diagnosis) fn inferred(&self, entries: &[MountedDevice], own: VolumeIndex) -> Option<u32> {
        let Some(Named::Mbr { signature: now, offset: place }) = self.here(own) else { return None };
        // As they will be once those are right of which elements tell.
        let names = |entry: &MountedDevice| self.new_of(entry.names, None).unwrap_or(entry.names);
        // A hive that knows the disk by what it is knows another by any other name.
        let knows = |entry: &MountedDevice| match entry.names {
            Named::Mbr { signature, .. } => signature == now,
            Named::Gpt(_) | Named::Other => false,
        };
        // While elements are left, what they mean may lie anywhere.
        if entries.iter().any(knows) || self.is_open {
            return None;
        }
        let with_offset = entries.iter().filter_map(|entry| match names(entry) {
            Named::Mbr { signature, offset } if offset == place && signature != 0 => Some((signature, entry)),
            _ => None,
        });
        let known = with_offset.filter(|(_, entry)| !self.is_of_another_disk(entry.names));
        let (signatures, letters): (BTreeSet<u32>, Vec<bool>) =
            known.map(|(signature, entry)| (signature, entry.letter() == Some("C:"))).unzip();
        let only = signatures.first().copied().filter(|only| signatures.len() == 1 && *only != now)?;
        // Its own letter; another may be that of a volume at the same place of another disk.
        (letters.contains(&true) && !self.is_told_of(only)).then_some(only)
    }

    /// A partition of this disk as an entry names it.
    pub(in crate::diagnosis) fn here(&self, volume: VolumeIndex) -> Option<Named> {
        match (self.layout.table.disk?, self.layout.partition(volume)?.id?) {
            (DiskId::Mbr(0), _) => None,
            (DiskId::Mbr(signature), PartitionId::Mbr { offset }) => Some(Named::Mbr { signature, offset }),
            (DiskId::Gpt(_), PartitionId::Gpt(guid)) => Some(Named::Gpt(guid)),
            _ => None,
        }
    }

    /// The partition of this disk that an entry names.
    pub(in crate::diagnosis) fn volume_of(&self, names: Named) -> Option<VolumeIndex> {
        self.layout.volume_indices().find(|volume| self.here(*volume) == Some(names))
    }

    pub(in crate::diagnosis) fn is_of_another_disk(&self, names: Named) -> bool {
        self.context.others.iter().any(|other| match names {
            Named::Mbr { signature, .. } => other.disk == DiskId::Mbr(signature),
            Named::Gpt(guid) => other.partitions.iter().any(|(id, _)| *id == PartitionId::Gpt(guid)),
            Named::Other => false,
        })
    }
}

/// What an element names, as an entry would.
fn named(partition: &QualifiedPartition) -> Named {
    match partition {
        QualifiedPartition::Mbr { signature, offset } => {
            Named::Mbr { signature: *signature, offset: *offset }
        }
        QualifiedPartition::Gpt { partition, .. } => Named::Gpt(*partition),
    }
}

/// Whether an entry is half `old` and half `new`: it may lie across two sectors, and a repair be cut short between them.
fn is_splice(names: Named, old: Named, new: Named) -> bool {
    let (names, old, new) = (names.to_bytes(), old.to_bytes(), new.to_bytes());
    let is_cut = |first: &[u8], second: &[u8]| {
        (0..names.len()).any(|at| {
            let (begins, ends) = (names.get(..at), names.get(at..));
            begins.is_some() && begins == first.get(..at) && ends == second.get(at..)
        })
    };
    let is_other = names != old && names != new;
    is_other && names.len() == old.len() && (is_cut(&old, &new) || is_cut(&new, &old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guid::Guid;

    #[test]
    fn half_an_entry_stands_for_the_old_one() {
        let guid = |bytes: [u8; 16]| Named::Gpt(Guid::from_bytes(bytes));
        let mixed = |at: usize, first: u8, second: u8| {
            let mut bytes = [second; 16];
            bytes[..at].fill(first);
            guid(bytes)
        };
        let (old, new) = (guid([1; 16]), guid([2; 16]));
        assert!(!is_splice(old, old, new) && !is_splice(new, old, new));
        assert!(is_splice(mixed(4, 1, 2), old, new) && is_splice(mixed(12, 2, 1), old, new));
        assert!(!is_splice(mixed(4, 1, 3), old, new) && !is_splice(Named::Other, old, new));
        let mbr = |signature, offset| Named::Mbr { signature, offset };
        assert!(
            is_splice(mbr(1, 20), mbr(1, 10), mbr(2, 20)) && is_splice(mbr(2, 10), mbr(1, 10), mbr(2, 20))
        );
        assert!(!is_splice(mbr(3, 10), mbr(1, 10), mbr(2, 20)));
        assert!(!is_splice(old, mbr(1, 10), mbr(2, 20)));
    }
}
