//! Version 3: of runs that are contents of files, digests in place of the bytes after; stores that were not there before.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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
use crate::repair::record::saved::DIGEST;
use crate::repair::record::wire::Wire;
use crate::repair::record::wire::before_of;
use crate::repair::record::wire::follows;
use crate::repair::record::wire::len_of;
use crate::repair::record::wire::packed_runs::after_of;
use crate::repair::sector::Sector;

pub(super) const VERSION: u32 = 3;
/// Bytes of sectors that a record may have.
const MOST: u64 = 64 << 20;
/// Bytes of stores, and bytes after, that it may have in all.
const MOST_WHOLE: u64 = 12 << 20;
/// Bytes of a run, at most: so much is unpacked at once.
const MOST_OF_RUN: u64 = 1 << 20;

/// A record of this version.
pub(super) type Document = Wire<Store, Run>;

/// A store.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::repair::record) struct Store {
    partition: u32,
    path: String,
    before: Option<File>,
    sha256_after: String,
}

/// A file.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    sha256: String,
    len: u64,
    bytes: Packed,
}

/// Neighbouring sectors of one stage.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::repair::record) struct Run {
    offset: u64,
    len: u64,
    before: Packed,
    #[serde(flatten)]
    after: RunAfter,
    stage: u8,
}

/// What stands in a run after the repair: its bytes, or the digests of its pieces, one behind the other in base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RunAfter {
    After(Packed),
    Digests(String),
}

/// The stores and runs of a record.
pub(super) fn pack(record: &Record) -> (Vec<Store>, Vec<Run>) {
    let file = |before: &SavedBytes| File {
        sha256: before.sha256.clone(),
        len: u64::try_from(before.bytes.len()).unwrap_or(u64::MAX),
        bytes: Packed::of(&before.bytes),
    };
    let store = |store: &SavedStore| Store {
        partition: store.partition,
        path: store.path.clone(),
        before: store.before.as_ref().map(file),
        sha256_after: store.sha256_after.clone(),
    };
    let is_alike =
        |one: &SavedSector, next: &SavedSector| follows(one, next) && one.is_contents() == next.is_contents();
    let most = MOST_OF_RUN.checked_div(record.target.sector_size.into()).unwrap_or(1);
    let most = usize::try_from(most).unwrap_or(1).max(1);
    let runs = record.patches.chunk_by(is_alike).flat_map(|run| run.chunks(most)).filter_map(run);
    (record.stores.iter().map(store).collect(), runs.collect())
}

fn run(sectors: &[SavedSector]) -> Option<Run> {
    let first = sectors.first()?;
    Some(Run {
        offset: first.offset,
        len: len_of(sectors),
        before: Packed::of(&before_of(sectors)),
        after: match after_of(sectors) {
            Some(bytes) => RunAfter::After(Packed::of(&bytes)),
            None => RunAfter::Digests(digests_of(sectors)),
        },
        stage: first.stage,
    })
}

fn digests_of(sectors: &[SavedSector]) -> String {
    let digests = |sector: &SavedSector| match &sector.after {
        After::Digests(digests) => digests.concat(),
        After::Bytes(_) => Vec::new(),
    };
    STANDARD.encode(sectors.iter().flat_map(digests).collect::<Vec<u8>>())
}

/// Nothing is unpacked that would take more memory than all of a record may.
pub(super) fn check_size(stores: &[Store], runs: &[Run]) -> Result<(), Defect> {
    let at_most = |found: u64, most| match found <= most {
        true => Ok(()),
        false => Err(Defect::TooLarge { found, most }),
    };
    let stores = stores.iter().filter_map(|store| store.before.as_ref()).map(|file| file.len);
    let after = |run: &Run| if matches!(run.after, RunAfter::After(_)) { run.len } else { 0 };
    at_most(runs.iter().map(|run| run.len).fold(0, u64::saturating_add), MOST)?;
    at_most(stores.chain(runs.iter().map(after)).fold(0, u64::saturating_add), MOST_WHOLE)?;
    runs.iter().try_for_each(|run| at_most(run.len, MOST_OF_RUN))
}

pub(super) fn stores(stores: Vec<Store>) -> Result<Vec<SavedStore>, Defect> {
    let store = |Store { partition, path, before, sha256_after }| {
        let file = |File { sha256, len, bytes }| {
            let bytes = usize::try_from(len).ok().and_then(|len| bytes.bytes(len))?;
            Some(SavedBytes { sha256, bytes })
        };
        let before = before.map(|before| file(before).ok_or_else(|| Defect::Packed(path.clone())));
        Ok(SavedStore { before: before.transpose()?, partition, path, sha256_after })
    };
    stores.into_iter().map(store).collect()
}

pub(super) fn sectors(runs: Vec<Run>, sector_size: u32) -> Result<Vec<SavedSector>, Defect> {
    let size = usize::try_from(sector_size).unwrap_or(0);
    if !SECTOR_SIZES.contains(&sector_size) {
        return Err(Defect::SectorSize(size));
    }
    let zeros = Sector::zeros(size);
    let mut sectors = Vec::new();
    for Run { offset, len, before, after, stage } in runs {
        let packed = || Defect::Packed(format!("the sectors at 0x{offset:x}"));
        let len = usize::try_from(len).map_err(|_| packed())?;
        if len == 0 || !len.is_multiple_of(size) {
            return Err(Defect::NoSector(offset));
        }
        let before = before.bytes(len).ok_or_else(packed)?;
        let after = after.sectors(len, size).ok_or_else(packed)?;
        let mut at = offset;
        for (before, after) in before.chunks(size).zip(after) {
            sectors.push(SavedSector { offset: at, before: Sector::sharing(before, &zeros), after, stage });
            at = at.saturating_add(u64::from(sector_size));
        }
    }
    Ok(sectors)
}

impl RunAfter {
    /// What stands in each sector of `size` bytes of a run of `len`.
    fn sectors(&self, len: usize, size: usize) -> Option<Vec<After>> {
        match self {
            Self::After(packed) => {
                let bytes = packed.bytes(len)?;
                Some(bytes.chunks(size).map(|sector| After::Bytes(sector.into())).collect())
            }
            Self::Digests(text) => {
                let bytes = STANDARD.decode(text).ok()?;
                let (digests, rest) = bytes.as_chunks::<DIGEST>();
                let of_sector = After::digests_in(size);
                let is_whole = rest.is_empty()
                    && digests.len().checked_mul(size) == len.checked_mul(of_sector)
                    && of_sector > 0;
                let after = |digests: &[[u8; DIGEST]]| After::Digests(digests.into());
                is_whole.then(|| digests.chunks(of_sector).map(after).collect())
            }
        }
    }
}
