//! NTFS: the code is in the records of other volumes, in Setup's copy of this one, and in files of Windows.

use std::cmp::Reverse;

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::boot_code::carriers;
use crate::repair::boot_code::change::CodeChange;
use crate::repair::boot_code::no_code::Kind;
use crate::repair::boot_code::no_code::NoCode;
use crate::repair::boot_code::search::Search;
use crate::repair::boot_code::source::Source;
use crate::repair::boot_code::target::Target;
use crate::volume::FileSystem;
use crate::volume::Volume;
use crate::volume::boot_code::NtfsBootCode;
use crate::volume::boot_code::RECORD_SIZE;

/// Windows Setup keeps here what the record was before it wrote a new one.
const SETUP_COPY: &str = r"\BOOTSECT.BAK";
const SECTOR: usize = 512;

pub(super) fn changes(
    target: &Target<'_, '_>,
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
) -> Result<Vec<CodeChange>, NoCode> {
    // The code compares the size in the record with that of the BIOS, and stops where they differ.
    target.needs_sectors(layout.table.sector_size, layout)?;
    let record = target.read(0, RECORD_SIZE)?;
    let (code, from) = choose(target, &record, volumes, layout)?;
    let partition = target.partition;
    let mut after = code.written_over(&record).ok_or(NoCode::Record { partition })?;
    target.place_ntfs(&mut after);
    let mut changes: Vec<CodeChange> = target.change(0, &record, &after, &from).into_iter().collect();
    changes.extend(copy(target, &record, &after, &from)?);
    Ok(changes)
}

fn choose(
    target: &Target<'_, '_>,
    record: &[u8],
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
) -> Result<(NtfsBootCode, Source), NoCode> {
    let own = NtfsBootCode::of_record(record);
    let mut search = Search::new();
    search.offer(own.clone().filter(NtfsBootCode::is_known), || Source::Record(target.partition));
    for other in others(layout, target.index) {
        let Some(volume) = other.opened(volumes) else { continue };
        let Some(partition) = layout.partition(other) else { continue };
        let record = volume.bytes_at(0, RECORD_SIZE).unwrap_or_default();
        search.offer(NtfsBootCode::of_record(&record), || Source::Record(partition.number));
    }
    if !search.is_over() {
        carriers::look_at(&mut search, target.volume, SETUP_COPY.to_owned());
    }
    carriers::look(&mut search, volumes, layout);
    // Of this one nobody knows whether it is whole.
    search.offer(own, || Source::Record(target.partition));
    search.end().map_err(|unread| NoCode::NotFound { kind: Kind::Ntfs, unread })
}

/// The other NTFS volumes, those with a Windows first: Windows has formatted them.
fn others(layout: &Layout, target: VolumeIndex) -> Vec<VolumeIndex> {
    let is_other = |index: &VolumeIndex| {
        let is_ntfs = layout.volume(*index).is_some_and(|facts| facts.file_system == FileSystem::Ntfs);
        is_ntfs && *index != target
    };
    let mut others: Vec<VolumeIndex> = layout.volume_indices().filter(is_other).collect();
    others.sort_by_key(|index| Reverse(layout.windows.iter().any(|windows| windows.volume == *index)));
    others
}

/// The copy in the last sector, which repair tools go back to: like the record where it was, else with the right place alone.
fn copy(
    target: &Target<'_, '_>,
    record: &[u8],
    after: &[u8],
    from: &Source,
) -> Result<Option<CodeChange>, NoCode> {
    let Some(copy) = target.record.copy else { return Ok(None) };
    let before = target.read(copy.at, SECTOR)?;
    let mut placed = before.clone();
    target.place_ntfs(&mut placed);
    let after = if record.starts_with(&before) { after.get(..SECTOR).unwrap_or_default() } else { &placed };
    Ok(target.change(copy.at, &before, after, from))
}
