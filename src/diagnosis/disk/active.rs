//! The active partition of an MBR disk: the one whose boot record boot code starts.

use crate::diagnosis::disk::active_choice;
use crate::diagnosis::disk::boot_manager::unknown;
use crate::diagnosis::disk::boot_record::NEW_BOOT_RECORD;
use crate::diagnosis::disk::firmware_start::active_partitions;
use crate::diagnosis::disk::firmware_start::is_start_encrypted;
use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::disk::firmware_start::startable;
use crate::diagnosis::disk::firmware_start::starts_by_uefi;
use crate::diagnosis::disk::hybrid;
use crate::diagnosis::disk::logical;
use crate::diagnosis::disk::mbr_entry;
use crate::diagnosis::disk::mbr_entry::ACTIVE;
use crate::diagnosis::disk::mbr_entry::Flags;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Chosen;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::system_file::SystemFile;
use crate::partition::BootCode;
use crate::partition::ENTRIES_AT;
use crate::partition::Partition;

/// Bytes of an entry of an MBR (Microsoft, "Disk Concepts and Troubleshooting", partition table).
const ENTRY_SIZE: u64 = 16;
/// What boot records start.
const PROGRAMS: [SystemFile; 2] = [SystemFile::BiosBootManager, SystemFile::Ntldr];

/// The active entries as people are shown them.
pub(in crate::diagnosis) fn shown(layout: &Layout) -> String {
    let names: Vec<String> =
        Flags::of(layout).active.into_iter().map(|number| mbr_entry::name(layout, number)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" and ") }
}

/// No active partition, several, or one from which Windows does not start; or what the user chose instead. A choice that
/// does not fit is said, and changes nothing about what is wrong.
pub(in crate::diagnosis) fn findings(layout: &Layout, choice: Choice) -> Vec<Finding> {
    let unfit = choice.active.and_then(|number| active_choice::unfit(layout, number));
    let choice = Choice { active: choice.active.filter(|_| unfit.is_none()), ..choice };
    let unfit = unfit.map(|why| {
        Finding::plain(
            Code::ChoiceDoesNotFit,
            Severity::Note,
            Subject::choice(Chosen::Active),
            why.to_string(),
        )
    });
    unfit.into_iter().chain(finding(layout, choice)).collect()
}

fn finding(layout: &Layout, choice: Choice) -> Option<Finding> {
    let candidates: Vec<VolumeIndex> = startable(layout).map(|system| system.volume).collect();
    if candidates.is_empty() {
        return hybrid::finding(layout).or_else(|| logical::finding(layout)).or_else(|| unsigned(layout));
    }
    let is_others = layout.table.boot_code == BootCode::Grub || is_start_encrypted(layout);
    if is_others && choice.active.is_none() {
        return None;
    }
    if let Some(unknown) = unknown_active(layout) {
        return Some(unknown);
    }
    let chosen = choice.active.and_then(|number| mbr_entry::of_volume(layout, layout.by_number(number)?));
    let (code, severity, message) = state(layout, &candidates, chosen)?;
    let severity = if starts_by_uefi(layout) { Severity::Note } else { severity };
    let remedy = match (chosen, candidates.as_slice()) {
        (Some(chosen), _) => Remedy::Edit(edits(layout, chosen)),
        (None, [candidate]) if !is_any_unread(layout) => {
            let number = layout.partition(*candidate).map_or(0, |partition| partition.number);
            match active_choice::unfit(layout, number) {
                None => {
                    let name = layout.name(*candidate);
                    let advice = format!("`fix --active {number}` makes {name} active");
                    Remedy::Switch(Switch::Active(Some(number)), advice)
                }
                Some(why) => Remedy::Advice(format!("{why}: it cannot be made active")),
            }
        }
        (None, _) => {
            Remedy::Switch(Switch::Active(None), "choose the partition to boot from: `fix --active N`".into())
        }
    };
    let place = |volume: &VolumeIndex| format!("{} has a boot manager", layout.name(*volume));
    Some(Finding {
        evidence: candidates.iter().map(place).collect(),
        remedy,
        ..Finding::plain(code, severity, Subject::disk(), message)
    })
}

