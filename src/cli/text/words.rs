//! Words and numbers for people.

use owo_colors::OwoColorize;

use crate::bcd::Firmware;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::starts_by::StartsBy;
use crate::diagnosis::starts_by::starts_by;
use crate::layout::Layout;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::volume::FileSystem;

/// `text` with control characters and direction overrides escaped: names inside an image must not drive a terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut clean, c| {
        if is_dangerous(c) {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
        clean
    })
}

/// Whether a character could drive a terminal, or hide or turn around what is shown.
#[must_use]
pub fn is_dangerous(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A size in bytes as people read it: `100 MiB`, `19.9 GiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut tenths = u128::from(bytes).saturating_mul(10);
    let mut unit = 0;
    while tenths >= 10_240 && unit < UNITS.len().saturating_sub(1) {
        tenths = tenths.saturating_add(512).checked_div(1024).unwrap_or(0);
        unit = usize::saturating_add(unit, 1);
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let (whole, tenth) = (tenths.checked_div(10).unwrap_or(0), tenths.checked_rem(10).unwrap_or(0));
    if tenth == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") }
}

/// `MBR`, `GPT`, or that there is none.
#[must_use]
pub fn table_kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Mbr => "MBR",
        TableKind::Gpt => "GPT",
        TableKind::None => "none",
    }
}

/// A disk identity, short: `0x36234da4` or the GUID.
#[must_use]
pub fn identity(disk: Option<DiskId>) -> String {
    match disk {
        Some(DiskId::Mbr(signature)) => format!("0x{signature:08x}"),
        Some(DiskId::Gpt(guid)) => guid.to_string(),
        None => "-".into(),
    }
}

/// One line about a disk: `MBR, signature 0x36234da4, 20 GiB`; sectors of another length than 512 bytes are said.
#[must_use]
pub fn disk_line(table: &PartitionTable, len: u64) -> String {
    let identity = match table.disk {
        Some(DiskId::Mbr(signature)) => format!("MBR, signature 0x{signature:08x}"),
        Some(DiskId::Gpt(guid)) => format!("GPT, disk GUID {guid}"),
        None => "no partition table".into(),
    };
    let sectors = match table.sector_size {
        512 => String::new(),
        other => format!(", {other}-byte sectors"),
    };
    format!("{identity}, {}{sectors}", size(len))
}

/// The firmware that starts a disk, and why the other does not; none where none does.
#[must_use]
pub fn starts_on(layout: &Layout, diagnosis: &Diagnosis) -> Option<String> {
    let answer = |firmware| starts_by(layout, diagnosis, firmware);
    let (bios, uefi) = (Firmware::Bios, Firmware::Uefi);
    let and = |one, other, answer| match answer {
        StartsBy::Yes => format!("{one} and {other}"),
        StartsBy::No(why) => format!("{one}; not {other}: {why}"),
        StartsBy::Unknown(why) => format!("{one}; {other} unknown: {why}"),
    };
    match (answer(bios), answer(uefi)) {
        (StartsBy::Yes, other) => Some(and(bios, uefi, other)),
        (other, StartsBy::Yes) => Some(and(uefi, bios, other)),
        _ => None,
    }
}

/// A file system's name.
#[must_use]
pub fn file_system(file_system: FileSystem) -> &'static str {
    match file_system {
        FileSystem::Ntfs => "NTFS",
        FileSystem::Fat12 => "FAT12",
        FileSystem::Fat16 => "FAT16",
        FileSystem::Fat32 => "FAT32",
        FileSystem::BitLocker => "BitLocker",
        FileSystem::Encrypted => "encrypted",
        FileSystem::Disk
        | FileSystem::Refs
        | FileSystem::LdmDatabase
        | FileSystem::Other(_)
        | FileSystem::Unknown => file_system.name_of_unread().unwrap_or("-"),
    }
}

/// What a Windows is: `Windows 10 Pro 22H2 (19045.3803)`.
#[must_use]
pub fn version(windows: &WindowsVolume) -> String {
    windows.version.as_ref().map_or_else(|_| "of an unknown version".to_owned(), ToString::to_string)
}

/// A verdict in its colour; what asks for something is in capitals, as consoles without colours are read too.
#[must_use]
pub fn verdict(verdict: Verdict) -> String {
    let loud = || verdict.to_string().to_uppercase();
    match verdict {
        Verdict::Healthy => verdict.green().bold().to_string(),
        Verdict::Broken => loud().red().bold().to_string(),
        Verdict::Degraded | Verdict::Unknown => loud().yellow().bold().to_string(),
        Verdict::NotWindows => verdict.to_string(),
    }
}

/// A severity in its colour.
#[must_use]
pub fn severity(severity: Severity) -> String {
    match severity {
        Severity::BlocksBoot => severity.red().bold().to_string(),
        Severity::Degrades => severity.yellow().to_string(),
        Severity::Stale => severity.cyan().to_string(),
        Severity::Note => severity.dimmed().to_string(),
    }
}

/// Where an element will lead: the partition by its number alone, as its name stands above.
#[must_use]
pub fn place(repoint: &Repoint) -> String {
    match repoint.volume {
        Some(_) => format!("partition {}", repoint.partition),
        None => repoint.place.clone(),
    }
}

/// `1 element`, `2 elements`.
#[must_use]
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (100 << 20, "100 MiB"),
            (1536, "1.5 KiB"),
            (21_367_881_728, "19.9 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(clean("Größe 漢字"), "Größe 漢字");
    }
}
