//! Findings about what has changed since a disk was recorded, and the recorded identity as a cure.

use crate::diagnosis::identity::impossible::Impossible;
use crate::diagnosis::identity::restore::OldIdentity;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::identity::restore::names_present;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::snapshot::Snapshot;
use crate::diagnosis::model::snapshot::SnapshotPartition;
use crate::diagnosis::model::snapshot::SnapshotStore;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::Partition;

/// What has changed since the record was made.
#[must_use]
pub fn findings(layout: &Layout, snapshot: &Snapshot) -> Vec<Finding> {
    if !snapshot.is_of(layout) {
        return vec![Finding {
            remedy: Remedy::Advice("name the record of this disk".into()),
            ..Finding::plain(
                Code::NotTheRecordedDisk,
                Severity::Degrades,
                Subject::disk(),
                "this is not the recorded disk, or its system partition has moved".into(),
            )
        }];
    }
    let stores = stores(layout, snapshot);
    let mut findings: Vec<Finding> = disk(layout, snapshot, stores.is_empty()).into_iter().collect();
    findings.extend(snapshot.partitions.iter().filter_map(|partition| changed(layout, snapshot, partition)));
    let new =
        layout.table.partitions.iter().filter(|now| {
            !snapshot.partitions.iter().any(|then| (then.start, then.len) == (now.start, now.len))
        });
    findings.extend(new.map(|partition| {
        let place = format!("0x{:x} bytes at 0x{:x}", partition.len, partition.start);
        since(partition_of(partition.number), format!("new, moved or resized since it was recorded: {place}"))
    }));
    findings.extend(stores);
    if findings.is_empty() {
        let message = "unchanged since it was recorded: identity, partitions and stores";
        findings.push(Finding::plain(Code::AsRecorded, Severity::Note, Subject::disk(), message.into()));
    }
    findings
}

fn since(subject: Subject, message: String) -> Finding {
    Finding::plain(Code::ChangedSinceRecorded, Severity::Note, subject, message)
}

fn partition_of(number: u32) -> Subject {
    Subject::new(Place::SnapshotPartition(number), format!("partition {number}"))
}

fn disk(layout: &Layout, snapshot: &Snapshot, same_stores: bool) -> Option<Finding> {
    let (then, now) = (snapshot.disk_id()?, layout.table.disk?);
    (then != now).then(|| Finding {
        code: Code::IdentityChanged,
        // A store that was written since may have been re-pointed; one that was not knows the disk by what it was.
        severity: if same_stores { Severity::Stale } else { Severity::Note },
        evidence: vec![format!("recorded: {}", show_disk(then)), format!("now: {}", show_disk(now))],
        remedy: Remedy::Advice(
            "`fix --against RECORD` re-points the stores; with --restore-identity it restores the recorded \
             identity"
                .into(),
        ),
        ..since(Subject::disk(), "the disk's identity has changed since it was recorded".into())
    })
}

fn changed(layout: &Layout, snapshot: &Snapshot, then: &SnapshotPartition) -> Option<Finding> {
    let subject = partition_of(then.number);
    let Some(volume) = snapshot.volume_of(layout, then) else {
        let place = format!("0x{:x} bytes at 0x{:x}", then.len, then.start);
        return Some(since(subject, format!("missing since it was recorded: {place}")));
    };
    let now = layout.partition(volume)?;
    let mut what = Vec::new();
    if now.number != then.number {
        what.push(format!("its number is now {}", now.number));
    }
    if now.guid() != then.guid {
        let show = |guid: Option<Guid>| guid.map_or_else(|| "none".into(), |guid| guid.to_string());
        what.push(format!("its GUID was {}, now {}", show(then.guid), show(now.guid())));
    }
    if now.active != then.active {
        what.push(if now.active { "it is now active".into() } else { "it is no longer active".into() });
    }
    (!what.is_empty()).then(|| since(subject, format!("changed since it was recorded: {}", what.join(", "))))
}

fn stores(layout: &Layout, snapshot: &Snapshot) -> Vec<Finding> {
    let now = Snapshot::of(layout).map(|now| now.stores).unwrap_or_default();
    let place = |store: &SnapshotStore| {
        let volume = snapshot.partitions.iter().find(|then| then.number == store.partition);
        volume.map(|then| (then.start, store.path.to_lowercase()))
    };
    let place_now = |store: &SnapshotStore| {
        let volume = layout.by_number(store.partition).and_then(|volume| layout.partition(volume));
        volume.map(|partition| (partition.start, store.path.to_lowercase()))
    };
    let differs = |(index, then): (usize, &SnapshotStore)| {
        let message = match now.iter().find(|now| place_now(now) == place(then)) {
            None => "the store is missing or cannot be read, unlike when it was recorded",
            Some(now) if now.sha256 != then.sha256 => "the store was written to since it was recorded",
            Some(_) => return None,
        };
        Some(since(Subject::new(Place::SnapshotStore(index), then.path.clone()), message.into()))
    };
    snapshot.stores.iter().enumerate().filter_map(differs).collect()
}

/// The recorded identity, where giving it back makes the disk what it was.
#[must_use]
pub fn restore(layout: &Layout, context: &Context, snapshot: &Snapshot, references: &[Reference]) -> Restore {
    if !snapshot.is_of(layout) {
        return Restore::Impossible(Impossible::NotRecorded);
    }
    let (Some(disk), Some(now)) = (snapshot.disk_id(), layout.table.disk) else {
        return Restore::Impossible(Impossible::NoIdentity);
    };
    if std::mem::discriminant(&disk) != std::mem::discriminant(&now) {
        return Restore::Impossible(Impossible::Converted);
    }
    let then = snapshot.partitions.iter();
    let partitions: Vec<(VolumeIndex, Guid)> = then
        .filter_map(|then| Some((snapshot.volume_of(layout, then)?, then.guid?)))
        .filter(|(volume, guid)| layout.partition(*volume).and_then(Partition::guid) != Some(*guid))
        .collect();
    if disk == now && partitions.is_empty() {
        return Restore::Nothing;
    }
    if let Some(other) = context.others.find(disk).filter(|_| disk != now) {
        return Restore::Impossible(Impossible::Taken(other.name.clone()));
    }
    let taken = |guid: &Guid| layout.table.partitions.iter().any(|partition| partition.guid() == Some(*guid));
    if let Some((volume, _)) = partitions.iter().find(|(_, guid)| taken(guid)) {
        return Restore::Impossible(Impossible::GuidTaken(layout.name(*volume)));
    }
    let old = OldIdentity { disk, partitions };
    if names_present(layout, references, &old) {
        return Restore::Impossible(Impossible::Repointed);
    }
    Restore::Possible(old)
}
