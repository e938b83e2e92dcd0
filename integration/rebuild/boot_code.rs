//! Where boot code is taken from, and what of a volume it changes.

use bcdrescue::layout::index::VolumeIndex;
use bcdrescue::partition::boot_code::MbrCode;
use bcdrescue::repair::boot_code::CodeChange;
use bcdrescue::repair::boot_code::NoCode;
use bcdrescue::repair::boot_code::Source;
use bcdrescue::repair::boot_code::mbr_code;
use bcdrescue::repair::boot_code::record_code;
use bcdrescue::volume::boot_code::Fat32BootCode;
use bcdrescue::volume::boot_code::NtfsBootCode;

use super::disks::Disk;
use super::disks::Part;
use super::disks::windows_record;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts;
use crate::support::program::text;

/// An NTFS record with code of this byte alone, which looks like Windows' and is not.
fn ntfs_record(code: u8) -> Vec<u8> {
    let mut record = vec![0; 0x2000];
    record[..11].copy_from_slice(b"\xeb\x52\x90NTFS    ");
    record[0x54..0x1400].fill(code);
    record[0x1fe..0x210].copy_from_slice(b"\x55\xaa\x07\0B\0O\0O\0T\0M\0G\0R\0");
    record
}

/// The three sectors of FAT32 in a carrier, with code of this byte alone.
fn fat32_sectors(code: u8) -> Vec<u8> {
    let mut sectors = vec![code; 0x600];
    sectors[..3].copy_from_slice(b"\xeb\x58\x90");
    sectors[0x52..0x5a].copy_from_slice(b"FAT32   ");
    sectors[0x16d..0x178].copy_from_slice(b"BOOTMGR    ");
    sectors[0x1fe..0x204].copy_from_slice(b"\x55\xaaRRaA");
    sectors
}

/// An MBR in a carrier, with code of this byte alone.
fn master(code: u8) -> Vec<u8> {
    let mut sector = vec![code; 0x200];
    sector[..7].copy_from_slice(b"\x33\xc0\x8e\xd0\xbc\x00\x7c");
    sector[0xef..0xf3].copy_from_slice(b"TCPA");
    sector[0x163..0x17a].copy_from_slice(b"Invalid partition table");
    sector[0x1fe..].copy_from_slice(b"\x55\xaa");
    sector
}

/// A file with this somewhere in it.
fn carrier(content: &[u8]) -> Vec<u8> {
    [b"MZ".repeat(777), content.to_vec(), vec![0xcc; 99]].concat()
}

/// A Windows, on FAT32 as mtools can fill that, with these files in its `System32`.
fn windows(files: &[(&str, Vec<u8>)]) -> Part {
    let part = Part::fat32(&[]);
    put_fat(part.path(), "/Windows/System32/ntoskrnl.exe", b"MZ");
    for (name, bytes) in files {
        put_fat(part.path(), &format!("/Windows/System32/{name}"), bytes);
    }
    part
}

/// What is to be written to the boot record of partition `number`.
fn of_record(disk: &Disk, number: usize) -> Result<Vec<CodeChange>, NoCode> {
    disk.read(|_, volumes, layout| record_code(volumes, layout, VolumeIndex::new(number - 1)))
}

fn of_master(disk: &Disk) -> Result<Vec<CodeChange>, NoCode> {
    disk.read(|storage, volumes, layout| mbr_code(storage, volumes, layout))
}

/// From where the code of partition 1 is, when it is one source.
#[track_caller]
fn source(disk: &Disk) -> String {
    let changes = of_record(disk, 1).unwrap();
    assert!(changes.iter().all(|change| change.from == changes[0].from));
    changes[0].from.to_string()
}

#[test]
fn ntfs_code_comes_from_another_record_or_setups_copy_or_a_file() {
    let blank = Part::ntfs(&[]);
    let other = Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]);
    let files =
        windows(&[("untfs.dll", carrier(&ntfs_record(3))), ("autochk.exe", carrier(&ntfs_record(4)))]);
    let with_copy = Part::ntfs(&[]);
    put_ntfs(with_copy.path(), "BOOTSECT.BAK", &ntfs_record(2));
    let trap =
        windows(&[("untfs.dll", carrier(&[b"\x05\0N\0T\0L\0D\0R\0".to_vec(), vec![0; 9000]].concat()))]);
    assert_eq!(source(&Disk::new(&[&with_copy, &files, &blank, &other])), "code from partition 4");
    assert_eq!(source(&Disk::new(&[&with_copy, &files])), r"code from \BOOTSECT.BAK");
    assert_eq!(source(&Disk::new(&[&blank, &files])), r"code from \Windows\System32\untfs.dll");
    let none = of_record(&Disk::new(&[&blank, &trap]), 1).unwrap_err();
    assert_eq!(none.to_string(), r"no NTFS boot code that starts \bootmgr on this disk");
    let own = Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]);
    assert_eq!(source(&Disk::new(&[&own, &blank])), "code from partition 1");
}

