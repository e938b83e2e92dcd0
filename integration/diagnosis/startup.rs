//! What comes before the store: boot code, active partitions, boot records; found, cured where a switch asks for it,
//! and undone. sfdisk and the judges of the file systems see the results.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bcdrescue::bcd::QualifiedPartition;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::made;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::second_windows;
use crate::support::parts::change;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_identities;

fn get(disk: &Path, at: u64) -> [u8; 4] {
    let mut bytes = [0; 4];
    fs::File::open(disk).unwrap().read_exact_at(&mut bytes, at).unwrap();
    bytes
}

/// The hop at which the start ends, and the finding there.
fn stop(target: &Json) -> (String, String) {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    (text(&target["stop"]["hop"]), text(&target["stop"]["code"]))
}

/// Active partitions, by sfdisk.
fn active(disk: &Disk) -> Vec<u64> {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    let list = json["partitiontable"]["partitions"].as_array().unwrap();
    (1..).zip(list).filter(|(_, part)| part["bootable"] == true).map(|(number, _)| number).collect()
}

/// Fix with these switches, then all that every repair has to keep.
#[track_caller]
fn cured(disk: &Disk, switches: &[&str], said: &str) {
    let before = hash(&disk.path);
    let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name()], switches, more].concat());
    fix(&["--dry-run"]).exits(4).says("dry run: nothing was written");
    assert_eq!(hash(&disk.path), before);
    fix(&["--yes"]).exits(1).says(said);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    assert_eq!((target["verdict"].as_str().unwrap(), stop(&target)), ("healthy", Default::default()));
    let fixed = hash(&disk.path);
    fix(&["--yes"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed, "a second fix wrote");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before, "undo did not bring back every byte");
    fs::remove_file(record).unwrap();
    fix(&["--yes"]).exits(1);
}

#[test]
fn the_active_flag_is_missing_doubled_or_wrong() {
    for (flags, code) in [
        ([0x00, 0x00], "active-partition-missing"),
        ([0x80, 0x80], "active-partition-ambiguous"),
        ([0x00, 0x80], "active-partition-wrong"),
    ] {
        let disk = Disk::raw("win10-bios-healthy");
        for (index, flag) in flags.iter().enumerate() {
            disk.put(0x1be + 16 * index as u64, &[*flag]);
        }
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        assert_eq!(stop(&target), ("active partition".into(), code.into()));
        assert_eq!(target["verdict"], "broken");
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("fix --active 1");
        // Without the switch there is nothing to do, and it is said what to do.
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says(" --active=1\n").says("nothing was written");
        for (number, why) in [("2", r"no \bootmgr and no \ntldr"), ("3", "there is no partition 3")] {
            bcdrescue(&["fix", disk.name(), "--yes", "--active", number]).exits(8).says(why);
        }
        assert_eq!(hash(&disk.path), before);
        cured(&disk, &["--active", "1"], "corrected");
        assert_eq!(active(&disk), [1]);
    }
}

#[test]
fn the_active_flag_goes_with_a_repair_and_with_the_old_identity() {
    for (cure, signature) in
        [(&["--repoint"][..], [0xaa, 0xb6, 0x21, 0x4e]), (&["--restore-identity"], [0x0d, 0xf0, 0xa1, 0xc3])]
    {
        let disk = Disk::raw("win10-bios");
        disk.put(0x1be, &[0]);
        bcdrescue(&["fix", disk.name(), "--yes"])
            .exits(5)
            .says("but Windows still does not start: no partition is active")
            .says(&format!("Next step: bcdrescue fix {} --active=1", disk.name()));
        let record = disk.record();
        bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
        fs::remove_file(record).unwrap();
        cured(&disk, &[cure, &["--active", "1"]].concat(), "corrected");
        assert_eq!((active(&disk), get(&disk.path, 0x1b8)), (vec![1], signature));
    }
}

#[test]
fn only_a_primary_partition_of_an_mbr_disk_can_be_active() {
    let disk = Disk::raw("win7-logical-healthy");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--active", "5"]).exits(8).says("is a logical partition");
    assert_eq!(hash(&disk.path), before);
    let disk = Disk::raw("win11-uefi-healthy");
    bcdrescue(&["fix", disk.name(), "--yes", "--active", "1"])
        .exits(8)
        .says("only MBR partitions can be active");
}

