//! What a record keeps of the disk: stores as they were, and sectors before and after.

use sha2::Digest;
use sha2::Sha256;

use crate::repair::change::store::StorePlan;
use crate::repair::patch::Patch;
use crate::repair::record::sha256;
use crate::repair::run::Run;
use crate::repair::run::runs;
use crate::repair::sector::Sector;

/// Media write at least so many bytes whole: what was cut short is old or new in pieces of this size.
const PIECE: usize = 512;
/// Bytes of a digest.
pub(super) const DIGEST: usize = 16;

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedBytes {
    /// SHA-256, hex.
    pub sha256: String,
    /// The whole file.
    pub bytes: Vec<u8>,
}

impl From<Vec<u8>> for SavedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self { sha256: sha256(&bytes), bytes }
    }
}

/// A store as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStore {
    /// Number of its partition.
    pub partition: u32,
    /// Path on the volume.
    pub path: String,
    /// The file before; `None` where there was none.
    pub before: Option<SavedBytes>,
    /// SHA-256 of the file after, hex.
    pub sha256_after: String,
}

impl SavedStore {
    pub(super) fn of(store: &StorePlan) -> Self {
        Self {
            partition: store.partition,
            path: store.path.clone(),
            before: store.before.clone().map(SavedBytes::from),
            sha256_after: sha256(&store.after),
        }
    }
}

/// A sector as it was, and what the repair puts there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSector {
    /// First byte of the sector, from the start of the disk.
    pub offset: u64,
    /// What stood there.
    pub before: Sector,
    /// What stands there then.
    pub after: After,
    /// As in [`Patch::stage`].
    pub stage: u8,
}

/// What stands in a sector after the repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// Its bytes.
    Bytes(Sector),
    /// Of each 512 bytes the first 16 of their SHA-256: contents of files, of which no more is needed to go back.
    Digests(Box<[[u8; DIGEST]]>),
}

impl After {
    fn digests(bytes: &[u8]) -> Self {
        Self::Digests(bytes.chunks(PIECE).map(digest).collect())
    }

    /// How many digests a sector of so many bytes has.
    pub(super) fn digests_in(size: usize) -> usize {
        size.checked_div(PIECE).unwrap_or(0)
    }

    /// Whether it is so many bytes.
    pub(super) fn is_long(&self, len: usize) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.len() == len,
            Self::Digests(digests) => digests.len().checked_mul(PIECE) == Some(len),
        }
    }

    /// Whether it is these bytes.
    #[must_use]
    pub fn is(&self, found: &[u8]) -> bool {
        self.is_long(found.len())
            && (0..).zip(found.chunks(PIECE)).all(|(index, piece)| self.has(index, piece))
    }

    /// Whether the piece with this index is these bytes.
    fn has(&self, index: usize, piece: &[u8]) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.chunks(PIECE).nth(index) == Some(piece),
            Self::Digests(digests) => digests.get(index) == Some(&digest(piece)),
        }
    }
}

/// The first bytes of the SHA-256 of a piece.
fn digest(piece: &[u8]) -> [u8; DIGEST] {
    let mut first = [0; DIGEST];
    first.iter_mut().zip(Sha256::digest(piece)).for_each(|(to, from)| *to = from);
    first
}

impl SavedSector {
    /// The sectors of a plan. Of contents the bytes after are not kept.
    pub(in crate::repair) fn all_of(patches: &[Patch]) -> Vec<Self> {
        runs(patches).into_iter().flat_map(Self::of_run).collect()
    }

    fn of_run(run: Run<'_>) -> impl Iterator<Item = Self> {
        run.patches.iter().map(move |patch| Self {
            offset: patch.offset,
            before: patch.before.clone(),
            after: match run.is_contents {
                true => After::digests(&patch.after),
                false => After::Bytes(patch.after.clone()),
            },
            stage: patch.stage,
        })
    }

    /// Whether of its bytes after only digests are kept.
    pub(in crate::repair) const fn is_contents(&self) -> bool {
        matches!(self.after, After::Digests(_))
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::try_from(self.before.len()).unwrap_or(u64::MAX)
    }

    /// Whether it is of no bytes, as none of a record is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.is_empty()
    }

    /// Whether what was found is the sector before, after, or what a write that was cut short left.
    pub(in crate::repair) fn is_between(&self, found: &[u8]) -> bool {
        let pieces = self.before.chunks(PIECE).zip(found.chunks(PIECE));
        found.len() == self.before.len()
            && (0..)
                .zip(pieces)
                .all(|(index, (before, found))| found == before || self.after.has(index, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_is_told_by_its_digests_piece_by_piece() {
        let (before, after) = (vec![0; 1024], [[1; 512], [2; 512]].concat());
        let digests = After::digests(&after);
        assert!(digests.is(&after) && !digests.is(&before) && !digests.is(&after[..512]));
        assert!(digests.is_long(1024) && !digests.is_long(512));
        for kept in [digests, After::Bytes(after.clone().into())] {
            let saved = SavedSector { offset: 0, before: before.clone().into(), after: kept, stage: 0 };
            for (found, is_between) in [
                (before.clone(), true),
                (after.clone(), true),
                ([[1; 512], [0; 512]].concat(), true),
                ([[0; 512], [2; 512]].concat(), true),
                ([[2; 512], [2; 512]].concat(), false),
                (vec![1; 512], false),
            ] {
                assert_eq!(saved.is_between(&found), is_between, "{:?}", &found[..1]);
            }
        }
    }
}
