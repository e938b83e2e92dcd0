//! Stores of Windows 10 and 11 on UEFI and in a virtual disk, each on a disk made for it.

use crate::stores::corpus_case::Break;
use crate::stores::corpus_case::Broken;
use crate::stores::corpus_case::Case;
use crate::stores::corpus_case::ESP;
use crate::stores::corpus_case::HEALTHY;
use crate::stores::corpus_case::Images;
use crate::stores::corpus_case::RECOVERY_11;
use crate::stores::corpus_case::Said;
use crate::stores::corpus_case::Volume;
use crate::stores::corpus_case::WINDOWS_11;
use crate::stores::corpus_case::gpt;
use crate::stores::corpus_case::run_case;
use crate::support::disk::MIB;
use crate::support::store::BIOS;
use crate::support::store::UEFI;

#[test]
fn windows_10_on_uefi_with_a_recovery_partition() {
    let disk = "0b2394a9-095e-487d-8d48-719ecd4d78ca";
    run_case(
        &mut Images::new(),
        &Case {
            store: "win10-uefi",
            path: UEFI,
            system: 0,
            parts: vec![
                gpt(disk, "36be3955-63bf-4068-a6ab-00195cca3a22", MIB, ESP).moved(900 * MIB),
                gpt(disk, "8e0f2c38-e4ea-47ba-b7fc-9d8c74dccf0b", 101 * MIB, WINDOWS_11).moved(1001 * MIB),
                gpt(disk, "6cdfcd69-de75-4490-8f99-5a84bf264917", 900 * MIB, RECOVERY_11).moved(10 * MIB),
            ],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "degraded", &[("disk-guid-changed", 9)]), "healthy", &[]),
                (Break::All, (4, "broken", &[("disk-unknown", 9)]), "healthy", &[]),
                (Break::Moved, HEALTHY, "healthy", &[]),
                (Break::MovedDisk, (4, "degraded", &[("disk-guid-changed", 9)]), "healthy", &[]),
            ],
        },
    );
}

const LOADER_11: &[&str] = &[
    "/Windows/System32/winload.efi",
    "/Windows/System32/winresume.efi",
    "/Windows/System32/ntoskrnl.exe",
    "/Windows/System32/config/SYSTEM",
    "/Recovery/WindowsRE/Winre.wim",
    "/Recovery/WindowsRE/boot.sdi",
];

#[test]
fn windows_11_on_uefi_with_its_recovery_image_beside_windows() {
    let disk = "1a65f0c9-fde4-4ef8-8e47-027df05dce7c";
    let case = |volume, files, sound, broken| Case {
        store: "win11-uefi-24h2",
        path: UEFI,
        system: 0,
        parts: vec![
            gpt(disk, "6e033a75-4690-4dbc-94f1-df159766e7da", MIB, ESP).moved(900 * MIB),
            gpt(disk, "d146a0d5-cfc0-4585-9a1b-eb0d63d3f95f", 101 * MIB, volume).files(files),
        ],
        sound,
        broken,
    };
    let broken: Vec<Broken> = vec![
        (Break::Disk, (4, "degraded", &[("disk-guid-changed", 10)]), "healthy", &[]),
        (Break::All, (4, "broken", &[("disk-unknown", 10)]), "healthy", &[]),
        (Break::Moved, HEALTHY, "healthy", &[]),
    ];
    run_case(&mut Images::new(), &case(Volume::Fat, LOADER_11, HEALTHY, broken));

    // Without the image, a new partition GUID leaves nothing that says where the recovery environment was.
    let missing: Said = (4, "degraded", &[("file-missing", 3)]);
    let broken: Vec<Broken> = vec![
        (Break::Disk, (4, "degraded", &[("disk-guid-changed", 10), ("file-missing", 3)]), "degraded", &[]),
        (Break::All, (4, "broken", &[("disk-unknown", 10), ("file-missing", 3)]), "degraded", &[]),
        (Break::Moved, missing, "degraded", &[]),
    ];
    run_case(&mut Images::new(), &case(WINDOWS_11, &[], missing, broken));
}

