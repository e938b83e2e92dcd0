//! Who uses a disk: mounts, swap, and devices that are built on it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::storage::sysfs;
use crate::storage::sysfs::Block;
use crate::storage::sysfs::Mount;
use crate::storage::sysfs::text;

/// Mount points that make a disk part of the system that is running.
const SYSTEM_MOUNTS: &[&str] = &["/", "/boot", "/boot/efi", "/efi", "/usr"];

/// One use of a disk or of one of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A file system on it is mounted.
    Mount {
        /// The device, `vdb2`.
        device: String,
        /// The mount point.
        at: String,
    },
    /// It is used as swap.
    Swap {
        /// The device.
        device: String,
    },
    /// A device of the device mapper, an array or a cache is built on it.
    Device {
        /// The device.
        device: String,
        /// The kernel's name of what is built on it, `dm-0`.
        by: String,
        /// The name that the device mapper has for that.
        name: Option<String>,
    },
    /// A loop device is attached to it.
    Loop {
        /// The device.
        device: String,
        /// The loop device, `loop3`.
        by: String,
    },
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { device, at } => write!(out, "/dev/{device} is mounted on {at}"),
            Self::Swap { device } => write!(out, "/dev/{device} is used as swap"),
            Self::Device { device, by, name: None } => write!(out, "/dev/{device} is held by {by}"),
            Self::Device { device, by, name: Some(name) } => {
                write!(out, "/dev/{device} is held by {by} ({name})")
            }
            Self::Loop { device, by } => write!(out, "/dev/{device} backs {by}"),
        }
    }
}

/// Everything that is mounted, swapped to or attached, read once for all disks.
pub(crate) struct Usage<'a> {
    root: &'a Path,
    mounts: Vec<Mount>,
    swaps: Vec<String>,
    loops: Vec<(String, String)>,
}

impl<'a> Usage<'a> {
    /// Reads the tables below `root`.
    pub(crate) fn read(root: &'a Path) -> Self {
        Self { root, mounts: sysfs::mounts(root), swaps: sysfs::swaps(root), loops: sysfs::loops(root) }
    }

    /// Who uses `disk` or one of its partitions.
    pub(crate) fn holders(&self, disk: &Block) -> Vec<Holder> {
        let mut holders = self.holders_of_one(disk);
        for (_, partition) in disk.partitions() {
            holders.extend(self.holders_of_one(&partition));
        }
        holders
    }

    /// Whether the running system stands on `disk`, however many layers lie between.
    pub(crate) fn carries_running_system(&self, disk: &Block) -> bool {
        let mut waiting = vec![disk.clone()];
        let mut seen = BTreeSet::new();
        while let Some(device) = waiting.pop() {
            if !seen.insert(device.name.clone()) {
                continue;
            }
            let mounted = self.mounts_of(&device);
            if self.is_swap(&device) || mounted.iter().any(|mount| SYSTEM_MOUNTS.contains(&mount.at.as_str()))
            {
                return true;
            }
            let mut above = device.holders();
            above.extend(self.loops_above(&device, &mounted));
            waiting.extend(above.iter().filter_map(|name| Block::by_name(self.root, name)));
            waiting.extend(device.partitions().into_iter().map(|(_, partition)| partition));
        }
        false
    }

    fn holders_of_one(&self, device: &Block) -> Vec<Holder> {
        let name = || device.name.clone();
        let mut holders: Vec<_> = self
            .mounts_of(device)
            .into_iter()
            .map(|mount| Holder::Mount { device: name(), at: mount.at.clone() })
            .collect();
        holders.extend(
            self.swap_devices().any(|swap| swap == device.name).then(|| Holder::Swap { device: name() }),
        );
        holders.extend(device.holders().into_iter().map(|by| {
            let mapper = Block::by_name(self.root, &by).and_then(|block| text(&block.dir.join("dm/name")));
            Holder::Device { device: name(), by, name: mapper }
        }));
        let attached = self.loops.iter().filter(|(_, file)| self.is_device(file, device));
        holders.extend(attached.map(|(by, _)| Holder::Loop { device: name(), by: by.clone() }));
        holders
    }

