//! LZNT1, the compression of NTFS.
//!
//! Source: Microsoft, [MS-XCA] 2.5, "LZNT1 Algorithm Details"; of a chunk that is shorter than its place the rest is zeros
//! (linux-ntfs documentation, "Compressed files").

use crate::bytes::le_u16;
use crate::bytes::slice;

/// Bytes that a chunk stands for.
const CHUNK: usize = 0x1000;
/// In a chunk's header: its bytes behind the header less one, and whether they are compressed.
const SIZE: u16 = 0x0fff;
const COMPRESSED: u16 = 0x8000;

/// Why bytes are no LZNT1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Lznt1Error {
    #[error("a truncated chunk at 0x{at:x}")]
    Cut { at: usize },
    #[error("a chunk at 0x{at:x} that refers to data before its start")]
    BeforeChunk { at: usize },
    #[error("a chunk at 0x{at:x} of more than 4096 bytes")]
    TooLong { at: usize },
}

/// The `len` bytes that `packed` stands for; what it does not reach is zeros, and what goes beyond is left.
///
/// # Errors
/// [`Lznt1Error`].
pub(super) fn decompress(packed: &[u8], len: usize) -> Result<Vec<u8>, Lznt1Error> {
    let mut bytes = Vec::new();
    let mut at = 0usize;
    while bytes.len() < len {
        // No header, or one of zeros: the end.
        let Some(header) = le_u16(packed, at).filter(|header| *header != 0) else { break };
        let body = usize::from(header & SIZE).saturating_add(1);
        let chunk = slice(packed, at.saturating_add(2), body).ok_or(Lznt1Error::Cut { at })?;
        let is_compressed = header & COMPRESSED != 0;
        let mut plain = if is_compressed { inflate(chunk, at)? } else { chunk.to_vec() };
        plain.resize(CHUNK, 0);
        bytes.append(&mut plain);
        at = at.saturating_add(2).saturating_add(body);
    }
    bytes.resize(len, 0);
    Ok(bytes)
}

/// A compressed chunk: groups of eight tokens behind a byte that says of each whether it is a byte or a copy.
fn inflate(chunk: &[u8], at: usize) -> Result<Vec<u8>, Lznt1Error> {
    let mut plain: Vec<u8> = Vec::with_capacity(CHUNK);
    let mut rest = chunk;
    while let Some((flags, tokens)) = rest.split_first() {
        rest = tokens;
        for bit in 0..8u32 {
            let Some((byte, after)) = rest.split_first() else { break };
            if flags >> bit & 1 == 0 {
                plain.push(*byte);
                rest = after;
            } else {
                let token = le_u16(rest, 0).ok_or(Lznt1Error::Cut { at })?;
                rest = rest.get(2..).unwrap_or_default();
                copy(&mut plain, token, at)?;
            }
            if plain.len() > CHUNK {
                return Err(Lznt1Error::TooLong { at });
            }
        }
    }
    Ok(plain)
}

/// Repeats bytes of the chunk. Of the token's 16 bits those for the distance grow with what is there already.
fn copy(plain: &mut Vec<u8>, token: u16, at: usize) -> Result<(), Lznt1Error> {
    let mut shift = 12u32;
    let mut reached = plain.len().saturating_sub(1);
    while reached >= 0x10 && shift > 4 {
        reached >>= 1;
        shift = shift.saturating_sub(1);
    }
    let mask = u16::MAX.checked_shr(16u32.saturating_sub(shift)).unwrap_or(0);
    let (distance, len) =
        (usize::from(token >> shift).saturating_add(1), usize::from(token & mask).saturating_add(3));
    let from = plain.len().checked_sub(distance).ok_or(Lznt1Error::BeforeChunk { at })?;
    for index in from..from.saturating_add(len) {
        let byte = plain.get(index).copied().ok_or(Lznt1Error::BeforeChunk { at })?;
        plain.push(byte);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of [MS-XCA] 3.3.
    const PACKED: &[u8] = &[
        0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47, 0x01, 0xa0,
        0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20, 0x05, 0x24, 0x13, 0x88,
        0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09, 0x16, 0x01, 0x48, 0x45, 0x00, 0xbe,
        0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
    ];
    const PLAIN: &str = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";

    #[test]
    fn the_example_of_the_specification_is_read() {
        let plain = decompress(PACKED, PLAIN.len()).unwrap();
        assert_eq!(String::from_utf8(plain).unwrap(), PLAIN);
    }

    #[test]
    fn short_chunks_are_filled_with_zeros_and_plain_ones_are_kept() {
        let mut packed = vec![0x02, 0x30, 1, 2, 3];
        packed.extend([0x03, 0xb0, 0b10, 7, 0xfc, 0x0f]);
        let plain = decompress(&packed, 0x3000).unwrap();
        assert_eq!((&plain[..4], &plain[0xffc..0x1000]), (&[1, 2, 3, 0][..], &[0; 4][..]));
        // A byte, and 4095 times the one before.
        assert_eq!(&plain[0x1000..0x2000], &[7; 0x1000]);
        assert_eq!(&plain[0x2000..], &[0; 0x1000]);
    }

    #[test]
    fn what_lies_is_an_error_and_never_more_than_asked_for() {
        let at = 0;
        assert_eq!(decompress(&[0x38, 0xb0, 0], 10), Err(Lznt1Error::Cut { at }));
        assert_eq!(decompress(&[0x02, 0xb0, 1, 0, 0x10], 10), Err(Lznt1Error::BeforeChunk { at }));
        let long = [0x05, 0xb0, 0b110, 7, 0xff, 0x0f, 0xff, 0x0f];
        assert_eq!(decompress(&long, 0x2000), Err(Lznt1Error::TooLong { at }));
        for at in 0..PACKED.len() {
            assert!(decompress(&PACKED[..at], 0x10000).is_ok_and(|plain| plain.len() == 0x10000) || at > 1);
            for flip in 0..=255u8 {
                let mut packed = PACKED.to_vec();
                packed[at] ^= flip;
                assert!(decompress(&packed, 100).is_ok_and(|plain| plain.len() == 100) || flip > 0);
            }
        }
    }
}
