//! Lines for people, put together before they are shown: disks are examined at the same time, and shown one by one.

use std::fmt::Arguments;
use std::io;
use std::io::Write;

use anyhow::Context as _;
use textwrap::Options;
use textwrap::WordSplitter;

use crate::cli::text::columns;

/// Columns by which the rest of a long line is indented further than its beginning.
const HANGING: usize = 2;

/// Lines of text, none wider than the terminal where their words permit; colours in them are shown where standard output shows
/// colours.
#[derive(Debug)]
pub struct Lines {
    text: String,
    columns: usize,
}

impl Default for Lines {
    fn default() -> Self {
        Self::of_width(columns::of_output())
    }
}

impl Lines {
    /// None yet, for a screen of so many columns.
    #[must_use]
    pub const fn of_width(columns: usize) -> Self {
        Self { text: String::new(), columns }
    }

    /// Adds a line; where it is too long, what does not fit goes below it, indented a little further.
    pub fn add(&mut self, line: Arguments<'_>) {
        let line = line.to_string();
        let indent = line.chars().take_while(|c| *c == ' ').count();
        self.wrap(&line, indent.saturating_add(HANGING));
    }

    /// The same, with what does not fit below column `indent`: for text that stands in a column.
    pub fn hang(&mut self, indent: usize, line: Arguments<'_>) {
        self.wrap(&line.to_string(), indent);
    }

    /// Adds a line in one piece, however long it is: a command is copied.
    pub fn whole(&mut self, line: Arguments<'_>) {
        self.text.push_str(line.to_string().trim_end());
        self.text.push('\n');
    }

    /// Adds what `add` adds, unless there are more than `most` rows then; whether it was added.
    pub fn within(&mut self, most: usize, add: impl FnOnce(&mut Self)) -> bool {
        let mut more = Self::of_width(self.columns);
        add(&mut more);
        let fits = self.rows().saturating_add(more.rows()) <= most;
        if fits {
            self.text.push_str(&more.text);
        }
        fits
    }

    /// How many rows there are so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.text.lines().count()
    }

    /// Adds an empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    fn wrap(&mut self, line: &str, indent: usize) {
        let body = line.trim_start_matches(' ');
        let first = " ".repeat(line.len().saturating_sub(body.len()));
        let rest = " ".repeat(indent);
        let options = Options::new(self.columns)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        for row in textwrap::wrap(body, options) {
            self.whole(format_args!("{row}"));
        }
    }

    /// Columns of the screen.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// All of them.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Shows at once what `add` adds.
///
/// # Errors
/// As [`unless_gone`].
pub fn show(add: impl FnOnce(&mut Lines)) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    add(&mut lines);
    write(format_args!("{}", lines.text))
}

/// Shows a line.
///
/// # Errors
/// As [`unless_gone`].
pub fn say(line: Arguments<'_>) -> anyhow::Result<()> {
    write(format_args!("{line}\n"))
}

/// Shows a line on standard error. Where that cannot be written nobody can be told so either.
pub fn warn(line: Arguments<'_>) {
    // In one piece, as other programs may write there too. The macro for it panics where this does nothing.
    let _ = anstream::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Writes text to standard output.
///
/// # Errors
/// As [`unless_gone`].
pub fn write(text: Arguments<'_>) -> anyhow::Result<()> {
    unless_gone(write_whole(text)).context("standard output")
}

/// The same, of many.
///
/// # Errors
/// Every failure; [`is_gone`] tells that of a reader who has gone away.
pub fn write_next(text: Arguments<'_>) -> anyhow::Result<()> {
    write_whole(text).context("standard output")
}

fn write_whole(text: Arguments<'_>) -> io::Result<()> {
    // In one piece: a line at a time is a system call each.
    let mut bytes = Vec::new();
    let choice = anstream::stdout().current_choice();
    anstream::AutoStream::new(&mut bytes, choice).write_fmt(text)?;
    let mut out = io::stdout().lock();
    out.write_all(&bytes).and_then(|()| out.flush())
}

/// Whether a write failed as its reader has seen enough (`| head`): what comes next nobody reads.
#[must_use]
pub fn is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The result of a write to standard output: a reader that has seen enough (`| head`) changes nothing about what was found or
/// done.
///
/// # Errors
/// Every other failure.
pub fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use owo_colors::OwoColorize as _;

    use super::*;

    fn rows(columns: usize, add: impl FnOnce(&mut Lines)) -> Vec<String> {
        let mut lines = Lines::of_width(columns);
        add(&mut lines);
        lines.into_text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_does_not_fit_goes_below_and_no_word_is_cut() {
        let rows = rows(20, |out| out.add(format_args!("  one two three four five {}", "x".repeat(30))));
        let long = format!("    {}", "x".repeat(30));
        assert_eq!(rows, ["  one two three four", "    five", long.as_str()]);
    }

    #[test]
    fn a_column_is_kept() {
        let rows = rows(20, |out| out.hang(7, format_args!("  disk MBR, signature 0x1")));
        assert_eq!(rows, ["  disk MBR,", "       signature 0x1"]);
    }

    #[test]
    fn colours_take_no_room() {
        let rows = rows(20, |out| out.add(format_args!("{} eight nine", "six seven".red())));
        assert_eq!(rows.len(), 1, "{rows:?}");
    }

    #[test]
    fn a_command_stays_in_one_piece() {
        let rows = rows(20, |out| {
            out.whole(format_args!("Run: bcdrescue fix /dev/vdb --restore-identity"));
            out.gap();
            out.add(format_args!(""));
        });
        assert_eq!(rows, ["Run: bcdrescue fix /dev/vdb --restore-identity", "", ""]);
    }

    #[test]
    fn what_is_too_much_is_left_out_as_a_whole() {
        let rows = rows(40, |out| {
            assert!(out.within(2, |out| out.add(format_args!("one"))));
            assert!(
                !out.within(2, |out| ["two", "three"].iter().for_each(|it| out.add(format_args!("{it}"))))
            );
            assert!(out.within(2, |out| out.add(format_args!("four"))));
        });
        assert_eq!(rows, ["one", "four"]);
    }
}
