//! What a file that firmware or a boot manager starts begins with: whether it is a program, for which processor, and whole.
//!
//! Sources: Microsoft, "PE Format" (MS-DOS stub, COFF file header, data directories, section table); EDK2, `BasePeCoff.c`, which asks for the last
//! byte of the certificates; measured on `bootmgr` and `ntldr`, which are code
//! for 16 bits with a program inside.

use std::fmt;

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;

/// Bytes of the file that are looked at; real programs have all their headers in them.
pub const HEAD: usize = 0x1000;
/// Lengths of the MS-DOS stub's header, of the PE signature with the COFF header, and of a section's header.
const STUB: usize = 0x40;
const COFF: usize = 24;
const SECTION: usize = 40;
/// Length of a data directory, and which of them have the resources and the certificates.
const DIRECTORY: usize = 8;
const RESOURCES: usize = 2;
const CERTIFICATES: usize = 4;

/// A processor that programs are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    X64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
    /// Another, by its number.
    Other(u16),
}

impl Machine {
    const fn of(number: u16) -> Self {
        match number {
            0x014c => Self::X86,
            0x8664 => Self::X64,
            0x01c0 | 0x01c2 | 0x01c4 => Self::Arm,
            0xaa64 => Self::Arm64,
            number => Self::Other(number),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86 => f.write_str("x86"),
            Self::X64 => f.write_str("x64"),
            Self::Arm => f.write_str("ARM"),
            Self::Arm64 => f.write_str("ARM64"),
            Self::Other(number) => write!(f, "machine 0x{number:04x}"),
        }
    }
}

/// What a file begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// It has no bytes.
    Empty,
    /// Nothing but zeros.
    Zeros,
    /// A program that ends before its parts do.
    Cut {
        /// Bytes that a whole one has at least.
        wants: u64,
    },
    /// A program, whole as far as its headers tell.
    Program(Machine),
    /// Code for 16 bits, as `bootmgr` and `ntldr` begin with it.
    RealMode {
        /// Bytes that it has at least: its first jump leads to the last of them.
        wants: u64,
    },
    /// A program for MS-DOS; whether it is one for Windows too is not among the bytes that were read.
    Unclear,
    /// No program, and no code that a boot record could start.
    NoProgram,
}

impl Content {
    /// Of a file of `len` bytes that begins with `head`: [`HEAD`] bytes, or all of a shorter one.
    #[must_use]
    pub fn of(len: u64, head: &[u8]) -> Self {
        if len == 0 {
            return Self::Empty;
        }
        if head.iter().all(|byte| *byte == 0) {
            return Self::Zeros;
        }
        if !head.starts_with(b"MZ") {
            return real_mode(head).map_or(Self::NoProgram, |wants| Self::RealMode { wants });
        }
        let cut = |wants: usize| Self::Cut { wants: u64::try_from(wants).unwrap_or(u64::MAX) };
        let is_all = u64::try_from(head.len()).is_ok_and(|read| read == len);
        let Some(stub) = slice(head, 0, STUB) else { return cut(STUB) };
        let at = le_u32(stub, 0x3c).and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
        let Some(header) = slice(head, at, COFF) else {
            let end = at.saturating_add(COFF);
            // Programs for MS-DOS have no such place, and anything there.
            return match (is_all, end <= HEAD) {
                (true, true) => cut(end),
                (false, _) if u64::try_from(end).is_ok_and(|end| end <= len) => Self::Unclear,
                (true | false, _) => Self::NoProgram,
            };
        };
        if !header.starts_with(b"PE\0\0") {
            return Self::NoProgram;
        }
        let count = usize::from(le_u16(header, 6).unwrap_or(0));
        let table = at.saturating_add(COFF).saturating_add(usize::from(le_u16(header, 20).unwrap_or(0)));
        let end = table.saturating_add(count.saturating_mul(SECTION));
        if is_all && end > head.len() {
            return cut(end);
        }
        // A table that goes on behind what was read says nothing of those sections.
        let sections = head.get(table..).unwrap_or_default().chunks_exact(SECTION).take(count);
        let certificates = certificates_end(slice(head, at, table.saturating_sub(at)).unwrap_or_default());
        match sections.map(section_end).chain(certificates).max().filter(|wants| *wants > len) {
            Some(wants) => Self::Cut { wants },
            None => Self::Program(Machine::of(le_u16(header, 4).unwrap_or(0))),
        }
    }

