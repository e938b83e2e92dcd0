//! `list` and `inspect` as people see them: within 80 columns, in bcdedit's layout, and telling two Windows apart.

use std::fs;
use std::path::Path;

use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::judges::hivex;
use crate::support::judges::judge_with;
use crate::support::judges::ntfs_file;
use crate::support::letters::put_hive;
use crate::support::parts::cut;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::run;
use crate::support::program::text;

/// Columns of the terminal.
const WIDTH: usize = 80;

/// Runs the program on it.
fn shown(arguments: &[&str]) -> Run {
    let program = env!("CARGO_BIN_EXE_bcdrescue");
    let columns = format!("COLUMNS={WIDTH}");
    let script = [&["-c", r#"export "$1"; shift; exec "$@""#, "sh", &columns, program], arguments].concat();
    run("sh", &script).exits(0)
}

/// Every image of the repository.
fn images() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let images: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "qcow2")).collect();
    images.iter().map(|path| text(path).to_owned()).collect()
}

/// Whether a line is long only for a path that must not be cut: then there is nothing before it but a name, and nothing behind.
fn is_a_long_path(line: &str) -> bool {
    let value = line.get(24..).unwrap_or_default();
    value.contains('\\') && !value.replace(" (", "").contains(' ')
}

#[test]
fn lists_and_pictures_fit_eighty_columns() {
    let images = images();
    assert!(images.len() >= 14, "{images:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    for image in &images {
        for arguments in [&["list"][..], &["inspect"], &["inspect", "--store"]] {
            let run = shown(&[arguments, &[image]].concat());
            // The name of the folder is the user's.
            for line in run.stdout.replace(text(&folder), "images").lines() {
                let len = line.chars().count();
                assert!(len <= WIDTH || is_a_long_path(line), "{arguments:?} {image}: {len}: {line}");
                assert_eq!(line.trim_end(), line, "{arguments:?} {image}");
            }
        }
    }
}

/// A laptop of two terabytes, whose names and places are as long as they come, made by sfdisk.
#[test]
fn a_large_disk_fits_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    fs::File::create(&path).unwrap().set_len(2 << 40).unwrap();
    let script = "label: gpt
        size=100MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=\"EFI system partition\"
        size=16MiB, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE, name=\"Microsoft reserved partition\"
        size=1900GiB, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name=\"Basic data partition\"
        size=20GiB, type=E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D, name=\"Storage of all our pictures\"
        size=700MiB, type=DE94BBA4-06D1-4D40-A16A-BFD50179D6AC
        size=1GiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=\"root\"
        type=6A898CC3-1DD2-11B2-99A6-080020736631";
    judge_with("sfdisk", &["-q", text(&path)], script.as_bytes());
    let listed = shown(&["list", text(&path)]).stdout;
    let lines: Vec<&str> = listed.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            "  #          start       size  type                  fs  label       role",
            "  1       0x100000    100 MiB  EFI system            -",
            "  2      0x6500000     16 MiB  Microsoft reserved    -               reserved",
            "  3      0x7500000    1.9 TiB  Microsoft basic data  -",
            "  4  0x1db07500000     20 GiB  Storage Spaces        -   Storage of",
            "                                                         all our",
            "                                                         pictures",
            "  5  0x1e007500000    700 MiB  Windows recovery      -               recovery",
            "  6  0x1e033100000      1 GiB  Linux filesystem      -   root",
            "  7  0x1e073100000  126.2 GiB  type 6a898cc3         -",
            "",
        ]
    );
}

/// Titles with the names of the objects, as they come.
fn objects(picture: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = picture.lines().collect();
    let titles =
        lines.windows(3).filter(|lines| lines[1].starts_with("--") && lines[1].len() == lines[0].len());
    titles.map(|lines| (lines[0].to_owned(), lines[2][24..].to_owned())).collect()
}

