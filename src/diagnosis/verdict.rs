//! The answer in a word, and what it rests on.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::disk::firmware_start::is_start_encrypted;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::hop::Hop;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::remedy::Remedy;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::VolumeRole;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::partition::TableKind;
use crate::volume::FileSystem;

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing above a note.
    Healthy,
    /// Windows does not start.
    Broken,
    /// Starts, but something is wrong.
    Degraded,
    /// No boot manager, store or Windows here.
    NotWindows,
    /// Could not be examined.
    Unknown,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Broken => "broken",
            Self::Degraded => "degraded",
            Self::NotWindows => "not a Windows disk",
            Self::Unknown => "unknown",
        })
    }
}

impl Verdict {
    /// What these findings lead to, on something that is Windows'.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::BlocksBoot) => Self::Broken,
            Some(Severity::Degrades | Severity::Stale) => Self::Degraded,
            Some(Severity::Note) | None => Self::Healthy,
        }
    }

    /// What these findings lead to, on this disk; `way` are the volumes on the boot path, none where they are not known.
    pub(super) fn of_disk(
        layout: &Layout,
        findings: &[Finding],
        chain: &[Hop],
        way: &BTreeSet<VolumeIndex>,
    ) -> Self {
        let is_doubted =
            findings.iter().any(Finding::is_of_unread) && !is_aside(layout, findings, chain, way);
        if is_start_encrypted(layout) {
            return Self::Unknown;
        }
        if layout.systems.is_empty() && layout.windows.is_empty() {
            // What cannot be read may be the very volume: that is not the same as a disk without Windows.
            let is_damaged = layout.volumes.iter().any(|facts| facts.unreadable.is_some() || facts.has_spare);
            let is_closed = |facts: &VolumeFacts| facts.file_system == FileSystem::BitLocker;
            let is_lone = layout.table.kind == TableKind::None;
            let is_part = layout.raid_member.is_some() || is_lone && layout.volumes.iter().any(is_closed);
            return if is_doubted || is_damaged || is_part { Self::Unknown } else { Self::NotWindows };
        }
        let is_lone = findings.iter().any(|finding| finding.code == Code::PartitionImage);
        // NTLDR counts the partitions of a table, and there is none.
        let is_counted = layout.first_system().is_some_and(SystemVolume::is_ntldr_only);
        if is_lone && (is_counted || Self::of(findings) == Self::Broken) {
            return Self::Unknown;
        }
        // Neither is a store that may be there the same as none. An element that names what is not here was seen, whatever else
        // was not.
        let is_sure = |finding: &Finding| {
            finding.severity == Severity::BlocksBoot
                && matches!(finding.remedy, Remedy::Repoint(_) | Remedy::Edit(_))
        };
        if is_doubted && !findings.iter().any(is_sure) {
            return Self::Unknown;
        }
        match Self::of(findings) {
            Self::Broken => Self::Broken,
            _ if findings.iter().any(|it| it.code == Code::StorageDriverUnknown) => Self::Unknown,
            verdict => verdict,
        }
    }
}

/// Whether all of the boot path was seen, and what is missing lies beside it, be it another Windows. Where the way is not known,
/// no partition that starts the disk or holds a Windows lies beside it.
fn is_aside(layout: &Layout, findings: &[Finding], chain: &[Hop], way: &BTreeSet<VolumeIndex>) -> bool {
    let is_seen = !chain.is_empty() && chain.iter().all(|hop| hop.state == State::Ok);
    let is_on_the_way = |(volume, facts): (VolumeIndex, &VolumeFacts)| {
        let may_be =
            matches!(facts.role, VolumeRole::System | VolumeRole::Windows | VolumeRole::SystemAndWindows);
        facts.missing.is_some() && if way.is_empty() { may_be } else { way.contains(&volume) }
    };
    let is_of_medium = findings.iter().any(|finding| finding.is_of_unread() && !finding.is_of_cut());
    is_seen && !is_of_medium && !layout.volumes_indexed().any(is_on_the_way)
}
