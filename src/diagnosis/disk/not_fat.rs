//! The finding about a system volume for UEFI on a file system that firmware does not read.
//!
//! Measured: OVMF finds nothing where the system volume is NTFS, or the EFI system partition was formatted so, and no UEFI:NTFS is beside it.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::esp::Esp;
use crate::layout::esp::EspContent;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;

/// The finding.
pub(in crate::diagnosis) fn finding(layout: &Layout) -> Option<Finding> {
    let system = unread(layout)?;
    let about = |severity, message: String, evidence, advice: String| Finding {
        evidence,
        remedy: Remedy::Advice(advice),
        ..Finding::plain(Code::SystemVolumeNotFat, severity, Subject::volume(layout, system.volume), message)
    };
    if let Some(loader) = layout.uefi_ntfs {
        let advice =
            r"copy \EFI\Microsoft\Boot\bootmgfw.efi there to \EFI\Boot\bootx64.efi (ARM: bootaa64.efi)";
        let name = layout.name(loader);
        let message = format!(r"UEFI:NTFS on {name} starts the loader in \EFI\Boot, and there is none");
        return system
            .fallbacks
            .is_empty()
            .then(|| about(Severity::BlocksBoot, message, Vec::new(), advice.into()));
    }
    let others = others(layout);
    let (severity, message) = match others.is_empty() {
        true => (
            Severity::BlocksBoot,
            "the UEFI boot files are on NTFS, but firmware reads only FAT: it finds nothing to boot",
        ),
        false => (
            Severity::Degrades,
            "the UEFI boot files are on NTFS, but firmware reads only FAT: it needs a third-party loader \
             to reach them",
        ),
    };
    Some(about(severity, message.into(), evidence(layout, &others), advice(layout, system.volume)))
}

/// How firmware comes to the system volume, for the hop.
pub(in crate::diagnosis) fn shown(layout: &Layout, volume: VolumeIndex) -> String {
    let name = layout.name(volume);
    match (unread(layout), layout.uefi_ntfs) {
        (Some(_), Some(loader)) => format!("{name}, NTFS, through UEFI:NTFS on {}", layout.name(loader)),
        (Some(_), None) => format!("{name}, NTFS"),
        (None, _) => name,
    }
}

/// Whether another's loader may come to a volume that firmware does not read.
pub(in crate::diagnosis) fn is_doubtful(layout: &Layout) -> bool {
    unread(layout).is_some() && layout.uefi_ntfs.is_none() && !others(layout).is_empty()
}

/// The system volume that UEFI would start, where firmware does not read it.
fn unread(layout: &Layout) -> Option<&SystemVolume> {
    layout.first_system().filter(|system| system.firmware() == Firmware::Uefi && !system.is_fat)
}

/// FAT volumes with a loader that is not Windows'.
fn others(layout: &Layout) -> Vec<(&Esp, &[String])> {
    let named = layout.esps.iter().filter_map(|esp| match &esp.content {
        EspContent::Foreign(names) => Some((esp, names.as_slice())),
        _ => None,
    });
    named.collect()
}

fn evidence(layout: &Layout, others: &[(&Esp, &[String])]) -> Vec<String> {
    if others.is_empty() {
        return vec!["no FAT volume has a loader".to_owned()];
    }
    let other =
        |(esp, names): &(&Esp, &[String])| format!("{} has {}", layout.name(esp.volume), names.join(", "));
    others.iter().map(other).collect()
}

fn advice(layout: &Layout, volume: VolumeIndex) -> String {
    match layout.is_esp(volume) {
        true => {
            r"back up \EFI, format the partition FAT32 (`mkfs.fat -F 32`) and copy \EFI back: its GUID, which the store refers to, stays the same"
        }
        false => {
            r"create an EFI system partition (`sgdisk`, type ef00), format it FAT32 (`mkfs.fat -F 32`) and copy \EFI there: boot entries stay valid"
        }
    }
    .to_owned()
}
