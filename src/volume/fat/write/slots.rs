//! The 32 bytes that an entry of a directory is made of, and those of its long name before them.

use crate::bytes::put;
use crate::volume::fat::write::short_name::ShortName;
use crate::volume::fat::write::stamp::Stamp;

/// Bytes of a slot.
pub(super) const SLOT: usize = 32;
/// UTF-16 units of a long name in one slot, and where they stand.
const UNITS: usize = 13;
const UNITS_AT: [usize; UNITS] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
/// The number of the slot that has the end of a long name, and stands first.
const LAST: u8 = 0x40;
const LONG_NAME: u8 = 0x0f;
/// Attributes.
pub(super) const DIRECTORY: u8 = 0x10;
pub(super) const ARCHIVE: u8 = 0x20;
/// Where an entry has its attributes, and time of last change, first cluster and length.
pub(super) const ATTRIBUTES_AT: usize = 0x0b;
const HIGH_CLUSTER_AT: usize = 0x14;
const ACCESSED_AT: usize = 0x12;
const WRITTEN_AT: usize = 0x16;
const LOW_CLUSTER_AT: usize = 0x1a;
const LEN_AT: usize = 0x1c;

/// What an entry leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) attributes: u8,
    /// First cluster; 0 where there is none.
    pub(super) cluster: u32,
    pub(super) len: u32,
}

/// How many slots a name takes with its entry.
pub(super) fn count(name: &str, is_whole: bool) -> usize {
    if is_whole { 1 } else { name.encode_utf16().count().div_ceil(UNITS).saturating_add(1) }
}

/// An entry with the long name before it.
pub(super) fn entry(name: &str, short: &ShortName, target: Target, time: Stamp) -> Vec<u8> {
    let mut bytes = if short.is_whole { Vec::new() } else { long(name, &short.bytes) };
    bytes.extend(single(&short.bytes, short.case, target, time));
    bytes
}

/// The entry alone: "." and ".." have no more.
pub(super) fn single(name: &[u8; 11], case: u8, target: Target, time: Stamp) -> Vec<u8> {
    let mut bytes = vec![0; SLOT];
    put(&mut bytes, 0, name);
    put(&mut bytes, ATTRIBUTES_AT, &[target.attributes, case, time.hundredths]);
    put(&mut bytes, 0x0e, &[time.time.to_le_bytes(), time.date.to_le_bytes()].concat());
    lead(&mut bytes, target, time);
    bytes
}

/// Lets an entry lead to other contents.
pub(super) fn lead(slot: &mut [u8], target: Target, time: Stamp) {
    let [low0, low1, high0, high1] = target.cluster.to_le_bytes();
    put(slot, ATTRIBUTES_AT, &[target.attributes]);
    put(slot, ACCESSED_AT, &time.date.to_le_bytes());
    put(slot, HIGH_CLUSTER_AT, &[high0, high1]);
    put(slot, WRITTEN_AT, &[time.time.to_le_bytes(), time.date.to_le_bytes()].concat());
    put(slot, LOW_CLUSTER_AT, &[low0, low1]);
    put(slot, LEN_AT, &target.len.to_le_bytes());
}

/// The slots of a long name: its end first.
fn long(name: &str, short: &[u8; 11]) -> Vec<u8> {
    let sum = short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
    let units: Vec<u16> = name.encode_utf16().collect();
    let parts: Vec<&[u16]> = units.chunks(UNITS).collect();
    let mut slots = Vec::new();
    for (index, part) in parts.iter().enumerate().rev() {
        let number = u8::try_from(index.saturating_add(1)).unwrap_or(u8::MAX);
        let is_last = index.saturating_add(1) == parts.len();
        let mut slot = vec![0; SLOT];
        put(&mut slot, 0, &[if is_last { number | LAST } else { number }]);
        put(&mut slot, ATTRIBUTES_AT, &[LONG_NAME, 0, sum]);
        let filled = part.iter().copied().chain([0]).chain(std::iter::repeat(u16::MAX));
        for (at, unit) in UNITS_AT.into_iter().zip(filled) {
            put(&mut slot, at, &unit.to_le_bytes());
        }
        slots.extend(slot);
    }
    slots
}
