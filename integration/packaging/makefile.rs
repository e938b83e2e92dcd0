//! What `make` builds lies where cargo builds, wherever that is.

use std::process::Command;

const TARGETS: [&str; 9] =
    ["build", "install", "static", "rescue-disk", "deb", "container", "demo", "unit", "rescue-for-tests"];

/// What `make` would run for all of its targets, with cargo's folder as these variables say.
fn commands(variables: &[(&str, &str)]) -> String {
    let mut make = Command::new("make");
    make.args(["-n", "-C", env!("CARGO_MANIFEST_DIR"), "BUILDER=builder"]).args(TARGETS);
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "MAKEFLAGS"] {
        make.env_remove(name);
    }
    let output = make.envs(variables.iter().copied()).output().expect("make");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Names of what is built, below the folder.
const BUILT: [&str; 7] = [
    "/release/bcdrescue\"",
    "/release/examples/break-disk\"",
    "/static/x86_64-unknown-linux-gnu/release/bcdrescue\"",
    "/static\"",
    "/rescue\"",
    "/container\"",
    "/tmp/counted\"",
];

#[test]
fn all_that_make_builds_lies_where_cargo_builds() {
    let absolute = tempfile::tempdir().unwrap();
    let absolute = absolute.path().canonicalize().unwrap().join("a folder");
    let absolute = absolute.to_str().unwrap();
    for (variables, folder) in [
        (&[][..], "target"),
        (&[("CARGO_TARGET_DIR", "")], "target"),
        (&[("CARGO_TARGET_DIR", "below/it")], "below/it"),
        (&[("CARGO_TARGET_DIR", absolute)], absolute),
        (&[("CARGO_BUILD_TARGET_DIR", absolute)], absolute),
    ] {
        // A machine may have its own configuration of cargo.
        let is_own = variables.iter().all(|(_, value)| value.is_empty());
        let said = commands(variables);
        if is_own && !said.contains("\"target/") {
            continue;
        }
        for name in BUILT {
            assert!(said.contains(&format!("\"{folder}{name}")), "{variables:?}: no {name} in\n{said}");
        }
        if folder != "target" {
            assert!(!said.contains("\"target/") && !said.contains(" target/"), "{variables:?}:\n{said}");
        }
    }
}

/// Cargo takes an empty name for a mistake.
#[test]
fn an_empty_name_does_not_reach_cargo() {
    for (folder, said) in [("", ""), ("below", "below\n")] {
        let mut make = Command::new("make");
        make.args(["-s", "-C", env!("CARGO_MANIFEST_DIR"), "build"])
            .arg("CARGO=printenv CARGO_TARGET_DIR; :");
        let output = make.env("CARGO_TARGET_DIR", folder).env_remove("MAKEFLAGS").output().expect("make");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), said);
    }
}
