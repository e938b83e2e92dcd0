//! The proof that a file's clusters may be overwritten in place.

use crate::bytes::le_u32;
use crate::volume::error::VolumeError;
use crate::volume::extent::LocatedFile;
use crate::volume::extent::VolumeExtent;
use crate::volume::file::PlacedFile;
use crate::volume::ntfs::Found;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::data_runs;
use crate::volume::ntfs::encoded;
use crate::volume::ntfs::file_record;
use crate::volume::ntfs::file_record::Attribute;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::index::Index;
use crate::volume::ntfs::refuse_directory;
use crate::volume::ntfs::reparse_point;
use crate::volume::ntfs::stream::Stream;
use crate::volume::ntfs::too_long;
use crate::volume::path;

/// Record of $Bitmap, one bit for each cluster.
pub(super) const BITMAP: u64 = 6;
/// Flags of $STANDARD_INFORMATION that say "the contents are elsewhere or otherwise": reparse point, encrypted.
const ODD_FILE: u32 = 0x0400 | 0x4000;

/// The file's bytes and places, after every check.
pub(super) fn locate(volume: &NtfsVolume<'_>, found: &Found, max: u64) -> Result<LocatedFile, VolumeError> {
    let (data, extents) = proven(volume, found, max)?;
    let mut bytes = Vec::new();
    for extent in &extents {
        let len = usize::try_from(extent.len).unwrap_or(usize::MAX);
        bytes.extend(volume.table.storage.read_vec(extent.volume_offset, len)?);
    }
    agree_on_contents(volume, found, data, &bytes)?;
    Ok(LocatedFile { path: found.path.clone(), bytes, extents })
}

/// The file's places, after every check for which its bytes are not needed.
pub(super) fn extents(volume: &NtfsVolume<'_>, found: &Found) -> Result<PlacedFile, VolumeError> {
    let (data, extents) = proven(volume, found, u64::MAX)?;
    agree_on_runs(volume, found, data, &volume.opinion.runs(found.number, found.record.at)?)?;
    Ok(PlacedFile { path: found.path.clone(), len: data.size, extents })
}

/// The contents in clusters that may be overwritten, as far as our own reading tells.
fn proven<'f>(
    volume: &NtfsVolume<'_>,
    found: &'f Found,
    max: u64,
) -> Result<(&'f NonResident, Vec<VolumeExtent>), VolumeError> {
    refuse_directory(found)?;
    agree_on_name(volume, found)?;
    let data = plain_data(found)?;
    if data.size > max {
        return Err(too_long(&found.path, data.size, max));
    }
    let extents = places(volume, found, data)?;
    allocated(volume, found, &extents)?;
    Ok((data, extents))
}

/// Both ways of looking names up must lead to the same record.
pub(super) fn agree_on_name(volume: &NtfsVolume<'_>, found: &Found) -> Result<(), VolumeError> {
    let mut number = super::ROOT;
    for component in path::components(&found.path) {
        let record = volume.table.file(number, 0)?;
        let index = Index::open(&volume.table, &record, number)?;
        let file = index.find(component, volume.collation_for(component)?)?;
        let Some(file) = file else {
            return Err(corrupt(found, "its name in both readings of the directory", "only in one"));
        };
        number = file.number;
    }
    if number == found.number {
        return Ok(());
    }
    let seen = format!("{number} in the other reading");
    Err(corrupt(found, &format!("record {} in both readings of the directory", found.number), &seen))
}

/// The one $DATA in clusters of a file that has nothing unusual about it.
fn plain_data(found: &Found) -> Result<&NonResident, VolumeError> {
    let record = &found.record;
    if let Some(tag) = record.reparse_tag() {
        return Err(reparse_point(&found.path, tag));
    }
    if record.has_attribute_list() {
        return Err(unusual(found, "has its attributes in several FILE records ($ATTRIBUTE_LIST)"));
    }
    let mut parts = record.all(file_record::DATA, "");
    let (Some(data), None) = (parts.next(), parts.next()) else {
        return Err(corrupt(found, "a single unnamed $DATA", "none or several"));
    };
    refuse_flags(found, data)?;
    let Body::NonResident(places) = &data.body else {
        return Err(unusual(found, "is resident: its bytes lie inside its FILE record"));
    };
    if places.runs.iter().any(|run| run.lcn.is_none()) {
        return Err(unusual(found, "has a hole in its data runs"));
    }
    if places.initialised < places.size {
        let story = format!("has {} bytes, but only {} are initialised", places.size, places.initialised);
        return Err(unusual(found, &story));
    }
    Ok(places)
}

fn refuse_flags(found: &Found, data: &Attribute) -> Result<(), VolumeError> {
    if data.flags & 0x4000 != 0 {
        return Err(encoded(&found.path, "encrypted"));
    }
    let unit = match &data.body {
        Body::NonResident(places) => places.compression_unit,
        Body::Resident(_) => 0,
    };
    // A sparse attribute has a compression unit too, so it is asked for first.
    if data.flags & 0x8000 != 0 {
        return Err(unusual(found, "is sparse"));
    }
    if data.flags & 0x00ff != 0 || unit != 0 {
        return Err(encoded(&found.path, "compressed"));
    }
    if data.flags != 0 {
        return Err(unusual(found, &format!("has unknown attribute flags 0x{:04x}", data.flags)));
    }
    let information = found.record.resident(file_record::STANDARD_INFORMATION);
    let flags = information.and_then(|bytes| le_u32(bytes, 0x20)).unwrap_or(0);
    if flags & ODD_FILE != 0 {
        return Err(unusual(found, &format!("has file attributes 0x{flags:x} (reparse point or encrypted)")));
    }
    Ok(())
}

