//! Findings about `ReAgent.xml`: whether the places that it names are on this disk.
//!
//! Windows' `reagentc` believes it, the boot manager does not read it: the recovery environment starts by the store.

use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::reagent::Location;
use crate::layout::reagent::LocationKind;
use crate::layout::reagent::RecoveryConfig;
use crate::layout::store::StoreFile;
use crate::layout::winre::WinreFile;
use crate::partition::DiskId;

/// `InstallState` of a recovery environment that is switched off; Windows looks for it anew when it is switched on.
const DISABLED: u32 = 0;

/// All findings, one for each Windows; `old` are the identities that are re-pointed from, `restore` whether one can be put back. What the copies beside the
/// recovery images say comes with those of Windows' own, or once by itself.
#[must_use]
pub(crate) fn findings(
    layout: &Layout,
    context: &Context,
    old: &[DiskId],
    restore: &Restore,
) -> Vec<Finding> {
    let finding = |index, file| finding(layout, context, old, restore, index, file);
    let (own, copies): (Vec<(usize, &WinreFile)>, Vec<_>) =
        layout.winre.iter().enumerate().partition(|(_, file)| file.windows.is_some());
    let mut findings: Vec<Finding> =
        own.into_iter().filter_map(|(index, file)| finding(index, file)).collect();
    let copy = copies.into_iter().find_map(|(index, file)| finding(index, file));
    match (findings.first_mut(), copy) {
        (Some(first), Some(copy)) => first.evidence.push(format!("the copy is also wrong: {}", copy.subject)),
        (None, Some(copy)) => findings.push(copy),
        (_, None) => {}
    }
    findings
}

fn finding(
    layout: &Layout,
    context: &Context,
    old: &[DiskId],
    restore: &Restore,
    index: usize,
    file: &WinreFile,
) -> Option<Finding> {
    let text = format!("{} on {}", file.path, layout.name(file.volume));
    let subject = Subject::new(Place::WinreFile(index), text);
    let base = |message: &str| {
        Finding::plain(Code::RecoveryConfig, Severity::Note, subject.clone(), message.to_owned())
    };
    let config = match &file.config {
        Ok(config) => config,
        Err(error) if file.is_xml => {
            let evidence = vec![error.to_string()];
            let message = "the location of the recovery environment cannot be read";
            return Some(Finding { evidence, ..base(message) });
        }
        // A placeholder, or something that is no configuration at all.
        Err(_) => return None,
    };
    if config.state == Some(DISABLED) {
        return None;
    }
    let evidence = wrong(layout, context, old, config);
    if evidence.is_empty() {
        return None;
    }
    let strange = config.locations.iter().find_map(|location| strange(layout, context, location));
    let whose = match strange.map(|disk| context.others.find(disk)) {
        Some(None) => "still refers to the old disk",
        Some(Some(_)) => "refers to a different disk",
        None => "refers to what is not on this disk",
    };
    let message = format!("ReAgent.xml {whose}; `reagentc /info` will show no recovery environment");
    let is_back = |disk: DiskId| matches!(restore, Restore::Possible(old) if old.disk == disk);
    let other = match config.locations.iter().filter_map(|location| location.disk).any(is_back) {
        true => "; `fix --restore-identity` makes it valid again",
        false => "",
    };
    let advice = format!(
        "the recovery environment still starts from the store's entry; in Windows run `reagentc /disable`, then `reagentc \
         /enable`{other}"
    );
    let remedy = Remedy::Advice(advice);
    Some(Finding { evidence, remedy, ..base(&message) })
}

/// What of it does not fit this disk.
fn wrong(layout: &Layout, context: &Context, old: &[DiskId], config: &RecoveryConfig) -> Vec<String> {
    let places = config.locations.iter().filter_map(|location| {
        let name = match location.what {
            LocationKind::Winre => "WinreLocation",
            LocationKind::Image => "ImageLocation",
            LocationKind::PushButtonReset | LocationKind::Other(_) => return None,
        };
        let why = misplaced(layout, context, old, location)?;
        Some(format!("{name} refers to {why}"))
    });
    let mut wrong: Vec<String> = places.collect();
    let stores: Vec<_> =
        layout.stores.iter().filter(|file| file.live).filter_map(StoreFile::parsed).collect();
    if let Some(entry) = config.entry
        && !stores.is_empty()
        && stores.iter().all(|store| store.object(entry).is_none())
    {
        wrong.push(format!("WinreBCD refers to {}, which is in no store", entry.braced()));
    }
    wrong
}

/// The disk that is named, where that is neither this one nor one beside it.
fn strange(layout: &Layout, context: &Context, location: &Location) -> Option<DiskId> {
    let is_told = matches!(location.what, LocationKind::Winre | LocationKind::Image);
    location
        .disk
        .filter(|disk| is_told && !is_this(layout, location) && context.companion_named(*disk).is_none())
}

fn is_this(layout: &Layout, location: &Location) -> bool {
    let hybrid = layout.table.hybrid.map(DiskId::Mbr);
    location.disk.is_some() && [layout.table.disk, hybrid].contains(&location.disk)
}

fn misplaced(layout: &Layout, context: &Context, old: &[DiskId], location: &Location) -> Option<String> {
    if location.disk.is_some_and(|disk| context.companion_named(disk).is_some()) && !is_this(layout, location)
    {
        return None;
    }
    if let Some(disk) = strange(layout, context, location) {
        let whose = match context.others.find(disk) {
            Some(other) => format!("which is {}", other.name),
            None if old.contains(&disk) => "this disk's old identity".to_owned(),
            None => "which is not present".to_owned(),
        };
        return Some(format!("{}, {whose}", show_disk(disk)));
    }
    let offset = location.offset.filter(|offset| layout.partition_at(*offset).is_none())?;
    Some(format!("byte 0x{offset:x} of the disk, where no partition starts"))
}
