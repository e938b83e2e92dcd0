//! FAT32 volumes, as the crate for FAT makes and changes them.
//!
//! Source: Microsoft, "FAT: General Overview of On-Disk Format" (BPB_HiddSec, BPB_BkBootSec).

use std::io::Error;

use anyhow::Context;
use anyhow::Result;
use bcdrescue::partition::Partition;
use fatfs::FatType;
use fatfs::FileSystem;
use fatfs::FormatVolumeOptions;
use fatfs::FsOptions;

use crate::disk::Disk;
use crate::partition_file::PartitionFile;

/// The serial number of a volume that is formatted here.
const SERIAL: u32 = 0x1c0f_fee2;
/// "Hidden sectors" of a boot sector: the first sector of the partition.
const HIDDEN_SECTORS: u64 = 0x1c;
/// The sector with its copy.
const COPY: u64 = 6;
/// Where an error of the crate is.
pub(crate) const VOLUME: &str = "the FAT volume";

/// Formats the partition, with clusters of one sector.
pub(crate) fn format(disk: &mut Disk, partition: &Partition, sector_size: u32) -> Result<()> {
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .bytes_per_sector(u16::try_from(sector_size)?)
        .bytes_per_cluster(sector_size)
        .volume_id(SERIAL);
    fatfs::format_volume(PartitionFile::new(disk, partition), options).context(VOLUME)?;
    let sector_size = u64::from(sector_size);
    let first = partition.start.checked_div(sector_size).context("a disk without sectors")?;
    for at in [0, COPY * sector_size] {
        disk.put(partition.start + at + HIDDEN_SECTORS, &u32::try_from(first)?.to_le_bytes())?;
    }
    let volume = open(disk, partition)?;
    // Counts the free clusters, which the crate writes down when it is done.
    volume.stats().context(VOLUME)?;
    volume.unmount().context(VOLUME)
}

/// Removes files of a directory, those of these names.
pub(crate) fn remove(
    disk: &mut Disk,
    partition: &Partition,
    folder: &str,
    is_one: impl Fn(&str) -> bool,
) -> Result<()> {
    let volume = open(disk, partition)?;
    let folder = folder.trim_start_matches('\\').replace('\\', "/");
    let directory = volume.root_dir().open_dir(&folder).context(VOLUME)?;
    let names: Result<Vec<String>, _> = directory.iter().map(|entry| Ok(entry?.file_name())).collect();
    let names = names.map_err(|error: Error| error).context(VOLUME)?;
    for name in names.iter().filter(|name| is_one(name)) {
        directory.remove(name).with_context(|| name.clone())?;
    }
    drop(directory);
    volume.unmount().context(VOLUME)
}

/// The volume in this partition.
pub(crate) fn open<'a>(disk: &'a mut Disk, partition: &Partition) -> Result<FileSystem<PartitionFile<'a>>> {
    FileSystem::new(PartitionFile::new(disk, partition), FsOptions::new()).context(VOLUME)
}
