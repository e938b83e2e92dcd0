//! Names of new files: which ones Windows takes, and in which namespace it would write them.

use crate::volume::ntfs::write::error::NtfsWriteError;

/// Units of the longest name.
const MAX_UNITS: usize = 255;
/// A name that differs from others by more than case alone: what Windows writes where it makes no 8.3 names.
const POSIX: u8 = 0;
/// A name that is its own 8.3 name.
const WIN32_AND_DOS: u8 = 3;

/// The namespace of a new name. A name that fits 8.3 has no other; a longer one gets no 8.3 name beside it.
///
/// # Errors
/// Windows takes no such name.
pub(super) fn namespace(name: &str) -> Result<u8, NtfsWriteError> {
    let forbidden = |c: char| u32::from(c) < 0x20 || "\"*/:<>?\\|".contains(c);
    let units = name.encode_utf16().count();
    let reserved = name.split('.').next().is_some_and(is_device);
    let bad =
        units == 0 || units > MAX_UNITS || name.contains(forbidden) || name.ends_with(['.', ' ']) || reserved;
    match bad {
        true => Err(NtfsWriteError::Name(name.to_owned())),
        false => Ok(if fits_8_3(name) { WIN32_AND_DOS } else { POSIX }),
    }
}

fn is_device(stem: &str) -> bool {
    let stem = stem.trim_end().to_ascii_uppercase();
    let numbered =
        |port: &str| stem.strip_prefix(port).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']));
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

fn fits_8_3(name: &str) -> bool {
    let (base, extension) = name.split_once('.').unwrap_or((name, "x"));
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'()-@^_`{}~".contains(c);
    let fits = |part: &str, max: usize| (1..=max).contains(&part.len()) && part.chars().all(plain);
    fits(base, 8) && fits(extension, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for name in ["BCD", "bootmgr", "boot.ini", "BOOTSECT.BAK", "a"] {
            assert_eq!(namespace(name).unwrap(), WIN32_AND_DOS, "{name}");
        }
        let long = "x".repeat(255);
        for name in
            ["BCD.LOG1", "ReAgent.xml", "bootmgr.exe.mui", "de-DE", "Größe", ".x", "a b", "COM0", &long]
        {
            let expected =
                if ["ReAgent.xml", "de-DE", "COM0"].contains(&name) { WIN32_AND_DOS } else { POSIX };
            assert_eq!(namespace(name).unwrap(), expected, "{name}");
        }
        for name in [
            "",
            "a.",
            "a ",
            "a\\b",
            "a/b",
            "a:b",
            "a\tb",
            "nul",
            "Con.txt",
            "COM1",
            "lpt9.x",
            &(long.clone() + "x"),
        ] {
            assert!(matches!(namespace(name), Err(NtfsWriteError::Name(_))), "{name}");
        }
    }
}
