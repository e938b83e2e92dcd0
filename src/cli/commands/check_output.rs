//! The results of `check`, shown one after the other; at the end those that are not healthy once more, a row each.

use crate::cli::commands::check_result::Shape;
use crate::cli::output::json::Form;
use crate::cli::output::json::Stream;
use crate::cli::output::outcome::Outcome;
use crate::cli::output::outcome::Tally;
use crate::cli::text::lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Verdict;

/// Rows that are repeated, at most: a screen is read, a longer list is a report's.
const MOST: usize = 100;

/// Where results go.
pub(crate) struct CheckOutput {
    stream: Option<Stream>,
    shape: Shape,
    tally: Tally,
    /// Rows of those that are not healthy, and how many more there are.
    repeated: Vec<String>,
    unrepeated: usize,
    /// Whether the last one took more than a row.
    was_long: bool,
}

impl CheckOutput {
    /// Nothing shown yet; JSON goes into `file` where there is one.
    pub(crate) fn new(shape: Shape, file: Option<Stream>) -> Self {
        let stream = file.or(match shape {
            Shape::Json(form) => Some(Stream::new(form)),
            Shape::Details | Shape::Screen | Shape::OneOfMany => None,
        });
        Self { stream, shape, tally: Tally::default(), repeated: Vec::new(), unrepeated: 0, was_long: false }
    }

    /// How many were shown.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Shows one more.
    ///
    /// # Errors
    /// When standard output cannot be written, or its reader is [gone](lines::is_gone).
    pub(crate) fn add(&mut self, outcome: &Outcome) -> anyhow::Result<()> {
        let is_first = self.tally.targets() == 0;
        self.tally.add(outcome);
        let shown = &outcome.shown;
        if let Some(stream) = &mut self.stream {
            return stream.add(shown);
        }
        if !outcome.reasons.is_empty() {
            self.repeat(outcome);
        }
        let is_long = shown.lines().nth(1).is_some();
        let gap = if !is_first && (is_long || self.was_long) { "\n" } else { "" };
        self.was_long = is_long;
        lines::write_next(format_args!("{gap}{shown}"))
    }

    fn repeat(&mut self, outcome: &Outcome) {
        if self.repeated.len() < MOST {
            let target = clean(&outcome.target.display().to_string());
            self.repeated.push(format!("{target}: {}", what(outcome)));
        } else {
            self.unrepeated = self.unrepeated.saturating_add(1);
        }
    }

    /// Shows how many there were of each kind.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        let is_many = self.tally.targets() != 1;
        if let Some(stream) = self.stream {
            stream.end(&self.tally)?;
            if let (true, Shape::Json(Form::Lines)) = (is_many, self.shape) {
                lines::warn(format_args!("bcdrescue: {}", self.tally.line()));
            }
            return Ok(());
        }
        if !is_many {
            return Ok(());
        }
        lines::show(|out| {
            out.gap();
            // Whatever its length: a row each.
            self.repeated.iter().for_each(|row| out.whole(format_args!("{row}")));
            if self.unrepeated > 0 {
                let more = words::count(self.unrepeated, "target", "targets");
                out.add(format_args!("and {more} more"));
            }
            if !self.repeated.is_empty() {
                out.gap();
            }
            out.add(format_args!("{}", self.tally.line()));
        })
    }
}

/// The headline; of a disk that starts, the requirements that it does not meet.
fn what(outcome: &Outcome) -> String {
    if outcome.headline.verdict != Verdict::Healthy {
        return outcome.headline.coloured();
    }
    let codes = outcome.reasons.iter().filter_map(|reason| reason.code.as_deref());
    format!("requirements not met: {}", codes.collect::<Vec<_>>().join(", "))
}
