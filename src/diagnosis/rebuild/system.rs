//! Which volume a rebuild makes the system volume.

use crate::bcd::Firmware;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::rebuild::NoRebuild;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::index::VolumeIndex;
use crate::layout::system::is_recovery_type;
use crate::partition::Partition;
use crate::partition::TableKind;
use crate::volume::BootManagerName;
use crate::volume::FileSystem;

/// A partition for the boot manager alone is not longer, in bytes; Windows makes 100 to 550 MB.
const SYSTEM_MAX: u64 = 1 << 30;
/// MiB of a new EFI system partition, on sectors of 512 and of 4096 bytes (Microsoft, "UEFI/GPT-based hard drive partitions"), and
/// those with which it can do: what FAT32 takes, and the files.
const ESP_MIB: [(u64, u64); 2] = [(200, 64), (300, 260)];

/// The system volume: the one that the user chose, or that the disk starts from, or that could only be it.
pub(super) fn choose(layout: &Layout, choice: Choice, firmware: Firmware) -> Result<VolumeIndex, NoRebuild> {
    if let Some(number) = choice.format {
        return to_format(layout, number);
    }
    if let Some(number) = choice.system {
        let Some(volume) = layout.by_number(number).filter(|_| number != 0) else {
            return Err(NoRebuild::Unfit(format!("partition {number}"), "it does not exist"));
        };
        return match unfit(layout, volume, firmware) {
            Some(why) => Err(NoRebuild::Unfit(layout.name(volume), why)),
            None => Ok(volume),
        };
    }
    let now = layout.first_system().filter(|system| system.firmware() == firmware);
    if let Some(now) = now.filter(|now| unfit(layout, now.volume, firmware).is_none()) {
        return Ok(now.volume);
    }
    // What is looked for may be where nobody can read.
    if layout.volumes.iter().any(|facts| facts.unread_reason().is_some()) {
        return Err(NoRebuild::Unread);
    }
    match firmware {
        Firmware::Uefi => esp(layout),
        Firmware::Bios => primary(layout),
    }
}

/// Why this firmware does not start from a volume, or nothing can be written to it.
fn unfit(layout: &Layout, volume: VolumeIndex, firmware: Firmware) -> Option<&'static str> {
    let facts = layout.volume(volume)?;
    match firmware {
        _ if facts.unreadable.is_some() => Some("it cannot be read"),
        Firmware::Uefi if !facts.file_system.is_fat() => Some("UEFI firmware reads only FAT"),
        Firmware::Bios if layout.is_esp(volume) => Some("it is an EFI system partition"),
        Firmware::Bios if facts.partition.logical => Some("it is a logical partition"),
        Firmware::Bios if !is_bootable(facts.file_system) => {
            Some("its file system is neither NTFS nor FAT32")
        }
        _ => None,
    }
}

const fn is_bootable(file_system: FileSystem) -> bool {
    matches!(file_system, FileSystem::Ntfs | FileSystem::Fat32)
}

/// The EFI system partition.
fn esp(layout: &Layout) -> Result<VolumeIndex, NoRebuild> {
    let typed: Vec<_> = layout.volumes_indexed().filter(|(volume, _)| layout.is_esp(*volume)).collect();
    let fat: Vec<VolumeIndex> =
        typed.iter().filter(|(_, facts)| facts.file_system.is_fat()).map(|(volume, _)| *volume).collect();
    match (fat.as_slice(), typed.as_slice()) {
        ([only], _) => Ok(*only),
        ([], []) => Err(match (layout.table.kind, room(layout)) {
            (TableKind::Gpt, mib) => NoRebuild::NoEsp(mib),
            (_, mib) => NoRebuild::NoEspOfMbr(mib),
        }),
        ([], [(volume, facts), ..]) => {
            let (name, number) = (layout.name(*volume), facts.partition.number);
            Err(match is_formattable(facts) {
                true => NoRebuild::NotFormatted { name, number },
                false => NoRebuild::NotFat(name),
            })
        }
        (several, _) => Err(NoRebuild::Several(named(layout, several))),
    }
}

