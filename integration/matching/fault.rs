//! What a repair did that it must not do.

/// Something that a repair must not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub rule: &'static str,
    pub what: String,
}
