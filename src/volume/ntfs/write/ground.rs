//! What a writer stands on: a volume that may be written, with what is to be written over it, and the system files in
//! which it marks what it takes.

use crate::bytes::array;
use crate::bytes::le_u16;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::extent::VolumeExtent;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::VOLUME;
use crate::volume::ntfs::boot_sector::BootSector;
use crate::volume::ntfs::collation::Collation;
use crate::volume::ntfs::data_runs;
use crate::volume::ntfs::file_record;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::locate::BITMAP;
use crate::volume::ntfs::locate::free_cluster;
use crate::volume::ntfs::log_file::LogFile;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::error::Unfit;
use crate::volume::ntfs::write::fields::wide;
use crate::volume::ntfs::write::pending::Pending;
use crate::volume::ntfs::write::pending::Phase;

/// Bytes of the boot sector.
const HEAD: usize = 512;
/// Flags of $VOLUME_INFORMATION that announce work on the metadata: resize the log, upgrade, mounted by NT 4, repair the
/// object ids, chkdsk under way. What else may stand there is kept. Source: ntfs-3g's `layout.h`.
const BUSY: u16 = 0x0002 | 0x0004 | 0x0008 | 0x0020 | 0x4000;
/// Record of $MFTMirr; and of the last file whose clusters have to be in use before $Bitmap is believed.
const MIRROR: u64 = 1;
const LAST_SYSTEM_FILE: u64 = 10;
/// Records that a driver compares with their mirror when it mounts a volume, whose mirror may hold many more. Source: ntfs-3g.
const MIRRORED: u64 = 16;

/// A volume that may be written.
pub(super) struct Ground<'a> {
    pub(super) pending: Pending<'a>,
    pub(super) boot: BootSector,
    /// The FILE records.
    pub(super) table: NonResident,
    /// A bit for each of them.
    pub(super) records_in_use: NonResident,
    /// A bit for each cluster.
    pub(super) clusters_in_use: NonResident,
    pub(super) mirror: NonResident,
    /// How names are sorted.
    pub(super) collation: Collation,
}

impl<'a> Ground<'a> {
    /// Takes a volume, and proves that it may be written at all.
    ///
    /// # Errors
    /// It may not, or it cannot be read.
    pub(super) fn new(below: &'a dyn Storage) -> Result<Self, NtfsWriteError> {
        let head = below.read_vec(0, HEAD)?;
        let volume = NtfsVolume::open(below, &head)?;
        refuse_state(&volume)?;
        let system = |number, kind| system_file(&volume, number, kind);
        refuse_bitmap(&volume)?;
        let [table, records_in_use, clusters_in_use, mirror] = [
            system(0, file_record::DATA)?,
            system(0, file_record::BITMAP)?,
            system(BITMAP, file_record::DATA)?,
            system(MIRROR, file_record::DATA)?,
        ];
        let boot = volume.boot;
        let collation = volume.own_collation()?.clone();
        let pending = Pending::new(below);
        Ok(Self { pending, boot, table, records_in_use, clusters_in_use, mirror, collation })
    }

