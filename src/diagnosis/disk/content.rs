//! Findings about what a partition holds in place of a volume that can be read: what is encrypted, or a disk of its own.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Encryptor;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::index::VolumeIndex;
use crate::partition::TableKind;
use crate::volume::FileSystem;

/// The finding about one volume.
pub(in crate::diagnosis) fn finding(
    layout: &Layout,
    volume: VolumeIndex,
    facts: &VolumeFacts,
) -> Option<Finding> {
    let note = |code, message: String| {
        Finding::plain(code, Severity::Note, Subject::volume(layout, volume), message)
    };
    match (facts.file_system, layout.encryptor) {
        (FileSystem::BitLocker, _) => Some(note(
            Code::Bitlocker,
            "encrypted with BitLocker: its files cannot be read; Windows may ask for the recovery key once \
             after the store changes"
                .into(),
        )),
        (FileSystem::Encrypted, Some(encryptor)) => Some(Finding {
            remedy: Remedy::Advice(format!(
                "decrypt it with {encryptor} or its rescue disk to check what is inside"
            )),
            ..note(
                Code::Encrypted,
                format!("encrypted with {encryptor}, whose loader is present: its files cannot be read"),
            )
        }),
        (FileSystem::Encrypted, None) => Some(note(
            Code::Encrypted,
            "no known file system, and the data look encrypted: it is encrypted or was overwritten".into(),
        )),
        (FileSystem::Disk, _) => Some(Finding {
            remedy: Remedy::Advice(look_into(facts)),
            ..note(
                Code::DiskInPartition,
                "it contains a partition table: a complete disk, such as that of a virtual machine".into(),
            )
        }),
        _ => None,
    }
}

/// A target that is one volume. Some sticks are so; where anything is missing for the start, that may be on the rest of the disk.
pub(in crate::diagnosis) fn lone_volume(layout: &Layout) -> Option<Finding> {
    let facts = layout.volumes.first().filter(|_| layout.table.kind == TableKind::None)?;
    let is_volume = facts.file_system.is_readable() || facts.file_system == FileSystem::BitLocker;
    is_volume.then(|| Finding {
        remedy: Remedy::Advice("examine the whole disk or a complete image of it".into()),
        ..Finding::plain(
            Code::PartitionImage,
            Severity::Note,
            Subject::disk(),
            "a single volume without a partition table, such as a partition image: what boots it is on the \
             original disk"
                .into(),
        )
    })
}

/// The loader in the MBR is not Windows', and what it starts is encrypted.
pub(in crate::diagnosis) fn all_encrypted(encryptor: Encryptor) -> Finding {
    Finding {
        evidence: vec![format!("the MBR contains the {encryptor} boot loader")],
        remedy: Remedy::Advice(format!(
            "decrypt it with {encryptor} or its rescue disk to check what is inside"
        )),
        ..Finding::plain(
            Code::Encrypted,
            Severity::Note,
            Subject::disk(),
            format!(
                "{encryptor} boots this disk, and the rest is encrypted: cannot determine whether Windows \
                 starts"
            ),
        )
    }
}

/// Neither a boot manager nor a Windows; where a guest's disk may be, how to look at that.
pub(in crate::diagnosis) fn not_windows(layout: &Layout) -> Finding {
    if lists_no_partition(layout) {
        return no_boot_disk(
            "no partition is listed, so there is no boot manager, BCD store or Windows to be found",
            "name the disk that Windows boots from; if this one had partitions, `testdisk` finds where they were"
                .to_owned(),
        );
    }
    let holds = |file_system: FileSystem| layout.find_volume(|facts| facts.file_system == file_system);
    let disk = holds(FileSystem::Disk).and_then(|volume| layout.volume(volume));
    let group = holds(FileSystem::Other("LVM2"));
    let remedy = match (disk, group) {
        (Some(disk), _) => look_into(disk),
        (None, Some(group)) => format!(
            "name the disk that Windows boots from; a VM's disk may be a logical volume on {}: activate it \
             (`vgchange -ay`) and examine /dev/GROUP/VOLUME",
            layout.name(group)
        ),
        (None, None) => "name the disk that Windows boots from".to_owned(),
    };
    no_boot_disk("no boot manager, BCD store or Windows found on any readable volume", remedy)
}

/// Whether there is nothing to look into: an empty table, or none on a disk that is no volume as a whole either.
fn lists_no_partition(layout: &Layout) -> bool {
    let is_bare = |facts: &VolumeFacts| {
        layout.table.kind == TableKind::None && facts.file_system == FileSystem::Unknown
    };
    layout.volumes.iter().all(is_bare)
}

fn no_boot_disk(message: &str, remedy: String) -> Finding {
    Finding {
        remedy: Remedy::Advice(remedy),
        ..Finding::plain(Code::NotWindows, Severity::BlocksBoot, Subject::disk(), message.into())
    }
}

/// How a disk in a partition is looked at.
fn look_into(facts: &VolumeFacts) -> String {
    let (start, len) = (facts.partition.start, facts.partition.len);
    format!(
        "examine the loop device created by `losetup --find --show --partscan --offset {start} --sizelimit \
         {len} DISK` (DISK: a raw image or the attached disk)"
    )
}