#[test]
fn boot_records_that_believe_to_be_elsewhere() {
    for (image, number, stops) in
        [("win10-bios-healthy", 1, true), ("win10-bios-healthy", 2, false), ("win11-uefi-healthy", 1, false)]
    {
        let disk = Disk::raw(image);
        let part = partitions(&disk.path).into_iter().find(|part| part.number == number).unwrap();
        let is_fat = image.contains("uefi");
        let copy = if is_fat { part.start + 6 * 512 } else { part.start + part.len - 512 };
        let right = u32::try_from(part.start / 512).unwrap().to_le_bytes();
        for place in [part.start, copy] {
            assert_eq!(get(&disk.path, place + 0x1c), right);
            disk.put(place + 0x1c, &63u32.to_le_bytes());
        }
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(if stops { 4 } else { 0 }).target();
        if stops {
            assert_eq!(stop(&target), ("boot record".into(), "boot-record-place".into()));
            bcdrescue(&["check", "-v", disk.name()])
                .exits(4)
                .says("A disk read error occurred")
                .says("hidden sectors 63");
        }
        let found =
            target["findings"].as_array().unwrap().iter().filter(|it| it["code"] == "boot-record-place");
        assert_eq!(found.count(), 1);
        cured(&disk, &["--boot-sector"], "2 fields corrected");
        for place in [part.start, copy] {
            assert_eq!(get(&disk.path, place + 0x1c), right);
        }
        let volume = cut(&disk.path, part.start, part.len);
        match is_fat {
            true => judge("fsck.fat", &["-n", text(&volume)]),
            false => judge("ntfsinfo", &["-m", text(&volume)]),
        };
    }
}

#[test]
fn a_copy_of_a_boot_record_alone_is_a_note() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let part = partitions(&disk.path).remove(0);
    disk.put(part.start + part.len - 512 + 0x1c, &[1]);
    bcdrescue(&["check", "-v", disk.name()]).exits(0).says("the backup copy of its boot record");
    cured(&disk, &["--boot-sector"], "1 field corrected");
}

#[test]
fn what_is_not_a_matter_of_the_store_is_named_as_that() {
    let case = |at: u64, bytes: &[u8], hop: &str, code: &str| {
        let disk = Disk::raw("win10-bios-healthy");
        disk.put(at, bytes);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        assert_eq!(stop(&target), (hop.into(), code.into()));
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("fix --rebuild").says("STOPS");
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
        assert_eq!(hash(&disk.path), before);
    };
    let mib = 1 << 20;
    case(0, &[0; 440], "boot code", "boot-code-missing");
    let ntldr: Vec<u8> =
        [5u16].into_iter().chain("NTLDR".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    case(mib + 0x200, &ntldr, "boot record", "boot-record-other");
}

#[test]
fn a_system_volume_that_cannot_be_read_is_named() {
    let disk = Disk::raw("win10-bios-healthy");
    disk.put((1 << 20) + 0x1fe, &[0, 0]);
    bcdrescue(&["check", "-v", disk.name()])
        .exits(4)
        .says("which cannot be read")
        .says("cannot be read: boot sector")
        .says("has no boot record");
}

/// Boot code starts nothing of a partition that has no boot record, and whoever starts it is another system's otherwise.
#[test]
fn an_active_partition_without_a_boot_record_starts_nothing() {
    let noise: Vec<u8> = (0..512u32).map(|at| (at * at * 7 + at / 3) as u8 | 1).collect();
    let foreign = [&noise[..510], &[0x55, 0xaa]].concat();
    let zeros = [&[0; 510][..], &[0x55, 0xaa]].concat();
    for (sector, verdict, severity) in [
        (&vec![0; 512], "broken", "blocks-boot"),
        (&zeros, "broken", "blocks-boot"),
        (&noise, "broken", "blocks-boot"),
        (&foreign, "degraded", "degrades"),
    ] {
        let disk = Disk::raw("win10-bios-healthy");
        second_windows(&disk, 1, 3);
        disk.put(1 << 20, sector);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        assert_eq!(target["verdict"], verdict);
        let findings = target["findings"].as_array().unwrap();
        let finding = findings.iter().find(|it| it["code"] == "active-partition-wrong").unwrap();
        assert_eq!(finding["severity"], severity);
        if verdict == "broken" {
            assert_eq!(stop(&target), ("active partition".into(), "active-partition-wrong".into()));
        }
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("`fix --active 3`");
    }
}

/// Nor of an entry that is no partition; an extended one may begin with a program.
#[test]
fn an_active_entry_that_is_no_partition_starts_nothing() {
    let free = Disk::raw("win2008r2-bios-healthy");
    free.put(0x1ee, &[0x80]);
    let extended = Disk::raw("win7-logical-healthy");
    extended.put(0x1ce, &[0x80]);
    for (disk, entry) in [(&free, 4), (&extended, 2)] {
        disk.put(0x1be, &[0]);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        assert_eq!(target["verdict"], "broken");
        assert_eq!(stop(&target), ("active partition".into(), "active-partition-wrong".into()));
        let evidence = hop(&target, "active partition")["evidence"].as_str().unwrap();
        assert!(evidence.starts_with(&format!("entry {entry} of the MBR")), "{evidence}");
    }
    let container = partitions(&extended.path).into_iter().find(|part| part.number == 2).unwrap();
    extended.put(container.start, b"stands for a boot loader");
    let target = bcdrescue(&["check", extended.name(), "--json"]).exits(4).target();
    assert_eq!(target["verdict"], "degraded");
    for disk in [&free, &extended] {
        bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(1).says("verified: healthy");
        assert_eq!(active(disk), [1]);
    }
}

/// What is advised is taken, also where the store is the next fault.
#[test]
fn a_partition_with_a_damaged_store_can_be_made_active() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, "/Boot/BCD");
    put_store(&disk, "/Boot/BCD", &vec![0; store.len()]);
    disk.put(0x1be, &[0]);
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("fix --rebuild");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"])
        .exits(5)
        .says("written and verified (1 field corrected, in 1 sector), but Windows still does not start: the store")
        .says("Next step: bcdrescue fix");
    assert_eq!(active(&disk), [1]);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(stop(&target), ("store".into(), "store-unreadable".into()));
}

