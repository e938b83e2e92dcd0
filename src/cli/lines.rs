//! Lines for people, put together before they are shown: disks are examined at the same time, and shown one by one.

use std::fmt::Arguments;
use std::io;
use std::io::Write;

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

/// Writes text to standard output.
///
/// # Errors
/// When it cannot be written; a reader that has seen enough (`| head`) changes nothing.
pub fn write(text: Arguments<'_>) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Shows at once what `write` adds.
pub fn show(write: impl FnOnce(&mut Lines)) {
    let mut lines = Lines::default();
    write(&mut lines);
    anstream::print!("{}", lines.0);
}
