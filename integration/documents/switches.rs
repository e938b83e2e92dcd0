//! The switches of the commands, by their help, and the table of them in the documents.

use std::collections::BTreeMap;
use std::fs;

use super::markdown::for_users;
use super::markdown::project;
use super::markdown::read;
use crate::support::program::bcdrescue;
use crate::support::program::commands_of_bcd;

/// The commands, in the order of the help.
pub(super) fn commands() -> Vec<String> {
    let help = bcdrescue(&["--help"]).exits(0).stdout;
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<String> = names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert!(names.len() > 6, "{names:?}");
    names.into_iter().filter(|name| name != "help").collect()
}

/// What the help of a command says of one of its switches.
pub(super) struct Switch {
    /// Such as `-n, --dry-run` or `--with <DISK>`.
    pub form: String,
    /// Its description, in one line.
    pub text: String,
}

impl Switch {
    /// `--with`.
    pub(super) fn name(&self) -> &str {
        self.form.split([' ', ',', '[']).find(|word| word.starts_with("--")).unwrap()
    }

    pub(super) fn takes_value(&self) -> bool {
        self.form.contains('<')
    }
}

/// The commands, and those of `bcd` (`bcd set`).
pub(super) fn all_commands() -> Vec<String> {
    let of_bcd = commands_of_bcd().into_iter().map(|name| format!("bcd {name}"));
    commands().into_iter().filter(|name| name != "bcd").chain(of_bcd).collect()
}

/// The switches of a command, but for `--help`.
pub(super) fn switches(command: &str) -> Vec<Switch> {
    let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
    let help = bcdrescue(&words).exits(0).stdout;
    let mut switches: Vec<Switch> = Vec::new();
    let mut is_open = false;
    for line in help.lines() {
        let is_head = line.starts_with("      --") || (line.starts_with("  -") && !line.starts_with("  - "));
        if is_head {
            // A short help has the text behind the form.
            let (form, text) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
            switches.push(Switch { form: form.to_owned(), text: text.trim().to_owned() });
            is_open = true;
        } else if line.starts_with("          ") && is_open && !line.trim().starts_with("Possible values") {
            let text = &mut switches.last_mut().unwrap().text;
            *text = format!("{text} {}", line.trim()).trim().to_owned();
        } else if !line.is_empty() || switches.last().is_some_and(|it| !it.text.is_empty()) {
            is_open = false;
        }
    }
    assert!(switches.iter().all(|switch| !switch.text.is_empty()));
    switches.retain(|switch| !["--help", "--version"].contains(&switch.name()));
    switches
}

const BEGIN: &str =
    "<!-- switches, from the commands' help: BLESS=1 cargo test --test integration -- documents:: -->\n";
const END: &str = "<!-- end of switches -->\n";

/// A row for each switch, with the commands that have it; where they speak differently of it, a row for each.
fn table() -> String {
    let mut rows: Vec<(Switch, Vec<String>)> = Vec::new();
    for command in all_commands() {
        for switch in switches(&command) {
            match rows.iter_mut().find(|(row, _)| (&row.form, &row.text) == (&switch.form, &switch.text)) {
                Some((_, commands)) => commands.push(command.clone()),
                None => rows.push((switch, vec![command.clone()])),
            }
        }
    }
    rows.sort_by_cached_key(|(switch, _)| switch.name().to_owned());
    let escape = |text: &str| text.replace('|', "\\|");
    let row = |(switch, commands): &(Switch, Vec<String>)| {
        let commands = told(commands);
        format!("| `{}` | {commands} | {} |\n", escape(&switch.form), escape(&switch.text))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("| switch | of | what it does |\n|---|---|---|\n{rows}")
}

/// The commands in few words: those of `bcd` by its name, where more than three have a switch.
fn told(commands: &[String]) -> String {
    let (of_bcd, mut names): (Vec<&str>, Vec<&str>) =
        commands.iter().map(String::as_str).partition(|name| name.starts_with("bcd "));
    match of_bcd.len() {
        0..=3 => names.extend(of_bcd),
        _ => names.push("bcd"),
    }
    match names.len() {
        8.. => "all".to_owned(),
        _ => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn the_switches_are_those_of_the_help() {
    let document = read("docs/commands.md");
    let (before, rest) = document.text.split_once(BEGIN).expect("where the table begins");
    let (_, behind) = rest.split_once(END).expect("where it ends");
    let expected = [before, BEGIN, &table(), END, behind].concat();
    if std::env::var_os("BLESS").is_some() {
        fs::write(project(&document.name), &expected).unwrap();
    }
    assert!(read(&document.name).text == expected, "run with BLESS=1, and read the difference");
}

/// A switch that a document names is one of the program's, but for those of other programs.
#[test]
fn no_document_names_a_switch_that_is_not_there() {
    let others = ["--disk-id", "--open", "--disk-format", "--allow-…"];
    let all: BTreeMap<String, ()> = all_commands()
        .iter()
        .flat_map(|command| switches(command))
        .map(|switch| (switch.name().to_owned(), ()))
        .collect();
    let own = ["--help", "--version", "--list"];
    for document in for_users() {
        for span in document.spans() {
            let words =
                span.split([' ', '=', ',', '[']).filter(|word| word.starts_with("--") && word.len() > 2);
            for word in words {
                let is_known = all.contains_key(word) || own.contains(&word) || others.contains(&word);
                assert!(is_known, "{}: {word} in `{span}`", document.name);
            }
        }
    }
}
