//! Files that are missing: moved aside, by a last letter that becomes an underscore (`bootmgr` to `bootmg_`).
//!
//! NTFS keeps a name twice, in the file's own record and in the index of its directory, and sorts that. A name that changes
//! in its last letter alone keeps its length, and among the names of Windows its place too. On FAT the crate for it does
//! the renaming.
//!
//! Source: the NTFS documentation of the Linux-NTFS project, "$FILE_NAME", "$INDEX_ALLOCATION", "Fixups".

use std::ops::Range;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use bcdrescue::bytes::le_u16;
use bcdrescue::bytes::le_u32;
use bcdrescue::bytes::utf16le;
use bcdrescue::layout::Firmware;
use bcdrescue::partition::Partition;
use bcdrescue::volume::FileSystem;
use fatfs::FsOptions;

use crate::disk::CLUSTER;
use crate::disk::Disk;
use crate::partition_file::PartitionFile;
use crate::place;
use crate::place::store;
use crate::place::system;
use crate::place::windows;
use crate::target::Target;
use crate::wipe::clusters;

/// Fields of a file record: flags (bit 0: in use), bytes that are used, bytes that it has.
const RECORD_FLAGS: usize = 0x16;
const RECORD_USED: usize = 0x18;
const RECORD_SIZE: usize = 0x1c;
/// Where the index header of an index block begins, and in the block the bytes that are used, counted from there.
const INDEX_HEADER: usize = 0x18;
const INDEX_USED: usize = 0x1c;
/// A name's directory stands as many bytes before its length, and the root is this one.
const PARENT_BEFORE: usize = 0x40;
const ROOT: u32 = 5;
/// The namespaces of a name: POSIX, Win32, DOS, both.
const NAMESPACES: u8 = 4;

/// The boot manager was moved aside: by a hand that meant to replace it, or by a cleaning tool.
pub(crate) fn boot_manager(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let layout = target.layout;
    let firmware = store(layout).map(|store| store.firmware).ok();
    let paths: &[&str] = match firmware {
        // Its copy, which firmware falls back to, starts Windows as well.
        Some(Firmware::Uefi) => &["EFI/Microsoft/Boot/bootmgfw.efi", "EFI/Boot/bootx64.efi"],
        Some(Firmware::Bios) => &["bootmgr"],
        None => &["ntldr"],
    };
    paths.iter().try_for_each(|path| move_aside(disk, target, system(layout)?, path))
}

/// The loader was moved aside: `winload.exe` or `winload.efi`, whichever the firmware needs.
pub(crate) fn loader(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let path = format!("Windows/System32/{}", place::loader(target.layout)?);
    move_aside(disk, target, windows(target.layout)?, &path)
}

/// What NTLDR looks for hardware with was moved aside.
pub(crate) fn ntdetect(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    move_aside(disk, target, of_ntldr(target)?, "NTDETECT.COM")
}

/// What NTLDR reads its entries from was moved aside.
pub(crate) fn boot_ini(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    move_aside(disk, target, of_ntldr(target)?, "boot.ini")
}

/// The hardware abstraction layer of a Windows that NTLDR starts was moved aside.
pub(crate) fn hal(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    of_ntldr(target)?;
    move_aside(disk, target, windows(target.layout)?, "WINDOWS/system32/hal.dll")
}

/// The partition that NTLDR is on.
fn of_ntldr<'a>(target: &Target<'a>) -> Result<&'a Partition> {
    ensure!(store(target.layout).is_err(), "this is a damage to Windows that NTLDR starts");
    system(target.layout)
}

fn move_aside(disk: &mut Disk, target: &Target<'_>, partition: &Partition, path: &str) -> Result<()> {
    let file_system = target.layout.volumes.iter().find(|facts| facts.partition.start == partition.start);
    match file_system.map(|facts| facts.file_system) {
        Some(FileSystem::Ntfs) => on_ntfs(disk, partition, path),
        Some(FileSystem::Fat32) => on_fat(disk, partition, path),
        other => bail!("{path} lies on {other:?}, where nothing can be renamed"),
    }
}

/// Both places of the name are found by what stands before it: its length and its namespace. A record's fixups replace the
/// last two bytes of each sector, but never bytes of a name that was found.
fn on_ntfs(disk: &mut Disk, partition: &Partition, path: &str) -> Result<()> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let new = aside(name);
    let (old, new) = (utf16le(name), utf16le(&new));
    let mut places = Vec::new();
    for cluster in clusters(disk, partition)? {
        let bytes = disk.cluster(cluster)?;
        for used in used(&bytes) {
            let found = bytes.get(used.clone()).unwrap_or_default();
            for (within, found) in found.windows(old.len() + 2).enumerate() {
                let [len, namespace, text @ ..] = found else { continue };
                let is_name = usize::from(*len) * 2 == old.len() && *namespace < NAMESPACES;
                // A Windows keeps files of its own by the names of those in the root.
                let at = (used.start + within).checked_sub(PARENT_BEFORE);
                let parent = at.and_then(|at| le_u32(&bytes, at));
                if is_name && text == old && (parent == Some(ROOT)) != path.contains('/') {
                    places.push(cluster * CLUSTER + u64::try_from(used.start + within)? + 2);
                }
            }
        }
    }
    ensure!(places.len() == 2, "the name {name} stands in {} places, expected 2", places.len());
    for at in places {
        disk.put(at, &new)?;
    }
    Ok(())
}

/// The parts of a cluster that file records and index blocks use; behind them may stand what they once held.
fn used(cluster: &[u8]) -> Vec<Range<usize>> {
    let number = |at| le_u32(cluster, at).and_then(|number| usize::try_from(number).ok());
    let part = |at: usize, len: usize| at..at.saturating_add(len).min(cluster.len());
    if cluster.starts_with(b"INDX") {
        return number(INDEX_USED).map(|len| part(0, INDEX_HEADER + len)).into_iter().collect();
    }
    let Some(size) = number(RECORD_SIZE).filter(|size| cluster.starts_with(b"FILE") && *size > 0) else {
        return Vec::new();
    };
    let records = (0..cluster.len()).step_by(size);
    let in_use = |at: &usize| le_u16(cluster, at + RECORD_FLAGS).is_some_and(|flags| flags & 1 != 0);
    records.filter(in_use).filter_map(|at| Some(part(at, number(at + RECORD_USED)?))).collect()
}

fn on_fat(disk: &mut Disk, partition: &Partition, path: &str) -> Result<()> {
    let volume = PartitionFile::new(disk, partition);
    let file_system = fatfs::FileSystem::new(volume, FsOptions::new()).context("the FAT volume")?;
    let (folder, name) = path.rsplit_once('/').context("a path without a folder")?;
    let folder = file_system.root_dir().open_dir(folder).context("the FAT volume")?;
    folder.rename(name, &folder, &aside(name)).with_context(|| path.to_owned())?;
    drop(folder);
    file_system.unmount().context("the FAT volume")
}

/// The name with an underscore for its last letter.
fn aside(name: &str) -> String {
    let mut new = name.to_owned();
    new.pop();
    new.push('_');
    new
}
