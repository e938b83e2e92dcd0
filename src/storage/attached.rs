//! The disks that are attached to this machine, as the kernel lists them.

use std::path::Path;
use std::path::PathBuf;

use crate::storage::StorageError;
use crate::storage::holders::Holder;
use crate::storage::holders::Usage;
use crate::storage::sysfs::Block;
use crate::storage::sysfs::SYSFS_SECTOR;
use crate::storage::sysfs::children;
use crate::storage::sysfs::number;
use crate::storage::sysfs::text;

/// Drivers whose devices are never the disk of a Windows: memory, floppies, optical drives.
const NO_DISKS: &[&str] = &["ram", "zram", "fd", "sr", "mtdblock"];

/// A part of the device's path under `/sys`, and the bus that it tells; the first that is found counts.
const BUSES: &[(&str, &str)] = &[
    ("/usb", "usb"),
    ("/nvme", "nvme"),
    ("/mmc", "mmc"),
    ("/vbd-", "xen"),
    ("/xen", "xen"),
    ("/ata", "sata"),
    ("/virtual/block/loop", "loop"),
    ("/virtual/block/dm-", "dm"),
    ("/virtual/block/md", "md"),
    ("/virtual/block/nbd", "nbd"),
    ("/VMBUS:", "hyper-v"),
    ("/vmbus", "hyper-v"),
    ("/target", "scsi"),
    ("/virtio", "virtio"),
];

/// A whole disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedDisk {
    /// The kernel's name, `vdb`.
    pub name: String,
    /// Its device node, `/dev/vdb`.
    pub path: PathBuf,
    /// Length in bytes.
    pub size: u64,
    /// Logical sector size in bytes.
    pub sector_size: Option<u32>,
    /// Model, as the device tells it: hostile text.
    pub model: Option<String>,
    /// Vendor, as the device tells it: hostile text.
    pub vendor: Option<String>,
    /// Serial number, as the device tells it: hostile text.
    pub serial: Option<String>,
    /// `virtio`, `nvme`, `sata`, `usb`, `scsi`, `xen`, `hyper-v`, `mmc`, `loop`, `dm`, `md` or `nbd`.
    pub bus: Option<String>,
    /// Whether the kernel refuses to write it.
    pub read_only: bool,
    /// Whether its medium can be taken out.
    pub removable: bool,
    /// The partitions that the kernel has found, by number; it may know fewer than the partition table.
    pub partitions: Vec<AttachedPartition>,
    /// Who uses the disk or a part of it.
    pub held_by: Vec<Holder>,
    /// Whether `/`, `/boot`, `/usr` or swap of the running system lie on it, through any layers between.
    pub carries_running_system: bool,
}

/// A partition as the kernel knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedPartition {
    /// The kernel's name, `vdb2`.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// First byte on the disk.
    pub start: u64,
    /// Length in bytes.
    pub size: u64,
}

/// The whole disks of the machine whose `/sys`, `/proc` and `/dev` lie below `root` (`/`), by name.
///
/// Left out are empty devices (a loop device without a file, a reader without a card), memory and optical drives.
///
/// # Errors
/// [`StorageError::Io`] when there is no `sys/block`.
pub fn attached_disks(root: &Path) -> Result<Vec<AttachedDisk>, StorageError> {
    let list = root.join("sys/block");
    std::fs::read_dir(&list)
        .map_err(|error| StorageError::io(format!("{}: cannot list the disks", list.display()), error))?;
    let usage = Usage::read(root);
    let blocks = children(&list).into_iter().filter_map(|dir| Block::at(&dir));
    let mut disks: Vec<_> = blocks.filter(is_disk).map(|block| disk(&usage, &block)).collect();
    disks.sort_by(|one, other| by_name(&one.name).cmp(&by_name(&other.name)));
    Ok(disks)
}

/// `vdb` before `vdaa`, `loop2` before `loop10`.
fn by_name(name: &str) -> (usize, &str) {
    (name.len(), name)
}

fn is_disk(block: &Block) -> bool {
    let driver = block.name.trim_end_matches(|c: char| c.is_ascii_digit());
    block.size() > 0 && !NO_DISKS.contains(&driver)
}

fn disk(usage: &Usage<'_>, block: &Block) -> AttachedDisk {
    let attribute = |name: &str| text(&block.dir.join(name));
    AttachedDisk {
        name: block.name.clone(),
        // In sysfs a slash of a device's name is an exclamation mark.
        path: Path::new("/dev").join(block.name.replace('!', "/")),
        size: block.size(),
        sector_size: block.sector_size(),
        model: attribute("device/model"),
        // Virtio has the number of the PCI vendor here, which tells nobody anything.
        vendor: attribute("device/vendor").filter(|vendor| !vendor.starts_with("0x")),
        serial: attribute("serial")
            .or_else(|| attribute("device/serial"))
            .or_else(|| scsi_serial(&block.dir.join("device/vpd_pg80"))),
        bus: bus(&block.dir),
        read_only: block.is_read_only(),
        removable: number(&block.dir.join("removable")).unwrap_or(0) != 0,
        partitions: block.partitions().iter().map(partition).collect(),
        held_by: usage.holders(block),
        carries_running_system: usage.carries_running_system(block),
    }
}

fn partition((index, block): &(u32, Block)) -> AttachedPartition {
    let start = number(&block.dir.join("start")).unwrap_or(0).saturating_mul(SYSFS_SECTOR);
    AttachedPartition { name: block.name.clone(), number: *index, start, size: block.size() }
}

fn bus(dir: &Path) -> Option<String> {
    let path = dir.to_str()?;
    let (_, bus) = BUSES.iter().find(|(part, _)| path.contains(part))?;
    Some((*bus).to_owned())
}

/// The serial number in the SCSI page 0x80: 4 bytes of header, then text (SPC-4, "Unit Serial Number VPD page").
fn scsi_serial(page: &Path) -> Option<String> {
    let bytes = std::fs::read(page).ok()?;
    let serial = String::from_utf8_lossy(bytes.get(4..)?).trim().to_owned();
    (!serial.is_empty()).then_some(serial)
}
