//! Which cure of a changed identity, and what is written with it.

use crate::diagnosis::Diagnosis;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;

/// Which cure of a changed identity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cure {
    /// The stores are re-pointed.
    #[default]
    Repoint,
    /// The disk gets its old identity back.
    RestoreIdentity,
}

impl Cure {
    /// Whether the disk's identity is what changes: that was asked for, and there is an old one (or a reason why not).
    #[must_use]
    pub fn restores(self, diagnosis: &Diagnosis) -> bool {
        self == Self::RestoreIdentity && diagnosis.restore != Restore::Nothing
    }

    /// Whether there is anything to write.
    #[must_use]
    pub fn has_work(self, diagnosis: &Diagnosis) -> bool {
        self.restores(diagnosis) || self.writes_more(diagnosis)
    }

    /// The edits that are written with it: with `--restore-identity` no store is.
    pub fn edits(self, diagnosis: &Diagnosis) -> impl Iterator<Item = &ByteEdit> {
        diagnosis.edits().filter(move |edit| self == Self::Repoint || edit.store().is_none())
    }

    /// Whether more is written than an identity.
    pub(super) fn writes_more(self, diagnosis: &Diagnosis) -> bool {
        let repoints =
            self == Self::Repoint && (diagnosis.repoints().next().is_some() || diagnosis.rebuild().is_some());
        repoints || self.edits(diagnosis).next().is_some()
    }

    /// Whether the disk has its identity already, and a store would have to be written all the same.
    pub(super) fn is_of_no_use(self, diagnosis: &Diagnosis) -> bool {
        let is_store_due = diagnosis.edits().any(|edit| edit.store().is_some());
        self == Self::RestoreIdentity
            && !self.restores(diagnosis)
            && (diagnosis.repoints().next().is_some() || (is_store_due && self.writes_more(diagnosis)))
    }
}
