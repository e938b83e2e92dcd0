//! `bcdrescue-make-image`: what a recipe asks for is what comes out, the same bytes each time, and others' programs agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;

use crate::support::disk::Disk;
use crate::support::disk::image;
use crate::support::disk::made;
use crate::support::disk::make;
use crate::support::disk::same_content;
use crate::support::findings::codes;
use crate::support::judges::fat_file;
use crate::support::judges::hivex;
use crate::support::judges::hivex_bytes;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::make_image::make_image;
use crate::support::parts::cut;
use crate::support::program::bcdrescue;
use crate::support::program::run;
use crate::support::program::text;
use crate::support::store::BIOS;
use crate::support::store::store_of;

/// MBR disks with a store, and GPT disks; `win2003-bios` has neither.
const MBR: [&str; 4] = ["win2008sp2-bios", "win2008r2-bios", "win7-logical", "win10-bios"];

const GPT: [&str; 2] = ["win11-uefi", "win2022-uefi-4kn"];

const NT5: &str = "win2003-bios";

/// A damage: to which bases, what check finds, and the switches with which fix cures it, where it can.
type Case =
    (&'static str, &'static [&'static str], &'static str, &'static str, Option<&'static [&'static str]>);

/// What is lost is made anew.
const REBUILD: &[&str] = &["--rebuild"];

const MBR_CASES: [Case; 7] = [
    ("signature-changed", &MBR, "broken", "signature-changed", Some(&[])),
    ("not-active", &MBR, "broken", "active-partition-missing", Some(&["--active", "1"])),
    (
        "two-active",
        &["win2008r2-bios", "win10-bios"],
        "broken",
        "active-partition-ambiguous",
        Some(&["--active", "1"]),
    ),
    ("hidden-sectors-wrong", &MBR, "broken", "boot-record-place", Some(&["--boot-sector"])),
    ("boot-manager-missing", &MBR, "broken", "boot-manager-missing", Some(REBUILD)),
    ("system-logical", &["win2008r2-bios", "win10-bios"], "broken", "system-volume-logical", Some(REBUILD)),
    ("windows-type", &["win2008r2-bios", "win10-bios"], "healthy", "partition-type", None),
];

const GPT_CASES: [Case; 9] = [
    ("signature-changed", &GPT, "degraded", "disk-guid-changed", Some(&[])),
    ("guids-changed", &GPT, "broken", "disk-unknown", Some(&[])),
    ("protective-mbr-missing", &GPT, "broken", "protective-mbr-missing", Some(&["--protective-mbr"])),
    ("protective-mbr-moved", &GPT, "broken", "protective-mbr-wrong", Some(&["--protective-mbr"])),
    ("mbr-over-gpt", &GPT, "broken", "mbr-over-gpt", Some(&["--protective-mbr"])),
    ("boot-manager-missing", &GPT, "broken", "boot-manager-missing", Some(REBUILD)),
    ("esp-type", &GPT, "healthy", "partition-type", None),
    ("windows-type", &GPT, "healthy", "partition-type", None),
    ("esp-ntfs", &GPT, "broken", "no-system-volume", None),
];

const STORE_CASES: [Case; 18] = [
    ("loader-missing", &MBR, "broken", "file-missing", None),
    ("loader-missing", &GPT, "broken", "file-missing", None),
    ("setup-medium-store", &MBR, "broken", "no-windows-entry", Some(REBUILD)),
    ("setup-medium-store", &GPT, "broken", "no-windows-entry", Some(REBUILD)),
    ("loader-zeros", &MBR, "broken", "loader-broken", None),
    ("loader-zeros", &["win11-uefi"], "broken", "loader-broken", None),
    ("store-not-a-hive", &["win2008sp2-bios", "win10-bios"], "broken", "store-unreadable", Some(REBUILD)),
    ("store-not-a-hive", &GPT, "broken", "store-unreadable", Some(REBUILD)),
    ("store-dirty", &["win2008r2-bios", "win7-logical"], "broken", "store-dirty", Some(REBUILD)),
    ("store-dirty", &GPT, "broken", "store-dirty", Some(REBUILD)),
    ("bitlocker", &["win2008r2-bios", "win10-bios", "win7-logical"], "healthy", "bitlocker", None),
    ("hibernated", &["win10-bios", "win7-logical"], "healthy", "hibernated", None),
    ("hibernated", &["win11-uefi"], "healthy", "hibernated", None),
    ("bitlocker", &GPT, "healthy", "bitlocker", None),
    ("veracrypt", &["win2008r2-bios", "win10-bios", "win7-logical"], "healthy", "encrypted", None),
    ("ext4", &["win2008r2-bios", "win10-bios", "win7-logical"], "broken", "file-missing", None),
    ("ext4", &GPT, "broken", "file-missing", None),
    ("raid-member", &MBR, "healthy", "raid-member", None),
];

/// What a rebuild is for.
const REBUILD_CASES: [Case; 11] = [
    ("no-store", &MBR, "broken", "store-missing", Some(REBUILD)),
    ("no-store", &GPT, "broken", "store-missing", Some(REBUILD)),
    ("noise-store", &MBR, "broken", "store-unreadable", Some(REBUILD)),
    ("noise-store", &GPT, "broken", "store-unreadable", Some(REBUILD)),
    ("esp-empty", &GPT, "broken", "no-system-volume", Some(REBUILD)),
    ("esp-foreign", &GPT, "broken", "no-system-volume", Some(REBUILD)),
    ("esp-unformatted", &GPT, "broken", "no-system-volume", Some(&["--rebuild", "--format-esp", "1"])),
    (
        "system-reserved-empty",
        &["win2008r2-bios", "win7-logical", "win10-bios"],
        "broken",
        "no-system-volume",
        Some(REBUILD),
    ),
    (
        "windows-only",
        &["win2008sp2-bios", "win2008r2-bios", "win10-bios"],
        "broken",
        "no-system-volume",
        Some(REBUILD),
    ),
    ("no-boot-code", &MBR, "broken", "boot-code-missing", Some(REBUILD)),
    ("no-boot-code", &[NT5], "broken", "boot-record-empty", None),
];

const NT5_CASES: [Case; 7] = [
    ("signature-changed", &[NT5], "healthy", "ntldr", None),
    ("not-active", &[NT5], "broken", "active-partition-missing", Some(&["--active", "1"])),
    ("hidden-sectors-wrong", &[NT5], "broken", "boot-record-place", Some(&["--boot-sector"])),
    ("boot-manager-missing", &[NT5], "broken", "no-system-volume", None),
    ("ntdetect-missing", &[NT5], "broken", "ntdetect-missing", None),
    ("boot-ini-missing", &[NT5], "degraded", "boot-ini-missing", None),
    ("hal-missing", &[NT5], "broken", "hal-missing", None),
];

fn sha256(path: &Path) -> Vec<u8> {
    Sha256::digest(fs::read(path).unwrap()).to_vec()
}

/// The codes of all findings, each once.
fn codes_once(target: &Json) -> BTreeSet<&str> {
    codes(target).into_iter().collect()
}

fn check(disk: &Disk) -> Json {
    bcdrescue(&["check", disk.name(), "--json"]).target()
}

#[track_caller]
fn is_sound(disk: &Disk) {
    judge("qemu-img", &["check", "-q", disk.name()]);
}

#[track_caller]
fn comes_out(cases: &[Case]) {
    for (damage, bases, verdict, code, cure) in cases {
        for base in *bases {
            let recipe = format!("base = \"{base}\"\ndamage = [\"{damage}\"]\n");
            let disk = made(&recipe, "disk.qcow2");
            let before = sha256(&disk.path);
            assert_eq!(sha256(&made(&recipe, "again.qcow2").path), before, "{recipe}");
            is_sound(&disk);
            assert!(fs::metadata(&disk.path).unwrap().len() < 512 << 10, "{recipe}");
            let target = check(&disk);
            assert_eq!(target["verdict"], *verdict, "{recipe}{target:#}");
            assert!(codes_once(&target).contains(*code), "{recipe}{target:#}");
            let fixed = bcdrescue(&[&["fix", disk.name(), "--yes"], cure.unwrap_or_default()].concat());
            match cure {
                Some(_) => {
                    fixed.exits(1);
                    assert_eq!(check(&disk)["verdict"], "healthy", "{recipe}");
                    is_sound(&disk);
                }
                None => {
                    assert_ne!(fixed.code & 1, 1, "{recipe}{}", fixed.stdout);
                    assert_eq!(sha256(&disk.path), before, "{recipe}");
                }
            }
        }
    }
}

#[test]
fn what_an_mbr_suffers_is_found_and_cured() {
    comes_out(&MBR_CASES);
}

#[test]
fn what_a_gpt_suffers_is_found_and_cured() {
    comes_out(&GPT_CASES);
}

#[test]
fn what_a_store_or_loader_suffers_is_found() {
    comes_out(&STORE_CASES);
}

#[test]
fn what_a_rebuild_is_for_is_found() {
    comes_out(&REBUILD_CASES);
}

#[test]
fn what_windows_2003_suffers_is_found() {
    comes_out(&NT5_CASES);
}

#[test]
fn every_base_and_damage_that_is_listed_is_tried_here() {
    let list = run(make_image(), &["--list"]).exits(0).stdout;
    let (bases, damages) = list.split_once("\ndamages:\n").unwrap();
    let (damages, states) = damages.split_once("\nstates of drivers, ").unwrap();
    let names = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let own = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(names(bases), own(&[&MBR[..], &GPT, &[NT5]].concat()));
    let cases = [&MBR_CASES[..], &GPT_CASES, &STORE_CASES, &REBUILD_CASES, &NT5_CASES].concat();
    let tried = cases.iter().map(|case| case.0).chain(["generalized"]);
    assert_eq!(names(damages), own(&tried.collect::<Vec<_>>()));
    // Those are tried in `driver_states`.
    assert_eq!(names(states), own(&["ready", "ready-but-overridden", "patchable", "staged", "not-ready"]));
}

/// A store that names no disk starts under every signature; hivex finds the same elements in it, and the old signature in none.
#[test]
fn a_generalized_disk_starts_under_every_identity() {
    for base in MBR {
        let healthy = check(&Disk::of(&format!("{base}-healthy")));
        let signature = healthy["disk"]["identity"].as_str().unwrap().trim_start_matches("0x").to_owned();
        let signature = u32::from_str_radix(&signature, 16).unwrap().to_le_bytes();
        let recipe = format!("base = '{base}'\ndamage = ['generalized', 'signature-changed']\n");
        let disk = made(&recipe, "disk.raw");
        let again = made(&recipe, "again.raw");
        assert!(same_content(&disk.path, &again.path), "{base}");
        let plain = made(&format!("base = '{base}'\n"), "plain.raw");
        let required = |disk: &Disk, code| {
            bcdrescue(&["check", disk.name(), "--require", "generalized"]).exits(code);
        };
        required(&disk, 0);
        required(&plain, 4);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing to do");
        let (store, old) = (store_of(&disk, BIOS), store_of(&plain, BIOS));
        let (values, old) = (hivex(&store), hivex(&old));
        assert!(values.keys().eq(old.keys()), "{base}");
        assert!(values.len() > 20 && values != old, "{base}");
        for path in values.keys().filter(|path| path.contains("\\Elements\\")) {
            if values[path].contains("base64 ") {
                let bytes = hivex_bytes(&store, path);
                assert!(!bytes.windows(4).any(|window| window == signature), "{base} {path}");
            }
        }
    }
    let folder = TempDir::new().unwrap();
    let (run, out) = make(folder.path(), "base = 'win11-uefi'\ndamage = ['generalized']", "disk.qcow2");
    let run = run.exits(16);
    assert!(run.stderr.contains("its recovery environment is on a partition of its own"), "{}", run.stderr);
    assert!(!out.exists());
}

#[test]
fn a_base_is_the_committed_disk_and_another_identity_leaves_it_as_well() {
    for (bases, identity) in
        [(&[&MBR[..], &[NT5]].concat()[..], "0x1"), (&GPT, "{0A2071C8-53C4-490E-8476-749B002C1F46}")]
    {
        for base in bases {
            let plain = made(&format!("base = \"{base}\""), "disk.qcow2");
            is_sound(&plain);
            assert!(same_content(&plain.path, &image(&format!("{base}-healthy"))), "{base}");
            let [was, is] =
                [plain, made(&format!("base = \"{base}\"\nidentity = \"{identity}\""), "disk.qcow2")]
                    .map(|disk| (check(&disk), disk));
            is_sound(&is.1);
            assert_eq!(
                (&was.0["verdict"], &is.0["verdict"]),
                (&"healthy".into(), &"healthy".into()),
                "{base}"
            );
            // Nothing on the disk names the old identity: not even a note says so.
            assert_eq!(codes_once(&is.0), codes_once(&was.0), "{base}");
            assert_ne!(is.0["disk"], was.0["disk"], "{base}");
        }
    }
}

#[test]
fn sfdisk_sees_identity_and_size_of_an_mbr() {
    let recipe = "base = \"win10-bios\"\nidentity = \"0x1234abcd\"\nsize = \"40 GiB\"\n";
    let disk = made(recipe, "disk.img");
    assert_eq!(fs::metadata(&disk.path).unwrap().len(), 40 << 30);
    let taken = judge("du", &["-k", disk.name()]);
    let taken: u64 = String::from_utf8(taken).unwrap().split('\t').next().unwrap().parse().unwrap();
    assert!(taken < 16 << 10, "{taken} KiB");
    let table: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    assert_eq!(table["partitiontable"]["id"], "0x1234abcd");
    let changed =
        made(&format!("{recipe}damage = ['signature-changed']\nnew_identity = '0x5678abcd'"), "disk.raw");
    let table: Json = serde_json::from_slice(&judge("sfdisk", &["-J", changed.name()])).unwrap();
    assert_eq!(table["partitiontable"]["id"], "0x5678abcd");
    assert_eq!(check(&changed)["verdict"], "broken");
    bcdrescue(&["fix", "--yes", "--restore-identity", changed.name()]).exits(1);
    // Both forms hold the same disk, and the old identity is all that is to be brought back.
    let image = made(recipe, "disk.qcow2");
    is_sound(&image);
    assert!(same_content(&image.path, &disk.path) && same_content(&changed.path, &disk.path));
}

#[test]
fn sgdisk_finds_no_problem_with_a_grown_gpt() {
    let guid = "12345678-3B1D-4C01-9A2C-0242AC1B0001";
    let recipe = format!("base = \"win11-uefi\"\nidentity = \"{guid}\"\nsize = \"40 GiB\"\n");
    let disk = made(&recipe, "disk.img");
    let said = String::from_utf8(judge("sgdisk", &["-v", disk.name()])).unwrap();
    assert!(said.contains("No problems found") && !said.contains("Caution"), "{said}");
    let said = String::from_utf8(judge("sgdisk", &["-p", disk.name()])).unwrap();
    assert!(said.contains(guid) && said.contains("40.0 GiB"), "{said}");
    assert!(said.contains("last usable sector is 83886046"), "{said}");
    // It warns of a protective entry that does not cover the disk.
    assert_eq!(run("sfdisk", &["-d", disk.name()]).exits(0).stderr, "");
    let target = check(&disk);
    assert_eq!((&target["verdict"], codes_once(&target)), (&"healthy".into(), BTreeSet::new()));
    let large = made("base = \"win2022-uefi-4kn\"\nsize = \"2 TiB\"", "disk.qcow2");
    is_sound(&large);
    // No note of a backup that is not in the last sector.
    bcdrescue(&["check", large.name()]).exits(0).says("2 TiB, 4096-byte sectors");
    assert!(!bcdrescue(&["list", large.name()]).stdout.contains("grown"));
}

/// The partition of that number as a file of its own.
fn volume(disk: &Disk, number: u64) -> PathBuf {
    let raw = disk.content("disk.raw");
    let target = bcdrescue(&["inspect", disk.name(), "--json"]).target();
    let parts = target["partitions"].as_array().unwrap();
    let part = parts.iter().find(|part| part["number"] == number).unwrap();
    let [start, len] = ["start", "size"].map(|field| part[field].as_u64().unwrap());
    cut(&raw, start, len)
}

#[test]
fn the_judges_of_file_systems_find_the_file_by_its_other_name_alone() {
    let finds_not = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(!output.status.success(), "{program} {arguments:?}");
    };
    for (base, damage, number, folder, old, new) in [
        ("win2003-bios", "boot-manager-missing", 1, "", "ntldr", "ntld_"),
        ("win2003-bios", "ntdetect-missing", 1, "", "NTDETECT.COM", "NTDETECT.CO_"),
        ("win2003-bios", "hal-missing", 1, "/WINDOWS/system32", "hal.dll", "hal.dl_"),
        ("win10-bios", "boot-manager-missing", 1, "", "bootmgr", "bootmg_"),
        ("win10-bios", "loader-missing", 2, "/Windows/System32", "winload.exe", "winload.ex_"),
        ("win2022-uefi-4kn", "loader-missing", 3, "/Windows/System32", "winload.efi", "winload.ef_"),
    ] {
        let disk = made(&format!("base = \"{base}\"\ndamage = [\"{damage}\"]"), "disk.qcow2");
        let is = volume(&disk, number);
        let listed = String::from_utf8(judge("ntfsls", &["-p", folder, text(&is)])).unwrap();
        assert!(listed.lines().any(|name| name == new), "{listed}");
        assert!(!listed.lines().any(|name| name == old), "{listed}");
        let healthy = Disk::of(&format!("{base}-healthy"));
        let was = ntfs_file(&volume(&healthy, number), &format!("{folder}/{old}"));
        assert_eq!(ntfs_file(&is, &format!("{folder}/{new}")), was);
        finds_not("ntfscat", &["-f", text(&is), &format!("{folder}/{old}")]);
    }
    for base in GPT {
        let disk = made(&format!("base = \"{base}\"\ndamage = [\"boot-manager-missing\"]"), "disk.qcow2");
        let esp = volume(&disk, 1);
        judge("fsck.fat", &["-n", text(&esp)]);
        assert!(!fat_file(&esp, "/EFI/Microsoft/Boot/bootmgfw.ef_").is_empty());
        finds_not("mtype", &["-i", text(&esp), "::/EFI/Microsoft/Boot/bootmgfw.efi"]);
    }
}

#[test]
fn several_damages_come_in_their_order() {
    let disk = made(
        "base = 'win10-bios'\ndamage = ['signature-changed', 'not-active', 'loader-missing']",
        "a.qcow2",
    );
    let target = check(&disk);
    let found = codes_once(&target);
    for code in ["signature-changed", "active-partition-missing", "file-missing"] {
        assert!(found.contains(code), "{found:?}");
    }
}

#[test]
fn a_bad_recipe_is_one_line_and_no_file() {
    let folder = TempDir::new().unwrap();
    let mbr = "base = 'win10-bios'\n";
    for (recipe, name, code, said) in [
        ("", "a.qcow2", 16, "recipe.toml: line 1: missing field `base`"),
        (
            "base = 'win10-bios'\ndamage = ['bitlocker', 'hibernated']",
            "a.qcow2",
            16,
            "its volume is encrypted already",
        ),
        ("base = 'dos'", "a.qcow2", 16, "recipe.toml: line 1: base: expected one of win2003-bios"),
        ("base = [", "a.qcow2", 16, "recipe.toml: line 1: "),
        (&format!("{mbr}size = '1 MiB'"), "a.qcow2", 16, "size: the base has 1024 MiB already"),
        (&format!("{mbr}damage = ['guids-changed']"), "a.qcow2", 16, "damage guids-changed on win10-bios: "),
        ("base = 'win11-uefi'\ndamage = ['not-active']", "a.qcow2", 16, "disks with an MBR"),
        ("base = 'win7-logical'\ndamage = ['two-active']", "a.qcow2", 16, "no second primary partition"),
        ("base = 'win2003-bios'\ndamage = ['store-dirty']", "a.qcow2", 16, "has no BCD store"),
        (&format!("{mbr}damage = ['esp-empty']"), "a.qcow2", 16, "disks with a GPT"),
        (
            "base = 'win2008sp2-bios'\ndamage = ['system-reserved-empty']",
            "a.qcow2",
            16,
            "Windows is on the system volume",
        ),
        ("base = 'win7-logical'\ndamage = ['windows-only']", "a.qcow2", 16, "in a logical partition"),
        (mbr, "a.vhdx", 16, "expected a name that ends in .qcow2, .raw or .img"),
        (mbr, "nowhere/a.qcow2", 8, "nowhere/a.qcow2: No such file or directory"),
    ] {
        let (run, out) = make(folder.path(), recipe, name);
        let run = run.exits(code).says(said);
        assert_eq!((run.stdout.as_str(), run.stderr.lines().count()), ("", 1), "{}", run.stderr);
        assert!(!out.exists());
    }
    make(folder.path(), mbr, "recipe.img").0.exits(0);
    let before = sha256(&folder.path().join("recipe.img"));
    make(folder.path(), "base = 'win7-logical'", "recipe.img").0.exits(8).says("File exists");
    assert_eq!(sha256(&folder.path().join("recipe.img")), before);
    run(make_image(), &["no-recipe.toml", "a.qcow2"]).exits(8).says("no-recipe.toml: No such file");
    run(make_image(), &["--list", "a.toml"]).exits(16);
    run(make_image(), &[]).exits(16).says("RECIPE");
}

#[test]
fn what_could_not_be_written_whole_is_removed() {
    let folder = TempDir::new().unwrap();
    let (recipe, out) = (folder.path().join("recipe.toml"), folder.path().join("disk.qcow2"));
    fs::write(&recipe, "base = 'win10-bios'").unwrap();
    // Files may have 100 KiB; the signal that says so would end it before it can tidy up.
    let line = "ulimit -f 200; exec \"$@\"";
    run("sh", &["-c", line, "sh", make_image(), text(&recipe), text(&out)])
        .exits(8)
        .says("disk.qcow2: File too large");
    assert!(!out.exists());
}
