//! What a user of the library compiles: nothing that only the program needs.

use std::collections::BTreeSet;

use crate::support::judges::judge;

/// Names of the crates that are linked into the library with these arguments, as cargo resolves them.
fn linked(arguments: &[&str]) -> BTreeSet<String> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let tree = ["tree", "--manifest-path", manifest, "--package", "bcdrescue", "--locked", "--offline"];
    let form = ["--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let said = judge(env!("CARGO"), &[&tree[..], &form, arguments].concat());
    let said = String::from_utf8(said).unwrap();
    said.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn without_the_feature_cli_no_crate_of_the_command_line_is_there() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, feature) = manifest.split_once("\ncli = [").unwrap();
    let (feature, _) = feature.split_once(']').unwrap();
    let of_the_feature: BTreeSet<String> =
        feature.split('"').filter_map(|word| word.strip_prefix("dep:")).map(str::to_owned).collect();
    for known in ["anyhow", "clap", "clap_complete", "clap_mangen", "indicatif", "landlock", "signal-hook"] {
        assert!(of_the_feature.contains(known), "{known}");
    }
    let (program, library) = (linked(&[]), linked(&["--no-default-features"]));
    assert!(library.contains("ntfs") && library.is_subset(&program), "{library:?}");
    assert!(of_the_feature.is_subset(&program), "{program:?}");
    let both: Vec<&String> = of_the_feature.intersection(&library).collect();
    assert!(both.is_empty(), "{both:?}");
}
