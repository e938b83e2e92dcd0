//! What stands against writing into the SYSTEM hive of a Windows: drive letters, start values of drivers.
//!
//! No switch lifts one of these. Letters are a convenience, and drivers can be set by Windows itself; but a hive that is written under a
//! sleeping session, or under a log that is replayed over it, may be lost, and with it all of Windows.

use std::collections::BTreeSet;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::HiveField;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::code::Code;
use crate::layout::Layout;
use crate::layout::index::HiveIndex;
use crate::layout::mounted_devices::MountedDevices;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::rules::overlap;

/// All reasons not to write the hives that the diagnosis would change; empty when none stands.
#[must_use]
pub(super) fn refusals(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let unread = diagnosis.findings.iter().filter(|finding| finding.code == Code::DriveLettersUnread);
    let unread = unread.map(|finding| {
        let what = format!("{}: {}", finding.subject, finding.message);
        Refusal::new(what, "omit --drive-letters; the stores are repaired without it")
    });
    let mut refusals: Vec<Refusal> = unread.collect();
    for (index, hive) in layout.hives_indexed() {
        let fields = fields(diagnosis, index);
        if fields.is_empty() {
            continue;
        }
        refusals.extend(overlap(layout, hive.volume));
        if fields.contains(&HiveField::DriveLetter) {
            refusals.extend(unseen(layout));
        }
        let omit: Vec<&str> = fields.into_iter().map(switch).collect();
        let omit = omit.join(" and ");
        refusals.extend(obstacles(layout, hive).into_iter().chain(another_asleep(layout, hive)).map(
            |Refusal { what, way_out, lift }| {
                let way_out = format!("{way_out}, or omit {omit}");
                Refusal { what, way_out, lift }
            },
        ));
    }
    refusals
}

/// Another Windows sleeps, and may have had the volume of this hive mounted when it fell asleep.
fn another_asleep(layout: &Layout, hive: &MountedDevices) -> Option<Refusal> {
    let own = layout.installation(hive.windows);
    if own.is_none_or(|own| own.asleep.how().is_some()) {
        return None;
    }
    let (volume, how) = layout.asleep()?;
    let what = format!(
        "Windows on {} {how}; a resumed session may write its own view of {} over the change (--allow-hibernated does not \
         override this)",
        layout.name(volume),
        layout.name(hive.volume)
    );
    Some(Refusal::new(what, "shut that Windows down fully (`shutdown /s /t 0`)"))
}

/// What is edited in a hive.
fn fields(diagnosis: &Diagnosis, index: HiveIndex) -> BTreeSet<HiveField> {
    let field = |site: &Site| match site {
        Site::SystemHive { hive, field, .. } if *hive == index => Some(*field),
        _ => None,
    };
    diagnosis.edits().filter_map(|edit| field(&edit.site)).collect()
}

const fn switch(field: HiveField) -> &'static str {
    match field {
        HiveField::DriveLetter => "--drive-letters",
        HiveField::DriverStart => "--on",
    }
}

fn unseen(layout: &Layout) -> Option<Refusal> {
    let unseen = layout.table.unseen.as_ref()?;
    let reason = unseen.reason();
    Some(Refusal::new(
        format!("partitions may be missing, and a letter may refer to one of them: {reason}"),
        "repair the partition table first, or omit --drive-letters",
    ))
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
            "change it in Windows (`diskmgmt.msc` for letters, `sc config` for drivers)",
        );
    }
    if hive.dirty {
        refuse(
            format!(
                "{place} is dirty: its last write is incomplete, and Windows would replay a log over the \
                 change"
            ),
            "let Windows start and shut down fully",
        );
    }
    for log in &hive.newer_logs {
        refuse(
            format!("a log of {place} may be newer, and Windows would replay it over the change: {log}"),
            "let Windows start and shut down fully",
        );
    }
    let windows = layout.installation(hive.windows);
    let asleep = windows.map_or(Some("is unknown".to_owned()), |windows| windows.asleep.how());
    if let Some(how) = asleep {
        refuse(
            format!(
                "Windows on {volume} {how}; a resumed session would write its registry over the change \
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
