//! Whole collections, over volumes in memory: programs that stand in for those of Windows, none of their bytes.

use std::fs;
use std::io::Cursor;
use std::io::Write;

use crate::bcd::Firmware;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::file_version;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Certificates;
use crate::repair::boot_files::Collected;
use crate::repair::boot_files::Extent;
use crate::repair::boot_files::Languages;
use crate::repair::boot_files::Limit;
use crate::repair::boot_files::NoFiles;
use crate::repair::boot_files::Origin;
use crate::repair::boot_files::Overwrite;
use crate::repair::boot_files::WhyKept;
use crate::repair::boot_files::WhyLeftOut;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::boot_files::sample;
use crate::repair::boot_files::tree;
use crate::storage::Storage;
use crate::storage::StorageMut;
use crate::storage::ram::Ram;
use crate::volume::EntryKind;
use crate::volume::NewEntry;
use crate::volume::NtfsWriter;
use crate::volume::Volume;
use crate::volume::test_tools::Image;

const ROOT: &str = r"\Windows";
const MANAGER: &str = r"\EFI\Microsoft\Boot\bootmgfw.efi";
const FALLBACK: &str = r"\EFI\Boot\bootx64.efi";
const OLD: [u16; 4] = [10, 0, 19041, 1];
const NEW: [u16; 4] = [10, 0, 26100, 1];

/// A path with slashes, and what is there; nothing for a directory.
type There = (&'static str, Option<Vec<u8>>);

/// A FAT volume with these files.
fn fat(files: &[There]) -> Ram {
    let mut bytes = vec![0; 8 << 20];
    fatfs::format_volume(Cursor::new(&mut bytes), fatfs::FormatVolumeOptions::new()).unwrap();
    let volume = fatfs::FileSystem::new(Cursor::new(&mut bytes), fatfs::FsOptions::new()).unwrap();
    for (path, contents) in files {
        let mut directory = volume.root_dir();
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
            directory = directory.create_dir(parent).unwrap();
        }
        match contents {
            Some(contents) => directory.create_file(name).unwrap().write_all(contents).unwrap(),
            None => drop(directory.create_dir(name).unwrap()),
        }
    }
    drop(volume);
    Ram::new(bytes, None)
}

fn text(name: &str) -> Option<Vec<u8>> {
    Some(format!("this stands for {name}").into_bytes())
}

/// A Windows for both kinds of firmware that speaks German.
fn windows() -> Vec<There> {
    let program = || Some(sample::program(OLD));
    vec![
        ("Windows/System32/winload.efi", program()),
        ("Windows/System32/winload.exe", program()),
        ("Windows/System32/de-DE/winload.efi.mui", text("German")),
        ("Windows/System32/fr-FR/comctl32.dll.mui", text("French, of another program")),
        ("Windows/boot/efi/BOOTMGFW.EFI", program()),
        ("Windows/boot/efi/bootmgr.efi", program()),
        ("Windows/boot/efi/boot.stl", text("boot.stl")),
        ("Windows/boot/efi/de-DE/bootmgfw.efi.mui", text("German")),
        ("Windows/boot/efi/en-US/bootmgfw.efi.mui", text("English")),
        ("Windows/boot/efi/fr-FR/bootmgfw.efi.mui", text("French")),
        ("Windows/boot/PCAT/bootmgr", Some(file_version::sample::real_mode(OLD))),
        ("Windows/boot/PCAT/bootnxt", Some(vec![0])),
        ("Windows/boot/PCAT/de-DE/bootmgr.exe.mui", text("German")),
        ("Windows/boot/Fonts/wgl4_boot.ttf", Some(vec![7; 50_000])),
        ("Windows/boot/Resources/bootres.dll", program()),
        ("Windows/boot/Resources/fr-FR/bootres.dll.mui", text("French")),
    ]
}

/// The same with other contents of one file, or one more.
fn windows_with(path: &'static str, contents: Option<Vec<u8>>) -> Vec<There> {
    let mut files = windows();
    files.retain(|(old, _)| !old.eq_ignore_ascii_case(path));
    files.push((path, contents));
    files
}

fn wish(firmware: Firmware) -> Wish<'static> {
    Wish {
        firmware,
        languages: Languages::Default,
        extent: Extent::Full,
        overwrite: Overwrite::OnlyMissingOrBroken,
        room: None,
        files_from: None,
    }
}

