//! The lines of `boot.ini`, and where in them it says which Windows to start.

use std::ops::Range;

use crate::layout::arc_path::ArcPath;

/// Where a line is, without what is blank before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinePlace {
    /// Number of the line, from 1, as editors count.
    number: usize,
    /// Its first byte in the text.
    at: usize,
}

/// The name of a Windows in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlace {
    /// Number of the line, from 1, as editors count.
    pub line: usize,
    /// What is named.
    pub path: ArcPath,
    /// `multi(0)`, `scsi(0)` or `signature(8b467c12)`: bytes from the start of the text.
    pub adapter: Range<usize>,
    /// `partition(1)`: bytes from the start of the text.
    pub partition: Range<usize>,
}

/// The lines of a text without what is blank around them; some are empty.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (LinePlace, &str)> {
    let is_blank = |c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}';
    let (mut begin, mut number, mut end_before) = (0usize, 1usize, None);
    text.split_inclusive(['\r', '\n']).map(move |whole| {
        let line = whole.trim_start_matches(is_blank);
        let at = begin.saturating_add(whole.len().saturating_sub(line.len()));
        let place = LinePlace { number, at };
        begin = begin.saturating_add(whole.len());
        // A carriage return and a line feed end one line.
        let is_end = !(whole == "\n" && end_before == Some('\r'));
        number = number.saturating_add(usize::from(is_end));
        end_before = whole.chars().next_back();
        (place, line.trim_end_matches(is_blank))
    })
}

impl LinePlace {
    /// The Windows that `part` of this line names, where it does; `rest` is the line from `part` on.
    pub(super) fn target(self, line: &str, rest: &str, part: &str) -> Option<TargetPlace> {
        let path = ArcPath::parse(part)?;
        let spans = ArcPath::spans(part)?;
        let begin = self.at.checked_add(line.len().checked_sub(rest.len())?)?;
        let shift = |span: Range<usize>| Some(begin.checked_add(span.start)?..begin.checked_add(span.end)?);
        let (adapter, partition) = (shift(spans.adapter)?, shift(spans.partition)?);
        Some(TargetPlace { line: self.number, path, adapter, partition })
    }
}

#[cfg(test)]
mod tests {
    use crate::layout::boot_ini::BootIniText;

    /// Line, how the disk is reached, and which partition, as the bytes of the file have them.
    fn places(file: &[u8]) -> Vec<(usize, String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let places = BootIniText::decode(file).places();
        let place = |place: &super::TargetPlace| {
            (place.line, text(&file[place.adapter.clone()]), text(&file[place.partition.clone()]))
        };
        places.iter().map(place).collect()
    }

    fn place(line: usize, adapter: &str, partition: &str) -> (usize, String, String) {
        (line, adapter.to_owned(), partition.to_owned())
    }

    #[test]
    fn the_default_and_each_entry_have_their_places() {
        let file = b"[boot loader]\r\ntimeout=30\r\ndefault=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n\
            \r\n[operating systems]\r\nC:\\=\"DOS\"\r\n\
            multi(0)disk(0)rdisk(0)partition(12)\\WINDOWS=\"XP\" /fastdetect\r\n\
            signature(8b467c12)disk(0)rdisk(0)partition(2)\\WINDOWS=\"multi(0)disk(0)rdisk(0)partition(3)\"";
        let expected = [
            place(3, "multi(0)", "partition(1)"),
            place(7, "multi(0)", "partition(12)"),
            place(8, "signature(8b467c12)", "partition(2)"),
        ];
        assert_eq!(places(file), expected);
        for end in ["\n", "\r"] {
            let other = String::from_utf8(file.to_vec()).unwrap().replace("\r\n", end);
            assert_eq!(places(other.as_bytes()), expected, "{end:?}");
        }
    }

    #[test]
    fn blanks_quotes_and_bytes_of_a_code_page_move_them() {
        let file = b"\xef\xbb\xbf; r\xe9glages\n\x82\xa0 [boot loader]\n\
            \tDefault = \"Multi ( 0 ) disk(0)rdisk(0) Partition( 1 )\\WINDOWS\"\n\
            default=multi(0)disk(0)rdisk(0)partition(4)\\WINDOWS\n[Operating  Systems]\n\
            \xff  multi(0)disk(0)rdisk(0)partition(2)\\WIN\xe9=\"fran\xe7ais\"\n\
            ; multi(0)disk(0)rdisk(0)partition(5)\\WINDOWS\n[other]\nmulti(0)disk(0)rdisk(0)partition(6)\\W=\n";
        let default = place(3, "Multi ( 0 )", "Partition( 1 )");
        assert_eq!(places(file), [default, place(6, "multi(0)", "partition(2)")]);
    }

    #[test]
    fn what_the_loader_does_not_read_has_none() {
        let wide: Vec<u8> = "default=multi(0)disk(0)rdisk(0)partition(1)\\W"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(places(&wide), []);
        assert_eq!(places(b""), []);
    }
}
