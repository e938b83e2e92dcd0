//! A record as it stands in its file.
//!
//! Version 1 has every sector by itself and bytes in hex. Version 2 has neighbours of a stage as one run, and bytes packed:
//! what a repair changes may be large, and its record is not to be. Version 3 has of runs with the contents of new files digests
//! in place of the bytes after, stores that were not there before, and the entry of the firmware's boot
//! menu; what needs none of that is written as version 2.

mod contents;
mod hex_sectors;
mod packed_runs;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::repair::nvram::FirmwareEntry;
use crate::repair::record::Record;
use crate::repair::record::SavedSector;
use crate::repair::record::SavedStore;
use crate::repair::record::State;
use crate::repair::record::Taken;
use crate::repair::record::Target;
use crate::repair::record::defect::Defect;
use crate::repair::record::defect::beyond_syntax;
use crate::repair::record::sha256_of;
use crate::repair::touched::Touched;

/// Version of the format that is written at most; every older one is read.
pub const VERSION: u32 = contents::VERSION;
/// What the file says that it is.
const NAME: &str = "undo record";
/// Longest record before version 3, in bytes.
const MAX_OLD: usize = 24 << 20;

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
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    taken: Vec<Taken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    firmware_entry: Option<FirmwareEntry>,
    digest: String,
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
        patches: impl FnOnce(Vec<P>, &Target) -> Result<Vec<SavedSector>, Defect>,
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
            taken: self.taken,
            firmware_entry: self.firmware_entry,
        })
    }
}

/// A record as it is written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Written {
    /// Version 2.
    Packed(packed_runs::Document),
    /// Version 3.
    Contents(contents::Document),
}

/// A record as it is written: in the oldest version that can have it.
pub(super) fn pack(record: &Record) -> Written {
    let old = packed_runs::pack(record).filter(|_| record.firmware_entry.is_none());
    match old {
        Some((stores, runs)) => Written::Packed(wire(record, packed_runs::VERSION, stores, runs)),
        None => {
            let (stores, runs) = contents::pack(record);
            Written::Contents(wire(record, contents::VERSION, stores, runs))
        }
    }
}

fn wire<S: Serialize, P: Serialize>(
    record: &Record,
    version: u32,
    stores: Vec<S>,
    patches: Vec<P>,
) -> Wire<S, P> {
    let mut wire = Wire {
        bcdrescue: NAME.to_owned(),
        version,
        tool: record.tool.clone(),
        created: record.created.clone(),
        state: record.state,
        target: record.target.clone(),
        stores,
        patches,
        restored: record.restored.clone(),
        touched: record.touched.clone(),
        taken: record.taken.clone(),
        firmware_entry: record.firmware_entry.clone(),
        digest: String::new(),
    };
    wire.digest = wire.compute_digest();
    wire
}

/// Neighbours of one stage, in the order of writing.
fn follows(one: &SavedSector, next: &SavedSector) -> bool {
    one.stage == next.stage && one.offset.checked_add(one.len()) == Some(next.offset)
}

/// Length of sectors in bytes.
fn len_of(sectors: &[SavedSector]) -> u64 {
    sectors.iter().map(SavedSector::len).fold(0, u64::saturating_add)
}

/// Their bytes before.
fn before_of(sectors: &[SavedSector]) -> Vec<u8> {
    sectors.iter().map(|sector| &*sector.before).collect::<Vec<_>>().concat()
}

/// The record that a file has. Without `digest` a wrong one is no defect: for those who make up records.
pub(super) fn unpack(text: impl AsRef<[u8]>, digest: bool) -> Result<Record, Defect> {
    let head: Head = serde_json::from_slice(text.as_ref()).map_err(|error| no_record(&error))?;
    if head.bcdrescue != NAME {
        return Err(Defect::OtherKind);
    }
    if head.version < contents::VERSION && text.as_ref().len() > MAX_OLD {
        return Err(Defect::NoFile);
    }
    match head.version {
        hex_sectors::VERSION => {
            let wire = read(text, digest)?;
            wire.record(
                |stores| Ok(hex_sectors::stores(stores)),
                |patches, _| Ok(hex_sectors::sectors(patches)),
            )
        }
        packed_runs::VERSION => {
            let wire = read(text, digest)?;
            packed_runs::check_size(&wire.stores, &wire.patches)?;
            wire.record(packed_runs::stores, |runs, target| packed_runs::sectors(runs, target.sector_size))
        }
        contents::VERSION => {
            let wire = read(text, digest)?;
            contents::check_size(&wire.stores, &wire.patches)?;
            wire.record(contents::stores, |runs, target| contents::sectors(runs, target.sector_size))
        }
        other => Err(Defect::Version(other)),
    }
}

/// What the text has, which is no longer needed then.
fn read<S, P>(text: impl AsRef<[u8]>, digest: bool) -> Result<Wire<S, P>, Defect>
where
    S: Serialize + DeserializeOwned,
    P: Serialize + DeserializeOwned,
{
    let wire: Wire<S, P> = serde_json::from_slice(text.as_ref()).map_err(|error| no_record(&error))?;
    drop(text);
    wire.checked(digest)
}

fn no_record(error: &serde_json::Error) -> Defect {
    Defect::NoRecord(beyond_syntax(error))
}
