//! Hints and hashes in lists of subkeys.
//!
//! M. Suhanov, "Windows registry file format specification", Hash leaf and Fast leaf.

use crate::bytes;
use crate::hive::body::Body;
use crate::hive::name;

/// What a list tells of a subkey's name, so that most need not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing (li).
    None,
    /// The first four characters (lf), zeros behind a shorter name; all zeros where one of them is not Latin-1.
    Hint([u8; 4]),
    /// For each UTF-16 unit of the upper-case name: the sum so far times 37, plus the unit (lh).
    Hash(u32),
}

impl Mark {
    /// What the list says of its entry `index`.
    pub(super) fn of(list: &Body<'_>, index: usize) -> Self {
        let at = index.saturating_mul(8).saturating_add(8);
        match list.bytes.get(..2) {
            Some(b"lf") => bytes::array(list.bytes, at).map_or(Self::None, Self::Hint),
            Some(b"lh") => bytes::le_u32(list.bytes, at).map_or(Self::None, Self::Hash),
            _ => Self::None,
        }
    }

    /// Whether the subkey may have this name. Beyond ASCII, upper case is a matter of the Windows version: then it may.
    pub(super) fn may_be(self, name: &str) -> bool {
        match self {
            Self::Hint(hint) if hint.first() != Some(&0) => {
                let letters = name.chars().map(Some).chain(std::iter::repeat(None));
                for (stored, wanted) in hint.into_iter().zip(letters) {
                    match wanted {
                        _ if !stored.is_ascii() => return true,
                        None => return stored == 0,
                        Some(letter) if !letter.is_ascii() => return true,
                        Some(letter) if !letter.eq_ignore_ascii_case(&char::from(stored)) => return false,
                        Some(_) => {}
                    }
                }
                true
            }
            Self::Hash(hash) if name.is_ascii() => name::hash(name) == hash,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_rules_out_what_begins_otherwise() {
        let cases = [
            (b"Wind", "windows NT", true),
            (b"Wind", "Wine", false),
            (b"Win\0", "WIN", true),
            (b"Win\0", "Wind", false),
            (b"Wind", "Win", false),
            (b"\0\0\0\0", "Win", true),
            (b"Gr\xf6\xdf", "GR\u{d6}SSE", true),
            (b"Gr\xf6\xdf", "Gs", false),
            (b"Size", "\u{17f}ize", true),
        ];
        for (hint, name, expected) in cases {
            assert_eq!(Mark::Hint(*hint).may_be(name), expected, "{hint:?} {name}");
        }
    }

    #[test]
    fn a_hash_is_of_the_name_in_upper_case() {
        // 'A' = 0x41, 'B' = 0x42: 0x41 * 37 + 0x42.
        assert!(Mark::Hash(0x41 * 37 + 0x42).may_be("aB"));
        assert!(!Mark::Hash(0x41 * 37 + 0x42).may_be("ab "));
        assert!(Mark::Hash(7).may_be("\u{e4}"));
        assert!(Mark::None.may_be("anything"));
    }
}
