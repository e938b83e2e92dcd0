//! Drive letters: what a Windows remembers of volumes that it has seen, in `MountedDevices` of its SYSTEM hive.
//!
//! Sources: libyal winreg-kb, "Mounted devices"; Windows Driver Kit, `mountmgr.h` (both kinds of names). A value of 12
//! bytes is a disk signature (`u32`) and a partition's offset in bytes (`u64`), both little-endian; one of 24 is
//! `DMIO:ID:` and a GUID: of a GPT partition, or of a volume of a dynamic disk. Anything else is the text of a device
//! interface: a CD drive, a memory stick.
//!
//! The hive is large, so it is read a page at a time, and what stands in its logs is not seen; whether they may hold
//! something newer is.

use std::fmt;

use crate::bytes;
use crate::guid::Guid;
use crate::hive::BaseBlock;
use crate::hive::REG_BINARY;
use crate::hive::ReadError;
use crate::hive::Value;
use crate::hive::log_head::LogAge;
use crate::hive::sparse::SparseHive;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::on_disk;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;
use crate::layout::known::Cause;
use crate::layout::obstacle::NotWritable;
use crate::layout::windows::WindowsVolume;
use crate::partition::PartitionTable;
use crate::volume::Volume;
use crate::volume::VolumeError;
use crate::volume::VolumeFile;

/// The key, below the root of the hive.
const KEY: &str = "MountedDevices";
/// What the name of a drive letter begins with.
const LETTER: &str = r"\DosDevices\";
/// What the name of a partition by its GUID begins with.
const BY_GUID: &[u8] = b"DMIO:ID:";
/// Endings of the hive's logs: `LOG` up to XP and 2003, the pair from Vista on.
const LOGS: [&str; 3] = [".LOG", ".LOG1", ".LOG2"];
/// Bytes of a log that are looked at; its numbers are at the beginning.
const LOG_HEAD: usize = 4096;
/// Bytes of the base block that a hive begins with.
const BASE_BLOCK: usize = 4096;

/// The volumes that one Windows remembers, and whether its hive could be written.
#[derive(Debug)]
pub struct MountedDevices {
    /// Index of the Windows in the layout.
    pub windows: WindowsIndex,
    /// Index of its volume in the layout.
    pub volume: VolumeIndex,
    /// Path of the hive, as the directory spells it.
    pub path: String,
    /// The values in stored order, or why they could not be read.
    pub entries: Result<Vec<MountedDevice>, Cause>,
    /// The last change of the hive was not completed, so that its logs may hold what it lacks.
    pub dirty: bool,
    /// Logs that may hold something newer than the hive.
    pub newer_logs: Vec<NewerLog>,
    /// Where its bytes lie on the disk, or why they must not be overwritten in place.
    pub place: Result<Vec<DiskExtent>, Cause>,
    /// Why the volume must not be written now (a dirty or hibernated file system).
    pub obstacles: Vec<NotWritable>,
    /// The file has nothing in it, where that is so.
    pub void: Option<Void>,
}

/// How a file has nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// It has no bytes.
    Empty,
    /// It begins with zeros.
    Zeros,
}

/// A log that may hold something newer than its hive.
#[derive(Debug, Clone)]
pub struct NewerLog {
    /// Its name.
    pub name: String,
    /// Why it may.
    pub doubt: LogDoubt,
}

/// Why a log may hold something newer than its hive.
#[derive(Debug, Clone)]
pub enum LogDoubt {
    /// It was read, and what it holds does not rule that out.
    Held(String),
    /// It cannot be read.
    Unread(Cause),
}

