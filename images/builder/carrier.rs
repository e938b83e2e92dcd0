//! `untfs.dll`, which formats volumes: it carries the boot record that Windows gives each of them. Here it is one of our own, that says
//! by the BIOS what it is, and halts.

use crate::program_file::program;
use crate::recipe::Windows;

/// Bytes of an NTFS boot record, and where its fields end.
const RECORD: usize = 0x2000;
const CODE_AT: usize = 0x54;
/// The length and name of what it starts: where real code has them.
const NAME_AT: usize = 0x200;
const NAME: &str = "BOOTMGR";
const TEXT: &[u8] = b"a bcdrescue test disk: this is not the boot record of Windows\r\n\0";

/// The file.
pub fn untfs(windows: &Windows, has_64_bits: bool) -> Vec<u8> {
    [program(windows.files, has_64_bits), record()].concat()
}

fn record() -> Vec<u8> {
    let mut record = vec![0; RECORD];
    record[..11].copy_from_slice(b"\xeb\x52\x90NTFS    ");
    let mut code = vec![
        0xfc, // cld
        0x31, 0xc0, 0x8e, 0xd8, // xor ax, ax; mov ds, ax
        0xbe, 0x68, 0x7c, // mov si, text
        0xac, 0x84, 0xc0, // next: lodsb; test al, al
        0x74, 0x06, // jz halt
        0xb4, 0x0e, 0xcd, 0x10, // mov ah, 0x0e; int 0x10
        0xeb, 0xf5, // jmp next
        0xf4, // halt: hlt
    ];
    assert_eq!(CODE_AT + code.len(), 0x68);
    code.extend(TEXT);
    record[CODE_AT..CODE_AT + code.len()].copy_from_slice(&code);
    record[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
    record[NAME_AT] = u8::try_from(NAME.len()).unwrap();
    for (index, unit) in NAME.encode_utf16().enumerate() {
        record[NAME_AT + 2 + index * 2..][..2].copy_from_slice(&unit.to_le_bytes());
    }
    record
}