    /// The processor that it is for, where it is a whole program.
    #[must_use]
    pub const fn machine(self) -> Option<Machine> {
        match self {
            Self::Program(machine) => Some(machine),
            Self::Empty
            | Self::Zeros
            | Self::Cut { .. }
            | Self::RealMode { .. }
            | Self::Unclear
            | Self::NoProgram => None,
        }
    }
}

/// Whether a program that begins with `head` has no resources, among which its version would be; `None` where that is not told.
#[must_use]
pub fn is_without_resources(head: &[u8]) -> Option<bool> {
    let at = usize::try_from(le_u32(head, 0x3c)?).ok()?;
    let headers = head.get(at..)?;
    if !headers.starts_with(b"PE\0\0") {
        return None;
    }
    let found = directory(headers, RESOURCES)?;
    Some(found.is_none_or(|(place, len)| place == 0 || len == 0))
}

/// Where in the file the certificates of a program are that begins with `head`, and their length in bytes; `None` for one without.
#[must_use]
pub fn certificates(head: &[u8]) -> Option<(u32, u32)> {
    let at = usize::try_from(le_u32(head, 0x3c)?).ok()?;
    let headers = head.get(at..).filter(|headers| headers.starts_with(b"PE\0\0"))?;
    directory(headers, CERTIFICATES)?.filter(|(_, len)| *len != 0)
}

/// How many bytes code for 16 bits has at least, where a file begins with such: with a jump, as those of Microsoft and GRUB4DOS
/// do, or with what else a boot loader does first (interrupts off, direction, a register cleared, a 32-bit operand).
fn real_mode(head: &[u8]) -> Option<u64> {
    let wants = |from: u64, by: i64| from.saturating_add_signed(by).saturating_add(1).max(from);
    match head {
        [0xe9, low, high, ..] => Some(wants(3, i64::from(i16::from_le_bytes([*low, *high])))),
        [0xeb, by, ..] => Some(wants(2, i64::from(by.cast_signed()))),
        [0xea, _, _, _, _, ..]
        | [0xfa | 0xfc, ..]
        | [0x31 | 0x33, 0xc0..=0xff, ..]
        | [0x66, 0x31 | 0x33, ..] => Some(1),
        _ => None,
    }
}

/// Where the certificates end in the file, which alone of the data directories are named by a place in that. `headers` are those of
/// COFF and the optional one.
fn certificates_end(headers: &[u8]) -> Option<u64> {
    let (place, len) = directory(headers, CERTIFICATES)??;
    (len != 0).then(|| u64::from(place).saturating_add(u64::from(len)))
}

/// Place and length of a data directory, where there are so many; `None` where the headers end before it.
fn directory(headers: &[u8], number: usize) -> Option<Option<(u32, u32)>> {
    // In PE32+ the addresses before the directories take 16 bytes more.
    let first: usize = match le_u16(headers, COFF)? {
        0x010b => 96,
        0x020b => 112,
        _ => return None,
    };
    let first = COFF.checked_add(first)?;
    let count = le_u32(headers, first.checked_sub(4)?)?;
    if usize::try_from(count).is_ok_and(|count| count <= number) {
        return Some(None);
    }
    let at = first.checked_add(number.checked_mul(DIRECTORY)?)?;
    Some(Some((le_u32(headers, at)?, le_u32(headers, at.checked_add(4)?)?)))
}

