//! Writing FAT: new files and directories, and other contents of files, on a volume that nobody has mounted.
//!
//! Nothing is written here. A writer says what is to be written and in which order; whoever asked puts it into a draft of
//! the disk, stage by stage, with a barrier behind each. A cut between two stages leaves clusters that are marked in use
//! and are not, and nothing else; all that was readable before is so after.
//!
//! The crate `fatfs` reads what is made, and makes it not: it marks new clusters and frees old ones in one go, gives every
//! name a long one, leads ".." in a directory of the root to the root's cluster, and refuses a volume for its FSInfo.

mod bits;
mod contents;
mod directory;
mod draft;
mod error;
mod format;
mod info;
mod make;
mod short_name;
mod slots;
mod stamp;
mod survey;
mod table;
#[cfg(test)]
mod tests;

pub use error::FatUnfit;
pub use error::FatWriteError;
pub use format::FatFormat;
pub use format::format;

use crate::storage::Storage;
use crate::volume::fat::FatVolume;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::write::directory::Directory;
use crate::volume::fat::write::draft::Draft;
use crate::volume::fat::write::draft::Phase;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::stamp::Stamp;
use crate::volume::fat::write::table::Overview;
use crate::volume::obstacle::ObstacleKind;
use crate::volume::path;
use crate::volume::piece::Piece;
use crate::volume::recognise;

/// Works out what is to be written to a FAT volume.
///
/// Each step takes the writer and gives it back; what failed is gone, as if nothing had been asked.
pub struct FatWriter<'a> {
    draft: Draft<'a>,
    boot: BootSector,
    /// Which clusters are in use, those that were taken among them.
    table: Overview,
    /// Clusters that can be taken.
    available: u32,
    /// Clusters that were taken, and the one at which the next search begins.
    taken: u32,
    next: u32,
    /// Where a sound FSInfo stands.
    info: Option<u64>,
    time: Stamp,
    /// Clusters that are in use until the very end.
    freed: Vec<u32>,
}

impl<'a> FatWriter<'a> {
    /// A writer over a volume that is only read. What is new gets `time`, in 100 ns since 1601, UTC.
    ///
    /// # Errors
    /// The volume must not be written, or cannot be read.
    pub fn new(volume: &'a dyn Storage, time: u64) -> Result<Self, FatWriteError> {
        let head = recognise::head(volume)?;
        let opened = FatVolume::open(volume, &head)?;
        if let Some(obstacle) = opened.obstacles()?.first() {
            return Err(FatWriteError::Unfit(match obstacle.kind {
                ObstacleKind::FatCopiesDiffer => FatUnfit::CopiesDiffer,
                ObstacleKind::FatRootUneven => FatUnfit::RootUneven,
                _ => FatUnfit::Dirty,
            }));
        }
        let boot = opened.boot;
        let last = boot.place(boot.clusters.saturating_add(1)).unwrap_or(u64::MAX);
        if last.saturating_add(u64::from(boot.cluster_size)) > volume.len() {
            return Err(FatUnfit::Cut.into());
        }
        if boot.tables.len() != usize::from(head.get(0x10).copied().unwrap_or(0)) {
            return Err(FatUnfit::NotMirrored.into());
        }
        let mut table = table::read(volume, &boot)?;
        survey::survey(volume, &boot, &mut table)?;
        let clusters = 2..boot.clusters.saturating_add(2);
        let available = u32::try_from(clusters.filter(|it| !table.in_use.has(*it)).count()).unwrap_or(0);
        let info = info::place(volume, &boot, &head)?;
        Ok(Self {
            draft: Draft::new(volume),
            boot,
            table,
            available,
            taken: 0,
            next: 2,
            info,
            time: Stamp::new(time),
            freed: Vec::new(),
        })
    }

    /// Bytes in clusters that are free. What a replaced file had is not among them: it is free when all else is written.
    #[must_use]
    pub fn free(&self) -> u64 {
        u64::from(self.available).saturating_mul(u64::from(self.boot.cluster_size))
    }

