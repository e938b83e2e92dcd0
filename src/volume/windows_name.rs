//! Names that Windows takes for a file or directory.

/// UTF-16 units of the longest name.
const MAX_UNITS: usize = 255;

/// Whether Windows takes the name: its length and characters, no dot or space at the end, and no name of a device.
pub(crate) fn is_taken(name: &str) -> bool {
    let forbidden = |c: char| u32::from(c) < 0x20 || "\"*/:<>?\\|".contains(c);
    let reserved = name.split('.').next().is_some_and(is_device);
    (1..=MAX_UNITS).contains(&name.encode_utf16().count())
        && !name.contains(forbidden)
        && !name.ends_with(['.', ' '])
        && !reserved
}

fn is_device(stem: &str) -> bool {
    let stem = stem.trim_end().to_ascii_uppercase();
    let numbered =
        |port: &str| stem.strip_prefix(port).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']));
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_and_forbidden_characters_are_not_taken() {
        let long = "x".repeat(255);
        for name in ["BCD", "a b", ".x", "Größe", "COM0", "console", &long] {
            assert!(is_taken(name), "{name}");
        }
        let longer = format!("{long}x");
        for name in [
            "", ".", "..", "a.", "a ", "a\\b", "a/b", "a:b", "a\tb", "nul", "Con.txt", "COM1", "lpt9.x",
            &longer,
        ] {
            assert!(!is_taken(name), "{name}");
        }
    }
}
