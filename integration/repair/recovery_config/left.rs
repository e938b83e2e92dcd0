//! What is not certain, and stays; and what is refused.

use super::*;
use crate::support::parts::sfdisk;
use crate::support::repair::refused_with;

#[test]
fn which_of_two_images_is_meant_nobody_tells() {
    let entry = entry(&Disk::raw(MBR.healthy));
    let of =
        |path: &str| xml(&entry, MBR.id, 7, NO_GUID, 1).replace(r"\Recovery\WindowsRE", path).into_bytes();
    let disk = disk(MBR.healthy, &MBR, &of(r"\RE"));
    left(&disk, 0, "where no partition starts");
    change(&disk, 1, |volume| with_directory(volume, r"\", "RE", "Winre.wim"));
    left(&disk, 0, r"recovery entry starts \\Recovery\\WindowsRE\\Winre.wim on partition 1");
    change(&disk, 2, |volume| with_directory(volume, r"\", "RE", "WINRE.WIM"));
    left(&disk, 0, r"several partitions have \\RE\\Winre.wim");
    // That which the entry starts is meant, whichever other there is.
    change(&disk, 2, |volume| with_directory(volume, r"\", "Recovery", "x"));
    change(&disk, 2, |volume| with_directory(volume, r"\Recovery", "WindowsRE", "Winre.wim"));
    change(&disk, 2, |volume| put_ntfs(volume, OWN, &of(r"\Recovery\WindowsRE")));
    assert_eq!(found(&disk, 0)["switch"], "--recovery-config");
}

#[test]
fn another_disk_is_left() {
    for right in [&GPT, &MBR] {
        let start = start(right);
        let (id, guid) = match right.id {
            "0" => ("0", NO_GUID.replace("00}", "01}")),
            _ => ("16909060", NO_GUID.to_owned()),
        };
        // No entry of a store, and nothing that tells whose it was.
        let disk = Disk::raw(right.healthy);
        let file = xml(NO_GUID, id, start, &guid, 1);
        change(&disk, right.windows, |volume| put_ntfs(volume, OWN, file.as_bytes()));
        left(&disk, 0, "nothing says that disk");
        // Switched off, whatever it names.
        let off = xml(GONE, id, 7, &guid, 0);
        change(&disk, right.windows, |volume| put_ntfs(volume, OWN, off.as_bytes()));
        assert!(!has(&check(&disk, 0), "recovery-config"));
        bcdrescue(&["fix", disk.name(), "--recovery-config", "--yes"]).exits(0).says("nothing was written");
    }
}

#[test]
fn what_has_no_plain_value_is_left() {
    let entry = entry(&Disk::raw(GPT.healthy));
    let good = xml(&entry, "0", 7, GPT.guid, 1);
    for (from, to, says) in [
        // Spelt by the numbers of its characters; two elements for one entry.
        ("offset=\"7\"", "offset=\"&#55;\"", "no plain attribute offset"),
        (" path=\"\\Recovery\\WindowsRE\"", "", "where no partition starts"),
        (" path=\"\\Recovery\\WindowsRE\"", " path=\"Recovery\\WindowsRE\"", "where no partition starts"),
        (" path=\"\\Recovery\\WindowsRE\"", " path=\"\\Other\"", "where no partition starts"),
        (&format!(" guid=\"{}\"", GPT.guid), "", "where no partition starts"),
    ] {
        let disk = disk(GPT.healthy, &GPT, good.replacen(from, to, 1).as_bytes());
        left(&disk, 0, says);
    }
    let twice = good.replace("<WinreLocation", &format!("<WinreBCD id=\"{GONE}\"/><WinreLocation"));
    let twice = twice.replace("offset=\"7\"", &format!("offset=\"{}\"", start(&GPT)));
    left(&disk(GPT.healthy, &GPT, twice.as_bytes()), 0, "in no store");
}

/// What nobody can see may have the image that is meant.
#[test]
fn beside_a_volume_that_cannot_be_read_a_place_is_left() {
    let entry = entry(&Disk::raw(MBR.healthy));
    let file = xml(&entry, MBR.id, 7, NO_GUID, 1).replace(r"\Recovery\WindowsRE", r"\RE");
    let disk = disk(MBR.healthy, &MBR, file.as_bytes());
    change(&disk, 1, |volume| with_directory(volume, r"\", "RE", "Winre.wim"));
    let end = part(&disk, 2).start + part(&disk, 2).len;
    let script = String::from_utf8(judge("sfdisk", &["-d", disk.name()])).unwrap();
    fs::File::options().write(true).open(&disk.path).unwrap().set_len(end + (8 << 20)).unwrap();
    let script: String =
        script.lines().filter(|line| !line.contains("device:")).map(|line| format!("{line}\n")).collect();
    let script = script.replace(&format!("{}1", disk.name()), "1").replace(&format!("{}2", disk.name()), "2");
    let boot_code = fs::read(&disk.path).unwrap()[..440].to_vec();
    sfdisk(&disk.path, &format!("{script}3: start={}, size=4096, type=7\n", end / 512));
    disk.put(0, &boot_code);
    let mut sector = vec![0; 512];
    sector[..11].copy_from_slice(b"\xeb\x58\x90-FVE-FS-");
    sector[0x0b..0x0d].copy_from_slice(&512u16.to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    disk.put(end, &sector);
    let finding = found(&disk, 0);
    assert!(finding["switch"].is_null(), "{finding}");
    assert!(
        finding["evidence"].to_string().contains(r"cannot be read, and may have \\RE\\Winre.wim too"),
        "{finding}"
    );
}

#[track_caller]
fn refused(disk: &Disk, switches: &[&str], says: &str) {
    refused_with(disk, &[&["--recovery-config"], switches].concat(), 8, &[says]);
}

#[test]
fn a_volume_that_is_not_at_rest_is_not_written() {
    for right in [&GPT, &MBR] {
        let entry = entry(&Disk::raw(right.healthy));
        let wrong = xml(&entry, right.id, 7, right.guid, 1);
        let dirty = disk(right.healthy, right, wrong.as_bytes());
        change(&dirty, right.windows, |volume| drop(judge("ntfsfix", &[text(volume)])));
        assert!(found(&dirty, 0)["switch"].is_null());
        refused(&dirty, &[], r"\Windows\System32\Recovery\ReAgent.xml on partition");
        refused(&dirty, &["--allow-dirty-volume"], "--allow-dirty-volume does not override this");
        let asleep = disk(right.healthy, right, wrong.as_bytes());
        let mut session = vec![0; 4096];
        session[..4].copy_from_slice(b"hibr");
        change(&asleep, right.windows, |volume| put_ntfs(volume, "/hiberfil.sys", &session));
        assert!(found(&asleep, 0)["switch"].is_null());
        refused(&asleep, &["--allow-hibernated"], "--allow-hibernated does not override this");
        refused(&asleep, &[], "or omit --recovery-config");
        bcdrescue(&["fix", asleep.name(), "--yes"]).exits(0).says("nothing was written");
    }
}

#[test]
fn it_is_not_asked_for_with_the_old_identity() {
    let (entry, start) = (entry(&Disk::raw(GPT.broken)), start(&GPT));
    let old = xml(&entry, GPT.id, start, GPT.guid, 1);
    let disk = disk(GPT.broken, &GPT, old.as_bytes());
    bcdrescue(&["fix", disk.name(), "--recovery-config", "--restore-identity"]).exits(16);
    bcdrescue(&["fix", disk.name(), "--restore-identity", "--yes"]).exits(1);
    assert_eq!(file(&disk, GPT.windows, OWN), old.as_bytes());
    assert!(!has(&checked(&disk, 0, "healthy"), "recovery-config"));
}
