//! The JSON that every command prints with `--json`: `{"version": 1, "targets": […]}`, one object a target.

pub mod action;
pub mod controller;
pub mod disk;
pub mod edited;
pub mod exported;
pub mod finding;
pub mod listed;
pub mod made;
pub mod repair;
pub mod schema;
pub mod store;
pub mod store_change;
mod stream;
pub mod target;

pub use disk::role;
pub use disk::type_code;
pub use stream::Form;
pub use stream::Stream;
pub use target::failure;

use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::outcome::Tally;
use crate::cli::text::lines::unless_gone;
use crate::cli::text::words;

/// Version of the output's shape. Fields may be added within a version, never renamed, removed or given a new meaning.
pub const VERSION: u32 = 1;

/// Prints the document with these targets.
///
/// # Errors
/// When standard output cannot be written.
pub fn print<T: Serialize>(targets: &[T]) -> anyhow::Result<()> {
    let mut out = Escaping(BufWriter::new(std::io::stdout().lock()));
    let written =
        serde_json::to_writer_pretty(&mut out, &Document { version: VERSION, targets, summary: None })
            .map_err(std::io::Error::from)
            .and_then(|()| out.0.write_all(b"\n"))
            .and_then(|()| out.0.flush());
    unless_gone(written).context("standard output")
}

/// What a command prints with `--json`.
// It is written as it is made: of a large store it has some megabytes.
#[derive(Serialize, JsonSchema)]
struct Document<'a, T> {
    /// Version of this shape. Within a version fields may be added, and no field is renamed, removed or given a new meaning.
    version: u32,
    /// One for each target.
    targets: &'a [T],
    /// How many came out how (`check`).
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Tally>,
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

/// JSON as it is shown by a terminal too: what [`words::is_dangerous`] is written by JSON's `\u`. Such characters
/// stand in strings only, where that means the same.
#[must_use]
pub fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && words::is_dangerous(c) {
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

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_drives_a_terminal_is_escaped_and_means_the_same() {
        let value = json!({ "label": "a\u{9b}2Jb\u{202e}c\u{7f}\n漢\u{1f600}" });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.contains(r"a\u009b2Jb\u202ec\u007f\n漢"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
