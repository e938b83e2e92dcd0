//! The power goes after each stage: what was there is there, and of what is new nothing, or the whole.

use std::fs;

use super::*;

/// Checks that all that was there is there, and of what is new nothing, or the whole; and that fsck.fat finds clusters that
/// are lost, and nothing else.
#[track_caller]
fn sound(image: &FatImage, what: &str, before: &Files, after: &Files) {
    for (reader, found) in [("we", ours(image)), ("mtools", theirs(image))] {
        for (path, bytes) in before {
            let is_kept = found.get(path).is_some_and(|now| now == bytes || Some(now) == after.get(path));
            assert!(is_kept, "{what}, {reader}: {path}");
        }
        for (path, bytes) in found.iter().filter(|(path, _)| !before.contains_key(*path)) {
            assert!(after.get(path) == Some(bytes), "{what}, {reader}: {path}");
        }
    }
    let known =
        ["Reclaimed ", "Leaving filesystem unchanged", "Free cluster summary wrong", "  Auto-correcting"];
    let other: Vec<String> = complaints(image)
        .into_iter()
        .filter(|line| !line.is_empty() && !known.iter().any(|known| line.starts_with(known)))
        .collect();
    assert_eq!(other, Vec::<String>::new(), "{what}");
}

#[test]
fn power_is_cut_after_each_stage() {
    let bytes = noise(150_000, 11);
    let names: Vec<String> = (0..70).map(|number| format!("name {number} of a long list")).collect();
    let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, name.as_bytes())).collect();
    let fonts = directory("Fonts", many.clone());
    let tree = [directory("Boot", vec![file("BCD", &bytes), fonts]), file("bootmgr", &bytes)];
    let steps: [(&str, Step<'_>); 5] = [
        ("a tree", creating(r"\", &tree)),
        ("a directory that grows", creating(r"\many", &many)),
        ("one with room", creating(r"\many", &many[..1])),
        ("longer contents", replacing(r"\EFI\Microsoft\Boot\BCD", &bytes)),
        ("shorter contents", replacing(r"\EFI\Microsoft\Boot\BCD", &bytes[..100])),
    ];
    let mut cuts = 0;
    for (len, arguments) in [KINDS[0], KINDS[2], KINDS[3]] {
        let image = FatImage::made(len, arguments);
        let before = ours(&image);
        let whole = fs::read(image.path()).unwrap();
        for (what, step) in &steps {
            let stages = planned(&image, step).unwrap();
            image.put(&stages.concat());
            let after = ours(&image);
            for count in 0..=stages.len() {
                fs::write(image.path(), &whole).unwrap();
                image.put(&stages[..count].concat());
                sound(&image, &format!("{arguments:?}, {what}, {count} stages"), &before, &after);
                cuts += 1;
            }
            fs::write(image.path(), &whole).unwrap();
        }
    }
    println!("{cuts} cuts");
}
