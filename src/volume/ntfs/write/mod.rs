//! Writing NTFS: new files and directories, and other contents of files, on a volume that nobody has mounted.
//!
//! Nothing is written here. A writer says what is to be written and in which order; whoever asked puts it into a draft of
//! the disk, stage by stage, with a barrier behind each. A cut between two stages leaves clusters or records that are
//! marked in use and are not, and nothing else; all that was readable before is so after.
//!
//! It does little, and refuses the rest: no volume that is dirty or has its log in use, no compressed, encrypted, sparse or
//! case-sensitive part, no attribute list, no growth of the master file table. Everything is new beside the old, and one
//! write of a record or of an index block makes it found. The log, the journal and $Secure are left as they are, which
//! Windows takes for a volume on which nothing happened. An index entry's sizes of a file whose contents are replaced
//! stay what they were: Windows brings them up to date when it likes to, and asks the record.

mod attribute;
mod contents;
mod directory;
mod error;
mod fields;
mod fit;
mod ground;
mod leaves;
mod make;
mod name;
mod new_file;
mod node;
mod pending;
mod protection;
mod record;
mod security;
mod slots;
mod space;
#[cfg(test)]
mod tests;
mod tree;

pub use error::NtfsWriteError;
pub use error::Oddity;
pub use error::Unfit;

use crate::storage::Storage;
use crate::volume::ntfs::data_runs::Run;
use crate::volume::ntfs::write::fields::wide;
use crate::volume::ntfs::write::ground::Ground;
use crate::volume::ntfs::write::pending::Pending;
use crate::volume::ntfs::write::pending::Phase;
use crate::volume::ntfs::write::record::RecordDraft;
use crate::volume::piece::Piece;

/// Works out what is to be written to an NTFS volume.
///
/// Each step takes the writer and gives it back; what failed is gone, as if nothing had been asked.
pub struct NtfsWriter<'a> {
    ground: Ground<'a>,
    /// 100 ns since 1601, UTC.
    time: u64,
    /// Where the next search for clusters and records begins.
    next_cluster: u64,
    next_record: u64,
    /// Clusters that are in use until the very end.
    freed: Vec<Run>,
}

impl<'a> NtfsWriter<'a> {
    /// A writer over a volume that is only read. New files get `time`, in 100 ns since 1601, UTC.
    ///
    /// # Errors
    /// The volume must not be written, or cannot be read.
    pub fn new(volume: &'a dyn Storage, time: u64) -> Result<Self, NtfsWriteError> {
        let ground = Ground::new(volume)?;
        Ok(Self { ground, time, next_cluster: 0, next_record: 0, freed: Vec::new() })
    }

    /// Bytes in clusters that are free, of at most the first 0x20000000 clusters. Those that come free at the end are not
    /// among them.
    ///
    /// # Errors
    /// The medium fails.
    pub fn free(&self) -> Result<u64, NtfsWriteError> {
        Ok(self.ground.bytes_of(space::count(&self.ground)?))
    }

    /// The pieces to be written, stage by stage: each stage has to be on stable storage before the next. Within one, pieces are
    /// in the order of their places, and each is best written at once: a record or block that is torn is unreadable.
    ///
    /// # Errors
    /// Clusters that would become free are marked free already, or the medium fails.
    pub fn finish(self) -> Result<Vec<Vec<Piece>>, NtfsWriteError> {
        let pending = self.ground.pending;
        let mut after = Ground { pending: Pending::new(&pending), ..self.ground };
        for run in self.freed {
            space::mark(&mut after, run.lcn.unwrap_or(0), run.clusters, false, Phase::Freed)?;
        }
        let last = after.pending.into_stages();
        Ok(pending.into_stages().into_values().chain(last.into_values()).collect())
    }

    /// Takes free clusters for so many bytes.
    fn take_clusters(&mut self, bytes: u64) -> Result<Vec<Run>, NtfsWriteError> {
        let wanted = bytes.div_ceil(u64::from(self.ground.boot.cluster_size));
        let runs = space::take(&mut self.ground, wanted, self.next_cluster)?;
        if let Some(last) = runs.last() {
            self.next_cluster = last.lcn.unwrap_or(0).saturating_add(last.clusters);
        }
        Ok(runs)
    }

    /// Puts bytes into new clusters, and into a record the attribute that has them; returns how many bytes the clusters have.
    fn put_in_clusters(
        &mut self,
        record: &mut RecordDraft,
        kind: u32,
        name: &str,
        bytes: &[u8],
    ) -> Result<u64, NtfsWriteError> {
        let runs = self.take_clusters(wide(bytes.len()))?;
        space::fill(&mut self.ground, &runs, bytes)?;
        let cluster_size = self.ground.boot.cluster_size;
        record.set(kind, name, attribute::in_clusters(kind, name, &runs, cluster_size, wide(bytes.len())));
        let clusters = runs.iter().fold(0u64, |sum, run| sum.saturating_add(run.clusters));
        Ok(self.ground.bytes_of(clusters))
    }

    /// Gives clusters back, at the very end.
    fn give_back(&mut self, runs: &[Run]) {
        self.freed.extend_from_slice(runs);
    }

    /// The record of a file that is there.
    fn record(&self, number: u64) -> Result<RecordDraft, NtfsWriteError> {
        let size = u64::from(self.ground.boot.record_size);
        let offset = number.saturating_mul(size);
        let raw = self.ground.read(&self.ground.table, offset, size)?;
        Ok(RecordDraft::decode(raw, number, offset)?)
    }
}
