//! `boot.ini`: what the loader of Windows NT 4 to Server 2003 offers to start, and where it looks for it.
//!
//! Sources: Microsoft, KB 102873 "BOOT.INI and ARC Path Naming Conventions and Usage", KB 227704 "Windows may use
//! Signature() syntax in the Boot.ini file"; "Overview of the Boot.ini File" (sections and entries).

use crate::layout::arc_path::ArcPath;
use crate::layout::boot_ini_line::LinePlace;
use crate::layout::boot_ini_line::TargetPlace;
use crate::layout::boot_ini_line::lines;

/// Where it is, beside NTLDR.
pub const PATH: &str = r"\boot.ini";
/// Bytes of it, at most: it is a text of a few lines, and what is longer is not one.
pub const LEN_MAX: u64 = 64 << 10;
/// Entries that are kept, at most; the loader's menu shows ten.
const ENTRIES_MAX: usize = 64;
/// Characters of one text that are kept, at most.
const TEXT_MAX: usize = 256;

/// The text of the file, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootIniText {
    /// The text.
    pub text: String,
    /// The encoding by its name for `iconv`, where it is UTF-16: the loader reads bytes, and finds nothing in it.
    pub utf16: Option<&'static str>,
    /// The file as it is.
    bytes: Vec<u8>,
}

impl BootIniText {
    /// Reads an 8-bit code page that is ASCII where it matters, or UTF-16 as an editor saves it.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Self {
        let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|pair| unit(*pair));
            char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        };
        let (text, utf16) = match bytes {
            [0xff, 0xfe, rest @ ..] => (wide(rest, u16::from_le_bytes), Some("utf-16")),
            [0xfe, 0xff, rest @ ..] => (wide(rest, u16::from_be_bytes), Some("utf-16")),
            [first, 0, ..] if *first != 0 => (wide(bytes, u16::from_le_bytes), Some("utf-16le")),
            _ => (String::from_utf8_lossy(bytes).into_owned(), None),
        };
        Self { text, utf16, bytes: bytes.to_vec() }
    }

    /// What the loader understands of it.
    #[must_use]
    pub fn parse(&self) -> BootIni {
        match self.utf16 {
            Some(_) => BootIni::default(),
            None => BootIni::parse(&self.text),
        }
    }

    /// The file as it is.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the bytes of the file it says what to start, as far as that is a Windows.
    #[must_use]
    pub fn places(&self) -> Vec<TargetPlace> {
        if self.utf16.is_some() {
            return Vec::new();
        }
        // A byte for a byte: a character of one that stands for none and is trimmed nowhere but at the ends of a line.
        let plain = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '\x7f' };
        BootIni::parse(&self.bytes.iter().map(plain).collect::<String>()).places
    }
}

/// The text, understood as far as it can be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BootIni {
    /// Seconds that the menu waits; -1 is for ever.
    pub timeout: Option<i32>,
    /// What is started when nobody chooses. The loader adds an entry for it when there is none.
    pub default: Option<Target>,
    /// The menu, in order; the first 64 entries.
    pub entries: Vec<BootEntry>,
    /// Where in the text `default` and the entries stand that start a Windows, in order.
    pub places: Vec<TargetPlace>,
}

/// A line under `[operating systems]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootEntry {
    /// What it starts.
    pub target: Target,
    /// What the menu calls it.
    pub description: String,
    /// Switches behind the description: `/noexecute=optin /fastdetect`.
    pub options: String,
}

/// What an entry starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A Windows.
    Windows(ArcPath),
    /// A boot sector in a file (`C:\CMDCONS\BOOTSECT.DAT`), or that of the drive (`C:\`).
    BootSector(String),
    /// Something else, as it stands there.
    Other(String),
}

impl Target {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(path) = ArcPath::parse(text) {
            return Self::Windows(path);
        }
        let mut start = text.chars();
        let is_drive = start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':');
        if is_drive { Self::BootSector(bounded(text)) } else { Self::Other(bounded(text)) }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Windows(one), Self::Windows(other)) => one.is(other),
            (Self::BootSector(one), Self::BootSector(other)) | (Self::Other(one), Self::Other(other)) => {
                one.eq_ignore_ascii_case(other)
            }
            _ => false,
        }
    }
}

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Before the first heading: lines are taken for what they look like.
    None,
    BootLoader,
    OperatingSystems,
    Other,
}

impl Section {
    /// By the text of a heading, from its bracket on.
    fn named(heading: &str) -> Self {
        let name = heading.trim_start_matches('[').split(']').next().unwrap_or_default();
        let letters = name.chars().filter(|c| !c.is_whitespace()).take(TEXT_MAX);
        match letters.collect::<String>().to_ascii_lowercase().as_str() {
            "bootloader" => Self::BootLoader,
            "operatingsystems" => Self::OperatingSystems,
            _ => Self::Other,
        }
    }
}

