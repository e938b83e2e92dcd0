//! What a disk was when all was well, and what has changed since. Pure.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::bcd::device::QualifiedPartition;
use crate::bytes;
use crate::diagnosis::Context;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::disk_of;
use crate::diagnosis::partition_of;
use crate::diagnosis::record::Record;
use crate::diagnosis::restore::OldIdentity;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::restore::names_present;
use crate::diagnosis::show_disk;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::partition::Partition;
use crate::partition::PartitionId;

/// The code of a finding that says that the record is another disk's; a repair by the record does not go on past it.
pub const OTHER_DISK: &str = "not-the-recorded-disk";

/// The identities of a disk, as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The disk's, as [`DiskId::text`] writes it.
    pub disk: String,
    /// Logical sector size in bytes.
    pub sector_size: u32,
    /// Its partitions.
    pub partitions: Vec<RecordedPartition>,
    /// Its stores.
    pub stores: Vec<RecordedStore>,
}

/// A partition, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPartition {
    /// Number.
    pub number: u32,
    /// First byte, from the start of the disk.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
    /// Unique GUID, on a GPT disk.
    pub guid: Option<Guid>,
    /// MBR boot flag.
    pub active: bool,
}

/// A store, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedStore {
    /// Number of its partition.
    pub partition: u32,
    /// Path on the volume.
    pub path: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

impl Recorded {
    /// The identities of a disk as it is; `None` for one that has none.
    #[must_use]
    pub fn of(layout: &Layout) -> Option<Self> {
        let disk = layout.table.disk.filter(|disk| *disk != DiskId::Mbr(0))?;
        let partition = |partition: &Partition| RecordedPartition {
            number: partition.number,
            start: partition.start,
            len: partition.len,
            guid: partition.guid(),
            active: partition.active,
        };
        let stores = layout.stores.iter().filter_map(|file| {
            Some(RecordedStore {
                partition: layout.table.partitions.get(file.volume)?.number,
                path: file.path.clone(),
                sha256: bytes::hex(&Sha256::digest(file.on_disk()?)),
            })
        });
        Some(Self {
            disk: disk.text(),
            sector_size: layout.table.sector_size,
            partitions: layout.table.partitions.iter().map(partition).collect(),
            stores: stores.collect(),
        })
    }

    /// The disk's identity, as it was.
    #[must_use]
    pub fn disk_id(&self) -> Option<DiskId> {
        DiskId::from_text(&self.disk)
    }

    /// The volume that is where the recorded partition was, of the length that it had.
    fn volume_of(&self, layout: &Layout, recorded: &RecordedPartition) -> Option<usize> {
        let same_place =
            |partition: &Partition| (partition.start, partition.len) == (recorded.start, recorded.len);
        layout.table.partitions.iter().position(same_place)
    }

    /// Whether the disk is the recorded one, as far as its partitions tell: those with stores are where they were.
    fn is_of(&self, layout: &Layout) -> bool {
        let with_store = |partition: &&RecordedPartition| {
            self.stores.is_empty() || self.stores.iter().any(|store| store.partition == partition.number)
        };
        let mut wanted = self.partitions.iter().filter(with_store).peekable();
        self.sector_size == layout.table.sector_size
            && wanted.peek().is_some()
            && wanted.all(|partition| self.volume_of(layout, partition).is_some())
    }

    /// The disk's identity, as it was, where the disk is the recorded one.
    pub(super) fn disk_of(&self, layout: &Layout) -> Option<DiskId> {
        self.disk_id().filter(|disk| self.is_of(layout) && layout.table.disk != Some(*disk))
    }

    /// The volume that an element meant that names a recorded partition.
    pub(super) fn meant(&self, layout: &Layout, named: &QualifiedPartition) -> Option<usize> {
        if self.disk_id() != Some(disk_of(named)) || !self.is_of(layout) {
            return None;
        }
        let is_it = |recorded: &&RecordedPartition| match partition_of(named) {
            PartitionId::Mbr { offset } => recorded.start == offset,
            PartitionId::Gpt(guid) => recorded.guid == Some(guid),
        };
        self.volume_of(layout, self.partitions.iter().find(is_it)?)
    }
}

/// What has changed since the record was made.
#[must_use]
pub fn findings(layout: &Layout, recorded: &Recorded) -> Vec<Finding> {
    if !recorded.is_of(layout) {
        return vec![Finding {
            remedy: Remedy::Advice("name the record of this disk".into()),
            ..Finding::plain(
                OTHER_DISK,
                Severity::Degrades,
                "disk",
                "this is not the recorded disk, or its system partition is no longer where it was".into(),
            )
        }];
    }
    let stores = stores(layout, recorded);
    let mut findings: Vec<Finding> = disk(layout, recorded, stores.is_empty()).into_iter().collect();
    findings.extend(recorded.partitions.iter().filter_map(|partition| changed(layout, recorded, partition)));
    let new =
        layout.table.partitions.iter().filter(|now| {
            !recorded.partitions.iter().any(|then| (then.start, then.len) == (now.start, now.len))
        });
    findings.extend(new.map(|partition| {
        let place = format!("0x{:x} bytes at 0x{:x}", partition.len, partition.start);
        since(
            &format!("partition {}", partition.number),
            format!("new, or changed in place or length, since it was recorded: {place}"),
        )
    }));
    findings.extend(stores);
    if findings.is_empty() {
        let message = "the disk is as it was recorded: its identity, its partitions and its stores";
        findings.push(Finding::plain("as-recorded", Severity::Note, "disk", message.into()));
    }
    findings
}

