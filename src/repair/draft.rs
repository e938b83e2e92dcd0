//! The draft: a disk as it will be. Every change of a disk is written into one, and nothing else is.
//!
//! It lies in memory over a disk that is only read, keeps each sector that is written before and after, and the stage in
//! which it was. The plan is what it has kept; the rehearsal reads it as a disk.

use std::collections::BTreeMap;

use crate::bytes::put;
use crate::bytes::put_over;
use crate::repair::error::PlanError;
use crate::repair::patch::Patch;
use crate::repair::sector::Sector;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::check_range;

/// Bytes of the disk below that are read at once, at most.
const READ: usize = 1 << 20;

/// A sector as one write leaves it.
#[derive(Debug, Clone)]
struct Version {
    before: Sector,
    after: Sector,
    stage: usize,
}

/// A disk as it will be.
pub(crate) struct Draft<'a> {
    below: &'a dyn Storage,
    /// Bytes of a sector.
    size: usize,
    /// What all sectors of zeros share.
    zeros: Sector,
    /// By the sector's first byte: its last version.
    sectors: BTreeMap<u64, Version>,
    /// Those before it, in the order of writing; few sectors have any.
    earlier: BTreeMap<u64, Vec<Version>>,
    /// By the sector's first byte: what another plan has there. What is the same takes no memory again.
    known: Vec<(u64, Sector)>,
    stage: usize,
    /// The first stage behind the last barrier.
    since: usize,
}

impl<'a> Draft<'a> {
    /// A draft of `below` as it is, whose sectors have so many bytes.
    #[must_use]
    pub(crate) fn new(below: &'a dyn Storage, sector_size: u32) -> Self {
        let size = usize::try_from(sector_size).unwrap_or(1).max(1);
        Self::empty(below, size)
    }

    /// The same where much of what is written will be as in these patches.
    #[must_use]
    pub(crate) fn like(below: &'a dyn Storage, sector_size: u32, patches: &[Patch]) -> Self {
        let mut known: Vec<_> = patches.iter().map(|patch| (patch.offset, patch.after.clone())).collect();
        known.sort_by_key(|(offset, _)| *offset);
        Self { known, ..Self::new(below, sector_size) }
    }

    fn empty(below: &'a dyn Storage, size: usize) -> Self {
        let (sectors, earlier) = (BTreeMap::new(), BTreeMap::new());
        let zeros = Sector::zeros(size);
        Self { below, size, zeros, sectors, earlier, known: Vec::new(), stage: 0, since: 0 }
    }

