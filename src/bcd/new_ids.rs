//! Ids for new entries, like those that Windows gives: of version 1, by time and machine, the entry's one above that of what resumes it.
//!
//! RFC 9562, 5.1 (fields of version 1) and 6.10 (a node that is no network card's has the multicast bit).

use sha2::Digest;
use sha2::Sha256;

use crate::guid::Guid;

/// From 1582-10-15, where the clock of these ids begins, to 1601-01-01, in 100 ns.
const TO_1601: u64 = 0x0014_6bf3_3e42_c000;

/// A row of ids, each above the one before.
pub struct NewIds {
    clock: u64,
    /// Variant, clock sequence and node.
    tail: u128,
}

impl NewIds {
    /// Ids of this time (100 ns since 1601), for the disk with this identity.
    #[must_use]
    pub fn new(now: u64, disk: &str) -> Self {
        let digest = Sha256::digest(disk.as_bytes());
        let node = digest.iter().take(8).fold(0u128, |tail, byte| (tail << 8) | u128::from(*byte));
        let tail = (node & 0x3fff_01ff_ffff_ffff) | 0x8000_0100_0000_0000;
        Self { clock: now.wrapping_add(TO_1601) & 0x0fff_ffff_ffff_ffff, tail }
    }

    /// Goes on to the first that is not taken: who asks twice within a tick of the clock would get the same again.
    pub fn skip(&mut self, is_taken: impl Fn(Guid) -> bool) {
        while is_taken(Self { ..*self }.next_id()) {
            self.next_id();
        }
    }

    /// The next one.
    pub fn next_id(&mut self) -> Guid {
        let clock = u128::from(self.clock);
        self.clock = self.clock.wrapping_add(1);
        let (low, mid, high) = (clock & 0xffff_ffff, (clock >> 32) & 0xffff, (clock >> 48) & 0x0fff);
        Guid::from_u128((low << 96) | (mid << 80) | (0x1000 << 64) | (high << 64) | self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_1_one_above_the_other_and_the_same_every_time() {
        let row = || {
            let mut ids = NewIds::new(0x01da_0000_1234_5678, "mbr:36234da4");
            [ids.next_id(), ids.next_id()].map(|id| id.to_string())
        };
        let [first, second] = row();
        assert_eq!([first.clone(), second.clone()], row());
        assert_eq!(&first[14..15], "1");
        assert_eq!(first[9..], second[9..]);
        let number = |text: &str| u32::from_str_radix(&text[..8], 16).unwrap();
        assert_eq!(number(&first).wrapping_add(1), number(&second));
        assert!(["8", "9", "a", "b"].contains(&&first[19..20]));
        let mut ids = NewIds::new(0x01da_0000_1234_5678, "mbr:36234da4");
        ids.skip(|id| id.to_string() == first);
        assert_eq!(ids.next_id().to_string(), second);
        let mut other = NewIds::new(0x01da_0000_1234_5678, "mbr:36234da5");
        assert_ne!(other.next_id().to_string(), first);
    }
}
