//! Writing to a qcow2 image.
//!
//! Where the image already has a cluster of its own for the bytes, they are written straight into it: not one byte of
//! the image's tables changes, and the only thing that can go wrong is the write itself. Where it has none (the cluster
//! is compressed, absent, all zeros, in the backing file, or shared with a snapshot), it gets one (see `allocate`), in an
//! image whose reference counts were verified: on wrong ones data would be overwritten.

use crate::bytes::put;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::check_range;
use crate::storage::qcow2::Qcow2;
use crate::storage::qcow2::allocate::allocate;
use crate::storage::qcow2::check::check_counts;
use crate::storage::qcow2::guard::Guard;
use crate::storage::qcow2::map::Mapping;

/// A qcow2 image that was opened and locked for writing.
pub struct Qcow2Mut {
    image: Qcow2,
    guard: Option<Guard>,
    counts_checked: bool,
}

impl Qcow2Mut {
    /// A writer for `image`, whose files were opened for writing.
    #[must_use]
    pub fn new(image: Qcow2) -> Self {
        Self { image, guard: None, counts_checked: false }
    }

    /// The byte offset in the data file at which `len` bytes may be written in place, if they may.
    fn place(&mut self, cluster: u64, within: u64, len: usize) -> Result<Option<u64>, StorageError> {
        let lookup = self.image.map().lookup(cluster)?;
        let Mapping::Data { host, copied: true } = lookup.mapping else { return Ok(None) };
        let offset = host.saturating_add(within);
        let inside = check_range(self.image.data().len(), offset, len).is_ok();
        if !lookup.table_copied || !inside {
            return Ok(None);
        }
        let header = self.image.map().header();
        if !header.has_data_file() {
            let guard = match self.guard.take() {
                Some(guard) => guard,
                None => Guard::new(self.image.file(), header)?,
            };
            let checked = guard.check(self.image.file(), header, host);
            self.guard = Some(guard);
            checked?;
        }
        Ok(Some(offset))
    }

    fn write_piece(&mut self, cluster: u64, within: u64, bytes: &[u8]) -> Result<(), StorageError> {
        if let Some(offset) = self.place(cluster, within, bytes.len())? {
            return self.image.data().write_in_place(offset, bytes);
        }
        let size = self.image.map().header().cluster_size();
        let start = cluster.saturating_mul(size);
        let len = size.min(self.image.len().saturating_sub(start));
        let mut whole = self.image.read_vec(start, usize::try_from(len).unwrap_or(usize::MAX))?;
        let within = usize::try_from(within).unwrap_or(usize::MAX);
        put(&mut whole, within, bytes);
        if !self.counts_checked {
            check_counts(self.image.file(), self.image.map().header())?;
            self.counts_checked = true;
        }
        self.guard = None;
        allocate(&self.image, cluster, &whole)?;
        self.image.reload()
    }
}

impl Storage for Qcow2Mut {
    fn len(&self) -> u64 {
        self.image.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.image.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.image.read_at(offset, buf)
    }
}

impl StorageMut for Qcow2Mut {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, bytes.len())?;
        let pieces: Vec<_> = self.image.pieces(offset, bytes.len()).collect();
        let mut rest = bytes;
        for (cluster, within, count) in pieces {
            let (now, later) = rest.split_at(count);
            let path = self.image.file().path().to_path_buf();
            self.write_piece(cluster, within, now).map_err(|error| error.in_file(&path))?;
            rest = later;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.image.sync()
    }
}
