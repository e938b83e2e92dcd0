//! What is on the system volume already.

use crate::bcd::Firmware;
use crate::layout::file_version;
use crate::repair::boot_files::Certificates;
use crate::repair::boot_files::Extent;
use crate::repair::boot_files::Overwrite;
use crate::repair::boot_files::WhyKept;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::boot_files::sample;
use crate::repair::boot_files::tests::FALLBACK;
use crate::repair::boot_files::tests::MANAGER;
use crate::repair::boot_files::tests::NEW;
use crate::repair::boot_files::tests::OLD;
use crate::repair::boot_files::tests::ROOT;
use crate::repair::boot_files::tests::There;
use crate::repair::boot_files::tests::collected;
use crate::repair::boot_files::tests::fat;
use crate::repair::boot_files::tests::file;
use crate::repair::boot_files::tests::kept;
use crate::repair::boot_files::tests::paths;
use crate::repair::boot_files::tests::text;
use crate::repair::boot_files::tests::windows;
use crate::repair::boot_files::tests::windows_with;
use crate::repair::boot_files::tests::wish;
use crate::storage::ram::Ram;
use crate::volume::Volume;
use crate::volume::test_tools::Image;

#[test]
fn what_is_in_order_stays_and_what_is_not_is_replaced() {
    let newer = Some(sample::program(NEW));
    let system = [
        ("EFI/Boot/bootx64.efi", Some(sample::foreign())),
        ("EFI/Microsoft/Boot/BOOTMGFW.efi", newer.clone()),
        ("EFI/Microsoft/Boot/bootmgr.efi", Some(vec![0; 2048])),
        ("EFI/Microsoft/Boot/boot.stl", text("an older boot.stl")),
        ("EFI/Microsoft/Boot/Fonts/WGL4_boot.ttf", Some(vec![7; 50_000])),
        ("EFI/Microsoft/Boot/Resources/bootres.dll", Some(sample::program_for(0xaa64, NEW))),
        ("EFI/Microsoft/Boot/de-DE/bootmgfw.efi.mui", Some(Vec::new())),
        ("EFI/Microsoft/Boot/bootstat.dat", Some(vec![1; 65536])),
    ];
    let spelled = r"\EFI\Microsoft\Boot\BOOTMGFW.efi";
    let some = collected(&windows(), &system, &wish(Firmware::Uefi)).unwrap();
    let expected = [
        r"\EFI\Microsoft\Boot\bootmgr.efi",
        r"\EFI\Microsoft\Boot\de-DE\bootmgfw.efi.mui",
        r"\EFI\Microsoft\Boot\en-US\bootmgfw.efi.mui",
        r"\EFI\Microsoft\Boot\Resources\bootres.dll",
    ];
    assert_eq!(paths(&some), expected);
    let replaced: Vec<Option<u64>> = some.files.iter().map(|file| file.replaces).collect();
    assert_eq!(replaced, [Some(2048), Some(0), None, Some(2048)]);
    let font = r"\EFI\Microsoft\Boot\Fonts\WGL4_boot.ttf";
    let stl = r"\EFI\Microsoft\Boot\boot.stl";
    let expected = [
        (stl, WhyKept::InOrder),
        (font, WhyKept::Same),
        (FALLBACK, WhyKept::Foreign),
        (spelled, WhyKept::InOrder),
    ];
    assert_eq!(kept(&some), expected);
    let all = Wish { overwrite: Overwrite::All, ..wish(Firmware::Uefi) };
    let all = collected(&windows(), &system, &all).unwrap();
    let expected = [(font, WhyKept::Same), (FALLBACK, WhyKept::Foreign), (spelled, WhyKept::Newer)];
    assert_eq!(kept(&all), expected);
    assert_eq!(file(&all, stl).contents, text("boot.stl").unwrap());
}

#[test]
fn a_fallback_is_replaced_when_it_is_that_of_windows_or_nobodys() {
    let all = Wish { overwrite: Overwrite::All, ..wish(Firmware::Uefi) };
    let some = wish(Firmware::Uefi);
    let before = |version| Some(sample::program(version));
    for (there, wish, expected) in [
        (before([6, 3, 9600, 1]), &all, None),
        (before([6, 3, 9600, 1]), &some, Some(WhyKept::InOrder)),
        (before(NEW), &all, Some(WhyKept::Newer)),
        (before(OLD), &all, Some(WhyKept::Same)),
        (before(OLD).map(|program| program[..2000].to_vec()), &some, None),
        (Some(sample::program_for(0xaa64, NEW)), &some, None),
        (Some(Vec::new()), &some, None),
        (Some(vec![0; 5000]), &some, None),
        (Some(sample::foreign()), &all, Some(WhyKept::Foreign)),
        (text("GRUB"), &all, Some(WhyKept::Foreign)),
    ] {
        let system = [("EFI/Boot/bootx64.efi", there)];
        let found = collected(&windows(), &system, wish).unwrap();
        assert_eq!(found.kept.first().map(|kept| kept.why), expected, "{system:?}");
        assert_eq!(paths(&found).contains(&FALLBACK), expected.is_none(), "{system:?}");
    }
}

