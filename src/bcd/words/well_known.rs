//! Types of objects whose ids every store knows.

use crate::bcd::object_id;
use crate::bcd::object_type::ObjectType;
use crate::guid::Guid;

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
    fn well_known_objects_have_their_types() {
        assert_eq!(type_of_well_known(object_id::NTLDR), Some(ObjectType::NTLDR));
        assert_eq!(type_of_well_known(object_id::EMSSETTINGS), Some(ObjectType::INHERIT_ANY));
        assert_eq!(type_of_well_known(object_id::RAMDISKOPTIONS), Some(ObjectType::DEVICE));
        for id in [object_id::CURRENT, object_id::DEFAULT, object_id::KERNELDBGSETTINGS, Guid::ZERO] {
            assert_eq!(type_of_well_known(id), None);
        }
    }
}
