//! `drivers` in a recipe: Windows that are ready for a disk controller, or short of that, as `check --on` sees them; what can be cured is.

use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::judges::hivex;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::letters::SYSTEM;
use crate::support::parts::cut;
use crate::support::parts::listed;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// What `check --on` says of a controller, and its exit code.
#[track_caller]
fn answer(image: &str, controller: &str, code: i32) -> String {
    let target = bcdrescue(&["check", image, "--on", controller, "--json"]).exits(code).target();
    let answers = target["windows"][0]["controllers"].as_array().unwrap().clone();
    assert_eq!(answers.len(), 1);
    answers[0]["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn every_base_gets_them() {
    for (base, controllers) in [
        ("win2003-bios", &["virtio-blk"][..]),
        ("win2008sp2-bios", &["ahci"]),
        ("win2008r2-bios", &["hyperv"]),
        ("win7-logical", &["lsi-sas"]),
        ("win10-bios", &["virtio-scsi", "ide"]),
        ("win11-uefi", &["azure-nvme"]),
        ("win2022-uefi-4kn", &["nvme"]),
    ] {
        for controller in controllers {
            for (state, code) in [("ready", 0), ("patchable", 4), ("not-ready", 4)] {
                let recipe = format!("base = {base:?}\ndrivers = {{ {controller} = {state:?} }}\n");
                let disk = made(&recipe, "made.qcow2");
                bcdrescue(&["check", disk.name()]).exits(0);
                assert_eq!(answer(disk.name(), controller, code), state, "{base}, {controller}");
                if state != "patchable" {
                    continue;
                }
                let before = hash(&disk.path);
                bcdrescue(&["fix", disk.name(), "--on", controller, "--yes"]).exits(1);
                assert_eq!(answer(disk.name(), controller, 0), "ready", "{base}, {controller}");
                bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
                assert_eq!(hash(&disk.path), before, "{base}, {controller}");
            }
        }
    }
}

#[test]
fn overridden_and_staged_are_of_windows_8_and_later() {
    for (state, code) in [("ready-but-overridden", 4), ("staged", 4)] {
        for base in ["win10-bios", "win11-uefi"] {
            let disk =
                made(&format!("base = {base:?}\ndrivers = {{ virtio-scsi = {state:?} }}\n"), "made.qcow2");
            assert_eq!(answer(disk.name(), "virtio-scsi", code), state, "{base}");
        }
    }
    for (recipe, why) in [
        ("base = 'win7-logical'\ndrivers = { ahci = 'staged' }", "ahci: only Windows 8 and later"),
        ("base = 'win2003-bios'\ndrivers = { nvme = 'ready' }", "this Windows has no driver for nvme"),
        (
            "base = 'win10-bios'\ndrivers = { nvme = 'fine' }",
            "line 2: drivers: nvme: expected one of ready, ",
        ),
        ("base = 'win10-bios'\ndrivers = { floppy = 'ready' }", "expected one of virtio-blk, "),
        (
            "base = 'win10-bios'\ndrivers = { nvme = 'ready', azure-nvme = 'patchable' }",
            "stornvme, which is something else for another",
        ),
    ] {
        let folder = crate::support::disk::folder();
        let (run, out) = crate::support::disk::make(folder.path(), recipe, "out.qcow2");
        let run = run.exits(16);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert!(!out.exists());
    }
}

/// A new identity and drivers that are not loaded: both are mended at once. hivex and ntfs-3g read what was made.
#[test]
fn others_read_what_was_made() {
    let recipe = "base = 'win10-bios'\ndrivers = { virtio-scsi = 'patchable', nvme = 'ready' }\ndamage = ['signature-changed']\n";
    let disk = made(recipe, "made.raw");
    let (start, len) = listed(&disk, 2);
    let volume = cut(&disk.path, start, len);
    judge("ntfsfix", &["-n", text(&volume)]);
    let values = hivex(&ntfs_file(&volume, SYSTEM));
    let start = |service: &str| {
        let path = format!(r"\controlset001\services\{service}\start");
        let (_, value) = values.iter().find(|(name, _)| name.to_lowercase().ends_with(&path)).unwrap();
        value.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!((start("vioscsi"), start("stornvme"), start("disk")), ("3".into(), "0".into(), "0".into()));
    for file in ["vioscsi.sys", "stornvme.sys", "storport.sys", "classpnp.sys"] {
        assert!(!ntfs_file(&volume, &format!("/Windows/System32/drivers/{file}")).is_empty(), "{file}");
    }
    bcdrescue(&["fix", disk.name(), "--on", "virtio-scsi", "--yes"]).exits(1).says("verified: healthy");
    bcdrescue(&["check", disk.name(), "--require", "starts-on=virtio-scsi,starts-on=nvme,starts-on-bios"])
        .exits(0);
}
