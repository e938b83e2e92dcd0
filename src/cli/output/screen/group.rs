//! Findings of one kind together: what they share is said once.

use crate::diagnosis::Finding;
use crate::diagnosis::model::subject::Place;

/// Findings with the same code, severity and message, which stand one after the other.
pub struct Group<'a> {
    /// The first of them.
    pub first: &'a Finding,
    /// All of them.
    pub all: &'a [Finding],
}

impl Group<'_> {
    /// What they are about, in a few words: `\Boot\BCD {bootmgr} device and 2 more`; none for the disk as a whole.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        let more = self.all.len().saturating_sub(1);
        match (self.first.subject.place(), more) {
            (Place::Disk, 0) => None,
            (_, 0) => Some(self.first.subject.to_string()),
            (_, more) => Some(format!("{} and {more} more", self.first.subject)),
        }
    }
}

/// The findings in groups, in their order.
pub fn groups(findings: &[Finding]) -> impl Iterator<Item = Group<'_>> {
    let is_same = |one: &Finding, other: &Finding| {
        (one.code, one.severity, &one.message) == (other.code, other.severity, &other.message)
    };
    findings.chunk_by(is_same).filter_map(|all| Some(Group { first: all.first()?, all }))
}