fn collected(windows: &[There], system: &[There], wish: &Wish<'_>) -> Result<Collected, NoFiles> {
    let (windows, system) = (fat(windows), fat(system));
    let (windows, system) = (Volume::open(&windows).unwrap(), Volume::open(&system).unwrap());
    collect(&windows, ROOT, Some(&system), wish)
}

fn paths(collected: &Collected) -> Vec<&str> {
    collected.files.iter().map(|file| file.to.as_str()).collect()
}

fn file<'c>(collected: &'c Collected, to: &str) -> &'c BootFile {
    collected
        .files
        .iter()
        .find(|file| file.to == to)
        .unwrap_or_else(|| panic!("{to}: {:?}", paths(collected)))
}

fn kept(collected: &Collected) -> Vec<(&str, WhyKept)> {
    collected.kept.iter().map(|kept| (kept.path.as_str(), kept.why)).collect()
}

#[test]
fn an_empty_system_partition_gets_what_bcdboot_copies() {
    let all = collected(&windows(), &[], &wish(Firmware::Uefi)).unwrap();
    let expected = [
        r"\EFI\Microsoft\Boot\boot.stl",
        r"\EFI\Microsoft\Boot\bootmgr.efi",
        r"\EFI\Microsoft\Boot\de-DE\bootmgfw.efi.mui",
        r"\EFI\Microsoft\Boot\en-US\bootmgfw.efi.mui",
        r"\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf",
        r"\EFI\Microsoft\Boot\Resources\bootres.dll",
        r"\EFI\Microsoft\Boot\BOOTSTAT.DAT",
        FALLBACK,
        MANAGER,
    ];
    assert_eq!(paths(&all), expected);
    assert!(all.kept.is_empty() && all.left_out.is_empty(), "{all:?}");
    assert_eq!((all.machine, all.certificates), (Machine::X64, Certificates::Unknown));
    let manager = file(&all, MANAGER);
    assert_eq!(manager.from, Origin::Windows(r"\Windows\Boot\efi\BOOTMGFW.EFI".into()));
    assert_eq!(
        (&manager.contents, &file(&all, FALLBACK).contents),
        (&sample::program(OLD), &sample::program(OLD))
    );
    let stat = file(&all, expected[6]);
    assert_eq!((&stat.from, &stat.contents), (&Origin::Made, &vec![0; 65536]));
    // By sha256sum.
    assert_eq!(stat.sha256(), "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31");
    let needed = Wish { extent: Extent::Needed, ..wish(Firmware::Uefi) };
    assert_eq!(paths(&collected(&windows(), &[], &needed).unwrap()), [FALLBACK, MANAGER]);
}

#[test]
fn an_empty_system_reserved_gets_it_too() {
    let all = collected(&windows(), &[("boot", None)], &wish(Firmware::Bios)).unwrap();
    let expected = [
        r"\BOOTNXT",
        r"\boot\de-DE\bootmgr.exe.mui",
        r"\boot\Fonts\wgl4_boot.ttf",
        r"\boot\Resources\bootres.dll",
        r"\boot\BOOTSTAT.DAT",
        r"\bootmgr",
    ];
    assert_eq!(paths(&all), expected, "the directory is spelled as it is there");
    assert_eq!(file(&all, r"\BOOTNXT").contents, [0]);
    assert_eq!(all.machine, Machine::X64);
}

