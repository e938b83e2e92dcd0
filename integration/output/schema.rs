//! The JSON is what its schema says, by the judgement of a validator that shares no code with either.

use std::fs;
use std::path::Path;

use bcdrescue::diagnosis::model::code::Code;
use serde_json::Value as Json;
use serde_json::json;

use crate::support::disk::Disk;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::parts::cut;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// Validates each document of a folder by the schema beside it, and says of each on a line whether it is valid.
const VALIDATE: &str = r#"
import json, pathlib, sys
from jsonschema import Draft202012Validator as Validator
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.document")):
    schema = json.loads(path.with_suffix(".schema").read_text())
    Validator.check_schema(schema)
    errors = sorted(Validator(schema).iter_errors(json.loads(path.read_text())), key=str)
    print(path.stem, "valid" if not errors else "INVALID " + str(errors[0]).replace("\n", " ")[:600])
"#;

/// Documents with their schemas, in a folder.
struct Judged {
    folder: tempfile::TempDir,
    count: usize,
}

impl Judged {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), count: 0 }
    }

    fn add(&mut self, document: &Json, schema: &Json) {
        let name = format!("{:03}", self.count);
        self.count += 1;
        let put = |ending: &str, value: &Json| {
            fs::write(self.folder.path().join(format!("{name}.{ending}")), value.to_string()).unwrap();
        };
        put("document", document);
        put("schema", schema);
    }

    /// One word for each, in order.
    fn verdicts(&self) -> Vec<String> {
        let said = judge("/usr/bin/python3", &["-c", VALIDATE, text(self.folder.path())]);
        let said = String::from_utf8(said).unwrap();
        let verdicts: Vec<_> = said.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(verdicts.len(), self.count);
        verdicts
    }
}

fn schema(of: &[&str]) -> Json {
    let run = bcdrescue(&[&["schema"], of].concat()).exits(0);
    serde_json::from_str(&run.stdout).expect("one JSON document")
}

/// The same, which allows no field that it does not name: what is printed and not described is found so.
fn strict(mut schema: Json) -> Json {
    let close = |object: &mut Json| {
        if object["type"] == "object" {
            object["unevaluatedProperties"] = false.into();
        }
    };
    for (_, object) in schema["$defs"].as_object_mut().unwrap() {
        close(object);
    }
    close(&mut schema);
    schema
}

