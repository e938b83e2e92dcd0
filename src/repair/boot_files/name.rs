//! Names of files and of languages.

/// UTF-16 units of a name, at most; those of boot files have 30.
const LEN_MAX: usize = 128;
/// What no name on FAT or NTFS has in Windows.
const NOT_IN_NAMES: &str = "\\/:*?\"<>|";

/// Whether a file can have this name on each file system that Windows starts from.
pub(super) fn is_fit(name: &str) -> bool {
    let is_odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER || NOT_IN_NAMES.contains(c);
    !name.is_empty()
        && name.encode_utf16().count() <= LEN_MAX
        && !name.ends_with(['.', ' '])
        && !name.starts_with(' ')
        && !name.contains(is_odd)
}

/// Whether a directory has the name of a language: `de-DE`, `sr-Latn-RS`, `qps-ploc`.
pub(super) fn is_language(name: &str) -> bool {
    let mut parts = name.split('-');
    let is_word = |part: &str, len: std::ops::RangeInclusive<usize>| {
        len.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let first = parts
        .next()
        .is_some_and(|part| is_word(part, 2..=3) && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let rest: Vec<&str> = parts.collect();
    first && (1..=2).contains(&rest.len()) && rest.iter().all(|part| is_word(part, 2..=8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_from_other_directories() {
        for name in ["de-DE", "en-us", "sr-Latn-RS", "qps-ploc", "qps-plocm", "zh-TW", "es-419"] {
            assert!(is_language(name), "{name}");
        }
        for name in ["Fonts", "Resources", "de", "CIPolicies", "a-b-c-d", "de-", "-DE", "x-64", "12-34", ""] {
            assert!(!is_language(name), "{name}");
        }
    }

    #[test]
    fn names_that_some_file_system_cannot_keep_are_not_taken() {
        for name in ["bootmgfw.efi", "boot.stl", "kd_02_10df.dll", "bootmgr", "über.ttf"] {
            assert!(is_fit(name), "{name}");
        }
        let long = "x".repeat(129);
        for name in ["", ".", "..", "a\\b", "a/b", "a:b", "end ", "end.", "\u{7}", "\u{fffd}", &long] {
            assert!(!is_fit(name), "{name}");
        }
    }
}
