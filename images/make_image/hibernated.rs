//! A Windows that sleeps.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::storage::window::Window;
use bcdrescue::volume::FileSystem;
use bcdrescue::volume::Volume;

use crate::disk::Disk;
use crate::place::windows;
use crate::target::Target;

/// What Windows saves its memory in.
const FILE: &str = r"\hiberfil.sys";
/// Bytes that it has in the bases.
const FILE_MAX: u64 = 64 << 10;
/// What a session begins with that is to be resumed (ntfs-3g, which mounts no such volume for writing).
const SIGNATURE: &[u8] = b"hibr";

/// A session was saved, or Windows was shut down with fast startup. Behind the signature there is none.
pub(crate) fn hibernated(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let partition = windows(target.layout)?;
    let window = Window::new(&*disk, partition.start, partition.len);
    let volume = Volume::open(&window)?;
    ensure!(volume.file_system() != FileSystem::BitLocker, "its volume is encrypted already");
    let file = volume.locate(FILE, FILE_MAX)?;
    let file = file.with_context(|| format!("this Windows has no {FILE}"))?;
    let first = file.extents.first().with_context(|| format!("{FILE} is empty"))?;
    Ok(disk.put(partition.start + first.volume_offset, SIGNATURE)?)
}
