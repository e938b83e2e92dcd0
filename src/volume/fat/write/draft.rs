//! What will be written, over a volume that is only read: each 512 bytes, as they have to be after each phase.

use std::collections::BTreeMap;

use crate::bytes::put;
use crate::bytes::put_over;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;
use crate::volume::piece::Piece;

/// Bytes that are kept as one: what every medium writes whole.
const STRIDE: usize = 512;

/// When something has to be there: each phase is on stable storage before the next. A cut between two of them leaves
/// at worst clusters that are marked in use and are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// What goes into clusters that nothing refers to yet: contents and new directories.
    Contents,
    /// Marks of clusters that are now in use, in every copy of the table, and their count.
    Tables,
    /// Entries in directories that are there.
    Names,
    /// Marks of clusters that are no longer in use.
    Freed,
}

/// A length in memory as one on the volume.
pub(super) fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// A volume as it will be.
pub(super) struct Draft<'a> {
    below: &'a dyn Storage,
    /// By place and phase: what stands there after that phase.
    strides: BTreeMap<(u64, Phase), Vec<u8>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(below: &'a dyn Storage) -> Self {
        Self { below, strides: BTreeMap::new() }
    }

    /// Puts bytes that have to be there after `phase`, and stay.
    ///
    /// # Errors
    /// They leave the volume, or the medium fails.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8], phase: Phase) -> Result<(), StorageError> {
        check_range(self.len(), at, bytes.len())?;
        let (mut offset, mut inside) = stride_of(at);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(STRIDE.saturating_sub(inside)));
            let room = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX).min(STRIDE);
            self.put_one(offset, inside, now, room, phase)?;
            (offset, inside, rest) = (offset.saturating_add(wide(STRIDE)), 0, later);
        }
        Ok(())
    }

    /// Puts bytes into one stride of `room` bytes, as it is after `phase` and after each later one.
    fn put_one(
        &mut self,
        offset: u64,
        inside: usize,
        bytes: &[u8],
        room: usize,
        phase: Phase,
    ) -> Result<(), StorageError> {
        if !self.strides.contains_key(&(offset, phase)) {
            let before = self.strides.range((offset, Phase::Contents)..(offset, phase)).next_back();
            let base = match before {
                Some((_, before)) => before.clone(),
                None if bytes.len() == room => vec![0; room],
                None => self.below.read_vec(offset, room)?,
            };
            self.strides.insert((offset, phase), base);
        }
        for (_, stride) in self.strides.range_mut((offset, phase)..=(offset, Phase::Freed)) {
            put(stride, inside, bytes);
        }
        Ok(())
    }

    /// What is to be written, phase by phase, neighbours as one piece.
    pub(super) fn into_stages(self) -> Vec<Vec<Piece>> {
        let mut stages: BTreeMap<Phase, Vec<Piece>> = BTreeMap::new();
        for ((at, phase), bytes) in self.strides {
            let pieces = stages.entry(phase).or_default();
            match pieces.last_mut().filter(|last| last.at.saturating_add(wide(last.bytes.len())) == at) {
                Some(last) => last.bytes.extend(bytes),
                None => pieces.push(Piece { at, bytes }),
            }
        }
        stages.into_values().collect()
    }
}

/// The stride that a byte is in, and its place there.
fn stride_of(at: u64) -> (u64, usize) {
    let inside = at.checked_rem(wide(STRIDE)).unwrap_or(0);
    (at.saturating_sub(inside), usize::try_from(inside).unwrap_or(0))
}

impl Storage for Draft<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        // Entries of the table are read one by one, most of them where something was put: the medium is not asked then.
        let (stride, inside) = stride_of(offset);
        let latest = self.strides.range((stride, Phase::Contents)..=(stride, Phase::Freed)).next_back();
        let there = latest.and_then(|(_, bytes)| bytes.get(inside..inside.checked_add(buf.len())?));
        if let Some(there) = there {
            buf.copy_from_slice(there);
            return Ok(());
        }
        self.below.read_at(offset, buf)?;
        let end = offset.saturating_add(wide(buf.len()));
        for ((start, _), bytes) in self.strides.range((stride, Phase::Contents)..(end, Phase::Contents)) {
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
    fn what_is_put_is_read_and_each_phase_has_what_stands_after_it() {
        let disk = Ram::new(vec![7; 4000], None);
        let mut draft = Draft::new(&disk);
        draft.put(1020, &[1; 8], Phase::Names).unwrap();
        draft.put(0, &[2; 512], Phase::Names).unwrap();
        draft.put(4, &[3], Phase::Contents).unwrap();
        draft.put(3999, &[4], Phase::Freed).unwrap();
        assert_eq!(draft.read_vec(1018, 12).unwrap(), [7, 7, 1, 1, 1, 1, 1, 1, 1, 1, 7, 7]);
        assert_eq!(draft.read_vec(3, 3).unwrap(), [2, 3, 2]);
        assert_eq!(draft.read_vec(511, 2).unwrap(), [2, 7]);
        assert_eq!(draft.read_vec(3998, 2).unwrap(), [7, 4]);
        assert!(draft.put(3999, &[0; 2], Phase::Names).is_err());
        let stages = draft.into_stages();
        let shape: Vec<Vec<(u64, usize)>> =
            stages.iter().map(|it| it.iter().map(|piece| (piece.at, piece.bytes.len())).collect()).collect();
        assert_eq!(shape, [vec![(0, 512)], vec![(0, 1536)], vec![(3584, 416)]]);
        assert_eq!((stages[0][0].bytes[3], stages[0][0].bytes[4]), (7, 3));
        assert_eq!((stages[1][0].bytes[3], stages[1][0].bytes[4]), (2, 3));
    }
}
