//! Reading a qcow2 image: cluster by cluster over the mapping tables, into the backing file where nothing is mapped.
//!
//! Following an L1 and an L2 entry and inflating a cluster is little code, every offset is checked before it is used,
//! and it cannot overflow the stack: the `imago` crate was seen to abort on damaged refcount tables, which no fence
//! catches. How a write finds its place: see [`mod@write`].

mod allocate;
pub mod chain;
pub mod check;
mod counts;
pub mod features;
pub mod guard;
pub mod header;
#[cfg(test)]
mod hostile;
pub mod map;
pub(crate) mod named;
pub mod refcount;
#[cfg(test)]
mod tests;
pub mod write;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::DecompressorOxide;
use miniz_oxide::inflate::core::decompress;

use crate::storage::Manner;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;
use crate::storage::qcow2::chain::read_header;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::ClusterMap;
use crate::storage::qcow2::map::Mapping;
use crate::storage::raw::Raw;

/// Bytes of inflated clusters that are kept; at least one cluster is.
const INFLATED_BYTES: u64 = 2 << 20;

/// An open qcow2 image with everything it names.
pub struct Qcow2 {
    map: ClusterMap,
    file: Arc<Raw>,
    data: Arc<Raw>,
    backing: Option<Box<dyn Storage>>,
    inflated: Mutex<VecDeque<(u64, Box<[u8]>)>>,
    sector_size: Option<u32>,
}

impl Qcow2 {
    /// The image in `file`, whose header is `header`; `data` is the external data file and `backing` the backing
    /// file, where the header names one.
    #[must_use]
    pub fn new(
        header: Header,
        file: Arc<Raw>,
        data: Option<Arc<Raw>>,
        backing: Option<Box<dyn Storage>>,
    ) -> Self {
        let sector_size = file.sector_size();
        let data = data.unwrap_or_else(|| Arc::clone(&file));
        let map = ClusterMap::new(header, Arc::clone(&file));
        Self { map, file, data, backing, inflated: Mutex::default(), sector_size }
    }

    /// The mapping tables.
    pub(crate) fn map(&self) -> &ClusterMap {
        &self.map
    }

    /// The file that holds the tables.
    pub(crate) fn file(&self) -> &Arc<Raw> {
        &self.file
    }

    /// The file that holds the clusters of plain bytes; the same as [`Qcow2::file`] unless there is a data file.
    pub(crate) fn data(&self) -> &Arc<Raw> {
        &self.data
    }

    /// Returns once all that was written is on stable storage, the data before the tables.
    ///
    /// # Errors
    /// [`StorageError::Io`].
    pub(crate) fn sync(&self) -> Result<(), StorageError> {
        if !Arc::ptr_eq(&self.data, &self.file) {
            self.data.sync_file()?;
        }
        self.file.sync_file()
    }

    /// Reads the header and the tables anew, after a write has changed them.
    ///
    /// # Errors
    /// As opening it.
    pub(crate) fn reload(&mut self) -> Result<(), StorageError> {
        let header = read_header(&self.file).map_err(|error| error.in_file(self.file.path()))?;
        self.map = ClusterMap::new(header, Arc::clone(&self.file));
        self.inflated = Mutex::default();
        Ok(())
    }