#[test]
fn what_is_in_order_stays_and_what_is_not_is_replaced() {
    let newer = Some(sample::program(NEW));
    let system = [
        ("EFI/Boot/bootx64.efi", Some(sample::foreign())),
        ("EFI/Microsoft/Boot/BOOTMGFW.efi", newer.clone()),
        ("EFI/Microsoft/Boot/bootmgr.efi", Some(vec![0; 2048])),
        ("EFI/Microsoft/Boot/boot.stl", text("an older boot.stl")),
        ("EFI/Microsoft/Boot/Fonts/WGL4_boot.ttf", Some(vec![7; 50_000])),
        ("EFI/Microsoft/Boot/Resources/bootres.dll", Some(sample::program_for(0xaa64, NEW))),
        ("EFI/Microsoft/Boot/de-DE/bootmgfw.efi.mui", Some(Vec::new())),
        ("EFI/Microsoft/Boot/bootstat.dat", Some(vec![1; 65536])),
    ];
    let spelled = r"\EFI\Microsoft\Boot\BOOTMGFW.efi";
    let some = collected(&windows(), &system, &wish(Firmware::Uefi)).unwrap();
    let expected = [
        r"\EFI\Microsoft\Boot\bootmgr.efi",
        r"\EFI\Microsoft\Boot\de-DE\bootmgfw.efi.mui",
        r"\EFI\Microsoft\Boot\en-US\bootmgfw.efi.mui",
        r"\EFI\Microsoft\Boot\Resources\bootres.dll",
    ];
    assert_eq!(paths(&some), expected);
    let replaced: Vec<Option<u64>> = some.files.iter().map(|file| file.replaces).collect();
    assert_eq!(replaced, [Some(2048), Some(0), None, Some(2048)]);
    let font = r"\EFI\Microsoft\Boot\Fonts\WGL4_boot.ttf";
    let stl = r"\EFI\Microsoft\Boot\boot.stl";
    let expected = [
        (stl, WhyKept::InOrder),
        (font, WhyKept::Same),
        (FALLBACK, WhyKept::Foreign),
        (spelled, WhyKept::InOrder),
    ];
    assert_eq!(kept(&some), expected);
    let all = Wish { overwrite: Overwrite::All, ..wish(Firmware::Uefi) };
    let all = collected(&windows(), &system, &all).unwrap();
    let expected = [(font, WhyKept::Same), (FALLBACK, WhyKept::Foreign), (spelled, WhyKept::Newer)];
    assert_eq!(kept(&all), expected);
    assert_eq!(file(&all, stl).contents, text("boot.stl").unwrap());
}

#[test]
fn a_fallback_is_replaced_when_it_is_that_of_windows_or_nobodys() {
    let all = Wish { overwrite: Overwrite::All, ..wish(Firmware::Uefi) };
    let some = wish(Firmware::Uefi);
    let before = |version| Some(sample::program(version));
    for (there, wish, expected) in [
        (before([6, 3, 9600, 1]), &all, None),
        (before([6, 3, 9600, 1]), &some, Some(WhyKept::InOrder)),
        (before(NEW), &all, Some(WhyKept::Newer)),
        (before(OLD), &all, Some(WhyKept::Same)),
        (before(OLD).map(|program| program[..2000].to_vec()), &some, None),
        (Some(sample::program_for(0xaa64, NEW)), &some, None),
        (Some(Vec::new()), &some, None),
        (Some(vec![0; 5000]), &some, None),
        (Some(sample::foreign()), &all, Some(WhyKept::Foreign)),
        (text("GRUB"), &all, Some(WhyKept::Foreign)),
    ] {
        let system = [("EFI/Boot/bootx64.efi", there)];
        let found = collected(&windows(), &system, wish).unwrap();
        assert_eq!(found.kept.first().map(|kept| kept.why), expected, "{system:?}");
        assert_eq!(paths(&found).contains(&FALLBACK), expected.is_none(), "{system:?}");
    }
}

#[test]
fn certificates_of_2023_are_followed_where_the_boot_manager_has_them() {
    let signed = |version, year: &str| Some(sample::signed(&sample::program(version), year));
    let (ca_2023, pca_2011) = ("Windows UEFI CA 2023", "Microsoft Windows Production PCA 2011");
    let mut files = windows_with("Windows/boot/efi/BOOTMGFW.EFI", signed(OLD, pca_2011));
    let plain = files.clone();
    files.push(("Windows/boot/EFI_EX/bootmgfw_EX.efi", signed(OLD, ca_2023)));
    files.push(("Windows/boot/Fonts_EX/wgl4_boot_EX.ttf", Some(vec![8; 100])));
    let all = Wish { overwrite: Overwrite::All, ..wish(Firmware::Uefi) };
    let font = r"\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf";
    for (there, expected, font_len) in [
        (None, Certificates::Pca2011, 50_000),
        (signed([6, 3, 9600, 1], pca_2011), Certificates::Pca2011, 50_000),
        (signed([6, 3, 9600, 1], ca_2023), Certificates::Ca2023, 100),
    ] {
        let system: Vec<There> =
            there.into_iter().map(|there| ("EFI/Microsoft/Boot/bootmgfw.efi", Some(there))).collect();
        let found = collected(&files, &system, &all).unwrap();
        assert_eq!((found.certificates, file(&found, font).contents.len()), (expected, font_len));
        assert_eq!(file(&found, MANAGER).contents, file(&found, FALLBACK).contents);
    }
    // A Windows that has none of 2023 does not take a disk back to 2011.
    let system = [("EFI/Microsoft/Boot/bootmgfw.efi", signed([6, 3, 9600, 1], ca_2023))];
    let found = collected(&plain, &system, &all).unwrap();
    assert_eq!(kept(&found), [(MANAGER, WhyKept::Certificates)]);
}

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

