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
            "encrypted by BitLocker: its files cannot be seen, and a change to the store may make Windows ask for the recovery key once".into(),
        )),
        (FileSystem::Encrypted, Some(encryptor)) => Some(Finding {
            remedy: Remedy::Advice(format!(
                "what is wrong inside is seen after decrypting it, with {encryptor} or its rescue disk"
            )),
            ..note(
                Code::Encrypted,
                format!("encrypted by {encryptor}, whose loader is here: its files cannot be seen"),
            )
        }),
        (FileSystem::Encrypted, None) => Some(note(
            Code::Encrypted,
            "no file system begins so, but what a program encrypts does: it is encrypted, or was written over".into(),
        )),
        (FileSystem::Disk, _) => Some(Finding {
            remedy: Remedy::Advice(look_into(facts)),
            ..note(
                Code::DiskInPartition,
                "it holds a disk of its own, with a partition table: that of another machine, such as a guest".into(),
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
        remedy: Remedy::Advice("examine the whole disk, or an image of all of it".into()),
        ..Finding::plain(
            Code::PartitionImage,
            Severity::Note,
            Subject::disk(),
            "one volume without a partition table, as the image of a partition is: what starts it is on the disk that it is from".into(),
        )
    })
}

/// The loader in the MBR is not Windows', and what it starts is encrypted.
pub(in crate::diagnosis) fn all_encrypted(encryptor: Encryptor) -> Finding {
    Finding {
        evidence: vec![format!("the MBR has the boot loader of {encryptor}")],
        remedy: Remedy::Advice(format!(
            "what is wrong inside is seen after decrypting it, with {encryptor} or its rescue disk"
        )),
        ..Finding::plain(
            Code::Encrypted,
            Severity::Note,
            Subject::disk(),
            format!(
                "{encryptor} starts this disk, and what it starts is encrypted: whether Windows starts cannot be told from here"
            ),
        )
    }
}

/// Neither a boot manager nor a Windows; where a guest's disk may be, how to look at that.
pub(in crate::diagnosis) fn not_windows(layout: &Layout) -> Finding {
    let holds = |file_system: FileSystem| layout.find_volume(|facts| facts.file_system == file_system);
    let disk = holds(FileSystem::Disk).and_then(|volume| layout.volume(volume));
    let group = holds(FileSystem::Other("LVM2"));
    let remedy = match (disk, group) {
        (Some(disk), _) => look_into(disk),
        (None, Some(group)) => format!(
            "name the disk that Windows starts from; a guest's may be a logical volume on {}: activate those (`vgchange -ay`) and examine /dev/GROUP/VOLUME",
            layout.name(group)
        ),
        (None, None) => "name the disk that Windows starts from".to_owned(),
    };
    Finding {
        remedy: Remedy::Advice(remedy),
        ..Finding::plain(
            Code::NotWindows,
            Severity::BlocksBoot,
            Subject::disk(),
            "no boot manager, no BCD store and no Windows was found on any volume that can be read".into(),
        )
    }
}

/// How a disk in a partition is looked at.
fn look_into(facts: &VolumeFacts) -> String {
    let (start, len) = (facts.partition.start, facts.partition.len);
    format!(
        "examine the loop device that `losetup --find --show --partscan --offset {start} --sizelimit {len} DISK` makes of it (DISK: a raw image or the attached disk)"
    )
}
