//! The JSON Schema of what the commands print, made from the types that they print.

#![allow(
    dead_code,
    clippy::large_enum_variant,
    reason = "its own types are never made: each says what a list of others may hold"
)]

use schemars::JsonSchema;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use crate::cli::output::json::Document;
use crate::cli::output::json::VERSION;
use crate::cli::output::json::edited::Compared;
use crate::cli::output::json::edited::Edited;
use crate::cli::output::json::exported::ExportedStore;
use crate::cli::output::json::listed::Listed;
use crate::cli::output::json::repair::LeftAlone;
use crate::cli::output::json::repair::Recorded;
use crate::cli::output::json::repair::Repaired;
use crate::cli::output::json::repair::Undone;
use crate::cli::output::json::store::CheckedFile;
use crate::cli::output::json::store::Enumerated;
use crate::cli::output::json::store::Inspected;
use crate::cli::output::json::store::InspectedFile;
use crate::cli::output::json::target::Checked;
use crate::cli::output::json::target::Failure;

/// A line of `check --jsonl`.
#[derive(Serialize, JsonSchema)]
struct Line {
    /// As in a document.
    version: u32,
    #[serde(flatten)]
    target: CheckTarget,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum ListTarget {
    Disk(Listed),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum CheckTarget {
    Disk(Checked),
    Store(CheckedFile),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum InspectTarget {
    Disk(Inspected),
    Store(InspectedFile),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum FixTarget {
    Disk(Repaired),
    LeftAlone(LeftAlone),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum RecordTarget {
    Disk(Recorded),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum UndoTarget {
    Disk(Undone),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum BcdEditTarget {
    Store(Edited),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum BcdEnumTarget {
    Store(Enumerated),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum BcdDiffTarget {
    Stores(Compared),
    Failure(Failure),
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum AnyTarget {
    List(ListTarget),
    Inspect(InspectTarget),
    Check(CheckTarget),
    Fix(FixTarget),
    Record(RecordTarget),
    Undo(UndoTarget),
    BcdEdit(BcdEditTarget),
    BcdEnum(BcdEnumTarget),
    BcdDiff(BcdDiffTarget),
}

/// What a schema can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// `list --json`.
    List,
    /// `inspect --json`.
    Inspect,
    /// `check --json`.
    Check,
    /// A line of `check --jsonl`.
    CheckLine,
    /// `fix --json`.
    Fix,
    /// `record --json`.
    Record,
    /// `undo --json`.
    Undo,
    /// `bcd set --json`, and all others of `bcd` that edit.
    BcdEdit,
    /// `bcd enum --json` and `bcd get --json`.
    BcdEnum,
    /// `bcd diff --json`.
    BcdDiff,
    /// `bcd export --json`, which `bcd import` takes.
    BcdExport,
}

/// The schema of a command's output; without one, of any command's.
#[must_use]
pub fn schema(of: Option<SchemaOf>) -> Value {
    let schema = match of {
        None => schema_of::<Document<'static, AnyTarget>>(),
        Some(SchemaOf::List) => schema_of::<Document<'static, ListTarget>>(),
        Some(SchemaOf::Inspect) => schema_of::<Document<'static, InspectTarget>>(),
        Some(SchemaOf::Check) => schema_of::<Document<'static, CheckTarget>>(),
        Some(SchemaOf::CheckLine) => schema_of::<Line>(),
        Some(SchemaOf::Fix) => schema_of::<Document<'static, FixTarget>>(),
        Some(SchemaOf::Record) => schema_of::<Document<'static, RecordTarget>>(),
        Some(SchemaOf::Undo) => schema_of::<Document<'static, UndoTarget>>(),
        Some(SchemaOf::BcdEdit) => schema_of::<Document<'static, BcdEditTarget>>(),
        Some(SchemaOf::BcdEnum) => schema_of::<Document<'static, BcdEnumTarget>>(),
        Some(SchemaOf::BcdDiff) => schema_of::<Document<'static, BcdDiffTarget>>(),
        Some(SchemaOf::BcdExport) => schema_of::<ExportedStore>(),
    };
    let mut schema = schema.to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".into(), "Output of bcdrescue".into());
        if let Some(version) = fields.get_mut("properties").and_then(|all| all.get_mut("version")) {
            *version = serde_json::json!({ "const": VERSION });
        }
    }
    schema
}

fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
