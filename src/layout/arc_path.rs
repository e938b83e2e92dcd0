//! ARC paths: how `boot.ini` names the directory of a Windows.
//!
//! Sources: Microsoft, KB 102873 "BOOT.INI and ARC Path Naming Conventions and Usage"; KB 227704 "Windows may use
//! Signature() syntax in the Boot.ini file".

use std::fmt;
use std::ops::Range;

use crate::layout::index::VolumeIndex;
use crate::partition::Partition;
use crate::partition::PartitionTable;
use crate::partition::TableKind;

/// Characters of a directory that are kept, at most.
const DIRECTORY_MAX: usize = 256;

/// `multi(0)disk(0)rdisk(0)partition(1)\WINDOWS`, in its parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArcPath {
    /// How the disk is reached.
    pub adapter: Adapter,
    /// `disk()`: the SCSI bus times 32 plus the target, for `scsi()`; else without meaning.
    pub disk: u32,
    /// `rdisk()`: which disk the BIOS counts (from 0), for `multi()`; the logical unit, for `scsi()`.
    pub rdisk: u32,
    /// `partition()`: counted from 1, see [`ArcPath::partition_of`].
    pub partition: u32,
    /// The directory: `\WINDOWS`.
    pub directory: String,
}

/// How the disk of an ARC path is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Adapter {
    /// Through the BIOS; the number of the adapter is always 0.
    Multi(u32),
    /// Through the driver `ntbootdd.sys`, by the number of the adapter.
    Scsi(u32),
    /// The disk with this MBR signature, through the driver when the BIOS does not reach it.
    Signature(u32),
}

/// Bytes of a text that has a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    /// `multi(0)`, `scsi(0)` or `signature(8b467c12)`.
    pub adapter: Range<usize>,
    /// `partition(1)`.
    pub partition: Range<usize>,
}

impl ArcPath {
    /// Understands a path, whatever the case of its letters and the blanks between its parts; `None` when it is another
    /// thing, e.g. `multi(0)disk(0)fdisk(0)`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (adapter, rest) = Adapter::parse(text)?;
        let (disk, rest) = numbered(rest, "disk")?;
        let (rdisk, rest) = numbered(rest, "rdisk")?;
        let (partition, rest) = numbered(rest, "partition")?;
        let directory = rest.trim().chars().take(DIRECTORY_MAX).collect();
        Some(Self { adapter, disk, rdisk, partition, directory })
    }

    /// Where in a text that is understood the parts stand by which a path names disk and partition.
    #[must_use]
    pub fn spans(text: &str) -> Option<Spans> {
        let (_, disk) = Adapter::parse(text)?;
        let (_, rdisk) = numbered(disk, "disk")?;
        let (_, partition) = numbered(rdisk, "rdisk")?;
        let (_, rest) = numbered(partition, "partition")?;
        let span = |from: &str, to: &str| {
            let begin = text.len().checked_sub(from.trim_start().len())?;
            Some(begin..text.len().checked_sub(to.len())?)
        };
        Some(Spans { adapter: span(text, disk)?, partition: span(partition, rest)? })
    }

    /// Whether both name the same directory.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let directory = |path: &Self| path.directory.trim_end_matches(['\\', '/']).to_lowercase();
        (self.adapter, self.disk, self.rdisk, self.partition)
            == (other.adapter, other.disk, other.rdisk, other.partition)
            && directory(self) == directory(other)
    }

    /// The index, in an MBR's table, of the partition with this number: "All partitions receive a number except for
    /// type 5 (MS-DOS Extended) and type 0 (unused) partitions, with primary partitions being numbered first and then
    /// logical drives", from 1 (KB 102873). Whether it is the right disk is another question.
    #[must_use]
    pub fn partition_of(&self, table: &PartitionTable) -> Option<VolumeIndex> {
        let counts = table.kind == TableKind::Mbr;
        let nth = usize::try_from(self.partition).ok()?.checked_sub(1).filter(|_| counts)?;
        let of = |logical: bool| {
            let has = move |(_, partition): &(VolumeIndex, &Partition)| partition.logical == logical;
            VolumeIndex::each(&table.partitions).filter(has)
        };
        of(false).chain(of(true)).nth(nth).map(|(index, _)| index)
    }
}

