//! What a damage is done to.

use bcdrescue::layout::Layout;
use bcdrescue::partition::DiskId;

/// What is damaged.
pub(crate) struct Target<'a> {
    /// Where everything lay while all was well; no damage moves a file.
    pub(crate) layout: &'a Layout,
    /// What a damage that changes the identity gives it.
    pub(crate) new_identity: DiskId,
}
