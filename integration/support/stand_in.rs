//! Stand-ins for files that are started: programs with nothing in them, as those of the committed images are.

use crate::program_file::program;
use crate::program_file::real_mode;

const VERSION: [u16; 4] = [10, 0, 19041, 1];
/// The resources in the list of data directories, in a program for x64: place and length.
const RESOURCES: std::ops::Range<usize> = 0x118..0x120;

/// A file that is sound as far as anybody looks at one of this name; paths as stores or as Unix spell them.
pub fn of(path: &str) -> Vec<u8> {
    let name = path.rsplit(['\\', '/']).next().unwrap().to_ascii_lowercase();
    match name.as_str() {
        "bootmgr" | "ntldr" => real_mode(VERSION),
        // It leads to a boot sector, of which nobody can tell what that starts.
        "boot.ini" => b"[boot loader]\r\ndefault=C:\\\r\n[operating systems]\r\nC:\\=\"DOS\"\r\n".into(),
        name if name.ends_with(".exe") || name.ends_with(".efi") => program(VERSION, true),
        _ => format!("stands for {path}").into_bytes(),
    }
}

/// A loader for x64 that carries no version: GRUB, shim. It is longer than Windows' boot manager: one as long is taken for its copy.
pub fn of_another() -> Vec<u8> {
    let mut file = program(VERSION, true);
    file[RESOURCES].fill(0);
    file.resize(5000, 0);
    file
}

#[test]
fn they_are_what_other_readers_take_them_for() {
    use crate::support::judges::judge;
    use crate::support::program::text;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let kind = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        String::from_utf8(judge("file", &["-b", text(&path)])).unwrap()
    };
    for bytes in [of("/EFI/Boot/bootx64.efi"), of_another()] {
        let kind = kind(&bytes);
        assert!(kind.starts_with("PE32+") && kind.contains("x86-64"), "{kind}");
    }
    let code = of(r"\bootmgr");
    assert!(!kind(&code).starts_with("PE") && kind(&code[0x200..]).starts_with("PE32 "));
    let has_version = |bytes: &[u8]| {
        let text: Vec<u8> = "VS_VERSION_INFO".encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(text.len()).any(|window| window == text)
    };
    assert!(has_version(&of("bootmgr")));
}
