//! The JSON that every command prints with `--json`: `{"version": 1, "targets": […]}`, one object a target.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::bcd::Store;
use crate::bcd::element::Element;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware_variable;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::bytes;
use crate::cli::examine::Examined;
use crate::cli::firmware;
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
use crate::layout::Role;
use crate::layout::windows::WindowsVolume;
use crate::partition::Partition;
use crate::partition::PartitionType;

/// Version of the output's shape. Fields may be added within a version, never renamed, removed or given a new meaning.
pub const VERSION: u32 = 1;

/// Prints the document with these targets.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(targets: &[Value]) -> anyhow::Result<()> {
    use std::io::Write;
    let text = serde_json::to_string_pretty(&json!({ "version": VERSION, "targets": targets }))?;
    match writeln!(std::io::stdout().lock(), "{}", escaped(&text)) {
        // A reader that has seen enough (`| head`) changes nothing about what was found or done.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
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

/// Table and identity.
#[must_use]
pub fn disk(layout: &Layout, len: u64) -> Value {
    json!({
        "table": text::table_kind(layout.table.kind).to_lowercase(),
        "identity": layout.table.disk.map(|disk| text::identity(Some(disk))),
        "size": len,
        "sector_size": layout.table.sector_size,
        "firmware": layout.systems.first().map(|system| system.firmware().to_string().to_lowercase()),
    })
}

/// Partitions with what is on them.
#[must_use]
pub fn partitions(layout: &Layout) -> Value {
    let one = |(index, facts): (usize, &crate::layout::VolumeFacts)| {
        json!({
            "number": facts.partition.number,
            "start": facts.partition.start,
            "size": facts.partition.len,
            "type": type_code(&facts.partition),
            "guid": guid(&facts.partition),
            "name": facts.partition.name,
            "active": facts.partition.active,
            "file_system": text::file_system(facts.file_system),
            "label": facts.label,
            "role": role(facts.role),
            "windows": layout.windows.iter().filter(|windows| windows.volume == index).map(|windows| &windows.root).collect::<Vec<_>>(),
            "unreadable": facts.unreadable,
        })
    };
    layout.volumes.iter().enumerate().map(one).collect()
}

/// Every Windows, with what it is and the file that says so, or why nothing does.
#[must_use]
pub fn windows(layout: &Layout) -> Value {
    let one = |windows: &WindowsVolume| {
        let (version, error) = (windows.version.as_ref().ok(), windows.version.as_ref().err());
        json!({
            "partition": layout.table.partitions.get(windows.volume).map(|partition| partition.number),
            "root": windows.root,
            "product": version.map(|version| &version.product),
            "build": version.map(|version| &version.build),
            "version_source": version.map(|version| version.source),
            "version_error": error,
            "hibernated": windows.is_hibernated(),
        })
    };
    layout.windows.iter().map(one).collect()
}

/// A type code as text: `07`, or the type GUID.
#[must_use]
pub fn type_code(partition: &Partition) -> Option<String> {
    match partition.kind {
        PartitionType::Mbr(code) => Some(format!("{code:02x}")),
        PartitionType::Gpt(guid) => Some(guid.to_string()),
        PartitionType::Whole => None,
    }
}

fn guid(partition: &Partition) -> Option<String> {
    match partition.id? {
        crate::partition::PartitionId::Gpt(guid) => Some(guid.to_string()),
        crate::partition::PartitionId::Mbr { .. } => None,
    }
}

/// A role as a word.
#[must_use]
pub fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Windows => "windows",
        Role::SystemAndWindows => "system+windows",
        Role::Recovery => "recovery",
        Role::Reserved => "reserved",
        Role::Other => "other",
    }
}

/// Every object of a store with all its elements: nothing is left out, whatever its meaning. Without a layout for a store
/// by itself.
#[must_use]
pub fn objects(layout: Option<&Layout>, store: &Store, show: &dyn Fn(&Element) -> String) -> Value {
    let one = |object: &Object| {
        let elements = object.elements.iter().map(|element| {
            json!({
                "id": element.key,
                "name": display_name(element, object.object_type),
                "type": element.data_type,
                "raw": bytes::hex(&element.raw),
                "value": decoded(element, show),
            })
        });
        let mut one = json!({
            "identifier": object.name(),
            "id": object.key,
            "type": object.object_type.map(|kind| format!("{:08x}", kind.0)),
            "description": values(&object.description),
            "elements": elements.collect::<Vec<_>>(),
        });
        if firmware_variable::value_of(object).is_some()
            && let Some(fields) = one.as_object_mut()
        {
            fields.insert("firmware_variable".into(), firmware::entry(layout, object));
        }
        one
    };
    store.objects().iter().map(one).collect()
}

/// Registry values of a `Description` key.
#[must_use]
pub fn values(values: &[crate::hive::Value]) -> Value {
    let one = |value: &crate::hive::Value| json!({ "name": value.name, "type": value.data_type, "raw": bytes::hex(&value.data) });
    values.iter().map(one).collect()
}

fn decoded(element: &Element, show: &dyn Fn(&Element) -> String) -> Value {
    match &element.value {
        ElementValue::Device(_) => json!(show(element)),
        ElementValue::String(text) => json!(text),
        ElementValue::Object(id) => json!(id.braced()),
        ElementValue::ObjectList(list) => list.iter().map(|id| json!(id.braced())).collect(),
        ElementValue::Integer(number) => json!(number),
        ElementValue::Boolean(yes) => json!(yes),
        ElementValue::IntegerList(list) => json!(list),
        ElementValue::Binary | ElementValue::Opaque { .. } => Value::Null,
    }
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
