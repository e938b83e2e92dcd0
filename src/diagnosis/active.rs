//! The active partition of an MBR disk: the one whose boot record boot code starts.

use crate::diagnosis::Choice;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::byte_edit::ByteEdit;
use crate::diagnosis::byte_edit::Site;
use crate::diagnosis::device::BAD_CHOICE;
use crate::diagnosis::startup::active_partitions;
use crate::diagnosis::startup::plain;
use crate::diagnosis::startup::startable;
use crate::layout::Layout;
use crate::partition::BootCode;
use crate::partition::Partition;
use crate::partition::TableKind;

/// First entry of an MBR, and the length of one (Microsoft, "Disk Concepts and Troubleshooting", partition table).
const FIRST_ENTRY: u64 = 0x1be;
const ENTRY_SIZE: u64 = 16;

/// Why partition `number` cannot be the active one.
fn may_be_active(layout: &Layout, number: u32) -> Result<(), String> {
    let Some(volume) = layout.by_number(number).filter(|_| number != 0) else {
        return Err(format!("there is no partition {number}"));
    };
    let partition = layout.table.partitions.get(volume);
    if layout.table.kind != TableKind::Mbr {
        return Err("only partitions of an MBR disk can be active".into());
    }
    if partition.is_none_or(|partition| partition.logical) {
        return Err(format!("partition {number} is a logical one; only a primary partition can be active"));
    }
    match startable(layout).any(|system| system.volume == volume) {
        true => Ok(()),
        false => Err(format!(r"partition {number} has neither \bootmgr nor \ntldr")),
    }
}

/// No active partition, several, or one from which Windows does not start; or what the user chose instead.
pub(super) fn finding(layout: &Layout, choice: Choice) -> Option<Finding> {
    if let Some(number) = choice.active
        && let Err(why) = may_be_active(layout, number)
    {
        return Some(plain(BAD_CHOICE, Severity::Stale, "--active", why));
    }

    let candidates: Vec<usize> = startable(layout).map(|system| system.volume).collect();
    if candidates.is_empty() || layout.table.boot_code == BootCode::Grub && choice.active.is_none() {
        return None;
    }
    let active: Vec<(usize, &Partition)> = active_partitions(layout).collect();
    let names = || active.iter().map(|(volume, _)| layout.name(*volume)).collect::<Vec<_>>().join(" and ");
    let chosen = choice.active.and_then(|number| layout.by_number(number));
    let (code, severity, message) = match active.as_slice() {
        [] => (
            "active-partition-missing",
            Severity::BlocksBoot,
            "no partition is active: boot code finds nothing to start".to_owned(),
        ),
        [(only, partition)] if candidates.contains(only) => {
            if chosen.is_none_or(|chosen| chosen == *only) {
                return None;
            }
            let message = format!("partition {} is active, and is to be so no longer", partition.number);
            ("active-partition-chosen", Severity::Note, message)
        }
        [(only, _)] => {
            let foreign = layout.volumes.get(*only).is_some_and(|facts| !facts.file_system.is_readable());
            let severity = if foreign { Severity::Degrades } else { Severity::BlocksBoot };
            (
                "active-partition-wrong",
                severity,
                format!("the active partition is {}, which has no boot manager of Windows", names()),
            )
        }
        _ => (
            "active-partition-ambiguous",
            Severity::BlocksBoot,
            format!("{} are active: boot code stops at that (\"Invalid partition table\")", names()),
        ),
    };
    let remedy = match (chosen, candidates.as_slice()) {
        (Some(chosen), _) => Remedy::Edit(flags(layout, chosen)),
        (None, [candidate]) => {
            let number = layout.table.partitions.get(*candidate).map_or(0, |partition| partition.number);
            Remedy::Advice(format!(
                "`fix --active {number}` makes {} the active one",
                layout.name(*candidate)
            ))
        }
        (None, _) => Remedy::Advice("choose the one to start from: `fix --active N`".into()),
    };
    let place = |volume: &usize| format!("{} has a boot manager", layout.name(*volume));
    Some(Finding {
        evidence: candidates.iter().map(place).collect(),
        remedy,
        ..plain(code, severity, "disk", message)
    })
}

/// The boot flags that make `chosen` the only active partition.
fn flags(layout: &Layout, chosen: usize) -> Vec<ByteEdit> {
    let primaries = layout.table.partitions.iter().enumerate().filter(|(_, partition)| !partition.logical);
    let wanted = primaries.map(|(volume, partition)| (partition, if volume == chosen { 0x80 } else { 0 }));
    let edit = |(partition, wanted): (&Partition, u8)| {
        let entry = u64::from(partition.number).checked_sub(1)?.checked_mul(ENTRY_SIZE)?;
        (partition.boot_flag != wanted).then(|| ByteEdit {
            what: format!("boot flag of partition {}", partition.number),
            site: Site::Table { at: FIRST_ENTRY.saturating_add(entry) },
            before: vec![partition.boot_flag],
            after: vec![wanted],
            meaning: format!("0x{:02x}, to be 0x{wanted:02x}", partition.boot_flag),
        })
    };
    wanted.filter_map(edit).collect()
}
