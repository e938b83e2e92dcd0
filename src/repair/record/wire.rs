//! A record as it stands in its file.
//!
//! Version 1 has every sector by itself and bytes in hex. Version 2 has neighbours of a stage as one run, and bytes packed:
//! what a repair changes may be large, and its record is not to be.

use serde::Deserialize;
use serde::Serialize;

use crate::repair::patch::Patch;
use crate::repair::patch::hex;
use crate::repair::record::Record;
use crate::repair::record::SECTOR_SIZES;
use crate::repair::record::SavedStore;
use crate::repair::record::State;
use crate::repair::record::Target;
use crate::repair::record::defect::Defect;
use crate::repair::record::defect::beyond_syntax;
use crate::repair::record::packed::Packed;
use crate::repair::record::sha256_of;
use crate::repair::touched::Touched;

/// Version of the format that is written; every older one is read.
pub const VERSION: u32 = 2;
/// What the file says that it is.
const NAME: &str = "undo record";
/// Bytes before and after, and of stores, that a record of version 2 may have in all.
const MOST: u64 = 12 << 20;

/// What is the same in every version, and what differs: a store, and a place on the disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wire<S, P> {
    bcdrescue: String,
    version: u32,
    tool: String,
    created: String,
    state: State,
    target: Target,
    stores: Vec<S>,
    patches: Vec<P>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored: Option<String>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    touched: Vec<Touched>,
    digest: String,
}

/// A store in version 1.
#[derive(Debug, Serialize, Deserialize)]
struct HexStore {
    partition: u32,
    path: String,
    sha256_before: String,
    sha256_after: String,
    #[serde(with = "hex")]
    bytes_before: Vec<u8>,
}

/// A store in version 2.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PackedStore {
    partition: u32,
    path: String,
    sha256_before: String,
    sha256_after: String,
    len: u64,
    bytes_before: Packed,
}

/// Neighbouring sectors of one stage, in version 2.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    offset: u64,
    len: u64,
    before: Packed,
    after: Packed,
    stage: u8,
}

/// What every record says first.
#[derive(Deserialize)]
struct Head {
    bcdrescue: String,
    version: u32,
}

impl<S: Serialize, P: Serialize> Wire<S, P> {
    /// SHA-256 over all but the digest itself and the state, hex.
    fn compute_digest(&mut self) -> String {
        let digest = std::mem::take(&mut self.digest);
        let state = std::mem::replace(&mut self.state, State::Planned);
        let computed = sha256_of(self);
        (self.digest, self.state) = (digest, state);
        computed
    }

    fn checked(mut self, digest: bool) -> Result<Self, Defect> {
        let expected = self.compute_digest();
        match expected == self.digest || !digest {
            true => Ok(self),
            false => Err(Defect::Digest { expected, found: self.digest }),
        }
    }

    /// The record, with what its stores and places come to.
    fn record(
        self,
        stores: impl FnOnce(Vec<S>) -> Result<Vec<SavedStore>, Defect>,
        patches: impl FnOnce(Vec<P>, &Target) -> Result<Vec<Patch>, Defect>,
    ) -> Result<Record, Defect> {
        Ok(Record {
            patches: patches(self.patches, &self.target)?,
            stores: stores(self.stores)?,
            tool: self.tool,
            created: self.created,
            state: self.state,
            target: self.target,
            restored: self.restored,
            touched: self.touched,
        })
    }
}

/// A record as it is written.
pub(super) fn pack(record: &Record) -> Wire<PackedStore, Run> {
    let store = |store: &SavedStore| PackedStore {
        partition: store.partition,
        path: store.path.clone(),
        sha256_before: store.sha256_before.clone(),
        sha256_after: store.sha256_after.clone(),
        len: u64::try_from(store.bytes_before.len()).unwrap_or(u64::MAX),
        bytes_before: Packed::of(&store.bytes_before),
    };
    let mut wire = Wire {
        bcdrescue: NAME.to_owned(),
        version: VERSION,
        tool: record.tool.clone(),
        created: record.created.clone(),
        state: record.state,
        target: record.target.clone(),
        stores: record.stores.iter().map(store).collect(),
        patches: runs(&record.patches),
        restored: record.restored.clone(),
        touched: record.touched.clone(),
        digest: String::new(),
    };
    wire.digest = wire.compute_digest();
    wire
}

