//! Neighbouring sectors of a plan, which are written, kept and shown together.
//!
//! What a repair changes is small, and is kept and shown byte for byte. The contents of new files are not: a digest of them
//! is enough to go back.

use crate::repair::patch::Patch;

/// Bytes of a plan that are kept and shown as they will be; of what is beyond it, the longest runs are contents.
pub const WHOLE: u64 = 256 << 10;

/// Neighbours of one stage, in the order of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'a> {
    /// The sectors; there is one at least.
    pub patches: &'a [Patch],
    /// Whether they are the contents of files, too many to be kept or shown byte for byte.
    pub is_contents: bool,
}

impl Run<'_> {
    /// First byte, from the start of the disk.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.patches.first().map_or(0, |patch| patch.offset)
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.patches.iter().map(Patch::len).fold(0, u64::saturating_add)
    }

    /// Whether there is no sector in it, which is never so.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    /// The stage of its sectors.
    #[must_use]
    pub fn stage(&self) -> u8 {
        self.patches.first().map_or(0, |patch| patch.stage)
    }
}

/// The runs of a plan, in the order of writing. The shortest ones, up to [`WHOLE`] bytes in all, are whole; the others are
/// contents.
#[must_use]
pub fn runs(patches: &[Patch]) -> Vec<Run<'_>> {
    let follows = |one: &Patch, next: &Patch| {
        one.stage == next.stage && one.offset.checked_add(one.len()) == Some(next.offset)
    };
    let mut runs: Vec<Run<'_>> =
        patches.chunk_by(follows).map(|patches| Run { patches, is_contents: false }).collect();
    let mut by_length: Vec<&mut Run<'_>> = runs.iter_mut().collect();
    by_length.sort_by_key(|run| run.len());
    let mut so_far: u64 = 0;
    for run in by_length {
        so_far = so_far.saturating_add(run.len());
        run.is_contents = so_far > WHOLE;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::sector::Sector;

    fn patches(from: u64, sectors: u64, stage: u8) -> Vec<Patch> {
        let (before, after) = (Sector::zeros(512), Sector::from(vec![1; 512]));
        let patch = |sector| Patch {
            offset: (from + sector) * 512,
            before: before.clone(),
            after: after.clone(),
            stage,
        };
        (0..sectors).map(patch).collect()
    }

    fn shape(patches: &[Patch]) -> Vec<(u64, u64, u8, bool)> {
        let sector = |bytes: u64| bytes / 512;
        runs(patches)
            .iter()
            .map(|run| (sector(run.offset()), sector(run.len()), run.stage(), run.is_contents))
            .collect()
    }

    #[test]
    fn neighbours_of_a_stage_are_a_run_and_the_longest_are_contents() {
        let small = [patches(1, 2, 0), patches(3, 1, 1), patches(9, 500, 1)].concat();
        assert_eq!(shape(&small), [(1, 2, 0, false), (3, 1, 1, false), (9, 500, 1, false)]);
        let large =
            [patches(1, 600, 0), patches(3000, 4, 1), patches(4000, 508, 2), patches(9000, 1, 3)].concat();
        let expected = [(1, 600, 0, true), (3000, 4, 1, false), (4000, 508, 2, true), (9000, 1, 3, false)];
        assert_eq!(shape(&large), expected);
        assert!(shape(&[]).is_empty());
    }
}
