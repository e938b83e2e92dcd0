//! An EFI system partition that another system's installer had: formatted anew, with that system's loaders, or not formatted at all.
//! The partition stays, with its GUID.

use std::io::Write;

use anyhow::Context;
use anyhow::Result;
use bcdrescue::partition::Partition;
use bcdrescue::storage::window::Window;
use bcdrescue::volume::Volume;

use crate::disk::Disk;
use crate::fat;
use crate::fat::VOLUME;
use crate::field::put;
use crate::place::gpt_only;
use crate::place::system;
use crate::target::Target;
use crate::wipe::wipe;

/// Where firmware looks when it has no entry; on the bases a copy of the boot manager.
const FALLBACK: &str = "EFI/Boot/bootx64.efi";
/// More than is read of it.
const LOADER_MAX: u64 = 1 << 20;
/// Where a program for x64 of the bases says where its resources are.
const RESOURCES: usize = 0x118;
/// A loader of another system is longer than Windows': one as long would be taken for its copy.
const FOREIGN_LEN: usize = 5000;
/// Windows' directory, what is in it, and what Debian has in one of its own.
const WINDOWS: &str = "EFI/Microsoft";
const OF_WINDOWS: [&str; 2] = ["Boot", "Recovery"];
const DEBIAN: &str = "EFI/debian";
const OF_DEBIAN: [&str; 2] = ["shimx64.efi", "grubx64.efi"];

/// It was formatted anew, and nothing was put there.
pub(crate) fn empty(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    unformatted(disk, target)?;
    fat::format(disk, system(target.layout)?, target.layout.table.sector_size)
}

/// A Linux was installed in the place of Windows, and Windows' volume was kept. The crate makes no directory that fsck.fat finds no
/// fault with, so that its directory becomes that of Linux.
pub(crate) fn foreign(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    let partition = system(target.layout)?;
    let loader = foreign_loader(disk, partition)?;
    for folder in OF_WINDOWS {
        fat::remove(disk, partition, &format!("{WINDOWS}/{folder}"), |name| !name.starts_with('.'))?;
    }
    let volume = fat::open(disk, partition)?;
    let root = volume.root_dir();
    for folder in OF_WINDOWS {
        root.remove(&format!("{WINDOWS}/{folder}")).context(VOLUME)?;
    }
    root.rename(WINDOWS, &root, DEBIAN).context(VOLUME)?;
    let names = OF_DEBIAN.map(|name| format!("{DEBIAN}/{name}"));
    for path in names.iter().map(String::as_str).chain([FALLBACK]) {
        let mut file = root.create_file(path).context(VOLUME)?;
        file.write_all(&loader).and_then(|()| file.flush()).context(VOLUME)?;
    }
    drop(root);
    volume.unmount().context(VOLUME)
}

/// It was wiped, or made anew and not formatted.
pub(crate) fn unformatted(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    wipe(disk, system(target.layout)?)
}

/// A program that is not Windows': without a version, and of another length.
fn foreign_loader(disk: &Disk, partition: &Partition) -> Result<Vec<u8>> {
    let window = Window::new(disk, partition.start, partition.len);
    let found = Volume::open(&window)?.read(&FALLBACK.replace('/', r"\"), LOADER_MAX)?;
    let mut loader = found.with_context(|| format!("there is no {FALLBACK}"))?;
    put(&mut loader, RESOURCES, &[0; 8])?;
    loader.resize(FOREIGN_LEN, 0);
    Ok(loader)
}
