//! Contents that the Windows Overlay Filter has compressed (`compact /exe`, Compact OS): in chunks, in a stream beside the file's own.
//!
//! Sources: Microsoft, `WOF_EXTERNAL_INFO` and `FILE_PROVIDER_EXTERNAL_INFO_V1`; libyal's libfsntfs documentation, "Windows Overlay Filter (WOF)
//! compressed data".

mod bits;
mod copy;
mod error;
mod huffman;
mod lzx;
#[cfg(test)]
mod tests;
mod xpress;

use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::file::Decode;
use crate::volume::ntfs::overlay::error::PackedError;
use crate::volume::ntfs::stream::Stream;

/// The name of the stream that has the chunks.
pub(super) const STREAM: &str = "WofCompressedData";

/// How the chunks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// XPRESS in chunks of so many bytes.
    Xpress(u64),
    /// LZX in chunks of 32 KiB.
    Lzx,
}

impl Packing {
    /// As a reparse point of the filter says it; `None` for what is kept in a WIM file, or in a way that is not known.
    pub(super) fn of(reparse_point: &[u8]) -> Option<Self> {
        // Behind tag and length: version and provider, then version and algorithm of that.
        let field = |index: usize| le_u32(reparse_point, index.saturating_mul(4).saturating_add(8));
        match (field(0)?, field(1)?, field(2)?, field(3)?) {
            (1, 2, 1, 0) => Some(Self::Xpress(0x1000)),
            (1, 2, 1, 1) => Some(Self::Lzx),
            (1, 2, 1, 2) => Some(Self::Xpress(0x2000)),
            (1, 2, 1, 3) => Some(Self::Xpress(0x4000)),
            _ => None,
        }
    }

    const fn chunk(self) -> u64 {
        match self {
            Self::Xpress(chunk) => chunk,
            Self::Lzx => 0x8000,
        }
    }

    fn unpack(self, packed: &[u8], len: usize) -> Result<Vec<u8>, PackedError> {
        match self {
            Self::Xpress(_) => xpress::decompress(packed, len),
            Self::Lzx => lzx::decompress(packed, len),
        }
    }
}

/// Contents in chunks.
pub(super) struct Overlay {
    path: String,
    packing: Packing,
    packed: Stream,
    cluster_size: u32,
    /// Bytes of the file.
    len: u64,
}

impl Overlay {
    /// A file of `len` bytes, of which `packed` has the chunks.
    pub(super) fn new(path: &str, packing: Packing, packed: Stream, cluster_size: u32, len: u64) -> Self {
        Self { path: path.to_owned(), packing, packed, cluster_size, len }
    }

    /// The bytes of a chunk.
    fn chunk(&self, storage: &dyn Storage, index: u64) -> Result<Vec<u8>, VolumeError> {
        let chunk = self.packing.chunk();
        let count = self.len.div_ceil(chunk);
        let at = index.saturating_mul(chunk);
        let len = chunk.min(self.len.saturating_sub(at));
        let (from, to) = self.place(storage, index, count)?;
        let held = to.checked_sub(from).filter(|held| *held <= len && *held > 0).ok_or_else(|| {
            let expected = format!("a chunk of 1 to {len} bytes");
            VolumeError::corrupt(self.stream(), from, expected, format!("one that ends at 0x{to:x}"))
        })?;
        let packed = self.packed.read(storage, self.cluster_size, from, held)?;
        if held == len {
            return Ok(packed);
        }
        self.packing.unpack(&packed, usize::try_from(len).unwrap_or(0)).map_err(|error| {
            VolumeError::corrupt(
                self.stream(),
                from,
                format!("a chunk ({:?})", self.packing),
                error.to_string(),
            )
        })
    }

    /// Where a chunk is in the stream: behind a table that says of each but the first where it begins, counted from the table's end.
    fn place(&self, storage: &dyn Storage, index: u64, count: u64) -> Result<(u64, u64), VolumeError> {
        let width: u64 = if self.len > u64::from(u32::MAX) { 8 } else { 4 };
        let table = count.saturating_sub(1).saturating_mul(width);
        let start = |index: u64| -> Result<u64, VolumeError> {
            let Some(entry) = index.checked_sub(1) else { return Ok(table) };
            let at = entry.saturating_mul(width);
            let bytes = self.packed.read(storage, self.cluster_size, at, width)?;
            let start = le_u64(&bytes, 0).or_else(|| le_u32(&bytes, 0).map(u64::from)).unwrap_or(0);
            Ok(table.saturating_add(start))
        };
        let next = index.saturating_add(1);
        let end = if next < count { start(next)? } else { self.packed.size() };
        Ok((start(index)?, end))
    }

    fn stream(&self) -> String {
        format!("{}:{STREAM}", self.path)
    }
}

impl Decode for Overlay {
    fn read_at(&self, storage: &dyn Storage, offset: u64, len: usize) -> Result<Vec<u8>, VolumeError> {
        let chunk = self.packing.chunk();
        let end = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX)).min(self.len);
        let mut bytes = Vec::new();
        let mut at = offset;
        while at < end {
            let (index, within) = (at.checked_div(chunk).unwrap_or(0), at.checked_rem(chunk).unwrap_or(0));
            let plain = self.chunk(storage, index)?;
            let until = end.saturating_sub(at).saturating_add(within).min(chunk);
            let range = usize::try_from(within).unwrap_or(0)..usize::try_from(until).unwrap_or(0);
            bytes.extend_from_slice(plain.get(range).unwrap_or_default());
            at = index.saturating_add(1).saturating_mul(chunk);
        }
        Ok(bytes)
    }
}
