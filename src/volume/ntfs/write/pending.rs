//! What will be written, over a volume that is only read: each 512 bytes with the phase in which they have to be there.

use crate::bytes::put;
use crate::bytes::put_over;
use std::collections::BTreeMap;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;
use crate::volume::ntfs::write::fields::wide;
use crate::volume::piece::Piece;

/// Bytes that are kept as one: what every medium writes whole, and what one word of an update sequence protects.
const STRIDE: usize = 512;

/// When something has to be there: each phase is on stable storage before the next. A cut between two of them leaves
/// at worst clusters and records that are marked in use and are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Contents and index blocks in clusters that nothing refers to yet, and contents that are overwritten in place.
    Contents,
    /// Marks of clusters and records that are now in use.
    Bits,
    /// FILE records that nothing refers to yet.
    Records,
    /// What others find it by: index entries, and records of files whose contents change.
    Names,
    /// Marks of clusters that are no longer in use.
    Freed,
}

/// A volume as it will be.
pub(super) struct Pending<'a> {
    below: &'a dyn Storage,
    strides: BTreeMap<u64, (Phase, Vec<u8>)>,
}

impl<'a> Pending<'a> {
    pub(super) fn new(below: &'a dyn Storage) -> Self {
        Self { below, strides: BTreeMap::new() }
    }

    /// Puts bytes. What is written twice is written in the earlier phase: it was new, and is not yet found.
    ///
    /// # Errors
    /// They leave the volume, or the medium fails.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8], phase: Phase) -> Result<(), StorageError> {
        check_range(self.len(), at, bytes.len())?;
        let inside = at.checked_rem(wide(STRIDE)).unwrap_or(0);
        let mut offset = at.saturating_sub(inside);
        let mut inside = usize::try_from(inside).unwrap_or(0);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(STRIDE.saturating_sub(inside)));
            let mut whole =
                if now.len() == STRIDE { vec![0; STRIDE] } else { self.read_vec(offset, STRIDE)? };
            put(&mut whole, inside, now);
            let stride = self.strides.entry(offset).or_insert_with(|| (phase, Vec::new()));
            *stride = (stride.0.min(phase), whole);
            (offset, inside, rest) = (offset.saturating_add(wide(STRIDE)), 0, later);
        }
        Ok(())
    }

    /// What is to be written, phase by phase, neighbours as one piece.
    pub(super) fn into_stages(self) -> BTreeMap<Phase, Vec<Piece>> {
        let mut stages: BTreeMap<Phase, Vec<Piece>> = BTreeMap::new();
        for (at, (phase, bytes)) in self.strides {
            let pieces = stages.entry(phase).or_default();
            match pieces.last_mut().filter(|last| last.at.saturating_add(wide(last.bytes.len())) == at) {
                Some(last) => last.bytes.extend(bytes),
                None => pieces.push(Piece { at, bytes }),
            }
        }
        stages
    }
}

impl Storage for Pending<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)?;
        let end = offset.saturating_add(wide(buf.len()));
        let first = offset.saturating_sub(wide(STRIDE).saturating_sub(1));
        for (start, (_, bytes)) in self.strides.range(first..end) {
            put_over(buf, offset, *start, bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn what_is_put_is_read_and_comes_in_the_order_of_phases() {
        let disk = Ram::new(vec![7; 4096], None);
        let mut pending = Pending::new(&disk);
        pending.put(1020, &[1; 8], Phase::Names).unwrap();
        pending.put(0, &[2; 512], Phase::Freed).unwrap();
        pending.put(4, &[3], Phase::Contents).unwrap();
        assert_eq!(pending.read_vec(1018, 12).unwrap(), [7, 7, 1, 1, 1, 1, 1, 1, 1, 1, 7, 7]);
        assert_eq!(pending.read_vec(3, 3).unwrap(), [2, 3, 2]);
        assert_eq!(pending.read_vec(511, 2).unwrap(), [2, 7]);
        assert!(pending.put(4095, &[0; 2], Phase::Names).is_err());
        let stages = pending.into_stages();
        let shape = |phase| stages.get(&phase).map(|pieces| pieces.iter().map(|it| (it.at, it.bytes.len())));
        assert!(shape(Phase::Contents).unwrap().eq([(0, 512)]));
        assert!(shape(Phase::Names).unwrap().eq([(512, 1024)]));
        assert_eq!(stages.len(), 2);
    }
}