#[test]
fn known_code_goes_before_other() {
    let Some(record) = windows_record() else { return };
    assert!(NtfsBootCode::of_record(&record).unwrap().is_known());
    let [blank, with_known] = [Part::ntfs(&[]), Part::ntfs(&[]).with(0x54, &record[0x54..])];
    let other = Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]);
    assert_eq!(source(&Disk::new(&[&blank, &other, &with_known])), "code from partition 3");
    let both = [ntfs_record(3), record.clone()].concat();
    let files = windows(&[("untfs.dll", carrier(&ntfs_record(3))), ("autofmt.exe", carrier(&both))]);
    assert_eq!(source(&Disk::new(&[&blank, &other, &files])), r"code from \Windows\System32\autofmt.exe");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let files = windows(&[("UREFS.DLL", vec![0; (8 << 20) + 1])]);
    let error = of_record(&Disk::new(&[&Part::ntfs(&[]), &files]), 1).unwrap_err();
    let NoCode::NotFound { unread, .. } = &error else { panic!("{error}") };
    assert_eq!(
        unread.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
        [r"\Windows\System32\uReFS.dll"]
    );
    assert!(error.to_string().contains(r"not read: \Windows\System32\uReFS.dll ("), "{error}");
}

#[test]
fn fields_of_an_ntfs_volume_stay_and_its_place_is_put_right() {
    let other = Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]);
    let system = Part::ntfs(&["-L", "System"]).with(0x24, &[0]);
    put_ntfs(system.path(), "bootmgr", b"a file");
    let disk = Disk::new(&[&other, &system]);
    let (before, start) = (disk.bytes(), disk.start(2) as usize);
    let changes = of_record(&disk, 2).unwrap();
    let places: Vec<(u64, usize)> = changes.iter().map(|change| (change.at, change.after.len())).collect();
    assert_eq!(places, [(start as u64, 0x2000), (start as u64 + (16 << 20) - 512, 512)]);
    disk.change(&changes);
    let after = disk.bytes();
    let mut expected = before;
    for at in [start, start + (16 << 20) - 512] {
        expected[at + 0x1c..at + 0x20].copy_from_slice(&((start / 512) as u32).to_le_bytes());
        expected[at + 0x24] = 0x80;
    }
    expected[start + 0x54..start + 0x2000].copy_from_slice(&ntfs_record(1)[0x54..]);
    // The copy had another drive than the record, so that only its place was put right.
    assert_eq!(after, expected);
    let volume = parts::cut(&disk.path(), start as u64, 16 << 20);
    judge("ntfsinfo", &["-m", text(&volume)]);
    assert_eq!(judge("ntfscat", &[text(&volume), "bootmgr"]), b"a file");
    // A second time there is nothing to do.
    assert_eq!(of_record(&disk, 2).unwrap(), []);
}

#[test]
fn a_copy_of_the_ntfs_record_stays_one() {
    let other = Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]);
    let disk = Disk::new(&[&Part::ntfs(&[]), &other]);
    disk.change(&of_record(&disk, 1).unwrap());
    let (bytes, start) = (disk.bytes(), disk.start(1) as usize);
    let last = start + (16 << 20) - 512;
    assert_eq!(bytes[last..last + 512], bytes[start..start + 512]);
}

#[test]
fn fat32_code_goes_into_two_sectors_and_the_backup() {
    let files = windows(&[("ufat.dll", carrier(&fat32_sectors(0x90)))]);
    let system = Part::fat32(&["-n", "SYSTEM"]);
    put_fat(system.path(), "/bootmgr", b"a file");
    let disk = Disk::new(&[&system, &files]);
    let (before, start) = (disk.bytes(), disk.start(1));
    let changes = of_record(&disk, 1).unwrap();
    assert_eq!(changes[0].from, Source::File(r"\Windows\System32\ufat.dll".into()));
    let places: Vec<u64> = changes.iter().map(|change| change.at - start).collect();
    assert_eq!(places, [0x1800, 0xc00, 0]);
    disk.change(&changes);
    let (after, start) = (disk.bytes(), start as usize);
    let mut expected = before;
    for at in [start, start + 0xc00] {
        expected[at + 0x1c..at + 0x20].copy_from_slice(&2048_u32.to_le_bytes());
        expected[at + 0x5a..at + 0x1fe].copy_from_slice(&fat32_sectors(0x90)[0x5a..0x1fe]);
    }
    expected[start + 0x1800..start + 0x1a00].copy_from_slice(&fat32_sectors(0x90)[0x400..]);
    assert_eq!(after, expected);
    let volume = parts::cut(&disk.path(), start as u64, 40 << 20);
    judge("fsck.fat", &["-n", text(&volume)]);
    assert_eq!(of_record(&disk, 1).unwrap(), []);
    // And from there to another volume.
    let record = &after[start..start + Fat32BootCode::RECORD_SIZE];
    let third = Part::fat32(&[]).with(0x5a, &record[0x5a..0x1fe]).with(0x1800, &record[0x1800..]);
    assert_eq!(source(&Disk::new(&[&Part::fat32(&[]), &third])), "code from partition 2");
}

