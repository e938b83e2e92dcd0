//! Commands for a person to copy into a shell: whatever names files have there, each word arrives as it is.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cli::text::words::is_dangerous;

/// `bcdrescue` with these words behind it, in a line.
#[must_use]
pub fn command(words: &[impl AsRef<OsStr>]) -> String {
    command_of("bcdrescue", words)
}

/// Another program with these words behind it, in a line.
#[must_use]
pub fn command_of(program: &str, words: &[impl AsRef<OsStr>]) -> String {
    let words = words.iter().map(|it| word(it.as_ref()));
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A path as a word that is no option, whatever it begins with.
#[must_use]
pub fn path(path: &Path) -> OsString {
    let path = path.as_os_str();
    match path.as_bytes().starts_with(b"-") {
        true => Path::new(".").join(path).into_os_string(),
        false => path.to_owned(),
    }
}

/// A word as shells read it (POSIX.1-2017, XCU 2.2.2): between single quotes all characters but that one stand for themselves.
fn word(word: &OsStr) -> String {
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',')
    };
    match word.to_str() {
        Some(word) if word.chars().any(|c| is_dangerous(c) || c == '\t') => in_octal(word.as_bytes()),
        Some(word) if !word.is_empty() && word.chars().all(is_plain) => word.to_owned(),
        Some(word) => format!("'{}'", word.replace('\'', r"'\''")),
        None => in_octal(word.as_bytes()),
    }
}

/// A word that would drive the terminal, or is not UTF-8, so that it cannot be shown as it is: what is not plain ASCII of it as octal
/// numbers, as bash, zsh, ksh and POSIX.1-2024 (XCU 2.2.4) read them. A shell that does not finds no such file.
fn in_octal(word: &[u8]) -> String {
    let spelt = |byte: &u8| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("$'{}'", word.iter().map(spelt).collect::<String>())
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
        assert_eq!([path(Path::new("--yes")), path(Path::new("a/-n"))], ["./--yes", "a/-n"]);
    }

    #[test]
    fn a_name_that_cannot_be_shown_arrives_as_it_is_too() {
        let words: [&[u8]; 5] =
            [b"a\x1b[2J", b"a\nb\t'7\\", b"\xe4\xf6 7", "a\u{202e}b".as_bytes(), "\u{fffd}".as_bytes()];
        let line = command(&words.map(OsStr::from_bytes));
        assert!(!line.chars().any(is_dangerous), "{line}");
        let script = format!("bcdrescue() {{ printf '%s\\0' \"$@\"; }}; {line}");
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        assert_eq!(output.stdout, [words.join(&0), vec![0]].concat());
    }
}
