//! XPRESS with prefix codes, of chunks of up to 64 KiB.
//!
//! Source: Microsoft, [MS-XCA] 2.2, "LZ77+Huffman Decompression Algorithm Details".

use crate::bytes::le_u16;
use crate::volume::ntfs::overlay::bits::Bits;
use crate::volume::ntfs::overlay::copy::copy;
use crate::volume::ntfs::overlay::error::PackedError;
use crate::volume::ntfs::overlay::huffman::Code;

/// Bytes of the lengths of 512 code words, four bits each, the first in the low ones.
const LENGTHS: usize = 256;
/// The first symbol that is a copy.
const COPY: u16 = 256;

/// The `len` bytes that a chunk stands for.
///
/// # Errors
/// [`PackedError`].
pub(super) fn decompress(packed: &[u8], len: usize) -> Result<Vec<u8>, PackedError> {
    let (lengths, body) = packed.split_at_checked(LENGTHS).ok_or(PackedError::Cut)?;
    let lengths: Vec<u8> = lengths.iter().flat_map(|byte| [byte & 0x0f, byte >> 4]).collect();
    let code = Code::new(&lengths)?;
    let mut bits = Bits::new(body);
    let mut plain = Vec::with_capacity(len);
    while plain.len() < len {
        let symbol = code.symbol(&mut bits)?;
        match u8::try_from(symbol) {
            Ok(byte) => plain.push(byte),
            Err(_) => {
                let symbol = symbol.saturating_sub(COPY);
                // The length comes first: it is in bytes that follow the bits which are held now.
                bits.hold(16)?;
                let length = length(symbol & 0x0f, &mut bits)?;
                let width = u32::from(symbol >> 4);
                let distance = 1u32.wrapping_shl(width) | bits.take(width)?;
                copy(&mut plain, usize::try_from(distance).unwrap_or(usize::MAX), length, len)?;
            }
        }
    }
    Ok(plain)
}

fn length(low: u16, bits: &mut Bits<'_>) -> Result<usize, PackedError> {
    let mut length = usize::from(low);
    if low == 0x0f {
        let byte = bits.bytes(1)?.first().copied().unwrap_or(0);
        length = length.saturating_add(usize::from(byte));
        if byte == 0xff {
            length = usize::from(le_u16(bits.bytes(2)?, 0).unwrap_or(0));
        }
    }
    Ok(length.saturating_add(3))
}
