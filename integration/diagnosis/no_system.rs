//! A disk with a Windows and nothing that starts it: how far firmware comes, and what it finds there.

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::made_disks::replace;
use crate::support::parts::cut;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::put_store;

/// The hop at which the start ends; what is said, on the screen too; and that nothing is written.
#[track_caller]
fn ends(disk: &Disk, hop: &str, said: &[&str]) -> Json {
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(
        (&target["verdict"], &target["stop"]["hop"], &target["stop"]["code"]),
        (&"broken".into(), &hop.into(), &"no-system-volume".into()),
        "{target:#}"
    );
    let screen = bcdrescue(&["check", "-v", disk.name()]).exits(4);
    let words = format!("{} {}", screen.stdout.replace('\n', " "), target["findings"]);
    for said in said {
        assert!(words.contains(said), "{said:?} in:\n{}\n{:#}", screen.stdout, target["findings"]);
    }
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
    target
}

#[test]
fn on_a_bios_the_first_hop_that_fails_is_shown() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 1, &["/readme.txt"]);
    ends(
        &disk,
        "boot manager",
        &["no boot manager (\\bootmgr, \\ntldr) on any volume", "finds nothing to boot"],
    );
    disk.put(0x1be, &[0]);
    ends(&disk, "active partition", &["active: none"]);
    disk.put(0, &[0; 440]);
    let target = ends(&disk, "boot code", &["the MBR has no boot code"]);
    let hops: Vec<_> =
        target["chain"].as_array().unwrap().iter().map(|it| (&it["hop"], &it["state"])).collect();
    let expected: [(Json, Json); 4] = [
        ("firmware".into(), "ok".into()),
        ("boot code".into(), "broken".into()),
        ("active partition".into(), "broken".into()),
        ("boot manager".into(), "broken".into()),
    ];
    assert_eq!(hops, expected.iter().map(|(hop, state)| (hop, state)).collect::<Vec<_>>());
    // A boot loader in the MBR does not care.
    disk.put(0x180, b"GRUB ");
    ends(&disk, "boot manager", &[]);
}

/// Makes the EFI system partition anew, with these files.
fn esp_with(disk: &Disk, files: &[&str]) {
    let file = cut(&disk.path, MIB, 100 * MIB);
    std::fs::write(&file, vec![0; 100 << 20]).unwrap();
    judge("mkfs.fat", &["-F", "32", text(&file)]);
    files.iter().for_each(|path| put_fat(&file, path, &stand_in::of_another()));
    // Holes of the new one are no holes of the old.
    disk.put(MIB, &std::fs::read(&file).unwrap());
    paste(&file, &disk.path, MIB);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn on_uefi_it_is_said_what_the_efi_system_partition_is() {
    let without = |change: &dyn Fn(&Disk)| {
        let disk = Disk::raw("win11-uefi-healthy");
        change(&disk);
        disk
    };
    let absent = without(&|disk| drop(judge("sgdisk", &["-d", "1", disk.name()])));
    ends(&absent, "EFI partition", &["no EFI system partition", "ends in its shell"]);
    let zeros = without(&|disk| disk.put(MIB, &vec![0; 100 << 20]));
    ends(&zeros, "EFI partition", &["is not formatted (no known file system)"]);
    let linux = without(&|disk| {
        disk.put(MIB, &vec![0; 1 << 20]);
        disk.put(MIB + 0x438, &[0x53, 0xef]);
    });
    ends(&linux, "EFI partition", &["holds ext2, which firmware cannot read"]);
    let empty = without(&|disk| esp_with(disk, &[]));
    ends(&empty, "boot manager", &["partition 1, is empty"]);
    let bare = without(&|disk| esp_with(disk, &["/EFI/Microsoft/Boot/memtest.efi"]));
    ends(&bare, "boot manager", &["partition 1, has no boot manager"]);
    let foreign = without(&|disk| {
        esp_with(disk, &["/EFI/ubuntu/shimx64.efi", "/EFI/Boot/bootx64.efi", "/EFI/Microsoft/Boot/x.efi"]);
    });
    let said = r"has only third-party loaders: \EFI\ubuntu, \EFI\Boot\bootx64.efi";
    ends(&foreign, "boot manager", &[&said.replace('\\', r"\\")]);
}

#[test]
fn a_store_of_no_bytes_is_called_empty() {
    for (image, path) in
        [("win10-bios-healthy", "/Boot/BCD"), ("win11-uefi-healthy", "/EFI/Microsoft/Boot/BCD")]
    {
        let disk = Disk::raw(image);
        put_store(&disk, path, &[]);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        assert_eq!(
            (&target["stop"]["hop"], &target["stop"]["code"], &target["stop"]["message"]),
            (&"store".into(), &"store-unreadable".into(), &"the store is empty: 0 bytes".into())
        );
        bcdrescue(&["check", "-v", disk.name()])
            .exits(4)
            .says("the store is empty: 0 bytes")
            .says("on partition 1");
    }
}
