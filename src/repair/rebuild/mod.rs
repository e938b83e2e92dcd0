//! What is made again from the Windows on the same disk: the store, the boot files, the boot code.
//!
//! Lowest first: `error`, `volumes`, `site`; `files`, which boot files are taken from where; `code`; `made`; `ids`, `facts`, `recovery`, and
//! the `store` that is made of them.

mod error;
mod facts;
mod ids;
pub mod made;
mod recovery;
mod site;
mod store;
mod volumes;

pub use error::RebuildError;

use crate::diagnosis::model::rebuild::Rebuild;
use crate::layout::Layout;
use crate::repair::draft::Draft;
use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::site::Site;
use crate::repair::rebuild::volumes::Volumes;
use crate::storage::Storage;

/// Writes what a rebuild makes on the disk as it will be: what nothing leads to first, the store and the boot manager last.
///
/// # Errors
/// Something cannot be read, there is no room, or what was put there reads back as something else.
pub(crate) fn write(
    draft: &mut Draft<'_>,
    storage: &dyn Storage,
    layout: &Layout,
    rebuild: &Rebuild,
) -> Result<Vec<Made>, RebuildError> {
    let now = rebuild.orders.now;
    let windows = volumes::windows(storage, layout);
    let volumes = Volumes::open(&windows);
    let site = Site::new(layout, rebuild.system, now)?;
    let mut made = Vec::new();
    if rebuild.parts.store {
        for store in store::build(layout, &volumes, rebuild, now)? {
            site.put_file(draft, &store.path, &store.bytes)?;
            site.is_as_put(draft, &store.path, &store.bytes)?;
            made.push(Made::Store(store));
        }
    }
    Ok(made)
}
