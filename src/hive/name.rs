//! Names of keys and values: how they are stored, compared and ordered.

use crate::bytes;

/// Whether two names mean the same key or value.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    upper(one).eq(upper(other))
}

/// A name as the registry orders it.
pub(super) fn upper(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_uppercase)
}

/// The text of a stored name: Latin-1 or UTF-16LE. Half a pair and half a unit become U+FFFD.
pub(super) fn name_text(stored: &[u8], latin1: bool) -> String {
    if latin1 {
        return stored.iter().copied().map(char::from).collect();
    }
    // A high surrogate that nothing follows stands for the half unit.
    let units = stored.chunks(2).map(|unit| bytes::le_u16(unit, 0).unwrap_or(0xd800));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The Latin-1 bytes of a name, when it has such.
fn latin1(name: &str) -> Option<Vec<u8>> {
    name.chars().map(|letter| u8::try_from(letter).ok()).collect()
}

/// A name as it is stored, and whether that is Latin-1.
pub(super) fn name_bytes(name: &str) -> (Vec<u8>, bool) {
    latin1(name).map_or_else(|| (bytes::utf16le(name), false), |latin1| (latin1, true))
}

/// The first four letters of a name, zeros where there are none or where they are not Latin-1.
pub(super) fn hint(name: &str) -> [u8; 4] {
    let mut hint = [0; 4];
    for (place, letter) in hint.iter_mut().zip(name.chars()) {
        let Ok(letter) = u8::try_from(letter) else { return [0; 4] };
        *place = letter;
    }
    hint
}

/// Bytes of a name in UTF-16, as the lengths of the longest are counted.
pub(super) fn utf16_len(name: &str) -> usize {
    name.encode_utf16().count().saturating_mul(2)
}

/// The hash of a name in an lh list.
pub(super) fn hash(name: &str) -> u32 {
    let add = |sum: u32, unit: &u16| sum.wrapping_mul(37).wrapping_add(u32::from(*unit));
    upper(name).fold(0, |sum, letter| letter.encode_utf16(&mut [0; 2]).iter().fold(sum, add))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_seen_to_be_none() {
        assert_eq!(name_text(b"\xe9t\xe9", true), "\u{e9}t\u{e9}");
        assert_eq!(name_text(b"a\0b\0", false), "ab");
        assert_eq!(name_text(b"a\0b", false), "a\u{fffd}");
        assert_eq!(name_text(b"\0\xd8a\0", false), "\u{fffd}a");
    }

    /// Windows looks keys up by these four letters first, and hivex does not: nothing else would notice.
    #[test]
    fn hints_are_the_first_four_letters() {
        let cases = [
            ("Description", *b"Desc"),
            ("{9d", *b"{9d\0"),
            ("\u{e9}t\u{e9}", *b"\xe9t\xe9\0"),
            ("a\u{65e5}", [0; 4]),
        ];
        for (name, letters) in cases {
            assert_eq!(hint(name), letters, "{name}");
        }
    }

    /// By the definition of M. Suhanov: 37 times the sum before, and the letter.
    #[test]
    fn hashes_ignore_case() {
        assert_eq!(hash("aB"), 65 * 37 + 66);
        assert_eq!(hash(""), 0);
    }

    #[test]
    fn names_are_latin_1_where_they_can_be() {
        assert_eq!(name_bytes("\u{e9}"), (vec![0xe9], true));
        assert_eq!(name_bytes("\u{65e5}"), (vec![0xe5, 0x65], false));
    }
}
