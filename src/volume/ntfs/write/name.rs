//! Names of new files: which ones Windows takes, and in which namespace it would write them.

use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::windows_name;

/// A name that differs from others by more than case alone: what Windows writes where it makes no 8.3 names.
const POSIX: u8 = 0;
/// A name that is its own 8.3 name.
const WIN32_AND_DOS: u8 = 3;

/// The namespace of a new name. A name that fits 8.3 has no other; a longer one gets no 8.3 name beside it.
///
/// # Errors
/// Windows takes no such name.
pub(super) fn namespace(name: &str) -> Result<u8, NtfsWriteError> {
    match windows_name::is_taken(name) {
        false => Err(NtfsWriteError::Name(name.to_owned())),
        true => Ok(if fits_8_3(name) { WIN32_AND_DOS } else { POSIX }),
    }
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
        for name in ["", "a.", "nul", "a:b"] {
            assert!(matches!(namespace(name), Err(NtfsWriteError::Name(_))), "{name}");
        }
    }
}
