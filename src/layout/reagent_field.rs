//! Where the values stand in the bytes of a [`ReAgent.xml`](crate::layout::reagent), so that each can get another and the rest stays.

use std::ops::Range;

use roxmltree::Attribute;
use roxmltree::Node;

use crate::bytes;
use crate::guid::Guid;

/// The text of a file, and how its bytes spell it.
pub(super) struct Text {
    pub(super) text: String,
    encoding: Encoding,
    /// The code unit that begins at each byte of `text`, of UTF-16; counting them anew for each field takes too long.
    units: Vec<usize>,
}

/// How the bytes of a file spell its text.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Utf8 { mark: usize },
    Utf16(fn(u16) -> [u8; 2]),
}

/// The values of a file, as places in its bytes.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// `id` of `WinreBCD`; none where there are several.
    pub entry: Option<Field>,
    /// Those of each location, in their order.
    pub locations: Vec<LocationFields>,
}

/// The values of a location; none where an attribute is missing, or spelt in a roundabout way.
#[derive(Debug, Clone, Default)]
pub struct LocationFields {
    /// `id`: the signature of the disk.
    pub id: Option<Field>,
    /// `offset`: where the partition starts.
    pub offset: Option<Field>,
    /// `guid`: of the disk.
    pub guid: Option<Field>,
}

/// The value of an attribute, without the blanks around it.
#[derive(Debug, Clone)]
pub struct Field {
    /// First byte in the file.
    pub at: usize,
    /// The value.
    pub value: String,
    encoding: Encoding,
}

impl Field {
    /// A text as the bytes of this file spell it.
    #[must_use]
    pub fn spelt(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 { .. } => text.as_bytes().to_vec(),
            Encoding::Utf16(unit) => text.encode_utf16().flat_map(unit).collect(),
        }
    }

    /// A GUID with braces, in capitals where the value has some, or where it has no letters and `other` some.
    #[must_use]
    pub fn braced(&self, guid: Guid, other: Option<&Self>) -> String {
        let has_letters = |field: &&Self| field.value.contains(|letter: char| letter.is_ascii_alphabetic());
        let model = std::iter::once(self).chain(other).find(has_letters);
        match model.is_some_and(|field| field.value.contains(|letter: char| letter.is_ascii_uppercase())) {
            true => guid.braced().to_uppercase(),
            false => guid.braced(),
        }
    }
}

