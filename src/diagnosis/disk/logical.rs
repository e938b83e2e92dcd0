//! The finding about a boot manager that is on a logical partition alone.
//!
//! Boot code in an MBR looks at the flags of the four entries, and a logical partition is none of them (Microsoft, "Disk Concepts and
//! Troubleshooting"). A boot loader such as GRUB starts what it likes.

use crate::diagnosis::disk::firmware_start::starts_by_uefi;
use crate::diagnosis::disk::mbr_entry;
use crate::diagnosis::disk::mbr_entry::Flags;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::system::SystemVolume;
use crate::partition::BootCode;
use crate::partition::TableKind;

const WITH_STORE: &str = "convert it to a primary partition at the same place (`fixparts DISK`: the store refers to it by \
 its place), then `fix --boot-sector --active N`; or make a system volume of a primary partition (`fix --rebuild=all --system N`)";
/// `boot.ini` counts primary partitions before logical ones.
const OF_NTLDR: &str = "convert it to a primary partition at the same place (`fixparts DISK`), correct partition() in \
 boot.ini, then run check again";

/// The finding, on a disk none of whose primary partitions has a boot manager.
pub(in crate::diagnosis) fn finding(layout: &Layout) -> Option<Finding> {
    let is_logical = |system: &&SystemVolume| {
        let with_manager = system.bios_boot_manager || system.ntldr.is_some();
        with_manager && layout.partition(system.volume).is_some_and(|partition| partition.logical)
    };
    let system = layout.systems.iter().filter(|_| layout.table.kind == TableKind::Mbr).find(is_logical)?;
    let other = other_loader(layout);
    let severity = match &other {
        _ if starts_by_uefi(layout) => Severity::Note,
        Some(_) => Severity::Degrades,
        None => Severity::BlocksBoot,
    };
    let message = match &other {
        Some(_) => {
            "the boot manager is on a logical partition: a boot loader such as GRUB can start it, Windows \
             boot code cannot"
        }
        None => {
            "the boot manager is on a logical partition: MBR boot code starts only primary partitions, and \
             none has a boot manager"
        }
    };
    let active = Flags::of(layout).active.into_iter();
    let active = active.map(|number| format!("active: {}", mbr_entry::name(layout, number)));
    let mut evidence: Vec<String> = active.collect();
    evidence
        .extend(other.map(|other| format!("{other}: whether it starts Windows depends on its own files")));
    Some(Finding {
        evidence,
        remedy: Remedy::Advice(if system.bios_boot_manager { WITH_STORE } else { OF_NTLDR }.into()),
        ..Finding::plain(
            Code::SystemVolumeLogical,
            severity,
            Subject::volume(layout, system.volume),
            message.into(),
        )
    })
}

/// A boot loader that may start it: in the MBR, or what boot code starts of the one active entry where that is another system's.
fn other_loader(layout: &Layout) -> Option<String> {
    match layout.table.boot_code {
        BootCode::Grub => return Some("GRUB or LILO is in the MBR".to_owned()),
        BootCode::None => return None,
        BootCode::Present => {}
    }
    let Flags { active, odd } = Flags::of(layout);
    let ([number], []) = (active.as_slice(), odd.as_slice()) else { return None };
    let what = match mbr_entry::volume(layout, *number) {
        Some(_) => "a boot loader",
        None => "a program",
    };
    let is_other = mbr_entry::has_other_loader(layout, *number);
    is_other.then(|| format!("{} starts with {what}", mbr_entry::name(layout, *number)))
}
