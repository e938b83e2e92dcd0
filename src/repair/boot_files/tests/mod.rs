//! Whole collections, over volumes in memory: programs that stand in for those of Windows, none of their bytes.

mod refused;
mod sources;
mod there;

use std::io::Cursor;
use std::io::Write;

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Languages;
use crate::layout::boot_file::Machine;
use crate::layout::file_version;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Certificates;
use crate::repair::boot_files::Collected;
use crate::repair::boot_files::Extent;
use crate::repair::boot_files::NoFiles;
use crate::repair::boot_files::Origin;
use crate::repair::boot_files::Overwrite;
use crate::repair::boot_files::WhyKept;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::boot_files::sample;
use crate::storage::ram::Ram;
use crate::volume::Volume;

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
