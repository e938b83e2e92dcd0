//! Findings: what is wrong with a disk's boot configuration, the evidence, and the cure. Pure: a layout in, findings out.

mod active;
pub mod answer;
mod arc;
pub mod beside;
mod boot_record;
pub mod byte_edit;
pub mod chain;
pub mod context;
pub mod convert;
pub mod device;
pub mod dirty;
pub mod disk;
pub mod drive_letters;
mod efi_partition;
mod elsewhere;
pub mod entry;
pub mod finding;
mod firmware_edit;
pub mod firmware_entry;
pub mod firmware_place;
pub mod fit;
mod hybrid;
pub mod left;
pub mod lookup;
mod mbr_entry;
pub mod menu;
pub mod menu_cure;
pub mod missing_file;
mod no_system;
pub mod ntldr;
mod old_letters;
pub mod others;
pub mod record;
pub mod recorded;
pub mod recovery;
pub mod remedy;
pub mod requirement;
pub mod resolve;
pub mod restore;
pub mod role;
mod sector_size;
pub mod spanned;
mod splice;
pub mod startup;
pub mod store;
pub mod verdict;
mod whole;

pub use context::Choice;
pub use context::Context;
pub use finding::Finding;
pub use finding::Severity;
pub use remedy::NamedDisk;
pub use remedy::Remedy;
pub use remedy::Repoint;
pub use remedy::Switch;
pub use verdict::Verdict;

use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::byte_edit::ByteEdit;
use crate::diagnosis::chain::Hop;
use crate::diagnosis::chain::State;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::whole::Entries;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// All findings of one disk.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The findings, gravest first; within a severity in the order of the disk and the store.
    pub findings: Vec<Finding>,
    /// The answer in a word.
    pub verdict: Verdict,
    /// The other cure: the old identity, where it can be put back.
    pub restore: Restore,
    /// The way from the firmware to the kernel, hop by hop; empty where there is none to walk.
    pub chain: Vec<Hop>,
}

impl Diagnosis {
    /// Why nobody can tell more, where the verdict is unknown.
    #[must_use]
    pub fn doubt(&self) -> Option<&Finding> {
        let unread = self.findings.iter().rev().find(|finding| finding.is_of_unread());
        unread.or(self.findings.first()).filter(|_| self.verdict == Verdict::Unknown)
    }

    /// The re-pointings that `fix` would do.
    pub fn repoints(&self) -> impl Iterator<Item = &Repoint> {
        repoints(&self.findings)
    }

    /// The other bytes that `fix` would change.
    pub fn edits(&self) -> impl Iterator<Item = &ByteEdit> {
        self.findings.iter().flat_map(|finding| match &finding.remedy {
            Remedy::Edit(edits) => edits.as_slice(),
            Remedy::None
            | Remedy::Repoint(_)
            | Remedy::Switch(..)
            | Remedy::Advice(_)
            | Remedy::Belongs(_) => &[],
        })
    }

    /// The stores that `fix` would write, by their index in the layout.
    #[must_use]
    pub fn stores(&self) -> Vec<usize> {
        let repoints = self.repoints().map(|repoint| repoint.store);
        let all: BTreeSet<usize> = repoints.chain(self.edits().filter_map(ByteEdit::store)).collect();
        all.into_iter().collect()
    }

    /// The finding at which Windows' start ends: that of the first broken hop, or else the gravest; none while that may be for what
    /// cannot be read.
    #[must_use]
    pub fn stop(&self) -> Option<&Finding> {
        if self.verdict == Verdict::Unknown {
            return None;
        }
        let first = self.chain.iter().find_map(|hop| self.findings.get(hop.finding?));
        first.or_else(|| self.findings.first().filter(|finding| finding.severity == Severity::BlocksBoot))
    }

    /// The other attached disks that elements name, so that the user has to say what this one is to them; each once.
    #[must_use]
    pub fn named_disks(&self) -> Vec<&str> {
        let mut disks: Vec<&str> = Vec::new();
        for finding in &self.findings {
            if let Remedy::Belongs(named) = &finding.remedy
                && !disks.contains(&named.disk.as_str())
            {
                disks.push(&named.disk);
            }
        }
        disks
    }

    /// Whether `fix` has anything to do.
    #[must_use]
    pub fn is_curable(&self) -> bool {
        self.repoints().next().is_some() || self.edits().next().is_some()
    }

    /// Findings above a note that `fix` does not cure.
    pub fn left(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| {
            finding.severity > Severity::Note
                && !matches!(finding.remedy, Remedy::Repoint(_) | Remedy::Edit(_))
        })
    }
}

