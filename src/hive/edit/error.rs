//! Why a hive is not edited as asked.

use crate::hive::error::HiveError;

/// Why a hive is not edited as asked. It is as it was before the edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The hive, or what this editor cannot do with it.
    #[error(transparent)]
    Hive(#[from] HiveError),
    /// A key that is not there.
    #[error("key {path}: not in the hive")]
    NoKey {
        /// Its path below the root.
        path: String,
    },
    /// A value that is not there.
    #[error("value {name:?} of key {path}: not in the hive")]
    NoValue {
        /// Path of the key below the root.
        path: String,
        /// Name of the value.
        name: String,
    },
    /// A key that is already there.
    #[error("key {path}: already in the hive")]
    Exists {
        /// Its path below the root.
        path: String,
    },
    /// A name that no key or value can have.
    #[error("name {name:?}: expected {expected}")]
    Name {
        /// The name.
        name: String,
        /// What names are.
        expected: &'static str,
    },
    /// The root key, which a hive cannot be without.
    #[error("root key: cannot be made or deleted")]
    Root,
}
