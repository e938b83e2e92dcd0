//! What a person should know of the boot files that are put, and of those that are not.

use std::collections::BTreeSet;

use crate::repair::boot_files::Certificates;
use crate::repair::boot_files::Collected;
use crate::repair::boot_files::LeftOut;
use crate::repair::boot_files::WhyKept;
use crate::repair::boot_files::WhyLeftOut;

/// The remarks, each a sentence without its end.
pub(super) fn of(collected: &Collected) -> Vec<String> {
    let mut remarks = Vec::new();
    match collected.certificates {
        Certificates::Ca2023 => remarks.push("signed under Windows UEFI CA 2023".to_owned()),
        Certificates::Pca2011 | Certificates::Unknown => {}
    }
    for kept in &collected.kept {
        match kept.why {
            WhyKept::Foreign => {
                remarks.push(format!("{} is another system's loader, and stays", kept.path));
            }
            WhyKept::Certificates => {
                remarks.push(format!("{} is signed under newer certificates, and stays", kept.path));
            }
            WhyKept::Newer => remarks.push(format!("{} is newer, and stays", kept.path)),
            WhyKept::Same | WhyKept::InOrder => {}
        }
    }
    let mut room = 0u64;
    let mut others: BTreeSet<String> = BTreeSet::new();
    for LeftOut { from, why } in &collected.left_out {
        match why {
            WhyLeftOut::NoRoom { len } => room = room.saturating_add(*len),
            WhyLeftOut::Missing => {}
            why => drop(others.insert(format!("{from} ({why})"))),
        }
    }
    if room > 0 {
        remarks.push(format!(
            "files of {} KiB left out (fonts first, then languages): no room",
            room.div_ceil(1024)
        ));
    }
    let more = others.len().saturating_sub(1);
    if let Some(first) = others.into_iter().next() {
        let rest = if more == 0 { String::new() } else { format!("; and {more} more") };
        remarks.push(format!("left out: {first}{rest}"));
    }
    remarks
}
