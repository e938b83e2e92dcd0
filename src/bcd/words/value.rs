//! Values of elements, typed by the format that an element's id tells.

use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::names;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words::Names;
use crate::bcd::words::device;
use crate::bcd::words::error::Expected;
use crate::bcd::words::error::WordError;
use crate::bcd::words::number;
use crate::bcd::words::object::object;
use crate::bytes;
use crate::guid::Guid;

/// Bytes of a text with its NUL, at most; a line of options has some hundreds.
const TEXT_MAX: usize = 32 << 10;

/// An element whose value is said: its name is in every error.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) id: ElementId,
    pub(super) object: Option<ObjectType>,
    pub(super) names: Names<'a>,
}

/// The value that these words say for this element of an object of this type.
///
/// A number of an enumeration is said by its word, by its number where that has a word, or by any number in hexadecimal with `0x`: newer
/// systems know more.
///
/// # Errors
///
/// [`WordError`] with the element, what would be a value and what was found.
pub fn value(
    id: ElementId,
    object: Option<ObjectType>,
    words: &[&str],
    names: Names<'_>,
) -> Result<ElementValue, WordError> {
    let said = Said { id, object, names };
    match id.format() {
        ElementFormat::Device => {
            device::device(said, &said.text(words, Expected::Device)?).map(ElementValue::Device)
        }
        ElementFormat::String => said.string(words).map(ElementValue::String),
        ElementFormat::Object => {
            said.id_of(&said.text(words, Expected::Object)?, Expected::Object).map(ElementValue::Object)
        }
        ElementFormat::ObjectList => {
            let id = |word: &str| said.id_of(word, Expected::Objects);
            said.each(words, Expected::Objects, id).map(ElementValue::ObjectList)
        }
        ElementFormat::Integer => said.integer(words).map(ElementValue::Integer),
        ElementFormat::Boolean => said.truth(words).map(ElementValue::Boolean),
        ElementFormat::IntegerList => {
            let number = |word: &str| number::number(word).ok_or_else(|| said.not(Expected::Numbers, word));
            said.each(words, Expected::Numbers, number).map(ElementValue::IntegerList)
        }
        ElementFormat::Binary => said.bytes(words).map(ElementValue::Binary),
        ElementFormat::Unknown(_) => Err(WordError::Format(id)),
    }
}

