//! Small texts of Windows that are changed in a few places: `boot.ini`, `ReAgent.xml`.

use crate::layout::boot_ini;
use crate::layout::disk::Layout;
use crate::layout::extent::DiskExtent;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WinreIndex;
use crate::layout::known::Cause;
use crate::layout::obstacle::NotWritable;
use crate::layout::reagent;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextFile {
    /// `\boot.ini` on a volume.
    BootIni(VolumeIndex),
    /// A `ReAgent.xml`.
    ReAgent(WinreIndex),
}

/// Where it is, and what stands against writing it.
#[derive(Debug, Clone, Copy)]
pub struct TextFilePlace<'a> {
    /// Index of the volume in the layout.
    pub volume: VolumeIndex,
    /// Path on it.
    pub path: &'a str,
    /// Bytes of one that is read, at most.
    pub len_max: u64,
    /// Where its bytes lie on the disk, or why they have no place that may be overwritten: most lie in their record of the file system.
    pub extents: &'a Result<Vec<DiskExtent>, Cause>,
    /// Why the volume must not be written now.
    pub obstacles: &'a [NotWritable],
}

impl Layout {
    /// Where a text is; `None` where there is none.
    #[must_use]
    pub fn text_file(&self, file: TextFile) -> Option<TextFilePlace<'_>> {
        match file {
            TextFile::BootIni(volume) => {
                let systems = self.systems.iter().filter(|system| system.volume == volume);
                let ntldr = systems.filter_map(|system| system.ntldr.as_ref()).next()?;
                let (extents, obstacles) = (&ntldr.place, ntldr.obstacles.as_slice());
                let (path, len_max) = (boot_ini::PATH, boot_ini::LEN_MAX);
                Some(TextFilePlace { volume, path, len_max, extents, obstacles })
            }
            TextFile::ReAgent(index) => {
                let file = index.of(&self.winre)?;
                let len_max = u64::try_from(reagent::SIZE_MAX).unwrap_or(u64::MAX);
                let (volume, path) = (file.volume, file.path.as_str());
                let (extents, obstacles) = (&file.place, file.obstacles.as_slice());
                Some(TextFilePlace { volume, path, len_max, extents, obstacles })
            }
        }
    }
}
