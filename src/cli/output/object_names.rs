//! Names of objects as bcdedit shows them for a store that is named by `/store`.

use crate::bcd::Store;
use crate::bcd::object::Object;
use crate::bcd::object_id::alias;
use crate::guid::Guid;

/// How a listing names objects.
#[derive(Debug, Clone, Copy)]
pub struct ObjectNames {
    default: Option<Guid>,
    are_full: bool,
}

impl ObjectNames {
    /// bcdedit's names, `{default}` for the entry that starts by itself.
    #[must_use]
    pub fn short(store: &Store) -> Self {
        // A name for what is not there would hide that it is not.
        let default = store.default_entry().and_then(|entry| entry.id);
        Self { default, are_full: false }
    }

    /// bcdedit's names alone, where two stores differ in what starts by itself.
    #[must_use]
    pub const fn without_default() -> Self {
        Self { default: None, are_full: false }
    }

    /// Every id in full, as with `/v`.
    #[must_use]
    pub const fn full() -> Self {
        Self { default: None, are_full: true }
    }

    /// The name of the object of this id.
    #[must_use]
    pub fn of(&self, id: Guid) -> String {
        let known = alias(id).or_else(|| (self.default == Some(id)).then_some("{default}"));
        known.filter(|_| !self.are_full).map_or_else(|| id.braced(), str::to_owned)
    }

    /// The name of an object, or of its key where that is no id.
    #[must_use]
    pub fn of_object(&self, object: &Object) -> String {
        object.id.map_or_else(|| object.key.clone(), |id| self.of(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::ElementId;
    use crate::bcd::ElementValue;
    use crate::bcd::ObjectType;
    use crate::bcd::create::NewObject;
    use crate::bcd::create::NewStore;
    use crate::bcd::object_id;

    fn store(default: Guid, entry: Guid) -> Store {
        let manager = NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER)
            .with(ElementId::DEFAULT, ElementValue::Object(default));
        let objects = vec![manager, NewObject::new(entry, ObjectType::OS_LOADER)];
        let new = NewStore { objects, last_written: 0, firmware_modified: false };
        Store::parse(new.build().unwrap()).unwrap()
    }

    #[test]
    fn the_default_entry_is_named_so() {
        let (entry, other) = (Guid::from_u128(7), Guid::from_u128(8));
        let there = store(entry, entry);
        let names = ObjectNames::short(&there);
        assert_eq!(names.of(entry), "{default}");
        assert_eq!(names.of(other), other.braced());
        assert_eq!(names.of(object_id::BOOTMGR), "{bootmgr}");
        assert_eq!(names.of_object(there.object(entry).unwrap()), "{default}");
        assert_eq!(ObjectNames::full().of(entry), entry.braced());
        assert_eq!(ObjectNames::full().of(object_id::BOOTMGR), object_id::BOOTMGR.braced());
    }

    #[test]
    fn a_default_that_is_not_there_is_shown_by_its_id() {
        let (entry, other) = (Guid::from_u128(7), Guid::from_u128(8));
        assert_eq!(ObjectNames::short(&store(other, entry)).of(other), other.braced());
        // A loader of older Windows has its own name.
        assert_eq!(
            ObjectNames::short(&store(object_id::NTLDR, object_id::NTLDR)).of(object_id::NTLDR),
            "{ntldr}"
        );
    }
}
