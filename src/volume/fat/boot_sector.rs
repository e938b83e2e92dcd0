//! The FAT boot sector (BPB): where the tables, the root directory and the clusters lie.
//!
//! Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;
use crate::volume::error::VolumeError;
use crate::volume::file_system::FileSystem;

/// Width of the entries of the table, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    Bits12,
    Bits16,
    Bits32,
}

/// How many sectors the root directory of FAT12 and FAT16 takes where its entries fill no whole number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// The last one is whole, as the specification has it, with mkfs.fat, fsck.fat and UEFI firmware (EDK II).
    Up,
    /// The last one is left out, as mtools has it.
    Down,
}

/// The layout of a FAT volume. Offsets and sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BootSector {
    pub(crate) width: Width,
    pub(crate) sector_size: u32,
    pub(crate) cluster_size: u32,
    /// Clusters; they are numbered from 2.
    pub(crate) clusters: u32,
    /// First byte of each copy of the table that is in use; the first of them is the one to believe.
    pub(crate) tables: Vec<u64>,
    /// First byte and length of the root directory of FAT12 and FAT16.
    pub(crate) root: (u64, u64),
    /// Entries of the root directory, as the boot sector has them; none on FAT32.
    pub(crate) root_entries: u32,
    /// How its sectors are counted.
    pub(crate) rounding: Rounding,
    /// First cluster of the root directory of FAT32.
    pub(crate) root_cluster: u32,
    /// First byte of cluster 2.
    pub(crate) data: u64,
    /// The state byte: bit 0 is "not cleanly unmounted", bit 1 "the medium has errors".
    pub(crate) state: u8,
    /// Serial number, where the extended signature says that there is one.
    pub(crate) serial: Option<u32>,
}

impl BootSector {
    /// From the first bytes of a volume of `len` bytes.
    ///
    /// # Errors
    /// [`VolumeError::Corrupt`] naming the first field that makes no sense.
    pub(crate) fn decode(head: &[u8], len: u64) -> Result<Self, VolumeError> {
        Self::decode_as(head, len, Rounding::Up)
    }

    /// The same with the sectors of the root directory counted as `rounding` says.
    ///
    /// # Errors
    /// As [`BootSector::decode`].
    pub(crate) fn decode_as(head: &[u8], len: u64, rounding: Rounding) -> Result<Self, VolumeError> {
        let fields = Fields::decode(head).ok_or_else(|| corrupt("length", 0, "512 bytes", head.len()))?;
        let Fields {
            sector_size,
            sectors_per_cluster,
            reserved,
            tables,
            root_entries,
            total,
            table_sectors,
            ..
        } = fields;
        if !sector_size.is_power_of_two() || !(512..=4096).contains(&sector_size) {
            return Err(corrupt("bytes per sector", 0x0b, "512 to 4096", sector_size));
        }
        if !sectors_per_cluster.is_power_of_two() || sectors_per_cluster > 128 {
            return Err(corrupt(
                "sectors per cluster",
                0x0d,
                "a power of two up to 128",
                sectors_per_cluster,
            ));
        }
        if reserved == 0 {
            return Err(corrupt("reserved sectors", 0x0e, "at least 1", reserved));
        }
        if !(1..=4).contains(&tables) {
            return Err(corrupt("number of tables", 0x10, "1 to 4", tables));
        }
        let bytes = |sectors: u64| sectors.saturating_mul(u64::from(sector_size));
        let entry_bytes = u64::from(root_entries).saturating_mul(32);
        let (root_sectors, root_bytes) = match rounding {
            Rounding::Up => (entry_bytes.div_ceil(u64::from(sector_size)), entry_bytes),
            Rounding::Down => {
                let sectors = entry_bytes.checked_div(u64::from(sector_size)).unwrap_or(0);
                (sectors, bytes(sectors))
            }
        };
        let all_tables = u64::from(tables).saturating_mul(u64::from(table_sectors));
        let root_sector = u64::from(reserved).saturating_add(all_tables);
        let data_sector = root_sector.saturating_add(root_sectors);
        if table_sectors == 0 || u64::from(total) <= data_sector || bytes(data_sector) >= len {
            return Err(corrupt("total sectors", 0x20, "more than FATs and root directory use", total));
        }
        let clusters =
            u64::from(total).saturating_sub(data_sector).checked_div(u64::from(sectors_per_cluster));
        let clusters = u32::try_from(clusters.unwrap_or(0)).unwrap_or(u32::MAX);
        let width = match clusters {
            0..4085 => Width::Bits12,
            4085..65525 => Width::Bits16,
            _ => Width::Bits32,
        };
        if (width == Width::Bits32) != fields.is_fat32 {
            return Err(corrupt("number of clusters", 0x20, "a number that matches the FAT type", clusters));
        }
        let needed = u64::from(clusters).saturating_add(2).saturating_mul(width.bits()).div_ceil(8);
        if bytes(u64::from(table_sectors)) < needed {
            return Err(corrupt("sectors per table", 0x16, "enough for all clusters", table_sectors));
        }
        let place = |index: u32| {
            let before = u64::from(index).saturating_mul(u64::from(table_sectors));
            bytes(u64::from(reserved).saturating_add(before))
        };
        Ok(Self {
            width,
            sector_size,
            cluster_size: sector_size.saturating_mul(sectors_per_cluster),
            clusters,
            tables: fields.tables_in_use().map(place).collect(),
            root: (bytes(root_sector), root_bytes),
            root_entries,
            rounding,
            root_cluster: fields.root_cluster,
            data: bytes(data_sector),
            state: fields.state,
            serial: fields.serial,
        })
    }

