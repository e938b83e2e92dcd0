//! The new stores.

use crate::bcd::Firmware;
use crate::bcd::Store;
use crate::bcd::fresh::FreshRecovery;
use crate::bcd::fresh::FreshStore;
use crate::bcd::fresh::FreshWindows;
use crate::bcd::fresh::Stamp;
use crate::bcd::new_ids::NewIds;
use crate::diagnosis::identity_of;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::store::STORE_MAX;
use crate::layout::system_file::SystemFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;
use crate::repair::rebuild::facts::Facts;
use crate::repair::rebuild::known::KnownIds;
use crate::repair::rebuild::known::are_alike;
use crate::repair::rebuild::made::MadeStore;
use crate::repair::rebuild::numbers::highest_number;
use crate::repair::rebuild::recovery;
use crate::repair::rebuild::volumes::Volumes;
use crate::repair::rebuild_error::RebuildError;
use crate::volume::Volume;

/// A Windows that gets an entry, with what was read of it.
struct Entry<'l> {
    windows: &'l WindowsVolume,
    facts: Facts,
    entry: Guid,
    resume: Guid,
    recovery: Option<FreshRecovery>,
}

/// The store of this rebuild, and on UEFI the second one, where it is missing or ruined.
///
/// # Errors
/// A Windows cannot be read or is of no version that has a store.
pub(super) fn build(
    layout: &Layout,
    volumes: &Volumes<'_>,
    rebuild: &Rebuild,
    now: u64,
) -> Result<Vec<MadeStore>, RebuildError> {
    let there = rebuild.replaces.and_then(|index| layout.store(index)?.parsed());
    let mut ids = NewIds::new(now, &layout.table.disk.map(DiskId::text).unwrap_or_default());
    let mut entries = Vec::new();
    for index in &rebuild.windows {
        let windows = layout.installation(*index).ok_or(RebuildError::Gone("a Windows"))?;
        let volume = volumes.get(windows.volume).ok_or(RebuildError::Gone("the volume of a Windows"))?;
        let facts = Facts::read(layout, windows, volume, rebuild.firmware)?;
        let place = identity_of(layout, windows.volume).ok_or(NO_IDENTITY)?;
        let known = KnownIds::find(there, windows, place);
        let (resume, entry) = (ids.next_id(), ids.next_id());
        let (resume, entry) = (known.resume.unwrap_or(resume), known.entry.unwrap_or(entry));
        let recovery = recovery::find(layout, volumes, *index, known.options, &mut ids);
        entries.push(Entry { windows, facts, entry, resume, recovery });
    }
    let fresh: Vec<FreshWindows<'_>> =
        entries.iter().map(|entry| of_entry(layout, entry)).collect::<Option<_>>().ok_or(NO_IDENTITY)?;
    let mut fresh = fresh.into_iter();
    let store = FreshStore {
        firmware: rebuild.firmware,
        system: identity_of(layout, rebuild.system).ok_or(NO_IDENTITY)?,
        chosen: fresh.next().ok_or(RebuildError::Gone("a Windows"))?,
        others: fresh.collect(),
    };
    let system = volumes.get(rebuild.system);
    let partition = layout.partition(rebuild.system).map_or(0, |partition| partition.number);
    let made = |file: SystemFile, bytes: Vec<u8>| MadeStore {
        partition,
        path: path_of(system, file),
        bytes,
        entries: entries.iter().map(|entry| title(layout, entry)).collect(),
        before: system.and_then(|volume| volume.read(file.path(), STORE_MAX).ok()?),
        is_recovery: file == SystemFile::RecoveryStore,
    };
    let main = match rebuild.firmware {
        Firmware::Bios => SystemFile::BiosStore,
        Firmware::Uefi => SystemFile::UefiStore,
    };
    let numbers = |file: SystemFile| system.map_or(0, |volume| highest_number(volume, file.path()));
    let stamp = |file: SystemFile| Stamp { last_written: now, sequence_above: numbers(file) };
    let mut stores = Vec::new();
    let second = SystemFile::RecoveryStore;
    let has_second = layout
        .stores
        .iter()
        .any(|file| file.volume == rebuild.system && file.recovery && file.parsed().is_some());
    if let Some(bytes) = store.build_recovery(stamp(second))?.filter(|_| !has_second) {
        stores.push(made(second, bytes));
    }
    let bytes = store.build(stamp(main))?;
    let is_there = match there {
        Some(there) => are_alike(there, &Store::parse(bytes.clone())?),
        None => false,
    };
    if !is_there {
        stores.push(made(main, bytes));
    }
    Ok(stores)
}

const NO_IDENTITY: RebuildError = RebuildError::Gone("the identity of a partition");

fn of_entry<'e>(layout: &Layout, entry: &'e Entry<'_>) -> Option<FreshWindows<'e>> {
    Some(FreshWindows {
        release: entry.facts.release,
        partition: identity_of(layout, entry.windows.volume)?,
        root: entry.windows.root.clone(),
        locale: entry.facts.locale.clone(),
        entry: entry.entry,
        resume: entry.resume,
        recovery: entry.recovery.clone(),
        template: entry.facts.template.as_ref(),
    })
}

/// `Windows 11 Pro 23H2 on partition 3 (Windows)`.
fn title(layout: &Layout, entry: &Entry<'_>) -> String {
    let product = entry.windows.version.as_ref().map_or("Windows", |version| version.product.as_str());
    format!("{product} on {}", layout.name(entry.windows.volume))
}

/// Its path, as the directory spells it where it is there.
fn path_of(system: Option<&Volume<'_>>, file: SystemFile) -> String {
    let there = system.and_then(|volume| volume.find(file.path()).ok()?);
    there.map_or_else(|| file.path().to_owned(), |entry| entry.path)
}