#[test]
fn windows_11_with_many_entries_of_the_firmware() {
    let disk = "60664987-ce0e-411b-9db7-86248b86bbb2";
    run_case(
        &mut Images::new(),
        &Case {
            store: "win11-uefi-firmware-entries",
            path: UEFI,
            system: 0,
            parts: vec![
                gpt(disk, "17b16537-abcc-4487-9792-e63a0a7dc8b4", MIB, ESP).moved(900 * MIB),
                gpt(disk, "37d07619-d161-4cd7-a37a-df33df1e3d7f", 101 * MIB, Volume::Fat).files(LOADER_11),
            ],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "degraded", &[("disk-guid-changed", 10)]), "healthy", &[]),
                (Break::All, (4, "broken", &[("disk-unknown", 10)]), "healthy", &[]),
                (Break::Moved, HEALTHY, "healthy", &[]),
            ],
        },
    );
}

#[test]
fn a_recovery_store_by_itself() {
    let disk = "12feb472-7359-4140-85ea-cddcbe57c976";
    run_case(
        &mut Images::new(),
        &Case {
            store: "win10-uefi-recovery-store",
            path: "/EFI/Microsoft/Recovery/BCD",
            system: 0,
            parts: vec![
                gpt(disk, "bdb90343-e844-4cbd-8dd1-a00aceece52b", MIB, ESP).moved(900 * MIB),
                gpt(disk, "a8c5d544-8d73-48db-b235-3682c5c0b286", 101 * MIB, RECOVERY_11),
            ],
            sound: (4, "broken", &[("store-missing", 1)]),
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("disk-guid-changed", 4), ("store-missing", 1)]),
                    "broken",
                    &[],
                ),
                (Break::All, (4, "broken", &[("disk-unknown", 4), ("store-missing", 1)]), "broken", &[]),
                (Break::Moved, (4, "broken", &[("store-missing", 1)]), "broken", &[]),
            ],
        },
    );
}

#[test]
fn windows_10_in_a_virtual_disk() {
    let disk = "c9c18ffe-b248-4138-b5e6-a0bcefd1d306";
    let esp = "ac8138ee-02ec-4439-b6ce-1df950028b13";
    let host = "e9c8d6b2-eb70-4c67-8af5-5a7aa93e6ae7";
    // The second store is one for BIOS, and names a GPT disk: Windows does not start so, and the cure goes on all the same.
    const MISMATCH: (&str, usize) = ("firmware-mismatch", 1);
    let uefi: [Said; 3] =
        [HEALTHY, (4, "degraded", &[("disk-guid-changed", 6)]), (4, "broken", &[("disk-unknown", 6)])];
    let bios: [Said; 3] = [
        (4, "broken", &[MISMATCH]),
        (4, "broken", &[("disk-guid-changed", 5), MISMATCH]),
        (4, "broken", &[("disk-unknown", 5), MISMATCH]),
    ];
    for (store, path, files, [sound, stale, broken]) in [
        ("win10-uefi-vhd", UEFI, &["/LTSC.VHDX", "/TEST.VHD"][..], uefi),
        ("win10-bios-vhd", BIOS, &["/1809.402.vhd"], bios),
    ] {
        run_case(
            &mut Images::new(),
            &Case {
                store,
                path,
                system: 0,
                parts: vec![
                    gpt(disk, esp, MIB, ESP).moved(900 * MIB).files(&["/bootmgr", "/Boot/memtest.exe"]),
                    gpt(disk, host, 101 * MIB, RECOVERY_11).files(files),
                ],
                sound,
                broken: vec![
                    (Break::Disk, stale, sound.1, &[]),
                    (Break::All, broken, sound.1, &[]),
                    (Break::Moved, sound, sound.1, &[]),
                ],
            },
        );
    }
}