/// The byte ranges of the contents; every run whole and inside the volume, none of them the boot sector, none twice.
fn places(
    volume: &NtfsVolume<'_>,
    found: &Found,
    data: &NonResident,
) -> Result<Vec<VolumeExtent>, VolumeError> {
    let cluster = u64::from(volume.boot.cluster_size);
    let mut ranges = Vec::new();
    let mut clusters = 0u64;
    for run in &data.runs {
        let first = run.lcn.unwrap_or(0);
        let end = first.saturating_add(run.clusters);
        let inside = end <= volume.boot.clusters && end.saturating_mul(cluster) <= volume.table.storage.len();
        if first == 0 || !inside {
            let expected = format!("clusters 1 to 0x{:x}", volume.boot.clusters);
            return Err(corrupt(found, &expected, &format!("a run from 0x{first:x} to 0x{end:x}")));
        }
        ranges.push((first, end));
        clusters = clusters.saturating_add(run.clusters);
    }
    ranges.sort_unstable();
    if ranges.iter().zip(ranges.iter().skip(1)).any(|(one, other)| other.0 < one.1) {
        return Err(corrupt(found, "each cluster once", "a duplicate"));
    }
    if clusters.saturating_mul(cluster) != data.allocated || data.allocated < data.size {
        let found_size = format!("{clusters} clusters for {} bytes, {} allocated", data.size, data.allocated);
        return Err(corrupt(found, "clusters for all bytes", &found_size));
    }
    Ok(data_runs::extents(&data.runs, volume.boot.cluster_size, data.size))
}

/// $Bitmap must say that every cluster is in use: one that is free would be given to another file.
fn allocated(volume: &NtfsVolume<'_>, found: &Found, extents: &[VolumeExtent]) -> Result<(), VolumeError> {
    match free_cluster(volume, extents)? {
        Some(free) => Err(corrupt(found, "clusters marked in use in $Bitmap", &format!("0x{free:x} free"))),
        None => Ok(()),
    }
}

/// The first cluster of some extents that $Bitmap has free.
pub(super) fn free_cluster(
    volume: &NtfsVolume<'_>,
    extents: &[VolumeExtent],
) -> Result<Option<u64>, VolumeError> {
    let record = volume.table.file(BITMAP, 0)?;
    let Some(bitmap) = Stream::of(&volume.table, &record, BITMAP, file_record::DATA, "")? else {
        return Err(VolumeError::corrupt("$Bitmap", record.at, "a $DATA attribute", "none"));
    };
    let cluster = u64::from(volume.boot.cluster_size);
    for extent in extents {
        let first = extent.volume_offset.checked_div(cluster).unwrap_or(0);
        let count = extent.len.div_ceil(cluster);
        let last = first.saturating_add(count).saturating_sub(1);
        let len = (last >> 3).saturating_sub(first >> 3).saturating_add(1);
        let bytes = bitmap.read(volume.table.storage, volume.boot.cluster_size, first >> 3, len)?;
        let is_set = |bit: u64| {
            let index = (bit >> 3).saturating_sub(first >> 3);
            let byte = usize::try_from(index).ok().and_then(|index| bytes.get(index)).copied().unwrap_or(0);
            byte & (1u8 << (bit & 7)) != 0
        };
        if let Some(free) = (first..=last).find(|bit| !is_set(*bit)) {
            return Ok(Some(free));
        }
    }
    Ok(None)
}

/// The crate must see the same runs and the same bytes.
fn agree_on_contents(
    volume: &NtfsVolume<'_>,
    found: &Found,
    data: &NonResident,
    bytes: &[u8],
) -> Result<(), VolumeError> {
    let theirs = volume.opinion.read(found.number, found.record.at, data.size)?;
    agree_on_runs(volume, found, data, &theirs.runs)?;
    if theirs.bytes != bytes {
        return Err(corrupt(found, "the same bytes in both readings", "different bytes in the ntfs crate's"));
    }
    Ok(())
}

/// The crate must see the same runs.
fn agree_on_runs(
    volume: &NtfsVolume<'_>,
    found: &Found,
    data: &NonResident,
    theirs: &[(u64, u64)],
) -> Result<(), VolumeError> {
    let cluster = u64::from(volume.boot.cluster_size);
    let ours = data
        .runs
        .iter()
        .map(|run| (run.lcn.unwrap_or(0).saturating_mul(cluster), run.clusters.saturating_mul(cluster)));
    if ours.eq(theirs.iter().copied()) {
        return Ok(());
    }
    Err(corrupt(found, "the same data runs in both readings", "different runs in the ntfs crate's"))
}

fn unusual(found: &Found, story: &str) -> VolumeError {
    VolumeError::unsupported(
        format!("{} {story}", found.path),
        "cannot be overwritten in place; in Windows, replace the file with a copy of itself",
    )
}

fn corrupt(found: &Found, expected: &str, seen: &str) -> VolumeError {
    VolumeError::corrupt(format!("{}, FILE record", found.path), found.record.at, expected, seen)
}
