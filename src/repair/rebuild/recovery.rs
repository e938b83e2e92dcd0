//! Where the recovery environment of a Windows is, for its new store.

use crate::bcd::fresh::FreshRecovery;
use crate::bcd::new_ids::NewIds;
use crate::diagnosis::identity_of;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;
use crate::layout::reagent::LocationKind;
use crate::layout::reagent::RecoveryConfig;
use crate::repair::rebuild::volumes::Volumes;
use crate::volume::EntryKind;

/// Where it is since Windows 8.
const FOLDER: &str = r"\Recovery\WindowsRE";
/// `InstallState` of one that is disabled.
const DISABLED: u32 = 0;

/// The recovery environment of a Windows, whose RAM disk had the options with the id `known`: where its `ReAgent.xml` says, or else where one is, with both files that its start takes.
pub(super) fn find(
    layout: &Layout,
    volumes: &Volumes<'_>,
    windows: WindowsIndex,
    known: Option<Guid>,
    ids: &mut NewIds,
) -> Option<FreshRecovery> {
    let read = |of: Option<WindowsIndex>| {
        let files = layout.winre.iter().filter(move |file| file.windows == of);
        files.filter_map(|file| file.config.as_ref().ok())
    };
    // The recovery environment has a copy of it.
    let config = read(Some(windows)).next().or_else(|| read(None).find(|config| config.entry.is_some()));
    if config.is_some_and(|config| config.state == Some(DISABLED)) {
        return None;
    }
    let has_both = |(volume, folder): &(VolumeIndex, String)| {
        ["Winre.wim", "boot.sdi"].iter().all(|name| is_file(volumes, *volume, &format!(r"{folder}\{name}")))
    };
    let named = config.and_then(|config| named(layout, config));
    let anywhere = layout.volume_indices().map(|volume| (volume, FOLDER.to_owned()));
    let (volume, folder) = named.into_iter().chain(anywhere).find(has_both)?;
    let entry = config.and_then(|config| config.entry).filter(|entry| *entry != Guid::ZERO);
    let (first, second) = (ids.next_id(), ids.next_id());
    Some(FreshRecovery {
        // The id that Windows has kept: so `ReAgent.xml` and the store agree.
        entry: entry.unwrap_or(first),
        options: known.filter(|options| *options != Guid::ZERO).unwrap_or(second),
        partition: identity_of(layout, volume)?,
        folder,
    })
}

/// Where `ReAgent.xml` says that it is: the disk may have had another identity then, its partitions begin where they did.
fn named(layout: &Layout, config: &RecoveryConfig) -> Option<(VolumeIndex, String)> {
    let location = config.locations.iter().find(|location| location.what == LocationKind::Winre)?;
    let volume = layout.partition_at(location.offset.filter(|_| location.path.starts_with('\\'))?)?;
    Some((volume, location.path.clone()))
}

fn is_file(volumes: &Volumes<'_>, volume: VolumeIndex, path: &str) -> bool {
    let found = volumes.get(volume).and_then(|volume| volume.find(path).ok()?);
    found.is_some_and(|entry| matches!(entry.kind, EntryKind::File { len } if len > 0))
}
