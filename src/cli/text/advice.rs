//! What a person can do about an error from below, which itself only says what is wrong.

use crate::repair::error::PlanError;

/// A repair that does not come to a plan, or the plan not to a repair: why, and the way out.
#[must_use]
pub fn of_plan(error: &PlanError) -> String {
    let advice = match error {
        PlanError::Table(_) => {
            "if an earlier repair was cut short here, `bcdrescue undo` with its record brings both copies back; else mend the table first (`sgdisk -e` or `gdisk`), so that one copy is valid while the other is written"
        }
        PlanError::Changed | PlanError::Unread(_) => "look again with check",
        PlanError::Rehearsal(_) => "if an earlier repair was cut short here, undo it by its record first",
        PlanError::Storage(_) | PlanError::Mismatch { .. } | PlanError::Check(_) => return error.to_string(),
    };
    format!("{error}; {advice}")
}