impl BootIni {
    /// Understands the text. Whatever is not understood is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut found = Self::default();
        let mut section = Section::None;
        for (place, line) in lines(text) {
            if line.starts_with('[') {
                section = Section::named(line);
            } else if !line.is_empty() && !line.starts_with(';') {
                found.take(section, line, place);
            }
        }
        found
    }

    /// The index of the entry that is started when nobody chooses: the first one that `default` names, or the first of
    /// all without a `default`. `None` also when `default` names what no entry does.
    #[must_use]
    pub fn default_entry(&self) -> Option<usize> {
        match &self.default {
            Some(default) => self.entries.iter().position(|entry| entry.target.is(default)),
            None => (!self.entries.is_empty()).then_some(0),
        }
    }

    /// What is started when nobody chooses.
    #[must_use]
    pub fn default_target(&self) -> Option<&Target> {
        self.default.as_ref().or_else(|| self.entries.first().map(|entry| &entry.target))
    }

    fn take(&mut self, section: Section, line: &str, place: LinePlace) {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let is_setting = match key.trim() {
            name if name.eq_ignore_ascii_case("timeout") => {
                self.timeout = self.timeout.or(value.trim().parse().ok());
                true
            }
            name if name.eq_ignore_ascii_case("default") => {
                let text = value.trim().trim_matches('"');
                if self.default.is_none() && !text.is_empty() {
                    let rest = value.trim_start().trim_start_matches('"');
                    self.places.extend(place.target(line, rest, text));
                    self.default = Some(Target::parse(text));
                }
                true
            }
            _ => false,
        };
        let is_place = matches!(section, Section::None | Section::OperatingSystems);
        if is_setting || !is_place || self.entries.len() >= ENTRIES_MAX {
            return;
        }
        let target = Target::parse(key);
        // What looks like nothing is believed under its heading only, and only with an equals sign.
        let is_nothing = section == Section::None || key.len() == line.len() || key.trim().is_empty();
        if is_nothing && matches!(target, Target::Other(_)) {
            return;
        }
        self.places.extend(place.target(line, line, key));
        let (description, options) = described(value.trim());
        self.entries.push(BootEntry { target, description: bounded(description), options: bounded(options) });
    }
}

/// `"Windows XP" /fastdetect`: the name, with or without quotation marks, and what follows.
fn described(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').unwrap_or((quoted, ""));
    }
    let end = if text.starts_with('/') { Some(0) } else { text.find(" /") };
    text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""))
}

