//! Findings: what is wrong with a disk's boot configuration, the evidence, and the cure. Pure: a layout in, findings out.
//!
//! The groups of the room, each of which uses only those above it in this list:
//! * `model`: what a finding, a remedy, a hop and the user's choice are;
//! * `resolve`: which partition each element means, the heart of the repair;
//! * `store`: stores, their menus, entries and elements;
//! * `disk`: the disk itself and the start before the store;
//! * `ntldr`: `boot.ini` of NT 5.x;
//! * `nvram`: a store's copies of firmware entries;
//! * `identity`: the old identity that can be given back, and what a snapshot says of it;
//! * `windows`: what a Windows remembers, drive letters and its recovery environment;
//! * `rebuild`: what of the store, the boot files and the boot code can be made again here;
//! * `chain`: the way from the firmware to the kernel.

pub(crate) mod chain;
mod diagnose;
pub(crate) mod disk;
pub mod identity;
pub mod model;
pub(crate) mod ntldr;
pub(crate) mod nvram;
pub(crate) mod rebuild;
pub mod requirement;
#[doc(hidden)]
pub mod resolve;
pub mod starts_by;
pub(crate) mod store;
pub mod verdict;
pub mod windows;

pub use diagnose::Diagnosis;
pub use diagnose::diagnose;
pub use model::context::Choice;
pub use model::context::Context;
pub use model::finding::Finding;
pub use model::finding::Severity;
pub use model::identity::disk_of;
pub use model::identity::identity_of;
pub use model::identity::partition_of;
pub use model::identity::show_disk;
pub use model::identity::show_identity;
pub use model::remedy::NamedDisk;
pub use model::remedy::Remedy;
pub use model::remedy::Repoint;
pub use model::remedy::Switch;
pub use nvram::place::drive_here;
pub use store::state::alone as diagnose_store;
pub use verdict::Verdict;
