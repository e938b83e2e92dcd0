//! Which objects of a store are listed, by the words of `bcdedit /enum`.
//!
//! Microsoft, "BCDEdit /enum"; listings of Windows Vista to 11.

use crate::bcd::ObjectType;
use crate::bcd::Store;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::bcd::words::NameError;
use crate::bcd::words::ObjectName;
use crate::bcd::words::object;
use crate::guid::Guid;

/// The objects that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `{bootmgr}`, and the boot menu in its order; without a word this.
    Active,
    /// Every object.
    All,
    /// `{bootmgr}`.
    BootManager,
    /// All entries that start a Windows.
    OsLoaders,
    /// What starts anything else: the memory tester, the loader of older Windows, boot sectors.
    BootApps,
    /// All that resume from hibernation.
    Resume,
    /// All settings that others inherit.
    Inherit,
    /// The firmware's boot menu: `{fwbootmgr}`, `{bootmgr}` and the entries that are not Windows'.
    Firmware,
    /// The object of this id.
    One(Guid),
}

/// bcdedit's words for types.
const WORDS: [(&str, Which); 8] = [
    ("active", Which::Active),
    ("all", Which::All),
    ("bootmgr", Which::BootManager),
    ("osloader", Which::OsLoaders),
    ("bootapp", Which::BootApps),
    ("resume", Which::Resume),
    ("inherit", Which::Inherit),
    ("firmware", Which::Firmware),
];

/// The word is neither a type nor an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhichError {
    /// No such type, and no name of an object.
    #[error(
        "what to list: expected active, all, bootmgr, osloader, bootapp, resume, inherit, firmware or an object, \
         found \"{found}\""
    )]
    Word {
        /// The word.
        found: String,
    },
    /// The caller knows no such object.
    #[error(transparent)]
    NoObject(NameError),
}

impl Which {
    /// What a word names: a type, or an object with or without braces (`{bootmgr}` is the object, and `bootmgr` the type with the same
    /// content). Case does not matter.
    ///
    /// # Errors
    /// For any other word, and where the caller knows no such object.
    pub fn from_word(
        word: Option<&str>,
        named: &dyn Fn(ObjectName) -> Result<Guid, NameError>,
    ) -> Result<Self, WhichError> {
        let Some(word) = word else { return Ok(Self::Active) };
        if let Some((_, which)) = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
            return Ok(*which);
        }
        let name = object(word).map_err(|_| WhichError::Word { found: word.to_owned() })?;
        named(name).map(Self::One).map_err(WhichError::NoObject)
    }

    /// The objects in bcdedit's order: by type, and those of one type by their GUID; the boot menu in its own order.
    #[must_use]
    pub fn of(self, store: &Store) -> Vec<&Object> {
        if self == Self::Active {
            return active(store);
        }
        let mut objects: Vec<&Object> = store.objects().iter().filter(|object| self.has(object)).collect();
        objects.sort_by_key(|object| {
            (object.object_type.is_none(), object.object_type, object.key.to_lowercase())
        });
        objects
    }

    /// Whether the object is one of them by itself.
    fn has(self, object: &Object) -> bool {
        let is = |matches: fn(ObjectType) -> bool| object.object_type.is_some_and(matches);
        match self {
            Self::All => true,
            Self::One(id) => object.id == Some(id),
            Self::Active | Self::BootManager => object.id == Some(object_id::BOOTMGR),
            Self::OsLoaders => is(ObjectType::is_os_loader),
            Self::Resume => is(ObjectType::is_resume),
            Self::Inherit => is(ObjectType::is_inherit),
            Self::Firmware => is(is_in_firmware_menu),
            Self::BootApps => is(|kind| {
                let is_other = kind.is_os_loader() || kind.is_resume() || is_in_firmware_menu(kind);
                kind.is_application() && !is_other
            }),
        }
    }
}

fn is_in_firmware_menu(kind: ObjectType) -> bool {
    kind.is_firmware_boot_manager() || kind.is_boot_manager() || kind.is_firmware_application()
}

