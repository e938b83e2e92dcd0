//! Findings about the disk: what it is at all, its identity, and what stands in the way of a repair.

use crate::diagnosis::disk::content;
use crate::diagnosis::disk::efi_partition;
use crate::diagnosis::disk::firmware_start::is_start_encrypted;
use crate::diagnosis::disk::no_system;
use crate::diagnosis::disk::protective_mbr;
use crate::diagnosis::disk::raid_member;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::LOST_BEGIN;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::finding::USE_SPARE;
use crate::diagnosis::model::finding::read_it;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::known_disks::OtherDisk;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Chosen;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::Missing;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::unread::Unread;
use crate::partition::DiskId;
use crate::partition::Partition;
use crate::partition::PartitionId;
use crate::partition::Unseen;

/// All findings about the disk as a whole.
#[must_use]
pub(crate) fn findings(layout: &Layout, context: &Context) -> Vec<Finding> {
    let mut findings = what_it_is(layout);
    findings.extend(layout.failed_read.as_ref().map(|error| {
        let how = error.how();
        let message = format!("part of the disk {how}; what is missing or wrong may be there: {error}");
        Finding {
            remedy: Remedy::Advice(read_it(layout).into()),
            ..Finding::plain(Code::ReadFailed, Severity::Degrades, Subject::disk(), message)
        }
    }));
    findings.extend(layout.table.unseen.as_ref().map(unseen));
    findings.extend(raid_member::finding(layout));
    findings.extend(content::lone_volume(layout));
    findings.extend(absent_choices(layout, context));
    findings.extend(identity(layout, context));
    findings.extend(
        layout
            .table
            .notes
            .iter()
            .map(|note| Finding::plain(Code::PartitionTable, Severity::Note, Subject::disk(), note.clone())),
    );
    findings.extend(protective_mbr::finding(layout, context.choice));
    findings.extend(shared_guids(layout));
    findings.extend(volumes(layout));
    findings
}

/// Partitions that have one GUID: an element that names it may mean either.
fn shared_guids(layout: &Layout) -> Vec<Finding> {
    let partitions = layout.partitions_indexed();
    let first_of = |partition: &Partition| {
        let guid = partition.guid()?;
        layout.find_partition(|other| other.guid() == Some(guid))
    };
    let shared = partitions.filter_map(|(volume, partition)| {
        let first = first_of(partition).filter(|first| *first != volume)?;
        Some(Finding {
            evidence: partition.guid().map(|guid| format!("both have {guid}")).into_iter().collect(),
            remedy: Remedy::Advice(format!(
                "give the copy a new GUID (`sgdisk --partition-guid={}:R`)",
                partition.number
            )),
            ..Finding::plain(
                Code::PartitionGuidShared,
                Severity::Degrades,
                Subject::volume(layout, volume),
                format!("it has the same GUID as {}: an element cannot tell them apart", layout.name(first)),
            )
        })
    });
    shared.collect()
}

fn not_there(volume: Subject, missing: Missing) -> Finding {
    match missing {
        Missing::OfDisk(_) | Missing::OfWholeDisk(_) => {
            Finding::unread(Code::VolumeCut, Severity::Degrades, volume, missing.to_string())
        }
        Missing::OfPartition(_) => Finding {
            remedy: Remedy::Advice(
                "restore the partition's length (`sfdisk`) or the table from a backup; Windows shows a \
                 volume it cannot mount as RAW"
                    .into(),
            ),
            ..Finding::plain(Code::VolumeLongerThanPartition, Severity::Degrades, volume, missing.to_string())
        },
    }
}

fn spare(volume: Subject, beyond: u64) -> Finding {
    Finding {
        remedy: Remedy::Advice(
            "use the complete image, or shrink the partition; the last sector of an NTFS partition is its \
             backup boot record"
                .into(),
        ),
        ..Finding::plain(
            Code::PartitionBeyondDisk,
            Severity::Degrades,
            volume,
            format!(
                "the partition ends 0x{beyond:x} bytes past the end of the disk; its file system is \
             complete"
            ),
        )
    }
}