impl Adapter {
    fn parse(text: &str) -> Option<(Self, &str)> {
        if let Some((number, rest)) = numbered(text, "multi") {
            return Some((Self::Multi(number), rest));
        }
        if let Some((number, rest)) = numbered(text, "scsi") {
            return Some((Self::Scsi(number), rest));
        }
        let (digits, rest) = component(text, "signature")?;
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
        let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let signature = u32::from_str_radix(digits, 16).ok().filter(|_| plain)?;
        Some((Self::Signature(signature), rest))
    }
}

impl fmt::Display for ArcPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.adapter {
            Adapter::Multi(number) => write!(f, "multi({number})")?,
            Adapter::Scsi(number) => write!(f, "scsi({number})")?,
            Adapter::Signature(signature) => write!(f, "signature({signature:x})")?,
        }
        write!(f, "disk({})rdisk({})partition({}){}", self.disk, self.rdisk, self.partition, self.directory)
    }
}

/// `name(12)` at the start of `text`, and what follows; nothing between the parentheses is 0.
fn numbered<'a>(text: &'a str, name: &str) -> Option<(u32, &'a str)> {
    let (digits, rest) = component(text, name)?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = if digits.is_empty() { 0 } else { digits.parse().ok().filter(|_| plain)? };
    Some((number, rest))
}

