//! What a rebuild would make on this disk: the store, the boot files, the boot code.

mod firmware;
mod offer;
mod parts;
mod system;

use std::sync::Arc;

use crate::bcd::Firmware;
use crate::diagnosis::disk::active;
use crate::diagnosis::disk::mbr_entry;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::model::rebuild::NoRebuild;
use crate::diagnosis::model::rebuild::Parts;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::diagnosis::model::rebuild::Scope;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;
use crate::partition::TableKind;

pub(in crate::diagnosis) use offer::offer;

/// What a rebuild would make, or what was asked for; nothing where nothing has to be.
///
/// # Errors
/// Why it cannot be made here.
pub(in crate::diagnosis) fn found(
    layout: &Layout,
    context: &Context,
    findings: &[Finding],
) -> Result<Option<Rebuild>, NoRebuild> {
    let choice = context.choice;
    if layout.table.kind == TableKind::None {
        return Err(NoRebuild::LoneVolume);
    }
    if layout.table.disk == Some(DiskId::Mbr(0)) {
        return Err(NoRebuild::NoSignature);
    }
    let firmware = firmware::choose(layout, choice)?;
    let windows = installations(layout, choice, firmware)?;
    let system = system::choose(layout, choice, firmware)?;
    for volume in windows.iter().filter_map(|index| Some(layout.installation(*index)?.volume)).chain([system])
    {
        if identity_of(layout, volume).is_none() {
            return Err(NoRebuild::NoIdentity(layout.name(volume)));
        }
    }
    let scope = choice.rebuild.unwrap_or(Scope::Missing);
    let replaces = parts::store_at(layout, system, firmware);
    let parts = match scope {
        Scope::Missing => parts::missing(layout, system, firmware, findings, choice),
        scope => parts::insisted(layout, system, firmware, scope),
    };
    // The user has said which partition is to be active.
    let parts = Parts { active: parts.active && choice.active.is_none(), ..parts };
    if !parts.is_any() {
        return Ok(None);
    }
    if layout.unseen().is_some() {
        return Err(NoRebuild::Unread);
    }
    let entry = mbr_entry::of_volume(layout, system).filter(|_| parts.active);
    let flags = entry.map(|entry| active::edits(layout, entry)).unwrap_or_default();
    Ok(Some(Rebuild {
        flags,
        scope,
        firmware,
        system,
        windows,
        parts,
        replaces,
        orders: Arc::clone(&context.orders),
    }))
}

/// The installations that this firmware can start, the chosen one first.
fn installations(
    layout: &Layout,
    choice: Choice,
    firmware: Firmware,
) -> Result<Vec<WindowsIndex>, NoRebuild> {
    let all: Vec<(WindowsIndex, &WindowsVolume)> = WindowsIndex::each(&layout.windows).collect();
    let mut fit: Vec<(WindowsIndex, VolumeIndex)> = all
        .iter()
        .filter(|(_, windows)| firmware::starts(windows, firmware))
        .map(|(index, windows)| (*index, windows.volume))
        .collect();
    let chosen = choice.windows.and_then(|number| layout.by_number(number));
    fit.sort_by_key(|(_, volume)| Some(*volume) != chosen);
    if !fit.is_empty() {
        return Ok(fit.into_iter().map(|(index, _)| index).collect());
    }
    if let Some((volume, _)) = layout.volumes_indexed().find(|(_, facts)| layout.is_encrypted(facts)) {
        return Err(NoRebuild::Encrypted(layout.name(volume)));
    }
    let is_nt5 = !all.is_empty() && all.iter().all(|(_, windows)| windows.is_nt5());
    Err(match all.first() {
        _ if is_nt5 => NoRebuild::Nt5,
        Some((_, windows)) => {
            let file = match firmware {
                Firmware::Bios => "winload.exe",
                Firmware::Uefi => "winload.efi",
            };
            NoRebuild::NoLoader { name: layout.name(windows.volume), file }
        }
        None => NoRebuild::NoWindows(firmware),
    })
}
