//! Who uses a disk: mounts, swap, and devices that are built on it.

use std::collections::BTreeSet;
use std::fmt;
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

/// The loop devices that are attached to the file `path`, whose links are resolved.
pub(crate) fn loops_on_file(root: &Path, path: &Path) -> Vec<String> {
    let loops = sysfs::loops(root).into_iter();
    loops.filter(|(_, file)| Path::new(file) == path).map(|(name, _)| name).collect()
}