/// The boot manager and what its `displayorder` names, each once and where it is there.
fn active(store: &Store) -> Vec<&Object> {
    let mut objects: Vec<&Object> = store.boot_manager().into_iter().collect();
    for entry in store.display_order().iter().filter_map(|id| store.object(*id)) {
        if !objects.iter().any(|object| object.id == entry.id) {
            objects.push(entry);
        }
    }
    objects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::ElementId;
    use crate::bcd::ElementValue;
    use crate::bcd::create::NewObject;
    use crate::bcd::create::NewStore;

    const FIRST: Guid = Guid::from_u128(0x9000);
    const SECOND: Guid = Guid::from_u128(0x1000);
    const RESUME: Guid = Guid::from_u128(0x2000);
    const STICK: Guid = Guid::from_u128(0x3000);
    const SECTOR: Guid = Guid::from_u128(0x4000);
    const OPTIONS: Guid = Guid::from_u128(0x5000);

    fn store() -> Store {
        let menu = vec![object_id::NTLDR, FIRST, Guid::from_u128(1), SECOND, FIRST];
        let manager = NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER)
            .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(menu));
        let others = [
            (object_id::FWBOOTMGR, ObjectType::FIRMWARE_BOOT_MANAGER),
            (object_id::MEMDIAG, ObjectType::MEMDIAG),
            (object_id::NTLDR, ObjectType::NTLDR),
            (object_id::GLOBALSETTINGS, ObjectType::INHERIT_ANY),
            (object_id::BOOTLOADERSETTINGS, ObjectType::INHERIT_OS_LOADER),
            (FIRST, ObjectType::OS_LOADER),
            (SECOND, ObjectType::OS_LOADER),
            (RESUME, ObjectType::RESUME),
            (STICK, ObjectType::FIRMWARE_APPLICATION),
            (SECTOR, ObjectType::BOOT_SECTOR),
            (OPTIONS, ObjectType::DEVICE),
        ];
        let objects =
            others.map(|(id, kind)| NewObject::new(id, kind)).into_iter().chain([manager]).collect();
        let new = NewStore { objects, last_written: 0, firmware_modified: false };
        Store::parse(new.build().unwrap()).unwrap()
    }

    fn word(word: Option<&str>) -> Result<Which, WhichError> {
        Which::from_word(word, &|name| match name {
            ObjectName::Id(id) => Ok(id),
            ObjectName::Default => Ok(FIRST),
            ObjectName::Current => Err(NameError::NoEntry),
        })
    }

    #[test]
    fn words_choose_objects_in_bcdedits_order() {
        use object_id::BOOTLOADERSETTINGS;
        use object_id::BOOTMGR;
        use object_id::FWBOOTMGR;
        use object_id::GLOBALSETTINGS;
        use object_id::MEMDIAG;
        use object_id::NTLDR;
        let store = store();
        let cases: [(Option<&str>, &[Guid]); 11] = [
            (None, &[BOOTMGR, NTLDR, FIRST, SECOND]),
            (Some("ACTIVE"), &[BOOTMGR, NTLDR, FIRST, SECOND]),
            (Some("bootmgr"), &[BOOTMGR]),
            (Some("OsLoader"), &[SECOND, FIRST]),
            (Some("bootapp"), &[MEMDIAG, NTLDR, SECTOR]),
            (Some("resume"), &[RESUME]),
            (Some("inherit"), &[GLOBALSETTINGS, BOOTLOADERSETTINGS]),
            (Some("firmware"), &[FWBOOTMGR, BOOTMGR, STICK]),
            (Some("{default}"), &[FIRST]),
            (Some("{memdiag}"), &[MEMDIAG]),
            (
                Some("all"),
                &[
                    FWBOOTMGR,
                    BOOTMGR,
                    STICK,
                    SECOND,
                    FIRST,
                    RESUME,
                    MEMDIAG,
                    NTLDR,
                    SECTOR,
                    GLOBALSETTINGS,
                    BOOTLOADERSETTINGS,
                    OPTIONS,
                ],
            ),
        ];
        for (said, expected) in cases {
            let found: Vec<Guid> =
                word(said).unwrap().of(&store).iter().filter_map(|object| object.id).collect();
            assert_eq!(found, expected, "{said:?}");
        }
    }

    #[test]
    fn other_words_are_refused() {
        let says = |text| word(Some(text)).unwrap_err().to_string();
        assert_eq!(
            says("loaders"),
            "what to list: expected active, all, bootmgr, osloader, bootapp, resume, inherit, firmware or an object, \
             found \"loaders\""
        );
        assert_eq!(says("{current}"), "{current}: no entry of this store starts Windows");
    }
}