fn repoints(findings: &[Finding]) -> impl Iterator<Item = &Repoint> {
    findings.iter().filter_map(|finding| match &finding.remedy {
        Remedy::Repoint(repoint) => Some(repoint),
        Remedy::None | Remedy::Edit(_) | Remedy::Switch(..) | Remedy::Advice(_) | Remedy::Belongs(_) => None,
    })
}

/// Examines a layout.
#[must_use]
pub fn diagnose(layout: &Layout, context: &Context) -> Diagnosis {
    let mut findings = disk::findings(layout, context);
    findings.extend(spanned::findings(layout));
    findings.extend(ntldr::findings(layout, context));
    findings.extend(startup::findings(layout, context.choice));
    for index in 0..layout.stores.len() {
        findings.extend(store::findings(layout, index));
    }
    let records = record::records(layout);
    let answers = resolve::resolve(layout, context, &records);
    findings.extend(device::findings(layout, context, &records, &answers));
    let entries = Entries { layout, context, records: &records, answers: &answers };
    findings.extend(menu_cure::findings(entries));
    findings.extend(entry::damaged_elements(layout));
    findings.extend(sector_size::findings(layout, &records, &answers));
    findings.extend(fit::findings(layout, context.choice, &records, &answers));
    findings.extend(context.recorded.iter().flat_map(|recorded| recorded::findings(layout, recorded)));
    findings.extend(firmware_entry::findings(layout, context, &records, &answers));
    let old: Vec<DiskId> = repoints(&findings).map(|repoint| disk_of(&repoint.old)).collect();
    findings.extend(recovery::findings(layout, context, &old));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let repointed: Vec<&Repoint> = repoints(&findings).collect();
    let kept = device::kept(layout, &records, &answers);
    let restore = match &context.recorded {
        Some(recorded) => recorded::restore(layout, context, recorded, &records),
        None => {
            let known: Vec<&Repoint> = repointed.iter().copied().chain(&kept).collect();
            restore::restore(layout, &records, &known)
        }
    };
    let restore = restore.unless_taken(&context.apart);
    let matched: Vec<_> = records.iter().zip(&answers).collect();
    let letters = drive_letters::findings(layout, context, &matched, &repointed, &restore);
    findings.extend(letters);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut chain = chain::walk(layout, context, &records, &answers, &findings);
    let verdict = Verdict::of_disk(layout, &findings, &chain, &entries.way());
    if verdict == Verdict::Unknown {
        chain.iter_mut().filter(|hop| hop.state == State::Broken).for_each(|hop| hop.state = State::Unknown);
    }
    Diagnosis { findings, verdict, restore, chain }
}

/// The identity of `volume` in the form that a store uses.
#[must_use]
pub fn identity_of(layout: &Layout, volume: usize) -> Option<QualifiedPartition> {
    let partition = layout.table.partitions.get(volume)?;
    match (layout.table.disk?, partition.id?) {
        (DiskId::Mbr(signature), PartitionId::Mbr { offset }) => {
            Some(QualifiedPartition::Mbr { signature, offset })
        }
        (DiskId::Gpt(disk), PartitionId::Gpt(partition)) => Some(QualifiedPartition::Gpt { disk, partition }),
        _ => None,
    }
}

/// The disk half of an identity record.
#[must_use]
pub fn disk_of(named: &QualifiedPartition) -> DiskId {
    match named {
        QualifiedPartition::Mbr { signature, .. } => DiskId::Mbr(*signature),
        QualifiedPartition::Gpt { disk, .. } => DiskId::Gpt(*disk),
    }
}

/// The partition half of an identity record.
#[must_use]
pub fn partition_of(named: &QualifiedPartition) -> PartitionId {
    match named {
        QualifiedPartition::Mbr { offset, .. } => PartitionId::Mbr { offset: *offset },
        QualifiedPartition::Gpt { partition, .. } => PartitionId::Gpt(*partition),
    }
}

/// A disk identity as it is shown: `disk signature 0x36234da4`, `disk GUID 67b32047-…`.
#[must_use]
pub fn show_disk(disk: DiskId) -> String {
    match disk {
        DiskId::Mbr(signature) => format!("disk signature 0x{signature:08x}"),
        DiskId::Gpt(guid) => format!("disk GUID {guid}"),
    }
}

/// An identity record as it is shown when nothing here matches it.
#[must_use]
pub fn show_identity(named: &QualifiedPartition) -> String {
    match named {
        QualifiedPartition::Mbr { signature, offset } => {
            format!("disk signature 0x{signature:08x}, offset 0x{offset:x}")
        }
        QualifiedPartition::Gpt { disk, partition } => {
            format!("disk GUID {disk}, partition GUID {partition}")
        }
    }
}
