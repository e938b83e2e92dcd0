//! A Windows that sleeps.

use anyhow::Context;
use anyhow::Result;

use crate::disk::Disk;
use crate::place::file_of_windows;
use crate::place::windows;
use crate::target::Target;

/// What Windows saves its memory in.
const FILE: &str = r"\hiberfil.sys";
/// What a session begins with that is to be resumed (ntfs-3g, which mounts no such volume for writing).
const SIGNATURE: &[u8] = b"hibr";

/// A session was saved, or Windows was shut down with fast startup. Behind the signature there is none.
pub(crate) fn hibernated(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let extents = file_of_windows(disk, target.layout, FILE)?;
    let first = extents.first().with_context(|| format!("{FILE} is empty"))?;
    Ok(disk.put(windows(target.layout)?.start + first.volume_offset, SIGNATURE)?)
}
