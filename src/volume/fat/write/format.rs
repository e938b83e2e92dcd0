//! A new FAT32 over whatever a partition holds: made by the crate `fatfs` on a draft, with what it leaves open filled in.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use crate::bytes::le_u16;
use crate::storage::Storage;
use crate::storage::reader::fence;
use crate::volume::boot_record::HIDDEN_SECTORS_AT;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;
use crate::volume::fat::write::draft::Draft;
use crate::volume::fat::write::draft::Phase;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::error::FatWriteError;
use crate::volume::fat::write::info;
use crate::volume::piece::Piece;

/// The largest volume that is made, as in Windows' own formatting.
const MOST: u64 = 32 << 30;
/// Clusters that tell FAT32 from FAT16, with the distance that the specification advises, for programs that count them
/// otherwise.
const LEAST_CLUSTERS: u32 = 65_525 + 16;
/// Bytes of the largest cluster that is chosen.
const LARGEST_CLUSTER: u32 = 16 << 10;
/// The sector that has a copy of the boot sector, and the one of FSInfo; that has a copy behind the former.
const COPY: u64 = 6;
const INFO: u64 = 1;

/// What a new volume is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FatFormat<'l> {
    /// Bytes of a sector of the disk: 512 to 4096.
    pub sector_size: u32,
    /// Sectors of the disk before the partition.
    pub hidden_sectors: u32,
    /// Serial number.
    pub serial: u32,
    /// Label, of at most 11 ASCII characters that an 8.3 name may have, or spaces; it is kept in upper case.
    pub label: Option<&'l str>,
}

/// The pieces that make a FAT32 of all of `storage`, stage by stage: the boot sector and its copy last. What is there is
/// neither asked nor kept.
///
/// # Errors
/// No FAT32 fits, or the label is none.
pub fn format(storage: &dyn Storage, wanted: FatFormat<'_>) -> Result<Vec<Vec<Piece>>, FatWriteError> {
    let FatFormat { sector_size, .. } = wanted;
    let least = match sector_size {
        512 => 34 << 20,
        1024 => 66 << 20,
        2048 => 130 << 20,
        4096 => 257 << 20,
        _ => return Err(FatWriteError::SectorSize(sector_size)),
    };
    let len = storage.len();
    if !(least..=MOST).contains(&len) {
        return Err(FatWriteError::Length { len, sector_size, least, most: MOST });
    }
    let label = wanted.label.map(label).transpose()?;
    // Clusters of 4 KiB are as good as any; where they are too few, or their table too long, there are others.
    let preferred = u32::try_from(len >> 20).unwrap_or(u32::MAX).clamp(4096, LARGEST_CLUSTER);
    let mut cluster_size = preferred.next_power_of_two().max(sector_size);
    while cluster_size >= sector_size {
        let mut draft = made(storage, wanted, label, cluster_size)?;
        if complete(&mut draft, wanted.hidden_sectors)? {
            return Ok(draft.into_stages());
        }
        cluster_size >>= 1;
    }
    Err(FatWriteError::Length { len, sector_size, least, most: MOST })
}

fn made<'a>(
    storage: &'a dyn Storage,
    wanted: FatFormat<'_>,
    label: Option<[u8; 11]>,
    cluster_size: u32,
) -> Result<Draft<'a>, FatWriteError> {
    let mut place = Place { draft: Draft::new(storage), sector_size: u64::from(wanted.sector_size), at: 0 };
    let sectors = storage.len().checked_div(place.sector_size).unwrap_or(0);
    let options = fatfs::FormatVolumeOptions::new()
        .bytes_per_sector(u16::try_from(wanted.sector_size).unwrap_or(512))
        .bytes_per_cluster(cluster_size)
        .total_sectors(u32::try_from(sectors).unwrap_or(u32::MAX))
        .fat_type(fatfs::FatType::Fat32)
        .media(0xf8)
        .drive_num(0x80)
        .heads(255)
        .sectors_per_track(63)
        .volume_id(wanted.serial);
    let options = match label {
        Some(label) => options.volume_label(label),
        None => options,
    };
    match fence(|| fatfs::format_volume(&mut place, options)) {
        Ok(Ok(())) => Ok(place.draft),
        Ok(Err(error)) => Err(FatWriteError::Made(error.to_string())),
        Err(panic) => Err(FatWriteError::Made(panic.to_string())),
    }
}

/// Fills in what the crate leaves open; `false` where it is no FAT32 by its clusters.
fn complete(draft: &mut Draft<'_>, hidden: u32) -> Result<bool, FatWriteError> {
    let head = draft.read_vec(0, 512)?;
    let Ok(boot) = BootSector::decode(&head, draft.len()) else { return Ok(false) };
    if boot.width != Width::Bits32 || boot.clusters < LEAST_CLUSTERS {
        return Ok(false);
    }
    let size = u64::from(boot.sector_size);
    let reserved = u64::from(le_u16(&head, 0x0e).unwrap_or(0));
    let at = |sector: u64| sector.saturating_mul(size);
    let zeros = vec![0; usize::try_from(size).unwrap_or(0)];
    for sector in (0..reserved).filter(|sector| ![0, INFO, COPY].contains(sector)) {
        draft.put(at(sector), &zeros, Phase::Contents)?;
    }
    // The root directory has the first cluster.
    let fields = info::fields(boot.clusters.saturating_sub(1), boot.root_cluster.saturating_add(1));
    draft.put(at(INFO).saturating_add(info::FREE_AT), &fields, Phase::Contents)?;
    let whole = draft.read_vec(at(INFO), zeros.len())?;
    draft.put(at(COPY.saturating_add(INFO)), &whole, Phase::Contents)?;
    for sector in [0, COPY] {
        let place = at(sector).saturating_add(HIDDEN_SECTORS_AT);
        draft.put(place, &hidden.to_le_bytes(), Phase::Names)?;
    }
    Ok(true)
}

/// A label as its entry has it.
fn label(text: &str) -> Result<[u8; 11], FatWriteError> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b" $%'-_@~`!(){}^#&".contains(&byte);
    let upper = text.to_ascii_uppercase();
    let starts = upper.bytes().next().is_some_and(|byte| byte != b' ');
    let padded = format!("{upper:<11}");
    match <[u8; 11]>::try_from(padded.as_bytes()) {
        Ok(bytes) if starts && bytes.iter().all(|byte| is_fit(*byte)) => Ok(bytes),
        _ => Err(FatWriteError::Name(text.to_owned())),
    }
}

/// A position on a draft, for the crate: the boot sector and its copy go into a later phase than all else.
struct Place<'a> {
    draft: Draft<'a>,
    sector_size: u64,
    at: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.draft.read_at(self.at, buf).map_err(io::Error::other)?;
        self.at = self.at.saturating_add(wide(buf.len()));
        Ok(buf.len())
    }
}

impl Write for Place<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let sector = self.at.checked_div(self.sector_size).unwrap_or(0);
        let phase = if sector == 0 || sector == COPY { Phase::Names } else { Phase::Contents };
        // No write of the crate is longer than 512 bytes, and none begins in one sector and ends in another.
        self.draft.put(self.at, buf, phase).map_err(io::Error::other)?;
        self.at = self.at.saturating_add(wide(buf.len()));
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Place<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
            SeekFrom::End(delta) => self.draft.len().checked_add_signed(delta),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
