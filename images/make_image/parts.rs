//! What a file that is made consists of.

use std::borrow::Cow;

/// A file as its length and the parts of it that are not zeros.
pub(crate) struct Parts<'a> {
    /// Length in bytes.
    pub(crate) len: u64,
    /// Where each part begins, and its bytes.
    pub(crate) parts: Vec<(u64, Cow<'a, [u8]>)>,
}
