//! Looks into the files that are started on the boot path, each once: boot manager, loaders, kernels.

use std::collections::BTreeSet;

use crate::bcd::Firmware;
use crate::bcd::element::ElementId;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::HEAD;
use crate::layout::boot_file::is_without_resources;
use crate::layout::boot_files::BootFile;
use crate::layout::boot_files::BootFiles;
use crate::layout::boot_files::Replaced;
use crate::layout::disk::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::known::Known;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::system::has_version;
use crate::layout::system_file::SystemFile;
use crate::volume::Volume;

/// Files that are looked into, at most; a usual disk has three or four.
const FILES_MAX: usize = 32;
/// What others call the boot manager that they replace (boot-repair, HackBGRT).
const REPLACED: [&str; 3] = [
    r"\EFI\Microsoft\Boot\bkpbootmgfw.efi",
    r"\EFI\Microsoft\Boot\bootmgfw-original.efi",
    r"\EFI\HackBGRT\bootmgfw-original.efi",
];

/// Looks into the files of the system volume that the firmware comes to, into the loaders that stores name, and into kernels.
pub(super) fn look_into(
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
    stores: &[&StoreFile],
) -> BootFiles {
    let system = layout.first_system();
    let mut wanted: BTreeSet<(VolumeIndex, String)> = BTreeSet::new();
    if let Some(system) = system {
        wanted.extend(of_system(system).map(|file| (system.volume, file.path().to_lowercase())));
    }
    for file in stores.iter().filter(|file| file.live) {
        let loaders = file.objects().iter().filter(|object| object.is_os_loader());
        for path in loaders.filter_map(|object| object.string(ElementId::PATH)) {
            wanted.extend(layout.evidence.volumes_with(path).map(|volume| (volume, path.to_lowercase())));
        }
    }
    let kernels = layout.windows.iter().filter(|windows| windows.kernel.is_yes());
    wanted.extend(kernels.map(|windows| (windows.volume, windows.kernel_path().to_lowercase())));
    let hals = layout.windows.iter().filter(|windows| windows.hal.as_ref().is_some_and(Known::is_yes));
    wanted.extend(hals.map(|windows| (windows.volume, windows.hal_path().to_lowercase())));
    let look = |(volume, path): (VolumeIndex, String)| {
        let file = file(volume.opened(volumes)?, &path)?;
        Some(((volume, path), file))
    };
    let files = wanted.into_iter().take(FILES_MAX).filter_map(look).collect();
    let replaced = system
        .filter(|system| system.uefi_boot_manager)
        .and_then(|system| replaced(system.volume.opened(volumes)?));
    BootFiles { files, replaced }
}

/// What starts from a system volume, by whichever firmware.
fn of_system(system: &SystemVolume) -> impl Iterator<Item = SystemFile> {
    let is_uefi = system.firmware() == Firmware::Uefi;
    let files = [
        system.bios_boot_manager.then_some(SystemFile::BiosBootManager),
        (!is_uefi && system.ntldr.is_some()).then_some(SystemFile::Ntldr),
        system.uefi_boot_manager.then_some(SystemFile::UefiBootManager),
    ];
    let ntldr = system.ntldr.as_ref().filter(|_| !is_uefi);
    let beside = ntldr.into_iter().flat_map(|ntldr| {
        [(&ntldr.detect, SystemFile::Ntdetect), (&ntldr.scsi_driver, SystemFile::ScsiDriver)]
    });
    let beside = beside.filter(|(known, _)| known.is_yes()).map(|(_, file)| file);
    files.into_iter().flatten().chain(beside).chain(system.fallbacks.iter().copied())
}

fn file(volume: &Volume<'_>, path: &str) -> Option<BootFile> {
    let (len, form) = volume.form(path).ok()??;
    let (content, is_bare) = match begin(volume, path) {
        Ok((len, head)) => (Ok(Content::of(len, &head)), is_without_resources(&head) == Some(true)),
        Err(cause) => (Err(cause), false),
    };
    Some(BootFile { len, form, content, is_bare })
}

fn content(volume: &Volume<'_>, path: &str) -> Result<Content, Cause> {
    let (len, head) = begin(volume, path)?;
    Ok(Content::of(len, &head))
}

/// The length of a file, and what it begins with.
fn begin(volume: &Volume<'_>, path: &str) -> Result<(u64, Vec<u8>), Cause> {
    let file = volume.open_file(path)?.ok_or(Cause::NotThere)?;
    let head = usize::try_from(file.len()).unwrap_or(usize::MAX).min(HEAD);
    Ok((file.len(), file.read_at(0, head)?))
}

/// Another's boot manager under the name of Windows', which lies beside it under a name of its own.
fn replaced(volume: &Volume<'_>) -> Option<Replaced> {
    let is_there = |path: &&'static str| matches!(volume.find(path), Ok(Some(_)));
    let beside: Vec<&'static str> = REPLACED.into_iter().filter(is_there).collect();
    let first = *beside.first()?;
    if has_version(volume, SystemFile::UefiBootManager.path()) {
        return None;
    }
    let is_whole = |path: &str| content(volume, path).is_ok_and(|content| content.machine().is_some());
    let sound = beside.into_iter().find(|path| is_whole(path) && has_version(volume, path));
    Some(Replaced { path: sound.unwrap_or(first), is_of_windows: sound.is_some() })
}