    /// Splits `offset..offset + len` at cluster borders: the cluster, the first byte in it, and the bytes wanted.
    pub(crate) fn pieces(&self, offset: u64, len: usize) -> impl Iterator<Item = (u64, u64, usize)> {
        let bits = self.map.header().cluster_bits;
        let size = self.map.header().cluster_size();
        let mut at = offset;
        let mut left = len;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let within = at & size.saturating_sub(1);
            let room = usize::try_from(size.saturating_sub(within)).unwrap_or(usize::MAX);
            let count = left.min(room);
            let piece = (at.checked_shr(bits).unwrap_or(0), within, count);
            left = left.saturating_sub(count);
            at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            Some(piece)
        })
    }

    /// Tells the system where a piece of a cluster lies; of one that cannot be looked up, reading it tells.
    fn will_need(&self, cluster: u64, within: u64, count: usize) {
        match self.map.lookup(cluster).map(|found| found.mapping) {
            Ok(Mapping::Data { host, .. }) => self.data.will_need(host.saturating_add(within), count),
            Ok(Mapping::Compressed { host, len }) => {
                self.file.will_need(host, usize::try_from(len).unwrap_or(usize::MAX));
            }
            Ok(Mapping::Absent | Mapping::Zero { .. }) | Err(_) => {}
        }
    }

    fn read_piece(&self, cluster: u64, within: u64, target: &mut [u8]) -> Result<(), StorageError> {
        match self.map.lookup(cluster)?.mapping {
            Mapping::Absent => {
                let guest = cluster.saturating_mul(self.map.header().cluster_size()).saturating_add(within);
                match &self.backing {
                    // A backing file may be shorter than the image on it; behind its end are zeros.
                    Some(backing) => read_padded(backing.as_ref(), guest, target),
                    None => {
                        target.fill(0);
                        Ok(())
                    }
                }
            }
            Mapping::Zero { .. } => {
                target.fill(0);
                Ok(())
            }
            Mapping::Data { host, .. } if host >= self.data.len() => {
                Err(StorageError::past_end(host, self.data.len()))
            }
            // The last cluster of a file may be cut.
            Mapping::Data { host, .. } => {
                read_padded(self.data.as_ref(), host.saturating_add(within), target)
            }
            Mapping::Compressed { host, len } => self.read_compressed(host, len, within, target),
        }
    }

    fn read_compressed(
        &self,
        host: u64,
        len: u64,
        within: u64,
        target: &mut [u8],
    ) -> Result<(), StorageError> {
        let start = usize::try_from(within).unwrap_or(usize::MAX);
        let range = start..start.saturating_add(target.len());
        let mut kept = self.inflated.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.iter().any(|(at, _)| *at == host) {
            let limit =
                INFLATED_BYTES.checked_div(self.map.header().cluster_size()).unwrap_or(0).clamp(1, 64);
            if u64::try_from(kept.len()).unwrap_or(u64::MAX) >= limit {
                kept.pop_front();
            }
            kept.push_back((host, self.inflate(host, len)?));
        }
        let inflated = kept.iter().find(|(at, _)| *at == host);
        target.copy_from_slice(inflated.and_then(|(_, bytes)| bytes.get(range)).unwrap_or_default());
        Ok(())
    }

    fn inflate(&self, host: u64, len: u64) -> Result<Box<[u8]>, StorageError> {
        if host >= self.file.len() {
            return Err(StorageError::past_end(host, self.file.len()));
        }
        // The length is rounded up to sectors and may reach behind the end of the file.
        let len = len.min(self.file.len().saturating_sub(host));
        let packed = self.file.read_vec(host, usize::try_from(len).unwrap_or(usize::MAX))?;
        let size = self.map.header().cluster_size();
        let mut plain = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        let (status, _, written) =
            decompress(&mut Box::<DecompressorOxide>::default(), &packed, &mut plain, 0, 0);
        // A stream may go on after a full cluster: QEMU stops there too.
        let ended = matches!(status, TINFLStatus::Done | TINFLStatus::HasMoreOutput);
        if !ended || written != plain.len() {
            let expected = format!("deflated data of 0x{size:x} bytes");
            let found = format!("0x{written:x} bytes ({status:?})");
            return Err(StorageError::corrupt("qcow2 compressed cluster", host, expected, found));
        }
        Ok(plain.into_boxed_slice())
    }
}

/// Reads what `storage` has of the range and fills the rest with zeros.
fn read_padded(storage: &dyn Storage, offset: u64, target: &mut [u8]) -> Result<(), StorageError> {
    let there = usize::try_from(storage.len().saturating_sub(offset)).unwrap_or(usize::MAX).min(target.len());
    let (inside, behind) = target.split_at_mut(there);
    behind.fill(0);
    if inside.is_empty() { Ok(()) } else { storage.read_at(offset, inside) }
}

impl Storage for Qcow2 {
    fn len(&self) -> u64 {
        self.map.header().size
    }

    fn sector_size(&self) -> Option<u32> {
        self.sector_size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, buf.len())?;
        let mut rest = buf;
        for (cluster, within, count) in self.pieces(offset, rest.len()) {
            let (now, later) = rest.split_at_mut(count);
            self.read_piece(cluster, within, now).map_err(|error| error.in_file(self.file.path()))?;
            rest = later;
        }
        Ok(())
    }

    /// The system is told of all their clusters before the first is waited for.
    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        if self.manner().is_far && ranges.len() > 1 {
            let pieces = ranges.iter().flat_map(|(offset, len)| self.pieces(*offset, *len));
            pieces.for_each(|(cluster, within, count)| self.will_need(cluster, within, count));
        }
        ranges.iter().map(|(offset, len)| self.read_vec(*offset, *len)).collect()
    }

    fn manner(&self) -> Manner {
        self.data.manner()
    }
}
