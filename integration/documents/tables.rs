//! Tables in the documents have what the program has: no more, no less.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;

use bcdrescue::cli::text::exit;

use super::markdown::project;
use super::markdown::read;
use super::switches::commands;
use crate::support::program::bcdrescue;

fn set(names: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    names.into_iter().map(Into::into).collect()
}

#[test]
fn exit_codes() {
    let rows = read("README.md").table("| code | meaning |");
    let codes: Vec<u8> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(codes, [exit::HEALTHY, exit::FIXED, exit::LEFT, exit::FAILED, exit::USAGE]);
}

#[test]
fn commands_of_the_program() {
    let named = read("docs/commands.md").names("| command | what it does |");
    let named = named.iter().map(|name| name.split(' ').next().unwrap());
    assert_eq!(set(named), set(commands()));
}

#[test]
fn requirements() {
    let help = bcdrescue(&["check", "--help"]).exits(0).stdout;
    let (_, values) = help.split_once("--require <").unwrap();
    let values = values.lines().skip_while(|line| !line.trim().starts_with("- ")).map(str::trim);
    let values = values.map_while(|line| (!line.is_empty()).then(|| line.strip_prefix("- "))).flatten();
    let values = values.map(|line| line.split(':').next().unwrap());
    assert_eq!(set(read("docs/pipelines.md").names("| requirement | met when |")), set(values));
}

/// All files below a folder of the sources, as one text.
fn sources(folder: &str) -> String {
    let files = walkdir::WalkDir::new(project(folder)).into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The sources have a status as text in quotes, alone or as `0x… or 0x…`.
#[test]
fn statuses() {
    let code = sources("src/diagnosis");
    let quoted = code.split('"').filter(|text| text.starts_with("0xc") && text.len() < 60);
    let statuses: BTreeSet<String> = quoted
        .flat_map(|text| text.split(' ').filter(|word| word.starts_with("0xc0")))
        .map(str::to_owned)
        .collect();
    assert_eq!(set(read("docs/diagnosis.md").names("| status | what stops |")), statuses);
}

#[test]
fn hops() {
    let code = fs::read_to_string(project("src/diagnosis/model/hop.rs")).unwrap();
    let names = code.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split('"').nth(1));
    assert_eq!(set(read("docs/diagnosis.md").names("| hop | what is looked at |")), set(names));
}

/// What the rescue disk is made from, as one text.
fn rescue_disk() -> String {
    let files = walkdir::WalkDir::new(project("integration/rescue/root")).into_iter();
    let files = files.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().is_file());
    files.map(|file| fs::read_to_string(file.path()).unwrap()).collect()
}

#[test]
fn kernel_parameters_of_the_rescue_disk() {
    let text = rescue_disk();
    let letters = |rest: &str| rest.chars().take_while(char::is_ascii_lowercase).collect::<String>();
    let known = text.split("bcdrescue.").skip(1).map(letters);
    let known = known.filter(|name| !name.is_empty()).map(|name| format!("bcdrescue.{name}="));
    assert_eq!(set(read("docs/rescue-disk.md").names("| parameter | |")), set(known));
}

/// The menu that the documentation shows is the one of the rescue disk, and fits a console.
#[test]
fn the_menu_of_the_rescue_disk() {
    let (text, document) = (rescue_disk(), read("docs/rescue-disk.md"));
    let blocks = document.blocks();
    let mut lines = blocks.iter().flat_map(|block| block.lines.clone());
    let menu = lines.find(|line| line.starts_with("  c check")).expect("the menu");
    assert!(text.contains(menu), "the menu is not {menu:?}");
    assert!(menu.len() <= 80, "{menu:?}");
}

fn schema() -> Json {
    serde_json::from_str(&bcdrescue(&["schema"]).exits(0).stdout).unwrap()
}

/// The words that one kind of value of the JSON can be.
fn words(schema: &Json, kind: &str) -> BTreeSet<String> {
    let kind = &schema["$defs"][kind];
    let one_of = kind["oneOf"].as_array().into_iter().flatten();
    let words: BTreeSet<String> = one_of
        .flat_map(|it| match &it["enum"] {
            Json::Array(words) => words.clone(),
            _ => vec![it["const"].clone()],
        })
        .chain(kind["enum"].as_array().cloned().unwrap_or_default())
        .map(|word| word.as_str().unwrap().to_owned())
        .collect();
    assert!(!words.is_empty(), "{kind}");
    words
}

#[test]
fn verdicts_severities_and_actions() {
    let schema = schema();
    let diagnosis = read("docs/diagnosis.md");
    assert_eq!(set(diagnosis.names("| verdict | |")), words(&schema, "Verdict"));
    assert_eq!(set(diagnosis.names("| severity of a finding | |")), words(&schema, "Severity"));
    assert_eq!(set(read("docs/json.md").names("| `action` | |")), words(&schema, "Action"));
}

/// Names of fields anywhere in the schema.
fn fields(schema: &Json, into: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        into.extend(properties.keys().cloned());
    }
    let values: Vec<&Json> = match schema {
        Json::Object(object) => object.values().collect(),
        Json::Array(array) => array.iter().collect(),
        _ => Vec::new(),
    };
    values.into_iter().for_each(|value| fields(value, into));
}

#[test]
fn every_field_of_the_json_is_named() {
    let mut all = BTreeSet::new();
    fields(&schema(), &mut all);
    let spans = set(read("docs/json.md").spans());
    let missing: Vec<&String> =
        all.iter().filter(|name| !spans.contains(*name) && *name != "version").collect();
    assert!(all.len() > 60 && missing.is_empty(), "{missing:?}");
}