/// There is no other partition to start from, and the active one begins with what boot code does not start.
fn unsigned(layout: &Layout) -> Option<Finding> {
    let is_unsigned = |(volume, _): &(VolumeIndex, &Partition)| {
        layout.volume(*volume).is_some_and(|facts| !facts.is_startable)
    };
    if layout.systems.is_empty() && layout.windows.is_empty()
        || !is_started_by_mbr(layout)
        || layout.table.boot_code == BootCode::Grub
        || is_start_encrypted(layout)
        || starts_by_uefi(layout)
    {
        return None;
    }
    let (volume, _) = active_partitions(layout).find(is_unsigned)?;
    let foreign = layout.volume(volume).and_then(|facts| facts.file_system.name_of_unread());
    let advice = foreign.map_or_else(
        || NEW_BOOT_RECORD.to_owned(),
        |name| {
            format!(
                "it holds {name}, which needs no Windows boot record: restore that system's boot \
             loader, or make the partition with the Windows boot manager active"
            )
        },
    );
    Some(Finding {
        remedy: Remedy::Advice(advice),
        ..Finding::plain(
            Code::BootRecordUnsigned,
            Severity::BlocksBoot,
            Subject::volume(layout, volume),
            "the active partition has no boot record (55 aa signature missing): boot code stops with \
             \"Missing operating system\""
                .into(),
        )
    })
}

/// Whether a partition may have a boot manager that nobody can see.
fn is_any_unread(layout: &Layout) -> bool {
    layout.volume_indices().any(|volume| layout.unread_on(volume, &PROGRAMS).is_some())
}

/// The one active partition is one of which nobody can tell whether Windows starts from it.
fn unknown_active(layout: &Layout) -> Option<Finding> {
    let [number] = *Flags::of(layout).active else { return None };
    let volume = mbr_entry::volume(layout, number)?;
    let is_known = startable(layout).any(|system| system.volume == volume);
    let unread = layout.unread_on(volume, &PROGRAMS).filter(|_| !is_known)?;
    Some(unknown(layout, volume, unread.file, &unread.cause))
}

/// What is wrong with the flags; `None` when nothing is, or nothing else than the entry that the user chose.
fn state(
    layout: &Layout,
    candidates: &[VolumeIndex],
    chosen: Option<u32>,
) -> Option<(Code, Severity, String)> {
    let flags = Flags::of(layout);
    let is_candidate =
        |number: &u32| mbr_entry::volume(layout, *number).is_some_and(|volume| candidates.contains(&volume));
    let all = |numbers: &[u32]| {
        numbers.iter().map(|number| mbr_entry::name(layout, *number)).collect::<Vec<_>>().join(" and ")
    };
    if !flags.odd.is_empty() {
        let message = format!(
            "{} has an invalid boot flag (neither 00 nor 80): boot code stops there",
            all(&flags.odd)
        );
        return Some((Code::ActivePartitionAmbiguous, Severity::BlocksBoot, message));
    }
    match flags.active.as_slice() {
        [] => Some((
            Code::ActivePartitionMissing,
            Severity::BlocksBoot,
            "no partition is active: boot code has nothing to start".to_owned(),
        )),
        [only] if is_candidate(only) => chosen.filter(|chosen| chosen != only).map(|_| {
            let message = format!("{} is active and will be deactivated", mbr_entry::name(layout, *only));
            (Code::ActivePartitionChosen, Severity::Note, message)
        }),
        [only] => {
            let severity = match mbr_entry::has_other_loader(layout, *only) {
                true => Severity::Degrades,
                false => Severity::BlocksBoot,
            };
            let nothing =
                if mbr_entry::is_startable(layout, *only) { "" } else { " and no other boot loader" };
            let message = format!(
                "the active partition is {}, which has no Windows boot manager{nothing}",
                mbr_entry::name(layout, *only)
            );
            Some((Code::ActivePartitionWrong, severity, message))
        }
        several => Some((
            Code::ActivePartitionAmbiguous,
            Severity::BlocksBoot,
            format!("{} are active: boot code stops with \"Invalid partition table\"", all(several)),
        )),
    }
}

/// The boot flags that make entry `chosen` the only active one.
pub(in crate::diagnosis) fn edits(layout: &Layout, chosen: u32) -> Vec<ByteEdit> {
    let edit = |(number, flag): (u32, u8)| {
        let wanted = if number == chosen { ACTIVE } else { 0 };
        let entry = u64::from(number).checked_sub(1)?.checked_mul(ENTRY_SIZE)?;
        (flag != wanted).then(|| ByteEdit {
            what: format!("boot flag of {}", mbr_entry::name(layout, number)),
            site: Site::Table { at: ENTRIES_AT.saturating_add(entry) },
            before: vec![flag],
            after: vec![wanted],
            meaning: format!("0x{flag:02x} -> 0x{wanted:02x}"),
        })
    };
    (1u32..).zip(layout.table.boot_flags).filter_map(edit).collect()
}
