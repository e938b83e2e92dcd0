//! Lengths as fields have them and as NTFS rounds them, and bits.

/// The bits of a bitmap, in the order in which they count.
pub(super) fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> {
    bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 != 0))
}

/// The next multiple of 8: where attributes, names and index entries begin.
pub(super) fn aligned(len: usize) -> usize {
    len.saturating_add(7) & !7
}

/// A length as a field of two bytes has it.
pub(super) fn short(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes()
}

/// A length as a field of four bytes has it.
pub(super) fn long(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

/// A length in memory as one on the volume.
pub(super) fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
