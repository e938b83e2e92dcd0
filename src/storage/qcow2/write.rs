//! Writing to a qcow2 image.
//!
//! Where the image already has a cluster of its own for the bytes, they are written straight into it: not one byte of
//! the image's tables changes, and the only thing that can go wrong is the write itself. Where it has none (the cluster
//! is compressed, absent, all zeros, in the backing file, or shared with a snapshot), one has to be allocated; that is
//! left to `imago`, whose order of writes (the new cluster, its count, the entry that points to it, the count of the old
//! cluster) wastes a cluster at worst when it is cut short. It does not sync between them, so that a power cut could
//! keep a later one alone: it is given open files on which every write is synced. It is given whole clusters that
//! were read by [`Qcow2`], so that it never opens a backing file, and an image whose reference counts were verified,
//! because on wrong ones it overwrites data, and on an emptied refcount table it recurses until the stack ends.

use std::io;

use imago::DenyImplicitOpenGate;
use imago::FormatAccess;
use imago::FormatDriverBuilder;
use imago::file::File as ImagoFile;
use imago::qcow2::Qcow2 as ImagoQcow2;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::check_range;
use crate::storage::file::reopen_in_order;
use crate::storage::qcow2::Qcow2;
use crate::storage::qcow2::check::check_counts;
use crate::storage::qcow2::guard::Guard;
use crate::storage::qcow2::map::Mapping;
use crate::storage::raw::Raw;
use crate::storage::reader::fence;

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
        if let Some(target) = whole.get_mut(within..within.saturating_add(bytes.len())) {
            target.copy_from_slice(bytes);
        }
        if !self.counts_checked {
            check_counts(self.image.file(), self.image.map().header())?;
            self.counts_checked = true;
        }
        let written =
            fence(|| self.allocate(start, &whole)).unwrap_or_else(|panic| Err(io::Error::other(panic)));
        written.map_err(|error| {
            let what = format!("cannot allocate a qcow2 cluster for the bytes at 0x{start:x}");
            StorageError::io(what, error)
        })?;
        self.guard = None;
        self.image.reload()
    }

    /// Has `imago` write the whole cluster `bytes` at `offset`, and its tables.
    fn allocate(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let in_order = |raw: &Raw| {
            ImagoFile::try_from(reopen_in_order(raw.file(), raw.path()).map_err(io::Error::other)?)
        };
        let file = in_order(self.image.file())?;
        let data =
            self.image.map().header().has_data_file().then(|| in_order(self.image.data())).transpose()?;
        let image = ImagoQcow2::<ImagoFile>::builder(file)
            .write(true)
            .backing(None)
            .data_file(data)
            .open(DenyImplicitOpenGate::default())?;
        let image = FormatAccess::new(image);
        image.write(bytes, offset)?;
        // The first brings the tables to the file, the second the file to the disk.
        image.flush()?;
        image.sync()
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
        self.image.data().sync_file()?;
        self.image.file().sync_file()
    }
}
