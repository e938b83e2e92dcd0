//! Patches on a disk, and back.

use bcdrescue::repair::apply::apply;
use bcdrescue::repair::patch::Patch;
use bcdrescue::repair::patch::inverse;

use super::one_line;
use super::sparse::SparseRam;

/// Patches leave a disk alone that is not theirs; on theirs, they and their inverse give the bytes that were there.
pub(super) fn apply_and_back(disk: &SparseRam, patches: &[Patch]) {
    let mut changed = disk.clone();
    match apply(&mut changed, patches) {
        Ok(written) => assert!(written <= patches.len()),
        Err(error) => {
            one_line(&error.to_string());
            return;
        }
    }
    let was_there = |patch: &Patch| disk.get_inside(patch.offset, patch.before.len()) == patch.before;
    let mut offsets: Vec<u64> = patches.iter().map(|patch| patch.offset).collect();
    offsets.sort_unstable();
    if patches.iter().all(was_there) && offsets.windows(2).all(|pair| pair[0] != pair[1]) {
        apply(&mut changed, &inverse(patches)).expect("the inverse of what was applied");
        assert!(changed.is_same(disk), "patches and their inverse");
    }
}
