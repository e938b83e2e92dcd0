//! The power goes between any two writes, and what was not on stable storage is kept, lost or reordered.

use std::fs;

use super::*;
use crate::ntfs_writer::readers::cluster_size;
use crate::support::judges::judge;
use crate::support::program::text;

/// Checks that all that was there is there, and of what is new nothing, or the whole.
#[track_caller]
fn sound(image: &VolumeImage, what: &str, before: &Files, after: &Files) {
    let disk = OnFile::open(image);
    let theirs = theirs(image);
    // Where a mirror holds the root's record, ntfs-3g mounts nothing between the writes of the two. Windows compares four records.
    if theirs.as_ref().is_err_and(|said| said.contains("$MFTMirr does not match $MFT (record 5)")) {
        assert!(cluster_size(&image.path()) > 4096, "{what}");
        return only_grows(what, &ours(&disk), before, after);
    }
    for (reader, found) in [("we", Ok(ours(&disk))), ("ntfs-3g", theirs)] {
        let found = found.unwrap_or_else(|said| panic!("{what}, {reader}: {said}"));
        only_grows(&format!("{what}, {reader}"), &found, before, after);
    }
    judge("ntfsfix", &["-n", text(&image.path())]);
}

#[track_caller]
fn only_grows(what: &str, found: &Files, before: &Files, after: &Files) {
    for (path, bytes) in before {
        let is_kept = found.get(path).is_some_and(|now| now == bytes || Some(now) == after.get(path));
        assert!(is_kept, "{what}: {path}");
    }
    for (path, bytes) in found.iter().filter(|(path, _)| !before.contains_key(*path)) {
        assert!(after.get(path) == Some(bytes), "{what}: {path}");
    }
}

/// Every state that a cut leaves: all stages before, and of one any first pieces, or any single one, or one torn behind its
/// first sector. A record or block that is torn is unreadable, so what others are found by is not torn here: an undo mends it.
fn states(stages: &[Vec<Piece>], names: usize) -> Vec<Vec<Piece>> {
    let mut states = Vec::new();
    let mut before: Vec<Piece> = Vec::new();
    for (stage, pieces) in stages.iter().enumerate() {
        let mut with = |pieces: &[Piece]| states.push([&before[..], pieces].concat());
        for (at, piece) in pieces.iter().enumerate() {
            with(&pieces[..=at]);
            if at > 0 {
                with(std::slice::from_ref(piece));
            }
            if stage != names && piece.bytes.len() > 512 {
                with(&[Piece { at: piece.at, bytes: piece.bytes[..512].to_vec() }]);
            }
        }
        before.extend_from_slice(pieces);
    }
    states
}

#[test]
fn power_is_cut_between_any_two_writes() {
    if !can_mount() {
        return;
    }
    let bytes = noise(150_000, 11);
    let names: Vec<String> = (0..70).map(|number| format!("name {number} of a long list")).collect();
    let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, name.as_bytes())).collect();
    let fonts = directory("Fonts", many.clone());
    let tree = [directory("EFI", vec![file("BCD", &bytes), fonts]), file("bootmgr", &bytes)];
    let steps: [(&str, Step<'_>); 8] = [
        ("a tree", creating(r"\", &tree)),
        ("a full leaf", creating(r"\many", &many)),
        ("a full root", creating(r"\", &many)),
        ("a record that overflows", creating(r"\Boot", &many[..20])),
        ("a leaf", creating(r"\many", &many[..1])),
        ("longer contents", replacing(r"\Boot\BCD", &bytes)),
        ("contents that fit into the clusters", renewing(r"\Boot\BCD", &bytes[..9000])),
        ("contents of the record", replacing(r"\boot.ini", &bytes[..100])),
    ];
    let mut cuts = 0;
    for geometry in SOME {
        let image = VolumeImage::made(geometry);
        let before = ours(&OnFile::open(&image));
        let whole = fs::read(image.path()).unwrap();
        for (what, step) in &steps {
            let stages = step(NtfsWriter::new(&OnFile::open(&image), TIME).unwrap()).unwrap();
            let disk = OnFile::open(&image);
            let mut names = None;
            for (at, stage) in stages.iter().enumerate() {
                disk.put(stage);
                let is_seen = names.is_none() && ours(&disk) != before;
                names = if is_seen { Some(at) } else { names };
            }
            let after = ours(&disk);
            for state in states(&stages, names.unwrap()) {
                fs::write(image.path(), &whole).unwrap();
                OnFile::open(&image).put(&state);
                sound(&image, &format!("{geometry:?}, {what}, {} writes", state.len()), &before, &after);
                cuts += 1;
            }
            fs::write(image.path(), &whole).unwrap();
        }
    }
    println!("{cuts} cuts");
}
