//! Findings and their cures in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes;
use crate::diagnosis;
use crate::diagnosis::Remedy;
use crate::diagnosis::Repoint;
use crate::diagnosis::Severity;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::show_identity;
use crate::layout::Layout;

/// One thing that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable name of the kind of finding, such as `signature-changed`. New ones may come within a version.
    code: &'static str,
    /// How much it matters.
    severity: Severity,
    /// What it is about.
    subject: String,
    /// One sentence.
    message: String,
    /// The facts behind it.
    evidence: Vec<String>,
    /// The status that a boot manager shows, such as `0xc000000e`, where that was measured.
    predicted_status: Option<&'static str>,
    /// What can be done, for people; null when nothing is needed.
    remedy: Option<String>,
    /// The switch with which `fix` does it, where it has to be given one, as it stands on a command line: `--drive-letters`,
    /// `--active=1`; `--active=N`, `--system=N`, `--windows=N` where the number of a partition has to be chosen.
    switch: Option<String>,
    /// What `fix` does about it; null when it does nothing.
    cure: Option<Cure>,
    /// The other attached disk that it names: to be told whether the two are one machine's (`--with` and its name) or this is a copy
    /// (`--independent`). Null with other findings.
    other_disk: Option<OtherDisk>,
}

/// Another attached disk, which an element names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OtherDisk {
    /// Its name, as `--with` takes it.
    disk: String,
    /// Number of the partition that is named; null where it is not on that disk either.
    partition: Option<u32>,
}

/// What `fix` does about a finding.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Cure {
    /// It re-points an element.
    Change(Change),
    /// It writes other bytes.
    Edits {
        /// Which.
        edits: Vec<Edit>,
    },
}

/// One re-pointing, planned or done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Change {
    /// Path of the store on its volume.
    store: Option<String>,
    /// Number of the partition that the store is on.
    store_partition: Option<u32>,
    /// The object's GUID in braces.
    object: Option<String>,
    /// The element's type in hex: `11000001` is `device`, `21000001` `osdevice`.
    element: Option<String>,
    /// Number of the partition that it then names.
    partition: u32,
    /// The same for people.
    place: String,
    /// What it names before.
    from: String,
    /// What it names after.
    to: String,
}

/// Bytes that are no re-pointing, planned or done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Edit {
    /// Which field.
    what: String,
    /// What the new bytes say.
    meaning: String,
    /// Bytes before, in hex.
    from: String,
    /// Bytes after, in hex.
    to: String,
}

/// Findings, gravest first; without a layout for a store by itself, which has nothing to re-point to.
#[must_use]
pub fn findings(layout: Option<&Layout>, findings: &[diagnosis::Finding]) -> Vec<Finding> {
    findings.iter().map(|finding| one_finding(layout, finding)).collect()
}

fn one_finding(layout: Option<&Layout>, finding: &diagnosis::Finding) -> Finding {
    let (remedy, cure) = match (&finding.remedy, layout) {
        (Remedy::Switch(_, advice) | Remedy::Advice(advice), _) => (Some(advice.clone()), None),
        (Remedy::Repoint(repoint), Some(layout)) => {
            let remedy = format!("fix re-points it to {}", repoint.place);
            (Some(remedy), Some(Cure::Change(change(layout, repoint))))
        }
        (Remedy::Edit(edits), _) => {
            let edits = edits.iter().map(edit).collect();
            (Some("fix writes the right bytes".to_owned()), Some(Cure::Edits { edits }))
        }
        (Remedy::Belongs(named), _) => {
            let disk = &named.disk;
            let remedy = format!(
                "`--with {disk}` if both are disks of one machine, `--independent` if this one is a copy"
            );
            (Some(remedy), None)
        }
        (Remedy::Rebuild, _) => (Some("fix makes it anew".to_owned()), None),
        (Remedy::None, _) | (Remedy::Repoint(_), None) => (None, None),
    };
    Finding {
        code: finding.code.as_str(),
        severity: finding.severity,
        subject: finding.subject.to_string(),
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        predicted_status: finding.predicted_status,
        remedy,
        switch: match &finding.remedy {
            Remedy::Switch(switch, _) => Some(switch.to_string()),
            _ => None,
        },
        cure,
        other_disk: match &finding.remedy {
            Remedy::Belongs(named) => {
                Some(OtherDisk { disk: named.disk.clone(), partition: named.partition })
            }
            _ => None,
        },
    }
}

/// Bytes that are no re-pointing.
#[must_use]
pub fn edit(edit: &ByteEdit) -> Edit {
    Edit {
        what: edit.what.to_string(),
        meaning: edit.meaning.to_string(),
        from: bytes::hex(&edit.before),
        to: bytes::hex(&edit.after),
    }
}

/// One re-pointing.
#[must_use]
pub fn change(layout: &Layout, repoint: &Repoint) -> Change {
    let file = layout.store(repoint.store);
    let object = file.and_then(|file| file.parsed()?.object_at(repoint.object));
    let element = object.and_then(|object| object.element_at(repoint.element));
    Change {
        store: file.map(|file| file.path.to_string()),
        store_partition: file
            .and_then(|file| layout.partition(file.volume))
            .map(|partition| partition.number),
        object: object.map(|object| object.key.to_string()),
        element: element.map(|element| element.key.to_string()),
        partition: repoint.partition,
        place: repoint.place.clone(),
        from: show_identity(&repoint.old),
        to: show_identity(&repoint.new),
    }
}
