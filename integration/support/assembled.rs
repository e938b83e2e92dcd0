//! Stand-ins for what a BIOS starts: a few instructions of 16-bit code, assembled when a test needs them; and how they are.

use std::fs;

use crate::support::judges::judge;
use crate::support::program::text;

/// Bytes of a boot sector.
const SECTOR: usize = 512;

/// Code that runs at any address, writes `word` to the first serial port, with the drive that it got in DL, and resets the machine.
pub fn stand_in(word: &str) -> Vec<u8> {
    assembled(&format!(
        r#"
        mov     bl, dl
        shr     bl, 4
        add     bl, '0'
        mov     bh, dl
        and     bh, 15
        add     bh, '0'
        push    cs
        pop     ds
        call    here
here:   pop     si
        add     si, offset words - here
        cld
        mov     [si + drive - words], bx
next:   lodsb
        test    al, al
        jz      end
        mov     ah, al
        mov     dx, 0x3fd               # line status: room for a byte
full:   in      al, dx
        test    al, 0x20
        jz      full
        mov     dx, 0x3f8
        mov     al, ah
        out     dx, al
        jmp     next
end:    mov     dx, 0x3fd               # all is sent
sends:  in      al, dx
        test    al, 0x40
        jz      sends
        mov     al, 0xfe                # the keyboard controller resets the processor
        out     0x64, al
stop:   hlt
        jmp     stop
words:  .ascii  "{word} from drive "
drive:  .asciz  "__h\r\n"
"#
    ))
}

/// A boot sector that does the same.
pub fn boot_sector(word: &str) -> Vec<u8> {
    let mut sector = stand_in(word);
    sector.resize(SECTOR - 2, 0);
    sector.extend([0x55, 0xaa]);
    sector
}

/// The bytes of 16-bit code.
fn assembled(source: &str) -> Vec<u8> {
    flat(&format!(".code16\n{source}"), "--32", "elf_i386")
}

/// The bytes of code in the syntax of Intel, for this kind of assembler's output and its linker.
pub fn flat(source: &str, bits: &str, emulation: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let [code, object, binary] = ["s", "o", "bin"].map(|name| folder.path().join(name));
    fs::write(&code, format!(".intel_syntax noprefix\n{source}")).unwrap();
    judge("as", &[bits, "-o", text(&object), text(&code)]);
    let flat = ["-m", emulation, "-Ttext=0", "-e", "0", "--oformat=binary", "-o"];
    judge("ld", &[&flat[..], &[text(&binary), text(&object)]].concat());
    fs::read(binary).unwrap()
}
