//! Everything that reads bytes which may lie, each as one function of bytes: for `cargo fuzz`, and for the short run of
//! `every_byte.rs`.
//!
//! A target does not only look for panics. What is decoded has to come back when it is encoded, an edit undone gives
//! the bytes that were there, a message is one line, and no question takes more reads than its share.

pub(crate) mod base;
pub(crate) mod bcd_changes;
mod checksums;
mod counted;
mod disks;
mod drivers;
mod exports;
pub(crate) mod hive_edits;
mod hives;
mod images;
mod ntfs;
mod patches;
mod records;
mod scratch;
pub mod seeds;
pub(crate) mod sparse;
mod stores;
mod tables;
mod templates;
mod texts;
mod volumes;
mod wounds;
mod writers;

/// A target with its name, which is that of its corpus too.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 29] = [
    ("mbr", tables::mbr),
    ("gpt", tables::gpt),
    ("volume", volumes::volume),
    ("fat", volumes::fat),
    ("fat32", volumes::fat32),
    ("ntfs", volumes::ntfs),
    ("ntfs_record", ntfs::record),
    ("fat_writer", writers::fat),
    ("ntfs_writer", writers::ntfs),
    ("hive", hives::hive),
    ("hive_edit", hive_edits::edit),
    ("sparse_hive", hives::sparse),
    ("storage_drivers", drivers::of_hive),
    ("log_head", hives::log_head),
    ("bcd_change", bcd_changes::change),
    ("device", stores::device),
    ("element", stores::element),
    ("template", templates::template),
    ("compact", exports::compact),
    ("exported", exports::exported),
    ("firmware_variable", stores::firmware_variable),
    ("file_version", texts::file_version),
    ("boot_ini", texts::boot_ini),
    ("reagent", texts::reagent),
    ("undo_record", records::undo_record),
    ("identity_record", records::identity_record),
    ("qcow2", images::qcow2),
    ("nbd", images::nbd),
    ("disk", disks::disk),
];

/// Runs the target of this name.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) = ALL.iter().find(|(known, _)| *known == name).expect("a target of this name");
    target(data);
}

/// A message is one line.
#[track_caller]
fn one_line(message: &str) {
    assert!(!message.is_empty() && !message.contains(['\n', '\r']), "no single line: {message:?}");
}

/// The first byte, which steers a target, and the bytes behind it.
fn steered(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Little-endian numbers of what may be cut.
fn number(data: &[u8], at: usize, len: usize) -> u64 {
    let bytes = data.iter().skip(at).take(len).enumerate();
    bytes.fold(0, |sum, (index, byte)| sum | u64::from(*byte) << (8 * index))
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    if let Some(room) = bytes.get_mut(at..at.saturating_add(new.len())) {
        room.copy_from_slice(new);
    }
}
