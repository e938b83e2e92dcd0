//! Documents that are written target by target, however many there are.

use std::fs::File;
use std::io;
use std::io::Write;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::cli::output::json::VERSION;
use crate::cli::output::json::escaped;
use crate::cli::text::lines::unless_gone;

/// How targets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All in one document, as every command prints it.
    Document,
    /// JSON Lines: each on a line of its own, with the version in it.
    Lines,
}

impl Form {
    /// A target as it will be written.
    #[must_use]
    pub fn target(self, target: &impl Serialize) -> String {
        let target = serde_json::to_value(target).unwrap_or_default();
        match self {
            Self::Document => escaped(&format!("{target:#}").replace('\n', "\n    ")),
            Self::Lines => {
                let mut line = Map::from_iter([("version".to_owned(), VERSION.into())]);
                match target {
                    Value::Object(fields) => line.extend(fields),
                    other => line.extend([("target".to_owned(), other)]),
                }
                escaped(&Value::Object(line).to_string())
            }
        }
    }
}

/// Targets on their way to standard output or into a file, one after the other.
pub struct Stream {
    form: Form,
    out: Box<dyn Write>,
    /// Where they go, for an error.
    name: String,
    count: usize,
}

impl Stream {
    /// Nothing is written before the first target.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { form, out: Box::new(io::stdout()), name: "standard output".to_owned(), count: 0 }
    }

    /// JSON Lines into a file that has nothing in it, of this name.
    #[must_use]
    pub fn into_file(file: File, name: String) -> Self {
        Self { form: Form::Lines, out: Box::new(file), name, count: 0 }
    }

    /// Writes a target, as [`Form::target`] has it.
    ///
    /// # Errors
    /// When it cannot be written, or its reader is [gone](crate::cli::text::lines::is_gone).
    pub fn add(&mut self, target: &str) -> anyhow::Result<()> {
        let before = match (self.form, self.count) {
            (Form::Lines, _) => String::new(),
            (Form::Document, 0) => format!("{{\n  \"version\": {VERSION},\n  \"targets\": [\n    "),
            (Form::Document, _) => ",\n    ".to_owned(),
        };
        let after = if self.form == Form::Lines { "\n" } else { "" };
        self.count = self.count.saturating_add(1);
        self.write(&[&before, target, after]).with_context(|| self.name.clone())
    }

    /// Ends the document.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn end(mut self, summary: &impl Serialize) -> anyhow::Result<()> {
        let summary = serde_json::to_value(summary).unwrap_or_default();
        let summary = format!("{summary:#}").replace('\n', "\n  ");
        let written = match (self.form, self.count) {
            (Form::Lines, _) => Ok(()),
            (Form::Document, 0) => {
                let before = format!("{{\n  \"version\": {VERSION},\n  \"targets\": []");
                self.write(&[&before, ",\n  \"summary\": ", &summary, "\n}\n"])
            }
            (Form::Document, _) => self.write(&["\n  ],\n  \"summary\": ", &summary, "\n}\n"]),
        };
        unless_gone(written).with_context(|| self.name.clone())
    }

    fn write(&mut self, pieces: &[&str]) -> io::Result<()> {
        // In one piece: what reads a file that grows finds whole lines.
        self.out.write_all(pieces.concat().as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_is_one_line_or_stands_in_its_document() {
        let target = json!({ "target": "a\u{9b}\nb", "findings": [] });
        let line = Form::Lines.target(&target);
        assert_eq!(line, r#"{"version":1,"target":"a\u009b\nb","findings":[]}"#);
        let indented = Form::Document.target(&target);
        assert_eq!(indented, "{\n      \"target\": \"a\\u009b\\nb\",\n      \"findings\": []\n    }");
    }
}
