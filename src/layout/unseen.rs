//! What of a disk nobody can see, and what may be there.

use std::fmt;

use crate::bcd::Firmware;
use crate::layout::disk::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::system_file::SystemFile;
use crate::layout::unread::Unread;
use crate::layout::volume_facts::VolumeFacts;
use crate::layout::volume_facts::VolumeRole;
use crate::partition::TableKind;
use crate::partition::Unseen;
use crate::storage::first_failure::FailedRead;

/// Why something may be on a disk that nobody can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenPart<'a> {
    /// A read failed.
    FailedRead(&'a FailedRead),
    /// Records of partitions lie behind the end of the disk.
    Cut(&'a Unseen),
}

impl fmt::Display for UnseenPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FailedRead(read) => read.as_str(),
            Self::Cut(unseen) => unseen.reason(),
        })
    }
}

impl Layout {
    /// A sentence about what is not as it should be; where a part of the disk cannot be read, with that.
    #[must_use]
    pub fn with_failed_read(&self, sentence: String) -> String {
        match &self.failed_read {
            Some(error) => format!("{sentence}; part of the disk {}: {error}", error.how()),
            None => sentence,
        }
    }

    /// Why something may be on the disk that nobody can see: a read failed, or records of partitions lie behind its end.
    #[must_use]
    pub fn unseen(&self) -> Option<UnseenPart<'_>> {
        let cut = self.table.unseen.as_ref().filter(|unseen| matches!(unseen, Unseen::Cut(_)));
        self.failed_read.as_ref().map(UnseenPart::FailedRead).or(cut.map(UnseenPart::Cut))
    }

    /// A volume that nobody can read, because reads of the disk fail, and that may hold anything.
    #[must_use]
    pub fn unread_volume(&self) -> Option<VolumeIndex> {
        let is_unread =
            |facts: &VolumeFacts| facts.unreadable.is_some() && facts.role != VolumeRole::Reserved;
        self.failed_read.as_ref().and_then(|_| self.find_volume(is_unread))
    }

    /// The volume on which nobody can tell whether a store is where the firmware looks for it, and why; `None` when that can be told.
    #[must_use]
    pub fn unread_store(&self) -> Option<(VolumeIndex, &Unread)> {
        let is_of = |unread: &Unread, volume: VolumeIndex| {
            let is_uefi = self.is_esp(volume) || self.table.kind == TableKind::Gpt;
            let firmware = if is_uefi { Firmware::Uefi } else { Firmware::Bios };
            unread.file.is_store() && unread.file.firmware() == firmware
        };
        let is_store = |unread: &&Unread| unread.file.is_store();
        let unread = |volume: VolumeIndex| {
            let all = || self.volume(volume).into_iter().flat_map(|facts| &facts.unread);
            let found = all().find(|unread| is_of(unread, volume)).or_else(|| all().find(is_store))?;
            Some((volume, found))
        };
        let of_systems = self.systems.iter().find_map(|system| unread(system.volume));
        of_systems.or_else(|| {
            let is_active = |volume: &VolumeIndex| self.volume(*volume).is_some_and(|it| it.partition.active);
            let starts = |volume: &VolumeIndex| is_active(volume) || self.is_esp(*volume);
            self.volume_indices().filter(starts).find_map(unread)
        })
    }

    /// Why nobody can tell whether one of these files is on a volume that cannot be read everywhere.
    #[must_use]
    pub fn unread_on(&self, volume: VolumeIndex, files: &[SystemFile]) -> Option<&Unread> {
        // What is damaged and can be read, no firmware finds its way through either.
        let facts = self.volume(volume).filter(|_| self.hides(volume))?;
        facts.unread.iter().find(|unread| files.contains(&unread.file))
    }

    /// Whether what is damaged or not found on a volume may be there, and only the medium or the image lacks it.
    #[must_use]
    pub fn hides(&self, volume: VolumeIndex) -> bool {
        let is_cut = self.volume(volume).is_some_and(|facts| facts.missing.is_some());
        self.failed_read.is_some() || is_cut
    }
}