    /// Whether the entries of the root directory fill no whole number of sectors, so that programs do not agree on where
    /// the clusters begin.
    pub(crate) fn is_uneven(&self) -> bool {
        let bytes = u64::from(self.root_entries).saturating_mul(32);
        bytes.checked_rem(u64::from(self.sector_size)).is_some_and(|rest| rest != 0)
    }

    pub(crate) fn file_system(&self) -> FileSystem {
        match self.width {
            Width::Bits12 => FileSystem::Fat12,
            Width::Bits16 => FileSystem::Fat16,
            Width::Bits32 => FileSystem::Fat32,
        }
    }

    /// First byte of a cluster, or `None` when there is no such cluster.
    pub(crate) fn place(&self, cluster: u32) -> Option<u64> {
        let index = cluster.checked_sub(2).filter(|index| *index < self.clusters)?;
        self.data.checked_add(u64::from(index).checked_mul(u64::from(self.cluster_size))?)
    }
}

impl Width {
    /// Bits of an entry.
    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::Bits12 => 12,
            Self::Bits16 => 16,
            Self::Bits32 => 32,
        }
    }
}

/// The fields as they stand.
struct Fields {
    sector_size: u32,
    sectors_per_cluster: u32,
    reserved: u32,
    tables: u32,
    root_entries: u32,
    total: u32,
    table_sectors: u32,
    is_fat32: bool,
    mirroring: u16,
    root_cluster: u32,
    state: u8,
    serial: Option<u32>,
}

impl Fields {
    fn decode(head: &[u8]) -> Option<Self> {
        slice(head, 0, 512)?;
        let half = |at| le_u16(head, at).map(u32::from);
        let byte = |at: usize| head.get(at).copied();
        let short_table = half(0x16)?;
        let is_fat32 = short_table == 0;
        let (state_at, signature_at) = if is_fat32 { (0x41, 0x42) } else { (0x25, 0x26) };
        let has_serial = matches!(byte(signature_at)?, 0x28 | 0x29);
        let short_total = half(0x13)?;
        Some(Self {
            sector_size: half(0x0b)?,
            sectors_per_cluster: u32::from(byte(0x0d)?),
            reserved: half(0x0e)?,
            tables: u32::from(byte(0x10)?),
            root_entries: if is_fat32 { 0 } else { half(0x11)? },
            total: if short_total == 0 { le_u32(head, 0x20)? } else { short_total },
            table_sectors: if is_fat32 { le_u32(head, 0x24)? } else { short_table },
            is_fat32,
            mirroring: if is_fat32 { le_u16(head, 0x28)? } else { 0 },
            root_cluster: if is_fat32 { le_u32(head, 0x2c)? } else { 0 },
            state: byte(state_at)?,
            serial: if has_serial { le_u32(head, signature_at.checked_add(1)?) } else { None },
        })
    }

    /// All copies, or the one that FAT32 names when it does not mirror.
    fn tables_in_use(&self) -> std::ops::Range<u32> {
        let active = u32::from(self.mirroring & 0x0f);
        if self.mirroring & 0x80 != 0 && active < self.tables {
            return active..active.saturating_add(1);
        }
        0..self.tables
    }
}

fn corrupt(what: &str, at: u64, expected: &str, found: impl std::fmt::Display) -> VolumeError {
    VolumeError::corrupt(format!("FAT boot sector, {what}"), at, expected, found.to_string())
}
