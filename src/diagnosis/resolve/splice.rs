//! Halves of identities: one may lie across two sectors, and a repair may be cut short between them.

use crate::partition::DiskId;

/// A [`DiskId`] as bytes: its style, then itself.
pub(in crate::diagnosis) type DiskKey = [u8; 17];

pub(in crate::diagnosis) fn key(disk: DiskId) -> DiskKey {
    let mut key = [0; 17];
    let bytes = match disk {
        DiskId::Mbr(signature) => u128::from(signature).to_be_bytes(),
        DiskId::Gpt(guid) => *guid.bytes(),
    };
    key.iter_mut()
        .zip(std::iter::once(u8::from(matches!(disk, DiskId::Gpt(_)))).chain(bytes))
        .for_each(|(to, from)| *to = from);
    key
}

/// Whether `whole` begins like one of the two and goes on like the other.
pub(in crate::diagnosis) fn is_splice(whole: &[u8], one: &[u8], other: &[u8]) -> bool {
    let cut = |first: &[u8], second: &[u8]| {
        (1..first.len()).any(|at| {
            whole.get(..at) == first.get(..at) && whole.get(at..) == second.get(at..) && whole != second
        })
    };
    whole != one && whole != other && (cut(one, other) || cut(other, one))
}