impl Said<'_> {
    /// The element as bcdedit shows its name.
    pub(super) fn element(&self) -> String {
        names::element_name(self.id, self.object).map_or_else(|| format!("custom:{}", self.id), str::to_owned)
    }

    /// That `found` is not what is `expected`.
    pub(super) fn not(&self, expected: Expected, found: &str) -> WordError {
        WordError::Value { element: self.element(), expected, found: Some(found.to_owned()) }
    }

    /// The words with a blank between each two.
    fn text(&self, words: &[&str], expected: Expected) -> Result<String, WordError> {
        let text = words.join(" ").trim().to_owned();
        let missing = || WordError::Value { element: self.element(), expected, found: None };
        if text.is_empty() { Err(missing()) } else { Ok(text) }
    }

    /// A value for each word; a word of the shell may hold several.
    fn each<T>(
        &self,
        words: &[&str],
        expected: Expected,
        one: impl Fn(&str) -> Result<T, WordError>,
    ) -> Result<Vec<T>, WordError> {
        self.text(words, expected)?.split_whitespace().map(one).collect()
    }

    /// The text as it is said; empty only where an empty word says so.
    fn string(&self, words: &[&str]) -> Result<String, WordError> {
        if words.is_empty() {
            return Err(WordError::Value { element: self.element(), expected: Expected::Text, found: None });
        }
        let text = words.join(" ");
        let found = text.encode_utf16().count().saturating_add(1).saturating_mul(2);
        if found > TEXT_MAX {
            return Err(WordError::Long { element: self.element(), max: TEXT_MAX, found });
        }
        if text.contains('\0') { Err(self.not(Expected::Text, &text.replace('\0', r"\0"))) } else { Ok(text) }
    }

    pub(super) fn id_of(&self, text: &str, expected: Expected) -> Result<Guid, WordError> {
        let name = object(text).map_err(|_| self.not(expected, text))?;
        (self.names.object)(name).map_err(|why| WordError::Name { element: self.element(), why })
    }

    fn integer(&self, words: &[&str]) -> Result<u64, WordError> {
        let values = names::value_names(self.id, self.object);
        let expected = if values.is_empty() { Expected::Number } else { Expected::Words(values) };
        let text = self.text(words, expected)?;
        let word =
            (0..).zip(values).find(|(_, known)| known.eq_ignore_ascii_case(&text)).map(|(number, _)| number);
        let has_word = |number: &u64| names::integer_name(self.id, self.object, *number).is_some();
        let decimal = || number::plain(&text, 10).filter(|number| values.is_empty() || has_word(number));
        word.or_else(decimal).or_else(|| number::hexadecimal(&text)).ok_or_else(|| self.not(expected, &text))
    }

    fn truth(&self, words: &[&str]) -> Result<bool, WordError> {
        let text = self.text(words, Expected::Truth)?;
        match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "1" => Ok(true),
            "no" | "off" | "false" | "0" => Ok(false),
            _ => Err(self.not(Expected::Truth, &text)),
        }
    }

    fn bytes(&self, words: &[&str]) -> Result<Vec<u8>, WordError> {
        let text = self.text(words, Expected::Bytes)?;
        let digits: String = text.split_whitespace().collect();
        bytes::from_hex(&digits).ok_or_else(|| self.not(Expected::Bytes, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::object_id;
    use crate::bcd::words::NameError;
    use crate::bcd::words::ObjectName;

    const ENTRY: Guid = Guid::from_u128(0x733b62e5_f608_11eb_825c_c112f60133ab);

    fn say(id: u32, words: &[&str]) -> Result<ElementValue, WordError> {
        let object = |name| match name {
            ObjectName::Id(id) => Ok(id),
            ObjectName::Default => Ok(ENTRY),
            ObjectName::Current => Err(NameError::NoEntry),
        };
        let names =
            Names { partition: &|name| Err(NameError::NoDisk { name: name.to_owned() }), object: &object };
        value(ElementId(id), Some(ObjectType::OS_LOADER), words, names)
    }

    #[test]
    fn every_format_is_said() {
        let cases: [(u32, &[&str], ElementValue); 31] = [
            (0x2500_0020, &["OptIn"], ElementValue::Integer(0)),
            (0x2500_0020, &["alwaysoff"], ElementValue::Integer(2)),
            (0x2500_0020, &["3"], ElementValue::Integer(3)),
            (0x2500_0020, &["0x7"], ElementValue::Integer(7)),
            (0x1500_0011, &["1394"], ElementValue::Integer(1)),
            (0x1500_0080, &["90"], ElementValue::Integer(1)),
            (0x1500_0052, &["800X600"], ElementValue::Integer(1)),
            (0x1500_0014, &["115200"], ElementValue::Integer(115_200)),
            (0x1500_0012, &["0x3F8"], ElementValue::Integer(0x3f8)),
            (0x1600_0009, &["No"], ElementValue::Boolean(false)),
            (0x1600_0009, &["YES"], ElementValue::Boolean(true)),
            (0x1600_0009, &["on"], ElementValue::Boolean(true)),
            (0x1600_0009, &["off"], ElementValue::Boolean(false)),
            (0x1600_0009, &["TRUE"], ElementValue::Boolean(true)),
            (0x1600_0009, &["false"], ElementValue::Boolean(false)),
            (0x1600_0009, &["1"], ElementValue::Boolean(true)),
            (0x1600_0009, &["0"], ElementValue::Boolean(false)),
            (0x1200_0004, &["Windows", "10"], ElementValue::String("Windows 10".into())),
            (0x1200_0004, &["Windows  10 "], ElementValue::String("Windows  10 ".into())),
            (0x1200_0004, &[""], ElementValue::String(String::new())),
            (0x1200_0030, &["/debug", "/x=y"], ElementValue::String("/debug /x=y".into())),
            (0x2300_0003, &["{memdiag}"], ElementValue::Object(object_id::MEMDIAG)),
            (0x2300_0003, &["{default}"], ElementValue::Object(ENTRY)),
            (
                0x1400_0006,
                &["{bootloadersettings}", "globalsettings"],
                ElementValue::ObjectList(vec![object_id::BOOTLOADERSETTINGS, object_id::GLOBALSETTINGS]),
            ),
            (0x1400_0006, &["{default} {ntldr}"], ElementValue::ObjectList(vec![ENTRY, object_id::NTLDR])),
            (0x1700_000a, &["0x10", "7"], ElementValue::IntegerList(vec![16, 7])),
            (0x1700_0077, &["0x15000075"], ElementValue::IntegerList(vec![0x1500_0075])),
            (0x1800_0001, &["01fF"], ElementValue::Binary(vec![1, 255])),
            (0x1800_0001, &["01", "ff"], ElementValue::Binary(vec![1, 255])),
            (0x2500_9999, &["7"], ElementValue::Integer(7)),
            (0x4600_0010, &["yes"], ElementValue::Boolean(true)),
        ];
        for (id, words, expected) in cases {
            assert_eq!(say(id, words), Ok(expected), "{id:08x} {words:?}");
        }
    }

    #[test]
    fn wrong_words_name_those_that_are_right() {
        let cases: [(u32, &[&str], &str); 16] = [
            (0x2500_0020, &["On"], "nx: expected OptIn, OptOut, AlwaysOff or AlwaysOn, found \"On\""),
            (0x2500_0020, &["4"], "nx: expected OptIn, OptOut, AlwaysOff or AlwaysOn, found \"4\""),
            (0x2500_0080, &[], "safeboot: expected Minimal, Network or DsRepair, found nothing"),
            (
                0x2500_0080,
                &["Minimal", "x"],
                "safeboot: expected Minimal, Network or DsRepair, found \"Minimal x\"",
            ),
            (
                0x1500_0014,
                &["fast"],
                "baudrate: expected a number, decimal or hexadecimal with 0x, found \"fast\"",
            ),
            (
                0x1500_0014,
                &["0x10000000000000000"],
                "baudrate: expected a number, decimal or hexadecimal with 0x, found \"0x10000000000000000\"",
            ),
            (0x1600_0009, &["maybe"], "recoveryenabled: expected Yes or No, found \"maybe\""),
            (0x1600_0009, &[" "], "recoveryenabled: expected Yes or No, found nothing"),
            (0x1200_0004, &[], "description: expected a text without NUL, found nothing"),
            (0x1200_0004, &["a\0b"], "description: expected a text without NUL, found \"a\\0b\""),
            (0x2300_0003, &["x"], "resumeobject: expected a GUID or a name such as {default}, found \"x\""),
            (0x2300_0003, &["{current}"], "resumeobject: {current}: no entry of this store starts Windows"),
            (0x1400_0006, &[], "inherit: expected GUIDs or names such as {default}, found nothing"),
            (
                0x1700_000a,
                &["1", "-1"],
                "badmemorylist: expected numbers, decimal or hexadecimal with 0x, found \"-1\"",
            ),
            (
                0x1800_0001,
                &["012"],
                "custom:18000001: expected hexadecimal digits, two for each byte, found \"012\"",
            ),
            (0x1900_0001, &["1"], "element 19000001: its format is unknown"),
        ];
        for (id, words, says) in cases {
            assert_eq!(say(id, words).unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn texts_are_no_longer_than_32_kib() {
        let text = "x".repeat(16_383);
        assert_eq!(say(0x1200_0004, &[&text]), Ok(ElementValue::String(text.clone())));
        let says = say(0x1200_0004, &[&text, ""]).unwrap_err().to_string();
        assert_eq!(says, "description: expected at most 32768 bytes, found 32770");
    }
}
