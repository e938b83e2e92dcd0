//! The language that a Windows was installed in.
//!
//! `Control\Nls\Language`, value `InstallLanguage`, in its SYSTEM hive: the number of a language in four hex digits. Numbers and names:
//! MS-LCID, 2.2.

use crate::bytes::utf16le_until_nul;
use crate::hive::HiveError;
use crate::hive::REG_SZ;
use crate::hive::sparse::ReadAt;
use crate::hive::sparse::SparseHive;
use crate::layout::machine::control_set;

/// Where it stands below a control set.
const KEY: [&str; 3] = ["Control", "Nls", "Language"];

/// The languages that boot managers have texts in.
const NAMES: [(u32, &str); 39] = [
    (0x0402, "bg-BG"),
    (0x0405, "cs-CZ"),
    (0x0406, "da-DK"),
    (0x0407, "de-DE"),
    (0x0408, "el-GR"),
    (0x0809, "en-GB"),
    (0x0409, "en-US"),
    (0x0c0a, "es-ES"),
    (0x080a, "es-MX"),
    (0x0425, "et-EE"),
    (0x040b, "fi-FI"),
    (0x0c0c, "fr-CA"),
    (0x040c, "fr-FR"),
    (0x041a, "hr-HR"),
    (0x040e, "hu-HU"),
    (0x0410, "it-IT"),
    (0x0411, "ja-JP"),
    (0x0412, "ko-KR"),
    (0x0427, "lt-LT"),
    (0x0426, "lv-LV"),
    (0x0414, "nb-NO"),
    (0x0413, "nl-NL"),
    (0x0415, "pl-PL"),
    (0x0416, "pt-BR"),
    (0x0816, "pt-PT"),
    (0x0418, "ro-RO"),
    (0x0419, "ru-RU"),
    (0x041b, "sk-SK"),
    (0x0424, "sl-SI"),
    (0x241a, "sr-Latn-RS"),
    (0x081a, "sr-Latn-CS"),
    (0x041d, "sv-SE"),
    (0x041e, "th-TH"),
    (0x041f, "tr-TR"),
    (0x0422, "uk-UA"),
    (0x0804, "zh-CN"),
    (0x0c04, "zh-HK"),
    (0x0404, "zh-TW"),
    (0x040d, "he-IL"),
];

/// The language, e.g. `de-DE`, by the SYSTEM hive of `len` bytes that `read` reads; `None` where that does not say, or one of
/// which boot managers have no texts.
///
/// # Errors
/// When it is no hive.
pub fn of_hive(read: &ReadAt<'_>, len: u64) -> Result<Option<&'static str>, HiveError> {
    let hive = SparseHive::open(read, len)?;
    let set = control_set(&hive);
    let path = [&[set.as_str()][..], &KEY].concat();
    let Some(key) = hive.key(&path)? else { return Ok(None) };
    let value = hive.value(&key, "InstallLanguage")?.filter(|value| value.data_type == REG_SZ);
    Ok(value.and_then(|value| named(&utf16le_until_nul(&value.data))))
}

fn named(digits: &str) -> Option<&'static str> {
    let number = u32::from_str_radix(digits.trim(), 16).ok()?;
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_named_by_their_number() {
        for (digits, name) in [("0407", Some("de-DE")), ("0C0A", Some("es-ES")), ("", None), ("04ff", None)] {
            assert_eq!(named(digits), name);
        }
    }
}
