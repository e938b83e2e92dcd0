//! The results as SARIF, which code hosts and editors show.
//!
//! Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::path::Path;

use anyhow::Context;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use serde_json::json;

use crate::cli::json::escaped;
use crate::cli::outcome::Outcome;
use crate::cli::outcome::Reason;
use crate::cli::report_file::ReportFile;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::storage::nbd::url::is_url;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// How a report begins that is written anew: nothing else is replaced, least of all a disk image.
const BEGINNING: &str = "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\"";
/// What stands for itself in the path of a URI (RFC 3986, 2.3 and 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A report that is yet to be written.
pub struct Sarif(ReportFile);

impl Sarif {
    /// Opens the file, while the program still may.
    ///
    /// # Errors
    /// When it cannot be written, or holds something that is no such report.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        Ok(Self(ReportFile::create("--sarif", path, BEGINNING)?))
    }

    /// Writes the results: each reason of each target that is not what it has to be.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, outcomes: &[Outcome]) -> anyhow::Result<()> {
        let text = escaped(&format!("{:#}\n", document(outcomes)));
        self.0.replace(text.as_bytes()).context("the SARIF report cannot be written")
    }
}

fn document(outcomes: &[Outcome]) -> Value {
    let mut rules: Vec<String> = Vec::new();
    let mut results = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        for reason in &outcome.reasons {
            let rule = rule_of(reason, outcome.verdict);
            let rule_index = rules.iter().position(|known| known == rule).unwrap_or_else(|| {
                rules.push(rule.to_owned());
                rules.len().saturating_sub(1)
            });
            results.push(result(outcome, index, reason, rule, rule_index));
        }
    }
    let rule = |id: &String| json!({ "id": id, "shortDescription": { "text": id.replace('-', " ") } });
    let artifact = |outcome: &Outcome| json!({ "location": { "uri": uri(&outcome.target) } });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bcdrescue",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "artifacts": outcomes.iter().map(artifact).collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

fn result(outcome: &Outcome, index: usize, reason: &Reason, rule: &str, rule_index: usize) -> Value {
    let subject = |subject: &String| json!({ "fullyQualifiedName": subject });
    // Code hosts want a line, which a disk has not.
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&outcome.target), "index": index },
        "region": { "startLine": 1 },
    } });
    if let (false, Some(fields)) = (reason.subjects.is_empty(), location.as_object_mut()) {
        fields.insert("logicalLocations".into(), reason.subjects.iter().map(subject).collect());
    }
    json!({
        "ruleId": rule,
        "ruleIndex": rule_index,
        "level": match reason.severity {
            Severity::BlocksBoot => "error",
            Severity::Degrades | Severity::Stale => "warning",
            Severity::Note => "note",
        },
        "message": { "text": reason.message },
        "locations": [location],
    })
}

/// The finding's code, or what there is instead of one.
fn rule_of(reason: &Reason, verdict: Verdict) -> &str {
    match (&reason.code, verdict) {
        (Some(code), _) => code,
        (None, Verdict::Unknown) => "not-examined",
        (None, _) => "not-windows",
    }
}

/// A target as a URI: relative when its path is, as readers want it that look for the file in a checkout.
fn uri(target: &str) -> String {
    if is_url(Path::new(target)) {
        return target.to_owned();
    }
    let path = utf8_percent_encode(target, PATH);
    if target.starts_with('/') { format!("file://{path}") } else { path.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_begins_as_one_that_may_be_replaced() {
        assert!(format!("{:#}", document(&[])).starts_with(BEGINNING));
    }

    #[test]
    fn targets_are_uris() {
        for (target, expected) in [
            ("a.qcow2", "a.qcow2"),
            ("images/a b#1?.qcow2", "images/a%20b%231%3F.qcow2"),
            ("/srv/ü.raw", "file:///srv/%C3%BC.raw"),
            ("x:y", "x%3Ay"),
            ("nbd://host/disk", "nbd://host/disk"),
        ] {
            assert_eq!(uri(target), expected);
        }
    }
}