#[test]
fn a_backup_that_is_another_keeps_its_code() {
    let files = windows(&[("ufat.dll", carrier(&fat32_sectors(0x90)))]);
    let system = Part::fat32(&[]).with(0xc00 + 0x100, b"another");
    let disk = Disk::new(&[&system, &files]);
    let (before, start) = (disk.bytes(), disk.start(1) as usize);
    disk.change(&of_record(&disk, 1).unwrap());
    let copy = start + 0xc00;
    assert_eq!(disk.bytes()[copy + 0x5a..copy + 0x200], before[copy + 0x5a..copy + 0x200]);
    assert_eq!(disk.bytes()[copy + 0x1c..copy + 0x20], 2048_u32.to_le_bytes());
}

#[test]
fn what_code_cannot_be_put_into_is_refused() {
    let files = windows(&[("ufat.dll", carrier(&fat32_sectors(0x90)))]);
    let other = Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]);
    let said = |system: &Part| of_record(&Disk::new(&[system, &files, &other]), 1).unwrap_err().to_string();
    assert_eq!(
        said(&Part::ntfs(&["-s", "4096"])),
        "boot record of partition 1 at 0xb: expected sectors of 512 bytes, found 4096"
    );
    assert_eq!(
        said(&Part::fat32(&["-R", "12"])),
        "boot record of partition 1: sector 12, where the code goes on, is not free (12 reserved sectors)"
    );
    assert_eq!(
        said(&Part::fat32(&["-b", "12"])),
        "boot record of partition 1: sector 12, where the code goes on, is not free (FSInfo or the backup of the boot record)"
    );
    assert_eq!(
        said(&Part::fat32(&[]).with(1, &[0x3c])),
        "boot record of partition 1 at 0x0: not one that Windows' code fits into"
    );
}

#[test]
fn the_master_boot_record_gets_windows_code_or_ours() {
    let files = windows(&[("vssapi.dll", carrier(&master(0x90)))]);
    let disk = Disk::new(&[&Part::ntfs(&[]), &files]);
    let before = disk.bytes();
    let changes = of_master(&disk).unwrap();
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(change.from.to_string(), r"code from \Windows\System32\vssapi.dll");
    assert_eq!((change.at, &change.after[..0x1b8]), (0, &master(0x90)[..0x1b8]));
    assert_eq!((&change.after[0x1b8..], &change.before[..]), (&before[0x1b8..0x200], &before[..0x200]));
    disk.change(&changes);
    assert_eq!(of_master(&disk).unwrap(), []);

    let disk = Disk::new(&[&Part::ntfs(&[]), &windows(&[])]);
    let changes = of_master(&disk).unwrap();
    assert_eq!(changes[0].from.to_string(), "bcdrescue's own code");
    disk.change(&changes);
    assert_eq!(MbrCode::own().written_over(&disk.bytes()).unwrap(), disk.bytes()[..512]);
    assert_eq!(of_master(&disk).unwrap(), []);
    // The table is what it was, for other programs too.
    assert_eq!(parts::partitions(&disk.path()).len(), 2);
}

#[test]
fn only_an_mbr_disk_gets_code() {
    let disk = Disk::new(&[&Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..])]);
    parts::sfdisk(&disk.path(), "label: gpt\nstart=2048,size=32768\n");
    assert!(matches!(of_record(&disk, 1), Err(NoCode::Gpt)));
    assert!(matches!(of_master(&disk), Err(NoCode::Gpt)));
    // A volume without a table has its own record where the MBR would be.
    let whole = Disk::new(&[]);
    std::fs::copy(Part::ntfs(&[]).with(0x54, &ntfs_record(1)[0x54..]).path(), whole.path()).unwrap();
    assert!(matches!(of_master(&whole), Err(NoCode::NoTable)));
    assert!(of_record(&whole, 1).unwrap().is_empty());
}
