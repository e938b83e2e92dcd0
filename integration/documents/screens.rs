//! Screens in the documents are what the program prints.
//!
//! A block of `console` has commands (`$ …`, with their exit codes as a comment) and what they print; a line `…` stands for any lines.

use std::fs;

use super::markdown::Document;
use super::markdown::for_users;
use super::markdown::project;
use super::markdown::read;
use super::sandbox::Sandbox;

/// A command of a screen.
struct Shown<'a> {
    /// Its line, with `$` and comment.
    line: &'a str,
    output: Vec<&'a str>,
}

impl<'a> Shown<'a> {
    /// The commands of a block.
    fn of(lines: &[&'a str]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for line in lines {
            match line.starts_with("$ ") {
                true => all.push(Self { line, output: Vec::new() }),
                false => all.last_mut().expect("a command comes first").output.push(line),
            }
        }
        all
    }

    fn command(&self) -> &'a str {
        let line = self.line.trim_start_matches("$ ");
        line.split_once(" # ").map_or(line, |(command, _)| command).trim()
    }

    fn code(&self) -> i32 {
        let (_, code) = self.line.split_once("# exit code ").expect("its exit code");
        code.trim().parse().unwrap()
    }

    /// What it is to show of what was printed: the lines behind the last `…` are as many as they were.
    fn anew<'b>(&self, printed: &[&'b str]) -> Vec<&'b str> {
        let Some(at) = self.output.iter().rposition(|line| *line == "…") else { return printed.to_vec() };
        let kept = self.output.len() - at - 1;
        [&["…"], &printed[printed.len() - kept..]].concat()
    }
}

/// The document with its screens as they are printed now.
fn renewed(document: &Document) -> String {
    let mut text = document.text.clone();
    for block in document.blocks().iter().filter(|block| block.language == "console") {
        let mut sandbox = Sandbox::new(document);
        let mut lines: Vec<String> = Vec::new();
        for shown in Shown::of(&block.lines) {
            let run = sandbox.run(shown.command()).exits(shown.code());
            let printed = format!("{}{}", run.stdout, run.stderr);
            let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
            lines.push(shown.line.to_owned());
            lines.extend(shown.anew(&printed).into_iter().map(str::to_owned));
        }
        text = text.replace(&block.lines.join("\n"), &lines.join("\n"));
    }
    text
}

/// Also while what is shown is still to come.
#[test]
fn commands_of_screens_exit_as_they_say() {
    let all: Vec<String> = for_users().iter().map(renewed).collect();
    let commands = all.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("$ bcdrescue "));
    assert!(commands.count() > 2);
}

/// The two forms of a screen: all that is printed, or its end.
#[test]
fn a_screen_is_renewed_as_a_whole_or_behind_its_gap() {
    let printed = ["a", "b", "c"];
    for (shown, expected) in
        [(&["old"][..], &["a", "b", "c"][..]), (&["x", "…", "old"], &["…", "c"]), (&["…"], &["…"])]
    {
        assert_eq!(Shown { line: "$ x", output: shown.to_vec() }.anew(&printed), expected);
    }
}

#[test]
fn screens_are_what_the_program_prints() {
    let mut count = 0;
    for document in for_users() {
        count += document.blocks().iter().filter(|block| block.language == "console").count();
        let expected = renewed(&document);
        if std::env::var_os("BLESS").is_some() && expected != document.text {
            fs::write(project(&document.name), &expected).unwrap();
        }
        let found = read(&document.name).text;
        let other = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert!(found == expected, "{}: run with BLESS=1, and read the difference: {other:?}", document.name);
    }
    assert!(count > 0);
}
