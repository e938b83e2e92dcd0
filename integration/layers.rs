//! The house keeps its floors: a room uses only rooms below it, and few places write at all.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

const BYTES: &[&str] = &["bytes", "guid"];

/// Each room with the rooms below it, as the picture in `src/lib.rs` has them.
const ROOMS: [(&str, &[&str]); 12] = [
    ("bytes", &[]),
    ("guid", &["bytes"]),
    ("error", &[]),
    ("storage", &["bytes", "guid", "error"]),
    ("partition", &["bytes", "guid", "error", "storage"]),
    ("volume", &["bytes", "guid", "error", "storage"]),
    ("hive", BYTES),
    ("bcd", &["bytes", "guid", "hive"]),
    ("layout", &["bytes", "guid", "storage", "partition", "volume", "hive", "bcd"]),
    ("diagnosis", &["bytes", "guid", "partition", "volume", "hive", "bcd", "layout"]),
    ("repair", &["bytes", "guid", "storage", "partition", "volume", "hive", "bcd", "layout", "diagnosis"]),
    (
        "cli",
        &["bytes", "guid", "storage", "partition", "volume", "hive", "bcd", "layout", "diagnosis", "repair"],
    ),
];

/// The files that may write or start a program, each with how many places it has; `build.rs` asks git when the program is built.
const WRITERS: [(&str, usize); 8] = [
    ("build.rs", 1),
    ("cli/output/report_file.rs", 1),
    ("repair/apply.rs", 1),
    ("repair/record/mod.rs", 1),
    ("repair/record/new_file.rs", 1),
    ("storage/file.rs", 1),
    ("storage/qemu_nbd/watched.rs", 1),
    ("storage/raw.rs", 1),
];

/// The groups inside rooms, lowest first: each uses only itself and those before it. What stands in the room itself is the roof.
const GROUPS: [(&str, &[&str]); 2] = [
    ("diagnosis", &["model", "resolve", "store", "disk", "ntldr", "nvram", "identity", "windows", "chain"]),
    ("cli", &["text", "run", "output", "args", "commands"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut waiting = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            waiting.extend(entries.collect::<Vec<PathBuf>>());
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    assert!(found.len() > 50);
    found
}

fn room(file: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let name = file.split('/').next().unwrap().trim_end_matches(".rs");
    ROOMS.iter().find(|(room, _)| *room == name)
}

/// The code without its comments, in which rooms may be named freely.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn rooms_use_only_rooms_below() {
    let mut seen = std::collections::BTreeSet::new();
    for (file, text) in sources() {
        let Some((own, below)) = room(&file) else {
            assert!(["build.rs", "lib.rs", "main.rs"].contains(&file.as_str()), "{file} belongs to no room");
            continue;
        };
        seen.insert(*own);
        for (number, line) in code(&text) {
            for named in line.split("crate::").skip(1) {
                let named = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let fine = named == *own || below.contains(&named);
                assert!(fine, "{file}:{number}: {own} must not use {named}: {line}");
            }
        }
    }
    assert_eq!(seen.len(), ROOMS.len());
}

#[test]
fn groups_use_only_groups_below() {
    let mut seen = std::collections::BTreeSet::new();
    for (file, text) in sources() {
        let parts: Vec<&str> = file.split('/').collect();
        let of_room = GROUPS.iter().find(|(room, _)| parts.first() == Some(room));
        let (Some((room, groups)), [_, group, _, ..]) = (of_room, parts.as_slice()) else { continue };
        let own = groups.iter().position(|known| known == group);
        let own = own.unwrap_or_else(|| panic!("{file}: {group} is no group of {room}"));
        seen.insert((*room, own));
        let prefix = format!("crate::{room}::");
        for (number, line) in code(&text) {
            for named in line.split(&prefix).skip(1) {
                let named = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let below = groups.iter().take(own + 1).any(|known| *known == named);
                assert!(below, "{file}:{number}: {group} must not use {named}: {line}");
            }
        }
    }
    assert_eq!(seen.len(), GROUPS.iter().map(|(_, groups)| groups.len()).sum::<usize>());
}

#[test]
fn every_use_names_one_thing() {
    for (file, text) in sources() {
        for (number, line) in code(&text).filter(|(_, line)| line.trim_start().starts_with("use crate::")) {
            let plain = !line.contains('{') && !line.contains('*') && line.ends_with(';');
            assert!(plain, "{file}:{number}: one `use` a line, no braces, no glob: {line}");
        }
    }
}

#[test]
fn anyhow_is_for_the_command_line() {
    for (file, text) in sources().iter().filter(|(file, _)| !file.starts_with("cli/")) {
        for (number, line) in code(text) {
            assert!(!line.contains("anyhow"), "{file}:{number}: errors below cli have types: {line}");
        }
    }
}

#[test]
fn few_places_write_or_start_programs() {
    let lint = "clippy::disallowed_methods";
    let sources = sources();
    let mut found = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| file != "lib.rs") {
        let places = code(text).filter(|(_, line)| line.contains(lint)).count();
        if places > 0 {
            found.push((file.as_str(), places));
            assert_eq!(text.matches("#[expect(clippy::disallowed_methods, reason").count(), places, "{file}");
        }
    }
    assert_eq!(found, WRITERS);
    // What is for tests alone is at the root of the crate, once.
    let root = &sources.iter().find(|(file, _)| file == "lib.rs").unwrap().1;
    assert_eq!(root.matches(lint).count(), 1);
    assert!(root.contains("#![cfg_attr(test, allow("));
}
