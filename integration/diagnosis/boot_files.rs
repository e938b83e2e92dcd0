//! What the files that are started begin with: empty, zeros, cut, for another processor, another's; and files that NTFS keeps
//! compressed, as ntfs-3g writes them.

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::findings::hop;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::letters::windows_10_disk;
use crate::support::parts::change;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::rewritten::rewritten;
use crate::support::stand_in;
use crate::support::store::BIOS;
use crate::support::store::store_of;

const MANAGER: &str = "/EFI/Microsoft/Boot/bootmgfw.efi";
const FALLBACK: &str = "/EFI/Boot/bootx64.efi";
const LOADER: &str = "/Windows/System32/winload.efi";
const BIOS_LOADER: &str = "/Windows/System32/winload.exe";
const KERNEL: &str = "/Windows/System32/ntoskrnl.exe";

/// Field of the COFF header, in the programs of the test disks.
const MACHINE: usize = 0x84;

/// A sound program: the loader of the disk.
fn program(disk: &Disk, windows: u32) -> Vec<u8> {
    ntfs_file(&volume(disk, windows), BIOS_LOADER)
}

/// The program for this processor.
fn for_machine(program: &[u8], machine: u16) -> Vec<u8> {
    let mut program = program.to_vec();
    program[MACHINE..MACHINE + 2].copy_from_slice(&machine.to_le_bytes());
    program
}

/// What `check` says where the start ends at this hop, with this code and status.
#[track_caller]
fn stops(disk: &Disk, at: &str, code: &str, status: Option<&str>) -> Json {
    let target = checked(disk, 4, "broken");
    let stop = &target["stop"];
    assert_eq!((&stop["hop"], &stop["code"]), (&at.into(), &code.into()), "{:#}", target["findings"]);
    let [finding] = findings(&target, code).try_into().unwrap();
    assert_eq!(finding["predicted_status"].as_str(), status, "{finding}");
    assert_eq!(hop(&target, at)["state"], "broken");
    // Nothing is suggested that mends none of it.
    bcdrescue(&["fix", disk.name(), "--yes"]).says("nothing was written");
    finding.clone()
}

#[test]
fn a_loader_of_no_bytes_of_zeros_cut_or_no_program_stops_the_start() {
    for (image, windows, loader, statuses) in [
        ("win11-uefi-healthy", 3, LOADER, [Some("0xc000000d"), Some("0xc000007b"), None, None, None, None]),
        ("win10-bios-healthy", 2, BIOS_LOADER, [None; 6]),
    ] {
        let disk = Disk::raw(image);
        let sound = program(&disk, windows);
        let zeros = vec![0; 100_000];
        let (half, code) = (&sound[..sound.len() / 2], &stand_in::of("bootmgr"));
        let broken: [(&[u8], &str); 6] = [
            (&[], "0 bytes"),
            (&zeros, "zeros"),
            (half, "truncated"),
            (b"a text", "no PE header"),
            (&vec![0xa5; 70_000], "no PE header"),
            (code, "no PE header"),
        ];
        let mut far = vec![0x33; 20_000];
        far[..2].copy_from_slice(b"MZ");
        far[0x3c..0x40].copy_from_slice(&0x2000u32.to_le_bytes());
        for ((bytes, said), status) in broken.into_iter().zip(statuses) {
            change(&disk, windows, |volume| put_ntfs(volume, loader, bytes));
            let finding = stops(&disk, "loader", "loader-broken", status);
            assert!(finding["message"].as_str().unwrap().contains(said), "{finding}");
        }
        change(&disk, windows, |volume| put_ntfs(volume, loader, &sound));
        checked(&disk, 0, "healthy");
        // What may be a program behind what is read of it is a note.
        change(&disk, windows, |volume| put_ntfs(volume, loader, &far));
        assert!(has(&checked(&disk, 0, "healthy"), "not-a-program"));
    }
}

#[test]
fn a_kernel_of_zeros_or_for_another_processor_stops_the_start() {
    for (image, windows) in
        [("win11-uefi-healthy", 3), ("win10-bios-healthy", 2), ("win2008sp2-bios-healthy", 1)]
    {
        let disk = Disk::raw(image);
        let sound = program(&disk, windows);
        change(&disk, windows, |volume| put_ntfs(volume, KERNEL, &[0; 9000]));
        stops(&disk, "Windows", "kernel-broken", None);
        change(&disk, windows, |volume| put_ntfs(volume, KERNEL, b"no kernel"));
        stops(&disk, "Windows", "kernel-broken", None);
        let other = for_machine(&sound, 0xaa64);
        change(&disk, windows, |volume| put_ntfs(volume, KERNEL, &other));
        stops(&disk, "Windows", "machine-mismatch", None);
    }
    let disk = Disk::raw("win2003-bios-healthy");
    change(&disk, 1, |volume| put_ntfs(volume, "/WINDOWS/system32/ntoskrnl.exe", &[]));
    stops(&disk, "Windows", "kernel-broken", None);
}

