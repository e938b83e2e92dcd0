//! UEFI:NTFS: a small FAT partition whose loader has a driver for NTFS, and goes on with `\EFI\Boot` of the NTFS partition beside it. Rufus
//! makes it.
//!
//! Source: Pete Batard, "uefi-ntfs", its README: `/efi/boot/bootx64.efi` reads a driver from `/efi/rufus/ntfs_x64.efi`.

use crate::bytes::utf16le;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::layout::system::is_program;
use crate::layout::system_file::SystemFile;
use crate::volume::FileSystem;
use crate::volume::Volume;

/// Its drivers; each is enough.
const DRIVERS: [&str; 3] =
    [r"\EFI\Rufus\ntfs_x64.efi", r"\EFI\Rufus\ntfs_ia32.efi", r"\EFI\Rufus\ntfs_aa64.efi"];
/// What its loader shows, in which it is UTF-16.
const NAME: &str = "UEFI:NTFS";
/// Its loader is some tens of kilobytes long; one that is longer is another's.
const LOADER_MAX: u64 = 256 << 10;

/// The volume of it. Looked for only where a volume that firmware does not read has files for UEFI.
#[must_use]
pub(super) fn find(volumes: &[Option<&Volume<'_>>], systems: &[SystemVolume]) -> Option<VolumeIndex> {
    systems.iter().find(|system| !system.is_fat && system.is_for_uefi())?;
    let is_it = |volume: &Volume<'_>| volume.file_system().is_fat() && is_uefi_ntfs(volume);
    VolumeIndex::each(volumes).find(|(_, volume)| volume.is_some_and(is_it)).map(|(index, _)| index)
}

fn is_uefi_ntfs(volume: &Volume<'_>) -> bool {
    let is_there = |path: &str| is_program(volume.find(path).ok().flatten().map(|entry| entry.kind));
    let loaders = SystemFile::FALLBACK.map(SystemFile::path).into_iter().filter(|path| is_there(path));
    let loaders: Vec<&str> = loaders.collect();
    let is_driver_there = || DRIVERS.into_iter().any(is_there);
    !loaders.is_empty() && (is_driver_there() || loaders.iter().any(|path| is_named(volume, path)))
}

/// Whether the loader says that it is UEFI:NTFS.
fn is_named(volume: &Volume<'_>, path: &str) -> bool {
    let name = utf16le(NAME);
    let bytes = volume.read(path, LOADER_MAX).ok().flatten().unwrap_or_default();
    bytes.windows(name.len()).any(|window| window == name)
}

/// Whether UEFI firmware reads a volume: FAT; what cannot be told is taken to be so.
#[must_use]
pub(super) fn is_read_by_firmware(volume: Option<&Volume<'_>>) -> bool {
    volume.is_none_or(|volume| volume.file_system() != FileSystem::Ntfs)
}
