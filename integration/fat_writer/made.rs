//! What is made is read by all readers, and sound to the judges.

use bcdrescue::volume::FatFormat;
use bcdrescue::volume::Volume;
use bcdrescue::volume::format_fat;

use super::*;
use crate::support::judges::judge;
use crate::support::program::text;

#[test]
fn what_is_made_is_read_by_all_on_every_kind() {
    let large = noise(300_000, 9);
    let names: Vec<String> =
        (0..120).map(|number| format!("boot file {number} with a long name.mui")).collect();
    let contents: Vec<Vec<u8>> = (0..120).map(|number| noise(number * 17, number as u32)).collect();
    let many: Vec<NewEntry<'_>> =
        names.iter().zip(&contents).map(|(name, bytes)| file(name, bytes)).collect();
    let inside = vec![
        file("bootx64.efi", &large),
        file("BCD", &large[..65_536]),
        file("BCD.LOG1", b""),
        directory("Fonts", many[..40].to_vec()),
        directory("de-DE", vec![file("bootmgfw.efi.mui", &large[..1000])]),
        directory("EMPTY", vec![]),
    ];
    let new = [
        (r"\", vec![file("bootmgr", &large[..5000]), file("ReAgent.xml", b"x"), directory("Boot", inside)]),
        (r"\EFI\Microsoft\Boot", vec![file("bootstat.dat", &large[..65_536]), file("en-us", b"x")]),
        (r"\many", many),
        (r"\boot\fonts", vec![file("Größe 文", b"c"), file("a+b", b"d"), file(".hidden", b"e")]),
    ];
    for (len, arguments) in KINDS {
        let image = FatImage::made(len, arguments);
        let mut files = ours(&image);
        same("before", &theirs(&image), &files);
        let boot_sector = image.storage().bytes()[..512].to_vec();
        for (parent, entries) in &new {
            expect(&mut files, &parent.replace(r"\boot\fonts", r"\Boot\Fonts"), entries);
            let stages = planned(&image, &creating(parent, entries)).unwrap();
            written(&image, &format!("{arguments:?}, {parent}"), &stages, &files);
        }
        assert_eq!(image.storage().bytes()[..512], boot_sector);
    }
}

#[test]
fn contents_are_replaced_by_any_others() {
    let bytes = noise(200_000, 7);
    for (len, arguments) in KINDS {
        let image = FatImage::made(len, arguments);
        let mut files = ours(&image);
        for (path, len) in [
            (r"\EFI\Microsoft\Boot\BCD", 24_576),
            (r"\EFI\Microsoft\Boot\BCD", 200_000),
            (r"\EFI\Microsoft\Boot\BCD", 0),
            (r"\EFI\Microsoft\Boot\BCD", 20_001),
            (r"\EFI\Microsoft\Boot\BCD.LOG1", 1),
            (r"\many\file named 001", 5000),
        ] {
            files.insert(path.into(), Some(bytes[..len].to_vec()));
            let upper = path.to_uppercase();
            let stages = planned(&image, &replacing(&upper, &bytes[..len])).unwrap();
            written(&image, &format!("{arguments:?}, {path}, {len}"), &stages, &files);
        }
    }
}

#[test]
fn names_are_as_windows_writes_them() {
    let image = FatImage::made(40 << 20, &["-F16"]);
    let new = [
        file("bootx64.efi", b"x"),
        file("BCD", b"x"),
        file("Bcd2", b"x"),
        file("a long name.efi", b"x"),
        file("a long name too.efi", b"x"),
    ];
    image.put(&planned(&image, &creating(r"\EFI", &new)).unwrap().concat());
    let listed = String::from_utf8(judge("mdir", &["-i", text(&image.path()), "::/EFI"])).unwrap();
    for (short, rest) in [
        ("bootx64  efi", "2026-01-02"),
        ("BCD         ", "2026-01-02"),
        ("BCD2        ", "Bcd2"),
        ("ALONGN~1 EFI", "a long name.efi"),
        ("ALONGN~2 EFI", "a long name too.efi"),
    ] {
        let line = listed.lines().find(|line| line.starts_with(short));
        assert!(line.is_some_and(|line| line.contains(rest)), "{short}, {rest}: {listed}");
    }
    for short in ["bootx64", "BCD  "] {
        let line = listed.lines().find(|line| line.starts_with(short)).unwrap();
        assert!(line.trim_end().ends_with("0:00"), "it has a long name: {line}");
    }
    let attributes = String::from_utf8(judge("mattrib", &["-i", text(&image.path()), "::/EFI/BCD"])).unwrap();
    assert!(attributes.trim_start().starts_with('A'), "{attributes}");
}

#[test]
fn a_volume_is_made_over_whatever_is_there() {
    for (megabytes, sector_size) in [(34, 512), (100, 512), (260, 512), (257, 4096), (300, 4096)] {
        let image = FatImage::blank(megabytes << 20);
        image.put(&[Piece { at: 0, bytes: noise(20 << 20, 3) }]);
        let wanted =
            FatFormat { sector_size, hidden_sectors: 2048, serial: 0x1234_5678, label: Some("System") };
        let stages = format_fat(&image.storage(), wanted).unwrap();
        let boot: Vec<u64> = stages.last().unwrap().iter().map(|piece| piece.at).collect();
        assert_eq!(boot, [0, 6 * u64::from(sector_size)]);
        written(&image, &format!("{megabytes} MiB"), &stages, &Files::new());
        let said = String::from_utf8(judge("minfo", &["-i", text(&image.path()), "::"])).unwrap();
        for field in
            ["hidden sectors: 2048", "physical drive id: 0x80", "media byte: f8", "serial number: 12345678"]
        {
            assert!(said.contains(field), "{field}: {said}");
        }
        let disk = image.storage();
        assert_eq!(Volume::open(&disk).unwrap().label().as_deref(), Some("SYSTEM"));
        let loader = noise(2 << 20, 1);
        let new = [directory("EFI", vec![file("bootx64.efi", &loader)])];
        let mut files = Files::new();
        expect(&mut files, r"\", &new);
        let stages = planned(&image, &creating(r"\", &new)).unwrap();
        written(&image, "its first files", &stages, &files);
    }
}
