//! The results as SARIF, which code hosts and editors show.
//!
//! Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Context;
use percent_encoding::AsciiSet;
use percent_encoding::CONTROLS;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_encode;
use serde_json::Value;
use serde_json::json;

use crate::cli::output::json::escaped;
use crate::cli::output::outcome::Outcome;
use crate::cli::output::outcome::Reason;
use crate::cli::output::report_file::ReportFile;
use crate::cli::output::screen::headline::Headline;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::storage::nbd::url::is_url;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// How a report begins that is written anew: nothing else is replaced, least of all a disk image.
const BEGINNING: &str = "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\"";
/// What stands for itself in the path of a URI (RFC 3986, 2.3 and 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// What stands for itself nowhere in a URI (RFC 3986, appendix A); what a URL has escaped is left as it is.
const URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

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
    // A target that is named twice is one artifact.
    let mut uris: Vec<String> = Vec::new();
    let mut known = BTreeMap::new();
    for outcome in outcomes {
        let uri = uri(&outcome.target);
        let index = *known.entry(uri.clone()).or_insert(uris.len());
        if index == uris.len() {
            uris.push(uri);
        }
        let place = json!({ "uri": uris.get(index), "index": index });
        for reason in &outcome.reasons {
            let rule = rule_of(reason, outcome.headline.verdict);
            let rule_index = rules.iter().position(|known| known == rule).unwrap_or_else(|| {
                rules.push(rule.to_owned());
                rules.len().saturating_sub(1)
            });
            results.push(result(&place, &message(&outcome.headline, reason), reason, rule, rule_index));
        }
    }
    let rule = |id: &String| json!({ "id": id, "shortDescription": { "text": id.replace('-', " ") } });
    let artifact = |uri: &String| json!({ "location": { "uri": uri } });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bcdrescue",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "artifacts": uris.iter().map(artifact).collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

/// What stops Windows, behind what Windows then does: code hosts show a result by itself.
fn message(headline: &Headline, reason: &Reason) -> String {
    match (&headline.sentence, reason.severity) {
        (Some(sentence), Severity::BlocksBoot) if headline.verdict == Verdict::Broken => {
            format!("{sentence}: {}", reason.message)
        }
        _ => reason.message.clone(),
    }
}

fn result(place: &Value, message: &str, reason: &Reason, rule: &str, rule_index: usize) -> Value {
    let subject = |subject: &String| json!({ "fullyQualifiedName": subject });
    // Code hosts want a line, which a disk has not.
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": place,
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
        "message": { "text": message },
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
fn uri(target: &Path) -> String {
    let bytes = target.as_os_str().as_bytes();
    if is_url(target) {
        return percent_encode(bytes, URL).to_string();
    }
    let path = percent_encode(bytes, PATH);
    if target.is_absolute() { format!("file://{path}") } else { path.to_string() }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

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
            ("nbd+unix:///a%20b?socket=/x y/ü", "nbd+unix:///a%20b?socket=/x%20y/%C3%BC"),
        ] {
            assert_eq!(uri(Path::new(target)), expected);
        }
        assert_eq!(uri(Path::new(OsStr::from_bytes(b"\xff.raw"))), "%FF.raw");
    }

    #[test]
    fn a_target_that_is_named_twice_is_one_artifact() {
        let outcome = |target: &str| Outcome {
            target: target.into(),
            code: 4,
            headline: Headline { verdict: Verdict::NotWindows, sentence: None, why: None },
            reasons: vec![Reason::plain("it is none".into())],
            shown: String::new(),
            seconds: 0.0,
        };
        let document = document(&["a", "b", "a"].map(outcome));
        let run = &document["runs"][0];
        assert_eq!(run["artifacts"].as_array().unwrap().len(), 2);
        let index =
            |result: &Value| result["locations"][0]["physicalLocation"]["artifactLocation"]["index"].clone();
        let indexes: Vec<Value> = run["results"].as_array().unwrap().iter().map(index).collect();
        assert_eq!(indexes, [0, 1, 0]);
    }
}
