//! Whether a command line is one that the program takes, without letting it near a disk.

use std::process::Command;
use std::process::Stdio;

use super::switches::switches;
use crate::support::program::commands_of_bcd;

/// What documents write where a user puts something of his own.
const PLACEHOLDERS: [(&str, &str); 8] = [
    ("N", "1"),
    ("OTHER:N", "OTHER:1"),
    ("I/N", "1/2"),
    ("{ID}", "{default}"),
    ("{GUID}", "{ca73fe21-fc0c-11de-8f38-8e2c5384be89}"),
    ("SECONDS", "60"),
    ("SHELL", "bash"),
    ("COMMAND", "check"),
];

/// Asserts that the program takes these words, the first of which is a command: in a folder where none of the files is that they name, it
/// gets no further than to look for them.
#[track_caller]
pub(super) fn assert_taken(words: &[String], place: &str) {
    let mut words: Vec<String> = words.iter().map(|word| filled(word)).collect();
    assert!(words.iter().all(|word| !word.contains("/dev/")), "no disk of this machine: {words:?}");
    let command = match words.as_slice() {
        [bcd, name, ..] if bcd == "bcd" && commands_of_bcd().contains(name) => format!("bcd {name}"),
        _ => words[0].clone(),
    };
    let switches = switches(&command);
    let valued = |word: &String| switches.iter().find(|it| it.takes_value() && names(&it.form, word));
    let takes_value = |word: &String| valued(word).is_some();
    if let Some(switch) = words.last().and_then(valued) {
        // Only the switch was meant.
        words.push(some_value(&switch.text).to_owned());
    }
    let mut is_value = false;
    let positional = words[1..].iter().filter(|word| {
        let was_value = std::mem::replace(&mut is_value, takes_value(word));
        !was_value && !word.starts_with('-')
    });
    // Without a target it would look at the disks of this machine.
    if positional.count() == 0 && ["list", "inspect", "check", "fix", "record", "undo"].contains(&&*words[0])
    {
        words.push("DISK".to_owned());
    }
    if words[0] == "record" && !words.iter().any(|word| word == "-o") {
        words.extend(["-o", "FILE"].map(str::to_owned));
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bcdrescue"))
        .args(&words)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(code == 0 || code == 8, "{place}: {words:?} exits with {code}: {said}");
}

/// The first of the values that the help of a switch lists; a number, where it lists none.
fn some_value(help: &str) -> &str {
    let listed = help.split_once("[possible values: ").and_then(|(_, list)| list.split([',', ']']).next());
    listed.unwrap_or("1")
}

fn filled(word: &str) -> String {
    let known = PLACEHOLDERS.iter().find(|(name, _)| *name == word);
    known.map_or(word, |(_, value)| value).replace("/dev/vd", "vd")
}

/// Whether a form such as `-o, --output <FILE>` has this switch.
fn names(form: &str, word: &str) -> bool {
    form.split([' ', ',']).any(|it| it == word)
}
