//! A loader that is there and is none.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::layout::Firmware;
use bcdrescue::storage::window::Window;
use bcdrescue::volume::FileSystem;
use bcdrescue::volume::Volume;

use crate::disk::Disk;
use crate::place::store;
use crate::place::windows;
use crate::target::Target;

/// The loader has its length and holds zeros: the power was cut when NTFS had noted the file and not yet its bytes.
pub(crate) fn zeros(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let path = match store(target.layout)?.firmware {
        Firmware::Bios => r"\Windows\System32\winload.exe",
        Firmware::Uefi => r"\Windows\System32\winload.efi",
    };
    let partition = windows(target.layout)?;
    let window = Window::new(&*disk, partition.start, partition.len);
    let volume = Volume::open(&window)?;
    ensure!(volume.file_system() != FileSystem::BitLocker, "its volume is encrypted already");
    let file = volume.extents(path)?.with_context(|| format!("this Windows has no {path}"))?;
    drop(volume);
    for extent in file.extents {
        disk.put(partition.start + extent.volume_offset, &vec![0; usize::try_from(extent.len)?])?;
    }
    Ok(())
}
