//! Disks whose identity changed, and on which something else is where Windows was.

use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::chance::Chance;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::codes;
use crate::support::findings::findings;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::parts::part;
use crate::support::program::bcdrescue;
use crate::support::program::text;

const BIOS: (&str, u32) = ("win10-bios-healthy", 2);
const UEFI: (&str, u32) = ("win11-uefi-healthy", 3);

/// Bytes of a volume's begin that are written over.
const LEN: usize = 128 << 10;

/// A volume that this program made, as far as it is written.
fn made_by(program: &str, arguments: &[&str]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(16 << 20).unwrap();
    judge(program, &[arguments, &[text(file.path())]].concat());
    let mut head = vec![0; LEN];
    file.as_file().read_exact_at(&mut head, 0).unwrap();
    head
}

fn noise() -> Vec<u8> {
    let mut chance = Chance::new("noise", 7);
    (0..LEN / 8).flat_map(|_| chance.next().to_le_bytes()).collect()
}

/// The disk with these bytes where its Windows begins, and with another identity.
fn lost((base, number): (&str, u32), head: &[u8]) -> Disk {
    let disk = Disk::raw(base);
    disk.put(part(&disk, number).start, head);
    match base {
        "win11-uefi-healthy" => drop(judge("sgdisk", &["--disk-guid=R", disk.name()])),
        _ => disk.put(0x1b8, &[1, 2, 3, 4]),
    }
    disk
}

/// What stands in the place of Windows, and the status that is shown of it on a GPT disk.
fn kinds() -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let luks = [b"LUKS\xba\xbe\0\x02".as_slice(), &vec![0; LEN - 8]].concat();
    vec![
        ("ext4", made_by("mkfs.ext4", &["-q", "-F"]), Some("0xc00000bb")),
        ("swap", made_by("mkswap", &["-q"]), None),
        ("LUKS", luks, None),
        ("cannot be read", vec![0; LEN], None),
    ]
}

/// A changed disk GUID stops nobody, so that the boot manager comes to what is on the partition.
#[test]
fn of_a_gpt_disk_the_partition_is_judged_under_whatever_disk_guid() {
    for (name, head, status) in kinds() {
        let disk = lost(UEFI, &head);
        let target = checked(&disk, 4, "broken");
        let stop = &target["stop"];
        assert_eq!((&stop["hop"], stop["predicted_status"].as_str()), (&"loader".into(), status), "{name}");
        assert!(stop["message"].as_str().unwrap().contains(name), "{stop}");
        assert_eq!(
            (&hop(&target, "device")["state"], &hop(&target, "loader")["state"]),
            (&"ok".into(), &"broken".into())
        );
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(5).says("still");
        checked(&disk, 4, "broken");
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    }
    // A volume that was formatted anew has none of the files either.
    let disk = Disk::raw(UEFI.0);
    let at = part(&disk, UEFI.1);
    let arguments =
        ["-q", "-F", "-Q", "-p", &(at.start / 512).to_string(), "-s", "512", "-S", "63", "-H", "255"];
    disk.put(at.start, &made_by("mkntfs", &arguments));
    judge("sgdisk", &["--disk-guid=R", disk.name()]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(target["stop"]["hop"], "loader", "{:#}", target["stop"]);
}

#[test]
fn the_old_name_of_a_partition_that_was_written_over_is_not_lost() {
    for (name, head, _) in kinds() {
        let disk = lost(BIOS, &head);
        let target = checked(&disk, 4, "broken");
        assert_eq!(target["stop"]["predicted_status"], "0xc000000e", "{name}");
        // All that is stale is of one disk: nothing stays behind that nobody could tell of later.
        let stale = findings(&target, "signature-changed");
        assert!(stale.iter().all(|it| it["remedy"].as_str().unwrap().contains("re-points")), "{stale:#?}");
        can_be_restored(&disk, &target);
        let sound = Disk::raw(BIOS.0);
        let before = std::fs::File::open(&sound.path).unwrap();
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(5);
        let mut bytes = vec![0; LEN];
        let start = part(&disk, BIOS.1).start;
        before.read_exact_at(&mut bytes, start).unwrap();
        disk.put(start, &bytes);
        checked(&disk, 0, "healthy");
    }
}

/// Nobody can tell what is there: then what changes least is suggested, and what would close that is asked for by a switch.
#[test]
fn where_nobody_can_look_the_old_identity_is_what_is_suggested() {
    let disk = lost(BIOS, &noise());
    let target = checked(&disk, 4, "broken");
    assert_eq!(
        (&target["stop"]["hop"], &hop(&target, "loader")["state"]),
        (&"device".into(), &"unknown".into())
    );
    assert_eq!(target["fix"]["then"], "unknown");
    assert!(target["fix"]["command"].as_str().unwrap().contains("--restore-identity"), "{}", target["fix"]);
    can_be_restored(&disk, &target);
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("--repoint").says("--restore-identity");
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(13);
    let after = checked(&disk, 8, "unknown");
    assert_eq!(
        (&hop(&after, "device")["state"], &hop(&after, "loader")["state"]),
        (&"ok".into(), &"unknown".into())
    );
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    // On a GPT disk nothing stops there, and nothing has to be suggested.
    let target = checked(&lost(UEFI, &noise()), 8, "unknown");
    assert!(target["fix"]["command"].is_null(), "{}", target["fix"]);
    assert!(codes(&target).contains(&"file-unknown"));
}

/// What `check` says of the old identity is what `fix` does.
#[track_caller]
fn can_be_restored(disk: &Disk, target: &Json) {
    assert_eq!(target["restore_identity"]["possible"], true, "{}", target["restore_identity"]);
    let before = hash(&disk.path);
    let run = bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]);
    assert!(run.code & 1 == 1, "{}{}", run.stdout, run.stderr);
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    std::fs::remove_file(record).unwrap();
}
