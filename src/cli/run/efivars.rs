//! Where the variables of this machine's firmware are.

use std::path::PathBuf;

use crate::repair::nvram::EFIVARS;

/// Names another directory, as it does for libefivar and efibootmgr.
const VARIABLE: &str = "EFIVARFS_PATH";

/// The directory that the user named, or Linux's.
#[must_use]
pub fn directory() -> PathBuf {
    named().unwrap_or_else(|| EFIVARS.into())
}

/// Whether the user named it, and so says which machine is meant.
#[must_use]
pub fn is_named() -> bool {
    named().is_some()
}

fn named() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|named| !named.is_empty()).map(PathBuf::from)
}
