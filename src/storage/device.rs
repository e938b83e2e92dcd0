//! Block devices: which may be opened, and opening one for writing alone.

use std::fs::File;
use std::path::Path;

use nix::fcntl::PosixFadviseAdvice;
use nix::fcntl::posix_fadvise;
use nix::sys::stat::major;
use nix::sys::stat::minor;

use crate::error::way_out::Barrier;
use crate::error::way_out::HeldBy;
use crate::error::way_out::Target;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::holders::Usage;
use crate::storage::network::is_remote_device;
use crate::storage::raw::Raw;
use crate::storage::sysfs::Block;

/// What is known of a device that is to be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DeviceFacts {
    /// Logical sector size in bytes.
    pub(crate) sector_size: Option<u32>,
    /// A network lies before it.
    pub(crate) is_remote: bool,
}

/// Looks at the block device with the number `rdev` before it is opened.
///
/// # Errors
/// [`StorageError::Unsupported`] for a partition, which has no partition table, and for a device the kernel does not
/// list; when it is `to_write`, for a read-only one, and [`StorageError::Busy`] with all who hold it.
pub(crate) fn check_device(root: &Path, rdev: u64, to_write: bool) -> Result<DeviceFacts, StorageError> {
    let number = format!("{}:{}", major(rdev), minor(rdev));
    let Some(block) = Block::by_number(root, &number) else {
        if to_write {
            let what = format!("cannot find block device {number} in /sys, so its other users are unknown");
            return Err(StorageError::unsupported(what, Barrier::Sysfs));
        }
        return Ok(DeviceFacts::default());
    };
    if let Some(disk) = &block.partition_of {
        let what = format!("/dev/{} is a partition", block.name);
        return Err(StorageError::unsupported(what, Target::WholeDisk(disk.clone())));
    }
    if to_write {
        check_free(root, &block)?;
    }
    Ok(DeviceFacts { sector_size: block.sector_size(), is_remote: is_remote_device(&block) })
}

fn check_free(root: &Path, block: &Block) -> Result<(), StorageError> {
    if block.is_read_only() {
        let what = format!("/dev/{} is read-only", block.name);
        return Err(StorageError::unsupported(what, Barrier::Device(block.name.clone())));
    }
    let holders = Usage::read(root).holders(block);
    if holders.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = holders.iter().map(ToString::to_string).collect();
    Err(StorageError::busy(list.join(", "), HeldBy::Listed))
}

/// A block device that was opened for writing.
///
/// Writes go to the page cache of the device node; [`StorageMut::sync`] brings them to the medium and then drops the
/// cached pages, so that who reads it next, by this or any other open file, reads the medium itself as far as the
/// kernel lets (pages that somebody else has mapped stay).
#[derive(Debug)]
pub(crate) struct DeviceMut(Raw);

impl DeviceMut {
    /// A writer on the device that `raw` has open, exclusively.
    #[must_use]
    pub(crate) fn new(raw: Raw) -> Self {
        Self(raw)
    }
}

/// Drops the cached pages of `file`, that the next read comes from the medium.
pub(crate) fn drop_cache(file: &File) {
    // Only a wish: when the kernel does not heed it, the page cache of the same device is coherent anyway.
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
}

impl Storage for DeviceMut {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.0.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.0.read_at(offset, buf)
    }
}

impl StorageMut for DeviceMut {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.0.write_in_place(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.0.sync_file()?;
        drop_cache(self.0.file());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::makedev;

    use super::*;
    use crate::error::way_out::WayOut;
    use crate::storage::holders::tests::machine;

    #[test]
    fn a_device_in_use_is_read_but_not_written_and_a_partition_is_neither() {
        let tree = machine();
        let disk = "sys/devices/pci0000:00/0000:00:05.0/virtio";
        tree.write(&format!("{disk}2/block/vdb/queue/logical_block_size"), "4096");
        let check = |minor, write| {
            check_device(tree.root(), makedev(253, minor), write).map_err(|error| error.told())
        };
        let facts = |sector_size| Ok(DeviceFacts { sector_size, is_remote: false });
        let refused = |what: &str, way_out: WayOut| Err((what.to_owned(), Some(way_out)));
        assert_eq!(check(16, false), facts(Some(4096)));
        assert_eq!(check(32, true), facts(None));
        let uses = "/dev/vdb backs loop3, /dev/vdb1 is mounted on /mnt/a disk, /dev/vdb2 is mounted on /data, /dev/vdb2 is used as swap";
        assert_eq!(check(16, true), refused(uses, HeldBy::Listed.into()));
        for write in [false, true] {
            let whole = Target::WholeDisk("vdb".into());
            assert_eq!(check(18, write), refused("/dev/vdb2 is a partition", whole.into()));
        }
        tree.write(&format!("{disk}3/block/vdc/ro"), "1");
        assert_eq!(check(32, false), facts(None));
        let device = Barrier::Device("vdc".into());
        assert_eq!(check(32, true), refused("/dev/vdc is read-only", device.into()));
        assert_eq!(check(99, false), facts(None));
        let why = "cannot find block device 253:99 in /sys, so its other users are unknown";
        assert_eq!(check(99, true), refused(why, Barrier::Sysfs.into()));
    }
}
