//! Integration tests.

// Nothing outside sees what is in here, and a test that panics has said what it has to say.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    unreachable_pub
)]

mod bcd;
mod diagnosis;
mod documents;
mod fat_writer;
#[path = "fuzz/targets/mod.rs"]
mod fuzz_targets;
mod guest;
mod layers;
#[path = "../src/hive/replay/sample.rs"]
mod log_file;
mod matching;
mod ntfs_writer;
mod output;
mod packaging;
mod rebuild;
mod repair;
mod safety;
mod storage;
mod stores;
mod support;

use fuzz_targets::seeds::program_file;