#[test]
fn a_loader_for_another_processor_than_the_boot_manager_stops_the_start() {
    let disk = Disk::raw("win11-uefi-healthy");
    let x64 = for_machine(&program(&disk, 3), 0x8664);
    let arm64 = for_machine(&x64, 0xaa64);
    change(&disk, 1, |volume| [MANAGER, FALLBACK].iter().for_each(|path| put_fat(volume, path, &x64)));
    checked(&disk, 0, "healthy");
    change(&disk, 3, |volume| put_ntfs(volume, LOADER, &arm64));
    let finding = stops(&disk, "loader", "machine-mismatch", Some("0xc000035a"));
    assert!(finding["message"].as_str().unwrap().contains("ARM64, the boot manager is for x64"));
    // All of it for ARM64 is a machine of its own, whose firmware looks for another name.
    change(&disk, 1, |volume| put_fat(volume, MANAGER, &arm64));
    change(&disk, 3, |volume| put_ntfs(volume, KERNEL, &arm64));
    let target = checked(&disk, 0, "healthy");
    let [finding] = findings(&target, "fallback-loader-missing").try_into().unwrap();
    for part in ["message", "remedy"] {
        assert!(finding[part].to_string().contains("bootaa64.efi"), "{finding}");
    }
    change(&disk, 1, |volume| put_fat(volume, "/EFI/Boot/bootaa64.efi", &arm64));
    assert!(!has(&checked(&disk, 0, "healthy"), "fallback-loader-missing"));
    change(&disk, 1, |volume| put_fat(volume, "/EFI/Boot/bootaa64.efi", &x64));
    let target = checked(&disk, 4, "degraded");
    let [finding] = findings(&target, "boot-manager-broken").try_into().unwrap();
    assert!(finding["message"].to_string().contains("a program for x64, expected ARM64"), "{finding}");
}

#[test]
fn firmware_finds_nothing_where_neither_boot_manager_nor_fallback_is_whole() {
    let disk = Disk::raw("win11-uefi-healthy");
    let sound = program(&disk, 3);
    let half = &sound[..sound.len() / 2];
    let put = |path: &str, bytes: &[u8]| change(&disk, 1, |volume| put_fat(volume, path, bytes));
    for (manager, fallback) in [
        (&[0; 70_000][..], &[0; 70_000][..]),
        (half, half),
        (half, &[0; 9]),
        (b"a text", b"a text"),
        (&[0xa5; 70_000], half),
    ] {
        put(MANAGER, manager);
        put(FALLBACK, fallback);
        stops(&disk, "boot manager", "boot-manager-broken", None);
    }
    // One of both is enough for one kind of machine.
    put(FALLBACK, &sound);
    let target = checked(&disk, 4, "degraded");
    assert!(has(&target, "boot-manager-broken") && target["stop"].is_null());
    put(MANAGER, &sound);
    put(FALLBACK, half);
    assert!(has(&checked(&disk, 4, "degraded"), "boot-manager-broken"));
    put(FALLBACK, &sound);
    checked(&disk, 0, "healthy");
    // Another's loader is not Windows' boot manager.
    put(MANAGER, half);
    put(FALLBACK, &stand_in::of_another());
    stops(&disk, "boot manager", "boot-manager-broken", None);
}

/// Of 0 bytes it is there, and no program.
#[test]
fn a_boot_manager_of_no_bytes_is_not_called_missing() {
    for (image, number, path) in [("win11-uefi-healthy", 1, MANAGER), ("win10-bios-healthy", 1, "/bootmgr")] {
        let disk = Disk::raw(image);
        change(&disk, number, |volume| match image.starts_with("win11") {
            true => [path, FALLBACK].iter().for_each(|path| put_fat(volume, path, &[])),
            false => put_ntfs(volume, path, &[]),
        });
        let finding = stops(&disk, "boot manager", "boot-manager-broken", None);
        assert!(finding["message"].as_str().unwrap().ends_with("is empty (0 bytes)"), "{finding}");
        assert!(!has(&checked(&disk, 4, "broken"), "boot-manager-missing"));
    }
}