    fn mounts_of(&self, device: &Block) -> Vec<&Mount> {
        let here = |mount: &&Mount| {
            mount.number == device.number
                || (mount.number.starts_with("0:") && self.is_device(&mount.source, device))
        };
        self.mounts.iter().filter(here).collect()
    }

    fn is_device(&self, path: &str, device: &Block) -> bool {
        sysfs::device_name(self.root, path).as_ref() == Some(&device.name)
    }

    fn swap_devices(&self) -> impl Iterator<Item = String> {
        self.swaps.iter().filter_map(|path| sysfs::device_name(self.root, path))
    }

    /// Whether `device` is swap, or holds the file system with a swap file.
    fn is_swap(&self, device: &Block) -> bool {
        self.swap_devices().any(|swap| swap == device.name)
            || self.swaps.iter().any(|path| self.is_file_on(path, &self.mounts_of(device)))
    }

    /// Loop devices that are attached to `device` itself or to a file on it.
    fn loops_above(&self, device: &Block, mounted: &[&Mount]) -> Vec<String> {
        let above = |file: &str| self.is_device(file, device) || self.is_file_on(file, mounted);
        self.loops.iter().filter(|(_, file)| above(file)).map(|(by, _)| by.clone()).collect()
    }

    /// Whether the file `path` lies on one of `mounted`: the mount with the longest path above it is the one.
    fn is_file_on(&self, path: &str, mounted: &[&Mount]) -> bool {
        let path = Path::new(path);
        if path.starts_with("/dev") {
            return false;
        }
        // Of two mounts on the same point the later one covers the earlier.
        let over =
            self.mounts.iter().filter(|mount| path.starts_with(&mount.at)).max_by_key(|mount| mount.at.len());
        over.is_some_and(|over| mounted.contains(&over))
    }
}

