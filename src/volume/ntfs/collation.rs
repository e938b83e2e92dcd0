//! How NTFS compares names: unit by unit, each through the volume's own upper case table.
//!
//! The table takes 128 KiB to read, more than all the rest of a lookup. But no table that exists maps a unit beyond
//! ASCII into ASCII, and all agree on ASCII itself; so a name of ASCII letters, which the names of a boot path are, is
//! compared without it.

use std::cmp::Ordering;

use crate::bytes::le_u16;

/// Bytes of the table: one unit for each of 65536.
pub(crate) const TABLE_SIZE: u64 = 0x2_0000;

/// An upper case table, or only the part of it that every volume has.
#[derive(Clone)]
pub(crate) struct Collation {
    table: Option<Vec<u8>>,
}

impl Collation {
    /// For names of ASCII only.
    pub(crate) const ASCII: Self = Self { table: None };

    /// From the contents of $UpCase.
    pub(crate) fn from_table(bytes: Vec<u8>) -> Self {
        Self { table: Some(bytes) }
    }

    /// Whether `name` can be looked up by [`Collation::ASCII`].
    pub(crate) fn is_enough_for(name: &str) -> bool {
        name.is_ascii()
    }

    fn upper(&self, unit: u16) -> u16 {
        match &self.table {
            Some(table) => le_u16(table, 2 * usize::from(unit)).unwrap_or(unit),
            None => u8::try_from(unit).map_or(unit, |byte| u16::from(byte.to_ascii_uppercase())),
        }
    }

    /// The order of two names without regard to case.
    pub(crate) fn compare(
        &self,
        one: impl Iterator<Item = u16>,
        other: impl Iterator<Item = u16>,
    ) -> Ordering {
        one.map(|unit| self.upper(unit)).cmp(other.map(|unit| self.upper(unit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count_and_longer_names_come_later() {
        let order =
            |one: &str, other: &str| Collation::ASCII.compare(one.encode_utf16(), other.encode_utf16());
        assert_eq!(order("bcd", "BCD"), Ordering::Equal);
        assert_eq!(order("BCD", "bcd.log"), Ordering::Less);
        assert_eq!(order("boot", "ä"), Ordering::Less);
        assert_eq!(order("_", "Z"), Ordering::Greater);
    }
}
