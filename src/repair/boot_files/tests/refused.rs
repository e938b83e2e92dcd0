//! What is refused, and what is left out.

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Languages;
use crate::layout::boot_file::Content;
use crate::repair::boot_files::Extent;
use crate::repair::boot_files::Limit;
use crate::repair::boot_files::NoFiles;
use crate::repair::boot_files::WhyLeftOut;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::boot_files::sample;
use crate::repair::boot_files::tests::OLD;
use crate::repair::boot_files::tests::ROOT;
use crate::repair::boot_files::tests::There;
use crate::repair::boot_files::tests::collected;
use crate::repair::boot_files::tests::fat;
use crate::repair::boot_files::tests::paths;
use crate::repair::boot_files::tests::text;
use crate::repair::boot_files::tests::windows;
use crate::repair::boot_files::tests::windows_with;
use crate::repair::boot_files::tests::wish;
use crate::storage::ram::Ram;
use crate::volume::Volume;

#[test]
fn a_source_without_a_sound_boot_manager_is_refused_by_its_name() {
    let manager = "Windows/boot/efi/BOOTMGFW.EFI";
    let name = r"\Windows\Boot\efi\BOOTMGFW.EFI: ";
    let refused = |contents, expected: &str| {
        let error = collected(&windows_with(manager, contents), &[], &wish(Firmware::Uefi)).unwrap_err();
        assert_eq!(error.to_string(), format!("{name}{expected}"));
    };
    refused(Some(vec![0; 9000]), "expected a boot manager, found zeros");
    refused(Some(Vec::new()), "expected a boot manager, found a file of 0 bytes");
    let cut = sample::program(OLD)[..1000].to_vec();
    refused(
        Some(cut),
        "expected a boot manager, found a program that is cut: it has at least 2048 bytes when whole",
    );
    let other = "expected a boot manager for x64, as the loader of the Windows is, found one for ARM64";
    refused(Some(sample::program_for(0xaa64, OLD)), other);
    refused(None, "it is no file; take it from another Windows of the same version with --files-from DIR");
    let files = windows_with("Windows/boot/PCAT/bootmgr", Some(vec![0xe9, 0xff, 0x7f]));
    let error = collected(&files, &[], &wish(Firmware::Bios)).unwrap_err();
    assert!(matches!(error, NoFiles::Unsound { found: Content::RealMode { .. }, .. }), "{error}");
    let mut files = windows();
    files.retain(|(path, _)| !path.contains("PCAT"));
    let error = collected(&files, &[], &wish(Firmware::Bios)).unwrap_err().to_string();
    assert!(error.starts_with(r"\Windows\Boot\PCAT\bootmgr is missing; "), "{error}");
}

#[test]
fn other_files_that_are_none_are_left_out_and_said() {
    let mut files = windows_with("Windows/boot/efi/bootmgr.efi", Some(vec![0; 3000]));
    files.retain(|(path, _)| !path.contains("Resources"));
    let found = collected(&files, &[], &wish(Firmware::Uefi)).unwrap();
    let left: Vec<String> = found.left_out.iter().map(|left| left.from.to_string()).collect();
    assert_eq!(left, [r"\Windows\Boot\Resources", r"\Windows\Boot\efi\bootmgr.efi"]);
    let why = [&found.left_out[0].why, &found.left_out[1].why];
    assert!(matches!(why, [WhyLeftOut::Missing, WhyLeftOut::Broken(Content::Zeros)]), "{why:?}");
    let languages = Languages::Of(vec!["FR-fr".into(), "tlh-Latn".into()]);
    let found = collected(&windows(), &[], &Wish { languages, ..wish(Firmware::Uefi) }).unwrap();
    assert_eq!(paths(&found).iter().filter(|path| path.contains("fr-FR")).count(), 2);
    assert_eq!(found.left_out[0].from.to_string(), r"\Windows\Boot\EFI\tlh-Latn");
}

#[test]
fn a_file_that_cannot_be_read_is_left_out_and_the_boot_manager_refused() {
    let damaged = |name: &[u8; 11]| {
        let mut bytes = fat(&windows()).bytes().to_vec();
        let at = bytes.windows(11).position(|part| part == name).unwrap();
        // The length in a directory entry: more than its clusters have.
        bytes[at + 28..at + 32].copy_from_slice(&0x1_0000u32.to_le_bytes());
        let (windows, system) = (Ram::new(bytes, None), fat(&[]));
        let (windows, system) = (Volume::open(&windows).unwrap(), Volume::open(&system).unwrap());
        collect(&windows, ROOT, Some(&system), &wish(Firmware::Uefi))
    };
    let found = damaged(b"BOOT    STL").unwrap();
    assert_eq!((found.left_out.len(), found.files.len()), (1, 8));
    let left = &found.left_out[0];
    assert!(matches!(left.why, WhyLeftOut::Unread(_)), "{left:?}");
    let (from, why) = (left.from.to_string(), left.why.to_string());
    assert!(from.ends_with("boot.stl") && why.starts_with("FAT chain at 0x"), "{from}: {why}");
    let error = damaged(b"BOOTMGFWEFI").unwrap_err();
    assert!(matches!(error, NoFiles::Unread { .. }), "{error}");
}

#[test]
fn a_directory_in_the_place_of_a_file_is_named() {
    let refused = |system: &[There], expected: &str| {
        let error = collected(&windows(), system, &wish(Firmware::Uefi)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let manager = [("EFI/Microsoft/Boot/Bootmgfw.efi", None)];
    refused(
        &manager,
        r"\EFI\Microsoft\Boot\Bootmgfw.efi on the system volume: expected a file, found a directory",
    );
    let directory = [("EFI/Microsoft", text("a file"))];
    refused(&directory, r"\EFI\Microsoft on the system volume: expected a directory, found a file");
}

#[test]
fn more_than_any_windows_has_is_refused() {
    const NAMES: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut files = windows();
    for parent in NAMES {
        for one in NAMES {
            for other in NAMES {
                let path = format!("Windows/boot/Fonts/{parent}/{one}{other}.ttf");
                files.push((path.leak(), text("a font")));
            }
        }
    }
    let error = collected(&files, &[], &wish(Firmware::Uefi)).unwrap_err();
    assert!(matches!(error, NoFiles::Beyond { limit: Limit::Files(512), .. }), "{error}");
    let needed = Wish { extent: Extent::Needed, ..wish(Firmware::Uefi) };
    assert_eq!(paths(&collected(&files, &[], &needed).unwrap()).len(), 2);
    let deep = windows_with("Windows/boot/efi/1/2/3/4/5/x.efi", text("a program"));
    let error = collected(&deep, &[], &wish(Firmware::Uefi)).unwrap_err();
    assert!(
        error.to_string().ends_with("directories in more than 4 others, more than any Windows has"),
        "{error}"
    );
}

#[test]
fn room_is_counted_before_anything_is_written() {
    let short = |free| Wish { room: Some(free), languages: Languages::All, ..wish(Firmware::Uefi) };
    let found = collected(&windows(), &[], &short(120_000)).unwrap();
    assert!(!paths(&found).iter().any(|path| path.contains("Fonts")));
    assert!(matches!(found.left_out[0].why, WhyLeftOut::NoRoom { len: 50_000 }));
    let error = collected(&windows(), &[], &short(50_000)).unwrap_err();
    assert!(matches!(error, NoFiles::NoRoom { free: 50_000, needed } if needed > 65_536), "{error}");
}