/// MiB for a new EFI system partition: as many as it should have, or as there are between two partitions. What is free at the end of the disk
/// the table does not tell.
fn room(layout: &Layout) -> u64 {
    let [plain, large] = ESP_MIB;
    let (wanted, least) = if layout.table.sector_size == 4096 { large } else { plain };
    let mut taken: Vec<(u64, u64)> =
        layout.table.partitions.iter().map(|it| (it.start, it.start.saturating_add(it.len))).collect();
    taken.sort_unstable();
    let (mut end, mut largest) = (1 << 20, 0);
    for (start, behind) in taken {
        largest = largest.max(start.saturating_sub(end));
        end = end.max(behind);
    }
    let largest = largest >> 20;
    if (least..wanted).contains(&largest) { largest } else { wanted }
}

fn is_formattable(facts: &VolumeFacts) -> bool {
    facts.file_system == FileSystem::Unknown && facts.unreadable.is_none() && !facts.has_spare
}

/// The EFI system partition that is to be formatted.
fn to_format(layout: &Layout, number: u32) -> Result<VolumeIndex, NoRebuild> {
    let Some(volume) = layout.by_number(number).filter(|_| number != 0) else {
        return Err(NoRebuild::NotEmpty(format!("partition {number}"), "it does not exist"));
    };
    let refuse = |why| Err(NoRebuild::NotEmpty(layout.name(volume), why));
    match layout.volume(volume) {
        _ if !layout.is_esp(volume) => refuse("it is no EFI system partition by its type"),
        // A second run finds what the first one made.
        Some(facts) if facts.file_system == FileSystem::Fat32 => Ok(volume),
        Some(facts) if !is_formattable(facts) => refuse("it has a file system"),
        _ => Ok(volume),
    }
}

/// The primary partition that a BIOS starts from: the active one; or one for the boot manager alone before Windows'; or Windows'.
fn primary(layout: &Layout) -> Result<VolumeIndex, NoRebuild> {
    let fit: Vec<(VolumeIndex, &VolumeFacts)> = layout
        .volumes_indexed()
        .filter(|(volume, facts)| {
            facts.partition.number != 0
                && !is_recovery_type(facts.partition.kind)
                && unfit(layout, *volume, Firmware::Bios).is_none()
                && has_code(facts)
        })
        .collect();
    let active: Vec<_> = fit.iter().filter(|(_, facts)| facts.partition.active).collect();
    if let [(volume, _)] = active.as_slice() {
        return Ok(*volume);
    }
    let has_windows = |volume: VolumeIndex| layout.windows.iter().any(|windows| windows.volume == volume);
    let first = layout.windows.iter().filter_map(|windows| layout.partition(windows.volume)).map(start).min();
    let alone: Vec<VolumeIndex> = fit
        .iter()
        .filter(|(volume, facts)| !has_windows(*volume) && facts.partition.len <= SYSTEM_MAX)
        .filter(|(_, facts)| first.is_some_and(|first| start(&facts.partition) < first))
        .map(|(volume, _)| *volume)
        .collect();
    let of_windows: Vec<VolumeIndex> =
        fit.iter().filter(|(volume, _)| has_windows(*volume)).map(|(volume, _)| *volume).collect();
    match (alone.as_slice(), of_windows.as_slice()) {
        ([only], _) => Ok(*only),
        ([], [first, ..]) => Ok(*first),
        ([], []) => Err(NoRebuild::NoPrimary),
        (several, _) => Err(NoRebuild::Several(named(layout, several))),
    }
}

/// Whether its boot record starts a boot manager, or there may be code that does: for FAT32 few disks have any.
fn has_code(facts: &VolumeFacts) -> bool {
    let starts = facts.boot_record.and_then(|record| record.starts);
    facts.file_system == FileSystem::Ntfs || starts == Some(BootManagerName::Bootmgr)
}

const fn start(partition: &Partition) -> u64 {
    partition.start
}

fn named(layout: &Layout, volumes: &[VolumeIndex]) -> String {
    volumes.iter().map(|volume| layout.name(*volume)).collect::<Vec<_>>().join(", ")
}
