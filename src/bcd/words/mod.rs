//! Names and values as bcdedit's command lines spell them, from text.
//!
//! The forms are those of `bcdedit /? FORMATS`, `/? TYPES` and `/? ID`; what a partition, `{current}` or `{default}` is says the caller. What
//! bcdedit's layout shows of an element comes back as the same value.

mod device;
mod element;
mod error;
mod identity;
mod nearest;
mod number;
mod object;
mod object_kind;
mod value;

pub use element::element;
pub use error::Expected;
pub use error::WordError;
pub use identity::identity;
pub use object::ObjectName;
pub use object::object;
pub use object_kind::ObjectKind;
pub use object_kind::object_type;
pub use object_kind::type_of_well_known;
pub use value::value;

use crate::bcd::device::QualifiedPartition;
use crate::guid::Guid;

/// What names in values stand for. An error is a text for people: only shown, never read.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The partition of a name like `2`, `C:` or `2 (Windows)`.
    pub partition: &'a dyn Fn(&str) -> Result<QualifiedPartition, String>,
    /// The id of an object.
    pub object: &'a dyn Fn(ObjectName) -> Result<Guid, String>,
}
