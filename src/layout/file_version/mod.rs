//! The version that a program file (`winload.exe`, `winload.efi`, `ntoskrnl.exe`) carries in its resources.
//!
//! Sources: Microsoft, "PE Format" (headers; "The .rsrc Section"), `VS_VERSIONINFO` and `VS_FIXEDFILEINFO`.

mod error;
mod image;
mod resources;
#[cfg(test)]
pub(crate) mod sample;

pub use error::FileVersionError;

use std::fmt;

use crate::layout::file_version::error::Result;
use crate::layout::file_version::image::File;
use crate::layout::file_version::image::Image;

/// The binary file version: `10.0.19041.3570`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileVersion {
    /// High word of `dwFileVersionMS`.
    pub major: u16,
    /// Low word of `dwFileVersionMS`.
    pub minor: u16,
    /// High word of `dwFileVersionLS`.
    pub build: u16,
    /// Low word of `dwFileVersionLS`.
    pub revision: u16,
}

impl fmt::Display for FileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

/// Reads the version of a file of `len` bytes. `read(at, len)` gives exactly these bytes of it, or `None`; it is asked
/// at most eight times, for 4 KiB at most, and never beyond the end of the file.
///
/// # Errors
/// [`FileVersionError`].
pub fn read(len: u64, read: &dyn Fn(u64, usize) -> Option<Vec<u8>>) -> Result<FileVersion> {
    let mut file = File::new(len, read);
    let image = Image::read(&mut file)?;
    resources::version(&mut file, &image)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const VERSION: [u16; 4] = [10, 0, 19041, 3570];

    fn of(bytes: &[u8]) -> Result<FileVersion> {
        counted(bytes).0
    }

    /// The answer, and how many reads it took.
    fn counted(bytes: &[u8]) -> (Result<FileVersion>, usize) {
        let reads = Cell::new(0);
        let answer = read(bytes.len() as u64, &|at, len| {
            reads.set(reads.get() + 1);
            assert!(len <= 0x1000 && reads.get() <= 8, "read {} of {len} bytes", reads.get());
            Some(bytes[usize::try_from(at).unwrap()..][..len].to_vec())
        });
        (answer, reads.get())
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        assert_eq!(of(bytes).unwrap_err().to_string(), message);
    }

    fn with(at: usize, new: &[u8]) -> Vec<u8> {
        let mut bytes = sample::program(VERSION, true);
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    }

    #[test]
    fn both_widths_are_read() {
        for wide in [false, true] {
            let version = of(&sample::program(VERSION, wide)).unwrap();
            assert_eq!(version, FileVersion { major: 10, minor: 0, build: 19041, revision: 3570 });
            assert_eq!(version.to_string(), "10.0.19041.3570");
        }
    }

    #[test]
    fn damage_is_told_with_its_place() {
        fails(b"", "MS-DOS stub at 0x0 of the file: expected 64 bytes, found the end of the file at 0x0");
        fails(&with(0, b"ZM"), r#"MS-DOS stub at 0x0 of the file: expected "MZ", found "ZM""#);
        fails(
            &with(0x80, b"NE"),
            r#"PE header at 0x80 of the file: expected "PE\x00\x00", found "NE\x00\x00""#,
        );
        fails(&with(0x86, &[97]), "PE header at 0x80 of the file: expected at most 96 sections, found 97");
        fails(
            &with(0x98, &[7, 1]),
            "optional header at 0x98 of the file: expected 0x10b or 0x20b, found 0x107",
        );
        fails(
            &with(0x98 + 129, &[0xff]),
            "optional header at 0x98 of the file: expected an address inside a section, found address 0xff00",
        );
        fails(
            &with(0x60f, &[2]),
            "resource directory at 0x600 of the file: expected at most 500 types, found 514",
        );
        fails(
            &with(0x61f, &[0]),
            "resource directory at 0x600 of the file: expected a directory of names or languages, found data",
        );
        fails(
            &with(0x67f, &[0x80]),
            "resource language at 0x600 of the file: expected data, found a directory",
        );
        fails(
            &with(0x694, &[91]),
            "version resource at 0x6c0 of the file: expected at least 92 bytes, found 91",
        );
        fails(
            &with(0x6c6, b"W"),
            r#"version resource at 0x6c0 of the file: expected VS_VERSION_INFO with a value, found "WS_VERSION_INFO""#,
        );
        fails(
            &with(0x6e8, &[0]),
            r#"version resource at 0x6e8 of the file: expected "\xbd\x04\xef\xfe", found "\x00\x04\xef\xfe""#,
        );
    }

    #[test]
    fn no_sections_behind_the_end_are_not_read() {
        let mut bytes = with(0x86, &[0, 0]);
        bytes[0x94..0x96].fill(0xff);
        let said =
            "optional header at 0x98 of the file: expected an address inside a section, found address 0x2000";
        fails(&bytes, said);
    }

    #[test]
    fn programs_without_a_version_say_so() {
        let none = "the file has no version resource";
        // No resources at all, fewer data directories, another type, no names.
        fails(&with(0x98 + 128, &[0; 8]), none);
        fails(&with(0x98 + 108, &[2]), none);
        fails(&with(0x618, &[17]), none);
        fails(&with(0x65e, &[0]), none);
    }

    #[test]
    fn reads_that_fail_are_told() {
        let unreadable = FileVersionError::Unreadable { at: 0, len: 0x1000 };
        assert_eq!(read(1 << 40, &|_, _| None), Err(unreadable.clone()));
        assert_eq!(read(1 << 40, &|_, _| Some(vec![0; 16])), Err(unreadable));
        // A file that is longer than any address can be, and all of one byte.
        for byte in 0..=255 {
            assert!(read(u64::MAX, &|_, len| Some(vec![byte; len])).is_err());
        }
    }

    #[test]
    fn no_flipped_or_missing_byte_stops_it() {
        for wide in [false, true] {
            let sound = sample::program(VERSION, wide);
            for len in 0..sound.len() {
                let _ = of(&sound[..len]);
            }
            for at in 0..sound.len() {
                for value in [0, 1, 0x10, 0x7f, 0x80, 0xfe, 0xff, !sound[at], sound[at].wrapping_add(1)] {
                    let mut bytes = sound.clone();
                    bytes[at] = value;
                    let _ = of(&bytes);
                }
            }
        }
    }

    /// Directories that name one another: the walk has three levels, wherever they lead.
    #[test]
    fn circles_end() {
        assert!(of(&with(0x61c, &[0, 0, 0, 0x80])).is_err());
        assert!(of(&with(0x664, &[0x50, 0, 0, 0x80])).is_err());
    }

    #[test]
    fn a_small_file_is_one_read() {
        assert_eq!(counted(&sample::program(VERSION, true)).1, 1);
    }

    /// Each part further from the one before than a read reaches.
    #[test]
    fn no_walk_takes_more_than_eight_reads() {
        const FAR: usize = 0x2000;
        let sound = sample::program(VERSION, true);
        let mut bytes = vec![0; 10 * FAR];
        let mut put = |at: usize, new: &[u8]| bytes[at..at + new.len()].copy_from_slice(new);
        let number = |at: usize, flag: u32| (u32::try_from(at).unwrap() | flag).to_le_bytes();
        put(0, &sound[..0x3c]);
        put(0x3c, &number(FAR, 0));
        // Headers, with an optional header that is as long as that; sections, of which the second is far and long.
        put(FAR, &sound[0x80..0x188]);
        put(FAR + 20, &number(FAR, 0)[..2]);
        put(FAR * 2 + 24, &sound[0x188..0x1d8]);
        put(FAR * 2 + 24 + 40 + 16, &number(FAR * 7, 0));
        put(FAR * 2 + 24 + 40 + 20, &number(FAR * 3, 0));
        // Directories, data entry, version.
        put(FAR * 3, &sound[0x600..0x620]);
        put(FAR * 3 + 28, &number(FAR, 0x8000_0000));
        put(FAR * 4, &sound[0x650..0x668]);
        put(FAR * 4 + 20, &number(FAR * 2, 0x8000_0000));
        put(FAR * 5, &sound[0x668..0x680]);
        put(FAR * 5 + 20, &number(FAR * 3, 0));
        put(FAR * 6, &number(0x2000 + FAR * 4, 0));
        put(FAR * 6 + 4, &number(92, 0));
        put(FAR * 7, &sound[0x6c0..0x71c]);
        let (version, reads) = counted(&bytes);
        assert_eq!((version.unwrap().to_string().as_str(), reads), ("10.0.19041.3570", 8));
    }
}
