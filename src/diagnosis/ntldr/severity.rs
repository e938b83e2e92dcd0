//! How much it matters that NTLDR stops, or an entry of its `boot.ini`.

use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::store::menu::Legacy;
use crate::diagnosis::store::menu::legacy;
use crate::layout::Layout;
use crate::layout::system::SystemVolume;

/// Beside a boot manager, or where no firmware comes to it, it is a leftover.
pub(in crate::diagnosis) fn severity(layout: &Layout, system: &SystemVolume, is_default: bool) -> Severity {
    let is_started = layout.first_system().is_some_and(|start| start.volume == system.volume);
    match (system.is_ntldr_only() && is_started, legacy(layout), is_default) {
        (true, ..) | (_, Legacy::Main, _) if is_default => Severity::BlocksBoot,
        (true, ..) | (_, Legacy::Main | Legacy::Listed, _) => Severity::Degrades,
        (false, Legacy::Unlisted, _) => Severity::Note,
    }
}
