//! Paths as a BCD store writes them: backslashes, from the root of the volume.

/// The components of a path; empty ones (a leading, doubled or last backslash) are passed over.
pub(crate) fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('\\').filter(|component| !component.is_empty())
}

/// The path of `name` in the directory `parent`, where the root is the empty path.
pub(crate) fn join(parent: &str, name: &str) -> String {
    format!("{}\\{name}", parent.trim_end_matches('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spare_backslashes_do_not_matter() {
        assert_eq!(components("\\Boot\\\\BCD\\").collect::<Vec<_>>(), ["Boot", "BCD"]);
        assert_eq!(components("\\").count(), 0);
        assert_eq!(join("", "Boot"), "\\Boot");
        assert_eq!(join("\\Boot", "BCD"), "\\Boot\\BCD");
        assert_eq!(join("\\", "BCD"), "\\BCD");
    }
}
