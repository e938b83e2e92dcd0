//! Disks that are made of the committed ones: with a second Windows, another volume, or their parts on two disks.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::judges::judge;
use crate::support::judges::judge_with;
use crate::support::judges::put_fat;
use crate::support::oracle::identities_of_table;
use crate::support::parts::Part;
use crate::support::parts::cut;
use crate::support::parts::part;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::parts::sfdisk;
use crate::support::parts::volume;
use crate::support::program::text;
use crate::support::repair::OLD;
use crate::support::stand_in;
use crate::support::store::put_store;
use crate::support::store::qualified;
use crate::support::store::store_of;
use crate::support::store::with_identities;

/// Puts an empty FAT volume with these files where a partition's volume was.
pub fn replace(disk: &Disk, number: u32, files: &[&str]) {
    let start = part(disk, number).start;
    let file = disk.folder.path().join("fat.volume");
    fs::write(&file, vec![0; 40 << 20]).unwrap();
    judge("mkfs.fat", &["-F", "32", text(&file)]);
    files.iter().for_each(|path| put_fat(&file, path, &stand_in::of(path)));
    let bytes = fs::read(&file).unwrap();
    let target = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    target.write_all_at(&bytes, start).unwrap();
    fs::remove_file(file).unwrap();
}

/// A second Windows, or another copy of a partition, behind all other partitions.
pub(crate) fn second_windows(disk: &Disk, of: u32, number: u32) {
    let file = volume(disk, of);
    let len = fs::metadata(&file).unwrap().len();
    let end = fs::metadata(&disk.path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(end + len + 8 * MIB).unwrap();
    let is_gpt = partitions_label(disk) == "gpt";
    if is_gpt {
        judge("sfdisk", &["-q", "--relocate", "gpt-bak-std", disk.name()]);
    }
    let line = format!("start={}, size={}\n", (end + MIB) / 512, len / 512);
    judge_with("sfdisk", &["-q", "--append", disk.name()], line.as_bytes());
    paste(&file, &disk.path, part(disk, number).start);
    fs::remove_file(file).unwrap();
}

/// Lets partition 2 of `win2008r2-bios-healthy` begin a megabyte behind its old place, with this volume of it.
pub fn paste_a_megabyte_on(disk: &Disk, volume: &Path, old: &Part) {
    let table = format!(
        "label: dos\nlabel-id: 0x{OLD:08x}\nstart=2048, size=204800, type=7, bootable\nstart={}, size={}, type=7\n",
        (old.start + MIB) / 512,
        old.len / 512
    );
    sfdisk(&disk.path, &table);
    paste(volume, &disk.path, old.start + MIB);
}

pub fn partitions_label(disk: &Disk) -> String {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    json["partitiontable"]["label"].as_str().unwrap().to_owned()
}

/// Makes the volume of partition 1 anew as a FAT of this kind, with its files, by mkfs.fat and mtools.
pub fn make_fat_anew(disk: &Disk, start: u64, len: u64, arguments: &[&str]) {
    let file = cut(&disk.path, start, len);
    let files = disk.folder.path().join("files");
    fs::create_dir(&files).unwrap();
    judge("mcopy", &["-s", "-i", text(&file), "::/", text(&files)]);
    fs::remove_file(&file).unwrap();
    fs::File::create(&file).unwrap().set_len(len).unwrap();
    judge("mkfs.fat", &[arguments, &[text(&file)]].concat());
    for entry in fs::read_dir(&files).unwrap() {
        judge("mcopy", &["-s", "-i", text(&file), text(&entry.unwrap().path()), "::/"]);
    }
    // The old volume must not show through the holes of the new one.
    let target = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    target.write_all_at(&fs::read(&file).unwrap(), start).unwrap();
    target.write_all_at(&u32::try_from(start / 4096).unwrap().to_le_bytes(), start + 0x1c).unwrap();
    fs::remove_dir_all(files).unwrap();
    fs::remove_file(file).unwrap();
}

/// A disk with nothing but the Windows volume of `from`.
pub fn windows_disk(from: &Disk, number: u32, is_gpt: bool) -> Disk {
    let part = partitions(&from.path).into_iter().find(|part| part.number == number).unwrap();
    let volume = cut(&from.path, part.start, part.len);
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("second.img");
    fs::File::create(&path).unwrap().set_len(part.len + 3 * MIB).unwrap();
    let label = match is_gpt {
        true => "label: gpt\nlabel-id: 0b0b0b0b-0000-4000-8000-00000000000b\n",
        false => "label: dos\nlabel-id: 0x0b0b0b0b\n",
    };
    let kind = if is_gpt { "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7" } else { "7" };
    sfdisk(&path, &format!("{label}unit: sectors\nstart=2048, size={}, type={kind}\n", part.len / 512));
    paste(&volume, &path, MIB);
    Disk { folder, path }
}

/// A system disk whose Windows is on another disk, and that other disk.
pub fn pair(image: &str, number: u32, path: &str) -> (Disk, Disk) {
    let system = Disk::raw(image);
    let is_gpt = path.contains("EFI");
    let windows = windows_disk(&system, number, is_gpt);
    let index = number as usize - 1;
    let (old, new) = (identities_of_table(&system.path)[index], identities_of_table(&windows.path)[0]);
    let store = store_of(&system, path);
    put_store(
        &system,
        path,
        &with_identities(&store, |_, _, named| (named == qualified(old)).then_some(qualified(new))),
    );
    judge("sfdisk", &["-q", "--delete", system.name(), &number.to_string()]);
    (system, windows)
}
