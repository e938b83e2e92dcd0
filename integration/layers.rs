//! The house keeps its floors: a room uses only rooms below it, and few places write at all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
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
    ("layout", &["bytes", "guid", "error", "storage", "partition", "volume", "hive", "bcd"]),
    ("diagnosis", &["bytes", "guid", "partition", "volume", "hive", "bcd", "layout"]),
    (
        "repair",
        &["bytes", "guid", "error", "storage", "partition", "volume", "hive", "bcd", "layout", "diagnosis"],
    ),
    (
        "cli",
        &[
            "bytes",
            "guid",
            "error",
            "storage",
            "partition",
            "volume",
            "hive",
            "bcd",
            "layout",
            "diagnosis",
            "repair",
        ],
    ),
];

/// The files that may write or start a program, each with how many places it has; `build.rs` asks git when the program is built, and
/// `variables.rs` writes to the memory of the firmware, where `--firmware-entry` asks for it.
const WRITERS: [(&str, usize); 9] = [
    ("build.rs", 1),
    ("cli/output/report_file.rs", 1),
    ("repair/apply.rs", 1),
    ("repair/new_file.rs", 1),
    ("repair/nvram/variables.rs", 1),
    ("repair/record/mod.rs", 1),
    ("storage/file.rs", 1),
    ("storage/qemu_nbd/watched.rs", 1),
    ("storage/raw.rs", 1),
];

/// The groups inside rooms, lowest first: each uses only itself and those before it. What stands in the room itself is the roof.
const GROUPS: [(&str, &[&str]); 2] = [
    (
        "diagnosis",
        &["model", "resolve", "store", "disk", "ntldr", "nvram", "identity", "windows", "rebuild", "chain"],
    ),
    ("cli", &["text", "run", "output", "args", "commands"]),
];

/// The modules of `bcdrescue-make-image`, lowest first: each uses only those before it.
const MAKE_IMAGE: [&str; 35] = [
    "bases",
    "field",
    "noise",
    "disk",
    "wipe",
    "partition_file",
    "fat",
    "ntfs_record",
    "ntfs",
    "place",
    "target",
    "re_agent",
    "identity",
    "bitlocker",
    "boot_start",
    "boot_code",
    "protective",
    "esp",
    "files",
    "foreign",
    "generalized",
    "hibernated",
    "loader",
    "stores",
    "table",
    "system_reserved",
    "damage",
    "driver_keys",
    "drivers",
    "recipe",
    "grow",
    "parts",
    "qcow2",
    "output",
    "lib",
];

/// The rooms whose modules form no circle, beside those that have groups: there the modules of each group form none. What stands in
/// the own `mod.rs` of a room or a group is its roof, or its ground.
const ROWS: [&str; 7] = ["storage", "partition", "volume", "hive", "bcd", "layout", "repair"];

fn sources() -> Vec<(String, String)> {
    let found = below("src");
    assert!(found.len() > 50);
    found
}

/// Every source file below a folder of the project, with its text.
fn below(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
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
    let mut seen = BTreeSet::new();
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
    let mut seen = BTreeSet::new();
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

/// The part of a file that is not only for tests, without its comments.
fn shipped(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].ends_with("mod tests {");
    let end = lines.windows(2).position(begins).unwrap_or(lines.len());
    lines[..end].iter().copied().filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// The files that are only for tests, as their parents declare them: without their ending.
fn for_tests(sources: &[(String, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (file, text) in sources {
        let folder = file.trim_end_matches(".rs").trim_end_matches("mod");
        let lines: Vec<&str> = text.lines().collect();
        let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        let declared = declared.filter_map(|pair| pair[1].strip_suffix(';')?.rsplit_once("mod "));
        found.extend(declared.map(|(_, name)| format!("{}/{name}", folder.trim_end_matches('/'))));
    }
    found
}

/// The first name of each path that begins with `prefix`.
fn named<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        let before = &line[..at];
        let rest = &line[at + prefix.len()..];
        if !before.ends_with(|c: char| is_name(c) || c == ':') {
            found.push(rest.split(|c| !is_name(c)).next().unwrap());
        }
    }
    found
}

/// What each module of a room, or of a group (`room/group`), uses of the others; its own name stands for its `mod.rs`.
fn uses_in<'a>(room: &'a str, sources: &'a [(String, String)]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let for_tests = for_tests(sources);
    let inside = |file: &'a str| file.strip_suffix(".rs")?.strip_prefix(room)?.strip_prefix('/');
    let files = sources.iter().filter_map(|(file, text)| Some((inside(file)?, file, text)));
    let files = files.filter(|(_, file, _)| !for_tests.contains(file.trim_end_matches(".rs")));
    let files: Vec<_> = files.map(|(path, _, text)| (path, shipped(text))).collect();
    let node = |path: &'a str| if path == "mod" { room } else { path.split('/').next().unwrap() };
    let nodes: BTreeSet<&str> = files.iter().map(|(path, _)| node(path)).collect();
    let mut uses = BTreeMap::new();
    for (path, lines) in &files {
        let own = node(path);
        let used: &mut BTreeSet<&str> = uses.entry(own).or_default();
        let depth = path.split('/').filter(|part| *part != "mod").count();
        for line in lines {
            let mut seen = named(line, &format!("crate::{}::", room.replace('/', "::")));
            seen.extend(named(line, &"super::".repeat(depth)).into_iter().filter(|_| depth > 0));
            let of_roof = nodes.iter().filter(|other| !named(line, &format!("{other}::")).is_empty());
            seen.extend(of_roof.filter(|_| own == room));
            let seen = seen.into_iter().filter(|name| *name != "super");
            used.extend(seen.map(|name| if nodes.contains(name) { name } else { room }));
        }
        used.remove(own);
    }
    uses
}