    /// Writes `bytes` at byte `at` of the disk, whatever stands there.
    ///
    /// # Errors
    /// [`StorageError`] when that is outside of the disk, or the sectors cannot be read.
    pub(crate) fn overwrite(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len(), at, bytes.len())?;
        self.put(at, bytes)
    }

    /// The disk as it is.
    #[must_use]
    pub(crate) const fn below(&self) -> &'a dyn Storage {
        self.below
    }

    /// The disk as it reads with these patches written.
    #[must_use]
    pub(crate) fn with(below: &'a dyn Storage, patches: &[Patch]) -> Self {
        let size = patches.first().map_or(1, |patch| patch.after.len());
        let mut draft = Self::empty(below, size);
        for Patch { offset, before, after, stage } in patches {
            let (before, after, stage) = (before.clone(), after.clone(), usize::from(*stage));
            draft.add(*offset, Version { before, after, stage });
        }
        draft
    }

    /// Begins the next stage: what is written from now on is written later. A sector that is written on both sides is
    /// written once, on the later side.
    pub(crate) fn next_stage(&mut self) {
        self.stage = self.stage.saturating_add(1);
    }

    /// Begins the next stage behind a barrier: all that was written so far is on stable storage before anything that
    /// follows. A sector that is written on both sides is written twice.
    pub(crate) fn barrier(&mut self) {
        self.next_stage();
        self.since = self.stage;
    }

    /// Writes `after` over `before`, which has to stand at byte `at` of the disk; `what` is one byte of it, for an error.
    ///
    /// # Errors
    /// [`PlanError::Mismatch`] when something else stands there, [`PlanError::Storage`] when it cannot be read, and
    /// [`PlanError::Check`] when they are not of one length.
    pub(crate) fn replace(
        &mut self,
        at: u64,
        before: &[u8],
        after: &[u8],
        what: &'static str,
    ) -> Result<(), PlanError> {
        if before.len() != after.len() {
            return Err(PlanError::Check(format!("an edit at 0x{at:x} of the disk changes the length")));
        }
        let found = self.read_vec(at, before.len())?;
        let differs = (at..).zip(before.iter().zip(&found)).find(|(_, (before, found))| before != found);
        if let Some((at, (before, found))) = differs {
            let (expected, found) = (format!("0x{before:02x}"), format!("0x{found:02x}"));
            return Err(PlanError::Mismatch { what, at, expected, found });
        }
        Ok(self.put(at, after)?)
    }

    /// The sectors that changed, in the order of writing. One that is in the end what it was is not written at all.
    ///
    /// # Errors
    /// [`PlanError::Check`] when there are more stages than a plan can have.
    pub(crate) fn into_patches(self) -> Result<Vec<Patch>, PlanError> {
        let Self { sectors, mut earlier, .. } = self;
        let mut patches = Vec::with_capacity(sectors.len());
        for (offset, last) in sectors {
            let mut versions = earlier.remove(&offset).unwrap_or_default();
            if versions.first().unwrap_or(&last).before == last.after {
                continue;
            }
            versions.push(last);
            for Version { before, after, stage } in versions {
                let too_many = |_| PlanError::Check(format!("stage {stage} is more than a plan can have"));
                let stage = u8::try_from(stage).map_err(too_many)?;
                patches.push(Patch { offset, before, after, stage });
            }
        }
        patches.sort_by_key(|patch| (patch.stage, patch.offset));
        Ok(patches)
    }

    /// Writes bytes, sector by sector; those that stand there already leave a sector as it is.
    fn put(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let size = u64::try_from(self.size).unwrap_or(u64::MAX);
        let most = READ.saturating_sub(READ.checked_rem(self.size).unwrap_or(0)).max(self.size);
        let (mut at, mut bytes) = (at, bytes);
        while !bytes.is_empty() {
            let inside = at.checked_rem(size).unwrap_or(0);
            let first = at.saturating_sub(inside);
            let inside = usize::try_from(inside).unwrap_or(0);
            let (now, rest) = bytes.split_at(bytes.len().min(most.saturating_sub(inside)));
            self.put_in_run(first, inside, now)?;
            at = at.saturating_add(u64::try_from(now.len()).unwrap_or(u64::MAX));
            bytes = rest;
        }
        Ok(())
    }

    /// Writes bytes from the byte `inside` of the sector at `first`. What stands below is read at once.
    fn put_in_run(&mut self, first: u64, inside: usize, bytes: &[u8]) -> Result<(), StorageError> {
        let size = u64::try_from(self.size).unwrap_or(u64::MAX);
        let len =
            inside.saturating_add(bytes.len()).checked_next_multiple_of(self.size).unwrap_or(usize::MAX);
        let below = self.below.read_vec(first, len)?;
        let (mut offset, mut inside, mut bytes) = (first, inside, bytes);
        for below in below.chunks(self.size) {
            let (now, rest) = bytes.split_at(bytes.len().min(self.size.saturating_sub(inside)));
            self.put_in_sector(offset, inside, now, below);
            (offset, inside, bytes) = (offset.saturating_add(size), 0, rest);
        }
        Ok(())
    }

    fn put_in_sector(&mut self, offset: u64, inside: usize, bytes: &[u8], below: &[u8]) {
        let before = match self.sectors.get(&offset) {
            Some(version) => version.after.clone(),
            None => Sector::sharing(below, &self.zeros),
        };
        let mut after = before.to_vec();
        put(&mut after, inside, bytes);
        if after == before {
            return;
        }
        let after = self.shared(offset, &after);
        let (stage, since) = (self.stage, self.since);
        match self.sectors.get_mut(&offset).filter(|version| version.stage >= since) {
            Some(version) => (version.after, version.stage) = (after, stage),
            None => self.add(offset, Version { before, after, stage }),
        }
    }

    /// A sector as it is now last.
    fn add(&mut self, offset: u64, version: Version) {
        if let Some(before) = self.sectors.insert(offset, version) {
            self.earlier.entry(offset).or_default().push(before);
        }
    }

    /// Puts the draft's sectors over bytes of the disk that begin at `offset`.
    fn put_over(&self, offset: u64, buf: &mut [u8]) {
        let end = offset.saturating_add(u64::try_from(buf.len()).unwrap_or(u64::MAX));
        let size = u64::try_from(self.size).unwrap_or(u64::MAX);
        let first = offset.saturating_sub(size.saturating_sub(1));
        for (start, version) in self.sectors.range(first..end) {
            put_over(buf, offset, *start, &version.after);
        }
    }

    /// These bytes, which are there already where the other plan has them.
    fn shared(&self, offset: u64, bytes: &[u8]) -> Sector {
        let first = self.known.partition_point(|(known, _)| *known < offset);
        let there = self.known.iter().skip(first).take_while(|(known, _)| *known == offset);
        let same = there.map(|(_, sector)| sector).find(|sector| ***sector == *bytes);
        same.map_or_else(|| Sector::sharing(bytes, &self.zeros), Sector::clone)
    }
}

impl Storage for Draft<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)?;
        self.put_over(offset, buf);
        Ok(())
    }

    fn look_ahead(&self, look: &dyn Fn(&dyn Storage)) {
        self.below.look_ahead(&|below| look(&OnTrial { draft: self, below }));
    }
}