impl fmt::Display for NewerLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.doubt {
            LogDoubt::Held(why) => write!(f, "{}: {why}", self.name),
            LogDoubt::Unread(cause) => write!(f, "{}: {cause}", self.name),
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountedDevice {
    /// `\DosDevices\C:`, `\??\Volume{…}`, or another.
    pub name: String,
    /// File offset of the data in the hive.
    pub at: u64,
    /// The volume.
    pub names: Named,
}

/// The volume that a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A partition of an MBR disk.
    Mbr {
        /// Signature of the disk.
        signature: u32,
        /// First byte of the partition.
        offset: u64,
    },
    /// A partition of a GPT disk, or a volume of a dynamic one.
    Gpt(Guid),
    /// Something else, or no volume at all.
    Other,
}

impl Named {
    fn of(value: &Value) -> Self {
        let data = value.data.as_slice();
        let mbr = || {
            let (signature, offset) = (bytes::le_u32(data, 0)?, bytes::le_u64(data, 4)?);
            Some(Self::Mbr { signature, offset })
        };
        let gpt =
            || data.strip_prefix(BY_GUID)?.try_into().ok().map(|guid| Self::Gpt(Guid::from_bytes(guid)));
        match data.len() {
            _ if value.data_type != REG_BINARY => Self::Other,
            12 => mbr().unwrap_or(Self::Other),
            24 => gpt().unwrap_or(Self::Other),
            _ => Self::Other,
        }
    }

    /// The data of the value.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Mbr { signature, offset } => {
                [signature.to_le_bytes().as_slice(), &offset.to_le_bytes()].concat()
            }
            Self::Gpt(guid) => [BY_GUID, guid.bytes()].concat(),
            Self::Other => Vec::new(),
        }
    }
}