#[test]
fn a_store_is_shown_as_bcdedit_shows_it() {
    let disk = Disk::of("win2008r2-bios-healthy");
    let run = shown(&["inspect", "--store", disk.name()]);
    let objects = objects(&run.stdout);
    let objects: Vec<(&str, &str)> =
        objects.iter().map(|(title, id)| (title.as_str(), id.as_str())).collect();
    assert_eq!(
        objects,
        [
            ("Windows Boot Manager", "{bootmgr}"),
            ("Windows Boot Loader", "{ca73fe21-fc0c-11de-8f38-8e2c5384be89}"),
            ("Windows Boot Loader", "{ca73fe24-fc0c-11de-8f38-8e2c5384be89}"),
            ("Resume from Hibernate", "{ca73fe20-fc0c-11de-8f38-8e2c5384be89}"),
            ("Windows Memory Tester", "{memdiag}"),
            ("EMS Settings", "{emssettings}"),
            ("Debugger Settings", "{dbgsettings}"),
            ("RAM Defects", "{badmemory}"),
            ("Global Settings", "{globalsettings}"),
            ("Boot Loader Settings", "{bootloadersettings}"),
            ("Hypervisor Settings", "{hypervisorsettings}"),
            ("Resume Loader Settings", "{resumeloadersettings}"),
            ("Device options", "{ca73fe25-fc0c-11de-8f38-8e2c5384be89}"),
        ]
    );
    run.says(
        r"Windows Boot Manager
--------------------
identifier              {bootmgr}
device                  partition=1 (System Reserved)
description             Windows Boot Manager
locale                  en-US
inherit                 {globalsettings}
",
    )
    .says(
        r"Global Settings
---------------
identifier              {globalsettings}
inherit                 {dbgsettings}
                        {emssettings}
                        {badmemory}

Boot Loader Settings
--------------------
",
    )
    .says(
        r"device                  ramdisk=[2]\Recovery\ca73fe24-fc0c-11de-8f38-8e2c5384be89\Winre.wim,
                        {ca73fe25-fc0c-11de-8f38-8e2c5384be89}
path ",
    );
}

#[test]
fn what_is_not_here_is_unknown_with_what_it_refers_to() {
    shown(&["inspect", Disk::of("win2008r2-bios").name()]).says(
        r"device                  unknown (disk signature 0x36234da4, offset 0x6500000)
path                    \Windows\system32\winload.exe
",
    );
    shown(&["inspect", Disk::of("win11-uefi").name()])
        .says(
            r"osdevice                unknown (disk GUID 5f3c0101-3b1d-4c01-9a2c-0242ac1b0001,
                        partition GUID 5f3c0104-3b1d-4c01-9a2c-0242ac1b0004)
systemroot ",
        )
        .says(
            r"device                  ramdisk=[unknown]\Recovery\WindowsRE\Winre.wim,
                        {5f3c4a93-3b1d-11ee-a2c4-0242ac1b0001}
                        (disk GUID 5f3c0101-3b1d-4c01-9a2c-0242ac1b0001,
                        partition GUID 5f3c0105-3b1d-4c01-9a2c-0242ac1b0005)
path ",
        );
}

/// bcdedit shows an entry by its role where a store is named; `-v` shows ids as its `/v` does.
#[test]
fn the_default_entry_is_named_so() {
    let disk = Disk::of("win10-bios");
    let run = shown(&["inspect", "--store", disk.name()]);
    run.says("default                 {default}\n").says("identifier              {default}\n");
    let run = shown(&["inspect", "--store", "-v", disk.name()]);
    let id = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
    assert!(run.stdout.contains(&format!("identifier              {id}\n")), "{run:?}");
    let names = ["{default}", "{bootmgr}", "{memdiag}", "{globalsettings}", "{bootloadersettings}"];
    assert!(!names.iter().any(|name| run.stdout.contains(name)), "{run:?}");
}