fn unseen(unseen: &Unseen) -> Finding {
    match unseen {
        Unseen::Cut(reason) => {
            let message = format!(
                "partitions are missing, as if the image was truncated: {reason}; which ones is unknown"
            );
            Finding::unread(Code::VolumeCut, Severity::Degrades, Subject::disk(), message)
        }
        Unseen::Damaged(reason) => Finding {
            remedy: Remedy::Advice(
                "find missing partitions with `testdisk`, or rewrite the table as it was read (`sfdisk \
                 --dump`)"
                    .into(),
            ),
            ..Finding::plain(
                Code::PartitionsLost,
                Severity::Degrades,
                Subject::disk(),
                format!("{reason}: partitions may be missing"),
            )
        },
    }
}

fn what_it_is(layout: &Layout) -> Vec<Finding> {
    if layout.systems.is_empty() {
        return vec![match layout.encryptor.filter(|_| is_start_encrypted(layout)) {
            Some(encryptor) => content::all_encrypted(encryptor),
            None if layout.windows.is_empty() => content::not_windows(layout),
            None => no_system::finding(layout),
        }];
    }
    if layout.systems.iter().all(SystemVolume::is_ntldr_only) {
        return Vec::new();
    }
    let managers: Vec<_> = layout.systems.iter().map(|system| layout.name(system.volume)).collect();
    let is_first = |store: &StoreFile| store.first;
    if layout.stores.iter().any(is_first) {
        return Vec::new();
    }
    if let Some((volume, Unread { file, cause })) = layout.unread_store() {
        let message = format!(
            "cannot determine whether there is a store at {file} on {}, where the disk boots from: {cause}",
            layout.name(volume)
        );
        return vec![Finding::hidden(layout, Code::StoreUnknown, Subject::disk(), message)];
    }
    let mut evidence = vec![format!("boot manager on {}", managers.join(", "))];
    evidence.extend(layout.systems.iter().filter_map(|system| efi_partition::foreign(layout, system)));
    vec![Finding {
        evidence,
        remedy: Remedy::Advice("restore the store from a backup".into()),
        ..Finding::plain(
            Code::StoreMissing,
            Severity::BlocksBoot,
            Subject::disk(),
            "there is a boot manager but no BCD store".into(),
        )
    }]
}

/// Partitions that the user chose and that are not there, whether or not anything has to be chosen.
fn absent_choices(layout: &Layout, context: &Context) -> Vec<Finding> {
    let choice = context.choice;
    let chosen = [
        (Chosen::System, choice.system, None),
        (Chosen::Windows, choice.windows, choice.windows_on),
        (Chosen::Recovery, choice.recovery, choice.recovery_on),
    ];
    let absent = chosen.into_iter().filter_map(|(chosen, number, on)| {
        let companion = on.and_then(|disk| context.companion_at(disk));
        let disk = companion.map_or(layout, |companion| &companion.layout);
        let number = number.filter(|number| *number == 0 || disk.by_number(*number).is_none())?;
        // Until those beside are read, nobody can tell.
        if on.is_some() && companion.is_none() {
            return None;
        }
        let place = companion.map_or(String::new(), |companion| format!(" on {}", companion.name));
        Some(Finding::plain(
            Code::ChoiceDoesNotFit,
            Severity::Note,
            Subject::choice(chosen),
            format!("there is no partition {number}{place}"),
        ))
    });
    absent.chain(absent_entry(layout, choice)).collect()
}

/// The entry that the user named, where no store has it.
fn absent_entry(layout: &Layout, choice: Choice) -> Option<Finding> {
    let entry = choice.entry?;
    let stores = layout.stores.iter().filter(|file| file.live);
    let mut objects = stores.flat_map(|file| file.objects());
    let message = format!("no store has an entry {}", entry.braced());
    (!objects.any(|object| object.id == Some(entry))).then(|| {
        Finding::plain(Code::ChoiceDoesNotFit, Severity::Note, Subject::choice(Chosen::Entry), message)
    })
}

