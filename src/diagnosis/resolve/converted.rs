//! Disks that were converted between MBR and GPT after their store was written.
//!
//! An identity of the other kind tells little: of an MBR partition its place, which a conversion keeps. The role and the
//! files decide, and the loader for the firmware that reads the store has to be there.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bytes;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::VolumeRole;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::partition::TableKind;

/// Written before the identities: an entry whose identity is still the old one fails as it did.
const RANK: u8 = 0;

/// The volume that a reference means which names a partition of a table of the other kind; `is_taken` tells which volumes other places are.
pub(in crate::diagnosis) fn target(
    layout: &Layout,
    reference: &Reference,
    is_taken: &dyn Fn(VolumeIndex) -> bool,
) -> Result<VolumeIndex, Unresolved> {
    let store = layout.store(reference.store).ok_or(Unresolved::OtherStyle(None))?;
    if layout.table.hybrid.is_some()
        || layout.table.kind == TableKind::Gpt && store.firmware == Firmware::Bios
    {
        return Err(Unresolved::OtherStyle(None));
    }
    let candidates: Vec<VolumeIndex> = match reference.purpose.role {
        role if role.is_system() => return Ok(store.volume),
        ElementRole::Loader | ElementRole::OsRoot | ElementRole::Resume => {
            let (ending, with_loader) = with_loader(layout, store.firmware);
            if with_loader.is_empty() {
                return Err(Unresolved::NoLoader(ending));
            }
            let free: Vec<VolumeIndex> =
                with_loader.iter().copied().filter(|volume| !is_taken(*volume)).collect();
            if let ([], Some(taken)) = (free.as_slice(), with_loader.first()) {
                return Err(Unresolved::Taken(layout.name(*taken)));
            }
            free
        }
        ElementRole::Image | ElementRole::Sdi => {
            reference.purpose.file.iter().flat_map(|file| layout.evidence.volumes_with(file)).collect()
        }
        _ => Vec::new(),
    };
    let place = match reference.named {
        QualifiedPartition::Mbr { offset, .. } => layout.find_volume(|facts| facts.partition.start == offset),
        QualifiedPartition::Gpt { .. } => None,
    };
    let hidden = hiding(layout, reference.purpose.role);
    let is_guess = layout.table.unseen.is_some() || !hidden.is_empty();
    match (candidates.as_slice(), place.filter(|place| candidates.contains(place))) {
        (_, Some(place)) => Ok(place),
        ([], None) => Err(Unresolved::OtherStyle(None)),
        ([only], None) if is_guess => Err(Unresolved::Hidden { seen: *only, hidden }),
        ([only], None) => Ok(*only),
        (several, None) => Err(Unresolved::Ambiguous(several.to_vec())),
    }
}

/// The volumes of which nobody can say whether a Windows is on them, where it is one that is looked for.
fn hiding(layout: &Layout, role: ElementRole) -> Vec<VolumeIndex> {
    let is_hidden = |(volume, facts): &(VolumeIndex, &VolumeFacts)| {
        let is_closed = layout.is_encrypted(facts) || facts.unread_reason().is_some();
        is_closed && !layout.is_esp(*volume) && facts.role != VolumeRole::Reserved
    };
    match role {
        ElementRole::Loader | ElementRole::OsRoot | ElementRole::Resume => {
            layout.volumes_indexed().filter(is_hidden).map(|(volume, _)| volume).collect()
        }
        _ => Vec::new(),
    }
}

/// The Windows volumes with a loader for this firmware, and its ending.
pub(in crate::diagnosis) fn with_loader(
    layout: &Layout,
    firmware: Firmware,
) -> (&'static str, Vec<VolumeIndex>) {
    let windows = layout.windows.iter();
    match firmware {
        Firmware::Bios => ("exe", windows.filter(|one| one.winload_exe).map(|one| one.volume).collect()),
        Firmware::Uefi => ("efi", windows.filter(|one| one.winload_efi).map(|one| one.volume).collect()),
    }
}

/// The edit that gives the path in `element` the ending of the other firmware: three letters for three.
#[must_use]
pub(in crate::diagnosis) fn path_edit(
    store: StoreIndex,
    of: &str,
    element: &Element,
    path: &str,
    new: &str,
) -> Option<ByteEdit> {
    let (old, after) = (bytes::utf16le(path), bytes::utf16le(new));
    let same = old.iter().zip(&after).take_while(|(old, new)| old == new).count();
    let before = old.get(same..)?.to_vec();
    let after = after.get(same..)?.to_vec();
    let stands = bytes::slice(&element.raw, same, before.len()) == Some(before.as_slice());
    (stands && before.len() == after.len()).then(|| ByteEdit {
        what: format!("path of {of}"),
        site: Site::Store { store, at: element.at.saturating_add(same), rank: RANK },
        before,
        after,
        meaning: format!("{path} -> {new}"),
    })
}
