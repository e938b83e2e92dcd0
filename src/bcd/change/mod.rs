//! Changes of a store that go beyond its identities: elements set and unset, objects made, copied and deleted.
//!
//! Each change is made of steps, each step edits the hive as Windows does, and the store is read again after every change. At the end
//! it has to hold what it held, but for the steps.

mod error;
mod plan;
mod proof;
mod references;
mod step;
#[cfg(test)]
mod tests;

pub use error::ChangeError;

use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object_type::ObjectType;
use crate::bcd::store::Store;
use crate::bcd::store::StoreError;
use crate::guid::Guid;
use crate::hive::HiveError;
use crate::hive::edit::Editor;

use proof::Content;

/// What is done to a list of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListEdit {
    /// The ids are the list.
    Replace,
    /// The ids come first, in this order; those that are in the list move.
    AddFirst,
    /// The ids come last, in this order; those that are in the list move.
    AddLast,
    /// The ids go; each has to be there.
    Remove,
}

/// A change of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An element gets a value; it is made when it is not there.
    Set {
        /// Id of the object.
        object: Guid,
        /// Id of the element.
        element: ElementId,
        /// The value, of the element's format.
        value: ElementValue,
    },
    /// A list of objects is edited. It is made when it is not there; when it becomes empty, the element goes.
    List {
        /// Id of the object.
        object: Guid,
        /// Id of the element.
        element: ElementId,
        /// The ids.
        ids: Vec<Guid>,
        /// What is done with them.
        how: ListEdit,
    },
    /// An element goes.
    Unset {
        /// Id of the object.
        object: Guid,
        /// Id of the element.
        element: ElementId,
    },
    /// An object comes.
    Create {
        /// Its id.
        id: Guid,
        /// Its type.
        object_type: ObjectType,
        /// Its title.
        description: Option<String>,
    },
    /// An object comes that has the type and the elements of another, byte for byte. It does not stand for the other's entry of the
    /// firmware.
    Copy {
        /// Id of the other.
        from: Guid,
        /// Its id.
        to: Guid,
        /// Its title, when it is not the other's.
        description: Option<String>,
    },
    /// An object goes.
    Delete {
        /// Its id.
        object: Guid,
        /// Whether all references to it go too, and a resume loader that only it used.
        cleanup: bool,
    },
}

/// The bytes of the store's file after these changes, one after the other; `now` is the FILETIME of new keys: 100 ns since 1601, UTC.
/// Changes of what is already so change no byte.
///
/// # Errors
///
/// When a change cannot be made: then none is.
pub fn apply(store: &Store, changes: &[Change], now: u64) -> Result<Vec<u8>, ChangeError> {
    let mut wanted = Content::of(store);
    let mut current = store.clone();
    for change in changes {
        let steps = change.steps(&current)?;
        if steps.is_empty() {
            continue;
        }
        let mut editor = Editor::new(current.hive().bytes().to_vec()).map_err(hive)?;
        for step in &steps {
            step.make(&mut editor, now)?;
            wanted = wanted.after(step);
        }
        current = Store::parse(editor.finish())?;
    }
    if Content::of(&current) != wanted {
        return Err(ChangeError::Unproved);
    }
    Ok(current.hive().bytes().to_vec())
}

fn hive(error: HiveError) -> ChangeError {
    StoreError::from(error).into()
}
