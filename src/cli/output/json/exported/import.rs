//! From an exported store to the bytes of a store file.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::bcd::compact::pack;
use crate::bcd::element::VALUE_NAME;
use crate::bcd::fresh::Stamp;
use crate::bytes;
use crate::cli::output::json::exported::ExportError;
use crate::cli::output::json::exported::ExportedElement;
use crate::cli::output::json::exported::ExportedKey;
use crate::cli::output::json::exported::ExportedObject;
use crate::cli::output::json::exported::ExportedStore;
use crate::cli::output::json::exported::ExportedValue;
use crate::cli::output::json::exported::VERSION;
use crate::cli::output::json::exported::time;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;

/// Bytes of a text that is read, at most.
const SIZE_MAX: usize = 16 << 20;
/// Letters of a wrong text that an error shows.
const SHOWN: usize = 40;

/// What a document says of itself, whatever else is in it.
#[derive(Deserialize)]
#[serde(expecting = "an exported store")]
struct Head {
    bcdrescue: Option<Json>,
    version: Option<Json>,
}

/// The mark that a text in UTF-8 may begin with (Unicode, 2.6).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl ExportedStore {
    /// Reads the text of a document.
    ///
    /// # Errors
    ///
    /// When it is longer than 16 MiB, no exported store, one of another version, or has a field that is not known.
    pub fn parse(text: &[u8]) -> Result<Self, ExportError> {
        if text.len() > SIZE_MAX {
            return Err(ExportError::Large { len: text.len(), max: SIZE_MAX });
        }
        // Some editors begin a text with it.
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let syntax = |error: serde_json::Error| ExportError::Syntax(bytes::one_line(&error.to_string()));
        // First, so that a document of another version is called that, and not one with a field too many.
        let head: Head = serde_json::from_slice(text).map_err(syntax)?;
        let is_ours = head.bcdrescue.as_ref().and_then(Json::as_str) == Some("store");
        if !is_ours || head.version.as_ref().and_then(Json::as_u64) != Some(VERSION.into()) {
            let shown = |field: Option<Json>| field.map_or_else(|| "none".to_owned(), |it| it.to_string());
            let found = format!("{} and {}", shown(head.bcdrescue), shown(head.version));
            return Err(ExportError::Kind { expected: VERSION, found: short(&found) });
        }
        serde_json::from_slice(text).map_err(syntax)
    }

    /// The bytes of the store file, as [`compact`](crate::bcd::compact::compact) makes them.
    ///
    /// # Errors
    ///
    /// When a value's `raw` is not hex, a key is there twice, or a store cannot hold what is in it.
    pub fn store(&self) -> Result<Vec<u8>, ExportError> {
        let time = time::read(&self.last_written);
        let last_written = time.ok_or_else(|| ExportError::Time { found: short(&self.last_written) })?;
        let mut subkeys = Vec::new();
        if let Some(description) = &self.description {
            subkeys.push(leaf("Description", description, "")?);
        }
        if let Some(objects) = &self.objects {
            let objects: Result<_, _> = objects.iter().map(|it| object(it, "Objects")).collect();
            subkeys.push(NewKey { name: "Objects".into(), values: Vec::new(), subkeys: objects? });
        }
        subkeys.extend(keys(&self.other, "")?);
        let root = NewKey { name: self.root.clone(), values: values(&self.values, "")?, subkeys };
        once(&root, "")?;
        Ok(pack(&root, Stamp { last_written, sequence_above: 0 })?)
    }
}

fn object(object: &ExportedObject, above: &str) -> Result<NewKey, ExportError> {
    let place = below(above, &object.id);
    let mut subkeys = Vec::new();
    if let Some(description) = &object.description {
        subkeys.push(leaf("Description", description, &place)?);
    }
    if let Some(elements) = &object.elements {
        let place = below(&place, "Elements");
        let elements: Result<_, _> = elements.iter().map(|it| element(it, &place)).collect();
        subkeys.push(NewKey { name: "Elements".into(), values: Vec::new(), subkeys: elements? });
    }
    subkeys.extend(keys(&object.other, &place)?);
    Ok(NewKey { name: object.id.clone(), values: values(&object.values, &place)?, subkeys })
}

fn element(element: &ExportedElement, above: &str) -> Result<NewKey, ExportError> {
    let place = below(above, &element.id);
    let mut own = match (element.r#type, &element.raw) {
        (Some(data_type), Some(raw)) => {
            vec![NewValue { name: VALUE_NAME.into(), data_type, data: data(raw, &place)? }]
        }
        (None, None) => Vec::new(),
        _ => return Err(ExportError::Half { place: bytes::one_line(&place) }),
    };
    own.extend(values(&element.values, &place)?);
    Ok(NewKey { name: element.id.clone(), values: own, subkeys: keys(&element.subkeys, &place)? })
}

fn leaf(name: &str, of_key: &[ExportedValue], above: &str) -> Result<NewKey, ExportError> {
    let values = values(of_key, &below(above, name))?;
    Ok(NewKey { name: name.to_owned(), values, subkeys: Vec::new() })
}

fn keys(all: &[ExportedKey], above: &str) -> Result<Vec<NewKey>, ExportError> {
    let one = |key: &ExportedKey| {
        let place = below(above, &key.name);
        let values = values(&key.values, &place)?;
        Ok(NewKey { name: key.name.clone(), values, subkeys: keys(&key.subkeys, &place)? })
    };
    all.iter().map(one).collect()
}

fn values(all: &[ExportedValue], above: &str) -> Result<Vec<NewValue>, ExportError> {
    let one = |value: &ExportedValue| {
        let data = data(&value.raw, &below(above, &value.name))?;
        Ok(NewValue { name: value.name.clone(), data_type: value.r#type, data })
    };
    all.iter().map(one).collect()
}

fn data(raw: &str, place: &str) -> Result<Vec<u8>, ExportError> {
    bytes::from_hex(raw).ok_or_else(|| {
        let wrong = raw.chars().enumerate().find(|(_, digit)| !digit.is_ascii_hexdigit());
        let found = match wrong {
            Some((at, letter)) => format!("{:?} at {at:#x}", letter.to_string()),
            None => format!("{:#x} digits", raw.len()),
        };
        ExportError::Hex { place: bytes::one_line(place), found: bytes::one_line(&found) }
    })
}

/// An error for two keys of one name, case aside, as the registry would have them.
fn once(key: &NewKey, place: &str) -> Result<(), ExportError> {
    let mut names = BTreeSet::new();
    for subkey in &key.subkeys {
        let place = below(place, &subkey.name);
        if !names.insert(subkey.name.to_uppercase()) {
            return Err(ExportError::Twice { place: bytes::one_line(&place) });
        }
        once(subkey, &place)?;
    }
    Ok(())
}

fn below(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}\\{name}") }
}

/// The beginning of a text that is shown in an error, on one line.
fn short(text: &str) -> String {
    bytes::one_line(&text.chars().take(SHOWN).collect::<String>())
}
