//! Block devices as the kernel describes them under `/sys`, and the mounts and swaps under `/proc`.
//!
//! Everything hangs on a root directory, so that a test can bring a tree of its own.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Bytes of the sectors in which sysfs counts, whatever the device's own sectors are.
pub(crate) const SYSFS_SECTOR: u64 = 512;

/// A whole disk or a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The kernel's name: `vdb`, `vdb2`, `dm-0`.
    pub(crate) name: String,
    /// Its directory, links resolved.
    pub(crate) dir: PathBuf,
    /// `MAJOR:MINOR`.
    pub(crate) number: String,
    /// The name of the disk, when this is a partition.
    pub(crate) partition_of: Option<String>,
}

impl Block {
    /// The block device in the sysfs directory `dir` (links are resolved).
    pub(crate) fn at(dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok()?;
        let name = dir.file_name()?.to_str()?.to_owned();
        let number = text(&dir.join("dev"))?;
        let partition_of = if dir.join("partition").exists() {
            Some(dir.parent()?.file_name()?.to_str()?.to_owned())
        } else {
            None
        };
        Some(Self { name, dir, number, partition_of })
    }

    /// The block device with the number `MAJOR:MINOR`.
    pub(crate) fn by_number(root: &Path, number: &str) -> Option<Self> {
        Self::at(&root.join("sys/dev/block").join(number))
    }

    /// The block device with the kernel's name `name`.
    pub(crate) fn by_name(root: &Path, name: &str) -> Option<Self> {
        Self::at(&root.join("sys/class/block").join(name))
            .or_else(|| Self::at(&root.join("sys/block").join(name)))
    }

    /// Its partitions, in the order of their numbers.
    pub(crate) fn partitions(&self) -> Vec<(u32, Self)> {
        let mut partitions: Vec<_> = children(&self.dir)
            .into_iter()
            .filter_map(|dir| Some((u32::try_from(number(&dir.join("partition"))?).ok()?, Self::at(&dir)?)))
            .collect();
        partitions.sort_by_key(|(number, _)| *number);
        partitions
    }

    /// Names of the devices that are built on this one.
    pub(crate) fn holders(&self) -> Vec<String> {
        let holders = children(&self.dir.join("holders"));
        holders.iter().filter_map(|dir| Some(dir.file_name()?.to_str()?.to_owned())).collect()
    }

    /// Length in bytes.
    pub(crate) fn size(&self) -> u64 {
        number(&self.dir.join("size")).unwrap_or(0).saturating_mul(SYSFS_SECTOR)
    }

    /// Logical sector size in bytes; a partition has its disk's.
    pub(crate) fn sector_size(&self) -> Option<u32> {
        let queue = if self.partition_of.is_some() { self.dir.parent()? } else { self.dir.as_path() };
        u32::try_from(number(&queue.join("queue/logical_block_size"))?).ok()
    }

    /// How an NVMe controller is reached: `pcie`, `tcp`.
    pub(crate) fn transport(&self) -> Option<String> {
        text(&self.dir.join("device/transport"))
    }

    /// Whether the kernel refuses to write it.
    pub(crate) fn is_read_only(&self) -> bool {
        number(&self.dir.join("ro")).unwrap_or(0) != 0
    }
}

/// A file system that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// `MAJOR:MINOR` as the file system says; btrfs and overlays have a number of their own, `0:N`.
    pub(crate) number: String,
    /// What was mounted, as the kernel tells it.
    pub(crate) source: String,
    /// Where.
    pub(crate) at: String,
}

/// The mounts that this process sees.
pub(crate) fn mounts(root: &Path) -> Vec<Mount> {
    let table = text(&root.join("proc/self/mountinfo")).unwrap_or_default();
    table.lines().filter_map(mount).collect()
}

/// A line of mountinfo: `36 35 98:0 /root /mnt opts [optional…] - type source superopts`.
fn mount(line: &str) -> Option<Mount> {
    let mut fields = line.split(' ');
    let number = fields.nth(2)?.to_owned();
    let at = unescape(fields.nth(1)?);
    let source = unescape(fields.skip_while(|field| *field != "-").nth(2)?);
    Some(Mount { number, source, at })
}

/// Files and devices that are used as swap.
pub(crate) fn swaps(root: &Path) -> Vec<String> {
    let table = text(&root.join("proc/swaps")).unwrap_or_default();
    table.lines().skip(1).filter_map(|line| Some(unescape(line.split_whitespace().next()?))).collect()
}

/// Loop devices with what they were attached to.
pub(crate) fn loops(root: &Path) -> Vec<(String, String)> {
    let disks = children(&root.join("sys/block"));
    let backed = disks.iter().filter_map(|dir| {
        let file = text(&dir.join("loop/backing_file"))?;
        Some((dir.file_name()?.to_str()?.to_owned(), file))
    });
    backed.collect()
}

/// The kernel's name of the device whose node is `path`, following links such as those of `/dev/mapper`.
pub(crate) fn device_name(root: &Path, path: &str) -> Option<String> {
    let inside = path.strip_prefix("/dev/")?;
    let node = root.join("dev").join(inside);
    let real = node.canonicalize().unwrap_or(node);
    Some(real.file_name()?.to_str()?.to_owned())
}

/// The text of a sysfs attribute without blanks around it; `None` when there is none or it is empty.
pub(crate) fn text(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// The number that a sysfs attribute holds.
pub(crate) fn number(path: &Path) -> Option<u64> {
    text(path)?.parse().ok()
}

/// The entries of a directory, sorted by name.
pub(crate) fn children(dir: &Path) -> Vec<PathBuf> {
    let mut children: Vec<_> =
        fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    children.sort();
    children
}

/// Blanks, tabs, line ends and backslashes stand as `\` and three octal digits in the tables of `/proc`.
fn unescape(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, later)) = rest.split_first() {
        let octal = later.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (first, code) {
            (b'\\', Some(code)) => {
                bytes.push(code);
                rest = later.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = later;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
