//! All findings about what comes before the store, in their order; that about boot code is here.

use crate::diagnosis::disk::active;
use crate::diagnosis::disk::boot_manager;
use crate::diagnosis::disk::boot_manager_file;
use crate::diagnosis::disk::boot_record;
use crate::diagnosis::disk::efi_partition;
use crate::diagnosis::disk::firmware_start::startable;
use crate::diagnosis::disk::firmware_start::starts_by_uefi;
use crate::diagnosis::disk::hybrid;
use crate::diagnosis::disk::logical;
use crate::diagnosis::disk::not_fat;
use crate::diagnosis::disk::partition_type;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::partition::BootCode;

/// All findings about the start before the store.
#[must_use]
pub(crate) fn findings(layout: &Layout, choice: Choice) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(boot_code(layout));
    findings.extend(active::findings(layout, choice));
    for (volume, facts) in layout.volumes_indexed() {
        findings.extend(boot_record::findings(layout, volume, facts, choice));
    }
    findings.extend(hybrid::notes(layout));
    findings.extend(boot_manager::findings(layout));
    findings.extend(boot_manager_file::findings(layout));
    findings.extend(efi_partition::findings(layout));
    findings.extend(not_fat::finding(layout));
    findings.extend(partition_type::findings(layout));
    findings
}

fn boot_code(layout: &Layout) -> Option<Finding> {
    let is_started = startable(layout).next().is_some();
    if !is_started && hybrid::finding(layout).is_none() && logical::finding(layout).is_none() {
        return None;
    }
    let none = layout.table.boot_code == BootCode::None;
    none.then(|| Finding {
        evidence: vec!["the first 440 bytes of the disk are zero".into()],
        remedy: Remedy::Advice(
            "write boot code (`install-mbr`); until then a boot loader on another disk can start this one"
                .into(),
        ),
        ..Finding::plain(
            Code::BootCodeMissing,
            if starts_by_uefi(layout) { Severity::Note } else { Severity::BlocksBoot },
            Subject::disk(),
            "the MBR has no boot code: a BIOS cannot boot this disk".into(),
        )
    })
}
