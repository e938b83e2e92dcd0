//! The whole diagnosis of a disk: all findings, the boot path, the verdict.

use std::collections::BTreeSet;

use crate::diagnosis::chain;
use crate::diagnosis::disk::dynamic;
use crate::diagnosis::disk::overview;
use crate::diagnosis::disk::preboot;
use crate::diagnosis::disk::sector_size;
use crate::diagnosis::identity::restore;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::identity::snapshot;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::hop::Hop;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::rebuild::NoRebuild;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::ntldr::boot_ini;
use crate::diagnosis::nvram::entry;
use crate::diagnosis::rebuild;
use crate::diagnosis::resolve;
use crate::diagnosis::resolve::reference;
use crate::diagnosis::store::device;
use crate::diagnosis::store::elements;
use crate::diagnosis::store::loader_checks;
use crate::diagnosis::store::menu_cure;
use crate::diagnosis::store::state;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::verdict::Verdict;
use crate::diagnosis::windows::drive_letters;
use crate::diagnosis::windows::storage_drivers;
use crate::diagnosis::windows::winre;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::system::SystemVolume;

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
    /// What is to be made anew, where `--rebuild` was asked for; or why it cannot.
    pub rebuild: Result<Option<Rebuild>, NoRebuild>,
}

impl Diagnosis {
    /// Why nobody can tell more, where the verdict is unknown.
    #[must_use]
    pub fn doubt(&self) -> Option<&Finding> {
        let unread = self.findings.iter().rev().find(|finding| finding.is_of_unread());
        let lone = || self.findings.iter().find(|finding| finding.code == Code::PartitionImage);
        let driver = || self.findings.iter().find(|finding| finding.code == Code::StorageDriverUnknown);
        let doubt = unread.or_else(lone).or_else(driver).or(self.findings.first());
        doubt.filter(|_| self.verdict == Verdict::Unknown)
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
            | Remedy::Rebuild
            | Remedy::Belongs(_) => &[],
        })
    }

    /// The stores that `fix` would write, by their index in the layout.
    #[must_use]
    pub fn stores(&self) -> Vec<StoreIndex> {
        let repoints = self.repoints().map(|repoint| repoint.store);
        let all: BTreeSet<StoreIndex> = repoints.chain(self.edits().filter_map(ByteEdit::store)).collect();
        all.into_iter().collect()
    }

    /// The finding at which Windows' start ends: that of the first broken hop, or else the gravest; none while that may be for what
    /// cannot be read.
    #[must_use]
    pub fn stop(&self) -> Option<&Finding> {
        if self.verdict == Verdict::Unknown {
            return None;
        }
        let first = self.chain.iter().filter(|hop| hop.state == State::Broken);
        let first = first.filter_map(|hop| hop.finding).find_map(|index| self.findings.get(index));
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
        self.repoints().next().is_some() || self.edits().next().is_some() || self.rebuild().is_some()
    }

    /// What `fix --rebuild` would make, where that was asked for and is to be done.
    #[must_use]
    pub fn rebuild(&self) -> Option<&Rebuild> {
        self.rebuild.as_ref().ok()?.as_ref()
    }

    /// Findings above a note that `fix` does not cure.
    pub fn left(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity > Severity::Note && !finding.remedy.is_cure())
    }
}

fn repoints(findings: &[Finding]) -> impl Iterator<Item = &Repoint> {
    findings.iter().filter_map(|finding| match &finding.remedy {
        Remedy::Repoint(repoint) => Some(repoint),
        _ => None,
    })
}

/// What one volume lacks to start may be on the rest of its disk: that is said before anything that is missing, and as grave.
fn lead_with_lone_volume(layout: &Layout, findings: &mut Vec<Finding>) {
    let is_counted = layout.first_system().is_some_and(SystemVolume::is_ntldr_only);
    let is_any =
        is_counted || findings.first().is_some_and(|finding| finding.severity == Severity::BlocksBoot);
    let at = findings.iter().position(|finding| finding.code == Code::PartitionImage).filter(|_| is_any);
    if let Some(at) = at {
        let lone = findings.remove(at);
        findings.insert(0, Finding { severity: Severity::BlocksBoot, ..lone });
    }
}

/// Examines a layout.
#[must_use]
pub fn diagnose(layout: &Layout, context: &Context) -> Diagnosis {
    let mut findings = overview::findings(layout, context);
    findings.extend(dynamic::findings(layout));
    findings.extend(boot_ini::findings(layout, context));
    findings.extend(preboot::findings(layout, context.choice));
    for (index, _) in layout.stores_indexed() {
        findings.extend(state::findings(layout, index));
    }
    let references = reference::references(layout);
    let answers = resolve::resolve(layout, context, &references);
    let entries = Entries { layout, context, references: &references, answers: &answers };
    findings.extend(device::findings(entries));
    findings.extend(menu_cure::findings(entries));
    findings.extend(elements::damaged_elements(layout));
    findings.extend(sector_size::findings(layout, &references, &answers));
    findings.extend(loader_checks::findings(entries));
    findings.extend(context.snapshot.iter().flat_map(|snapshot| snapshot::findings(layout, snapshot)));
    findings.extend(entry::findings(layout, context, &references, &answers));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let repointed: Vec<&Repoint> = repoints(&findings).collect();
    let kept = device::kept(layout, &references, &answers);
    let restore = match &context.snapshot {
        Some(snapshot) => snapshot::restore(layout, context, snapshot, &references),
        None => {
            let known: Vec<&Repoint> = repointed.iter().copied().chain(&kept).collect();
            restore::restore(layout, &references, &known)
        }
    };
    let restore = restore.unless_taken(&context.apart);
    let matched: Vec<_> = references.iter().zip(&answers).collect();
    let letters = drive_letters::findings(layout, context, &matched, &repointed, &restore);
    findings.extend(winre::findings(entries, &repointed, &restore));
    findings.extend(letters);
    findings.extend(storage_drivers::findings(layout, context, &entries.way()));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    lead_with_lone_volume(layout, &mut findings);
    let found = rebuild::found(layout, context, &findings);
    let is_asked = context.choice.rebuild.is_some();
    rebuild::offer(layout, &found, is_asked, &mut findings);
    if let Ok(Some(rebuild)) = &found
        && is_asked
    {
        without_the_replaced(rebuild, &mut findings);
    }
    let mut chain = chain::walk(layout, context, &references, &answers, &findings);
    let verdict = Verdict::of_disk(layout, &findings, &chain, &entries.way());
    if verdict == Verdict::Unknown {
        chain.iter_mut().filter(|hop| hop.state == State::Broken).for_each(|hop| hop.state = State::Unknown);
    }
    let rebuild = if is_asked { found } else { Ok(None) };
    Diagnosis { findings, verdict, restore, chain, rebuild }
}

/// What is wrong in a store or a boot record that comes to be anew is gone with it.
fn without_the_replaced(rebuild: &Rebuild, findings: &mut [Finding]) {
    let replaced = rebuild.replaces.filter(|_| rebuild.parts.store);
    let is_gone = |finding: &Finding| {
        let is_of_store = replaced.is_some() && finding.subject.store_index() == replaced;
        let is_of_record = rebuild.parts.boot_record
            && finding.code == Code::BootRecordPlace
            && *finding.subject.place() == Place::Volume(rebuild.system);
        is_of_store || is_of_record
    };
    findings.iter_mut().filter(|it| is_gone(it)).for_each(|finding| finding.remedy = Remedy::Rebuild);
}
