//! The volume whose boot record is written.

use crate::bytes::put;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::partition::TableKind;
use crate::repair::boot_code::change::CodeChange;
use crate::repair::boot_code::no_code::NoCode;
use crate::repair::boot_code::source::Source;
use crate::volume::BootRecord;
use crate::volume::HIDDEN_SECTORS_AT;
use crate::volume::Volume;

/// The drive that a BIOS starts from, on NTFS.
const NTFS_DRIVE_AT: usize = 0x24;
/// The same on FAT32.
const FAT32_DRIVE_AT: usize = 0x40;
const DRIVE: u8 = 0x80;

/// The volume whose boot record is written.
pub(super) struct Target<'v, 'a> {
    pub(super) index: VolumeIndex,
    pub(super) volume: &'v Volume<'a>,
    pub(super) record: BootRecord,
    /// Number of its partition.
    pub(super) partition: u32,
    /// First byte on the disk.
    start: u64,
    /// Its first sector, where a boot record has that.
    first_sector: Option<u32>,
}

impl<'v, 'a> Target<'v, 'a> {
    /// The volume with this index, when it can be started by a BIOS at all.
    pub(super) fn new(
        volumes: &[Option<&'v Volume<'a>>],
        layout: &Layout,
        index: VolumeIndex,
    ) -> Result<Self, NoCode> {
        if layout.table.kind == TableKind::Gpt {
            return Err(NoCode::Gpt);
        }
        let (Some(facts), Some(volume)) = (layout.volume(index), index.opened(volumes)) else {
            return Err(NoCode::NoVolume);
        };
        let (partition, start) = (facts.partition.number, facts.partition.start);
        if let Some(damage) = volume.damage() {
            return Err(NoCode::Unread { partition, cause: Cause::Damaged(damage.clone()) });
        }
        let record = facts.boot_record.ok_or(NoCode::FileSystem { partition })?;
        // Of a logical partition some programs count from the container, others from the disk; nothing starts from it.
        let is_counted = partition != 0 && !facts.partition.logical;
        let first = start.checked_div(u64::from(layout.table.sector_size)).filter(|_| is_counted);
        let first_sector = first.and_then(|first| u32::try_from(first).ok());
        Ok(Self { index, volume, record, partition, start, first_sector })
    }

    /// Bytes of the volume.
    pub(super) fn read(&self, at: u64, len: usize) -> Result<Vec<u8>, NoCode> {
        let unread = |cause| NoCode::Unread { partition: self.partition, cause };
        self.volume.bytes_at(at, len).map_err(|error| unread(error.into()))
    }

    /// The sectors of the record and of the code have to be of this size.
    pub(super) fn needs_sectors(&self, expected: u32, layout: &Layout) -> Result<(), NoCode> {
        let partition = self.partition;
        let sizes = [self.record.sector_size, layout.table.sector_size];
        match sizes.into_iter().find(|size| *size != expected) {
            Some(found) => Err(NoCode::SectorSize { partition, expected, found }),
            None => Ok(()),
        }
    }

    /// Puts right what an NTFS boot sector says of its place.
    pub(super) fn place_ntfs(&self, sector: &mut [u8]) {
        self.place(sector, NTFS_DRIVE_AT);
    }

    /// Puts right what a FAT32 boot sector says of its place.
    pub(super) fn place_fat32(&self, sector: &mut [u8]) {
        self.place(sector, FAT32_DRIVE_AT);
    }

    fn place(&self, sector: &mut [u8], drive_at: usize) {
        if let Some(first) = self.first_sector {
            put(sector, usize::try_from(HIDDEN_SECTORS_AT).unwrap_or(usize::MAX), &first.to_le_bytes());
        }
        put(sector, drive_at, &[DRIVE]);
    }

    /// The change of bytes from byte `at` of the volume on; none where they stay what they are.
    pub(super) fn change(&self, at: u64, before: &[u8], after: &[u8], from: &Source) -> Option<CodeChange> {
        let at = self.start.checked_add(at)?;
        let change = || CodeChange { at, before: before.to_vec(), after: after.to_vec(), from: from.clone() };
        (before != after).then(change)
    }
}