/// Boot code looks at all four entries, and stops at a flag that is none; the table is one all the same.
#[test]
fn a_flag_that_is_none_on_a_free_entry_hides_no_table() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    disk.put(0x1ee, &[1]);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(
        (&target["verdict"], stop(&target).1.as_str()),
        (&"broken".into(), "active-partition-ambiguous")
    );
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("entry 4 of the MBR");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(1).says("verified: healthy");
}

/// A damaged file system is no boot manager's, for the firmware neither.
#[test]
fn an_active_partition_that_is_damaged_starts_nothing() {
    let disk = Disk::raw("win10-bios-healthy");
    for (entry, flag) in [(0x1be, 0), (0x1ce, 0x80)] {
        disk.put(entry, &[flag]);
    }
    // The first cluster of the master file table of Windows' volume.
    disk.put(partitions(&disk.path)[1].start + 0x30, &[0xff; 8]);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!((&target["verdict"], stop(&target).1.as_str()), (&"broken".into(), "active-partition-wrong"));
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("`fix --active 1`");
}

/// Two faults at once: what the one cure leaves is told with the switch that cures it, before the repair and after.
#[test]
fn a_second_fault_is_told_with_its_switch() {
    let disk = Disk::raw("win10-bios");
    disk.put(0x1be, &[0]);
    bcdrescue(&["check", "-v", disk.name()])
        .exits(4)
        .says(" and corrects the boot flag of partition 1 (System Reserved); this would fix everything")
        .says(&format!("bcdrescue fix {} --active=1", disk.name()));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(5).says("-> `fix --active 1` makes partition 1");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(1).says("verified: healthy");
}

#[test]
fn the_chain_is_walked_to_the_kernel() {
    let target = bcdrescue(&["check", text(&image("win10-bios-healthy")), "--json"]).exits(0).target();
    let hops: Vec<_> =
        target["chain"].as_array().unwrap().iter().map(|hop| hop["hop"].as_str().unwrap()).collect();
    assert_eq!(
        hops,
        [
            "firmware",
            "boot code",
            "active partition",
            "boot record",
            "boot manager",
            "store",
            "entry",
            "device",
            "loader",
            "osdevice",
            "system root",
            "Windows"
        ]
    );
    assert!(target["chain"].as_array().unwrap().iter().all(|hop| hop["state"] == "ok"));
    assert_eq!(target["stop"], Json::Null);

    let target = bcdrescue(&["check", text(&image("win10-bios")), "--json"]).exits(4).target();
    assert_eq!(stop(&target), ("device".into(), "signature-changed".into()));
    assert_eq!(target["stop"]["predicted_status"], "0xc000000e");
    assert_eq!(
        (&hop(&target, "store")["state"], &hop(&target, "osdevice")["state"]),
        (&Json::from("ok"), &Json::from("broken"))
    );
    assert_eq!(hop(&target, "loader")["state"], "ok");

    let target = bcdrescue(&["check", text(&image("win11-uefi")), "--json"]).exits(4).target();
    assert_eq!(stop(&target).0, "device");
    assert_eq!(hop(&target, "EFI partition")["evidence"], "partition 1 (SYSTEM)");
}

