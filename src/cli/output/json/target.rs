//! What `check` says of a target, in JSON; other commands add to it.

use std::ffi::OsString;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::json::action::Action;
use crate::cli::output::json::disk;
use crate::cli::output::json::disk::Disk;
use crate::cli::output::json::disk::Windows;
use crate::cli::output::json::finding::Finding;
use crate::cli::output::json::finding::findings;
use crate::cli::output::json::path;
use crate::cli::output::screen::closing;
use crate::cli::run::examine;
use crate::cli::text::advice;
use crate::cli::text::words;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::hop;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::requirement::Requirement;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::prospect::Prospect;

/// A disk that was examined.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Examined {
    /// As the user named it.
    target: String,
    /// `block device`, `raw image`, `qcow2 image` and so on, or `NBD export`.
    kind: String,
    /// The answer in a word.
    verdict: Verdict,
    disk: Disk,
    windows: Vec<Windows>,
    /// The way from the firmware to the kernel.
    chain: Vec<Hop>,
    /// Where it ends; null when it does not.
    stop: Option<Stop>,
    /// Gravest first.
    findings: Vec<Finding>,
    /// The other cure; null when nothing is stale.
    restore_identity: Option<OtherCure>,
    /// What opening the target had to say.
    notes: Vec<String>,
    /// Why nothing was done, or why the verdict is `unknown`; null otherwise.
    pub error: Option<String>,
}

/// One hop of the way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Hop {
    /// Which.
    hop: &'static str,
    /// How it stands.
    state: State,
    /// What was found there.
    evidence: String,
    /// Code of the finding about it.
    finding: Option<&'static str>,
}

/// Where the way ends.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stop {
    /// The hop.
    hop: Option<&'static str>,
    /// Code of the finding about it.
    code: &'static str,
    /// One sentence.
    message: String,
    /// The status on the screen, such as `0xc000000e`, where that was measured.
    predicted_status: Option<&'static str>,
}

/// Giving the disk its old identity back, by `fix --restore-identity`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OtherCure {
    /// Whether it can be done.
    possible: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The old signature or GUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    /// Partitions that get an old GUID back.
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<Vec<OldGuid>>,
}

/// A partition and the GUID that it had.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OldGuid {
    /// Its number.
    number: Option<u32>,
    /// The GUID.
    guid: String,
}

/// What `fix` would come to, tried in memory.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fix {
    /// Whether there is a command that is carried out, not refused.
    possible: bool,
    /// It, with all switches that it takes, as a shell reads it; null where there is none.
    command: Option<String>,
    /// Why `fix` with no more switches than were given would be refused.
    refused: Vec<String>,
    /// The verdict after that command; null without one.
    then: Option<Verdict>,
}

/// A disk of `check`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checked {
    #[serde(flatten)]
    examined: Examined,
    /// What `fix` would come to; null where there is nothing for it to do.
    fix: Option<Fix>,
    /// What was required with `--require`, and whether the disk meets it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<Required>,
    /// With `--jsonl`: equal as long as the image's file and the question are the same, for `--since`. Left out of what is more than one
    /// file, or is judged by other targets too.
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<String>,
}

/// One requirement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Required {
    /// Its name on the command line.
    requirement: String,
    /// Whether it is met.
    met: bool,
    /// Why not.
    reason: Option<String>,
}

/// A target that could not be examined, or of which nothing could be done; `target` is null when it is none of one target.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Failure {
    /// As the user named it.
    target: Option<String>,
    /// Always `unknown`.
    verdict: Verdict,
    /// Always empty.
    findings: Vec<Finding>,
    /// `failed`, where a repair or its undoing was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    /// Why.
    error: String,
}

impl Failure {
    /// The same, where a repair or its undoing was asked for.
    #[must_use]
    pub fn of_repair(self) -> Self {
        Self { action: Some(Action::Failed), ..self }
    }
}

/// The target of a command that could not examine or do it.
#[must_use]
pub fn failure(target: Option<&Path>, error: &str) -> [Failure; 1] {
    let target = target.map(path);
    [Failure {
        target,
        verdict: Verdict::Unknown,
        findings: Vec::new(),
        action: None,
        error: error.to_owned(),
    }]
}