fn bounded(text: &str) -> String {
    text.trim().chars().take(TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(text: &str) -> Target {
        Target::Windows(ArcPath::parse(text).unwrap())
    }

    fn entry(target: Target, description: &str, options: &str) -> BootEntry {
        BootEntry { target, description: description.to_owned(), options: options.to_owned() }
    }

    const XP: &str = r"multi(0)disk(0)rdisk(0)partition(1)\WINDOWS";

    #[test]
    fn a_text_as_setup_writes_it() {
        let text = [
            "[boot loader]",
            "timeout=30",
            &format!("default={XP}"),
            "[operating systems]",
            &format!("{XP}=\"Windows Server 2003, Standard\" /noexecute=optout /fastdetect"),
            r#"signature(8b467c12)disk(1)rdisk(0)partition(2)\winnt="Windows 2000" /fastdetect"#,
            r#"C:\CMDCONS\BOOTSECT.DAT="Microsoft Windows Recovery Console" /cmdcons"#,
            r#"C:\="Previous Operating System on C:""#,
            "",
        ]
        .join("\r\n");
        let found = BootIni::parse(&text);
        assert_eq!((found.timeout, found.default_entry()), (Some(30), Some(0)));
        assert_eq!(found.default_target(), Some(&windows(XP)));
        let sector = |path: &str| Target::BootSector(path.to_owned());
        assert_eq!(
            found.entries,
            [
                entry(windows(XP), "Windows Server 2003, Standard", "/noexecute=optout /fastdetect"),
                entry(
                    windows(r"signature(8b467c12)disk(1)rdisk(0)partition(2)\winnt"),
                    "Windows 2000",
                    "/fastdetect"
                ),
                entry(sector(r"C:\CMDCONS\BOOTSECT.DAT"), "Microsoft Windows Recovery Console", "/cmdcons"),
                entry(sector(r"C:\"), "Previous Operating System on C:", ""),
            ]
        );
    }

    #[test]
    fn utf_16_is_read_by_people_and_not_by_the_loader() {
        let text = format!("[operating systems]\r\n{XP}=\"Windows \u{e9}\"\r\n");
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, name) in [
            ([&[0xff, 0xfe], le.as_slice()].concat(), "utf-16"),
            ([&[0xfe, 0xff], be.as_slice()].concat(), "utf-16"),
            (le, "utf-16le"),
        ] {
            let found = BootIniText::decode(&bytes);
            assert_eq!((found.text.as_str(), found.utf16), (text.as_str(), Some(name)));
            assert_eq!(found.parse(), BootIni::default());
        }
        for bytes in [text.as_bytes(), b"", b"[", b"\0\0", b"\xff"] {
            let found = BootIniText::decode(bytes);
            assert_eq!((found.text, found.utf16), (String::from_utf8_lossy(bytes).into_owned(), None));
        }
        // Half a character at the end.
        assert_eq!(BootIniText::decode(b"\xff\xfe[\0x").text, "[");
        assert_eq!(BootIniText::decode(text.as_bytes()).parse().entries.len(), 1);
    }

    #[test]
    fn a_text_that_people_have_edited() {
        let text = "\u{feff}; by hand\n\n [ Boot  Loader ]\nTimeout = -1\n;default=C:\\\n\
            DEFAULT = MULTI(0)DISK(0)RDISK(0)PARTITION(2)\\winnt\\\nredirect=COM1\n[OPERATING SYSTEMS]\n\
            multi(0) disk(0) rdisk(0) partition(1)\\WINDOWS = Windows XP /sos\n\
            multi(0)disk(0)rdisk(0)partition(2)\\WINNT=\"Windows 2000\n\
            multi(0)disk(0)rdisk(0)partition(3)\\WINDOWS\n\
            ramdisk(0)\\I386=\"RAM\"\nnonsense\n[other]\nC:\\=\"no\"\n\u{1a}";
        let found = BootIni::parse(text);
        assert_eq!((found.timeout, found.default_entry()), (Some(-1), Some(1)));
        let told: Vec<_> = found.entries.iter().map(|entry| (&*entry.description, &*entry.options)).collect();
        assert_eq!(told, [("Windows XP", "/sos"), ("Windows 2000", ""), ("", ""), ("RAM", "")]);
        assert_eq!(found.entries[0].target, windows(XP));
        assert_eq!(found.entries[3].target, Target::Other(r"ramdisk(0)\I386".to_owned()));
    }

    #[test]
    fn headings_may_be_missing() {
        let found = BootIni::parse(&format!("timeout=5\rdefault={XP}\r{XP}=/fastdetect\rx=y"));
        assert_eq!((found.timeout, found.default_entry()), (Some(5), Some(0)));
        assert_eq!(found.entries, [entry(windows(XP), "", "/fastdetect")]);
    }

    #[test]
    fn a_default_may_be_missing_or_name_no_entry() {
        let entries = format!("[operating systems]\n{XP}=\"XP\"\n");
        let found = BootIni::parse(&entries);
        assert_eq!((found.default_entry(), found.default_target()), (Some(0), Some(&windows(XP))));
        let other = r"multi(0)disk(0)rdisk(1)partition(1)\WINDOWS";
        let found =
            BootIni::parse(&format!("[boot loader]\ntimeout=x\ndefault={other}\ndefault={XP}\n{entries}"));
        assert_eq!((found.default_entry(), found.default_target()), (None, Some(&windows(other))));
        assert_eq!(found.timeout, None);
        let sector = BootIni::parse("default=c:\\\n[operating systems]\nC:\\=\"DOS\"");
        assert_eq!(sector.default_entry(), Some(0));
        for text in ["", "\0\0\0", "[", "=", "[operating systems]\n=", "default=\n"] {
            assert_eq!(BootIni::parse(text), BootIni::default(), "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let many = format!("[operating systems]\n{}", "C:\\=\"DOS\"\n".repeat(100_000));
        assert_eq!(BootIni::parse(&many).entries.len(), ENTRIES_MAX);
        let long = "\u{e9}".repeat(1 << 20);
        let found = BootIni::parse(&format!(
            "[{long}]\ndefault={long}\n[operating systems]\n{long}=\"{long}\"{long}"
        ));
        let [entry] = found.entries.as_slice() else { panic!("one entry") };
        for text in [&entry.description, &entry.options] {
            assert_eq!(text.chars().count(), TEXT_MAX);
        }
        let Some(Target::Other(default)) = found.default else { panic!("a default") };
        assert_eq!(default.chars().count(), TEXT_MAX);
    }
}