/// The fallback and the loader are for one processor: it is the boot manager that is for another.
#[test]
fn a_boot_manager_for_another_processor_than_all_others_is_the_one_that_is_wrong() {
    let disk = Disk::raw("win11-uefi-healthy");
    let x64 = for_machine(&program(&disk, 3), 0x8664);
    let put = |number: u32, path: &str, bytes: &[u8]| {
        change(&disk, number, |volume| match number {
            1 => put_fat(volume, path, bytes),
            _ => put_ntfs(volume, path, bytes),
        });
    };
    put(1, FALLBACK, &x64);
    put(3, LOADER, &x64);
    put(3, KERNEL, &x64);
    for (machine, name) in [(0xaa64, "ARM64"), (0x014c, "x86")] {
        put(1, MANAGER, &for_machine(&x64, machine));
        let target = checked(&disk, 4, "degraded");
        let [finding] = findings(&target, "boot-manager-broken").try_into().unwrap();
        let wrong = format!("bootmgfw.efi is a program for {name}, expected x64: ");
        assert!(finding["message"].as_str().unwrap().contains(&wrong), "{finding}");
        assert_eq!(finding["switch"], "--rebuild", "{finding}");
        for code in ["machine-mismatch", "fallback-loader-missing", "fallback-loader-foreign"] {
            assert!(!has(&target, code), "{target:#}");
        }
        assert_eq!(hop(&target, "loader")["state"], "ok");
    }
    put(1, MANAGER, &x64);
    checked(&disk, 0, "healthy");
}

/// Under both names, and without the one that it replaced: what it lacks tells.
#[test]
fn another_loader_under_both_names_is_named_without_a_backup_beside_it() {
    let disk = Disk::raw("win11-uefi-healthy");
    let another = stand_in::of_another();
    change(&disk, 1, |volume| [MANAGER, FALLBACK].iter().for_each(|path| put_fat(volume, path, &another)));
    let target = checked(&disk, 0, "healthy");
    let [finding] = findings(&target, "boot-manager-foreign").try_into().unwrap();
    assert_eq!(finding["severity"], "note");
    assert!(finding["remedy"].as_str().unwrap().contains(r"\Windows\Boot\EFI\bootmgfw.efi"), "{finding}");
    assert_eq!(hop(&target, "boot manager")["state"], "unknown");
}

/// What is no program is no other loader.
#[test]
fn a_fallback_of_zeros_is_said_once() {
    let disk = Disk::raw("win11-uefi-healthy");
    for bytes in [vec![0; 5000], b"a text".to_vec()] {
        change(&disk, 1, |volume| put_fat(volume, FALLBACK, &bytes));
        let target = checked(&disk, 4, "degraded");
        assert!(
            has(&target, "boot-manager-broken") && !has(&target, "fallback-loader-foreign"),
            "{target:#}"
        );
    }
}

/// Firmware asks for the last byte of the certificates, which are behind all that is loaded.
#[test]
fn a_boot_manager_that_is_cut_inside_its_certificates_is_broken() {
    let disk = Disk::raw("win11-uefi-healthy");
    let mut signed = program(&disk, 3);
    let at = u32::from_le_bytes(signed[0x3c..0x40].try_into().unwrap()) as usize + 24;
    let directories = at + if signed[at..at + 2] == [0x0b, 0x02] { 112 } else { 96 };
    assert!(signed[directories - 4] > 4, "no room for certificates");
    let place = u32::try_from(signed.len()).unwrap();
    signed[directories + 32..directories + 36].copy_from_slice(&place.to_le_bytes());
    signed[directories + 36..directories + 40].copy_from_slice(&800u32.to_le_bytes());
    let whole = [&signed[..], &[7; 800]].concat();
    let put = |bytes: &[u8]| {
        change(&disk, 1, |volume| [MANAGER, FALLBACK].iter().for_each(|path| put_fat(volume, path, bytes)));
    };
    put(&whole);
    checked(&disk, 0, "healthy");
    put(&whole[..whole.len() - 1]);
    let finding = stops(&disk, "boot manager", "boot-manager-broken", None);
    let wants = format!("expected {}", whole.len());
    assert!(finding["message"].as_str().unwrap().contains(&wants), "{finding}");
}

#[test]
fn a_bios_boot_manager_of_zeros_starts_nothing() {
    let disk = Disk::raw("win10-bios-healthy");
    change(&disk, 1, |volume| put_ntfs(volume, "/bootmgr", &[0; 50_000]));
    stops(&disk, "boot manager", "boot-manager-broken", None);
    // Code for 16 bits, with what follows it.
    change(&disk, 1, |volume| {
        put_ntfs(volume, "/bootmgr", &[&b"\xe9\xd5\x01\xeb\x04\x90"[..], &[0; 9000]].concat())
    });
    checked(&disk, 0, "healthy");
    // Neither a text, nor noise, nor a program for Windows, nor what the first jump leaves.
    let sound = program(&disk, 2);
    for (bytes, said) in [
        (&b"a text"[..], "16-bit code"),
        (&[0xa5; 50_000], "16-bit code"),
        (&sound, "a PE program"),
        (b"\xe9\xd5\x01\xeb\x04\x90", "truncated"),
    ] {
        change(&disk, 1, |volume| put_ntfs(volume, "/bootmgr", bytes));
        let finding = stops(&disk, "boot manager", "boot-manager-broken", None);
        assert!(finding["message"].as_str().unwrap().contains(said), "{finding}");
    }
    let disk = Disk::raw("win2003-bios-healthy");
    for bytes in [&[][..], b"a text"] {
        change(&disk, 1, |volume| put_ntfs(volume, "/ntldr", bytes));
        stops(&disk, "boot manager", "boot-manager-broken", None);
    }
}

