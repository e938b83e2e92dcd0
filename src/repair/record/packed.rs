//! Bytes in a record: a zlib stream (RFC 1950) in base64 (RFC 4648); null stands for zeros.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::Deserialize;
use serde::Serialize;

/// zlib's own default: sectors of hives and tables gain nothing by more.
const LEVEL: u8 = 6;

/// Bytes as a record has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Packed(Option<String>);

impl Packed {
    /// Packs bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_any = bytes.iter().any(|byte| *byte != 0);
        Self(is_any.then(|| STANDARD.encode(compress_to_vec_zlib(bytes, LEVEL))))
    }

    /// The bytes, when they are `len`; no more than so many are ever unpacked.
    pub(super) fn bytes(&self, len: usize) -> Option<Vec<u8>> {
        let Some(text) = &self.0 else { return Some(vec![0; len]) };
        let stream = STANDARD.decode(text).ok()?;
        decompress_to_vec_zlib_with_limit(&stream, len).ok().filter(|bytes| bytes.len() == len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_at_their_length_and_no_other() {
        for bytes in [vec![], vec![0; 1000], (0..=255).cycle().take(5000).collect::<Vec<u8>>()] {
            let packed = Packed::of(&bytes);
            assert_eq!(packed.bytes(bytes.len()), Some(bytes.clone()));
            assert_eq!(packed.0.is_none(), bytes.iter().all(|byte| *byte == 0));
            if packed.0.is_some() {
                assert_eq!(packed.bytes(bytes.len() - 1), None);
                assert_eq!(packed.bytes(bytes.len() + 1), None);
            }
        }
    }

    #[test]
    fn what_is_no_stream_is_none_and_a_bomb_is_cut() {
        for text in ["", "!", "AAAA", "eJwDAAAAAAE"] {
            assert_eq!(Packed(Some(text.to_owned())).bytes(4), None, "{text}");
        }
        let bomb = STANDARD.encode(compress_to_vec_zlib(&vec![0; 32 << 20], LEVEL));
        assert!(bomb.len() < 64 << 10);
        assert_eq!(Packed(Some(bomb)).bytes(512), None);
    }
}