/// Every command on disks of all kinds, with what it printed.
fn printed() -> Vec<(&'static str, Json)> {
    let mut printed = Vec::new();
    let mut run = |command: &'static str, arguments: &[&str]| {
        let run = bcdrescue(&[&[command, "--json"], arguments].concat());
        printed.push((command, serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"))));
    };
    let (broken, healthy, uefi, old) = ("win2008r2-bios", "win10-bios-healthy", "win11-uefi", "win2003-bios");
    let images = [broken, healthy, uefi, old].map(image);
    let images: Vec<&str> = images.iter().map(|path| text(path)).collect();
    run("list", &images);
    run("list", &[]);
    run("list", &["/nowhere"]);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    let store = at("BCD");
    let raw = Disk::raw(broken);
    let volume = cut(&raw.path, 1 << 20, 100 << 20);
    fs::write(&store, ntfs_file(&volume, "/Boot/BCD")).unwrap();
    images.iter().for_each(|image| run("inspect", &[image]));
    run("inspect", &[&store]);
    run("inspect", &["/nowhere"]);
    run("check", &[images.as_slice(), &[&store, "/nowhere"]].concat());
    run("check", &[&["--require", "generalized,unique-identity"], images.as_slice()].concat());
    run("check", &["--no-such-switch"]);
    run("fix", &["--dry-run", images[0]]);
    run("fix", &["--dry-run", "--restore-identity", images[2]]);
    run("fix", &["--dry-run", images[1]]);
    run("fix", &["--dry-run", "/nowhere"]);
    run("fix", &["--dry-run", "--windows", "1", images[0]]);
    let disk = Disk::of(uefi);
    run("fix", &[disk.name()]);
    run("fix", &["--firmware-entries", "--drive-letters", "--yes", disk.name()]);
    let record = disk.record();
    run("undo", &[text(&record), "--dry-run"]);
    run("undo", &[text(&record)]);
    run("undo", &[text(&record), "--yes"]);
    run("undo", &["/nowhere"]);
    run("record", &[images[1], "-o", &at("identities.json")]);
    run("record", &[images[0], "-o", &at("identities.json")]);
    let mut run = |of: &'static str, arguments: &[&str]| {
        let run = bcdrescue(&[&["bcd"], arguments, &["--json"]].concat());
        printed.push((of, serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"))));
    };
    let edited = Disk::of(healthy);
    for target in [edited.name(), &store] {
        run("bcd-enum", &["enum", target, "all"]);
        run("bcd-enum", &["get", target, "{bootmgr}", "timeout"]);
        run("bcd-edit", &["set", target, "recoveryenabled", "No", "--dry-run"]);
        run("bcd-edit", &["set", target, "recoveryenabled", "No", "--yes"]);
        run("bcd-edit", &["set", target, "recoveryenabled", "No", "--yes"]);
        run("bcd-edit", &["set", target, "recoveryenabled", "Yes"]);
        run("bcd-edit", &["set", target, "recoveryenabled", "maybe"]);
        run("bcd-edit", &["copy", target, "{current}", "-d", "Copy", "--yes"]);
        run("bcd-edit", &["delete", target, "{memdiag}", "--force", "--yes"]);
        run("bcd-edit", &["unset", target, "{bootmgr}", "device", "--yes"]);
        run("bcd-edit", &["set", target, "{bootmgr}", "25000004", "7", "--yes"]);
        run("bcd-diff", &["diff", target, images[2]]);
        run("bcd-export", &["export", target]);
    }
    run("bcd-edit", &["set", images[0], "device", "partition=9"]);
    run("bcd-enum", &["enum", "/nowhere"]);
    run("bcd-edit", &["set", "/nowhere", "nx", "OptIn"]);
    run("bcd-diff", &["diff", images[0], "/nowhere"]);
    printed
}

#[test]
fn what_every_command_prints_is_what_its_schema_says() {
    let mut judged = Judged::new();
    let (any, export) = (strict(schema(&[])), strict(schema(&["bcd-export"])));
    let printed = printed();
    for (command, document) in &printed {
        judged.add(document, &strict(schema(&[command])));
        // An exported store is no document of targets.
        judged.add(document, if *command == "bcd-export" { &export } else { &any });
    }
    let lines = ["check", "--jsonl", "--require", "generalized"];
    let images = ["win2008r2-bios", "win11-uefi-healthy"].map(image);
    let images = images.iter().map(|path| text(path)).chain(["/nowhere"]);
    let lines = bcdrescue(&lines.into_iter().chain(images).collect::<Vec<_>>());
    assert_eq!(lines.stdout.lines().count(), 3);
    for line in lines.stdout.lines() {
        judged.add(&serde_json::from_str(line).unwrap(), &schema(&["check-line"]));
    }
    let verdicts = judged.verdicts();
    for (index, verdict) in verdicts.iter().enumerate() {
        assert_eq!(verdict, "valid", "{:?}", printed.get(index / 2));
    }
}

#[test]
fn what_was_promised_is_required() {
    let document = serde_json::from_str(&bcdrescue(&["check", "--json", text(&image("win11-uefi"))]).stdout);
    let document: Json = document.unwrap();
    let schema = schema(&["check"]);
    let mut judged = Judged::new();
    let mut changed = |change: &dyn Fn(&mut Json)| {
        let mut document = document.clone();
        change(&mut document);
        judged.add(&document, &schema);
    };
    changed(&|_| {});
    // A field that is new to a reader is no error; one that is gone is.
    changed(&|document| document["targets"][0]["new"] = 1.into());
    changed(&|document| document["version"] = 2.into());
    for field in ["target", "verdict", "findings", "error"] {
        changed(&|document| drop(document["targets"][0].as_object_mut().unwrap().remove(field)));
    }
    changed(&|document| document["targets"][0]["verdict"] = "fine".into());
    changed(&|document| document["targets"][0]["findings"][0]["severity"] = 3.into());
    changed(&|document| document["targets"] = json!({}));
    let verdicts: Vec<bool> = judged.verdicts().iter().map(|verdict| verdict == "valid").collect();
    assert_eq!(verdicts, [true, true, false, false, false, false, false, false, false, false]);
}

/// The whole schema as it was committed: a change of it is a change of the promise.
#[test]
fn the_schema_is_the_one_that_was_promised() {
    let found = format!("{:#}\n", schema(&[]));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/golden/schema.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == found, "run with BLESS=1, and read the difference");
}

/// What stands before and behind the list of codes in the documentation.
const CODES: [&str; 2] = [
    "<!-- codes, from `Code::ALL`: BLESS=1 cargo test --test integration -- the_codes_are_those_of_the_documentation -->\n",
    "<!-- end of codes -->\n",
];

/// Every code is in the documentation with its description, and the documentation has no other.
#[test]
fn the_codes_are_those_of_the_documentation() {
    let mut all = Code::ALL.to_vec();
    all.sort_by_key(|code| code.as_str());
    assert!(all.windows(2).all(|pair| pair[0].as_str() != pair[1].as_str()));
    let mut list = String::from("| code | what it stands for |\n|---|---|\n");
    for code in all {
        let text = code.description();
        assert!(text.ends_with('.') && !text.contains(['|', '\n']), "{code}: {text}");
        list += &format!("| `{code}` | {} |\n", text.trim_end_matches('.'));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(CODES[0]).expect("where the list begins");
    let (_, behind) = rest.split_once(CODES[1]).expect("where the list ends");
    let expected = [before, CODES[0], &list, CODES[1], behind].concat();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let is_same = fs::read_to_string(&path).unwrap() == expected;
    assert!(is_same, "run with BLESS=1, and read the difference");
}
