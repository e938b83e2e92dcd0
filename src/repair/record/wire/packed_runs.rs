//! Version 2: neighbours of a stage as one run, bytes before and after packed.

use serde::Deserialize;
use serde::Serialize;

use crate::repair::record::After;
use crate::repair::record::Record;
use crate::repair::record::SECTOR_SIZES;
use crate::repair::record::SavedBytes;
use crate::repair::record::SavedSector;
use crate::repair::record::SavedStore;
use crate::repair::record::defect::Defect;
use crate::repair::record::packed::Packed;
use crate::repair::record::wire::Wire;
use crate::repair::record::wire::before_of;
use crate::repair::record::wire::follows;
use crate::repair::record::wire::len_of;
use crate::repair::touched::Touched;

pub(super) const VERSION: u32 = 2;
/// Bytes before and after, and of stores, that a record may have in all.
const MOST: u64 = 12 << 20;

/// A record of this version.
pub(super) type Document = Wire<PackedStore, Run>;

/// A store.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::repair::record) struct PackedStore {
    partition: u32,
    path: String,
    sha256_before: String,
    sha256_after: String,
    len: u64,
    bytes_before: Packed,
}

/// Neighbouring sectors of one stage.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::repair::record) struct Run {
    offset: u64,
    len: u64,
    before: Packed,
    after: Packed,
    stage: u8,
}

/// The stores and runs of a record, where this version can have them.
pub(super) fn pack(record: &Record) -> Option<(Vec<PackedStore>, Vec<Run>)> {
    if record.touched.iter().any(|part| matches!(part, Touched::Volume { .. })) {
        return None;
    }
    let stores: Vec<_> = record.stores.iter().map(packed_store).collect::<Option<_>>()?;
    let total = len_of(&record.patches).saturating_mul(2);
    let total = stores.iter().map(|store| store.len).fold(total, u64::saturating_add);
    if total > MOST {
        return None;
    }
    let runs = record.patches.chunk_by(follows).map(run).collect::<Option<_>>()?;
    Some((stores, runs))
}

fn packed_store(store: &SavedStore) -> Option<PackedStore> {
    let before = store.before.as_ref()?;
    Some(PackedStore {
        partition: store.partition,
        path: store.path.clone(),
        sha256_before: before.sha256.clone(),
        sha256_after: store.sha256_after.clone(),
        len: u64::try_from(before.bytes.len()).unwrap_or(u64::MAX),
        bytes_before: Packed::of(&before.bytes),
    })
}

fn run(sectors: &[SavedSector]) -> Option<Run> {
    let first = sectors.first()?;
    Some(Run {
        offset: first.offset,
        len: len_of(sectors),
        before: Packed::of(&before_of(sectors)),
        after: Packed::of(&after_of(sectors)?),
        stage: first.stage,
    })
}

/// Their bytes after, where they are kept.
pub(super) fn after_of(sectors: &[SavedSector]) -> Option<Vec<u8>> {
    let bytes = |sector: &SavedSector| match &sector.after {
        After::Bytes(bytes) => Some(bytes.clone()),
        After::Digests(_) => None,
    };
    let all: Vec<_> = sectors.iter().map(bytes).collect::<Option<_>>()?;
    Some(all.iter().map(|bytes| &**bytes).collect::<Vec<_>>().concat())
}

/// Nothing is unpacked that would take more memory than all of a record may.
pub(super) fn check_size(stores: &[PackedStore], runs: &[Run]) -> Result<(), Defect> {
    let runs = runs.iter().map(|run| run.len.saturating_mul(2));
    let found = runs.chain(stores.iter().map(|store| store.len)).fold(0, u64::saturating_add);
    if found <= MOST { Ok(()) } else { Err(Defect::TooLarge { found, most: MOST }) }
}

pub(super) fn stores(stores: Vec<PackedStore>) -> Result<Vec<SavedStore>, Defect> {
    let store = |PackedStore { partition, path, sha256_before, sha256_after, len, bytes_before }| {
        let bytes = usize::try_from(len).ok().and_then(|len| bytes_before.bytes(len));
        let bytes = bytes.ok_or_else(|| Defect::Packed(path.clone()))?;
        let before = Some(SavedBytes { sha256: sha256_before, bytes });
        Ok(SavedStore { partition, path, before, sha256_after })
    };
    stores.into_iter().map(store).collect()
}

pub(super) fn sectors(runs: Vec<Run>, sector_size: u32) -> Result<Vec<SavedSector>, Defect> {
    let size = usize::try_from(sector_size).unwrap_or(0);
    if !SECTOR_SIZES.contains(&sector_size) {
        return Err(Defect::SectorSize(size));
    }
    let mut sectors = Vec::new();
    for Run { offset, len, before, after, stage } in runs {
        let packed = || Defect::Packed(format!("the sectors at 0x{offset:x}"));
        let len = usize::try_from(len).map_err(|_| packed())?;
        if len == 0 || !len.is_multiple_of(size) {
            return Err(Defect::NoSector(offset));
        }
        let before = before.bytes(len).ok_or_else(packed)?;
        let after = after.bytes(len).ok_or_else(packed)?;
        let mut at = offset;
        for (before, after) in before.chunks(size).zip(after.chunks(size)) {
            let after = After::Bytes(after.into());
            sectors.push(SavedSector { offset: at, before: before.into(), after, stage });
            at = at.saturating_add(u64::from(sector_size));
        }
    }
    Ok(sectors)
}
