//! Stores that Windows wrote, each on a disk made for it, broken in every way, repaired, judged, and undone.
//!
//! The disk's partitions lie where the store says, with volumes of the committed images; then the disk gets another
//! identity, or its partitions do, or they move. What every element must become is computed here, from the store as
//! hivex reads it and the table as sfdisk reads it, with a decoder of its own. Without the corpus these tests say so
//! and pass.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value as Json;

use crate::stores::corpus_case::Break;
use crate::stores::corpus_case::Case;
use crate::stores::corpus_case::HEALTHY;
use crate::stores::corpus_case::Images;
use crate::stores::corpus_case::SYSTEM_7;
use crate::stores::corpus_case::SYSTEM_10;
use crate::stores::corpus_case::SYSTEM_AND_WINDOWS;
use crate::stores::corpus_case::Volume;
use crate::stores::corpus_case::WINDOWS_7;
use crate::stores::corpus_case::assemble;
use crate::stores::corpus_case::codes;
use crate::stores::corpus_case::cured;
use crate::stores::corpus_case::cured_but_for_missing_files;
use crate::stores::corpus_case::mbr;
use crate::stores::corpus_case::put;
use crate::stores::corpus_case::run_case;
use crate::stores::corpus_case::store_of;
use crate::support::corpus::folder;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::oracle::expected_values;
use crate::support::oracle::identities_of_table;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::store::BIOS;

#[test]
fn windows_7_with_a_system_volume() {
    let id = 0xa33b_6c03;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-sysreserved",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, SYSTEM_7).moved(1200 * MIB),
                mbr(id, 101 * MIB, Volume::Fat).moved(201 * MIB).files(&[
                    "/Windows/System32/winload.exe",
                    "/Windows/System32/winresume.exe",
                    "/Windows/System32/ntoskrnl.exe",
                    "/Windows/System32/config/SYSTEM",
                    "/Recovery/499cab98-cce8-11e5-b7bf-b8cf04c6390b/Winre.wim",
                    "/Recovery/499cab98-cce8-11e5-b7bf-b8cf04c6390b/boot.sdi",
                ]),
            ],
            sound: HEALTHY,
            broken: cured::<9>(),
        },
    );
}

#[test]
fn windows_7_on_one_partition() {
    let id = 0xc97a;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-onepartition",
            path: BIOS,
            system: 0,
            parts: vec![mbr(id, MIB, SYSTEM_AND_WINDOWS).moved(63 * 512)],
            sound: HEALTHY,
            broken: cured::<6>(),
        },
    );
}

#[test]
fn windows_7_behind_a_vendors_partition() {
    let id = 0x743a_fecf;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-oem-layout",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, 40 * MIB, SYSTEM_10).moved(MIB),
                mbr(id, 0x3_ac00_0000, WINDOWS_7).moved(1000 * MIB),
            ],
            sound: HEALTHY,
            broken: cured::<9>(),
        },
    );
}

#[test]
fn windows_7_on_two_disks() {
    let id = 0xfa58_1d61;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-two-disks",
            path: BIOS,
            system: 0,
            parts: vec![mbr(id, 0x7e00, SYSTEM_7).moved(MIB)],
            sound: (4, "broken", &[("disk-unknown", 7)]),
            broken: vec![
                (Break::Disk, (4, "broken", &[("disk-unknown", 7), ("signature-changed", 2)]), "broken", &[]),
                (
                    Break::Moved,
                    (4, "broken", &[("disk-unknown", 7), ("partition-changed", 2)]),
                    "broken",
                    &[],
                ),
                (Break::MovedDisk, (4, "broken", &[("disk-unknown", 9)]), "broken", &[]),
            ],
        },
    );
}

/// The same store with the second disk named beside it: all seven elements that mean Windows are followed there.
#[test]
fn windows_7_on_two_disks_that_are_both_there() {
    let Some(corpus) = folder() else { return };
    let (name, second) = ("win7-bios-two-disks", 0x63f0_7796);
    let store = fs::read(corpus.join(format!("{name}.bcd"))).unwrap();
    let expected: Json = serde_json::from_slice(&fs::read(corpus.join("expected.json")).unwrap()).unwrap();
    let case = |parts| Case { store: name, path: BIOS, system: 0, parts, sound: HEALTHY, broken: Vec::new() };
    let system = case(vec![mbr(0xfa58_1d61, 0x7e00, SYSTEM_7)]);
    let windows = case(vec![mbr(second, 0x15f0_0000, Volume::Fat).files(&[
        "/Windows/System32/winload.exe",
        "/Windows/System32/winresume.exe",
        "/Windows/System32/ntoskrnl.exe",
        "/Windows/System32/config/SYSTEM",
        "/Recovery/26435aed-6432-11e6-84a6-f0fbf6f23a1f/Winre.wim",
        "/Recovery/26435aed-6432-11e6-84a6-f0fbf6f23a1f/boot.sdi",
    ])]);
    let mut images = Images::new();
    let made = |images: &mut Images, case: &Case, index| {
        let volume = images.volume(index, &case.parts[0]);
        if index == 0 {
            put(&volume, false, BIOS, &store);
        }
        assemble(case, &[volume], |part| part.start)
    };
    let (first, second) = (made(&mut images, &system, 0), made(&mut images, &windows, 1));
    let check = |code| {
        let run = bcdrescue(&["check", first.name(), "--with", second.name(), "--json"]);
        let target = run.target();
        assert_eq!(run.code, code, "{:#}", target["findings"]);
        target
    };
    assert_eq!(check(0)["verdict"], "healthy");
    judge("sfdisk", &["-q", "--disk-id", second.name(), "0x7ab1e0ff"]);
    assert_eq!(codes(&check(4)), [("disk-unknown".to_owned(), 7)]);
    let now = identities_of_table(&second.path);
    let values = expected_values(&expected[name], &[windows.parts[0].named], &now, &[]);
    let before = hash(&first.path);
    bcdrescue(&["fix", first.name(), "--with", second.name(), "--yes"]).exits(1);
    let after = store_of(&system, &first);
    assert_eq!(hivex_difference(&store, &after), values.keys().cloned().collect::<Vec<_>>());
    for (path, value) in &values {
        assert_eq!(&hivex_bytes(&after, path), value, "{path}");
    }
    check(0);
    bcdrescue(&["undo", text(&first.record()), "--yes"]).exits(1);
    assert_eq!(hash(&first.path), before);
}

