//! The JSON that every command prints with `--json`: `{"version": 1, "targets": […]}`, one object a target.

mod disk;
mod store;
mod stream;

pub use disk::disk;
pub use disk::partitions;
pub use disk::role;
pub use disk::type_code;
pub use disk::windows;
pub use store::objects;
pub use store::values;
pub use stream::Form;
pub use stream::Stream;

use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::bytes;
use crate::cli::examine::Examined;
use crate::cli::lines::unless_gone;
use crate::cli::text;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Repoint;
use crate::diagnosis::Verdict;
use crate::diagnosis::byte_edit::ByteEdit;
use crate::diagnosis::chain::Hop;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::show_identity;
use crate::guid::Guid;
use crate::layout::Layout;

/// Version of the output's shape. Fields may be added within a version, never renamed, removed or given a new meaning.
pub const VERSION: u32 = 1;

/// Prints the document with these targets.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(targets: &[Value]) -> anyhow::Result<()> {
    let mut out = Escaping(BufWriter::new(std::io::stdout().lock()));
    let written = serde_json::to_writer_pretty(&mut out, &Document { version: VERSION, targets })
        .map_err(std::io::Error::from)
        .and_then(|()| out.0.write_all(b"\n"))
        .and_then(|()| out.0.flush());
    Ok(unless_gone(written)?)
}

/// The document, which is written as it is made: of a large store it has some megabytes.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    targets: &'a [Value],
}

/// Writes JSON as [`escaped`] has it. It comes in pieces of whole characters.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        let text = std::str::from_utf8(piece).map_err(std::io::Error::other)?;
        self.0.write_all(escaped(text).as_bytes())?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// JSON as it is shown by a terminal too: what [`text::is_dangerous`] is written as `\uXXXX`. Such characters stand
/// in strings only, where that means the same.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && text::is_dangerous(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// A path as JSON has it. Names of files need not be UTF-8, JSON has to be.
#[must_use]
pub fn path(path: &Path) -> String {
    path.display().to_string()
}

/// The target of a command that could not examine or do it.
#[must_use]
pub fn failure(target: Option<&Path>, error: &str) -> [Value; 1] {
    [json!({ "target": target.map(path), "verdict": Verdict::Unknown, "findings": [], "error": error })]
}

/// What `check` says of a target; `inspect` and `fix` add to it.
#[must_use]
pub fn target(examined: &Examined) -> Value {
    let layout = &examined.layout;
    json!({
        "target": path(&examined.path),
        "kind": examined.kind.to_string(),
        "verdict": examined.diagnosis.verdict,
        "disk": disk(layout, examined.len),
        "windows": windows(layout),
        "chain": chain(&examined.diagnosis),
        "stop": stop(&examined.diagnosis),
        "findings": findings(Some(layout), &examined.diagnosis.findings),
        "restore_identity": restore(layout, &examined.diagnosis.restore),
        "notes": examined.notes,
        "error": null,
    })
}

/// The other cure: what it would give back, or why it cannot; null when nothing is stale.
fn restore(layout: &Layout, restore: &Restore) -> Value {
    match restore {
        Restore::Nothing => Value::Null,
        Restore::Impossible(reason) => json!({ "possible": false, "reason": reason }),
        Restore::Possible(old) => {
            let partition = |(volume, guid): &(usize, Guid)| {
                let partition = layout.table.partitions.get(*volume);
                json!({ "number": partition.map(|partition| partition.number), "guid": guid.to_string() })
            };
            json!({
                "possible": true,
                "identity": text::identity(Some(old.disk)),
                "partitions": old.partitions.iter().map(partition).collect::<Vec<_>>(),
            })
        }
    }
}

/// Findings, gravest first; without a layout for a store by itself, which has nothing to re-point to.
#[must_use]
pub fn findings(layout: Option<&Layout>, findings: &[Finding]) -> Value {
    findings.iter().map(|finding| one_finding(layout, finding)).collect()
}

fn one_finding(layout: Option<&Layout>, finding: &Finding) -> Value {
    let (remedy, cure) = match (&finding.remedy, layout) {
        (Remedy::Advice(advice), _) => (json!(advice), Value::Null),
        (Remedy::Repoint(repoint), Some(layout)) => {
            (json!(format!("fix re-points it to {}", repoint.place)), change(layout, repoint))
        }
        (Remedy::Edit(edits), _) => (
            json!("fix writes the right bytes"),
            json!({ "edits": edits.iter().map(edit).collect::<Vec<_>>() }),
        ),
        (Remedy::None, _) | (Remedy::Repoint(_), None) => (Value::Null, Value::Null),
    };
    json!({
        "code": finding.code,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message,
        "evidence": finding.evidence,
        "predicted_status": finding.predicted_status,
        "remedy": remedy,
        "cure": cure,
    })
}

/// Bytes that are no re-pointing, planned or done.
#[must_use]
pub fn edit(edit: &ByteEdit) -> Value {
    json!({
        "what": edit.what,
        "meaning": edit.meaning,
        "from": bytes::hex(&edit.before),
        "to": bytes::hex(&edit.after),
    })
}

/// The hops of the boot chain.
fn chain(diagnosis: &Diagnosis) -> Value {
    let one = |hop: &Hop| {
        let code = hop.finding.and_then(|index| diagnosis.findings.get(index)).map(|finding| finding.code);
        json!({ "hop": hop.name, "state": hop.state, "evidence": hop.evidence, "finding": code })
    };
    diagnosis.chain.iter().map(one).collect()
}

/// Where Windows' start ends, and what the screen then shows; null when it does not.
fn stop(diagnosis: &Diagnosis) -> Value {
    let Some(finding) = diagnosis.stop() else { return Value::Null };
    let hop = diagnosis.chain.iter().find(|hop| hop.finding.is_some()).map(|hop| hop.name);
    json!({
        "hop": hop,
        "code": finding.code,
        "message": finding.message,
        "predicted_status": finding.predicted_status,
    })
}

/// One re-pointing, planned or done.
#[must_use]
pub fn change(layout: &Layout, repoint: &Repoint) -> Value {
    let file = layout.stores.get(repoint.store);
    let object = file.and_then(|file| file.parsed()?.objects().get(repoint.object));
    let element = object.and_then(|object| object.elements.get(repoint.element));
    json!({
        "store": file.map(|file| &file.path),
        "object": object.map(|object| &object.key),
        "element": element.map(|element| &element.key),
        "partition": repoint.partition,
        "place": repoint.place,
        "from": show_identity(&repoint.old),
        "to": show_identity(&repoint.new),
    })
}

/// Anything that serialises, as a value.
#[must_use]
pub fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_escaped_and_means_the_same() {
        let value = json!({ "label": "a\u{9b}2Jb\u{202e}c\u{7f}\n漢\u{1f600}" });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.contains(r"a\u009b2Jb\u202ec\u007f\n漢"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
