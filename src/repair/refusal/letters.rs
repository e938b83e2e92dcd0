//! What stands against writing drive letters into the SYSTEM hive of a Windows.
//!
//! No switch lifts one of these. Letters are a convenience, and Windows can be had back without them; but a hive that is
//! written under a sleeping session, or under a log that is replayed over it, may be lost, and with it all of Windows.

use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::code::Code;
use crate::layout::Layout;
use crate::layout::mounted_devices::MountedDevices;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::rules::overlap;

/// All reasons not to write the letters that the diagnosis would change; empty when none stands.
#[must_use]
pub(super) fn refusals(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let unread = diagnosis.findings.iter().filter(|finding| finding.code == Code::DriveLettersUnread);
    let mut refusals: Vec<Refusal> = unread
        .map(|finding| Refusal {
            lift: None,
            what: format!("{}: {}", finding.subject, finding.message),
            way_out: "omit --drive-letters; the stores are repaired without it".into(),
        })
        .collect();
    for (index, hive) in layout.hives_indexed() {
        let is_written = |site: &Site| matches!(site, Site::SystemHive { hive, .. } if *hive == index);
        if diagnosis.edits().any(|edit| is_written(&edit.site)) {
            refusals.extend(overlap(layout, hive.volume));
            refusals.extend(layout.table.unseen.as_ref().map(|unseen| Refusal {
                lift: None,
                what: format!(
                    "partitions may be missing, and a letter may refer to one of them: {}",
                    unseen.reason()
                ),
                way_out: "repair the partition table first, or omit --drive-letters".into(),
            }));
            refusals.extend(obstacles(layout, hive).into_iter().map(|Refusal { what, way_out, lift }| {
                let way_out = format!("{way_out}, or omit --drive-letters");
                Refusal { what, way_out, lift }
            }));
        }
    }
    refusals
}

/// All reasons not to write to this hive now.
#[must_use]
pub(in crate::repair) fn obstacles(layout: &Layout, hive: &MountedDevices) -> Vec<Refusal> {
    let volume = layout.name(hive.volume);
    let place = format!("{} on {volume}", hive.path);
    let mut refusals = Vec::new();
    let mut refuse = |what: String, way_out: &str| refusals.push(Refusal::new(what, way_out));
    if let Err(reason) = &hive.place {
        refuse(
            format!("{place} cannot be overwritten in place: {reason}"),
            "set the letters in Windows (`diskmgmt.msc`)",
        );
    }
    if hive.dirty {
        refuse(
            format!(
                "{place} is dirty: its last write is incomplete, and Windows would replay a log over the \
                 letters"
            ),
            "let Windows start and shut down fully",
        );
    }
    for log in &hive.newer_logs {
        refuse(
            format!("a log of {place} may be newer, and Windows would replay it over the letters: {log}"),
            "let Windows start and shut down fully",
        );
    }
    let windows = layout.installation(hive.windows);
    let asleep = windows.map_or(Some("is unknown".to_owned()), |windows| windows.asleep.how());
    if let Some(how) = asleep {
        refuse(
            format!(
                "Windows on {volume} {how}; a resumed session would write its registry over the letters \
                 (--allow-hibernated does not override this)"
            ),
            "shut Windows down fully (`shutdown /s /t 0`)",
        );
    }
    for obstacle in &hive.obstacles {
        refuse(
            format!(
                "{volume} cannot be written safely now: {obstacle} (--allow-dirty-volume does not \
             override this)"
            ),
            "let Windows repair it first (`chkdsk`)",
        );
    }
    refusals
}
