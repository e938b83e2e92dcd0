//! Why a text is no exported store.

use crate::bcd::StoreError;

/// Why a text is no exported store that can be taken in. Each is one line, and names the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// More than is read.
    #[error("exported store of {len:#x} bytes: expected at most {max:#x}")]
    Large {
        /// Bytes of the text.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("exported store: {0}")]
    Syntax(String),
    /// JSON that is something else.
    #[error("exported store: expected \"bcdrescue\": \"store\" and \"version\": {expected}, found {found}")]
    Kind {
        /// The version that is read.
        expected: u32,
        /// What the text says of itself.
        found: String,
    },
    /// A time that is none.
    #[error("last_written: expected a time like 2014-04-03T19:14:58.0000000Z, found {found}")]
    Time {
        /// What stands there.
        found: String,
    },
    /// Bytes that are none.
    #[error("raw of {place}: expected two hex digits for each byte, found {found}")]
    Hex {
        /// Names of the keys that lead there, and of the value.
        place: String,
        /// What is wrong.
        found: String,
    },
    /// An element with half a value.
    #[error("{place}: expected both type and raw, or neither of them, found one")]
    Half {
        /// Names of the keys that lead there.
        place: String,
    },
    /// Two keys of one name, case aside.
    #[error("{place}: expected once, found twice")]
    Twice {
        /// Names of the keys that lead there.
        place: String,
    },
    /// What no store can hold.
    #[error(transparent)]
    Store(#[from] StoreError),
}
