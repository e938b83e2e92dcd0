//! What people read fits a console of 80 columns and 24 rows, of which the last is the shell's.

use crate::support::disk::Disk;
use crate::support::disk::made;
use crate::support::program::commands_of_bcd;
use crate::support::program::run;

const ROWS: usize = 23;
const COLUMNS: usize = 80;
/// Every disk of `images/`.
const IMAGES: [&str; 7] = [
    "win10-bios",
    "win11-uefi",
    "win2003-bios",
    "win2008r2-bios",
    "win2008sp2-bios",
    "win2022-uefi-4kn",
    "win7-logical",
];

/// What the program shows on a terminal of that size, a row each, without colours.
fn shown(words: &str) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_bcdrescue");
    let command = format!("unset COLUMNS; stty cols {COLUMNS} rows 24; '{program}' {words}");
    let run = run("script", &["--quiet", "--return", "--command", &command, "/dev/null"]);
    let mut text = String::new();
    let mut rest = run.stdout.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.lines().map(|row| row.trim_end_matches('\r').to_owned()).collect()
}

/// Rows of a terminal: a row that is too long takes several.
fn rows(lines: &[String]) -> usize {
    lines.iter().map(|line| line.chars().count().div_ceil(COLUMNS).max(1)).sum()
}

#[track_caller]
fn fits(words: &str, begins: &str) {
    let lines = shown(words);
    let screen = lines.join("\n");
    assert!(lines.first().is_some_and(|line| line.contains(begins)), "{words}: {begins:?} in:\n{screen}");
    assert!(rows(&lines) <= ROWS, "{words}: {} rows:\n{screen}", rows(&lines));
    assert!(lines.iter().all(|line| line.trim_end() == line), "{words}: blanks at an end:\n{screen}");
    // A command is in one piece, and a terminal breaks it where it ends.
    let long = lines.iter().find(|line| line.chars().count() > COLUMNS && !line.contains("bcdrescue fix"));
    assert_eq!(long, None, "{words}: wider than the screen:\n{screen}");
    assert!(screen.is_ascii(), "{words}: more than a rescue console shows:\n{screen}");
}

#[test]
fn every_test_disk_is_checked_on_one_screen() {
    for name in IMAGES {
        let healthy = name == "win2003-bios";
        let disk = Disk::of(name);
        fits(
            &format!("check {}", disk.name()),
            if healthy { ": healthy" } else { ": BROKEN: Windows stops" },
        );
        let disk = Disk::of(&format!("{name}-healthy"));
        fits(&format!("check {}", disk.name()), ": healthy: Windows should start");
    }
}

/// What a rebuild is for: a system volume that is lost in part or as a whole.
#[test]
fn every_lost_start_is_checked_on_one_screen() {
    for (damage, bases) in [
        ("no-store", &["win10-bios", "win2022-uefi-4kn"][..]),
        ("noise-store", &["win2008sp2-bios", "win2022-uefi-4kn"]),
        ("esp-empty", &["win2022-uefi-4kn"]),
        ("esp-foreign", &["win2022-uefi-4kn"]),
        ("esp-unformatted", &["win2022-uefi-4kn"]),
        ("system-reserved-empty", &["win7-logical", "win10-bios"]),
        ("windows-only", &["win2008sp2-bios", "win10-bios"]),
        ("no-boot-code", &["win2003-bios", "win2008sp2-bios"]),
    ] {
        for base in bases {
            let disk = made(&format!("base = '{base}'\ndamage = ['{damage}']"), "disk.qcow2");
            fits(&format!("check {}", disk.name()), ": BROKEN: Windows");
        }
    }
}

#[test]
fn every_plan_is_on_one_screen() {
    for name in IMAGES {
        let disk = Disk::of(name);
        fits(&format!("fix --dry-run {}", disk.name()), disk.name());
    }
}

#[test]
fn short_help_is_on_one_screen() {
    for (command, begins) in [
        ("", "Repairs the boot configuration"),
        ("list", "List disks"),
        ("inspect", "Show a disk"),
        ("check", "Say whether Windows would start"),
        ("fix", "Repair the disk"),
        ("record", "Save"),
        ("undo", "Undo a repair"),
        ("bcd", "Edit a store"),
    ] {
        fits(&format!("{command} -h"), begins);
    }
    for command in commands_of_bcd() {
        fits(&format!("bcd {command} -h"), "");
    }
}
