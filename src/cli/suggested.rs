//! Commands for a person to copy into a shell: whatever names files have there, each word arrives as it is.

use std::path::Path;

use crate::cli::text::is_dangerous;

/// `bcdrescue` with these words behind it, in a line.
#[must_use]
pub fn command(words: &[impl AsRef<str>]) -> String {
    let words = words.iter().map(|it| word(it.as_ref()));
    std::iter::once("bcdrescue".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A path as a word that is no option, whatever it begins with.
#[must_use]
pub fn path(path: &Path) -> String {
    let path = path.display().to_string();
    if path.starts_with('-') { format!("./{path}") } else { path }
}

/// A word as POSIX shells read it (POSIX.1-2017, XCU 2.2.2): between single quotes all characters but that one stand for
/// themselves. What would drive the terminal, or is not UTF-8, cannot be shown as it is; and spelt otherwise it may be the name
/// of another file.
fn word(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',')
    };
    if word.chars().any(|c| is_dangerous(c) || c == char::REPLACEMENT_CHARACTER) {
        return "'<a name that cannot be shown>'".to_owned();
    }
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
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
        let line = command(&words);
        assert!(line.starts_with("bcdrescue fix /dev/vda 'a b' '$(reboot)' "), "{line}");
        let script = format!("bcdrescue() {{ printf '%s\\n' \"$@\"; }}; {line}");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), words.join("\n") + "\n");
        for unshown in ["a\u{1b}[2J", "a\nb", "a\u{202e}b", "a\u{fffd}"] {
            assert_eq!(command(&["fix", unshown]), "bcdrescue fix '<a name that cannot be shown>'");
        }
        assert_eq!([path(Path::new("--yes")), path(Path::new("a/-n"))], ["./--yes", "a/-n"]);
    }
}
