//! Marvin32, the hash over the entries of a transaction log.
//!
//! M. Suhanov, "Windows registry file format specification", Log entry. The seed is the one that Windows uses for hives.

use crate::bytes;

/// Low and high word of the seed.
const SEED: (u32, u32) = (0x7a4e_55c5, 0x82ef_4d88);

/// The hash as a log stores it: a little-endian `u64`, low word first.
pub(super) fn marvin32(message: &[u8]) -> u64 {
    let words = message.chunks_exact(4);
    // One byte 0x80 ends the message; zeros fill the word.
    let mut last = [0; 4];
    let rest = words.remainder().iter().copied().chain([0x80]);
    last.iter_mut().zip(rest).for_each(|(byte, rest)| *byte = rest);
    let all = words.filter_map(|word| bytes::le_u32(word, 0)).chain(bytes::le_u32(&last, 0)).chain([0]);
    let (low, high) = all.fold(SEED, mix);
    u64::from(high) << 32 | u64::from(low)
}

fn mix((low, high): (u32, u32), word: u32) -> (u32, u32) {
    let low = low.wrapping_add(word);
    let high = high ^ low;
    let low = low.rotate_left(20).wrapping_add(high);
    let high = high.rotate_left(9) ^ low;
    let low = low.rotate_left(27).wrapping_add(high);
    (low, high.rotate_left(19))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by another program, one that verifies real log entries.
    #[test]
    fn known_messages_have_known_hashes() {
        let counting: Vec<u8> = (0..0x20).collect();
        let cases: [(&[u8], u64); 3] = [
            (b"", 0xb39e_fca4_0396_6e08),
            (b"abc", 0xb9cf_3dfc_a419_14f7),
            (&counting, 0xc64f_eee4_25c2_e24c),
        ];
        for (message, expected) in cases {
            assert_eq!(marvin32(message), expected, "{message:?}");
        }
    }
}
