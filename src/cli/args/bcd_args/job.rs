//! What a command of `bcd` is to do.

use std::path::PathBuf;

use crate::cli::args::bcd_args::recipe::Recipe;
use crate::cli::args::bcd_args::request::Request;
use crate::guid::Guid;

/// What is to be done with the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// Shows objects: a group of them as bcdedit names it, or one; without a word the boot menu.
    Enum(Option<String>),
    /// Shows the values of an object, or the value of one of its elements.
    Get {
        /// Of this object; `{current}` where none is named.
        object: Option<String>,
        /// Only of this element.
        element: Option<String>,
    },
    /// Edits it; all or nothing.
    Edit(Vec<Request>),
    /// Edits it after a recipe, which depends on the Windows.
    Recipe(Recipe),
    /// Makes a new store without objects.
    CreateStore,
    /// Writes it anew, sound and compact; without a file as JSON to standard output.
    Export {
        /// To this file, which must not exist.
        to: Option<PathBuf>,
    },
    /// Puts the objects of another store in place of its own.
    Import {
        /// A store, or the JSON of one.
        from: PathBuf,
    },
    /// Says in what it differs from another.
    Diff {
        /// A disk, an image, or a store file.
        other: PathBuf,
    },
}

/// Whether a word names an object, and no element: bcdedit's objects have braces; a GUID is one without them, too.
pub(crate) fn is_object(word: &str) -> bool {
    word.starts_with('{') || word.parse::<Guid>().is_ok()
}
