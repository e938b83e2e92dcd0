//! FAT32: the code is in the first sector and in sector 12, and needs sectors of 512 bytes.

use crate::bytes::le_u16;
use crate::bytes::slice;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::boot_code::carriers;
use crate::repair::boot_code::change::CodeChange;
use crate::repair::boot_code::no_code::Kind;
use crate::repair::boot_code::no_code::NoCode;
use crate::repair::boot_code::no_code::Taken;
use crate::repair::boot_code::search::Search;
use crate::repair::boot_code::source::Source;
use crate::repair::boot_code::target::Target;
use crate::volume::FileSystem;
use crate::volume::Volume;
use crate::volume::boot_code::Fat32BootCode;

const SECTOR: usize = 512;
/// The sector with the second part of the code.
const SECOND: u16 = 12;
/// Fields of a boot sector: how many sectors are before the tables, and which of them are FSInfo and the backup.
const RESERVED_AT: usize = 0x0e;
const KEPT_AT: [usize; 2] = [0x30, 0x32];
/// The state of the volume, which systems change in the boot sector and not in its backup.
const STATE_AT: usize = 0x41;

pub(super) fn changes(
    target: &Target<'_, '_>,
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
) -> Result<Vec<CodeChange>, NoCode> {
    target.needs_sectors(512, layout)?;
    let record = target.read(0, Fat32BootCode::RECORD_SIZE)?;
    has_room(target, &record)?;
    let (code, from) = choose(target, &record, volumes, layout)?;
    let partition = target.partition;
    let mut after = code.written_over(&record).ok_or(NoCode::Record { partition })?;
    target.place_fat32(&mut after);
    let part = |at: usize| {
        let [before, after] = [&record, &after].map(|bytes| slice(bytes, at, SECTOR).unwrap_or_default());
        target.change(u64::try_from(at).unwrap_or(u64::MAX), before, after, &from)
    };
    // The first part loads the second, so it comes after it.
    let parts = [part(Fat32BootCode::SECOND_AT), copy(target, &record, &code, &from)?, part(0)];
    Ok(parts.into_iter().flatten().collect())
}

/// Nothing else is in sector 12.
fn has_room(target: &Target<'_, '_>, record: &[u8]) -> Result<(), NoCode> {
    let partition = target.partition;
    let reserved = le_u16(record, RESERVED_AT).unwrap_or(0);
    if reserved <= SECOND {
        return Err(NoCode::NoRoom { partition, reason: Taken::Tables(reserved) });
    }
    if KEPT_AT.into_iter().any(|at| le_u16(record, at) == Some(SECOND)) {
        return Err(NoCode::NoRoom { partition, reason: Taken::Kept });
    }
    Ok(())
}

fn choose(
    target: &Target<'_, '_>,
    record: &[u8],
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
) -> Result<(Fat32BootCode, Source), NoCode> {
    let own = Fat32BootCode::of_record(record);
    let mut search = Search::new();
    search.offer(own.clone().filter(Fat32BootCode::is_known), || Source::Record(target.partition));
    for (other, facts) in layout.volumes_indexed().filter(|(other, _)| is_other(layout, *other, target.index))
    {
        let Some(volume) = other.opened(volumes) else { continue };
        let record = volume.bytes_at(0, Fat32BootCode::RECORD_SIZE).unwrap_or_default();
        search.offer(Fat32BootCode::of_record(&record), || Source::Record(facts.partition.number));
    }
    carriers::look(&mut search, volumes, layout);
    search.offer(own, || Source::Record(target.partition));
    search.end().map_err(|unread| NoCode::NotFound { kind: Kind::Fat32, unread })
}

fn is_other(layout: &Layout, other: VolumeIndex, target: VolumeIndex) -> bool {
    let is_fat32 = layout.volume(other).is_some_and(|facts| facts.file_system == FileSystem::Fat32);
    is_fat32 && other != target
}

/// The backup of the boot sector: with the same code where it was the same, else with the right place alone.
fn copy(
    target: &Target<'_, '_>,
    record: &[u8],
    code: &Fat32BootCode,
    from: &Source,
) -> Result<Option<CodeChange>, NoCode> {
    let Some(copy) = target.record.copy else { return Ok(None) };
    let before = target.read(copy.at, SECTOR)?;
    let differs = |(at, (one, other)): (usize, (&u8, &u8))| at != STATE_AT && one != other;
    let is_same = !before.iter().zip(record).enumerate().any(differs);
    let mut after = before.clone();
    if is_same {
        after = code.written_over_sector(&before).unwrap_or(after);
    }
    target.place_fat32(&mut after);
    Ok(target.change(copy.at, &before, &after, from))
}
