//! A program file's headers: where in the file the bytes are that it has at an address in memory.
//!
//! Source: Microsoft, "PE Format" (MS-DOS stub, COFF file header, optional header, section table).

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;
use crate::layout::file_version::error::FileVersionError;
use crate::layout::file_version::error::Result;
use crate::layout::file_version::error::corrupt;

/// Bytes of one read; what comes next is mostly among them already.
const BLOCK: usize = 0x1000;
/// "The Windows loader limits the number of sections to 96" (PE Format, COFF file header).
const SECTIONS_MAX: u16 = 96;

/// The file, with the block that was read last.
pub(super) struct File<'a> {
    len: u64,
    read: &'a dyn Fn(u64, usize) -> Option<Vec<u8>>,
    at: u64,
    block: Vec<u8>,
}

impl<'a> File<'a> {
    pub(super) fn new(len: u64, read: &'a dyn Fn(u64, usize) -> Option<Vec<u8>>) -> Self {
        Self { len, read, at: 0, block: Vec::new() }
    }

    /// These bytes, from the block or with one read.
    pub(super) fn bytes(&mut self, what: &'static str, at: u64, len: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        // No bytes are anywhere, behind the end too.
        if len == 0 {
            return Ok(&[]);
        }
        if left < len {
            let found = format!("the end of the file at 0x{:x}", self.len);
            return Err(corrupt(what, at, format!("{len} bytes"), found));
        }
        if self.held(at, len).is_none() {
            let wanted = len.max(BLOCK).min(left);
            let block = (self.read)(at, wanted).filter(|block| block.len() == wanted);
            self.block = block.ok_or(FileVersionError::Unreadable { at, len: wanted })?;
            self.at = at;
        }
        self.held(at, len).ok_or(FileVersionError::Unreadable { at, len })
    }

    fn held(&self, at: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(at.checked_sub(self.at)?).ok()?;
        slice(&self.block, start, len)
    }
}

/// A section: where its bytes are in memory and in the file.
struct Section {
    address: u32,
    /// Of those in the file.
    len: u32,
    place: u32,
}

/// What the headers say.
pub(super) struct Image {
    /// Where the optional header is in the file.
    pub(super) optional: u64,
    /// Address of the resource directory.
    pub(super) resources: u32,
    sections: Vec<Section>,
}

impl Image {
    /// Reads the headers.
    pub(super) fn read(file: &mut File<'_>) -> Result<Self> {
        let stub = file.bytes("MS-DOS stub", 0, 0x40)?;
        expect("MS-DOS stub", 0, stub, b"MZ")?;
        let pe = u64::from(u32_at(stub, 0x3c));
        let header = file.bytes("PE header", pe, 24)?;
        expect("PE header", pe, header, b"PE\0\0")?;
        let (count, optional_len) = (u16_at(header, 6), u16_at(header, 20));
        if count > SECTIONS_MAX {
            return Err(corrupt(
                "PE header",
                pe,
                format!("at most {SECTIONS_MAX} sections"),
                count.to_string(),
            ));
        }
        let optional = pe.saturating_add(24);
        let resources = Self::resource_directory(file, optional, optional_len)?;
        let table = optional.saturating_add(u64::from(optional_len));
        let headers = file.bytes("section table", table, usize::from(count).saturating_mul(40))?;
        let section = |header: &[u8]| Section {
            address: u32_at(header, 12),
            len: u32_at(header, 16),
            place: u32_at(header, 20),
        };
        Ok(Self { optional, resources, sections: headers.chunks_exact(40).map(section).collect() })
    }

    /// The third data directory of the optional header, which PE32+ has 16 bytes later than PE32.
    fn resource_directory(file: &mut File<'_>, at: u64, len: u16) -> Result<u32> {
        let header = file.bytes("optional header", at, usize::from(len.min(136)))?;
        let directories: usize = match u16_at(header, 0) {
            0x10b => 96,
            0x20b => 112,
            magic => return Err(corrupt("optional header", at, "0x10b or 0x20b", format!("0x{magic:x}"))),
        };
        let entry = |at: usize| le_u32(header, directories.saturating_add(at));
        let count = le_u32(header, directories.saturating_sub(4)).unwrap_or(0);
        let address = entry(16).filter(|address| *address != 0 && count > 2 && entry(20) != Some(0));
        address.ok_or(FileVersionError::Absent)
    }

    /// Where in the file the byte is that has this address in memory.
    /// `what` at `at` says so.
    pub(super) fn place(&self, what: &'static str, at: u64, address: u32) -> Result<u64> {
        let places = |section: &Section| {
            let inside = address.checked_sub(section.address).filter(|inside| *inside < section.len)?;
            Some(u64::from(section.place).saturating_add(u64::from(inside)))
        };
        let found = || format!("address 0x{address:x}");
        let place = self.sections.iter().find_map(places);
        place.ok_or_else(|| corrupt(what, at, "an address inside a section", found()))
    }
}

/// From bytes that are long enough.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    le_u16(bytes, at).unwrap_or(0)
}

/// From bytes that are long enough.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    le_u32(bytes, at).unwrap_or(0)
}

pub(super) fn expect(what: &'static str, at: u64, bytes: &[u8], magic: &[u8]) -> Result<()> {
    if bytes.starts_with(magic) {
        return Ok(());
    }
    let found = bytes.get(..magic.len()).unwrap_or(bytes);
    Err(corrupt(what, at, format!("\"{}\"", magic.escape_ascii()), format!("\"{}\"", found.escape_ascii())))
}