#[test]
fn a_folder_that_the_user_names_stands_for_windows_boot() {
    let home = tempfile::tempdir().unwrap();
    for (path, contents) in windows() {
        let Some(inside) = path.strip_prefix("Windows/boot/") else { continue };
        let path = home.path().join(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents.unwrap()).unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", home.path().join("efi/link.efi")).unwrap();
    let mut files = windows();
    files.retain(|(path, _)| !path.contains("boot/"));
    let from = Wish { files_from: Some(home.path()), ..wish(Firmware::Uefi) };
    let found = collected(&files, &[], &from).unwrap();
    let own = collected(&windows(), &[], &wish(Firmware::Uefi)).unwrap();
    let mut all = [paths(&found), paths(&own)];
    all.iter_mut().for_each(|paths| paths.sort_unstable());
    assert_eq!(all[0], all[1]);
    assert_eq!(file(&found, MANAGER).from, Origin::Folder(home.path().join("efi/BOOTMGFW.EFI")));
    assert!(matches!(found.left_out[0].why, WhyLeftOut::NoFile), "{:?}", found.left_out);
    // Nor does a Windows for another processor take them.
    let files = windows_with("Windows/System32/winload.efi", Some(sample::program_for(0xaa64, OLD)));
    let error = collected(&files, &[], &from).unwrap_err();
    assert!(matches!(error, NoFiles::OtherMachine { .. }), "{error}");
}

/// Writes what [`tree()`] says to an NTFS volume, and reads it back.
#[test]
fn what_is_collected_can_be_written_and_is_all_there() {
    // In clusters of 64 KiB the table has some free records.
    let image = Image::ntfs(&["-c", "65536"]);
    let mut disk = image.storage();
    let windows = fat(&windows());
    let windows = Volume::open(&windows).unwrap();
    let wish = wish(Firmware::Bios);
    let files = {
        let system = Volume::open(&disk).unwrap();
        collect(&windows, ROOT, Some(&system), &wish).unwrap().files
    };
    let all: Vec<&BootFile> = files.iter().collect();
    let groups = {
        let system = Volume::open(&disk).unwrap();
        let mut is_there = |path: &str| -> Result<bool, NoFiles> {
            Ok(system.find(path)?.is_some_and(|entry| entry.kind == EntryKind::Directory))
        };
        tree(&all, &mut is_there).unwrap()
    };
    assert_eq!(groups[1].made.len(), 1);
    assert!(matches!(&groups[1].made[0].1[..], [NewEntry::File { name, .. }] if name == "bootmgr"));
    for group in &groups {
        let stages = {
            let below: &dyn Storage = &disk;
            let mut writer = NtfsWriter::new(below, 0).unwrap();
            for (directory, entries) in &group.made {
                writer = writer.create(directory, entries).unwrap();
            }
            writer.finish().unwrap()
        };
        for piece in stages.into_iter().flatten() {
            disk.write_at(piece.at, &piece.bytes).unwrap();
        }
    }
    let system = Volume::open(&disk).unwrap();
    for file in &files {
        assert_eq!(system.read(&file.to, 1 << 20).unwrap().as_ref(), Some(&file.contents), "{}", file.to);
    }
    // The second time there is nothing to do.
    let again = collect(&windows, ROOT, Some(&system), &wish).unwrap();
    assert!(again.files.is_empty());
    assert_eq!(again.kept.len(), files.len() - 1, "BOOTSTAT.DAT is there, whatever it holds");
}
