//! One partition with what was found on it.

use crate::layout::known::Cause;
use crate::layout::known::Known;
use crate::layout::missing::Missing;
use crate::layout::unread::Unread;
use crate::layout::windows::Asleep;
use crate::partition::Partition;
use crate::volume::BootRecord;
use crate::volume::FileSystem;

/// What a partition is for, by what was found on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeRole {
    /// Boot manager and store, no Windows.
    System,
    /// Windows, no boot manager.
    Windows,
    /// Boot manager, store and Windows on one volume.
    SystemAndWindows,
    /// Windows recovery environment.
    Recovery,
    /// Microsoft reserved partition (no file system).
    Reserved,
    /// Nothing that matters for booting.
    Other,
}

/// One partition with what was found on it. Index in [`Layout::volumes`](crate::layout::Layout::volumes) = index in the table's partitions.
#[derive(Debug)]
pub struct VolumeFacts {
    /// The partition.
    pub partition: Partition,
    /// File system by content.
    pub file_system: FileSystem,
    /// Volume label.
    pub label: Option<String>,
    /// What it is for.
    pub role: VolumeRole,
    /// Why nothing on it can be read, when nothing can.
    pub unreadable: Option<Cause>,
    /// What could not be looked for on it, because something on the way cannot be read.
    pub unread: Vec<Unread>,
    /// Whether a Windows sleeps on it that was not seen, because something cannot be read. Of a seen one
    /// [`WindowsVolume::asleep`](crate::layout::windows::WindowsVolume::asleep) tells.
    pub asleep: Known<Asleep>,
    /// Its first sector is zeros, and the copy of an NTFS boot record is in its last one.
    pub has_spare: bool,
    /// How it goes on where there is nothing more.
    pub missing: Option<Missing>,
    /// Bytes by which its partition ends beyond the disk, whether or not anything is there.
    pub beyond: u64,
    /// Boot code starts its first sector: that ends in 55 aa (Microsoft, "Disk Concepts and Troubleshooting": "Missing operating
    /// system"), and is not zeros otherwise. What cannot be read is taken to be so.
    pub is_startable: bool,
    /// Its boot record, where it has one.
    pub boot_record: Option<BootRecord>,
}

impl VolumeFacts {
    /// Why it cannot be read, or not everywhere; `None` when it can.
    #[must_use]
    pub fn unread_reason(&self) -> Option<&Cause> {
        let unread = self.unread.first().map(|unread| &unread.cause);
        self.unreadable.as_ref().or(unread)
    }
}
