//! Why a store is not changed as asked.

use crate::bcd::element::ElementId;
use crate::bcd::store::StoreError;
use crate::guid::Guid;
use crate::hive::edit::EditError;

/// Why a store is not changed as asked. Nothing has been changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// An object that is not there.
    #[error("object {}: not in the store", object.braced())]
    NoObject {
        /// Its id.
        object: Guid,
        /// The objects that are there.
        there: Vec<Guid>,
    },
    /// An element that is not there.
    #[error("element {element} of {}: not there, it has {}", object.braced(), listed(there))]
    NoElement {
        /// Id of the object.
        object: Guid,
        /// Id of the element.
        element: ElementId,
        /// The elements that are there.
        there: Vec<ElementId>,
    },
    /// An id that is not in a list.
    #[error("element {element} of {}: {} is not in it", object.braced(), id.braced())]
    NotListed {
        /// Id of the object.
        object: Guid,
        /// Id of the element.
        element: ElementId,
        /// The id that is not there.
        id: Guid,
        /// The ids that are there.
        there: Vec<Guid>,
    },
    /// An object that is already there.
    #[error("object {}: already in the store", object.braced())]
    Exists {
        /// Its id.
        object: Guid,
    },
    /// A value that the element cannot have.
    #[error("element {element}: {why}")]
    Value {
        /// Id of the element.
        element: ElementId,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The hive below the store.
    #[error(transparent)]
    Hive(#[from] EditError),
    /// The store that would come to be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store that came to be is another than was meant.
    #[error("changed store: not as it was meant to be")]
    Unproved,
}

fn listed(ids: &[ElementId]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    ids.iter().map(ElementId::to_string).collect::<Vec<_>>().join(", ")
}
