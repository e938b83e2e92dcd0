//! Stand-ins for what UEFI firmware starts: programs for x64 of a few instructions, assembled when a test needs them. They write
//! to the first serial port and turn the machine off.
//!
//! Source: UEFI Specification, "EFI System Table", "Protocol Handler Services", "EFI Loaded Image Protocol", "File Protocol".

use crate::program_file::program;
use crate::support::assembled::flat;

const VERSION: [u16; 4] = [10, 0, 22621, 1];
/// Where `program` has its code, and the headers the subsystem and the place of the resources.
const CODE: usize = 0x400;
const CODE_LEN: usize = 0x200;
const SUBSYSTEM: usize = 0xdc;
const RESOURCES: std::ops::Range<usize> = 0x118..0x120;
/// A program that firmware starts.
const EFI_APPLICATION: u8 = 10;
/// Of the loader of another system: one as long as Windows' would be taken for a copy of that.
const OTHER_LEN: usize = 5000;

/// Stands for Windows' boot manager: opens the store on the volume that it comes from, and says what that begins with, its
/// length in bytes, and from which file it was started. With a version, as Windows' has one.
pub fn boot_manager() -> Vec<u8> {
    with_code(&format!("{READER}{END}{WRITE}{DATA}"))
}

/// Stands for the loader of another system, which says this; without a version.
pub fn of_another(word: &str) -> Vec<u8> {
    let mut file = with_code(&format!("{SPEAKER}{END}{WRITE}said: .asciz \"{word}\\r\\n\"\n"));
    file[RESOURCES].fill(0);
    file.resize(OTHER_LEN, 0);
    file
}

fn with_code(source: &str) -> Vec<u8> {
    let code = flat(&format!(".code64\n{source}"), "--64", "elf_x86_64");
    assert!(code.len() <= CODE_LEN, "{}", code.len());
    let mut file = program(VERSION, true);
    file[CODE..][..code.len()].copy_from_slice(&code);
    file[SUBSYSTEM] = EFI_APPLICATION;
    file
}

/// Nothing is said when a step fails. The stack is kept as the calls want it; nothing is written beside it.
const READER: &str = r"
        push    rbx
        push    rsi
        push    rdi
        push    rbp
        sub     rsp, 0x68
        mov     rdi, rdx                # the system table
        mov     rbp, [rdx + 96]         # boot services
        lea     rdx, [rip + loaded_image]
        lea     r8, [rsp + 0x40]
        call    [rbp + 152]             # HandleProtocol
        test    rax, rax
        jnz     end
        mov     rbx, [rsp + 0x40]
        mov     rcx, [rbx + 24]         # the device that it was read from
        lea     rdx, [rip + file_system]
        lea     r8, [rsp + 0x40]
        call    [rbp + 152]
        test    rax, rax
        jnz     end
        mov     rcx, [rsp + 0x40]
        lea     rdx, [rsp + 0x40]
        call    [rcx + 8]               # OpenVolume
        test    rax, rax
        jnz     end
        mov     rcx, [rsp + 0x40]
        lea     rdx, [rsp + 0x40]
        lea     r8, [rip + store]
        mov     r9d, 1                  # to be read
        and     qword ptr [rsp + 0x20], 0
        call    [rcx + 8]               # Open
        test    rax, rax
        jnz     end
        mov     rbp, [rsp + 0x40]
        mov     rcx, rbp
        lea     rdx, [rsp + 0x48]
        mov     qword ptr [rdx], 4
        lea     r8, [rsp + 0x50]
        and     qword ptr [r8], 0
        call    [rbp + 32]              # Read
        test    rax, rax
        jnz     end
        mov     rcx, rbp
        or      rdx, -1                 # its end
        call    [rbp + 56]              # SetPosition
        test    rax, rax
        jnz     end
        mov     rcx, rbp
        lea     rdx, [rsp + 0x48]
        call    [rbp + 48]              # GetPosition
        test    rax, rax
        jnz     end
        lea     rsi, [rsp + 0x50]
        mov     r8d, 1
        call    write
        lea     rsi, [rsp + 0x68]
        mov     rax, [rsp + 0x48]
        mov     ecx, 10
        dec     rsi
        mov     byte ptr [rsi], 0
digit:  xor     edx, edx
        div     rcx
        add     dl, '0'
        dec     rsi
        mov     [rsi], dl
        test    rax, rax
        jnz     digit
        dec     rsi
        mov     byte ptr [rsi], ' '
        call    write
        lea     rsi, [rip + from]
        call    write
        mov     rsi, [rbx + 32]         # a device path: the path of the file
        add     rsi, 4
        mov     r8d, 2
        call    write
        lea     rsi, [rip + line]
        mov     r8d, 1
        call    write
";

const SPEAKER: &str = r"
        sub     rsp, 0x28
        mov     rdi, rdx
        lea     rsi, [rip + said]
        mov     r8d, 1
        call    write
";

/// With the system table in `rdi`.
const END: &str = r"
end:    mov     rax, [rdi + 88]         # runtime services
        mov     ecx, 2                  # power off
        xor     edx, edx
        xor     r8d, r8d
        xor     r9d, r9d
        call    [rax + 104]             # ResetSystem
stop:   hlt
        jmp     stop
";

const WRITE: &str = r"
# Characters of r8 bytes at rsi, up to a zero, to the first serial port.
write:  mov     ah, [rsi]
        add     rsi, r8
        test    ah, ah
        jz      written
        mov     dx, 0x3fd
full:   in      al, dx
        test    al, 0x20
        jz      full
        mov     dx, 0x3f8
        mov     al, ah
        out     dx, al
        jmp     write
written: ret
";

const DATA: &str = r#"
        .balign 8
loaded_image:
        .long   0x5b1b31a1
        .short  0x9562, 0x11d2
        .byte   0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
file_system:
        .long   0x964e5b22
        .short  0x6459, 0x11d2
        .byte   0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
store:  .string16 "\\EFI\\Microsoft\\Boot\\BCD"
from:   .asciz  " from "
line:   .asciz  "\r\n"
"#;
