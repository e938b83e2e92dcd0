//! Identities of partitions in the two spellings that are shown.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::words::number;
use crate::guid::Guid;

/// The partition of an identity in words: `disk signature 0x36234da4, offset 0x100000` or `disk 36234da4 offset 0x100000`, and on a disk
/// with a GPT `disk GUID …, partition GUID …` or `disk {…} partition {…}`.
#[must_use]
pub fn identity(text: &str) -> Option<QualifiedPartition> {
    let text = text.trim();
    let text = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let text = text.to_ascii_lowercase();
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.filter(|word| !["signature", "guid"].contains(word)).collect();
    match *words.as_slice() {
        ["disk", disk, "offset", offset] => {
            let hex = disk.strip_prefix("0x").unwrap_or(disk);
            let signature = u32::try_from(number::plain(hex, 16)?).ok()?;
            Some(QualifiedPartition::Mbr { signature, offset: number::number(offset)? })
        }
        ["disk", disk, "partition", partition] => {
            Some(QualifiedPartition::Gpt { disk: guid(disk)?, partition: guid(partition)? })
        }
        _ => None,
    }
}

fn guid(text: &str) -> Option<Guid> {
    Guid::from_braced(text).or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        let mbr = QualifiedPartition::Mbr { signature: 0x3623_4da4, offset: 0x10_0000 };
        let (disk, partition) = (Guid::from_u128(1), Guid::from_u128(2));
        let gpt = QualifiedPartition::Gpt { disk, partition };
        let cases = [
            ("disk signature 0x36234da4, offset 0x100000".to_owned(), mbr),
            ("Disk 36234DA4 offset 1048576".to_owned(), mbr),
            (format!("({mbr})"), mbr),
            (format!("disk GUID {disk}, partition GUID {partition}"), gpt),
            (gpt.to_string(), gpt),
        ];
        for (text, expected) in cases {
            assert_eq!(identity(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "2",
            "C:",
            "disk",
            "disk 1 offset",
            "disk x offset 1",
            "disk 100000000 offset 1",
            "disk 1 partition 2",
        ] {
            assert_eq!(identity(text), None, "{text}");
        }
    }
}
