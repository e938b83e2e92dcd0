//! Findings about device elements: what each names, and what it should name.

use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::companion::Companion;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::resolution::Change;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::store::device_element::DeviceElement;
use crate::diagnosis::store::missing_file;
use crate::diagnosis::store::unused_choice::unused_choice;
use crate::diagnosis::store::whole::Entries;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;

/// All findings about device elements and the files that they lead to.
#[must_use]
pub(in crate::diagnosis) fn findings(entries: Entries<'_>) -> Vec<Finding> {
    let Entries { layout, context, references, answers } = entries;
    let windows = references.iter().filter(|reference| reference.purpose.role.is_windows());
    let of_windows: BTreeSet<QualifiedPartition> = windows.map(|reference| reference.named).collect();
    let describe = |(reference, answer): (&Reference, &Resolution)| {
        let mut element = DeviceElement::new(layout, reference)?;
        element.is_beside_windows = of_windows.contains(&reference.named);
        element.finding(context, answer)
    };
    let mut findings: Vec<_> = references.iter().zip(answers).filter_map(describe).collect();
    findings.extend(missing_file::findings(entries));
    findings.extend(unused_choice(entries));
    findings
}

/// What would be re-pointed, and is kept for what it tells of other elements: the old identity is known by it too.
pub(in crate::diagnosis) fn kept(
    layout: &Layout,
    references: &[Reference],
    answers: &[Resolution],
) -> Vec<Repoint> {
    let kept = |(reference, answer): (&Reference, &Resolution)| match answer {
        Resolution::Unresolved { why: Unresolved::Kept(volume), .. } => {
            let partition = layout.partition(*volume)?.number;
            let new = identity_of(layout, *volume)?;
            let element = DeviceElement::new(layout, reference)?;
            let known = element.repointing(new, layout.name(*volume), partition);
            Some(Repoint { volume: Some(*volume), ..known })
        }
        _ => None,
    };
    references.iter().zip(answers).filter_map(kept).collect()
}

impl DeviceElement<'_> {
    fn finding(&self, context: &Context, answer: &Resolution) -> Option<Finding> {
        match answer {
            Resolution::Here(_) | Resolution::Untouched => None,
            Resolution::OtherDisk { is_named: true, .. } => None,
            // That its file is not there is said of the file.
            Resolution::OtherDisk { name, .. } if context.is_companion(name) => None,
            Resolution::OtherDisk { name, partition, .. } => Some(self.other_disk(name, *partition)),
            Resolution::Repoint { volume, change } => self.repoint(*volume, *change),
            Resolution::RepointCompanion { disk, volume, change } => {
                self.repoint_beside(context.companion_at(*disk)?, *volume, *change)
            }
            Resolution::Unresolved { change, why } => Some(self.left(*change, why)),
        }
    }

    fn repoint(&self, volume: VolumeIndex, change: Change) -> Option<Finding> {
        let new = identity_of(self.layout, volume)?;
        let place = self.layout.name(volume);
        let partition = self.layout.partition(volume)?.number;
        let repoint = Repoint { volume: Some(volume), ..self.repointing(new, place.clone(), partition) };
        let message = match change {
            Change::Signature | Change::DiskGuid => {
                format!("refers to {place} by this disk's old identity")
            }
            Change::Partition => {
                format!("refers to a partition that is not on this disk; should be {place}")
            }
            Change::Both => format!("refers to a disk that is not present; should be {place}"),
            Change::Style => format!(
                "refers to a partition as it was before the conversion between MBR and GPT; should be \
                 {place}"
            ),
        };
        Some(Finding { remedy: Remedy::Repoint(repoint), ..self.base(change, message, Some(volume)) })
    }

    fn repoint_beside(&self, companion: &Companion, volume: VolumeIndex, change: Change) -> Option<Finding> {
        let new = identity_of(&companion.layout, volume)?;
        let place = companion.place(volume);
        let partition = companion.layout.partition(volume)?.number;
        let message = format!("refers to a disk or partition that is not present; should be {place}");
        let mut finding = self.base(change, message, None);
        if let Some(disk) = companion.layout.table.disk {
            finding.evidence.push(format!("{} has {}", companion.name, show_disk(disk)));
        }
        if let Some(file) = &self.reference.purpose.file
            && companion.layout.evidence.has(volume, file)
        {
            finding.evidence.push(format!("{file} is on {place}"));
        }
        Some(Finding { remedy: Remedy::Repoint(self.repointing(new, place, partition)), ..finding })
    }
}
