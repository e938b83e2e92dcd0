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

/// The places of `len` bytes from byte `offset` on: byte on the volume and length of each; `None` when a part of them lies
/// in a hole or outside.
pub(crate) fn places(runs: &[Run], cluster_size: u32, offset: u64, len: u64) -> Option<Vec<(u64, u64)>> {
    let end = offset.checked_add(len)?;
    let mut found = Vec::new();
    let mut at = offset;
    for extent in extents(runs, cluster_size, end) {
        let inside = at.saturating_sub(extent.file_offset);
        if inside >= extent.len {
            continue;
        }
        if extent.file_offset > at {
            return None;
        }
        let len = extent.len.saturating_sub(inside);
        found.push((extent.volume_offset.checked_add(inside)?, len));
        at = at.checked_add(len)?;
    }
    (at == end).then_some(found)
}

/// Encodes runs in as few bytes as they take, with the zero byte that ends them.
pub(crate) fn encode(runs: &[Run]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = 0i64;
    for run in runs {
        let length = packed(i64::try_from(run.clusters).unwrap_or(i64::MAX));
        let lcn = run.lcn.map(|lcn| i64::try_from(lcn).unwrap_or(i64::MAX));
        let offset = lcn.map_or_else(Vec::new, |lcn| packed(lcn.saturating_sub(before)));
        before = lcn.unwrap_or(before);
        let size = |part: &[u8]| u8::try_from(part.len()).unwrap_or(0);
        bytes.push((size(&offset) << 4) | size(&length));
        bytes.extend(length);
        bytes.extend(offset);
    }
    bytes.push(0);
    bytes
}

/// Two's complement in as few bytes as hold it with its sign.
fn packed(value: i64) -> Vec<u8> {
    let whole = value.to_le_bytes();
    let len =
        (1..whole.len()).find(|len| whole.get(..*len).map(signed) == Some(value)).unwrap_or(whole.len());
    whole.get(..len).unwrap_or_default().to_vec()
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
    fn what_is_encoded_is_decoded_and_as_short_as_can_be() {
        let run = |vcn, clusters, lcn| Run { vcn, clusters, lcn };
        let runs = [
            run(0, 0x18, Some(0x5634)),
            run(0x18, 0x80, Some(0x5624)),
            run(0x98, 5, None),
            run(0x9d, 1, Some(0x5624)),
            run(0x9e, 0x1_0000, Some(0x1_0000_0000)),
        ];
        let bytes = encode(&runs);
        let first = [0x21, 0x18, 0x34, 0x56, 0x12, 0x80, 0, 0xf0, 0x01, 5, 0x11, 1, 0];
        assert_eq!(bytes[..first.len()], first);
        assert_eq!(decode(&bytes, 0).unwrap(), runs);
        assert_eq!(encode(&[]), [0]);
    }

    #[test]
    fn places_are_split_at_runs_and_never_in_a_hole() {
        let run = |vcn, clusters, lcn| Run { vcn, clusters, lcn };
        let runs = [run(0, 2, Some(10)), run(2, 1, Some(5)), run(3, 1, None), run(4, 1, Some(6))];
        assert_eq!(places(&runs, 512, 1000, 100), Some(vec![(10 * 512 + 1000, 24), (5 * 512, 76)]));
        assert_eq!(places(&runs, 512, 1024, 512), Some(vec![(5 * 512, 512)]));
        assert_eq!(places(&runs, 512, 1024, 513), None);
        assert_eq!(places(&runs, 512, 1500, 600), None);
        assert_eq!(places(&runs, 512, 2048, 513), None);
        assert_eq!(places(&runs, 512, u64::MAX, 1), None);
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
