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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::holders::tests::Tree;
    use crate::storage::holders::tests::machine;

    #[test]
    fn disks_are_described_and_what_is_no_disk_is_left_out() {
        let pci = "pci0000:00/0000:00:05.0";
        let tree = machine();
        let disk = format!("sys/devices/{pci}/virtio2/block/vdb");
        for (path, text) in [
            ("size", "2048"),
            ("ro", "1"),
            ("removable", "0"),
            ("serial", "abc"),
            ("queue/logical_block_size", "512"),
            ("device/vendor", "0x1af4"),
            ("vdb2/start", "1024"),
            ("vdb2/size", "8"),
            ("vdb1/start", "64"),
            ("vdb1/size", "16"),
        ] {
            tree.write(&format!("{disk}/{path}"), text);
        }
        let disks = attached_disks(tree.root()).unwrap();
        let [disk] = disks.as_slice() else { panic!("{disks:?}") };
        let part =
            |number, start, size| AttachedPartition { name: format!("vdb{number}"), number, start, size };
        let expected = AttachedDisk {
            name: "vdb".into(),
            path: "/dev/vdb".into(),
            size: 1 << 20,
            sector_size: Some(512),
            model: None,
            vendor: None,
            serial: Some("abc".into()),
            bus: Some("virtio".into()),
            read_only: true,
            removable: false,
            partitions: vec![part(1, 32768, 8192), part(2, 524_288, 4096)],
            held_by: disk.held_by.clone(),
            carries_running_system: true,
        };
        assert_eq!(*disk, expected);
        assert_eq!(disk.held_by.len(), 4);
    }

    #[test]
    fn the_bus_is_read_from_the_path() {
        let table = [
            (
                "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sda",
                "8:0",
                Some("usb"),
            ),
            ("pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sdb", "8:16", Some("sata")),
            ("pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0/block/sdc", "8:32", Some("scsi")),
            ("pci0000:00/0000:00:01.1/nvme/nvme0/nvme0n1", "259:0", Some("nvme")),
            ("vbd-51712/block/xvda", "202:0", Some("xen")),
            ("virtual/block/loop7", "7:7", Some("loop")),
            ("virtual/block/dm-1", "252:1", Some("dm")),
            ("virtual/block/md0", "9:0", Some("md")),
            ("platform/other/block/odd", "9:9", None),
            ("virtual/block/zram0", "251:0", None),
            ("virtual/block/ram1", "1:1", None),
            ("pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0/block/sr0", "11:0", None),
        ];
        let devices: Vec<_> = table.iter().map(|(path, number, _)| (*path, *number)).collect();
        let tree = Tree::new(&devices, &[]);
        for (path, _) in devices {
            tree.write(&format!("sys/devices/{path}/size"), "8");
        }
        let model = "sys/devices/pci0000:00/0000:00:01.1/nvme/nvme0/nvme0n1/device/model";
        tree.write(model, "  An \u{1b}[31m SSD   ");
        let page =
            "sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sdb/device/vpd_pg80";
        tree.write(page, "\0\u{1}\0\u{8}  S1234 ");
        let disks = attached_disks(tree.root()).unwrap();
        let names: Vec<_> = disks.iter().map(|disk| disk.name.as_str()).collect();
        assert_eq!(names, ["md0", "odd", "sda", "sdb", "sdc", "dm-1", "xvda", "loop7", "nvme0n1"]);
        for disk in &disks {
            let (_, _, bus) =
                table.iter().find(|(path, _, _)| path.ends_with(&format!("/{}", disk.name))).unwrap();
            assert_eq!(disk.bus.as_deref(), *bus, "{}", disk.name);
        }
        assert_eq!(disks[8].model.as_deref(), Some("An \u{1b}[31m SSD"));
        assert_eq!(disks[3].serial.as_deref(), Some("S1234"));
    }

    #[test]
    fn without_sysfs_there_is_an_error() {
        let empty = tempfile::tempdir().unwrap();
        let expected = format!(
            "{}: cannot list the disks: No such file or directory (os error 2)",
            empty.path().join("sys/block").display()
        );
        assert_eq!(attached_disks(empty.path()).unwrap_err().to_string(), expected);
    }
}
