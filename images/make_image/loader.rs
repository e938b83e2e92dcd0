//! A loader that is there and is none.

use anyhow::Result;

use crate::disk::Disk;
use crate::place::file_of_windows;
use crate::place::loader;
use crate::place::windows;
use crate::target::Target;

/// The loader has its length and holds zeros: the power was cut when NTFS had noted the file and not yet its bytes.
pub(crate) fn zeros(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let path = format!(r"\Windows\System32\{}", loader(target.layout)?);
    let start = windows(target.layout)?.start;
    for extent in file_of_windows(disk, target.layout, &path)? {
        disk.put(start + extent.volume_offset, &vec![0; usize::try_from(extent.len)?])?;
    }
    Ok(())
}