fn identity(layout: &Layout, context: &Context) -> Vec<Finding> {
    let Some(disk) = layout.table.disk.filter(|disk| *disk != DiskId::Mbr(0)) else { return Vec::new() };
    let Context { others, apart, named, .. } = context;
    let at_hand = others.iter().chain(apart.iter()).chain(named.iter());
    let (same, others): (Vec<&OtherDisk>, Vec<&OtherDisk>) = at_hand.partition(|other| other.disk == disk);
    let has_ours = |other: &&OtherDisk| other.partitions.iter().any(|(id, _)| is_guid_of(layout, id));
    let clones: Vec<&OtherDisk> = others.into_iter().filter(has_ours).collect();
    let collision = |evidence: String, message: &str| Finding {
        evidence: vec![evidence],
        remedy: Remedy::Advice(
            "do not attach both to one Windows: it would take one offline or change its identity".into(),
        ),
        ..Finding::plain(Code::IdentityCollision, Severity::Note, Subject::disk(), message.into())
    };
    let mut findings = Vec::new();
    if !same.is_empty() {
        let evidence = format!("{} is also the identity of {}", show_disk(disk), some_names(&same));
        findings.push(collision(evidence, "another attached or named disk has the same identity"));
    }
    if !clones.is_empty() {
        let evidence = format!("{} has them, but a different disk identity", some_names(&clones));
        findings.push(collision(
            evidence,
            "another attached or named disk has partitions with the same GUIDs: a copy of this one",
        ));
    }
    findings
}

/// The names of a few, and how many there are besides: of a thousand copies each would name all.
fn some_names(disks: &[&OtherDisk]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = disks.iter().take(SHOWN).map(|other| other.name.clone()).collect();
    match disks.len().saturating_sub(SHOWN) {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    names.join(", ")
}

/// Whether a partition of this disk has this GUID; offsets of MBR partitions are the same on many disks.
fn is_guid_of(layout: &Layout, id: &PartitionId) -> bool {
    matches!(id, PartitionId::Gpt(_))
        && layout.table.partitions.iter().any(|partition| partition.id == Some(*id))
}

fn volumes(layout: &Layout) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, facts) in layout.volumes_indexed() {
        if let Some(error) = facts.unread_reason() {
            findings.push(Finding::plain(
                Code::VolumeUnreadable,
                Severity::Note,
                Subject::volume(layout, index),
                format!("cannot be read: {error}"),
            ));
        }
        if facts.has_spare {
            findings.push(Finding {
                remedy: Remedy::Advice(USE_SPARE.into()),
                ..Finding::plain(
                    Code::VolumeUnreadable,
                    Severity::Note,
                    Subject::volume(layout, index),
                    format!("the start of the volume was overwritten: {LOST_BEGIN}"),
                )
            });
        }
        if let Some(how) = facts.asleep.how() {
            findings.push(asleep(layout, index, false, &how));
        }
        if let Some(missing) = facts.missing {
            findings.push(not_there(Subject::volume(layout, index), missing));
        } else if facts.beyond > 0 {
            findings.push(spare(Subject::volume(layout, index), facts.beyond));
        }
        findings.extend(content::finding(layout, index, facts));
    }
    for windows in &layout.windows {
        if let Some(how) = windows.asleep.how() {
            findings.push(asleep(layout, windows.volume, windows.asleep.is_yes(), &how));
        }
        // A volume with a store has its own word about that.
        let has_store = layout.stores.iter().any(|file| file.live && file.volume == windows.volume);
        if windows.dirty && !has_store {
            findings.push(Finding {
                evidence: vec!["the file system is marked dirty; fix does not write to it".into()],
                ..Finding::plain(
                    Code::WindowsVolumeDirty,
                    Severity::Note,
                    Subject::volume(layout, windows.volume),
                    "chkdsk is due on the Windows volume; Windows runs it at the next start".into(),
                )
            });
        }
    }
    findings
}

fn asleep(layout: &Layout, volume: VolumeIndex, is_sure: bool, how: &str) -> Finding {
    let code = if is_sure { Code::Hibernated } else { Code::HibernationUnknown };
    Finding {
        remedy: Remedy::Advice(
            "fix needs --allow-hibernated: a resumed session remembers the old identity".into(),
        ),
        ..Finding::plain(code, Severity::Note, Subject::volume(layout, volume), format!("Windows {how}"))
    }
}
