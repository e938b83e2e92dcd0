//! What the errors of the disk wing share: a structure that contradicts itself, what is not handled, and the ways out.
//!
//! Storage, partition and volume fail in three families. The medium fails: that is an error of the system, and each room says
//! what it was doing. What stands on the medium is damaged: [`Corrupt`]. It may be right, and this program cannot or must not
//! handle it: [`Unsupported`].

pub mod way_out;

use std::fmt::Display;

use crate::error::way_out::WayOut;

/// A structure that is not as its format has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at 0x{at:x}: expected {expected}, found {found}")]
pub struct Corrupt {
    /// The structure.
    pub what: String,
    /// Byte offset from the start of the file, the disk or the volume, by whose error it is.
    pub at: u64,
    /// What a sound one has there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Corrupt {
    /// What it is, where, what was expected there, and what was found.
    pub fn new(what: impl Into<String>, at: u64, expected: impl Into<String>, found: impl Display) -> Self {
        Self { what: what.into(), at, expected: expected.into(), found: found.to_string() }
    }
}

/// What may be right; this program cannot handle it, or must not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Unsupported {
    /// The reason.
    pub what: String,
    /// What the user can do.
    pub way_out: WayOut,
}

impl Unsupported {
    /// The reason, and what the user can do.
    pub fn new(what: impl Into<String>, way_out: impl Into<WayOut>) -> Self {
        Self { what: what.into(), way_out: way_out.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::way_out::ImageCure;

    #[test]
    fn an_error_is_one_line_with_its_place_in_hex() {
        let corrupt = Corrupt::new("qcow2 L1 entry", 0x3_0008, "a cluster", 7);
        assert_eq!(corrupt.to_string(), "qcow2 L1 entry at 0x30008: expected a cluster, found 7");
        let unsupported = Unsupported::new("the image is encrypted", ImageCure::Decrypt);
        assert_eq!(unsupported.to_string(), "the image is encrypted");
    }
}
