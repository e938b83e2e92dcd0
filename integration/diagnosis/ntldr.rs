//! Windows Server 2003: `boot.ini` as people leave it, against the disk that it is on.

use std::fs;

use serde_json::Value as Json;
use serde_json::json;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::findings::checked;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::parts::cut;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;

const START: u64 = 1 << 20;

const LEN: u64 = 1022 << 20;

/// The signature that the disk has, and the one that it had.
const NEW: &str = "0a1b2c3d";

const OLD: &str = "7d2c9d2c";

/// The 2003 disk with a `boot.ini` of this default and these entries.
fn disk(default: &str, entries: &[&str]) -> Disk {
    let disk = Disk::raw("win2003-bios");
    put(&disk, "/boot.ini", boot_ini(default, entries).as_bytes());
    disk
}

fn boot_ini(default: &str, entries: &[&str]) -> String {
    let entries: String =
        entries.iter().map(|entry| format!("{entry}=\"Windows\" /fastdetect\r\n")).collect();
    format!("[boot loader]\r\ntimeout=30\r\ndefault={default}\r\n[operating systems]\r\n{entries}")
}

/// Puts a file on the volume.
fn put(disk: &Disk, path: &str, bytes: &[u8]) {
    let volume = cut(&disk.path, START, LEN);
    put_ntfs(&volume, path, bytes);
    paste(&volume, &disk.path, START);
    fs::remove_file(volume).unwrap();
}

fn multi(rdisk: u32, partition: u32, directory: &str) -> String {
    format!(r"multi(0)disk(0)rdisk({rdisk})partition({partition}){directory}")
}

fn signature(named: &str) -> String {
    format!(r"signature({named})disk(0)rdisk(0)partition(1)\WINDOWS")
}

fn finding<'a>(target: &'a Json, code: &str) -> &'a Json {
    let all = target["findings"].as_array().unwrap();
    all.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code}: {all:#?}"))
}

/// Broken at `boot.ini`, for this reason and with this advice; `fix` without a switch has nothing to do about it.
#[track_caller]
fn stops(disk: &Disk, code: &str, says: &[&str]) {
    let target = checked(disk, 4, "broken");
    assert_eq!((&target["stop"]["hop"], &target["stop"]["code"]), (&"boot.ini".into(), &code.into()));
    assert_eq!(hop(&target, "boot.ini")["state"], "broken");
    let told = bcdrescue(&["check", "-v", disk.name()]).exits(4);
    says.iter().fold(told, |told, says| told.says(says));
    let before = hash(&disk.path);
    for switches in [&["--yes"][..], &["--yes", "--restore-identity"]] {
        bcdrescue(&[&["fix", disk.name()], switches].concat()).exits(4).says("nothing was written");
    }
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}

#[test]
fn the_chain_goes_through_boot_ini_to_windows() {
    let target = checked(&Disk::of("win2003-bios"), 0, "healthy");
    assert_eq!(hop(&target, "boot.ini")["state"], "ok");
    let evidence = r"default multi(0)disk(0)rdisk(0)partition(1)\WINDOWS: partition 1 (Windows)";
    assert_eq!(hop(&target, "boot.ini")["evidence"], evidence);
    assert_eq!(hop(&target, "Windows")["state"], "ok");
    assert_eq!(finding(&target, "ntldr")["severity"], "note");
}

#[test]
fn a_signature_that_the_disk_has_is_right() {
    let disk = disk(&signature(NEW), &[&signature(NEW)]);
    let target = checked(&disk, 0, "healthy");
    let message = finding(&target, "ntldr")["message"].as_str().unwrap();
    assert!(message.contains("by its current signature") && message.contains("nothing to patch"));
    assert_eq!(hop(&target, "Windows")["state"], "ok");
}