impl MountedDevice {
    /// The drive letter with its colon, where the value is one.
    #[must_use]
    pub fn letter(&self) -> Option<&str> {
        let letter = self.name.strip_prefix(LETTER)?;
        let is_letter = matches!(letter.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
        is_letter.then_some(letter)
    }
}

/// Reads the letters of every Windows that has a SYSTEM hive.
#[must_use]
pub fn read_all(
    volumes: &[Option<&Volume<'_>>],
    windows: &[WindowsVolume],
    table: &PartitionTable,
) -> Vec<MountedDevices> {
    let with_hive = WindowsIndex::each(windows).filter(|(_, windows)| windows.system_hive.may_be());
    let read = |(index, windows): (WindowsIndex, &WindowsVolume)| {
        let volume = windows.volume.opened(volumes)?;
        let start = windows.volume.of(&table.partitions).map_or(0, |partition| partition.start);
        Some(read(volume, index, windows, start))
    };
    with_hive.filter_map(read).collect()
}

fn read(volume: &Volume<'_>, index: WindowsIndex, windows: &WindowsVolume, start: u64) -> MountedDevices {
    let mut mounted = MountedDevices {
        windows: index,
        volume: windows.volume,
        path: windows.system_hive_path(),
        entries: Err(not_opened()),
        dirty: false,
        newer_logs: Vec::new(),
        place: Err(Cause::NotRead),
        obstacles: Vec::new(),
        void: None,
    };
    match values(volume, &mut mounted) {
        Ok(values) => mounted.entries = Ok(values.iter().map(entry).collect()),
        Err(reason) => {
            mounted.entries = Err(reason);
            return mounted;
        }
    }
    mounted.place = match volume.extents(&mounted.path) {
        Ok(Some(file)) => on_disk(start, &file.extents),
        Ok(None) => Err(Cause::Gone),
        Err(refusal) => Err(refusal.into()),
    };
    mounted.obstacles = NotWritable::of(volume);
    mounted
}

fn not_opened() -> Cause {
    Cause::NotOpened("it".to_owned())
}

fn entry(value: &Value) -> MountedDevice {
    let at = u64::try_from(value.at).unwrap_or(u64::MAX);
    MountedDevice { name: value.name.clone(), at, names: Named::of(value) }
}

/// The values of the key; on the way the path as it is spelt, and the state of the hive and its logs.
fn values(volume: &Volume<'_>, mounted: &mut MountedDevices) -> Result<Vec<Value>, Cause> {
    let file = volume.open_file(&mounted.path)?.ok_or_else(not_opened)?;
    file.path().clone_into(&mut mounted.path);
    let read = |at, len| file.read_at(at, len).map_err(ReadError::reader);
    let hive = match SparseHive::open(&read, file.len()) {
        Ok(hive) => hive,
        Err(error) => {
            mounted.void = void(&file);
            return Err(error.into());
        }
    };
    mounted.dirty = hive.is_dirty();
    mounted.newer_logs = newer_logs(volume, &mounted.path, hive.base_block());
    let Some(key) = hive.key(&[KEY])? else { return Ok(Vec::new()) };
    Ok(hive.values(&key)?)
}

/// Looked at where no hive was found: of a sound one nothing more is read.
fn void(file: &VolumeFile<'_>) -> Option<Void> {
    let len = usize::try_from(file.len()).unwrap_or(usize::MAX).min(BASE_BLOCK);
    if len == 0 {
        return Some(Void::Empty);
    }
    let head = file.read_at(0, len).ok()?;
    head.iter().all(|byte| *byte == 0).then_some(Void::Zeros)
}

fn newer_logs(volume: &Volume<'_>, hive: &str, base_block: &BaseBlock) -> Vec<NewerLog> {
    let judge = |ending: &&str| {
        let path = format!("{hive}{ending}");
        let name = path.rsplit('\\').next().unwrap_or_default();
        let doubt = match log_age(volume, &path, base_block) {
            Ok(None | Some(LogAge::Empty | LogAge::Older { .. })) => return None,
            Ok(Some(LogAge::MayBeNewer { why })) => LogDoubt::Held(why),
            Err(error) => LogDoubt::Unread(error.into()),
        };
        Some(NewerLog { name: name.to_owned(), doubt })
    };
    LOGS.iter().filter_map(judge).collect()
}

/// The age of a log; `None` where there is no such file.
fn log_age(volume: &Volume<'_>, path: &str, base_block: &BaseBlock) -> Result<Option<LogAge>, VolumeError> {
    let Some(file) = volume.open_file(path)? else { return Ok(None) };
    let len = usize::try_from(file.len()).unwrap_or(LOG_HEAD).min(LOG_HEAD);
    let head = file.read_at(0, len)?;
    Ok(Some(LogAge::judge(base_block, &head, file.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(data_type: u32, data: &[u8]) -> Named {
        Named::of(&Value { name: String::new(), data_type, data: data.to_vec(), at: 0 })
    }

    #[test]
    fn values_are_told_by_their_length() {
        let mbr = [0xa4, 0x4d, 0x23, 0x36, 0, 0, 0x50, 6, 0, 0, 0, 0];
        assert_eq!(named(3, &mbr), Named::Mbr { signature: 0x3623_4da4, offset: 0x650_0000 });
        assert_eq!(named(3, &mbr).to_bytes(), mbr);
        let gpt = [b"DMIO:ID:".as_slice(), &(1..=16).collect::<Vec<u8>>()].concat();
        assert!(matches!(named(3, &gpt), Named::Gpt(guid) if guid.bytes()[15] == 16));
        assert_eq!(named(3, &gpt).to_bytes(), gpt);
        let text: Vec<u8> = r"\??\USB".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (kind, data) in [(1, mbr.as_slice()), (3, &mbr[..11]), (3, &[7; 24]), (3, &[]), (3, &text)] {
            assert_eq!(named(kind, data), Named::Other, "{data:?}");
        }
    }

    #[test]
    fn letters_are_told_from_other_names() {
        let letter = |name: &str| {
            let name = name.into();
            MountedDevice { name, at: 0, names: Named::Other }.letter().map(str::to_owned)
        };
        assert_eq!(letter(r"\DosDevices\C:").as_deref(), Some("C:"));
        for name in [r"\??\Volume{1}", r"\DosDevices\", r"\DosDevices\CD:", r"\DosDevices\1:", "C:", ""] {
            assert_eq!(letter(name), None);
        }
    }
}
