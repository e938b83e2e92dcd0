//! Links between documents lead to files and headings that are there.

use std::path::Path;

use super::markdown::Document;
use super::markdown::all;
use super::markdown::for_users;
use super::markdown::project;
use super::markdown::read;

/// What stands behind `](`, but for what is on the net.
fn links(document: &Document) -> Vec<String> {
    let text = document.prose().join("\n");
    let links =
        text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned());
    links.filter(|link| !link.contains("://")).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for document in all() {
        let folder = Path::new(&document.name).parent().unwrap().to_owned();
        for link in links(&document) {
            let (path, anchor) =
                link.split_once('#').map_or((&*link, None), |(path, anchor)| (path, Some(anchor)));
            let path =
                if path.is_empty() { project(&document.name) } else { project("").join(&folder).join(path) };
            assert!(path.exists(), "{}: {link} is not there", document.name);
            if let Some(anchor) = anchor {
                let target = read(path.to_str().unwrap());
                assert!(target.anchors().iter().any(|it| it == anchor), "{}: {link}", document.name);
            }
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn the_readme_is_short_and_leads_to_every_document() {
    let readme = read("README.md");
    assert!(readme.text.lines().count() <= 200);
    let links = links(&readme);
    for document in for_users() {
        assert!(
            document.name == "README.md"
                || links.iter().any(|link| link.split('#').next() == Some(&document.name)),
            "README.md does not name {}",
            document.name
        );
    }
}
