//! This program's own words behind `bcd`, as far as they have to be known to tell targets and values from them.

use std::ffi::OsStr;
use std::ffi::OsString;

/// The commands.
pub(super) const COMMANDS: [&str; 25] = [
    "enum",
    "get",
    "set",
    "unset",
    "deletevalue",
    "create",
    "createstore",
    "copy",
    "delete",
    "default",
    "displayorder",
    "toolsdisplayorder",
    "bootsequence",
    "timeout",
    "ems",
    "bootems",
    "emssettings",
    "export",
    "import",
    "diff",
    "safe-mode",
    "serial-console",
    "auto-repair",
    "menu",
    "last-known-good",
];

/// Switches that have a value behind them.
pub(super) const VALUED: [&str; 15] = [
    "--allow-backing",
    "--application",
    "--baud",
    "--color",
    "--description",
    "--entry",
    "--format",
    "--key-file",
    "--output",
    "--port",
    "--read-size",
    "--record-dir",
    "--store-path",
    "--time-limit",
    "--type",
];

/// The same, by a letter.
pub(super) const VALUED_SHORT: [&str; 2] = ["-o", "-d"];

/// Whether a word is a switch.
pub(super) fn is_switch(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-") && word.len() > 1
}

/// Whether the next word belongs to this switch.
pub(super) fn takes_value(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| VALUED.contains(&word) || VALUED_SHORT.contains(&word))
}

/// The words that are neither switches nor values of switches, with their places.
pub(super) fn plain(words: &[OsString]) -> Vec<(usize, &OsString)> {
    let mut is_value = false;
    let is_plain = |(_, word): &(usize, &OsString)| {
        let was_value = std::mem::replace(&mut is_value, takes_value(word));
        !was_value && !is_switch(word)
    };
    words.iter().enumerate().filter(is_plain).collect()
}
