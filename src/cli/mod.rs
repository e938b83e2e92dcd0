//! The command line: words in, words out. All decisions are made below.
//!
//! The groups of the room, each of which uses only those above it in this list: `text`, `run`, `output`, `args`, `commands`.

pub(crate) mod args;
pub(crate) mod commands;
#[doc(hidden)]
pub mod output;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod text;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::args::bcd_args::slashes::rewritten;
use crate::cli::args::command_line::Cli;
use crate::cli::args::command_line::Command;
use crate::cli::commands::bcd;
use crate::cli::commands::check;
use crate::cli::commands::fix;
use crate::cli::commands::inspect;
use crate::cli::commands::list;
use crate::cli::commands::record;
use crate::cli::commands::shell;
use crate::cli::commands::undo;
use crate::cli::output::json;
use crate::cli::output::json::schema::schema;
use crate::cli::text::advice;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::USAGE;
use crate::cli::text::exit::Usage;
use crate::cli::text::lines;
use crate::cli::text::words;

/// Parses the command line, runs the command, and turns the result into an exit code (fsck's bits).
#[must_use]
pub fn main() -> ExitCode {
    let line = rewritten(std::env::args_os().collect());
    let line = line.map_err(misused);
    let cli = match line.and_then(Cli::try_parse_from) {
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
                    lines::warn(format_args!("error: standard output: {error}"));
                    FAILED
                }
            });
        }
    };
    cli.show.set_color();
    let run = || match &cli.command {
        Command::List(args) => list::run(args, cli.show.json),
        Command::Inspect(args) => inspect::run(args, cli.show),
        Command::Check(args) => check::run(args, cli.show),
        Command::Fix(args) => fix::run(args, cli.show),
        Command::Record(args) => record::run(args, cli.show.json),
        Command::Bcd(args) => bcd::run(args, cli.show),
        Command::Undo(args) => undo::run(args, cli.show),
        Command::Schema { of } => lines::write(format_args!("{:#}\n", schema(*of))).map(|()| HEALTHY),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man(args) => shell::man(args),
    };
    // A panic is a defect of this program. Its exit code, 101, would read as "fixed, and something is left".
    let result = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(anyhow::anyhow!("internal error, shown above; run check to see the state of the disk"))
    });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report_failure(&cli, &error);
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    }
}

/// What is wrong with a line of bcdedit's, as the grammar tells such.
fn misused(wrong: Usage) -> clap::Error {
    let mut program = Cli::command();
    program.build();
    match program.find_subcommand_mut("bcd") {
        Some(bcd) => bcd.error(ErrorKind::InvalidValue, wrong),
        None => Cli::command().error(ErrorKind::InvalidValue, wrong),
    }
}

fn report_failure(cli: &Cli, error: &anyhow::Error) {
    let message = words::clean(&advice::of(error));
    let [mut document] = json::failure(cli.command.target(), &message);
    let is_repair = match &cli.command {
        Command::Fix(_) | Command::Undo(_) => true,
        Command::Bcd(args) => args.edit().is_some(),
        _ => false,
    };
    if is_repair {
        document = document.of_repair();
    }
    let printed = cli.show.json && json::print(&[document]).is_ok();
    if !printed {
        lines::warn(format_args!("error: {message}"));
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