/// The patches as runs: neighbours of a stage together, in the order of writing.
fn runs(patches: &[Patch]) -> Vec<Run> {
    let len = |patch: &Patch| u64::try_from(patch.after.len()).unwrap_or(u64::MAX);
    let follows = |one: &Patch, next: &Patch| {
        one.stage == next.stage && one.offset.saturating_add(len(one)) == next.offset
    };
    let run = |run: &[Patch]| {
        let first = run.first()?;
        let join = |bytes: fn(&Patch) -> &[u8]| run.iter().map(bytes).collect::<Vec<_>>().concat();
        Some(Run {
            offset: first.offset,
            len: run.iter().map(len).fold(0, u64::saturating_add),
            before: Packed::of(&join(|patch| &patch.before)),
            after: Packed::of(&join(|patch| &patch.after)),
            stage: first.stage,
        })
    };
    patches.chunk_by(follows).filter_map(run).collect()
}

/// The record that a file has. Without `digest` a wrong one is no defect: for those who make up records.
pub(super) fn unpack(text: Vec<u8>, digest: bool) -> Result<Record, Defect> {
    let no_record = |error: serde_json::Error| Defect::NoRecord(beyond_syntax(&error));
    let head: Head = serde_json::from_slice(&text).map_err(no_record)?;
    if head.bcdrescue != NAME {
        return Err(Defect::OtherKind);
    }
    match head.version {
        1 => {
            let wire: Wire<HexStore, Patch> = serde_json::from_slice(&text).map_err(no_record)?;
            drop(text);
            let wire = wire.checked(digest)?;
            wire.record(|stores| Ok(stores.into_iter().map(hex_store).collect()), |patches, _| Ok(patches))
        }
        VERSION => {
            let wire: Wire<PackedStore, Run> = serde_json::from_slice(&text).map_err(no_record)?;
            drop(text);
            let wire = wire.checked(digest)?;
            check_size(&wire)?;
            let stores = |stores: Vec<PackedStore>| stores.into_iter().map(packed_store).collect();
            wire.record(stores, |runs, target| sectors(runs, target.sector_size))
        }
        other => Err(Defect::Version(other)),
    }
}

fn hex_store(store: HexStore) -> SavedStore {
    let HexStore { partition, path, sha256_before, sha256_after, bytes_before } = store;
    SavedStore { partition, path, sha256_before, sha256_after, bytes_before }
}

fn packed_store(store: PackedStore) -> Result<SavedStore, Defect> {
    let PackedStore { partition, path, sha256_before, sha256_after, len, bytes_before } = store;
    let bytes_before = usize::try_from(len).ok().and_then(|len| bytes_before.bytes(len));
    let bytes_before = bytes_before.ok_or_else(|| Defect::Packed(path.clone()))?;
    Ok(SavedStore { partition, path, sha256_before, sha256_after, bytes_before })
}

/// Nothing is unpacked that would take more memory than all of a record may.
fn check_size(wire: &Wire<PackedStore, Run>) -> Result<(), Defect> {
    let runs = wire.patches.iter().map(|run| run.len.saturating_mul(2));
    let stores = wire.stores.iter().map(|store| store.len);
    let found = runs.chain(stores).fold(0, u64::saturating_add);
    if found <= MOST { Ok(()) } else { Err(Defect::TooLarge { found, most: MOST }) }
}

fn sectors(runs: Vec<Run>, sector_size: u32) -> Result<Vec<Patch>, Defect> {
    let size = usize::try_from(sector_size).unwrap_or(0);
    if !SECTOR_SIZES.contains(&sector_size) {
        return Err(Defect::SectorSize(size));
    }
    let mut patches = Vec::new();
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
            patches.push(Patch { offset: at, before: before.to_vec(), after: after.to_vec(), stage });
            at = at.saturating_add(u64::from(sector_size));
        }
    }
    Ok(patches)
}
