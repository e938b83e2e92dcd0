//! The command line: words in, words out. All decisions are made below.

pub mod args;
pub mod check;
pub mod check_args;
pub mod choice;
pub mod confine;
pub mod examine;
pub mod firmware;
pub mod fix;
pub mod inspect;
pub mod json;
pub mod junit;
pub mod keep;
pub mod lines;
pub mod list;
pub mod named;
pub mod open_args;
pub mod outcome;
pub mod parallel;
pub mod pick;
pub mod progress;
pub mod record;
pub mod report;
pub mod report_file;
pub mod reports;
pub mod result;
pub mod sarif;
pub mod shell;
pub mod show;
pub mod signals;
pub mod suggested;
pub mod targets;
pub mod text;
pub mod undo;
pub mod ways;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::Cli;
use crate::cli::args::Command;
use crate::cli::json::schema::schema;

/// Nothing above a note.
pub const HEALTHY: u8 = 0;
/// Something was fixed.
pub const FIXED: u8 = 1;
/// Something is wrong and was left.
pub const LEFT: u8 = 4;
/// It could not be done.
pub const FAILED: u8 = 8;
/// The command line was wrong, or a question could not be asked.
pub const USAGE: u8 = 16;

/// Parses the command line, runs the command, and turns the result into an exit code (fsck's bits).
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let printed = lines::unless_gone(error.print());
            // The grammar could not be read, so that nobody parsed this word.
            if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                let _ = json::print(&json::failure(None, first.trim_start_matches("error: ")));
            }
            return ExitCode::from(match (error.use_stderr(), printed) {
                (true, _) => USAGE,
                (false, Ok(())) => HEALTHY,
                (false, Err(error)) => {
                    lines::warn(format_args!("bcdrescue: standard output: {error}"));
                    FAILED
                }
            });
        }
    };
    let run = || match &cli.command {
        Command::List(args) => list::run(args, cli.json),
        Command::Inspect(args) => inspect::run(args, cli.json),
        Command::Check(args) => check::run(args, cli.json),
        Command::Fix(args) => fix::run(args, cli.json),
        Command::Record(args) => record::run(args, cli.json),
        Command::Undo(args) => undo::run(args, cli.json),
        Command::Schema { of } => lines::write(format_args!("{:#}\n", schema(*of))).map(|()| HEALTHY),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man(args) => shell::man(args),
    };
    // A panic is a defect of this program. Its exit code, 101, would read as "fixed, and something is left".
    let result = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(anyhow::anyhow!("stopped by the error above; check says what state the disk is in"))
    });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report_failure(&cli, &error);
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    }
}

/// What is wrong with a command line that the grammar lets pass.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

fn report_failure(cli: &Cli, error: &anyhow::Error) {
    let message = text::clean(&format!("{error:#}"));
    let [mut document] = json::failure(cli.command.target(), &message);
    if matches!(cli.command, Command::Fix(_) | Command::Undo(_)) {
        document = document.of_repair();
    }
    let printed = cli.json && json::print(&[document]).is_ok();
    if !printed {
        lines::warn(format_args!("bcdrescue: {message}"));
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
