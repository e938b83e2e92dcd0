//! The reports that CI systems show, read by programs that share no code with this one.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::folder;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::run;
use crate::support::program::text;

#[test]
fn junit_is_what_xmllint_accepts() {
    let folder = folder();
    let root = folder.path();
    let report = root.join("report.xml");
    for _ in 0..2 {
        bcdrescue(&["check", "-r", text(root), "--junit", text(&report)]).exits(4 | 8);
        let count = |what: &str| {
            let counted = judge("xmllint", &["--xpath", &format!("count(//testcase{what})"), text(&report)]);
            String::from_utf8(counted).unwrap().trim().parse::<usize>().unwrap()
        };
        assert_eq!([count(""), count("/failure"), count("/error")], [7, 3, 2]);
        let totals = ["tests", "failures", "errors"].map(|name| {
            let value =
                judge("xmllint", &["--xpath", &format!("string(/testsuites/@{name})"), text(&report)]);
            String::from_utf8(value).unwrap().trim().to_owned()
        });
        assert_eq!(totals, ["7", "3", "2"]);
        let message = judge("xmllint", &["--xpath", "string(//failure[1]/@message)", text(&report)]);
        assert!(
            String::from_utf8(message).unwrap().contains("broken: Windows stops at boot with 0xc000000e: ")
        );
    }
}

/// Microsoft's object model of SARIF takes no property that its classes do not have, and misses none that they need.
const OBJECT_MODEL: &str = r#"
import attr, json, sarif_om, sys

CLASSES = {
    "runs": "Run", "tool": "Tool", "driver": "ToolComponent", "rules": "ReportingDescriptor",
    "shortDescription": "MultiformatMessageString", "artifacts": "Artifact", "location": "ArtifactLocation",
    "results": "Result", "message": "Message", "locations": "Location", "physicalLocation": "PhysicalLocation",
    "artifactLocation": "ArtifactLocation", "logicalLocations": "LogicalLocation",
    "region": "Region",
}

def made(cls, value):
    names = {field.metadata["schema_property_name"]: field.name for field in attr.fields(cls)}
    return cls(**{names[key]: part(key, inner) for key, inner in value.items()})

def part(key, value):
    if isinstance(value, list):
        return [part(key, inner) for inner in value]
    return made(getattr(sarif_om, CLASSES[key]), value) if isinstance(value, dict) else value

log = made(sarif_om.SarifLog, json.load(open(sys.argv[1])))
run = log.runs[0]
for result in run.results:
    assert run.tool.driver.rules[result.rule_index].id == result.rule_id
    where = result.locations[0].physical_location.artifact_location
    assert run.artifacts[where.index].location.uri == where.uri
    print(result.level, result.rule_id, where.uri.rsplit("/", 1)[-1], len(result.locations[0].logical_locations or []))
"#;

#[test]
fn sarif_is_what_its_object_model_takes() {
    let folder = folder();
    let report = folder.path().join("report.sarif");
    for _ in 0..2 {
        let check =
            ["check", "-r", text(folder.path()), "--sarif", text(&report), "--require", "generalized"];
        bcdrescue(&check).exits(4 | 8);
        let found = judge("/usr/bin/python3", &["-c", OBJECT_MODEL, text(&report)]);
        let found = String::from_utf8(found).unwrap();
        for line in [
            // Of {bootmgr}, {memdiag}, resume, recovery and its RAM disk; `device` of the entry has a status, `osdevice` none.
            "warning signature-changed a.qcow2 5",
            "warning signature-changed a.qcow2 2",
            "error signature-changed a.qcow2 1",
            "error disk-unknown b.QCOW2 1",
            "error not-examined c.raw 0",
            "error generalized d.qcow2 0",
            "error not-windows e.img 1",
        ] {
            assert!(found.lines().any(|one| one == line), "{line}:\n{found}");
        }
    }
    let log: Json = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["runs"][0]["artifacts"].as_array().unwrap().len(), 7);
}

#[test]
fn two_reports_want_two_files() {
    let folder = folder();
    let (disk, report) = (folder.path().join("a.qcow2"), folder.path().join("report"));
    let check = ["check", text(&disk), "--junit", text(&report), "--sarif", text(&report)];
    bcdrescue(&check).exits(16).says("name the same file");
    assert!(!report.exists());
    // By a name that does not show it, of a file that is not there yet.
    let around = folder.path().join("b/../report");
    let check = ["check", text(&disk), "--junit", text(&report), "--sarif", text(&around)];
    bcdrescue(&check).exits(8).says("the file exists and is not a report");
    assert!(fs::read_to_string(&report).unwrap().contains("<testsuites"));
}

/// Half a report may look like a whole one.
#[test]
fn a_report_that_cannot_be_written_says_so() {
    let folder = folder();
    let (disk, report) = (folder.path().join("a.qcow2"), folder.path().join("report"));
    for switch in ["--junit", "--sarif"] {
        bcdrescue(&["check", text(&disk), switch, "-"]).exits(16).says("needs a file");
        // What says that a run has begun fits into these bytes, its results do not.
        let check = ["check", "-r", text(folder.path()), switch, text(&report)];
        let limited = ["--ignore-signal=XFSZ", "prlimit", "--fsize=2000", env!("CARGO_BIN_EXE_bcdrescue")];
        run("env", &[&limited[..], &check].concat()).exits(8).says("File too large");
        let written = fs::read_to_string(&report).unwrap();
        assert!(written.contains("it did not finish: ") && written.contains("File too large"), "{written}");
        fs::remove_file(&report).unwrap();
    }
    assert!(!Path::new("-").exists());
}

#[test]
fn a_report_replaces_a_report_and_nothing_else_and_says_when_a_run_broke_off() {
    let folder = folder();
    let disk = folder.path().join("a.qcow2");
    for (switch, name) in [("--junit", "report.xml"), ("--sarif", "report.sarif")] {
        let other = folder.path().join("other");
        for of_a_user in ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<domain/>\n", "{\n  \"runs\": []\n}\n"]
        {
            fs::write(&other, of_a_user).unwrap();
            bcdrescue(&["check", text(&disk), switch, text(&other)]).exits(8).says("is not a report");
            assert_eq!(fs::read_to_string(&other).unwrap(), of_a_user);
        }
        let before = hash(&disk);
        bcdrescue(&["check", text(&disk), switch, text(&disk)])
            .exits(8)
            .says("is not a report; not overwritten");
        assert_eq!(hash(&disk), before);
        let report = folder.path().join(name);
        bcdrescue(&["check", text(&disk), switch, text(&report)]).exits(0);
        assert!(!fs::read_to_string(&report).unwrap().contains("did not finish"));
        bcdrescue(&["check", "@/nowhere", switch, text(&report)]).exits(8);
        let broken_off = fs::read_to_string(&report).unwrap();
        assert!(broken_off.contains("it did not finish: @/nowhere: No such file"), "{broken_off}");
    }
}