/// `name(inside)` at the start of `text`, and what follows.
fn component<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (start, rest) = text.trim_start().split_at_checked(name.len())?;
    let rest = rest.trim_start().strip_prefix('(').filter(|_| start.eq_ignore_ascii_case(name))?;
    let (inside, rest) = rest.split_once(')')?;
    Some((inside.trim(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::BootCode;
    use crate::partition::DiskId;
    use crate::partition::PartitionType;

    #[track_caller]
    fn reads(text: &str, expected: (Adapter, u32, u32, u32, &str)) {
        let path = ArcPath::parse(text).unwrap();
        let ArcPath { adapter, disk, rdisk, partition, directory } = path;
        assert_eq!((adapter, disk, rdisk, partition, directory.as_str()), expected);
    }

    #[test]
    fn paths_have_five_parts() {
        reads(r"multi(0)disk(0)rdisk(1)partition(2)\WINNT", (Adapter::Multi(0), 0, 1, 2, r"\WINNT"));
        reads(r"scsi(1)disk(34)rdisk(0)partition(1)\winnt.sbs", (Adapter::Scsi(1), 34, 0, 1, r"\winnt.sbs"));
        let signature = Adapter::Signature(0x8b46_7c12);
        reads(r"signature(8b467c12)disk(1)rdisk(0)partition(2)\winnt", (signature, 1, 0, 2, r"\winnt"));
        reads(r"SIGNATURE(0x8B467C12)disk()rdisk(3)partition(2)\W", (signature, 0, 3, 2, r"\W"));
        reads(
            r"  Multi ( 0 ) Disk(0) rDisk(0) Partition( 1 ) \My Windows ",
            (Adapter::Multi(0), 0, 0, 1, r"\My Windows"),
        );
        reads("multi()disk()rdisk()partition()", (Adapter::Multi(0), 0, 0, 0, ""));
    }

    #[test]
    fn the_parts_of_a_path_have_their_places() {
        for (text, adapter, partition) in [
            (r"multi(0)disk(0)rdisk(1)partition(2)\WINNT", "multi(0)", "partition(2)"),
            (r"  Multi ( 0 ) Disk(0) rDisk(0) Partition( 1 ) \W ", "Multi ( 0 )", "Partition( 1 )"),
            (r"signature(0x8b467c12)disk(1)rdisk(0)partition()", "signature(0x8b467c12)", "partition()"),
        ] {
            let spans = ArcPath::spans(text).unwrap();
            assert_eq!((&text[spans.adapter], &text[spans.partition]), (adapter, partition));
        }
        assert_eq!(ArcPath::spans(r"C:\"), None);
    }

    #[test]
    fn other_texts_are_no_paths() {
        for text in [
            "",
            "multi",
            "multi(0",
            r"multi(0)disk(0)fdisk(0)\WINDOWS",
            r"multi(0)disk(0)cdrom(1)\I386",
            r"multi(0)disk(0)rdisk(0)\WINDOWS",
            r"multi(+1)disk(0)rdisk(0)partition(1)\WINDOWS",
            r"multi(99999999999)disk(0)rdisk(0)partition(1)\WINDOWS",
            r"signature()disk(0)rdisk(0)partition(1)\WINDOWS",
            r"signature(123456789)disk(0)rdisk(0)partition(1)\WINDOWS",
            r"signature(+1)disk(0)rdisk(0)partition(1)\WINDOWS",
            "ramdisk(0)",
            r"C:\",
            "mülti(0)disk(0)rdisk(0)partition(1)",
            "mult\u{fffd}",
        ] {
            assert_eq!(ArcPath::parse(text), None, "{text}");
        }
    }

    #[test]
    fn paths_are_written_as_they_were_read() {
        for text in [
            r"multi(0)disk(0)rdisk(0)partition(1)\WINDOWS",
            r"signature(8b467c12)disk(1)rdisk(0)partition(2)\winnt",
            r"scsi(1)disk(34)rdisk(0)partition(1)",
        ] {
            assert_eq!(ArcPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_case_of_letters_and_a_last_backslash_do_not_matter() {
        let path = |text| ArcPath::parse(text).unwrap();
        let one = path(r"multi(0)disk(0)rdisk(0)partition(1)\WINDOWS");
        assert!(one.is(&path(r"MULTI(0)disk(0)rdisk(0)partition(1)\Windows\")));
        assert!(!one.is(&path(r"multi(0)disk(0)rdisk(0)partition(2)\WINDOWS")));
        assert!(!one.is(&path(r"multi(0)disk(0)rdisk(0)partition(1)\WINDOWS.0")));
        assert!(!one.is(&path(r"signature(0)disk(0)rdisk(0)partition(1)\WINDOWS")));
    }

    /// Slots 1 and 3 in use, then two logical drives.
    fn table(kind: TableKind) -> PartitionTable {
        let partition = |number: u32| Partition {
            number,
            start: u64::from(number) << 20,
            len: 1 << 20,
            kind: PartitionType::Mbr(7),
            id: None,
            active: number == 1,
            logical: number > 4,
            name: None,
        };
        let partitions = [1, 3, 5, 6].map(partition).to_vec();
        PartitionTable {
            kind,
            sector_size: 512,
            disk: Some(DiskId::Mbr(1)),
            partitions,
            boot_code: BootCode::None,
            boot_flags: [0; 4],
            container_code: [false; 4],
            hybrid: None,
            hybrid_entries: Vec::new(),
            unprotected: None,
            damaged_copy: None,
            beneath: None,
            unseen: None,
            notes: vec![],
        }
    }

    #[test]
    fn partitions_are_counted_without_the_free_slots() {
        let of = |kind, number: u32| {
            let text = format!(r"multi(0)disk(0)rdisk(0)partition({number})\WINDOWS");
            ArcPath::parse(&text).unwrap().partition_of(&table(kind))
        };
        let found: Vec<_> = (0..6).map(|number| of(TableKind::Mbr, number)).collect();
        let volume = |index| Some(VolumeIndex::new(index));
        assert_eq!(found, [None, volume(0), volume(1), volume(2), volume(3), None]);
        assert_eq!(of(TableKind::Gpt, 1), None);
        assert_eq!(of(TableKind::Mbr, u32::MAX), None);
    }

    #[test]
    fn long_directories_are_cut() {
        let text = format!("multi(0)disk(0)rdisk(0)partition(1)\\{}", "ü".repeat(1 << 20));
        assert_eq!(ArcPath::parse(&text).unwrap().directory.chars().count(), DIRECTORY_MAX);
    }
}