/// A store file by itself, and the same on its disk: `--store` shows the one as the other.
#[test]
fn a_store_is_shown_alone() {
    let disk = Disk::raw("win2008r2-bios");
    let volume = cut(&disk.path, 1 << 20, 100 << 20);
    let file = disk.folder.path().join("BCD");
    fs::write(&file, ntfs_file(&volume, "/Boot/BCD")).unwrap();
    let alone = shown(&["inspect", text(&file)]).stdout;
    assert_eq!(shown(&["inspect", "--store", text(&file)]).stdout, alone);
    let on_disk = shown(&["inspect", "--store", disk.name()]).stdout;
    assert!(on_disk.starts_with("\\Boot\\BCD on partition 1 (System Reserved), BIOS\n"), "{on_disk}");
    // Nothing of it is on this disk, so that both say what it refers to.
    assert!(on_disk.ends_with(&alone), "{on_disk}\n{alone}");
    let all = shown(&["inspect", disk.name()]).stdout;
    assert!(
        all.contains(&on_disk) && all.starts_with(&format!("{}: BROKEN: Windows stops at boot", disk.name())),
        "{all}"
    );
    let verbose = shown(&["inspect", "-v", disk.name()]).stdout;
    assert!(verbose.len() > all.len() && verbose.contains("STOPS"), "{verbose}");
}

fn key(name: &str, values: &[(&str, u32, Vec<u8>)], subkeys: Vec<NewKey>) -> NewKey {
    let value = |(name, data_type, data): &(&str, u32, Vec<u8>)| NewValue {
        name: (*name).into(),
        data_type: *data_type,
        data: data.clone(),
    };
    NewKey { name: name.into(), values: values.iter().map(value).collect(), subkeys }
}

/// A SYSTEM hive whose second control set ran last, on the computer of this name.
fn hive(name: &str, shutdown: u64) -> Vec<u8> {
    let name: Vec<u8> = format!("{name}\0").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let names = key("ComputerName", &[], vec![key("ComputerName", &[("ComputerName", 1, name)], vec![])]);
    let time = key("Windows", &[("ShutdownTime", 3, shutdown.to_le_bytes().to_vec())], vec![]);
    let old = key("ComputerName", &[("ComputerName", 1, b"O\0L\0D\0\0\0".to_vec())], vec![]);
    let old = key("Control", &[], vec![key("ComputerName", &[], vec![old])]);
    let sets = vec![
        key("ControlSet001", &[], vec![old]),
        key("ControlSet002", &[], vec![key("Control", &[], vec![names, time])]),
        key("Select", &[("Current", 4, vec![2, 0, 0, 0])], vec![]),
    ];
    build(&key("ROOT", &[], sets), 0x01d0_0000_0000_0000).unwrap()
}

#[test]
fn two_windows_are_told_apart_by_computer_and_shutdown() {
    let (time, bytes) = ("2024-03-06T12:22:31Z", 133_542_013_510_000_000);
    let made = hive("WEB01", bytes);
    let judged = hivex(&made);
    let value = |path: &str| judged[&format!("ROOT\\ControlSet002\\Control\\{path}")].clone();
    assert!(value("ComputerName\\ComputerName\\ComputerName").ends_with("WEB01"), "{judged:?}");
    assert!(value("Windows\\ShutdownTime").contains("base64"), "{judged:?}");
    for (name, number) in [("win10-bios", 2), ("win11-uefi", 3), ("win2022-uefi-4kn", 3)] {
        let disk = put_hive(Disk::raw(name), number, &made);
        for command in ["list", "inspect"] {
            shown(&[command, disk.name()])
                .says("\n    computer WEB01, last shut down 2024-03-06 12:22 UTC\n");
            let windows = bcdrescue(&[command, disk.name(), "--json"]).target()["windows"][0].clone();
            assert_eq!(
                (&windows["computer_name"], &windows["last_shutdown"]),
                (&"WEB01".into(), &time.into())
            );
        }
        // What check reads is counted, and this matters for booting no more than the wallpaper.
        let windows = bcdrescue(&["check", disk.name(), "--json"]).target()["windows"][0].clone();
        assert_eq!((&windows["computer_name"], &windows["last_shutdown"]), (&Json::Null, &Json::Null));
    }
}

#[test]
fn a_registry_that_cannot_be_read_says_nothing() {
    for hive in [vec![], vec![0; 8192], hive("WEB01", 0)[..4096].to_vec(), b"regf".repeat(4096)] {
        let disk = put_hive(Disk::raw("win10-bios-healthy"), 2, &hive);
        let run = shown(&["list", disk.name()]).says("Windows 10 Pro 22H2 (19045.3803)");
        assert!(!run.stdout.contains("computer") && run.stderr.is_empty(), "{run:?}");
    }
}
