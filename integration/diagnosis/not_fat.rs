//! UEFI firmware reads FAT: a system volume on NTFS, with UEFI:NTFS beside it, with another's loader, and with nothing.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::parts::cut;
use crate::support::parts::part;
use crate::support::program::bcdrescue;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::UEFI;
use crate::support::store::store_of;

/// Whether an NTFS volume can be given directories here.
fn can_mount(what: &str) -> bool {
    let can = is_root() && Path::new("/dev/fuse").exists();
    if !can {
        not_run(what, "it needs root and /dev/fuse, to make directories on NTFS");
    }
    can
}

/// What Windows' setup puts on a system volume for UEFI.
fn files(disk: &Disk) -> Vec<(&'static str, Vec<u8>)> {
    let store = store_of(disk, UEFI);
    let volume = volume_of(disk, 1);
    let file = |path: &str| judge("mtype", &["-i", text(&volume), &format!("::{path}")]);
    let paths = ["EFI/Microsoft/Boot/bootmgfw.efi", "EFI/Boot/bootx64.efi"];
    let mut files: Vec<_> = paths.map(|path| (path, file(&format!("/{path}")))).into();
    files.push(("EFI/Microsoft/Boot/BCD", store));
    fs::remove_file(volume).unwrap();
    files
}

fn volume_of(disk: &Disk, number: u32) -> std::path::PathBuf {
    let part = part(disk, number);
    cut(&disk.path, part.start, part.len)
}

/// Puts files on the NTFS volume of a partition, with the directories that they need.
fn fill(disk: &Disk, number: u32, files: &[(&str, Vec<u8>)]) {
    let volume = volume_of(disk, number);
    mounted(&volume, files);
    let bytes = fs::read(&volume).unwrap();
    disk.put(part(disk, number).start, &bytes);
    fs::remove_file(volume).unwrap();
}