    /// The volume as it will be, to be read.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn volume(&self) -> Result<NtfsVolume<'_>, NtfsWriteError> {
        let head = self.pending.read_vec(0, HEAD)?;
        Ok(NtfsVolume::open(&self.pending, &head)?)
    }

    /// Bytes of some clusters.
    pub(super) fn bytes_of(&self, clusters: u64) -> u64 {
        clusters.saturating_mul(u64::from(self.boot.cluster_size))
    }

    /// `len` bytes from byte `offset` of a file of the volume.
    ///
    /// # Errors
    /// They are not all in clusters of it, or the medium fails.
    pub(super) fn read(&self, file: &NonResident, offset: u64, len: u64) -> Result<Vec<u8>, NtfsWriteError> {
        let mut bytes = Vec::new();
        for (at, len) in self.places(file, offset, len)? {
            bytes.extend(self.pending.read_vec(at, usize::try_from(len).unwrap_or(usize::MAX))?);
        }
        Ok(bytes)
    }

    /// Puts bytes from byte `offset` of a file of the volume on.
    ///
    /// # Errors
    /// As [`Ground::read`].
    pub(super) fn put(
        &mut self,
        file: &NonResident,
        offset: u64,
        bytes: &[u8],
        phase: Phase,
    ) -> Result<(), NtfsWriteError> {
        let mut rest = bytes;
        for (at, len) in self.places(file, offset, wide(bytes.len()))? {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            self.pending.put(at, now, phase)?;
            rest = later;
        }
        Ok(())
    }

    /// Puts FILE record `number`, and its copy in the mirror where a driver would compare it. With clusters above 4 KiB the
    /// mirror has the root's too, and between the two writes ntfs-3g does not mount the volume; Windows compares the first four.
    ///
    /// # Errors
    /// As [`Ground::read`].
    pub(super) fn put_record(&mut self, number: u64, raw: &[u8], phase: Phase) -> Result<(), NtfsWriteError> {
        let offset = number.saturating_mul(u64::from(self.boot.record_size));
        let table = self.table.clone();
        self.put(&table, offset, raw, phase)?;
        if number < MIRRORED && offset.saturating_add(wide(raw.len())) <= self.mirror.initialised {
            let mirror = self.mirror.clone();
            self.put(&mirror, offset, raw, phase)?;
        }
        Ok(())
    }

    fn places(&self, file: &NonResident, offset: u64, len: u64) -> Result<Vec<(u64, u64)>, NtfsWriteError> {
        data_runs::places(&file.runs, self.boot.cluster_size, offset, len).ok_or_else(|| {
            VolumeError::corrupt("file system", offset, format!("{len} more bytes in clusters"), "fewer")
                .into()
        })
    }
}

/// Nothing is written to a volume that a driver is not done with, or that is of another version.
fn refuse_state(volume: &NtfsVolume<'_>) -> Result<(), NtfsWriteError> {
    let record = volume.table.file(VOLUME, 0)?;
    let information = record.resident(file_record::VOLUME_INFORMATION).unwrap_or_default();
    let flags = le_u16(information, 0x0a);
    let unfit = match (array(information, 8), flags) {
        _ if volume.is_dirty()? => Unfit::Dirty,
        (Some([major, minor]), _) if (major, minor) != (3, 1) => Unfit::Version(major, minor),
        (_, Some(flags)) if flags & BUSY != 0 => Unfit::Flags(flags),
        _ if volume.log_file()? != LogFile::Clean => Unfit::Log,
        _ => return Ok(()),
    };
    Err(NtfsWriteError::Unfit(unfit))
}

/// An attribute of a system file, which has to lie in plain clusters and to be described by one record.
fn system_file(volume: &NtfsVolume<'_>, number: u64, kind: u32) -> Result<NonResident, NtfsWriteError> {
    let record = volume.table.file(number, 0)?;
    let mut parts = record.all(kind, "");
    if let (Some(part), None, false) = (parts.next(), parts.next(), record.has_attribute_list())
        && let Body::NonResident(places) = &part.body
        && part.flags == 0
        && places.runs.iter().all(|run| run.lcn.is_some())
        && places.initialised <= places.size
    {
        return Ok(places.clone());
    }
    Err(NtfsWriteError::Unfit(Unfit::SystemFile(number)))
}

/// $Bitmap is not believed when it has clusters of the file system itself free: it would give them to a file.
fn refuse_bitmap(volume: &NtfsVolume<'_>) -> Result<(), NtfsWriteError> {
    let clusters = volume.boot.clusters.saturating_mul(u64::from(volume.boot.cluster_size));
    let len = clusters.min(volume.table.storage.len());
    for number in 0..=LAST_SYSTEM_FILE {
        let record = volume.table.record(number)?;
        for attribute in &record.attributes {
            let Body::NonResident(places) = &attribute.body else { continue };
            let extents = data_runs::extents(&places.runs, volume.boot.cluster_size, u64::MAX);
            let end = |extent: &VolumeExtent| extent.volume_offset.saturating_add(extent.len);
            let inside = extents.iter().all(|extent| end(extent) <= len);
            if !inside || free_cluster(volume, &extents)?.is_some() {
                return Err(NtfsWriteError::Unfit(Unfit::FreeInUse(number)));
            }
        }
    }
    Ok(())
}
