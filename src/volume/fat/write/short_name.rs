//! The 8.3 name of a new file, as Windows chooses it.
//!
//! Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03, "The Basis-Name Generation Algorithm".

use std::collections::HashSet;

/// Bits of byte 12 of an entry: the name, or its extension, is in lower case (Windows NT).
const LOWER_BASE: u8 = 0x08;
const LOWER_EXTENSION: u8 = 0x10;

/// An 8.3 name as an entry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShortName {
    /// Name and extension, filled up with spaces.
    pub(super) bytes: [u8; 11],
    /// Which of them are in lower case.
    pub(super) case: u8,
    /// Whether it is the whole name, so that no long one stands before it.
    pub(super) is_whole: bool,
}

/// The 8.3 name that a name itself is, whatever its case; `None` where it fits none.
pub(super) fn own(name: &str) -> Option<ShortName> {
    let (base, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_plain = |part: &str| part.bytes().all(is_legal);
    let fits = (1..=8).contains(&base.len()) && extension.len() <= 3 && is_plain(base) && is_plain(extension);
    if !fits || name.ends_with('.') {
        return None;
    }
    let (base_case, extension_case) = (case(base), case(extension));
    let bits = |case, bit| if case == Some(true) { bit } else { 0 };
    Some(ShortName {
        bytes: filled(&base.to_ascii_uppercase(), &extension.to_ascii_uppercase()),
        case: bits(base_case, LOWER_BASE) | bits(extension_case, LOWER_EXTENSION),
        is_whole: base_case.is_some() && extension_case.is_some(),
    })
}

/// The 8.3 name beside a long one, other than those that are taken.
pub(super) fn made(name: &str, taken: &HashSet<[u8; 11]>) -> ShortName {
    let (base, extension) = match name.trim_start_matches(['.', ' ']).rsplit_once('.') {
        Some((base, extension)) => (legal(base, 8), legal(extension, 3)),
        None => (legal(name.trim_start_matches(['.', ' ']), 8), String::new()),
    };
    let tailed = (1..1_000_000u32).map(|number| {
        let tail = format!("~{number}");
        let room = 8usize.saturating_sub(tail.len());
        let base: String = base.chars().take(room).collect();
        filled(&format!("{base}{tail}"), &extension)
    });
    let bytes = tailed.into_iter().find(|bytes| !taken.contains(bytes)).unwrap_or([b'~'; 11]);
    ShortName { bytes, case: 0, is_whole: false }
}

/// Whether letters are all in lower case (`true`), none is (`false`), or both are there.
fn case(part: &str) -> Option<bool> {
    let lower = part.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = part.bytes().any(|byte| byte.is_ascii_uppercase());
    (!(lower && upper)).then_some(lower)
}

fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"$%'-_@~`!(){}^#&".contains(&byte)
}

/// A part of a long name in characters that a short one may have; the code page that others would need is not known.
fn legal(part: &str, max: usize) -> String {
    let kept = part.chars().filter(|c| !matches!(c, ' ' | '.'));
    let plain = kept.map(|c| if u8::try_from(c).is_ok_and(is_legal) { c.to_ascii_uppercase() } else { '_' });
    plain.take(max).collect()
}

fn filled(base: &str, extension: &str) -> [u8; 11] {
    let mut bytes = [b' '; 11];
    let places = (0..8).zip(base.bytes()).chain((8..11).zip(extension.bytes()));
    for (at, byte) in places {
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_is_its_own_in_whichever_case() {
        for (name, bytes, case, is_whole) in [
            ("BCD", &b"BCD        "[..], 0, true),
            ("bootmgr", b"BOOTMGR    ", 8, true),
            ("bootx64.efi", b"BOOTX64 EFI", 0x18, true),
            ("BOOTX64.efi", b"BOOTX64 EFI", 0x10, true),
            ("winsipolicy", b"", 0, false),
            ("Boot", b"BOOT       ", 0, false),
            ("BCD.LOG", b"BCD     LOG", 0, true),
            ("de-DE", b"DE-DE      ", 0, false),
            ("1.2", b"1       2  ", 0, true),
            ("BCD.LOG1", b"", 0, false),
            ("a.b.c", b"", 0, false),
            ("a b", b"", 0, false),
            ("a+b", b"", 0, false),
            (".x", b"", 0, false),
            ("ö", b"", 0, false),
        ] {
            let expected = <[u8; 11]>::try_from(bytes).ok();
            assert_eq!(own(name), expected.map(|bytes| ShortName { bytes, case, is_whole }), "{name}");
        }
    }

    #[test]
    fn others_get_a_number() {
        let mut taken = HashSet::new();
        for (name, bytes) in [
            ("BCD.LOG1", b"BCD~1   LOG"),
            ("BCD.LOG2", b"BCD~2   LOG"),
            ("bootmgfw_EX.efi", b"BOOTMG~1EFI"),
            ("bootmgr.exe.mui", b"BOOTMG~1MUI"),
            (".profile.d", b"PROFIL~1D  "),
            (".x", b"X~1        "),
            ("a+b c", b"A_BC~1     "),
            ("Größe.txt", b"GR__E~1 TXT"),
        ] {
            let made = made(name, &taken).bytes;
            assert_eq!(&made, bytes, "{name}: {}", String::from_utf8_lossy(&made));
            taken.insert(made);
        }
        for number in 0..20 {
            taken.insert(made(&format!("a long name {number}"), &taken).bytes);
        }
        assert!(taken.contains(b"ALONGN~9   ") && taken.contains(b"ALONG~20   "));
    }
}
