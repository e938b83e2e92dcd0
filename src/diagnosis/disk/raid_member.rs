//! The finding about a disk that is a member of an array.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;

/// The finding, where the disk is one.
pub(in crate::diagnosis) fn finding(layout: &Layout) -> Option<Finding> {
    let member = layout.raid_member?;
    let array = match member.is_for_mdadm() {
        true => "`mdadm --assemble --scan` makes it, as /dev/md…",
        false => "`dmraid -ay` makes it, in /dev/mapper",
    };
    Some(Finding {
        evidence: vec![format!("a record of {member} is at its end")],
        remedy: Remedy::Advice(format!(
            "examine the array ({array}); of a disk that is used by itself now, fix takes --allow-raid-member"
        )),
        ..Finding::plain(
            Code::RaidMember,
            Severity::Note,
            Subject::disk(),
            format!("a member of a RAID ({member}): what is on it alone need not be what the array has"),
        )
    })
}
