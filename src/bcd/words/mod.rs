//! Names and values as bcdedit's command lines spell them, from text.
//!
//! The forms are those of `bcdedit /? FORMATS`, `/? TYPES` and `/? ID`; what a partition, `{current}` or `{default}` is says the caller. What
//! bcdedit's layout shows of an element comes back as the same value.

mod device;
mod element;
mod error;
mod identity;
mod name_error;
mod nearest;
mod number;
mod object;
mod value;
mod well_known;

pub use element::element;
pub use error::Expected;
pub use error::WordError;
pub use identity::identity;
pub use name_error::NameError;
pub use object::ObjectName;
pub use object::object;
pub use value::value;
pub use well_known::type_of_well_known;

use crate::bcd::device::QualifiedPartition;
use crate::guid::Guid;

/// What names in values stand for.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The partition of a name like `2`, `C:` or `2 (Windows)`.
    pub partition: &'a dyn Fn(&str) -> Result<QualifiedPartition, NameError>,
    /// The id of an object.
    pub object: &'a dyn Fn(ObjectName) -> Result<Guid, NameError>,
}