#[test]
fn certificates_of_2023_are_followed_where_the_boot_manager_has_them() {
    let signed = |version, year: &str| Some(sample::signed(&sample::program(version), year));
    let (ca_2023, pca_2011) = ("Windows UEFI CA 2023", "Microsoft Windows Production PCA 2011");
    let mut files = windows_with("Windows/boot/efi/BOOTMGFW.EFI", signed(OLD, pca_2011));
    let plain = files.clone();
    files.push(("Windows/boot/EFI_EX/bootmgfw_EX.efi", signed(OLD, ca_2023)));
    files.push(("Windows/boot/Fonts_EX/wgl4_boot_EX.ttf", Some(vec![8; 100])));
    let all = Wish { overwrite: Overwrite::All, ..wish(Firmware::Uefi) };
    let font = r"\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf";
    for (there, expected, font_len) in [
        (None, Certificates::Pca2011, 50_000),
        (signed([6, 3, 9600, 1], pca_2011), Certificates::Pca2011, 50_000),
        (signed([6, 3, 9600, 1], ca_2023), Certificates::Ca2023, 100),
    ] {
        let system: Vec<There> =
            there.into_iter().map(|there| ("EFI/Microsoft/Boot/bootmgfw.efi", Some(there))).collect();
        let found = collected(&files, &system, &all).unwrap();
        assert_eq!((found.certificates, file(&found, font).contents.len()), (expected, font_len));
        assert_eq!(file(&found, MANAGER).contents, file(&found, FALLBACK).contents);
    }
    // A Windows that has none of 2023 does not take a disk back to 2011.
    let system = [("EFI/Microsoft/Boot/bootmgfw.efi", signed([6, 3, 9600, 1], ca_2023))];
    let found = collected(&plain, &system, &all).unwrap();
    assert_eq!(kept(&found), [(MANAGER, WhyKept::Certificates)]);
    let left: Vec<String> = found.left_out.iter().map(|left| left.from.to_string()).collect();
    assert_eq!(left, [r"\Windows\Boot\EFI_EX\bootmgfw_EX.efi"]);
}

#[test]
fn a_boot_manager_that_ntfs_compressed_is_replaced_by_itself() {
    // Whole units of compression, so that each may be kept as it is.
    let mut manager = file_version::sample::real_mode(OLD);
    manager.resize(0x2_0000, 7);
    let image = Image::ntfs(&["-c", "4096"]);
    image.ntfscp("bootmgr", &manager);
    let windows = fat(&windows_with("Windows/boot/PCAT/bootmgr", Some(manager)));
    let windows = Volume::open(&windows).unwrap();
    let needed = Wish { extent: Extent::Needed, ..wish(Firmware::Bios) };
    let of = |bytes: Vec<u8>| {
        let disk = Ram::new(bytes, None);
        let system = Volume::open(&disk).unwrap();
        assert!(system.read(r"\bootmgr", 1 << 20).unwrap().is_some());
        collect(&windows, ROOT, Some(&system), &needed).unwrap()
    };
    let mut bytes = image.bytes();
    assert_eq!(kept(&of(bytes.clone())), [(r"\bootmgr", WhyKept::Same)]);
    let name: Vec<u8> = "bootmgr".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut records = (0..bytes.len()).step_by(1024).filter(|at| bytes[*at..].starts_with(b"FILE"));
    let record = records.rfind(|at| bytes[*at..*at + 1024].windows(14).any(|part| part == name)).unwrap();
    let mut at = record + usize::from(bytes[record + 0x14]);
    while bytes[at] != 0x80 {
        at += usize::from(bytes[at + 4]);
    }
    // The flag of LZNT1, and units of 16 clusters.
    (bytes[at + 0x0c], bytes[at + 0x22]) = (1, 4);
    let found = of(bytes);
    assert_eq!((found.files[0].to.as_str(), found.files[0].replaces), (r"\bootmgr", Some(0x2_0000)));
}
