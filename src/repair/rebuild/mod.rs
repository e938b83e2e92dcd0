//! What is made again from the Windows on the same disk: the store, the boot files, the boot code.
//!
//! Lowest first: `volumes`, `site`; `made`; `put_files` with its `remarks`; `facts`, `recovery`, and the `store` that is made of them.

mod facts;
mod file_system;
mod known;
pub mod made;
pub(in crate::repair) mod numbers;
mod put_code;
mod put_files;
mod recovery;
mod remarks;
pub(in crate::repair) mod site;
mod store;
mod volumes;

use crate::diagnosis::model::rebuild::Rebuild;
use crate::layout::Layout;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Origin;
use crate::repair::boot_files::Role;
use crate::repair::draft::Draft;
use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::put_files::BootFiles;
use crate::repair::rebuild::site::Site;
use crate::repair::rebuild::volumes::Volumes;
use crate::repair::rebuild_error::RebuildError;
use crate::volume::Volume;

/// Writes what a rebuild makes on the disk as it will be: what nothing leads to first, the store and the boot manager last.
///
/// # Errors
/// Something cannot be read, there is no room, or what was put there reads back as something else.
pub(crate) fn write(
    draft: &mut Draft<'_>,
    layout: &Layout,
    rebuild: &Rebuild,
) -> Result<Vec<Made>, RebuildError> {
    let now = rebuild.orders.now;
    let windows = volumes::windows(draft.below(), layout);
    let volumes = Volumes::open(&windows);
    let site = Site::new(layout, rebuild.system, now)?;
    let mut made = Vec::new();
    let partition = layout.partition(rebuild.system).map_or(0, |partition| partition.number);
    if rebuild.parts.file_system {
        made.push(file_system::make(draft, &site, layout, rebuild.system, &rebuild.orders)?);
    }
    let mut files = match rebuild.parts.files {
        true => {
            let free = site.free(draft)?;
            let read = |target: &Volume<'_>| Ok(BootFiles::read(layout, &volumes, rebuild, target, free));
            Some(site.look(draft, read)??)
        }
        false => None,
    };
    if let Some(files) = &mut files {
        files.put(draft, &site, false)?;
    }
    if rebuild.parts.store {
        for store in store::build(layout, &volumes, rebuild, now)? {
            let there = site.look(draft, |volume| volume.find(&store.path))?;
            let file = BootFile {
                from: Origin::Made,
                to: store.path.clone(),
                contents: store.bytes.clone(),
                role: Role::Program,
                replaces: there.map(|_| 0),
            };
            site.put_files(draft, &[&file])?;
            site.is_as_put(draft, &store.path, &store.bytes)?;
            made.push(Made::Store(store));
        }
    }
    if let Some(mut files) = files {
        files.put(draft, &site, true)?;
        if !files.is_empty() {
            made.push(Made::Files(files.made(partition)));
        }
    }
    if rebuild.parts.boot_record {
        made.extend(put_code::record(draft, &volumes, layout, rebuild.system)?);
    }
    if rebuild.parts.boot_code {
        made.extend(put_code::master(draft, &volumes, layout)?);
    }
    if rebuild.parts.active {
        made.push(Made::Active { partition });
    }
    Ok(made)
}
