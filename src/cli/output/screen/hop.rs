//! A row of the boot path.

use owo_colors::OwoColorize as _;

use crate::cli::text::lines::Lines;
use crate::cli::text::words::clean;
use crate::diagnosis::model::hop::State;

/// Columns of the names.
const NAMES: usize = 16;
/// Columns before what was found there.
const EVIDENCE: usize = 28;

/// Hops by name, how they stand, and what was found there.
pub fn add(out: &mut Lines, names: &str, state: State, evidence: &str) {
    let state = match state {
        State::Ok => format!("{}     ", "ok".green()),
        State::Broken => format!("{}  ", "STOPS".red().bold()),
        State::Unknown => format!("{}      ", "?".yellow()),
    };
    out.hang(EVIDENCE, format_args!("    {names:<NAMES$} {state}{}", clean(evidence)));
}
