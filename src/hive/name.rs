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

/// The text of a stored name: Latin-1 or UTF-16LE.
pub(super) fn name_text(stored: &[u8], latin1: bool) -> String {
    if latin1 {
        return stored.iter().copied().map(char::from).collect();
    }
    let units = stored.chunks_exact(2).filter_map(|unit| bytes::le_u16(unit, 0));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
