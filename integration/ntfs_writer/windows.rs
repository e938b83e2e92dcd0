//! Volumes that Windows formatted, with clusters of 4 KiB and of 2 MiB.

use super::*;
use crate::support::judges::judge;
use crate::support::program::text;

#[test]
fn volumes_that_windows_formatted_are_written() {
    if !can_mount() {
        return;
    }
    let bytes = noise(3_000_000, 5);
    let names: Vec<String> = (0..90).map(|number| format!("name {number} of a long list")).collect();
    let many = names.iter().map(|name| file(name, name.as_bytes())).collect::<Vec<_>>();
    let boot = directory("Boot", vec![file("BCD", &bytes[..24_576]), directory("Fonts", many.clone())]);
    let steps = [(r"\", vec![boot, file("bootmgr", &bytes)]), (r"\Boot", many)];
    for name in ["windows10-cluster-4k", "windows10-cluster-2m"] {
        let Some(image) = VolumeImage::windows(name) else { return };
        let mut files = ours(&OnFile::open(&image));
        let sound = complaints(&image);
        assert_eq!(sound, Vec::<String>::new());
        for (parent, new) in &steps {
            expect(&mut files, parent, new);
            let stages =
                creating(parent, new)(NtfsWriter::new(&OnFile::open(&image), TIME).unwrap()).unwrap();
            written(&image, &format!("{name}, {parent}"), &stages, &files);
        }
        files.insert(r"\Boot\BCD".into(), Some(bytes.clone()));
        let stages =
            replacing(r"\Boot\BCD", &bytes)(NtfsWriter::new(&OnFile::open(&image), TIME).unwrap()).unwrap();
        written(&image, &format!("{name}, longer"), &stages, &files);
        assert_eq!(said_of(&image, "/Boot/BCD", "Namespace:"), "Win32 & DOS");
    }
}

/// What ntfsinfo says of a file in a line that begins so.
fn said_of(image: &VolumeImage, path: &str, line: &str) -> String {
    let said = String::from_utf8(judge("ntfsinfo", &["-f", "-F", path, text(&image.path())])).unwrap();
    said.lines()
        .find_map(|it| it.trim().strip_prefix(line))
        .unwrap_or_else(|| panic!("{said}"))
        .trim()
        .to_owned()
}

#[test]
fn a_new_file_has_the_security_of_the_one_beside_it() {
    if !can_mount() {
        return;
    }
    let Some(image) = VolumeImage::windows("windows10-cluster-4k") else { return };
    let mut files = ours(&OnFile::open(&image));
    let new = [file("2.txt", b"two"), directory("3", vec![])];
    expect(&mut files, r"\test", &new);
    let stages = creating(r"\test", &new)(NtfsWriter::new(&OnFile::open(&image), TIME).unwrap()).unwrap();
    written(&image, "beside another", &stages, &files);
    for (new, old) in [("/test/2.txt", "/test/1.txt"), ("/test/3", "/test")] {
        assert_eq!(said_of(&image, new, "Security ID:"), said_of(&image, old, "Security ID:"));
    }
}
