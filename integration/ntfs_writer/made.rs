//! What is made is read by all readers, and sound to the judges.

use super::*;

#[test]
fn what_is_made_is_read_by_all_whatever_the_geometry() {
    if !can_mount() {
        return;
    }
    for geometry in GEOMETRIES {
        let image = VolumeImage::made(geometry);
        let mut files = ours(&OnFile::open(&image));
        assert!(complaints(&image).is_empty());
        let large = noise(300_000, 9);
        let names: Vec<String> =
            (0..120).map(|number| format!("boot file {number} with a long name.mui")).collect();
        let contents: Vec<Vec<u8>> = (0..120).map(|number| noise(number * 17, number as u32)).collect();
        let many = names.iter().zip(&contents).map(|(name, bytes)| file(name, bytes));
        let inside = vec![
            file("BCD", &large),
            directory("Fonts", many.take(40).collect()),
            directory("empty", vec![]),
        ];
        let new = [
            (
                r"\",
                vec![
                    file("bootmgr", &large[..5000]),
                    file("tiny", b"x"),
                    file("none", b""),
                    directory("EFI", inside),
                ],
            ),
            (r"\Boot", vec![file("bootstat.dat", &large[..65536])]),
            (r"\many", vec![file("b", b"b"), file("Größe", b"c")]),
        ];
        for (parent, entries) in &new {
            expect(&mut files, parent, entries);
            let disk = OnFile::open(&image);
            let stages = creating(parent, entries)(NtfsWriter::new(&disk, TIME).unwrap()).unwrap();
            written(&image, &format!("{geometry:?}, {parent}"), &stages, &files);
        }
    }
}

#[test]
fn contents_are_replaced_in_the_record_in_their_clusters_and_in_new_ones() {
    if !can_mount() {
        return;
    }
    let bytes = noise(200_000, 7);
    for geometry in SOME {
        let image = VolumeImage::made(geometry);
        let mut files = ours(&OnFile::open(&image));
        for (path, len) in [
            (r"\boot.ini", 15),
            (r"\boot.ini", 3),
            (r"\boot.ini", 200),
            (r"\boot.ini", 30_000),
            (r"\Boot\BCD", 24_576),
            (r"\Boot\BCD", 20_001),
            (r"\Boot\BCD", 24_000),
            (r"\Boot\BCD", 200_000),
            (r"\Boot\BCD", 0),
            (r"\Boot\BCD", 131_072),
        ] {
            files.insert(path.into(), Some(bytes[..len].to_vec()));
            let disk = OnFile::open(&image);
            let stages = replacing(path, &bytes[..len])(NtfsWriter::new(&disk, TIME).unwrap()).unwrap();
            written(&image, &format!("{geometry:?}, {path}, {len}"), &stages, &files);
        }
    }
}

#[test]
fn a_full_leaf_makes_the_index_anew_and_its_old_clusters_free() {
    if !can_mount() {
        return;
    }
    for geometry in SOME {
        let image = VolumeImage::made(geometry);
        let mut files = ours(&OnFile::open(&image));
        let names: Vec<String> =
            (0..150).map(|number| format!("file named {number:03}, and not as before")).collect();
        let new: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, name.as_bytes())).collect();
        for (parent, new) in
            [(r"\many", &new[..]), (r"\Boot", &new[..60]), (r"\", &new[..50]), (r"\Boot\de-DE", &new[50..53])]
        {
            expect(&mut files, parent, new);
            let disk = OnFile::open(&image);
            let stages = creating(parent, new)(NtfsWriter::new(&disk, TIME).unwrap()).unwrap();
            written(&image, &format!("{geometry:?}, {parent}"), &stages, &files);
        }
    }
}

#[test]
fn steps_of_one_writer_are_written_as_one() {
    if !can_mount() {
        return;
    }
    let image = VolumeImage::made(&["-c", "4096"]);
    let mut files = ours(&OnFile::open(&image));
    let bytes = noise(70_000, 4);
    let tree = [directory("EFI", vec![file("one", &bytes)])];
    let inside = [file("two", &bytes[..40]), directory("Boot", vec![])];
    expect(&mut files, r"\", &tree);
    expect(&mut files, r"\EFI", &inside);
    files.insert(r"\EFI\one".into(), Some(bytes[..69_000].to_vec()));
    files.insert(r"\Boot\BCD".into(), Some(bytes.clone()));
    let disk = OnFile::open(&image);
    let writer =
        NtfsWriter::new(&disk, TIME).unwrap().create(r"\", &tree).unwrap().create(r"\efi", &inside).unwrap();
    let writer =
        writer.replace(r"\EFI\one", &bytes[..69_000]).unwrap().replace(r"\boot\bcd", &bytes).unwrap();
    let stages = writer.finish().unwrap();
    assert_eq!(stages.len(), 5, "contents, marks, records, names, what is free");
    written(&image, "five steps", &stages, &files);
}