/// A draft over what is at hand of its disk.
struct OnTrial<'a> {
    draft: &'a Draft<'a>,
    below: &'a dyn Storage,
}

impl Storage for OnTrial<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)?;
        self.draft.put_over(offset, buf);
        Ok(())
    }
}

impl StorageMut for Draft<'_> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.overwrite(offset, bytes)
    }

    /// What is on stable storage at once here is to be so on the disk too, before anything that follows.
    fn sync(&mut self) -> Result<(), StorageError> {
        self.barrier();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    fn shape(patches: &[Patch]) -> Vec<(u64, u8, u8, u8)> {
        patches.iter().map(|patch| (patch.offset, patch.stage, patch.before[0], patch.after[0])).collect()
    }

    #[test]
    fn a_draft_reads_as_the_disk_will_and_leaves_the_disk_as_it_is() {
        let disk = Ram::new((0..=255).cycle().take(2048).collect(), None);
        let mut draft = Draft::new(&disk, 512);
        draft.replace(510, &[254, 255, 0, 1], &[9, 8, 7, 6], "byte").unwrap();
        assert_eq!(draft.read_vec(508, 8).unwrap(), [252, 253, 9, 8, 7, 6, 2, 3]);
        assert_eq!(draft.read_vec(511, 1).unwrap(), [8]);
        assert_eq!(draft.read_vec(512, 1).unwrap(), [7]);
        assert_eq!(draft.read_vec(514, 1).unwrap(), [2]);
        assert_eq!(disk.read_vec(510, 4).unwrap(), [254, 255, 0, 1]);
        let all = draft.read_vec(0, 2048).unwrap();
        let patches = draft.into_patches().unwrap();
        assert_eq!(patches.iter().map(|patch| patch.offset).collect::<Vec<_>>(), [0, 512]);
        assert_eq!(Draft::with(&disk, &patches).read_vec(0, 2048).unwrap(), all);
    }

    #[test]
    fn what_stands_elsewhere_than_it_should_is_named_by_its_byte() {
        let disk = Ram::new(vec![1; 1024], None);
        let mut draft = Draft::new(&disk, 512);
        let error = draft.replace(600, &[1, 1, 2], &[5, 5, 5], "byte of a hive").unwrap_err();
        let PlanError::Mismatch { what: "byte of a hive", at: 602, expected, found } = error else {
            panic!("{error}")
        };
        assert_eq!((expected.as_str(), found.as_str()), ("0x02", "0x01"));
        assert!(draft.replace(1023, &[1, 1], &[5, 5], "byte").is_err());
        assert!(draft.into_patches().unwrap().is_empty());
    }

    #[test]
    fn a_sector_is_written_once_in_its_last_stage_but_on_both_sides_of_a_barrier() {
        let disk = Ram::new(vec![0; 2048], None);
        let mut draft = Draft::new(&disk, 512);
        draft.put(0, &[1]).unwrap();
        draft.put(512, &[1]).unwrap();
        draft.next_stage();
        draft.put(0, &[2]).unwrap();
        draft.barrier();
        draft.put(0, &[3]).unwrap();
        draft.next_stage();
        draft.put(1024, &[4]).unwrap();
        assert_eq!(draft.read_vec(0, 1).unwrap(), [3]);
        let patches = draft.into_patches().unwrap();
        assert_eq!(shape(&patches), [(512, 0, 0, 1), (0, 1, 0, 2), (0, 2, 2, 3), (1024, 3, 0, 4)]);
    }

    #[test]
    fn nothing_is_written_for_nothing() {
        let disk = Ram::new(vec![0; 1024], None);
        let mut draft = Draft::new(&disk, 512);
        draft.put(0, &[0, 0]).unwrap();
        draft.put(512, &[1]).unwrap();
        draft.barrier();
        draft.put(512, &[0]).unwrap();
        assert!(draft.into_patches().unwrap().is_empty());
    }

    #[test]
    fn a_writer_of_volumes_sees_a_disk_that_syncs() {
        let disk = Ram::new(vec![0; 1024], None);
        let mut draft = Draft::new(&disk, 512);
        draft.write_at(0, &[1]).unwrap();
        draft.sync().unwrap();
        draft.write_at(0, &[2]).unwrap();
        assert!(draft.write_at(1023, &[1, 2]).is_err());
        assert_eq!(shape(&draft.into_patches().unwrap()), [(0, 0, 0, 1), (0, 1, 1, 2)]);
    }

    #[test]
    fn more_stages_than_a_plan_can_have_are_refused() {
        let disk = Ram::new(vec![0; 512], None);
        let mut draft = Draft::new(&disk, 512);
        (0..=u8::MAX).for_each(|_| draft.barrier());
        draft.put(0, &[1]).unwrap();
        assert!(matches!(draft.into_patches(), Err(PlanError::Check(_))));
    }
}