/// `device` and `osdevice` of one entry name two Windows: the loader of the one would start the other.
#[test]
fn an_entry_that_names_two_windows_is_broken() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    second_windows(&disk, 2, 3);
    let starts: Vec<u64> = partitions(&disk.path).iter().map(|part| part.start).collect();
    let store = with_identities(&store_of(&disk, "/Boot/BCD"), |object, element, named| match named {
        QualifiedPartition::Mbr { signature, offset }
            if element == "21000001" && offset == starts[1] && object.starts_with("{ca73fe21") =>
        {
            Some(QualifiedPartition::Mbr { signature, offset: starts[2] })
        }
        _ => None,
    });
    put_store(&disk, "/Boot/BCD", &store);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(stop(&target), ("osdevice".into(), "osdevice-elsewhere".into()));
    assert_eq!(hop(&target, "device")["state"], "ok");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    // The way out that it names.
    let remedy = target["findings"][0]["remedy"].as_str().unwrap();
    let words: Vec<&str> = remedy.split('`').nth(1).unwrap().split(' ').skip(1).collect();
    assert!(words[3].starts_with("{ca73fe21"));
    assert_eq!((words[0], words[1], words[2]), ("--windows", "2", "--entry"));
    let fixed = [&["fix", disk.name(), "--yes"][..], &words].concat();
    bcdrescue(&fixed).exits(1).says("1 element re-pointed").says("verified: healthy");
    bcdrescue(&fixed).exits(0).says("nothing was written");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// A boot loader in the MBR runs the record, or leaves it out: what is wrong with it is said, whichever is active, and not that all is well.
#[test]
fn what_a_boot_loader_may_chain_load_is_looked_at() {
    let ntldr: Vec<u8> =
        [5u16].into_iter().chain("NTLDR".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let no_code: &[(u64, &[u8])] = &[(0x5a, &[0; 0x1fe - 0x5a]), (0x200, &[0; 32])];
    let other: &[(u64, &[u8])] = &[(0x200, &ntldr)];
    for (changes, code, evidence) in [
        (no_code, "boot-record-empty", "This is not a bootable disk"),
        (other, "boot-record-other", "the missing-file message"),
    ] {
        for active in [0x80, 0] {
            let disk = Disk::raw("win10-bios-healthy");
            disk.put(0x180, b"GRUB ");
            disk.put(0x1be, &[active]);
            bcdrescue(&["check", "-v", disk.name()]).exits(0);
            for (at, bytes) in changes {
                disk.put((1 << 20) + at, bytes);
            }
            let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
            assert_eq!((&target["verdict"], &target["stop"]), (&"degraded".into(), &Json::Null));
            let findings = target["findings"].as_array().unwrap();
            let finding = findings.iter().find(|it| it["code"] == code).unwrap();
            assert_eq!(finding["severity"], "degrades");
            assert!(finding["evidence"].to_string().contains(evidence), "{finding}");
            assert_eq!(hop(&target, "boot record")["state"], "unknown");
        }
    }
}

/// A partition that has a boot manager and nothing for it to open cannot be the active one, and nobody is told to make it so.
#[test]
fn a_boot_manager_without_a_store_is_no_partition_to_start_from() {
    let disk = made("base = 'win10-bios'\ndamage = ['boot-manager-missing']", "disk.raw");
    change(&disk, 2, |volume| put_ntfs(volume, "/bootmgr", b"a leftover"));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let findings = target["findings"].as_array().unwrap();
    let wrong = findings.iter().find(|finding| finding["code"] == "active-partition-wrong").unwrap();
    assert_eq!(wrong["switch"], Json::Null);
    assert!(wrong["remedy"].as_str().unwrap().contains("no \\Boot\\BCD"), "{wrong:#}");
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("partition 2 (Windows), BIOS, no store\n");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=2"]).exits(8).says("no \\Boot\\BCD");
}
