//! Free clusters: found in $Bitmap, and marked.

use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::data_runs::Run;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::fields::bits;
use crate::volume::ntfs::write::fields::wide;
use crate::volume::ntfs::write::ground::Ground;
use crate::volume::ntfs::write::pending::Phase;

/// Bytes of $Bitmap that are read at a time, and in one search: 2 TiB of 4096-byte clusters.
const PIECE: u64 = 64 << 10;
const BUDGET: u64 = 64 << 20;
/// Pieces that a file may lie in. More would not fit a record of 1 KiB with a name of any length.
const MAX_PIECES: usize = 32;
/// The part of a volume behind the start of its master file table that is left for that to grow, as drivers leave it.
const ZONE: u64 = 8;

/// A search for free clusters.
struct Search {
    wanted: u64,
    /// The run that the search is in: first cluster and length.
    current: (u64, u64),
    /// The longest that were found, if none is long enough.
    longest: Vec<(u64, u64)>,
}

impl Search {
    /// Takes up what the bits of some clusters say; returns whether a run is long enough.
    fn feed(&mut self, first: u64, bytes: &[u8], end: u64) -> bool {
        for (cluster, in_use) in (first..end).zip(bits(bytes)) {
            if in_use {
                self.close();
            } else {
                let (start, len) = if self.current.1 == 0 { (cluster, 0) } else { self.current };
                self.current = (start, len.saturating_add(1));
                if self.current.1 >= self.wanted {
                    return true;
                }
            }
        }
        false
    }

    /// Ends the run that the search is in.
    fn close(&mut self) {
        let run = std::mem::take(&mut self.current);
        if run.1 == 0 {
            return;
        }
        let at = self.longest.partition_point(|other| other.1 >= run.1);
        self.longest.insert(at, run);
        self.longest.truncate(MAX_PIECES);
    }

    /// Enough of the longest runs, in the order in which they lie.
    fn pieces(mut self) -> Option<Vec<(u64, u64)>> {
        let mut missing = self.wanted;
        let mut pieces = Vec::new();
        for (start, len) in self.longest.drain(..) {
            let len = len.min(missing);
            missing = missing.saturating_sub(len);
            pieces.push((start, len));
            if missing == 0 {
                pieces.sort_unstable();
                return Some(pieces);
            }
        }
        None
    }
}

/// Finds so many free clusters, in one piece where there is one, and marks them; the search begins at cluster `from`.
///
/// # Errors
/// There is no room, or the medium fails.
pub(super) fn take(ground: &mut Ground<'_>, wanted: u64, from: u64) -> Result<Vec<Run>, NtfsWriteError> {
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let pieces = find(ground, wanted, from)?.ok_or(NtfsWriteError::Full {
        wanted,
        cluster_size: ground.boot.cluster_size,
        pieces: MAX_PIECES,
    })?;
    let mut runs = Vec::new();
    let mut vcn = 0u64;
    for (start, clusters) in pieces {
        mark(ground, start, clusters, true, Phase::Bits)?;
        runs.push(Run { vcn, clusters, lcn: Some(start) });
        vcn = vcn.saturating_add(clusters);
    }
    Ok(runs)
}

fn find(ground: &Ground<'_>, wanted: u64, from: u64) -> Result<Option<Vec<(u64, u64)>>, NtfsWriteError> {
    let clusters = ground.boot.clusters.min(ground.clusters_in_use.initialised.saturating_mul(8));
    let zone = ground.boot.mft_cluster.min(clusters);
    let behind = zone.saturating_add(clusters.checked_div(ZONE).unwrap_or(0)).min(clusters);
    let from = if (behind..clusters).contains(&from) { from } else { behind };
    let mut search = Search { wanted, current: (0, 0), longest: Vec::new() };
    let mut budget = BUDGET;
    for (start, end) in [(from, clusters), (behind, from), (1, zone), (zone.max(1), behind)] {
        let mut at = start & !7;
        while at < end && budget > 0 {
            let len = PIECE.min(budget).min(end.saturating_sub(at).div_ceil(8));
            let mut bytes = ground.read(&ground.clusters_in_use, at >> 3, len)?;
            // The bits before the start of the range are not asked for.
            if let Some(first) = bytes.first_mut().filter(|_| at < start) {
                *first |= u8::MAX >> (8u64.saturating_sub(start.saturating_sub(at)).min(7));
            }
            if search.feed(at, &bytes, end) {
                return Ok(Some(vec![search.current]));
            }
            budget = budget.saturating_sub(len);
            at = at.saturating_add(len.saturating_mul(8));
        }
        search.close();
    }
    Ok(search.pieces())
}

