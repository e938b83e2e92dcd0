//! What a shell and `man` want to know of the command line, made from its grammar.

use std::io;
use std::io::Write;

use anyhow::Context as _;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::args::command_line::Cli;
use crate::cli::args::command_line::ManArgs;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::Usage;
use crate::cli::text::lines::unless_gone;

/// Prints the completions for a shell.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bcdrescue", &mut script);
    print(&script)
}

/// Prints a manual page: of the program, of one of its commands, or of a command of that.
///
/// # Errors
/// When there is no such command, or standard output cannot be written.
pub(crate) fn man(args: &ManArgs) -> anyhow::Result<u8> {
    let mut program = Cli::command();
    program.build();
    let mut command = &program;
    let mut title = "bcdrescue".to_owned();
    for name in &args.command {
        let Some(found) = command.find_subcommand(name) else {
            return Err(Usage(format!("unknown command {name}; see `bcdrescue --help`")).into());
        };
        command = found;
        title = format!("{title}-{}", found.get_name());
    }
    // clap_mangen leaves the text of such switches out.
    let shown = command.clone().mut_args(|argument| argument.hide_short_help(false));
    let page = Man::new(shown).title(title);
    let mut text = Vec::new();
    page.render(&mut text)?;
    print(&text)
}

fn print(text: &[u8]) -> anyhow::Result<u8> {
    unless_gone(io::stdout().write_all(text)).context("standard output")?;
    Ok(HEALTHY)
}