#[test]
fn windows_7_in_a_virtual_machine() {
    let id = 0x3623_4da4;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-vm",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, SYSTEM_AND_WINDOWS).files(&["/Boot/boot.wim", "/Boot/boot.sdi"]).moved(63 * 512),
            ],
            sound: (4, "degraded", &[("file-missing", 3)]),
            broken: cured_but_for_missing_files::<11>(),
        },
    );
}

#[test]
fn windows_81_beyond_4_gib_without_its_recovery_image() {
    let id = 0x3_ee7c;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win81-bios-laptop",
            path: BIOS,
            system: 0,
            parts: vec![mbr(id, 0x12_4f90_0000, SYSTEM_AND_WINDOWS).moved(MIB)],
            sound: (4, "degraded", &[("file-missing", 3)]),
            broken: cured_but_for_missing_files::<9>(),
        },
    );
}

#[test]
fn windows_10_on_bios_without_its_recovery_image() {
    let id = 0x76a4_a23d;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win10-bios-sysreserved",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, SYSTEM_7).moved(101 * MIB),
                mbr(id, 580 * MIB, WINDOWS_7).moved(680 * MIB),
            ],
            sound: (4, "degraded", &[("file-missing", 3)]),
            broken: cured_but_for_missing_files::<9>(),
        },
    );
}

#[test]
fn stores_that_name_no_disk_are_sound_on_any() {
    let id = 0x1234_5678;
    for (store, sound) in [
        ("win81-bios-locate", HEALTHY),
        // The RAM disk that it starts is not there: device and osdevice of its entry, and its boot.sdi.
        (
            "setup-media-trailing-zeros",
            (4, "broken", [("file-missing", 3), ("no-windows-entry", 1)].as_slice()),
        ),
        ("empty-no-objects", (4, "broken", [("store-empty", 1)].as_slice())),
    ] {
        run_case(
            &mut Images::new(),
            &Case {
                store,
                path: BIOS,
                system: 0,
                parts: vec![
                    mbr(id, MIB, SYSTEM_7).moved(1200 * MIB),
                    mbr(id, 101 * MIB, WINDOWS_7).moved(202 * MIB),
                ],
                sound,
                broken: [Break::Disk, Break::Moved, Break::MovedDisk]
                    .map(|how| (how, sound, sound.1, [].as_slice()))
                    .to_vec(),
            },
        );
    }
}

#[test]
fn odd_devices_made_with_bcdedit() {
    let id = 0x3623_4da4;
    run_case(
        &mut Images::new(),
        &Case {
            store: "bcdedit-odd-devices",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, Volume::Fat).moved(101 * MIB).files(&[
                    "/Workspace/metadeploy/boot.wim.aoeu",
                    "/Workspace/metadeploy/boot.wim",
                    "/boot/boot.wim",
                    "/boot/boot.wimaoeu",
                    "/test.vhd",
                    "/Windows/System32/winload.exe",
                    "/bootmgr",
                ]),
                mbr(id, 0xb_1330_0000, WINDOWS_7).moved(300 * MIB),
            ],
            // There is no {bootmgr}; and one names a GPT partition, of whatever disk that was.
            sound: (4, "broken", &[("menu-missing", 1), ("table-converted", 1)]),
            // Two loaders name neither a path nor a system root: they go with the others of their place, where there are
            // others.
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("menu-missing", 1), ("signature-changed", 6), ("table-converted", 1)]),
                    "broken",
                    &[],
                ),
                (
                    Break::Moved,
                    (4, "broken", &[("menu-missing", 1), ("partition-changed", 6), ("table-converted", 1)]),
                    "broken",
                    &["{33238d8c"],
                ),
                // The store has no {bootmgr}: nothing tells that a disk was this one of which no partition is where it was.
                (
                    Break::MovedDisk,
                    (4, "broken", &[("disk-unknown", 6), ("menu-missing", 1), ("table-converted", 1)]),
                    "broken",
                    &["{"],
                ),
            ],
        },
    );
}

#[test]
fn every_store_of_the_corpus_has_its_disk() {
    let Some(corpus) = folder() else { return };
    let expected: BTreeMap<String, Json> =
        serde_json::from_slice(&fs::read(corpus.join("expected.json")).unwrap()).unwrap();
    let cases = concat!(include_str!("corpus_disks.rs"), include_str!("corpus_uefi.rs"));
    for store in expected.keys() {
        assert!(cases.contains(&format!("\"{store}\"")), "{store} has no disk");
    }
}