#[test]
fn another_loader_under_the_name_of_windows_boot_manager_is_named() {
    for beside in ["bkpbootmgfw.efi", "bootmgfw-original.efi"] {
        let disk = Disk::raw("win11-uefi-healthy");
        let sound = program(&disk, 3);
        let beside = format!("/EFI/Microsoft/Boot/{beside}");
        change(&disk, 1, |volume| {
            put_fat(volume, MANAGER, &stand_in::of_another());
            put_fat(volume, &beside, &sound);
        });
        let target = checked(&disk, 0, "healthy");
        let [finding] = findings(&target, "boot-manager-foreign").try_into().unwrap();
        assert_eq!(finding["severity"], "note");
        assert!(finding["evidence"][0].as_str().unwrap().contains(&beside.replace('/', r"\")), "{finding}");
        assert_eq!(hop(&target, "boot manager")["state"], "unknown");
        // Windows' own is back, and the copy was left.
        change(&disk, 1, |volume| put_fat(volume, MANAGER, &sound));
        assert!(!has(&checked(&disk, 0, "healthy"), "boot-manager-foreign"));
    }
}

#[test]
fn a_compressed_boot_manager_is_what_its_boot_record_says_of_it() {
    for (form, said) in [("lznt1", "BOOTMGR is compressed"), ("wof", "A disk read error occurred")] {
        let disk = Disk::raw("win10-bios-healthy");
        if !rewritten(&disk, 1, "/bootmgr", form) {
            return;
        }
        let finding = stops(&disk, "boot manager", "boot-manager-compressed", None);
        assert!(finding["message"].as_str().unwrap().contains(said), "{finding}");
    }
}

#[test]
fn a_loader_of_the_overlay_filter_stops_a_bios_and_no_uefi() {
    let disk = Disk::raw("win10-bios-healthy");
    if !rewritten(&disk, 2, BIOS_LOADER, "wof") {
        return;
    }
    stops(&disk, "loader", "loader-compressed", None);
    let disk = Disk::raw("win11-uefi-healthy");
    assert!(rewritten(&disk, 3, LOADER, "wof"));
    let target = checked(&disk, 0, "healthy");
    assert_eq!(hop(&target, "loader")["state"], "ok");
    // Compressed by NTFS, a boot manager reads it, and so do we.
    let disk = Disk::raw("win10-bios-healthy");
    assert!(rewritten(&disk, 2, BIOS_LOADER, "lznt1"));
    let target = checked(&disk, 0, "healthy");
    assert_eq!(hop(&target, "loader")["state"], "ok");
    assert!(!has(&target, "not-a-program"));
}

#[test]
fn a_compressed_store_is_read_and_only_the_identity_given_back() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    if !rewritten(&disk, 1, BIOS, "lznt1") {
        return;
    }
    assert_eq!(store_of(&disk, BIOS), store);
    let target = checked(&disk, 0, "healthy");
    let [finding] = findings(&target, "store-not-patchable").try_into().unwrap();
    assert!(finding["message"].as_str().unwrap().contains("compact /u"), "{finding}");
    // Another signature: what the store names is seen, and it cannot be written.
    disk.put(0x1b8, &[0xaa, 0xb6, 0x21, 0x4e]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(target["stop"]["code"], "signature-changed");
    let before = hash(&disk.path);
    let run = bcdrescue(&["fix", disk.name(), "--yes"]).exits(8);
    run.says("compact /u").says("--restore-identity");
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("--restore-identity");
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
    checked(&disk, 0, "healthy");
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(0).says("nothing was written");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// The stores cannot be written with the letters: what is suggested is what is carried out.
#[test]
fn beside_a_compressed_store_no_drive_letters_are_offered() {
    let disk = windows_10_disk();
    if !rewritten(&disk, 1, "/Boot/BCD", "lznt1") {
        return;
    }
    let target = check(&disk, 4);
    let [letters] = findings(&target, "drive-letters").try_into().unwrap();
    assert!(
        letters["switch"].is_null() && !letters["remedy"].to_string().contains("--drive-letters"),
        "{letters}"
    );
    assert!(letters["remedy"].as_str().unwrap().contains("--restore-identity"), "{letters}");
    bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(8);
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
}