#[test]
fn a_signature_that_the_disk_has_lost_stops_ntldr() {
    let disk = disk(&signature(OLD), &[&signature(OLD)]);
    let lines = [
        "refers to disk signature 7d2c9d2c, but this disk has a different one",
        "this disk has signature 0a1b2c3d",
        "`fix --boot-ini` writes signature(7d2c9d2c) -> signature(0a1b2c3d)",
        "sfdisk --disk-id DISK 0x7d2c9d2c",
        "could not read from the selected boot disk",
    ];
    stops(&disk, "boot-ini-signature", &lines);
    // Another attached disk has the signature: whose it is only the user knows.
    let other = Disk::raw("win2003-bios-healthy");
    if let Some(machine) = Machine::of(&[(&disk, "512"), (&other, "512")]) {
        let target = machine.run(&["check", machine.device(0), "--json"]).exits(4).target();
        assert_eq!((&target["verdict"], &target["stop"]["hop"]), (&"broken".into(), &"boot.ini".into()));
        let other = json!({ "disk": machine.device(1), "partition": 1 });
        assert_eq!(finding(&target, "boot-ini-signature")["other_disk"], other);
        let with = ["fix", machine.device(0), "--with", machine.device(1), "--yes"];
        machine.run(&with).exits(0).says("nothing was written");
        let alone = machine.run(&["fix", machine.device(0), "--independent", "--yes"]).exits(4);
        alone.says("--independent --boot-ini");
    }
    // Named beside it, that one is meant; named with it, it is another machine's.
    let other = image("win2003-bios-healthy");
    bcdrescue(&["check", "-v", disk.name(), text(&other)]).exits(4);
    let target = bcdrescue(&["check", disk.name(), "--with", text(&other), "--json"]).exits(0).target();
    assert_eq!(hop(&target, "boot.ini")["state"], "unknown");
    let message = finding(&target, "boot-ini-elsewhere")["message"].as_str().unwrap();
    assert!(message.contains(text(&other)), "{message}");
    // The way out that it names.
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x7d2c9d2c"]);
    checked(&disk, 0, "healthy");
}

#[test]
fn a_partition_that_is_not_there_or_has_no_windows_stops_ntldr() {
    let there = multi(0, 1, r"\WINDOWS");
    let wrong = disk(&multi(0, 2, r"\WINDOWS"), &[&there]);
    let lines = [
        "refers to partition(2), which does not exist on this disk",
        "`fix --boot-ini` writes partition(2) -> partition(1)",
        "could not read from the selected boot disk",
    ];
    stops(&wrong, "boot-ini-partition", &lines);

    let disk = disk(&multi(0, 1, r"\WINNT"), &[&there]);
    stops(
        &disk,
        "boot-ini-partition",
        &[
            r"\WINNT\system32\hal.dll is missing",
            r"edit \boot.ini on partition 1 (Windows)",
            r"\WINNT to \WINDOWS",
        ],
    );
    put(&disk, "/boot.ini", boot_ini(&there, &[&there]).as_bytes());
    checked(&disk, 0, "healthy");
}

/// Both at once, and the other way about: Windows 2000's directory is there, and that of its successors is named.
#[test]
fn the_only_windows_is_proposed_wherever_it_is() {
    let disk = disk(&multi(0, 3, r"\WINDOWS.1"), &[]);
    stops(&disk, "boot-ini-partition", &["change partition(3) to partition(1), \\WINDOWS.1 to \\WINDOWS"]);
    // In the index of the directory the name stays where it is.
    disk.rename("WINDOWS", "WINNTXX");
    let renamed = boot_ini(&multi(0, 1, r"\WINDOWS"), &[&multi(0, 1, r"\WINNTXX")]);
    put(&disk, "/boot.ini", renamed.as_bytes());
    stops(&disk, "boot-ini-partition", &[r"\WINDOWS to \WINNTXX"]);
}

#[test]
fn a_disk_by_number_is_this_one_or_none() {
    let there = multi(0, 1, r"\WINDOWS");
    let wrong = disk(&multi(1, 2, r"\WINDOWS"), &[&there]);
    let lines = [
        "boot.ini refers to rdisk(1), but this disk is the only one, rdisk(0)",
        "change rdisk(1) to rdisk(0), partition(2) to partition(1)",
        "could not read from the selected boot disk",
    ];
    stops(&wrong, "boot-ini-disk", &lines);
    // Beside a second disk nobody can tell from here.
    let other = image("win2003-bios-healthy");
    let target = bcdrescue(&["check", wrong.name(), "--with", text(&other), "--json"]).exits(0).target();
    assert_eq!(hop(&target, "boot.ini")["state"], "unknown");
    assert_eq!(finding(&target, "boot-ini-elsewhere")["severity"], "note");
    let third = disk(&multi(2, 1, r"\WINDOWS"), &[&there]);
    bcdrescue(&["check", third.name(), "--with", text(&other), "--json"]).exits(4);
    put(&wrong, "/boot.ini", boot_ini(&there, &[&there]).as_bytes());
    checked(&wrong, 0, "healthy");
}

