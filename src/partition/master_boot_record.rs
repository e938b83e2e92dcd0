//! The master boot record: four entries at byte 0x1be of LBA 0, the disk signature at 0x1b8.

use crate::bytes::array;
use crate::bytes::le_u32;
use crate::bytes::slice;
use crate::partition::table::BootCode;
use crate::partition::table::PartitionType;

/// Bytes that an MBR takes, whatever the sector size.
pub(crate) const SIZE_IN_BYTES: u64 = 512;

/// Bytes of the program in an MBR, before the signature.
pub(crate) const CODE_SIZE: usize = 0x1b8;

/// What the first sector of a disk has for a BIOS to start. GRUB's boot.img has its name among its messages.
pub(crate) fn boot_code(sector: &[u8]) -> BootCode {
    let code = sector.get(..CODE_SIZE).unwrap_or_default();
    if code.iter().all(|byte| *byte == 0) {
        return BootCode::None;
    }
    if code.windows(4).any(|window| window == b"GRUB" || window == b"LILO") {
        BootCode::Grub
    } else {
        BootCode::Present
    }
}

/// One 16-byte entry. Sectors are of the disk's logical size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Boot flag: 0x80 active, 0 not; nothing else is defined.
    pub(crate) flag: u8,
    /// System indicator; 0 means that the entry is free.
    pub(crate) kind: u8,
    /// First sector: absolute in an MBR, relative in an extended boot record.
    pub(crate) start: u32,
    /// Length in sectors.
    pub(crate) sectors: u32,
}

impl Entry {
    /// The entry at byte `at` of a sector.
    pub(crate) fn decode(sector: &[u8], at: usize) -> Option<Self> {
        let [flag, _, _, _, kind, ..] = array::<16>(sector, at)?;
        Some(Self {
            flag,
            kind,
            start: le_u32(sector, at.checked_add(8)?)?,
            sectors: le_u32(sector, at.checked_add(12)?)?,
        })
    }

    /// Whether the entry names a partition.
    pub(crate) fn is_used(&self) -> bool {
        self.kind != 0 && self.sectors != 0
    }

    /// Its first byte, where sectors are of this size.
    pub(crate) fn start_at(&self, sector_size: u32) -> u64 {
        u64::from(self.start).saturating_mul(u64::from(sector_size))
    }

    /// A container of logical partitions.
    pub(crate) fn is_extended(&self) -> bool {
        self.is_used() && PartitionType::Mbr(self.kind).is_extended()
    }

    /// The entry that says "the table is a GPT".
    pub(crate) fn is_protective(&self) -> bool {
        self.kind == 0xee
    }
}

/// What LBA 0 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MasterBootRecord {
    /// Disk signature, byte 0x1b8.
    pub(crate) signature: u32,
    /// The four entries.
    pub(crate) entries: [Entry; 4],
}

impl MasterBootRecord {
    /// From the first 512 bytes of a disk; `None` without 0x55aa.
    pub(crate) fn decode(sector: &[u8]) -> Option<Self> {
        if slice(sector, 0x1fe, 2)? != [0x55, 0xaa] {
            return None;
        }
        Some(Self {
            signature: le_u32(sector, 0x1b8)?,
            entries: [
                Entry::decode(sector, 0x1be)?,
                Entry::decode(sector, 0x1ce)?,
                Entry::decode(sector, 0x1de)?,
                Entry::decode(sector, 0x1ee)?,
            ],
        })
    }

    /// Entries with their numbers as Linux counts them.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (1u32..).zip(&self.entries)
    }

    /// The entries in use beside the protective one, each with its number.
    pub(crate) fn beside(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.numbered().filter(|(_, entry)| entry.is_used() && !entry.is_protective())
    }

    /// A note when other entries stand beside the protective one.
    pub(crate) fn hybrid_note(&self) -> Option<String> {
        let beside = self.beside().count();
        (beside > 0).then(|| {
            format!(
                "hybrid MBR: {beside} entries in addition to the protective one; UEFI uses the GPT, a \
             BIOS uses these"
            )
        })
    }
}
