//! Where on its volume the file of a service is.
//!
//! Measured on SYSTEM hives: `System32\drivers\x.sys` of services that the loader loads, `\SystemRoot\System32\drivers\x.sys` of others;
//! the loader reads both. A service without the value has the file of its name.

/// Characters of a path that are followed, at most; Windows' own limit is about that.
const LEN_MAX: usize = 260;

/// The file of a service of the Windows under `root`; `None` where its path is one that the loader may read in another way.
#[must_use]
pub fn file_of(root: &str, service: &str, image_path: Option<&str>) -> Option<String> {
    let text = image_path.unwrap_or_default().trim().trim_matches('"');
    if text.is_empty() {
        return Some(driver(root, &format!("{service}.sys")));
    }
    if text.chars().count() > LEN_MAX {
        return None;
    }
    let below = ["\\SystemRoot\\", "%SystemRoot%\\", "SystemRoot\\"].into_iter().find_map(|prefix| {
        let begin = text.get(..prefix.len())?;
        begin.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
    });
    match below {
        Some(below) => Some(format!(r"{root}\{below}")),
        None if text.starts_with('\\') || text.contains(':') || text.contains('%') => None,
        None => Some(format!(r"{root}\{text}")),
    }
}

/// A file in the directory of drivers.
#[must_use]
pub fn driver(root: &str, name: &str) -> String {
    format!(r"{root}\System32\drivers\{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_the_loader_reads_them() {
        let long = "a".repeat(300);
        let of = |path| file_of(r"\Windows", "atapi", path);
        let expected = Some(r"\Windows\System32\drivers\atapi.sys".to_owned());
        assert_eq!(of(None), expected);
        assert_eq!(of(Some("")), expected);
        assert_eq!(of(Some(r"System32\drivers\atapi.sys")), expected);
        assert_eq!(of(Some(r"\SystemRoot\System32\drivers\atapi.sys")), expected);
        assert_eq!(of(Some(r"%systemroot%\System32\drivers\atapi.sys")), expected);
        for path in [r"\??\C:\Windows\x.sys", r"C:\x.sys", r"\Device\x.sys", "%WinDir%\\x.sys"] {
            assert_eq!(of(Some(path)), None, "{path}");
        }
        assert_eq!(of(Some(&long)), None);
        assert_eq!(of(Some("\u{e9}")), Some("\\Windows\\\u{e9}".to_owned()));
    }
}
