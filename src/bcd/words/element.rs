//! Names of elements.

use crate::bcd::element::ElementId;
use crate::bcd::names;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words::error::WordError;
use crate::bcd::words::nearest::nearest;

/// Class of the elements of device objects.
const DEVICE_CLASS: u32 = 3;

/// The element of an object of this type, by bcdedit's word or by its id: `custom:26000022`, `0x26000022` or `26000022`. Case does not
/// matter.
///
/// # Errors
///
/// [`WordError::Element`] with the nearest names, [`WordError::Elsewhere`] when only other objects have such an element, and
/// [`WordError::ElementId`] for what begins like an id and is none.
pub fn element(text: &str, object: Option<ObjectType>) -> Result<ElementId, WordError> {
    let text = text.trim();
    if let Some(id) = by_id(text)? {
        return Ok(id);
    }
    let belongs = |id: &ElementId| id.class() != DEVICE_CLASS || names::may_be_device_object(object);
    if let Some(id) = names::element_id(text, object).filter(belongs) {
        return Ok(id);
    }
    let homes = names::homes(text);
    if homes.is_empty() {
        let near = nearest(text, names::element_names(object));
        return Err(WordError::Element { found: text.to_owned(), near });
    }
    Err(WordError::Elsewhere { element: text.to_ascii_lowercase(), homes, object })
}

/// The element of an id; `None` for what is none by its looks.
fn by_id(text: &str) -> Result<Option<ElementId>, WordError> {
    let strip = |text: &str, prefix: &str| {
        let (head, rest) = text.split_at_checked(prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| rest.to_owned())
    };
    let custom = strip(text, "custom:");
    let rest = custom.as_deref().unwrap_or(text);
    let hex = strip(rest, "0x");
    let id = ElementId::from_key_name(hex.as_deref().unwrap_or(rest));
    match id {
        None if custom.is_some() || hex.is_some() => Err(WordError::ElementId { found: text.to_owned() }),
        id => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_ids() {
        let loader = Some(ObjectType::OS_LOADER);
        let cases = [
            ("safeboot", loader, 0x2500_0080),
            ("NX", loader, 0x2500_0020),
            ("osdevice", loader, 0x2100_0001),
            ("filedevice", Some(ObjectType::RESUME), 0x2100_0001),
            ("path", None, 0x1200_0002),
            ("ramdisksdipath", Some(ObjectType::DEVICE), 0x3200_0004),
            ("ramdisksdipath", Some(ObjectType::INHERIT_DEVICE), 0x3200_0004),
            ("custom:26000022", loader, 0x2600_0022),
            ("CUSTOM:0x21000026", None, 0x2100_0026),
            ("0x26000022", None, 0x2600_0022),
            ("2600002A", None, 0x2600_002a),
        ];
        for (text, object, expected) in cases {
            assert_eq!(element(text, object), Ok(ElementId(expected)), "{text}");
        }
    }

    #[test]
    fn wrong_ones_say_what_would_be_right() {
        let cases = [
            ("safbot", Some(ObjectType::OS_LOADER), "unknown element \"safbot\": did you mean safeboot?"),
            ("emsprot", Some(ObjectType::INHERIT_ANY), "unknown element \"emsprot\": did you mean emsport?"),
            (
                "xyzzy",
                None,
                "unknown element \"xyzzy\": an element without a name is given by its id, e.g. custom:26000022",
            ),
            (
                "SafeBoot",
                Some(ObjectType::BOOT_MANAGER),
                "safeboot is an element of OS loaders, and this object is a boot manager",
            ),
            (
                "resumeobject",
                Some(ObjectType::DEVICE),
                "resumeobject is an element of boot managers and OS loaders, and this object is a device object",
            ),
            (
                "ramdisksdipath",
                Some(ObjectType::OS_LOADER),
                "ramdisksdipath is an element of device objects, and this object is an OS loader",
            ),
            ("nx", None, "nx is an element of OS loaders, and this object is of an unknown type"),
            ("custom:nx", None, "id of an element: expected eight hexadecimal digits, found \"custom:nx\""),
            ("0x123", None, "id of an element: expected eight hexadecimal digits, found \"0x123\""),
        ];
        for (text, object, says) in cases {
            assert_eq!(element(text, object).unwrap_err().to_string(), says);
        }
    }
}
