//! Findings about disks whose volumes are not where the partition table says.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::spanned;

/// A dynamic disk, a member of a pool.
#[must_use]
pub(crate) fn findings(layout: &Layout) -> Vec<Finding> {
    let places =
        |volumes: Vec<VolumeIndex>| volumes.into_iter().map(|volume| layout.name(volume)).collect::<Vec<_>>();
    let (dynamic, spaces) =
        (places(spanned::dynamic(layout).collect()), places(spanned::spaces(layout).collect()));
    let mut findings = Vec::new();
    if !dynamic.is_empty() {
        findings.push(Finding {
            evidence: vec![format!("part of a dynamic disk: {}", dynamic.join(", "))],
            remedy: Remedy::Advice("fix refuses to write to it: repair it from Windows PE".into()),
            ..Finding::plain(
                Code::DynamicDisk,
                Severity::Note,
                Subject::disk(),
                "dynamic disk (LDM): its volumes may differ from the partition table".into(),
            )
        });
    }
    if !spaces.is_empty() {
        findings.push(Finding {
            evidence: vec![format!("part of a pool: {}", spaces.join(", "))],
            ..Finding::plain(
                Code::StorageSpaces,
                Severity::Note,
                Subject::disk(),
                "part of the disk belongs to a Storage Spaces pool, whose volumes cannot be read".into(),
            )
        });
    }
    findings
}