fn since(subject: &str, message: String) -> Finding {
    Finding::plain("changed-since-recorded", Severity::Note, subject, message)
}

fn disk(layout: &Layout, recorded: &Recorded, same_stores: bool) -> Option<Finding> {
    let (then, now) = (recorded.disk_id()?, layout.table.disk?);
    (then != now).then(|| Finding {
        code: "identity-changed",
        // A store that was written since may have been re-pointed; one that was not knows the disk by what it was.
        severity: if same_stores { Severity::Stale } else { Severity::Note },
        evidence: vec![format!("recorded: {}", show_disk(then)), format!("now: {}", show_disk(now))],
        remedy: Remedy::Advice(
            "`fix --against RECORD` re-points the stores; with --restore-identity it gives the recorded identity back".into(),
        ),
        ..since("disk", "the disk's identity has changed since it was recorded".into())
    })
}

fn changed(layout: &Layout, recorded: &Recorded, then: &RecordedPartition) -> Option<Finding> {
    let subject = format!("partition {}", then.number);
    let Some(volume) = recorded.volume_of(layout, then) else {
        let place = format!("0x{:x} bytes at 0x{:x}", then.len, then.start);
        return Some(since(&subject, format!("no longer there since it was recorded: {place}")));
    };
    let now = layout.table.partitions.get(volume)?;
    let mut what = Vec::new();
    if now.number != then.number {
        what.push(format!("its number is {} now", now.number));
    }
    if now.guid() != then.guid {
        let show = |guid: Option<Guid>| guid.map_or_else(|| "none".into(), |guid| guid.to_string());
        what.push(format!("its GUID was {} and is {}", show(then.guid), show(now.guid())));
    }
    if now.active != then.active {
        what.push(if now.active { "it is active now".into() } else { "it is no longer active".into() });
    }
    (!what.is_empty()).then(|| since(&subject, format!("changed since it was recorded: {}", what.join(", "))))
}

fn stores(layout: &Layout, recorded: &Recorded) -> Vec<Finding> {
    let now = Recorded::of(layout).map(|now| now.stores).unwrap_or_default();
    let place = |store: &RecordedStore| {
        let volume = recorded.partitions.iter().find(|then| then.number == store.partition);
        volume.map(|then| (then.start, store.path.to_lowercase()))
    };
    let place_now = |store: &RecordedStore| {
        let volume = layout.by_number(store.partition).and_then(|volume| layout.table.partitions.get(volume));
        volume.map(|partition| (partition.start, store.path.to_lowercase()))
    };
    let differs = |then: &RecordedStore| match now.iter().find(|now| place_now(now) == place(then)) {
        None => Some(since(&then.path, "the store is gone, or cannot be read, since it was recorded".into())),
        Some(now) if now.sha256 != then.sha256 => {
            Some(since(&then.path, "the store was written since it was recorded".into()))
        }
        Some(_) => None,
    };
    recorded.stores.iter().filter_map(differs).collect()
}

/// The recorded identity, where giving it back makes the disk what it was.
#[must_use]
pub fn restore(layout: &Layout, context: &Context, recorded: &Recorded, records: &[Record]) -> Restore {
    if !recorded.is_of(layout) {
        return Restore::Impossible("this is not the recorded disk".into());
    }
    let (Some(disk), Some(now)) = (recorded.disk_id(), layout.table.disk) else {
        return Restore::Impossible("the disk has no identity that could be changed".into());
    };
    if std::mem::discriminant(&disk) != std::mem::discriminant(&now) {
        return Restore::Impossible(
            "the disk was converted between MBR and GPT since it was recorded".into(),
        );
    }
    let then = recorded.partitions.iter();
    let partitions: Vec<(usize, Guid)> = then
        .filter_map(|then| Some((recorded.volume_of(layout, then)?, then.guid?)))
        .filter(|(volume, guid)| {
            layout.table.partitions.get(*volume).and_then(Partition::guid) != Some(*guid)
        })
        .collect();
    if disk == now && partitions.is_empty() {
        return Restore::Nothing;
    }
    if let Some(other) = context.others.find(disk).filter(|_| disk != now) {
        return Restore::Impossible(format!(
            "{} has that identity: two disks with one do not live together",
            other.name
        ));
    }
    let taken = |guid: &Guid| layout.table.partitions.iter().any(|partition| partition.guid() == Some(*guid));
    if let Some((volume, _)) = partitions.iter().find(|(_, guid)| taken(guid)) {
        return Restore::Impossible(format!(
            "another partition has the GUID that {} had",
            layout.name(*volume)
        ));
    }
    let old = OldIdentity { disk, partitions };
    if names_present(layout, records, &old) {
        return Restore::Impossible(
            "a store already names the identity that the disk has now; undo that repair instead (`bcdrescue undo RECORD`)".into(),
        );
    }
    Restore::Possible(old)
}
