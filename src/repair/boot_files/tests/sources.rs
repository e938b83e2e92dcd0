//! From where files are taken, and that they can be written.

use std::fs;

use crate::bcd::Firmware;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::NoFiles;
use crate::repair::boot_files::Origin;
use crate::repair::boot_files::WhyLeftOut;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::boot_files::sample;
use crate::repair::boot_files::tests::MANAGER;
use crate::repair::boot_files::tests::OLD;
use crate::repair::boot_files::tests::ROOT;
use crate::repair::boot_files::tests::collected;
use crate::repair::boot_files::tests::fat;
use crate::repair::boot_files::tests::file;
use crate::repair::boot_files::tests::paths;
use crate::repair::boot_files::tests::windows;
use crate::repair::boot_files::tests::windows_with;
use crate::repair::boot_files::tests::wish;
use crate::repair::boot_files::tree;
use crate::storage::Storage;
use crate::storage::StorageMut;
use crate::volume::EntryKind;
use crate::volume::NewEntry;
use crate::volume::NtfsWriter;
use crate::volume::Volume;
use crate::volume::test_tools::Image;

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
