//! Data runs: where the clusters of a non-resident attribute lie.
//!
//! Source: libyal's libfsntfs documentation, "Data runs"; the linux-ntfs documentation.

use crate::volume::extent::VolumeExtent;

/// Clusters that follow each other on the volume, or a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// First cluster of the attribute.
    pub(crate) vcn: u64,
    /// Length in clusters, never zero.
    pub(crate) clusters: u64,
    /// First cluster on the volume; `None` is a hole.
    pub(crate) lcn: Option<u64>,
}

/// Why bytes are no data runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RunsError {
    #[error("data runs without an end")]
    Endless,
    #[error("a data run header of 0x{0:02x}")]
    Header(u8),
    #[error("a truncated data run")]
    Cut,
    #[error("an empty data run")]
    Empty,
    #[error("a data run before the start of the volume")]
    BeforeVolume,
    #[error("data runs with too many clusters")]
    TooLong,
    #[error("data runs up to cluster 0x{end:x} instead of 0x{last_vcn:x}")]
    End { end: u64, last_vcn: u64 },
}

/// Decodes runs up to the zero byte that ends them. The first one begins at cluster `vcn` of the attribute.
///
/// # Errors
/// [`RunsError`], but for [`RunsError::End`]: where they have to end is known to the attribute.
pub(crate) fn decode(bytes: &[u8], mut vcn: u64) -> Result<Vec<Run>, RunsError> {
    let mut runs = Vec::new();
    let mut rest = bytes;
    let mut lcn = 0u64;
    loop {
        let Some((header, body)) = rest.split_first() else { return Err(RunsError::Endless) };
        if *header == 0 {
            return Ok(runs);
        }
        let (length_size, offset_size) = (usize::from(header & 0x0f), usize::from(header >> 4));
        if !(1..=8).contains(&length_size) || offset_size > 8 {
            return Err(RunsError::Header(*header));
        }
        let (length, tail) = body.split_at_checked(length_size).ok_or(RunsError::Cut)?;
        let (offset, tail) = tail.split_at_checked(offset_size).ok_or(RunsError::Cut)?;
        let clusters = unsigned(length);
        if clusters == 0 {
            return Err(RunsError::Empty);
        }
        let place = if offset.is_empty() {
            None
        } else {
            lcn = lcn.checked_add_signed(signed(offset)).ok_or(RunsError::BeforeVolume)?;
            Some(lcn)
        };
        runs.push(Run { vcn, clusters, lcn: place });
        vcn = vcn.checked_add(clusters).ok_or(RunsError::TooLong)?;
        rest = tail;
    }
}

/// The runs of the first `size` bytes as byte ranges, holes left out.
pub(crate) fn extents(runs: &[Run], cluster_size: u32, size: u64) -> Vec<VolumeExtent> {
    let bytes = |clusters: u64| clusters.saturating_mul(u64::from(cluster_size));
    let placed = runs.iter().filter_map(|run| {
        let file_offset = bytes(run.vcn);
        let len = bytes(run.clusters).min(size.saturating_sub(file_offset));
        Some(VolumeExtent { file_offset, volume_offset: bytes(run.lcn?), len })
    });
    placed.filter(|extent| extent.len > 0).collect()
}

fn unsigned(little_endian: &[u8]) -> u64 {
    little_endian.iter().rev().fold(0u64, |value, byte| (value << 8) | u64::from(*byte))
}

/// Two's complement of as many bytes as there are.
fn signed(little_endian: &[u8]) -> i64 {
    let negative = little_endian.last().is_some_and(|byte| *byte & 0x80 != 0);
    let start = if negative { -1i64 } else { 0 };
    little_endian.iter().rev().fold(start, |value, byte| (value << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_relative_and_signed_and_holes_have_none() {
        let runs =
            decode(&[0x21, 0x18, 0x34, 0x56, 0x11, 0x02, 0xf0, 0x01, 0x05, 0x11, 0x01, 0x00, 0], 0).unwrap();
        assert_eq!(
            runs,
            [
                Run { vcn: 0, clusters: 0x18, lcn: Some(0x5634) },
                Run { vcn: 0x18, clusters: 2, lcn: Some(0x5624) },
                Run { vcn: 0x1a, clusters: 5, lcn: None },
                Run { vcn: 0x1f, clusters: 1, lcn: Some(0x5624) },
            ]
        );
        let places = extents(&runs, 512, 0x1a * 512 + 1);
        assert_eq!(places.len(), 2, "the hole is left out, the rest is beyond the size");
        assert_eq!(places[1], VolumeExtent { file_offset: 0x3000, volume_offset: 0x5624 * 512, len: 1024 });
    }

    #[test]
    fn broken_runs_are_told() {
        for (bytes, error) in [
            (&[0x11, 1][..], RunsError::Cut),
            (&[0x11], RunsError::Cut),
            (&[0x11, 1, 1], RunsError::Endless),
            (&[0x10, 1, 0], RunsError::Header(0x10)),
            (&[0x91, 1, 0], RunsError::Header(0x91)),
            (&[0x11, 0, 1, 0], RunsError::Empty),
            (&[0x11, 1, 0xff, 0], RunsError::BeforeVolume),
        ] {
            assert_eq!(decode(bytes, 0), Err(error));
        }
        let endless = decode(&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 0], 1);
        assert_eq!(endless, Err(RunsError::TooLong));
        assert_eq!(RunsError::Header(0x91).to_string(), "a data run header of 0x91");
    }
}
