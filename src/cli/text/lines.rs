//! Lines for people, put together before they are shown: disks are examined at the same time, and shown one by one.

use std::fmt::Arguments;
use std::io;
use std::io::Write;

use anyhow::Context as _;

/// Lines of text; colours in them are shown where standard output shows colours.
#[derive(Debug, Default)]
pub struct Lines(String);

impl Lines {
    /// Adds a line.
    pub fn add(&mut self, line: Arguments<'_>) {
        self.0.push_str(&line.to_string());
        self.0.push('\n');
    }

    /// All of them.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Shows at once what `add` adds.
///
/// # Errors
/// As [`unless_gone`].
pub fn show(add: impl FnOnce(&mut Lines)) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    add(&mut lines);
    write(format_args!("{}", lines.0))
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
    // In one piece: a line at a time is a system call each.
    let mut bytes = Vec::new();
    let choice = anstream::stdout().current_choice();
    anstream::AutoStream::new(&mut bytes, choice).write_fmt(text)?;
    let mut out = io::stdout().lock();
    unless_gone(out.write_all(&bytes).and_then(|()| out.flush())).context("standard output")
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