#[test]
fn modules_of_a_room_form_no_circle() {
    let sources = sources();
    for room in ROWS {
        let uses = uses_in(room, &sources);
        assert!(uses.len() > 5, "{room}");
        assert_no_circle(room, uses);
    }
}

#[test]
fn modules_of_a_group_form_no_circle() {
    let sources = sources();
    for (room, groups) in GROUPS {
        for group in groups {
            let group = format!("{room}/{group}");
            let uses = uses_in(&group, &sources);
            assert!(uses.len() > 2, "{group}");
            assert_no_circle(&group, uses);
        }
    }
}

fn assert_no_circle<'a>(room: &'a str, mut uses: BTreeMap<&'a str, BTreeSet<&'a str>>) {
    let is_ground = uses[room].is_empty();
    let is_roof = uses.values().all(|used| !used.contains(room));
    assert!(is_ground || is_roof, "{room}: its mod.rs uses its modules, and they use it: {uses:?}");
    // Whoever uses nothing that is left can be built; what cannot stands in a circle, or upon one.
    while let Some(next) = uses.iter().find(|(_, used)| used.is_empty()).map(|(name, _)| *name) {
        uses.remove(next);
        for used in uses.values_mut() {
            used.remove(next);
        }
    }
    assert!(uses.is_empty(), "{room}: a circle among {uses:?}");
}

#[test]
fn what_the_modules_of_a_room_use_is_seen() {
    let file = |name: &str, text: &str| (format!("house/{name}.rs"), text.to_owned());
    let sources = [
        file("mod", "#[cfg(test)]\nmod tools;\npub use one::One;\nlet x = crate::house::two::f();"),
        file(
            "one",
            "use super::two::Two;\n// crate::house::three::Three\n#[cfg(test)]\nmod tests {\nuse super::three;",
        ),
        file("two/mod", "use crate::house::three::Three;\nuse super::super::guid::Guid;"),
        file("two/deep", "use super::super::Roof;\nuse super::near::Near;"),
        file("three", "use crate::houses::one::One;\nuse crate::guid::three::One;"),
        file("tools", "use crate::house::one::One;"),
    ];
    let uses = uses_in("house", &sources);
    let expected = [
        ("house", vec!["one", "two"]),
        ("one", vec!["two"]),
        ("three", vec![]),
        ("two", vec!["house", "three"]),
    ];
    assert_eq!(uses, expected.map(|(name, used)| (name, used.into_iter().collect())).into());
}

#[test]
fn what_the_modules_of_a_group_use_is_seen() {
    let file = |name: &str, text: &str| (format!("house/wing/{name}.rs"), text.to_owned());
    let sources = [
        file("mod", "pub use one::One;"),
        file("one", "use crate::house::wing::two::Two;\nuse crate::house::other::one::One;"),
        file("two", "use super::one::One;\nuse super::super::roof::Roof;"),
    ];
    let uses = uses_in("house/wing", &sources);
    let expected = [("house/wing", vec!["one"]), ("one", vec!["two"]), ("two", vec!["one"])];
    assert_eq!(uses, expected.map(|(name, used)| (name, used.into_iter().collect())).into());
}

#[test]
fn modules_of_make_image_use_only_modules_below() {
    let files = below("images/make_image");
    let files = files.iter().filter(|(file, _)| file != "main.rs");
    let mut seen = 0;
    for (file, text) in files {
        let own = MAKE_IMAGE.iter().position(|known| *known == file.trim_end_matches(".rs"));
        let own = own.unwrap_or_else(|| panic!("{file} has no place"));
        seen += 1;
        for (number, line) in code(text) {
            for named in line.split("crate::").skip(1) {
                let named = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let is_below = MAKE_IMAGE[..own].contains(&named);
                assert!(is_below, "{file}:{number}: it must not use {named}: {line}");
            }
        }
    }
    assert_eq!(seen, MAKE_IMAGE.len());
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
