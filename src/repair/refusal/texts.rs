//! What stands against writing `boot.ini` or a `ReAgent.xml`.
//!
//! No switch lifts one of these: the file may get other clusters, or lie in its record of the file system, and what of a volume is not
//! written out yet would be written over it.

use std::collections::BTreeSet;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::Site;
use crate::layout::Layout;
use crate::layout::text_file::TextFile;
use crate::layout::text_file::TextFilePlace;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::rules::overlap;

/// All reasons not to write the texts that the diagnosis would change; empty when none stands.
#[must_use]
pub(super) fn refusals(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let files: BTreeSet<TextFile> = diagnosis
        .edits()
        .filter_map(|edit| match edit.site {
            Site::Text { file, .. } => Some(file),
            Site::Table { .. } | Site::BootRecord { .. } | Site::Store { .. } | Site::SystemHive { .. } => {
                None
            }
        })
        .collect();
    let is_of_windows = files.iter().any(|file| matches!(file, TextFile::ReAgent(_)));
    let mut refusals: Vec<Refusal> = asleep(layout).filter(|_| is_of_windows).into_iter().collect();
    for file in files {
        refusals.extend(of_file(layout, file).into_iter().flatten());
    }
    refusals
}

fn of_file(layout: &Layout, file: TextFile) -> Option<Vec<Refusal>> {
    let TextFilePlace { volume, path, obstacles, .. } = layout.text_file(file)?;
    let name = layout.name(volume);
    let refusal = |obstacle| {
        let what = format!(
            "{path} on {name} cannot be written safely now: {obstacle} (--allow-dirty-volume does not override this)"
        );
        Refusal::new(what, format!("do that first, or omit {}", switch(file)))
    };
    Some(overlap(layout, volume).into_iter().chain(obstacles.iter().map(refusal)).collect())
}

/// A session that is resumed has its own view of the volumes of this Windows, not only of the one that it sleeps on.
fn asleep(layout: &Layout) -> Option<Refusal> {
    let (volume, how) = layout.asleep()?;
    let what = format!(
        "Windows on {} {how}; a resumed session may write over ReAgent.xml (--allow-hibernated does not override this)",
        layout.name(volume)
    );
    Some(Refusal::new(what, "shut Windows down fully (`shutdown /s /t 0`), or omit --recovery-config"))
}

const fn switch(file: TextFile) -> &'static str {
    match file {
        TextFile::BootIni(_) => "--boot-ini",
        TextFile::ReAgent(_) => "--recovery-config",
    }
}
