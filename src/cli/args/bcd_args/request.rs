//! What an edit of a store is to do, in bcdedit's words: nothing is looked up yet.

use std::fmt;

use clap::ValueEnum;

use crate::bcd::element::ElementFormat;
use crate::bcd::object_type::ObjectType;

/// `{current}`, which is meant where no object is named.
pub(crate) const CURRENT: &str = "{current}";
/// `{bootmgr}`.
pub(crate) const BOOTMGR: &str = "{bootmgr}";
/// `{emssettings}`.
pub(crate) const EMSSETTINGS: &str = "{emssettings}";

/// One edit of a store. Objects are named `{alias}`, `{GUID}` or by their bare GUID; where none is named, `{current}` is meant, the Windows
/// of this disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Gives an element a value.
    Set {
        /// Of this object.
        object: Option<String>,
        /// The element's word, `custom:` and its id, or its id (eight hex digits, with or without `0x`).
        element: String,
        /// The value, or the values of a list, as they were typed; never empty.
        value: Vec<String>,
        /// What becomes of a list that is there.
        how: ListEdit,
        /// The format of an element that has no word.
        as_type: Option<ElementFormat>,
    },
    /// Takes an element away.
    Unset {
        /// Of this object.
        object: Option<String>,
        /// The element, named as above.
        element: String,
        /// Where it is not there, nothing is to be done; otherwise that is an error.
        if_there: bool,
    },
    /// Makes an object.
    Create {
        /// Its id; without one a new one is made up.
        id: Option<String>,
        /// What it is; not needed where the id is a well-known one.
        kind: Option<CreateKind>,
        /// Its `description`.
        description: Option<String>,
    },
    /// Makes an object that has the elements of another, and puts it behind that one in the menu.
    Copy {
        /// The other.
        object: String,
        /// Its `description`.
        description: Option<String>,
    },
    /// Takes an object away.
    Delete {
        /// This one.
        object: String,
        /// Also where its id is a well-known one.
        force: bool,
        /// Take it out of the lists that name it, too.
        cleanup: bool,
    },
}

impl Request {
    /// A plain `set`.
    pub(crate) fn set(object: Option<&str>, element: &str, value: &str) -> Self {
        Self::Set {
            object: object.map(str::to_owned),
            element: element.to_owned(),
            value: vec![value.to_owned()],
            how: ListEdit::Replace,
            as_type: None,
        }
    }

    /// An `unset` for which there may be nothing to do.
    pub(crate) fn unset_if_there(object: Option<&str>, element: &str) -> Self {
        Self::Unset { object: object.map(str::to_owned), element: element.to_owned(), if_there: true }
    }
}

/// What becomes of a list that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ListEdit {
    /// The values are the list.
    #[default]
    Replace,
    /// They come first in it, and nowhere else.
    AddFirst,
    /// They come last in it, and nowhere else.
    AddLast,
    /// They are taken out of it; a list that is empty then is taken away.
    Remove,
}

/// What a new object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateKind {
    /// Something that can be started.
    Application(Application),
    /// Settings that these inherit.
    Inherit(Inherit),
    /// Options of a device.
    Device,
}

impl CreateKind {
    /// The type of such an object.
    pub(crate) const fn object_type(self) -> ObjectType {
        match self {
            Self::Application(Application::Osloader) => ObjectType::OS_LOADER,
            Self::Application(Application::Resume) => ObjectType::RESUME,
            Self::Application(Application::Bootsector) => ObjectType::BOOT_SECTOR,
            Self::Application(Application::Startup) => ObjectType::STARTUP,
            Self::Application(Application::Bootapp) => ObjectType::BOOT_APPLICATION,
            Self::Inherit(Inherit::Any) => ObjectType::INHERIT_ANY,
            Self::Inherit(Inherit::Fwbootmgr) => ObjectType(0x2020_0001),
            Self::Inherit(Inherit::Bootmgr) => ObjectType(0x2020_0002),
            Self::Inherit(Inherit::Osloader) => ObjectType::INHERIT_OS_LOADER,
            Self::Inherit(Inherit::Resume) => ObjectType::INHERIT_RESUME,
            Self::Inherit(Inherit::Memdiag) => ObjectType(0x2020_0005),
            Self::Inherit(Inherit::Ntldr) => ObjectType(0x2020_0006),
            Self::Inherit(Inherit::Setupldr) => ObjectType(0x2020_0007),
            Self::Inherit(Inherit::Bootsector) => ObjectType(0x2020_0008),
            Self::Inherit(Inherit::Startup) => ObjectType(0x2020_0009),
            Self::Inherit(Inherit::Device) => ObjectType::INHERIT_DEVICE,
            Self::Device => ObjectType::DEVICE,
        }
    }
}

/// bcdedit's words behind `/application`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Application {
    /// A loader of Windows, WinPE or WinRE.
    Osloader,
    /// What resumes from hibernation.
    Resume,
    /// A boot sector in a file.
    Bootsector,
    /// startup.com, from a network.
    Startup,
    /// A boot application.
    Bootapp,
}

/// bcdedit's words behind `/inherit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Inherit {
    /// Any object; bcdedit has no word behind it then.
    Any,
    /// The boot manager of UEFI firmware.
    Fwbootmgr,
    /// The Windows boot manager.
    Bootmgr,
    /// Loaders of Windows, WinPE or WinRE.
    Osloader,
    /// What resumes from hibernation.
    Resume,
    /// The memory tester.
    Memdiag,
    /// The loader of Windows before Vista.
    Ntldr,
    /// The loader of its setup.
    Setupldr,
    /// Boot sectors in files.
    Bootsector,
    /// startup.com.
    Startup,
    /// Options of devices.
    Device,
}

/// The words behind `bcdrescue bcd`, without the target.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { object, element, value, how, as_type: _ } => {
                let object = object.as_deref().unwrap_or(CURRENT);
                write!(f, "set {object} {element} {}{how}", value.join(" "))
            }
            Self::Unset { object, element, if_there: _ } => {
                write!(f, "unset {} {element}", object.as_deref().unwrap_or(CURRENT))
            }
            Self::Create { id, kind, description } => {
                f.write_str("create")?;
                id.iter().try_for_each(|id| write!(f, " {id}"))?;
                kind.iter().try_for_each(|kind| write!(f, " {kind}"))?;
                described(f, description.as_deref())
            }
            Self::Copy { object, description } => {
                write!(f, "copy {object}")?;
                described(f, description.as_deref())
            }
            Self::Delete { object, force, cleanup } => {
                let force = if *force { " --force" } else { "" };
                let cleanup = if *cleanup { "" } else { " --no-cleanup" };
                write!(f, "delete {object}{force}{cleanup}")
            }
        }
    }
}

fn described(f: &mut fmt::Formatter<'_>, description: Option<&str>) -> fmt::Result {
    description.map_or(Ok(()), |description| write!(f, " -d \"{description}\""))
}

impl fmt::Display for ListEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replace => "",
            Self::AddFirst => " --addfirst",
            Self::AddLast => " --addlast",
            Self::Remove => " --remove",
        })
    }
}

impl fmt::Display for CreateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Application(it) => it.to_possible_value(),
            Self::Inherit(it) => it.to_possible_value(),
            Self::Device => None,
        };
        f.write_str(match self {
            Self::Application(_) => "--application",
            Self::Inherit(_) => "--inherit",
            Self::Device => "--device",
        })?;
        word.map_or(Ok(()), |word| write!(f, " {}", word.get_name()))
    }
}
