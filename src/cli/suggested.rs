//! Commands for a person to copy into a shell: whatever names files have there, each word arrives as it is.

use crate::cli::text::clean;

/// `bcdrescue` with these words behind it, in a line.
#[must_use]
pub fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    std::iter::once("bcdrescue".to_owned()).chain(words.into_iter().map(word)).collect::<Vec<_>>().join(" ")
}

/// A word as POSIX shells read it (POSIX.1-2017, XCU 2.2.2): between single quotes all characters but that one stand for
/// themselves. What would drive the terminal is shown escaped, and is then no longer the name.
fn word(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',')
    };
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", clean(&word.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_each_word_as_it_is() {
        let words = [
            "fix",
            "/dev/vda",
            "a b",
            "$(reboot)",
            "it's; `x`",
            "",
            "*?[a]",
            "~",
            "#",
            "nbd+unix:///?socket=/a&b",
            "漢 字",
        ];
        let line = command(words);
        assert!(line.starts_with("bcdrescue fix /dev/vda 'a b' '$(reboot)' "), "{line}");
        let script = format!("bcdrescue() {{ printf '%s\\n' \"$@\"; }}; {line}");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), words.join("\n") + "\n");
        assert_eq!(command(["a\u{1b}[2J"]), r"bcdrescue 'a\u{1b}[2J'");
    }
}
