//! Types of objects by the words of `bcdedit /create`.

use crate::bcd::object_id;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words::error::WordError;
use crate::guid::Guid;

/// What `bcdedit /create` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// `/application WORD`: something that can be started.
    Application,
    /// `/inherit [WORD]`: settings that others inherit.
    Inherit,
    /// `/device`: options of a device.
    Device,
}

/// Words of `/application`.
const APPLICATIONS: &[(&str, ObjectType)] = &[
    ("osloader", ObjectType::OS_LOADER),
    ("resume", ObjectType::RESUME),
    ("bootsector", ObjectType::BOOT_SECTOR),
    ("startup", ObjectType::STARTUP),
    ("bootapp", ObjectType::BOOT_APPLICATION),
    ("memdiag", ObjectType::MEMDIAG),
    ("ntldr", ObjectType::NTLDR),
    ("setupldr", ObjectType::SETUPLDR),
];

/// Words of `/inherit`.
const INHERITS: &[(&str, ObjectType)] = &[
    ("osloader", ObjectType::INHERIT_OS_LOADER),
    ("resume", ObjectType::INHERIT_RESUME),
    ("bootmgr", ObjectType(0x2020_0002)),
    ("fwbootmgr", ObjectType(0x2020_0001)),
    ("memdiag", ObjectType(0x2020_0005)),
    ("ntldr", ObjectType(0x2020_0006)),
    ("setupldr", ObjectType(0x2020_0007)),
    ("bootsector", ObjectType(0x2020_0008)),
    ("startup", ObjectType(0x2020_0009)),
    ("device", ObjectType::INHERIT_DEVICE),
    ("devobject", ObjectType::INHERIT_DEVICE),
];

/// The type of a new object of this kind; case does not matter.
///
/// # Errors
///
/// [`WordError::ObjectType`] for a word that the kind has not, or for none where it needs one.
pub fn object_type(kind: ObjectKind, word: Option<&str>) -> Result<ObjectType, WordError> {
    let words = match kind {
        ObjectKind::Application => APPLICATIONS,
        ObjectKind::Inherit => INHERITS,
        ObjectKind::Device => &[],
    };
    let known = |word: &str| words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    let found = match (kind, word) {
        (ObjectKind::Inherit, None) => Some(ObjectType::INHERIT_ANY),
        (ObjectKind::Device, None) => Some(ObjectType::DEVICE),
        (_, word) => word.and_then(known).map(|(_, object_type)| *object_type),
    };
    let expected = || words.iter().map(|(word, _)| *word).collect();
    found.ok_or_else(|| WordError::ObjectType { found: word.map(str::to_owned), expected: expected() })
}

/// The type of an object that every store knows: it is made without a word for its kind.
#[must_use]
pub fn type_of_well_known(id: Guid) -> Option<ObjectType> {
    Some(match id {
        object_id::BOOTMGR => ObjectType::BOOT_MANAGER,
        object_id::FWBOOTMGR => ObjectType::FIRMWARE_BOOT_MANAGER,
        object_id::MEMDIAG => ObjectType::MEMDIAG,
        object_id::NTLDR => ObjectType::NTLDR,
        object_id::BADMEMORY
        | object_id::DBGSETTINGS
        | object_id::EMSSETTINGS
        | object_id::GLOBALSETTINGS => ObjectType::INHERIT_ANY,
        object_id::BOOTLOADERSETTINGS | object_id::HYPERVISORSETTINGS => ObjectType::INHERIT_OS_LOADER,
        object_id::RESUMELOADERSETTINGS => ObjectType::INHERIT_RESUME,
        object_id::RAMDISKOPTIONS => ObjectType::DEVICE,
        // No source tells the type of {kerneldbgsettings}.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_create() {
        use ObjectKind::Application;
        use ObjectKind::Device;
        use ObjectKind::Inherit;
        let cases = [
            (Application, Some("OSLOADER"), 0x1020_0003),
            (Application, Some("resume"), 0x1020_0004),
            (Application, Some("bootsector"), 0x1040_0008),
            (Application, Some("startup"), 0x1040_0009),
            (Application, Some("bootapp"), 0x1020_000a),
            (Application, Some("ntldr"), 0x1030_0006),
            (Inherit, None, 0x2010_0000),
            (Inherit, Some("fwbootmgr"), 0x2020_0001),
            (Inherit, Some("osloader"), 0x2020_0003),
            (Inherit, Some("DEVICE"), 0x2030_0000),
            (Inherit, Some("devobject"), 0x2030_0000),
            (Device, None, 0x3000_0000),
        ];
        for (kind, word, expected) in cases {
            assert_eq!(object_type(kind, word), Ok(ObjectType(expected)), "{word:?}");
        }
        for (kind, word, says) in [
            (
                Application,
                Some("linux"),
                "type of object: expected osloader, resume, bootsector, startup, bootapp, memdiag, ntldr or \
                 setupldr, found \"linux\"",
            ),
            (
                Application,
                None,
                "type of object: expected osloader, resume, bootsector, startup, bootapp, memdiag, ntldr or \
                 setupldr, found nothing",
            ),
            (Device, Some("x"), "type of object: expected nothing, found \"x\""),
        ] {
            assert_eq!(object_type(kind, word).unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn well_known_objects_have_their_types() {
        assert_eq!(type_of_well_known(object_id::NTLDR), Some(ObjectType::NTLDR));
        assert_eq!(type_of_well_known(object_id::EMSSETTINGS), Some(ObjectType::INHERIT_ANY));
        assert_eq!(type_of_well_known(object_id::RAMDISKOPTIONS), Some(ObjectType::DEVICE));
        for id in [object_id::CURRENT, object_id::DEFAULT, object_id::KERNELDBGSETTINGS, Guid::ZERO] {
            assert_eq!(type_of_well_known(id), None);
        }
    }
}
