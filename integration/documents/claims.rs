//! What the documents say of the tests is so: what is named is there.

use std::fs;
use std::path::Path;

/// The text of a file of the tests.
fn text(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("integration").join(path)).ok()
}

/// Whether `shelf::module` or `shelf::module::test` is there.
fn is_there(named: &str) -> bool {
    let parts: Vec<&str> = named.split("::").collect();
    let [shelf, module, rest @ ..] = parts.as_slice() else { return false };
    let Some(code) = text(&format!("{shelf}/{module}.rs")) else { return false };
    rest.iter().all(|test| code.contains(&format!("#[test]\nfn {test}()")))
}

#[test]
fn every_claim_names_where_it_is_proved() {
    let document = text("README.md").unwrap();
    let (_, claims) = document.split_once("| proved in |\n").unwrap();
    let claims: Vec<&str> = claims.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    assert!(claims.len() > 9);
    for claim in claims {
        let column = claim.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let named: Vec<&str> = column.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "nothing proves it: {claim}");
        for name in named {
            assert!(is_there(name), "{name} is not there: {claim}");
        }
    }
}

/// The list of shelves has each, and no other.
#[test]
fn every_shelf_is_in_the_list() {
    let document = text("README.md").unwrap();
    let (_, shelves) = document.split_once("## Shelves\n").unwrap();
    let shelves = shelves.lines().skip(3).take_while(|line| line.starts_with('|'));
    let shelves = shelves.map(|line| line.split(" | ").next().unwrap());
    let mut told: Vec<&str> = shelves.flat_map(|names| names.split('`').skip(1).step_by(2)).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            match entry.path().is_dir() {
                true => Some(format!("{name}/")),
                false => (name.ends_with(".rs") && name != "main.rs").then_some(name),
            }
        })
        .collect();
    told.sort_unstable();
    all.sort_unstable();
    assert_eq!(told, all);
}