/// The loop devices that are attached to the file `path`, whose links are resolved; `facts` are the file's, for it may
/// have been attached by another of its names.
pub(crate) fn loops_on_file(root: &Path, path: &Path, facts: &Metadata) -> Vec<String> {
    let loops = sysfs::loops(root).into_iter();
    let same = |other: Metadata| (other.dev(), other.ino()) == (facts.dev(), facts.ino());
    let is_it = |file: &str| Path::new(file) == path || fs::metadata(file).is_ok_and(same);
    loops.filter(|(_, file)| is_it(file)).map(|(name, _)| name).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A made-up `/sys`, `/proc` and `/dev`.
    pub(crate) struct Tree(tempfile::TempDir);

    impl Tree {
        /// A tree with the devices (path below `sys/devices`, number) and the files (path below the root, text).
        pub(crate) fn new(devices: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for dir in ["sys/block", "sys/class/block", "sys/dev/block", "proc/self", "dev/mapper"] {
                std::fs::create_dir_all(tree.root().join(dir)).unwrap();
            }
            for (dir, number) in devices {
                tree.write(&format!("sys/devices/{dir}/dev"), number);
                let name = dir.rsplit('/').next().unwrap();
                let real = tree.root().join("sys/devices").join(dir);
                symlink(&real, tree.root().join("sys/class/block").join(name)).unwrap();
                symlink(&real, tree.root().join("sys/dev/block").join(number)).unwrap();
                if !devices.iter().any(|(disk, _)| dir.rsplit_once('/').unwrap().0 == *disk) {
                    symlink(&real, tree.root().join("sys/block").join(name)).unwrap();
                }
            }
            for (path, text) in files {
                tree.write(path, text);
            }
            tree
        }

        pub(crate) fn root(&self) -> &Path {
            self.0.path()
        }

        pub(crate) fn write(&self, path: &str, text: &str) {
            let path = self.root().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("{text}\n")).unwrap();
        }
    }

    /// A rescue system on vda, a guest's disk vdb in every kind of use, a free disk vdc.
    pub(crate) fn machine() -> Tree {
        let pci = "pci0000:00/0000:00:05.0";
        let paths = [
            (format!("{pci}/virtio1/block/vda"), "253:0"),
            (format!("{pci}/virtio1/block/vda/vda1"), "253:1"),
            (format!("{pci}/virtio2/block/vdb"), "253:16"),
            (format!("{pci}/virtio2/block/vdb/vdb1"), "253:17"),
            (format!("{pci}/virtio2/block/vdb/vdb2"), "253:18"),
            (format!("{pci}/virtio3/block/vdc"), "253:32"),
            ("virtual/block/dm-0".into(), "252:0"),
            ("virtual/block/loop0".into(), "7:0"),
            ("virtual/block/loop3".into(), "7:3"),
        ];
        let devices: Vec<_> = paths.iter().map(|(path, number)| (path.as_str(), *number)).collect();
        let tree = Tree::new(
            &devices,
            &[
                ("proc/swaps", "Filename Type Size Used Priority\n/dev/vdb2 partition 1 0 -2"),
                ("sys/devices/virtual/block/dm-0/dm/name", "vg-root"),
                ("sys/devices/virtual/block/loop3/loop/backing_file", "/dev/vdb"),
            ],
        );
        tree.write(
            "proc/self/mountinfo",
            "22 27 0:21 / /proc rw,relatime - proc proc rw\n\
             27 1 252:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n\
             36 35 253:17 / /mnt/a\\040disk rw master:1 - ntfs3 /dev/vdb1 rw\n\
             37 35 0:41 /@ /data rw - btrfs /dev/vdb2 rw",
        );
        for (path, number) in
            [("virtio1/block/vda/vda1", 1), ("virtio2/block/vdb/vdb1", 1), ("virtio2/block/vdb/vdb2", 2)]
        {
            tree.write(&format!("sys/devices/{pci}/{path}/partition"), &number.to_string());
        }
        let holders = tree.root().join(format!("sys/devices/{pci}/virtio1/block/vda/vda1/holders"));
        std::fs::create_dir_all(&holders).unwrap();
        symlink(tree.root().join("sys/devices/virtual/block/dm-0"), holders.join("dm-0")).unwrap();
        symlink("../dm-0", tree.root().join("dev/mapper/vg-root")).unwrap();
        tree
    }

    fn held(tree: &Tree, name: &str) -> (Vec<String>, bool) {
        let usage = Usage::read(tree.root());
        let disk = Block::by_name(tree.root(), name).unwrap();
        let holders = usage.holders(&disk).iter().map(ToString::to_string).collect();
        (holders, usage.carries_running_system(&disk))
    }

    #[test]
    fn every_use_is_named() {
        let tree = machine();
        assert_eq!(held(&tree, "vda"), (vec!["/dev/vda1 is held by dm-0 (vg-root)".into()], true));
        assert_eq!(held(&tree, "dm-0"), (vec!["/dev/dm-0 is mounted on /".into()], true));
        let uses = [
            "/dev/vdb backs loop3",
            "/dev/vdb1 is mounted on /mnt/a disk",
            "/dev/vdb2 is mounted on /data",
            "/dev/vdb2 is used as swap",
        ];
        assert_eq!(held(&tree, "vdb"), (uses.map(String::from).to_vec(), true));
        assert_eq!(held(&tree, "vdc"), (vec![], false));
    }

    /// A live system: the root is a file on a disk, by way of a loop device.
    #[test]
    fn a_root_in_a_file_is_found_on_the_disk_below() {
        let tree = machine();
        tree.write(
            "proc/self/mountinfo",
            "27 1 7:0 / / rw - squashfs /dev/loop0 rw\n36 35 253:32 / /run/live rw - ext4 /dev/vdc rw",
        );
        tree.write("sys/devices/virtual/block/loop0/loop/backing_file", "/run/live/root.img");
        assert_eq!(held(&tree, "vdc"), (vec!["/dev/vdc is mounted on /run/live".into()], true));
        assert!(!held(&tree, "vda").1);
        tree.write("proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2");
        assert!(!held(&tree, "vda").1);
        tree.write("proc/self/mountinfo", "36 35 253:1 / /mnt rw - ext4 /dev/vda1 rw");
        assert!(!held(&tree, "vda").1);
        tree.write("proc/swaps", "Filename Type Size Used Priority\n/mnt/swapfile file 1 0 -2");
        assert!(held(&tree, "vda").1);
    }
}
