//! Boot code: what to write for a BIOS to start the system volume. It is taken from where Windows has put it on the same disk.

mod carriers;
mod change;
mod fat32;
mod master;
mod no_code;
mod ntfs;
mod search;
mod source;
mod target;

pub use change::CodeChange;
pub use master::mbr_code;
pub use no_code::NoCode;
pub use no_code::UnreadCarrier;
pub use source::Source;

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::boot_code::target::Target;
use crate::volume::FileSystem;
use crate::volume::Volume;

/// What makes the boot record of `system` start `\bootmgr`, and say where its volume begins, in the order in which it is to be written;
/// nothing where it does already. `volumes` are those of the layout.
///
/// # Errors
/// [`NoCode`]: the volume is not one for which there is such code, or none is on the disk.
pub fn record_code(
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
    system: VolumeIndex,
) -> Result<Vec<CodeChange>, NoCode> {
    let target = Target::new(volumes, layout, system)?;
    match target.volume.file_system() {
        FileSystem::Ntfs => ntfs::changes(&target, volumes, layout),
        FileSystem::Fat32 => fat32::changes(&target, volumes, layout),
        _ => Err(NoCode::FileSystem { partition: target.partition }),
    }
}
