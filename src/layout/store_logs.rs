//! A store that is dirty, as the logs beside it make it.

use std::sync::Arc;

use crate::bcd::Store;
use crate::hive::replay;
use crate::hive::replay::Replayed;
use crate::layout::known::Cause;
use crate::layout::store_budget::StoreBudget;
use crate::volume::Volume;

/// Endings of the transaction logs that Windows keeps beside a store. Stores of Windows 8.1 and later were seen with
/// entries in all three.
const LOG_ENDINGS: [&str; 3] = ["LOG", "LOG1", "LOG2"];

/// What a hive begins with (M. Suhanov, "Windows registry file format specification", Base block).
const SIGNATURE: &[u8; 4] = b"regf";

/// A store whose last write was cut short.
#[derive(Debug)]
pub enum Dirty {
    /// Its logs make it whole.
    Replayed {
        /// The file as it lies on the disk.
        on_disk: Vec<u8>,
        /// What was done. The bytes that came out are those of [`StoreFile::store`](crate::layout::store::StoreFile::store), and not here once more.
        replayed: Replayed,
    },
    /// Its logs do not help, for this reason.
    NotReplayed(Cause),
}

/// The store in a file; a dirty one as its logs make it, where they help.
pub(super) fn made_whole(
    volume: &Volume<'_>,
    path: &str,
    on_disk: Vec<u8>,
    budget: &mut StoreBudget,
) -> (Result<Store, Cause>, Option<Dirty>) {
    let parse = |bytes| Store::parse(bytes).map_err(Cause::from);
    if replay::is_clean(&on_disk) {
        return (parse(on_disk), None);
    }
    let why = match replay_logs(volume, path, &on_disk, budget) {
        Ok(None) => return (parse(on_disk), None),
        Ok(Some(mut replayed)) => match parse(std::mem::take(&mut replayed.bytes)) {
            Ok(store) => {
                budget.take(store.hive().bytes());
                return (Ok(store), Some(Dirty::Replayed { on_disk, replayed }));
            }
            Err(error) => error,
        },
        Err(why) => why,
    };
    let head = on_disk.first_chunk().copied().filter(|head| head != SIGNATURE);
    let store = Store::parse(on_disk).map_err(|store| {
        let logs = Box::new(why.clone());
        match head {
            Some(head) => Cause::NoHive { store, head, logs },
            None => Cause::Dirty { store, logs },
        }
    });
    (store, Some(Dirty::NotReplayed(why)))
}

/// Reads the logs beside a store and replays them. One that is there and cannot be read may hold the last change, which a
/// replay without it would lose for good: the repaired store is clean, and nobody reads its logs any more.
fn replay_logs(
    volume: &Volume<'_>,
    path: &str,
    on_disk: &[u8],
    budget: &mut StoreBudget,
) -> Result<Option<Replayed>, Cause> {
    let name = path.rsplit('\\').next().unwrap_or(path);
    let mut logs = Vec::new();
    for ending in LOG_ENDINGS {
        let name = format!("{name}.{ending}");
        match volume.read(&format!("{path}.{ending}"), budget.longest()) {
            Ok(Some(bytes)) => {
                budget.take(&bytes);
                logs.push((name, bytes));
            }
            Ok(None) => {}
            Err(error) => return Err(Cause::Log { name, cause: Arc::new(error) }),
        }
    }
    let logs: Vec<(&str, &[u8])> =
        logs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Ok(replay::replay(on_disk, &logs)?)
}
