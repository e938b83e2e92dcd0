//! What stands against writing `boot.ini`.
//!
//! No switch lifts one of these: the file may get other clusters, or lie in its record of the file system, and what of a volume is not
//! written out yet would be written over it.

use std::collections::BTreeSet;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::Site;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::rules::overlap;

/// All reasons not to write the `boot.ini` that the diagnosis would change; empty when none stands.
#[must_use]
pub(super) fn refusals(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let volumes: BTreeSet<VolumeIndex> = diagnosis
        .edits()
        .filter_map(|edit| match edit.site {
            Site::BootIni { volume, .. } => Some(volume),
            Site::Table { .. } | Site::BootRecord { .. } | Site::Store { .. } | Site::SystemHive { .. } => {
                None
            }
        })
        .collect();
    volumes.into_iter().flat_map(|volume| of_volume(layout, volume)).collect()
}

fn of_volume(layout: &Layout, volume: VolumeIndex) -> Vec<Refusal> {
    let name = layout.name(volume);
    let systems = layout.systems.iter().filter(|system| system.volume == volume);
    let obstacles = systems.filter_map(|system| system.ntldr.as_ref()).flat_map(|ntldr| &ntldr.obstacles);
    let refusal = |obstacle| {
        let what = format!(
            r"\boot.ini on {name} cannot be written safely now: {obstacle} (--allow-dirty-volume does not override this)"
        );
        Refusal::new(what, "do that first, or omit --boot-ini")
    };
    overlap(layout, volume).into_iter().chain(obstacles.map(refusal)).collect()
}