/// Where the bytes of a section end in the file; those behind its length in memory only fill the file up.
fn section_end(header: &[u8]) -> u64 {
    let field = |at| le_u32(header, at).unwrap_or(0);
    let (in_memory, in_file, place) = (field(8), field(16), field(20));
    let len = if in_memory == 0 { in_file } else { in_memory.min(in_file) };
    if len == 0 { 0 } else { u64::from(place).saturating_add(u64::from(len)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::file_version::sample;

    fn program(wide: bool) -> Vec<u8> {
        sample::program([10, 0, 19041, 1], wide)
    }

    fn of(file: &[u8]) -> Content {
        Content::of(file.len() as u64, &file[..file.len().min(HEAD)])
    }

    #[test]
    fn whole_programs_tell_their_processor() {
        assert_eq!(of(&program(true)), Content::Program(Machine::X64));
        assert_eq!(of(&program(false)).machine(), Some(Machine::X86));
        for (number, machine, name) in [
            (0xaa64u16, Machine::Arm64, "ARM64"),
            (0x01c4, Machine::Arm, "ARM"),
            (0x0200, Machine::Other(0x200), "machine 0x0200"),
        ] {
            let mut file = program(true);
            file[0x84..0x86].copy_from_slice(&number.to_le_bytes());
            assert_eq!(of(&file), Content::Program(machine));
            assert_eq!(machine.to_string(), name);
        }
    }

    #[test]
    fn empty_zeros_and_cut_files_are_told_from_others() {
        assert_eq!(of(b""), Content::Empty);
        assert_eq!(of(&[0; 70_000]), Content::Zeros);
        assert_eq!(of(b"MZ and no more"), Content::Cut { wants: 0x40 });
        // A text; a program for MS-DOS, and one with a header behind what is read.
        assert_eq!(of(b"placeholder"), Content::NoProgram);
        let mut dos = vec![0x33; 3000];
        dos[..2].copy_from_slice(b"MZ");
        assert_eq!(of(&dos), Content::NoProgram);
        dos.resize(20_000, 0);
        assert_eq!(of(&dos), Content::NoProgram);
        dos[0x3c..0x40].copy_from_slice(&0x2000u32.to_le_bytes());
        assert_eq!(of(&dos), Content::Unclear);
        let file = program(true);
        // The last section is in memory as long as in the file: it ends with the file.
        assert_eq!(of(&file[..0x7ff]), Content::Cut { wants: 0x800 });
        assert_eq!(of(&file[..0x90]), Content::Cut { wants: 0x98 });
        assert_eq!(of(&file[..0x190]), Content::Cut { wants: 0x1d8 });
    }

    #[test]
    fn code_for_16_bits_begins_with_a_jump_or_as_loaders_do() {
        assert_eq!(of(&sample::real_mode([10, 0, 19041, 1])), Content::RealMode { wants: 0x11 });
        for (file, wants) in [
            (&b"\xe9\xd5\x01\xeb\x04\x90"[..], 0x1d9),
            (b"\xe9\xfb\xff\x90", 3),
            (b"\xeb\x4c\x90", 0x4f),
            (b"\xea\x05\x00\xc0\x07", 1),
            (b"\xfa\x31\xc0", 1),
            (b"\x31\xc0\x8e", 1),
            (b"\x66\x31\xed", 1),
        ] {
            assert_eq!(of(file), Content::RealMode { wants }, "{file:02x?}");
        }
        for file in [&b"1st line"[..], b"fat", b"\xe9", b"\x7fELF", b"\x52\x56\x56"] {
            assert_eq!(of(file), Content::NoProgram, "{file:02x?}");
        }
    }

    #[test]
    fn what_only_fills_the_file_up_may_be_missing() {
        let mut file = program(true);
        file[0x1b0 + 8..0x1b0 + 12].copy_from_slice(&0x11cu32.to_le_bytes());
        assert_eq!(of(&file[..0x71c]), Content::Program(Machine::X64));
        assert_eq!(of(&file[..0x71b]), Content::Cut { wants: 0x71c });
    }

    #[test]
    fn no_flipped_or_missing_byte_stops_it() {
        let file = program(true);
        for at in 0..file.len() {
            let _ = of(&file[..at]);
            for flip in [1, 0x80, 0xff] {
                let mut file = file.clone();
                file[at] ^= flip;
                let _ = of(&file);
            }
        }
    }
}
