//! How wide text may be.

use std::env;
use std::io;
use std::num::NonZero;

use terminal_size::Width;
use terminal_size::terminal_size_of;

/// Columns where there is no terminal: files and pipes are read on wider screens than a rescue console.
const WITHOUT_TERMINAL: usize = 100;
/// Columns below which wrapping would only tear words apart.
const FEWEST: usize = 40;

/// The columns of standard output: what `COLUMNS` says (POSIX.1-2017, XBD 8.3), else what the terminal has, else 100.
#[must_use]
pub fn of_output() -> usize {
    let said = env::var("COLUMNS").ok().and_then(|text| text.parse::<NonZero<usize>>().ok());
    let terminal = || terminal_size_of(io::stdout()).map(|(Width(columns), _)| usize::from(columns));
    said.map(NonZero::get).or_else(terminal).unwrap_or(WITHOUT_TERMINAL).max(FEWEST)
}