/// Counts the clusters that are free, as far as a search goes.
///
/// # Errors
/// The medium fails.
pub(super) fn count(ground: &Ground<'_>) -> Result<u64, NtfsWriteError> {
    let clusters = ground.boot.clusters.min(ground.clusters_in_use.initialised.saturating_mul(8));
    let len = clusters.div_ceil(8).min(BUDGET);
    let (mut free, mut at) = (0u64, 0u64);
    while at < len {
        let bytes = ground.read(&ground.clusters_in_use, at, PIECE.min(len.saturating_sub(at)))?;
        let first = at.saturating_mul(8);
        let unset = (first..clusters).zip(bits(&bytes)).filter(|(_, in_use)| !in_use).count();
        free = free.saturating_add(wide(unset));
        at = at.saturating_add(PIECE);
    }
    Ok(free)
}

/// Marks clusters as in use or free; all of them have to be the other before.
///
/// # Errors
/// One of them is marked so already: two files would have it. Or the medium fails.
pub(super) fn mark(
    ground: &mut Ground<'_>,
    start: u64,
    count: u64,
    in_use: bool,
    phase: Phase,
) -> Result<(), NtfsWriteError> {
    let end = start.saturating_add(count);
    if count == 0 || start == 0 || end > ground.boot.clusters || ground.bytes_of(end) > ground.pending.len() {
        let found = format!("0x{start:x} to 0x{end:x}");
        return Err(VolumeError::corrupt("$Bitmap", start >> 3, "clusters of the volume", found).into());
    }
    let mut at = start;
    while at < end {
        let byte = at >> 3;
        let len = PIECE.min(end.div_ceil(8).saturating_sub(byte));
        let bitmap = ground.clusters_in_use.clone();
        let mut bytes = ground.read(&bitmap, byte, len)?;
        let until = byte.saturating_add(len).saturating_mul(8).min(end);
        for cluster in at..until {
            let bit = 1u8 << (cluster & 7);
            let index = usize::try_from((cluster >> 3).saturating_sub(byte)).unwrap_or(usize::MAX);
            match bytes.get_mut(index) {
                Some(byte) if (*byte & bit != 0) != in_use => *byte ^= bit,
                _ => {
                    let expected = if in_use { "free" } else { "in use" };
                    let found = format!("cluster 0x{cluster:x} is not");
                    return Err(VolumeError::corrupt("$Bitmap", cluster >> 3, expected, found).into());
                }
            }
        }
        ground.put(&bitmap, byte, &bytes, phase)?;
        at = until;
    }
    Ok(())
}

/// Puts `bytes` into the clusters of runs.
///
/// # Errors
/// The medium fails.
pub(super) fn fill(ground: &mut Ground<'_>, runs: &[Run], bytes: &[u8]) -> Result<(), NtfsWriteError> {
    let mut rest = bytes;
    for run in runs {
        let start = ground.bytes_of(run.lcn.unwrap_or(0));
        let len = usize::try_from(ground.bytes_of(run.clusters)).unwrap_or(usize::MAX);
        let (now, later) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        ground.pending.put(start, now, Phase::Contents)?;
        rest = later;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(wanted: u64) -> Search {
        Search { wanted, current: (0, 0), longest: Vec::new() }
    }

    #[test]
    fn a_run_is_found_across_pieces_and_else_the_longest_are_taken() {
        let mut one = search(12);
        assert!(!one.feed(0, &[0b0000_1111, 0xff, 0b0011_1111], 24));
        assert!(!one.feed(24, &[0], 32));
        assert!(one.feed(32, &[0b1111_1100], 40));
        assert_eq!(one.current, (22, 12));
        let mut other = search(9);
        assert!(!other.feed(0, &[0b0000_1111, 0b1110_1111, 0b1000_0000], 24));
        other.close();
        assert_eq!(other.pieces(), Some(vec![(4, 2), (16, 7)]));
        let mut short = search(9);
        assert!(!short.feed(0, &[0], 5));
        short.close();
        assert_eq!(short.pieces(), None);
    }
}
