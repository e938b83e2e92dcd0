//! Why a word is none that bcdedit would take.

use std::fmt;

use crate::bcd::element::ElementId;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words::name_error::NameError;

/// What is wrong with a name or a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordError {
    /// The text names no object.
    #[error("object: expected a GUID or a name such as {{default}} or {{bootmgr}}, found \"{found}\"")]
    Object {
        /// The text.
        found: String,
    },
    /// The text names no element of any object.
    #[error("unknown element \"{found}\": {}", offered(near))]
    Element {
        /// The text.
        found: String,
        /// The nearest names that the object may have, the nearest first.
        near: Vec<&'static str>,
    },
    /// The element belongs to other objects.
    #[error("{element} is an element of {}, and this object is {}", listed(homes, "and"), what_is(*object))]
    Elsewhere {
        /// The element.
        element: String,
        /// Who has it, in the plural.
        homes: Vec<&'static str>,
        /// The type of the object that was meant.
        object: Option<ObjectType>,
    },
    /// The text begins like the id of an element, and is none.
    #[error("id of an element: expected eight hexadecimal digits, found \"{found}\"")]
    ElementId {
        /// The text.
        found: String,
    },
    /// The element's value is of a format that nobody knows.
    #[error("element {0}: its format is unknown")]
    Format(ElementId),
    /// The words are no value of the element.
    #[error("{element}: expected {expected}, found {}", quoted(found.as_deref()))]
    Value {
        /// The element, as bcdedit shows its name.
        element: String,
        /// What would be one.
        expected: Expected,
        /// What was said, if anything.
        found: Option<String>,
    },
    /// A text longer than any that a boot manager is asked to read.
    #[error("{element}: expected at most {max} bytes, found {found}")]
    Long {
        /// The element, as bcdedit shows its name.
        element: String,
        /// Bytes that are allowed, with the NUL.
        max: usize,
        /// Bytes that the text has.
        found: usize,
    },
    /// The caller knows no partition or object of this name.
    #[error("{element}: {why}")]
    Name {
        /// The element, as bcdedit shows its name.
        element: String,
        /// What the caller says.
        why: NameError,
    },
}

/// What would be a value of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// One of these words.
    Words(&'static [&'static str]),
    /// True or false.
    Truth,
    /// A number.
    Number,
    /// Numbers.
    Numbers,
    /// Bytes.
    Bytes,
    /// An object.
    Object,
    /// Objects.
    Objects,
    /// A text without NUL.
    Text,
    /// A device.
    Device,
    /// A file on a device: `[…]\path`.
    File,
    /// What `locate` looks for.
    Locate,
    /// What the partition is that is `unknown`.
    Identity,
    /// The object with the options of a RAM disk.
    Options,
    /// Devices that are not nested deeper than a boot manager reads.
    Shallow,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Words(words) => return f.write_str(&any_of(words)),
            Self::Truth => "Yes or No",
            Self::Number => "a number, decimal or hexadecimal with 0x",
            Self::Numbers => "numbers, decimal or hexadecimal with 0x",
            Self::Bytes => "hexadecimal digits, two for each byte",
            Self::Object => "a GUID or a name such as {default}",
            Self::Objects => "GUIDs or names such as {default}",
            Self::Text => "a text without NUL",
            Self::Device => {
                r"boot, locate, partition=2, partition=C:, file=[2]\x, vhd=[2]\x.vhd or ramdisk=[2]\x.wim,{ramdiskoptions}"
            }
            Self::File => r"a place and a path, e.g. [2]\x or [boot]\x",
            Self::Locate => r"locate=\path or locate=custom:12000002",
            Self::Identity => "the identity behind it, e.g. unknown (disk 36234da4 offset 0x100000)",
            Self::Options => r"the object with its options behind it, e.g. ramdisk=[2]\x.wim,{ramdiskoptions}",
            Self::Shallow => "at most eight nested devices",
        })
    }
}

/// `a`, `a or b`, `a, b or c`; `nothing` of none.
fn any_of(words: &[&'static str]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { listed(words, "or") }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[&'static str], joint: &str) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} {joint} {last}", all.join(", ")),
    }
}

fn quoted(found: Option<&str>) -> String {
    found.map_or_else(|| "nothing".to_owned(), |found| format!("\"{found}\""))
}

fn offered(near: &[&'static str]) -> String {
    match near {
        [] => "an element without a name is given by its id, e.g. custom:26000022".to_owned(),
        [only] => format!("did you mean {only}?"),
        all => format!("did you mean {}?", listed(all, "or")),
    }
}

/// An object of this type in a sentence.
fn what_is(object: Option<ObjectType>) -> &'static str {
    let Some(object) = object else { return "of an unknown type" };
    match object.kind() {
        1 => match object.application() {
            1 | 2 => "a boot manager",
            3 => "an OS loader",
            4 => "a resume loader",
            5 => "a memory tester",
            6 | 7 => "a legacy OS loader",
            8 => "a boot sector",
            9 => "a network starter",
            10 => "a boot application",
            0xf_ffff => "an entry of the firmware",
            _ => "another application",
        },
        2 => match object.application() {
            1 | 2 => "settings of boot managers",
            3 => "settings of OS loaders",
            4 => "settings of resume loaders",
            5 => "settings of memory testers",
            _ => "settings that any object may inherit",
        },
        3 => "a device object",
        _ => "of an unknown type",
    }
}