impl Text {
    /// Decodes the bytes of a file; the name of the encoding that they are not.
    pub(super) fn decode(file: &[u8]) -> Result<Self, &'static str> {
        match file {
            [0xff, 0xfe, rest @ ..] => Self::utf16(rest, bytes::le_u16, u16::to_le_bytes),
            [0xfe, 0xff, rest @ ..] => Self::utf16(rest, bytes::be_u16, u16::to_be_bytes),
            [0xef, 0xbb, 0xbf, rest @ ..] => Self::utf8(rest, 3),
            _ => Self::utf8(file, 0),
        }
    }

    fn utf8(rest: &[u8], mark: usize) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(rest).map_err(|_| "UTF-8")?.to_owned();
        Ok(Self { text, encoding: Encoding::Utf8 { mark }, units: Vec::new() })
    }

    fn utf16(
        rest: &[u8],
        unit: fn(&[u8], usize) -> Option<u16>,
        spell: fn(u16) -> [u8; 2],
    ) -> Result<Self, &'static str> {
        let all = rest.chunks(2).map(|pair| unit(pair, 0)).collect::<Option<Vec<_>>>().ok_or("UTF-16")?;
        let text = String::from_utf16(&all).map_err(|_| "UTF-16")?;
        let mut units = vec![0; text.len()];
        let mut count = 0usize;
        for (at, letter) in text.char_indices() {
            if let Some(slot) = units.get_mut(at) {
                *slot = count;
            }
            count = count.saturating_add(letter.len_utf16());
        }
        Ok(Self { text, encoding: Encoding::Utf16(spell), units })
    }

    /// The byte of the file with which a byte of the text begins; of a character its first.
    fn place(&self, at: usize) -> Option<usize> {
        match self.encoding {
            Encoding::Utf8 { mark } => at.checked_add(mark),
            Encoding::Utf16(_) => self.units.get(at)?.checked_mul(2)?.checked_add(2),
        }
    }

    /// A value, where it stands in the text as the parser gives it.
    pub(super) fn field(&self, element: Node<'_, '_>, name: &str) -> Option<Field> {
        let is_it =
            |attribute: &Attribute<'_, '_>| attribute.name() == name && attribute.namespace().is_none();
        let attribute = element.attributes().find(is_it)?;
        let whole = self.inside(&attribute)?;
        let raw = self.text.get(whole.clone()).filter(|raw| *raw == attribute.value())?;
        let blank = raw.len().checked_sub(raw.trim_start().len())?;
        let at = self.place(whole.start.checked_add(blank)?)?;
        Some(Field { at, value: raw.trim().to_owned(), encoding: self.encoding })
    }

    /// What stands between the quotes. The parser counts where that begins in too few bits, but it knows the end.
    fn inside(&self, attribute: &Attribute<'_, '_>) -> Option<Range<usize>> {
        let end = attribute.range().end.checked_sub(1)?;
        let start = end.checked_sub(attribute.value().len())?;
        let quote = self.text.get(end..)?.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        self.text.get(..start)?.ends_with(quote).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::reagent::parse_with_fields;

    const DISK: Guid = Guid::from_u128(0x5f3c0101_3b1d_4c01_9a2c_0242ac1b0001);

    fn fields(file: &[u8]) -> Fields {
        parse_with_fields(file).unwrap().1
    }

    /// The file with one value changed.
    fn with(file: &[u8], field: &Field, text: &str) -> Vec<u8> {
        let end = field.at + field.spelt(&field.value).len();
        [&file[..field.at], &field.spelt(text), &file[end..]].concat()
    }

    /// Characters of one to four bytes, and of one or two units of UTF-16, before each value.
    fn text(id: &str, offset: &str) -> String {
        format!(
            "<!--a\u{e4}\u{20ac}\u{1f600}--><WindowsRE><!--\u{1f600}--><WinreBCD id='{}'/>\r\n<WinreLocation path='\u{e4}' id=\"{id}\" \
             offset = '{offset}' x:guid='' xmlns:x='y'/></WindowsRE>",
            DISK.braced()
        )
    }

    #[test]
    fn a_value_is_changed_in_every_encoding() {
        let (old, new) = (text(" 12 ", "7"), text(" 4294967295 ", ""));
        let spelt = |text: &str| -> [Vec<u8>; 4] {
            let marked = format!("\u{feff}{text}");
            let units = |unit: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(unit).collect();
            [text.into(), marked.clone().into(), units(u16::to_le_bytes), units(u16::to_be_bytes)]
        };
        for (old, new) in spelt(&old).iter().zip(spelt(&new)) {
            let found = fields(old);
            let [place] = found.locations.as_slice() else { panic!("{found:?}") };
            assert_eq!(place.id.as_ref().unwrap().value, "12");
            // That of another namespace is none.
            assert!(place.guid.is_none());
            let changed = with(old, place.offset.as_ref().unwrap(), "");
            let changed = with(&changed, place.id.as_ref().unwrap(), "4294967295");
            assert_eq!(changed, new);
            assert_eq!(fields(&changed).locations[0].offset.as_ref().unwrap().value, "");
            assert_eq!(found.entry.unwrap().value, DISK.braced());
        }
    }

    #[test]
    fn what_is_spelt_in_a_roundabout_way_has_no_place() {
        for value in ["&#55;", "7&#32;", "7\n", "\t7", "&#x37;"] {
            let found = fields(text("1", value).as_bytes());
            assert!(found.locations[0].offset.is_none() && found.locations[0].id.is_some(), "{value:?}");
        }
        let twice = text("1", "7").replace("<WinreLocation", "<WinreBCD id=''/><WinreLocation");
        assert!(fields(twice.as_bytes()).entry.is_none());
        // The parser counts blanks around the sign in one byte.
        let blanks =
            text("1", "7").replace("offset = ", &format!("offset{}={}", " ".repeat(300), " ".repeat(300)));
        let found = fields(blanks.as_bytes());
        let offset = found.locations[0].offset.as_ref().unwrap();
        assert_eq!(with(blanks.as_bytes(), offset, "8"), blanks.replace("'7'", "'8'").into_bytes());
    }

    #[test]
    fn capitals_stay() {
        let field = |value: &str| Field { at: 0, value: value.into(), encoding: Encoding::Utf8 { mark: 0 } };
        let (zeros, lower) = (field(&Guid::ZERO.braced()), field(&DISK.braced()));
        let upper = field(&DISK.braced().to_uppercase());
        for (one, other, is_upper) in [
            (&upper, Some(&lower), true),
            (&lower, Some(&upper), false),
            (&zeros, Some(&upper), true),
            (&zeros, Some(&lower), false),
            (&zeros, Some(&zeros), false),
            (&zeros, None, false),
        ] {
            let expected = if is_upper { DISK.braced().to_uppercase() } else { DISK.braced() };
            assert_eq!(one.braced(DISK, other), expected);
        }
    }

    /// Many values, and each far behind the begin: all of them are found soon.
    #[test]
    fn many_values_have_an_end() {
        let body: String = "<aLocation id='' offset='' guid=''/>".repeat(800);
        let file: Vec<u8> = format!("\u{feff}<WindowsRE>{body}</WindowsRE>")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let start = std::time::Instant::now();
        assert_eq!(fields(&file).locations.len(), 800);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