/// What every command says of a disk.
#[must_use]
pub fn target(examined: &examine::Examined) -> Examined {
    let layout = &examined.layout;
    Examined {
        target: path(&examined.path),
        kind: examined.kind.to_string(),
        verdict: examined.diagnosis.verdict,
        disk: disk::disk(layout, &examined.diagnosis, examined.len),
        windows: disk::windows(layout),
        chain: chain(&examined.diagnosis),
        stop: stop(&examined.diagnosis),
        findings: findings(Some(layout), &examined.diagnosis.findings),
        restore_identity: restore(layout, &examined.diagnosis.restore),
        notes: examined.notes.clone(),
        error: examined.diagnosis.doubt().map(|finding| finding.message.clone()),
    }
}

/// The same with every requirement that was named, and why it is not met.
#[must_use]
pub fn checked(
    examined: &examine::Examined,
    prospect: &Prospect,
    switches: &[OsString],
    requirements: &[(Requirement, Option<String>)],
    stamp: Option<String>,
) -> Checked {
    let fix = fix(&examined.path, prospect, switches);
    let mut examined = target(examined);
    if let (Some(restore), Some(reason)) = (&mut examined.restore_identity, &prospect.unrestorable) {
        let reason = Some(advice::of_reason(reason));
        *restore = OtherCure { possible: false, reason, identity: None, partitions: None };
    }
    Checked { examined, fix, requirements: required(requirements), stamp }
}

fn fix(path: &Path, prospect: &Prospect, switches: &[OsString]) -> Option<Fix> {
    let Prospect { way, refused, .. } = prospect;
    (way.is_some() || !refused.is_empty()).then(|| Fix {
        possible: way.is_some(),
        command: way.as_ref().map(|way| closing::command(path, switches, way)),
        refused: refused.iter().map(advice::of_reason).collect(),
        then: way.as_ref().map(|way| way.after.verdict),
    })
}

/// Every requirement that was named, and why it is not met.
#[must_use]
pub fn required(requirements: &[(Requirement, Option<String>)]) -> Vec<Required> {
    let one = |(requirement, reason): &(Requirement, Option<String>)| Required {
        requirement: requirement.to_string(),
        met: reason.is_none(),
        reason: reason.clone(),
    };
    requirements.iter().map(one).collect()
}

fn restore(layout: &Layout, restore: &Restore) -> Option<OtherCure> {
    let nothing = OtherCure { possible: false, reason: None, identity: None, partitions: None };
    match restore {
        Restore::Nothing => None,
        Restore::Impossible(reason) => Some(OtherCure { reason: Some(reason.to_string()), ..nothing }),
        Restore::Possible(old) => {
            let partition = |(volume, guid): &(VolumeIndex, Guid)| OldGuid {
                number: layout.partition(*volume).map(|partition| partition.number),
                guid: guid.to_string(),
            };
            let identity = Some(words::identity(Some(old.disk)));
            let partitions = Some(old.partitions.iter().map(partition).collect());
            Some(OtherCure { possible: true, identity, partitions, ..nothing })
        }
    }
}

fn chain(diagnosis: &Diagnosis) -> Vec<Hop> {
    let one = |hop: &hop::Hop| Hop {
        hop: hop.kind.as_str(),
        state: hop.state,
        evidence: hop.evidence.clone(),
        finding: hop
            .finding
            .and_then(|index| diagnosis.findings.get(index))
            .map(|finding| finding.code.as_str()),
    };
    diagnosis.chain.iter().map(one).collect()
}

fn stop(diagnosis: &Diagnosis) -> Option<Stop> {
    let finding = diagnosis.stop()?;
    Some(Stop {
        hop: diagnosis.chain.iter().find(|hop| hop.state == State::Broken).map(|hop| hop.kind.as_str()),
        code: finding.code.as_str(),
        message: finding.message.clone(),
        predicted_status: finding.predicted_status,
    })
}
