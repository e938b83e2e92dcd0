//! The scheme up to Windows 8: a log of one flush, a bitmap of dirty pages and those pages.
//!
//! M. Suhanov, "Windows registry file format specification", Old format of transaction log files.

use super::RECOVERED_MAX;
use super::head::HEAD;
use super::head::Head;
use super::reason::Unfit;
use crate::bytes;
use crate::hive::base_block::BASE_BLOCK_SIZE;

/// Bytes of a page, for each of which the bitmap has a bit.
const PAGE: usize = 512;
/// Where the bitmap begins: behind the word "DIRT".
const BITMAP: usize = HEAD + 4;

/// The dirty pages: file offset in the hive and what belongs there.
pub(super) fn pages<'a>(log: &'a [u8], head: &Head) -> Result<Vec<(usize, &'a [u8])>, Unfit> {
    if bytes::slice(log, HEAD, 4) != Some(b"DIRT") {
        return Err(Unfit::NoPages);
    }
    let size = usize::try_from(head.bins_size).unwrap_or(usize::MAX);
    if size == 0 || !size.is_multiple_of(0x1000) || size.saturating_add(BASE_BLOCK_SIZE) > RECOVERED_MAX {
        return Err(Unfit::Bins(size));
    }
    // Eight pages to a byte: the size is a multiple of 4096.
    let bitmap = bytes::slice(log, BITMAP, size.div_ceil(8 * PAGE)).ok_or(Unfit::Bitmap(size))?;
    let mut data = BITMAP.saturating_add(bitmap.len()).next_multiple_of(PAGE);
    let mut all = Vec::new();
    for at in (0..size).step_by(PAGE) {
        let index = at.checked_div(PAGE).unwrap_or(0);
        let byte = bitmap.get(index.checked_div(8).unwrap_or(0)).copied().unwrap_or(0);
        let bit = u32::try_from(index.checked_rem(8).unwrap_or(0)).unwrap_or(0);
        if byte.checked_shr(bit).unwrap_or(0) & 1 == 0 {
            continue;
        }
        let page = bytes::slice(log, data, PAGE).ok_or(Unfit::Cut { len: log.len(), page: at })?;
        all.push((at.saturating_add(BASE_BLOCK_SIZE), page));
        data = data.saturating_add(PAGE);
    }
    if all.is_empty() { Err(Unfit::NoPages) } else { Ok(all) }
}
