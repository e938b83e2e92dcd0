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
        true => "`mdadm --assemble --scan` assembles it as /dev/md…",
        false => "`dmraid -ay` assembles it in /dev/mapper",
    };
    Some(Finding {
        evidence: vec![format!("{member} metadata at the end of the disk")],
        remedy: Remedy::Advice(format!(
            "examine the array ({array}); if the disk is now used on its own, pass --allow-raid-member to \
             fix"
        )),
        ..Finding::plain(
            Code::RaidMember,
            Severity::Note,
            Subject::disk(),
            format!("member of a RAID ({member}): its contents may differ from the array's"),
        )
    })
}
