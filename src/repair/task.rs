//! What a repair does: the cure of what was diagnosed, or an edit that the user typed.

use crate::repair::cure::Cure;
use crate::repair::store_edit::StoreEdit;

/// What a repair does.
#[derive(Debug, Clone)]
pub(super) enum Task {
    /// What a diagnosis asks for.
    Cure(Cure),
    /// What the user typed.
    Edit(Box<StoreEdit>),
}
