//! What a file that firmware or a boot manager starts begins with: whether it is a program, for which processor, and whole.
//!
//! Sources: Microsoft, "PE Format" (MS-DOS stub, COFF file header, section table); measured on `bootmgr` and `ntldr`, which are code
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
    /// Something else: code for 16 bits, as `bootmgr` and `ntldr` have it, or no program.
    Other,
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
            return Self::Other;
        }
        let cut = |wants: usize| Self::Cut { wants: u64::try_from(wants).unwrap_or(u64::MAX) };
        let is_all = u64::try_from(head.len()).is_ok_and(|read| read == len);
        let Some(stub) = slice(head, 0, STUB) else { return cut(STUB) };
        let at = le_u32(stub, 0x3c).and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
        let Some(header) = slice(head, at, COFF) else {
            // Programs for MS-DOS have no such place, and anything there.
            let is_near = at.saturating_add(COFF) <= HEAD;
            return if is_all && is_near { cut(at.saturating_add(COFF)) } else { Self::Other };
        };
        if !header.starts_with(b"PE\0\0") {
            return Self::Other;
        }
        let count = usize::from(le_u16(header, 6).unwrap_or(0));
        let table = at.saturating_add(COFF).saturating_add(usize::from(le_u16(header, 20).unwrap_or(0)));
        let end = table.saturating_add(count.saturating_mul(SECTION));
        if is_all && end > head.len() {
            return cut(end);
        }
        // A table that goes on behind what was read says nothing of those sections.
        let sections = head.get(table..).unwrap_or_default().chunks_exact(SECTION).take(count);
        match sections.map(section_end).max().filter(|wants| *wants > len) {
            Some(wants) => Self::Cut { wants },
            None => Self::Program(Machine::of(le_u16(header, 4).unwrap_or(0))),
        }
    }

    /// The processor that it is for, where it is a whole program.
    #[must_use]
    pub const fn machine(self) -> Option<Machine> {
        match self {
            Self::Program(machine) => Some(machine),
            Self::Empty | Self::Zeros | Self::Cut { .. } | Self::Other => None,
        }
    }
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
        // 16-bit code, a text, a program for MS-DOS.
        assert_eq!(of(b"\xe9\xd5\x01\xeb\x04\x90"), Content::Other);
        assert_eq!(of(b"placeholder"), Content::Other);
        let mut dos = vec![0x33; 3000];
        dos[..2].copy_from_slice(b"MZ");
        assert_eq!(of(&dos), Content::Other);
        let file = program(true);
        // The last section is in memory as long as in the file: it ends with the file.
        assert_eq!(of(&file[..0x7ff]), Content::Cut { wants: 0x800 });
        assert_eq!(of(&file[..0x90]), Content::Cut { wants: 0x98 });
        assert_eq!(of(&file[..0x190]), Content::Cut { wants: 0x1d8 });
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