    /// The pieces to be written, stage by stage: each stage has to be on stable storage before the next. Within one, pieces are
    /// in the order of their places.
    ///
    /// # Errors
    /// The medium fails.
    pub fn finish(mut self) -> Result<Vec<Vec<Piece>>, FatWriteError> {
        let freed = std::mem::take(&mut self.freed);
        let mut free = self.table.free.saturating_sub(self.taken);
        if self.taken > 0 {
            self.put_info(free, Phase::Tables)?;
        }
        for cluster in &freed {
            table::set(&mut self.draft, &self.boot, *cluster, 0, Phase::Freed)?;
            free = free.saturating_add(1);
        }
        if !freed.is_empty() {
            self.put_info(free, Phase::Freed)?;
        }
        Ok(self.draft.into_stages())
    }

    fn put_info(&mut self, free: u32, phase: Phase) -> Result<(), FatWriteError> {
        if let Some(at) = self.info {
            self.draft.put(at.saturating_add(info::FREE_AT), &info::fields(free, self.next), phase)?;
        }
        Ok(())
    }

    /// The directory of a path, its first cluster (0: the root) and its path as the volume has it.
    fn directory(&self, path: &str) -> Result<(Directory, u32, String), FatWriteError> {
        let mut here = Directory::read(&self.draft, &self.boot, 0)?;
        let (mut first, mut found) = (0, String::new());
        for name in path::components(path) {
            let entry = here.child(name).ok_or_else(|| FatWriteError::Missing(path.to_owned()))?;
            found = path::join(&found, &entry.name);
            if !entry.is_directory {
                return Err(FatWriteError::File(found));
            }
            // Only "..", which is no name here, leads to the root by the number 0.
            if self.boot.place(entry.cluster).is_none() || name.trim_matches('.').is_empty() {
                return Err(FatWriteError::Missing(path.to_owned()));
            }
            first = entry.cluster;
            here = Directory::read(&self.draft, &self.boot, first)?;
        }
        Ok((here, first, found))
    }

    fn cluster_size(&self) -> usize {
        usize::try_from(self.boot.cluster_size).unwrap_or(usize::MAX)
    }

    /// Clusters for so many bytes.
    fn clusters_of(&self, bytes: u64) -> u64 {
        bytes.div_ceil(u64::from(self.boot.cluster_size).max(1))
    }

    /// Refuses what there are too few clusters for.
    fn check_room(&self, clusters: u64) -> Result<(), FatWriteError> {
        if clusters > u64::from(self.available) {
            let needed = clusters.saturating_mul(u64::from(self.boot.cluster_size));
            return Err(FatWriteError::Full { needed, free: self.free() });
        }
        Ok(())
    }

    /// Puts bytes into new clusters; returns the first of them, 0 for no bytes.
    fn put_in_clusters(&mut self, bytes: &[u8]) -> Result<u32, FatWriteError> {
        let clusters = self.take(self.clusters_of(wide(bytes.len())))?;
        table::fill(&mut self.draft, &self.boot, &clusters, bytes)?;
        Ok(clusters.first().copied().unwrap_or(0))
    }

    /// Takes free clusters and makes a chain of them.
    fn take(&mut self, count: u64) -> Result<Vec<u32>, FatWriteError> {
        self.check_room(count)?;
        let end = self.boot.clusters.saturating_add(2);
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let all = (self.next..end).chain(2..self.next.min(end));
        let found: Vec<u32> = all.filter(|it| !self.table.in_use.has(*it)).take(wanted).collect();
        let following = found.iter().skip(1).copied().chain([table::END]);
        for (cluster, next) in found.iter().zip(following) {
            table::set(&mut self.draft, &self.boot, *cluster, next, Phase::Tables)?;
            self.table.in_use.set(*cluster);
        }
        let got = u32::try_from(found.len()).unwrap_or(u32::MAX);
        self.available = self.available.saturating_sub(got);
        self.taken = self.taken.saturating_add(got);
        self.next = found.last().map_or(self.next, |last| last.saturating_add(1));
        if self.next >= end {
            self.next = 2;
        }
        Ok(found)
    }
}
