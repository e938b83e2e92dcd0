//! Integers and text at an offset of a byte slice; the only place where byte order is spelled out.
//!
//! Every reader returns `None` when the slice is too short, so that a caller can name the structure that was cut.

/// The `N` bytes at `at`, or `None` when the slice ends before.
#[must_use]
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The `len` bytes at `at`, or `None` when the slice ends before.
#[must_use]
pub fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// Little-endian `u16` at `at`.
#[must_use]
pub fn le_u16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// Little-endian `u32` at `at`.
#[must_use]
pub fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// Little-endian `i32` at `at`.
#[must_use]
pub fn le_i32(bytes: &[u8], at: usize) -> Option<i32> {
    array(bytes, at).map(i32::from_le_bytes)
}

/// Little-endian `u64` at `at`.
#[must_use]
pub fn le_u64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// Big-endian `u16` at `at` (text that says so by its byte order mark).
#[must_use]
pub fn be_u16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// Big-endian `u32` at `at` (qcow2 headers).
#[must_use]
pub fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// Big-endian `u64` at `at` (qcow2 headers).
#[must_use]
pub fn be_u64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// Puts `value` at byte `at` of bytes that have room for it; where they have none, nothing is put.
pub fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(room) = bytes.get_mut(at..at.saturating_add(value.len())) {
        room.copy_from_slice(value);
    }
}

/// Puts into `piece`, which begins at byte `offset` of a larger whole, what of `value`, at byte `at` of that, falls into it.
pub fn put_over(piece: &mut [u8], offset: u64, at: u64, value: &[u8]) {
    let skipped = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    let inside = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
    let room = piece.get_mut(inside..).unwrap_or_default();
    let value = value.get(skipped..).unwrap_or_default();
    room.iter_mut().zip(value).for_each(|(room, byte)| *room = *byte);
}

/// Each part of `bytes` that begins with `beginning` and goes to their end.
pub fn tails<'a>(bytes: &'a [u8], beginning: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let places = bytes.windows(beginning.len().max(1)).enumerate();
    places.filter(move |(_, window)| *window == beginning).filter_map(|(at, _)| bytes.get(at..))
}

/// Text of UTF-16LE bytes up to the first NUL; unpaired surrogates become U+FFFD, an odd last byte is ignored.
#[must_use]
pub fn utf16le_until_nul(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| pair.iter().rev().fold(0u16, |unit, byte| (unit << 8) | u16::from(*byte)));
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// UTF-16LE bytes of `text`, without a NUL.
#[must_use]
pub fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The text with its control characters escaped, so that it is one line whatever is in it.
#[must_use]
pub fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(plain).collect()
}

/// Lower-case hex of `bytes`, no separators.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of a string of hex digits as [`hex`] writes it; `None` when it is not that.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    // A number may have a sign, a digit has none.
    if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at.checked_add(2)?)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_their_byte_order_and_end_with_the_slice() {
        let bytes = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08];
        assert_eq!(le_u16(&bytes, 1), Some(0x0302));
        assert_eq!(le_u32(&bytes, 4), Some(0x0807_0605));
        assert_eq!(le_u32(&bytes, 5), None);
        assert_eq!(le_u64(&bytes, 0), Some(0x0807_0605_0403_0201));
        assert_eq!(be_u16(&bytes, 6), Some(0x0708));
        assert_eq!(be_u32(&bytes, 0), Some(0x0102_0304));
        assert_eq!(be_u64(&bytes, 0), Some(0x0102_0304_0506_0708));
        assert_eq!(le_u64(&bytes, usize::MAX), None);
        assert_eq!(le_i32(&[0xf8, 0xff, 0xff, 0xff], 0), Some(-8));
    }

    #[test]
    fn what_is_put_goes_only_where_there_is_room() {
        let mut bytes = [0; 4];
        put(&mut bytes, 1, &[1, 2]);
        put(&mut bytes, 3, &[9, 9]);
        put(&mut bytes, usize::MAX, &[9, 9]);
        assert_eq!(bytes, [0, 1, 2, 0]);
        for (at, expected) in [
            (7, [0; 4]),
            (8, [3, 0, 0, 0]),
            (9, [2, 3, 0, 0]),
            (11, [0, 1, 2, 3]),
            (12, [0, 0, 1, 2]),
            (14, [0; 4]),
            (u64::MAX, [0; 4]),
        ] {
            let mut piece = [0; 4];
            put_over(&mut piece, 10, at, &[1, 2, 3]);
            assert_eq!(piece, expected, "{at}");
        }
    }

    #[test]
    fn text_stops_at_nul_and_survives_broken_pairs() {
        assert_eq!(utf16le_until_nul(&utf16le("Größe\0rest")), "Größe");
        assert_eq!(utf16le_until_nul(&[0x00, 0xd8, 0x41, 0x00, 0x42]), "\u{fffd}A");
    }

    #[test]
    fn hex_round_trips_and_refuses_other_text() {
        assert_eq!(from_hex(&hex(&[0, 0x7f, 0xff])), Some(vec![0, 0x7f, 0xff]));
        assert_eq!(from_hex("0g"), None);
        assert_eq!(from_hex("+1"), None);
        assert_eq!(from_hex("012"), None);
        assert_eq!(from_hex("é1"), None);
    }
}
