//! What the diagnosis speaks in: findings, remedies, hops, the user's choice.

pub(in crate::diagnosis) mod boot_fault;
pub mod byte_edit;
pub mod code;
pub mod companion;
pub mod context;
pub mod finding;
pub(in crate::diagnosis) mod former_identity;
pub mod hop;
pub mod identity;
pub mod known_disks;
pub(in crate::diagnosis) mod left;
pub mod rebuild;
pub mod remedy;
pub mod resolution;
pub mod snapshot;
pub mod subject;