fn mounted(volume: &Path, files: &[(&str, Vec<u8>)]) {
    let mount = tempfile::tempdir().unwrap();
    judge("ntfs-3g", &[text(volume), text(mount.path())]);
    for (file, bytes) in files {
        let path = mount.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    judge("umount", &[text(mount.path())]);
}

/// The volume of a partition made anew.
fn format(disk: &Disk, number: u32, program: &str, arguments: &[&str], with: impl FnOnce(&Path)) {
    let part = part(disk, number);
    let volume = disk.folder.path().join("new.volume");
    fs::File::create(&volume).unwrap().set_len(part.len).unwrap();
    judge(program, &[arguments, &[text(&volume)]].concat());
    with(&volume);
    disk.put(part.start, &fs::read(&volume).unwrap());
    fs::remove_file(volume).unwrap();
}

/// The EFI system partition formatted NTFS, with all that was on it.
fn on_ntfs() -> Disk {
    let disk = Disk::raw("win11-uefi-healthy");
    let files = files(&disk);
    format(&disk, 1, "mkntfs", &["-F", "-f", "-q", "-T"], |volume| mounted(volume, &files));
    disk
}

/// A FAT volume where the reserved partition was, typed as basic data, with these files.
fn with_fat(disk: &Disk, files: &[(&str, &[u8])]) {
    judge("sfdisk", &["-q", "--part-type", disk.name(), "2", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"]);
    format(disk, 2, "mkfs.fat", &["-n", "UEFI_NTFS"], |volume| {
        files.iter().for_each(|(path, bytes)| put_fat(volume, path, bytes));
    });
}

#[track_caller]
fn stops(disk: &Disk) -> Json {
    let target = checked(disk, 4, "broken");
    let stop = &target["stop"];
    assert_eq!(
        (&stop["hop"], &stop["code"], &stop["predicted_status"]),
        (&"EFI partition".into(), &"system-volume-not-fat".into(), &Json::Null),
        "{target:#}"
    );
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
    target
}

#[test]
fn an_efi_partition_that_is_ntfs_starts_nothing() {
    if !can_mount("an EFI system partition formatted NTFS") {
        return;
    }
    let disk = on_ntfs();
    let target = stops(&disk);
    let [finding] = findings(&target, "system-volume-not-fat").try_into().unwrap();
    assert!(finding["remedy"].as_str().unwrap().contains("mkfs.fat -F 32"), "{finding}");
    assert_eq!(
        finding["subject"].as_str().unwrap().split(' ').take(2).collect::<Vec<_>>(),
        ["partition", "1"]
    );
    // A FAT volume without a loader is no help.
    with_fat(&disk, &[("/readme.txt", b"nothing")]);
    stops(&disk);
    // Empty, it is one that firmware does not read.
    let empty = Disk::raw("win11-uefi-healthy");
    format(&empty, 1, "mkntfs", &["-F", "-f", "-q", "-T"], |_| {});
    let target = checked(&empty, 4, "broken");
    assert_eq!(
        (&target["stop"]["hop"], &target["stop"]["code"]),
        (&"EFI partition".into(), &"no-system-volume".into())
    );
    bcdrescue(&["check", "-v", empty.name()]).exits(4).says("holds NTFS, which firmware cannot read");
}

#[test]
fn with_uefi_ntfs_it_starts() {
    if !can_mount("a system volume on NTFS behind UEFI:NTFS") {
        return;
    }
    let name: Vec<u8> = "*** UEFI:NTFS 2.6 ***".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let loader: (&str, &[u8]) = ("/EFI/Boot/bootx64.efi", &stand_in::of_another());
    let driver: (&str, &[u8]) = ("/EFI/Rufus/ntfs_x64.efi", b"stands for a driver");
    let cases: [&[(&str, &[u8])]; 2] = [&[loader, driver], &[("/EFI/Boot/bootx64.efi", &name)]];
    for files in cases {
        let disk = on_ntfs();
        with_fat(&disk, files);
        let target = checked(&disk, 0, "healthy");
        let evidence = hop(&target, "EFI partition")["evidence"].as_str().unwrap().to_owned();
        assert!(evidence.ends_with("NTFS, through UEFI:NTFS on partition 2 (UEFI_NTFS)"), "{evidence}");
        // mkfs.fat wrote no place of its own into its boot record, and nothing starts by that.
        assert!(!has(&target, "system-volume-not-fat"));
        let places = findings(&target, "boot-record-place");
        assert!(
            places.iter().all(|it| !it["subject"].as_str().unwrap().starts_with("partition 2")),
            "{places:?}"
        );
    }
    // It goes on with \EFI\Boot, and with nothing else.
    let disk = on_ntfs();
    disk.rename("bootx64.efi", "bootx64.old");
    with_fat(&disk, &[loader, driver]);
    stops(&disk);
}

/// Another's loader may bring a driver of its own: only its files tell.
#[test]
fn a_loader_of_another_is_a_doubt() {
    if !can_mount("a system volume on NTFS beside another's loader") {
        return;
    }
    let disk = on_ntfs();
    with_fat(
        &disk,
        &[("/EFI/refind/refind_x64.efi", b"a loader"), ("/EFI/Boot/bootx64.efi", &stand_in::of_another())],
    );
    let target = checked(&disk, 4, "degraded");
    assert_eq!((&target["stop"], &hop(&target, "EFI partition")["state"]), (&Json::Null, &"unknown".into()));
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says(r"\EFI\refind");
}

/// What someone put on the volume of Windows is no system volume beside the one that firmware reads, whatever comes first.
#[test]
fn files_on_the_windows_volume_are_a_leftover() {
    if !can_mount("files for UEFI on the volume of Windows") {
        return;
    }
    let disk = Disk::raw("win11-uefi-healthy");
    let files = files(&disk);
    fill(&disk, 3, &files);
    for kind in ["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"] {
        judge("sfdisk", &["-q", "--part-type", disk.name(), "1", kind]);
        let target = checked(&disk, 0, "healthy");
        assert!(hop(&target, "EFI partition")["evidence"].as_str().unwrap().starts_with("partition 1"));
    }
    // Without that it is all there is, and firmware does not come to it.
    judge("sfdisk", &["-q", "--delete", disk.name(), "1"]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(target["stop"]["code"], "system-volume-not-fat");
    assert!(findings(&target, "system-volume-not-fat")[0]["remedy"].as_str().unwrap().contains("type ef00"));
}
