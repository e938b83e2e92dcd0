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

mod adopted;
mod around;
mod attached;
mod beside;
mod big_hive;
mod changed_identity;
mod closed;
mod convert;
mod corpus;
mod corpus_disks;
mod cut;
mod cycle;
mod devices;
mod dirty;
mod drive_letters;
mod efi_partition;
mod every_byte;
mod failing;
mod file_version;
mod firmware;
mod firmware_entries;
mod firmware_stores;
#[path = "fuzz/targets/mod.rs"]
mod fuzz_targets;
mod golden;
mod guest;
mod hostile;
mod hybrid;
mod install;
mod interrupted;
mod layers;
mod letters_in_memory;
#[path = "../src/hive/replay/sample.rs"]
mod log_file;
mod make_image;
mod makefile;
mod many;
mod matching;
mod memory;
mod menus;
mod named_here;
mod no_system;
mod ntldr;
mod oracle;
mod package;
mod parts;
mod power;
mod qcow2_cut;
mod recorded;
mod recovery_config;
mod refusals;
mod reports;
mod restore;
mod reviewed;
mod scenarios;
mod schema;
mod second_thoughts;
mod sector_size;
mod served;
mod sparse;
mod startup;
mod strace;
mod support;
mod unread;
mod virtual_disks;
mod windows;

use fuzz_targets::seeds::program_file;
