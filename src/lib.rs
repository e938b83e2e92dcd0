//! Repairs the boot configuration of a Windows disk from Linux.
//!
//! A Windows disk whose MBR signature or GPT GUIDs have changed stops at boot, because its BCD store still names the
//! old identity. This crate reads the identity that the disk has, finds the store, works out which partition every
//! device element should name, and patches just those bytes, verified and undoable.
//!
//! ```text
//!                      cli                      words in, words out
//!                       |
//!                     repair                    plan, apply, undo       <- only here are disks written
//!                       |
//!                   diagnosis                   findings and remedies   (pure)
//!                       |
//!                     layout                    what is where on this disk (facts, no opinion)
//!                    /      \
//!              volume        bcd                files with extents  |  objects, elements, devices
//!            partition       hive               MBR and GPT         |  regf cells, logs
//!             storage          |                bytes at offsets    |  (pure: bytes in, bytes out)
//!                    \      /
//!                  bytes, guid
//! ```
//!
//! A module uses only what stands below it. The disk wing knows nothing of registries, the registry wing never sees
//! a disk; they meet in [`layout`].

#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::disallowed_methods))]

pub mod bcd;
pub mod bytes;
pub mod cli;
pub mod diagnosis;
pub mod guid;
pub mod hive;
pub mod layout;
pub mod partition;
pub mod repair;
pub mod storage;
pub mod volume;