#[test]
fn scsi_needs_its_driver() {
    let there = multi(0, 1, r"\WINDOWS");
    let scsi = r"scsi(0)disk(3)rdisk(0)partition(1)\WINDOWS";
    let disk = disk(scsi, &[&there]);
    let lines = [
        r"through \ntbootdd.sys, which is missing next to \ntldr",
        "change scsi(0)disk(3)rdisk(0) to multi(0)disk(0)rdisk(0)",
        "or restore the driver from a backup",
    ];
    stops(&disk, "boot-ini-driver", &lines);
    put(&disk, "/ntbootdd.sys", b"a driver");
    let target = checked(&disk, 0, "healthy");
    assert_eq!(hop(&target, "boot.ini")["state"], "unknown");
    put(&disk, "/boot.ini", boot_ini(&there, &[&there]).as_bytes());
    checked(&disk, 0, "healthy");
}

#[test]
fn what_ntldr_loads_first_must_be_there() {
    for (file, code, at, says) in [
        ("NTDETECT.COM", "ntdetect-missing", "boot.ini", "NTDETECT failed"),
        ("hal.dll", "hal-missing", "Windows", r"missing or corrupt: <Windows root>\system32\hal.dll"),
        (
            "ntoskrnl.exe",
            "kernel-missing",
            "Windows",
            r"missing or corrupt: <Windows root>\system32\ntoskrnl.exe",
        ),
    ] {
        let disk = Disk::raw("win2003-bios");
        let mut other = file.to_owned();
        other.pop();
        other.push('_');
        disk.rename(file, &other);
        let target = checked(&disk, 4, "broken");
        let stop = &target["stop"];
        assert_eq!((&stop["hop"], &stop["code"]), (&at.into(), &code.into()));
        assert_eq!(stop["predicted_status"], Json::Null);
        assert_eq!(hop(&target, at)["state"], "broken");
        assert!(hop(&target, at)["evidence"].as_str().unwrap().to_lowercase().contains(&file.to_lowercase()));
        let told = bcdrescue(&["check", "-v", disk.name()]).exits(4).says(says);
        told.says("from a backup");
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    }
}

#[test]
fn utf_16_has_no_entries_for_ntldr() {
    let text = boot_ini(&multi(0, 1, r"\WINDOWS"), &[&multi(0, 1, r"\WINDOWS")]);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, encoding) in [([&[0xff, 0xfe], wide.as_slice()].concat(), "utf-16"), (wide, "utf-16le")] {
        let disk = Disk::raw("win2003-bios");
        put(&disk, "/boot.ini", &bytes);
        // What NTLDR starts without entries is there.
        let target = checked(&disk, 4, "degraded");
        assert_eq!(finding(&target, "boot-ini-utf16")["severity"], "degrades");
        assert_eq!(hop(&target, "boot.ini")["state"], "unknown");
        let command = format!("iconv -f {encoding} -t cp1252");
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says(&command);
        // The way out that it names.
        let file = disk.folder.path().join("boot.ini");
        fs::write(&file, &bytes).unwrap();
        let plain = judge("iconv", &["-f", encoding, "-t", "cp1252", crate::support::program::text(&file)]);
        assert_eq!(plain, text.as_bytes());
        put(&disk, "/boot.ini", &plain);
        checked(&disk, 0, "healthy");
    }
}

/// The lines that the advice has in quotes, as a file.
fn advised(finding: &Json) -> String {
    let advice = finding["remedy"].as_str().unwrap();
    advice.split('`').skip(1).step_by(2).map(|line| format!("{line}\r\n")).collect()
}

#[test]
fn without_a_boot_ini_ntldr_starts_windows_on_the_first_partition() {
    let disk = Disk::raw("win2003-bios");
    disk.rename("boot.ini", "boot.in_");
    let target = checked(&disk, 4, "degraded");
    let missing = finding(&target, "boot-ini-missing");
    assert_eq!(missing["severity"], "degrades");
    assert!(missing["evidence"].to_string().contains("Invalid BOOT.INI file"), "{missing}");
    assert_eq!((&hop(&target, "boot.ini")["state"], &target["stop"]), (&"ok".into(), &Json::Null));
    assert_eq!(hop(&target, "Windows")["state"], "ok");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
    let file = advised(missing);
    assert_eq!(
        file,
        boot_ini(&multi(0, 1, r"\WINDOWS"), &[&multi(0, 1, r"\WINDOWS")]).replace("timeout=30\r\n", "")
    );
    put(&disk, "/boot.ini", file.as_bytes());
    checked(&disk, 0, "healthy");
    // What it starts by itself has to be whole.
    let disk = Disk::raw("win2003-bios");
    disk.rename("boot.ini", "boot.in_");
    disk.rename("hal.dll", "hal.dl_");
    assert_eq!(checked(&disk, 4, "broken")["stop"]["code"], "hal-missing");
}

#[test]
fn without_a_boot_ini_ntldr_finds_no_windows_elsewhere() {
    // In a directory of another name, and on the second partition.
    let renamed = Disk::raw("win2003-bios");
    renamed.rename("boot.ini", "boot.in_");
    renamed.rename("WINDOWS", "WINDOWZ");
    let target = checked(&renamed, 4, "broken");
    assert_eq!(
        (&target["stop"]["hop"], &target["stop"]["code"]),
        (&"boot.ini".into(), &"boot-ini-missing".into())
    );
    bcdrescue(&["check", renamed.name()]).exits(4).says("bootcfg /rebuild");
    let second = Disk::raw("win2003-bios");
    second.rename("boot.ini", "boot.in_");
    let other = "label: dos\nlabel-id: 0x0a1b2c3d\n2: start=2048, size=2093056, type=7, bootable\n1: start=64, size=1024, type=7\n";
    crate::support::parts::sfdisk(&second.path, other);
    let first = second.folder.path().join("first.volume");
    fs::write(&first, vec![0; 1024 * 512]).unwrap();
    judge("mkfs.fat", &[text(&first)]);
    second.put(64 * 512, &fs::read(&first).unwrap());
    let target = checked(&second, 4, "broken");
    let missing = finding(&target, "boot-ini-missing");
    assert_eq!((&missing["severity"], &target["stop"]["hop"]), (&"blocks-boot".into(), &"boot.ini".into()));
    let file = advised(missing);
    assert!(file.contains(&multi(0, 2, r"\WINDOWS")), "{file}");
    put(&second, "/boot.ini", file.as_bytes());
    checked(&second, 0, "healthy");
}

#[test]
fn only_the_ntldr_of_windows_2000_looks_for_winnt() {
    let disk = Disk::raw("win2003-bios");
    disk.rename("boot.ini", "boot.in_");
    let volume = cut(&disk.path, START, LEN);
    if !crate::support::program::is_root() || !std::path::Path::new("/dev/fuse").exists() {
        return crate::support::program::not_run("a Windows in \\WINNT", "it needs root and /dev/fuse");
    }
    let mount = tempfile::tempdir().unwrap();
    judge("ntfs-3g", &[text(&volume), text(mount.path())]);
    let renamed = fs::rename(mount.path().join("WINDOWS"), mount.path().join("WINNT"));
    judge("umount", &[text(mount.path())]);
    renamed.unwrap();
    paste(&volume, &disk.path, START);
    let target = checked(&disk, 4, "degraded");
    let missing = finding(&target, "boot-ini-missing");
    assert!(missing["evidence"].to_string().contains("only the NTLDR of Windows 2000"), "{missing}");
    assert_eq!(hop(&target, "boot.ini")["state"], "unknown");
    put(&disk, "/boot.ini", advised(missing).as_bytes());
    checked(&disk, 0, "healthy");
}

#[test]
fn an_entry_beside_the_default_only_degrades() {
    let default = multi(0, 1, r"\WINDOWS");
    for (entry, code) in [
        (signature(OLD), "boot-ini-signature"),
        (multi(0, 3, r"\WINDOWS"), "boot-ini-partition"),
        (multi(0, 1, r"\WINDOWS.0"), "boot-ini-partition"),
    ] {
        let disk = disk(&default, &[&default, &entry]);
        let target = checked(&disk, 4, "degraded");
        let finding = finding(&target, code);
        assert_eq!(finding["severity"], "degrades");
        assert_eq!(finding["subject"], format!(r"\boot.ini {entry}"));
        assert_eq!(hop(&target, "boot.ini")["state"], "ok");
    }
}

#[test]
fn what_leads_elsewhere_cannot_be_judged_from_here() {
    for default in [r"C:\", "nonsense", ""] {
        let target = checked(&disk(default, &[]), 0, "healthy");
        assert_eq!(hop(&target, "boot.ini")["state"], "unknown", "{default}");
    }
}
