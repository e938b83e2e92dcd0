//! Version 1: every sector by itself, bytes in hex.

use serde::Deserialize;
use serde::Serialize;

use crate::repair::patch::Patch;
use crate::repair::patch::hex;
use crate::repair::record::After;
use crate::repair::record::SavedBytes;
use crate::repair::record::SavedSector;
use crate::repair::record::SavedStore;

pub(super) const VERSION: u32 = 1;

/// A store.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HexStore {
    partition: u32,
    path: String,
    sha256_before: String,
    sha256_after: String,
    #[serde(with = "hex")]
    bytes_before: Vec<u8>,
}

pub(super) fn stores(stores: Vec<HexStore>) -> Vec<SavedStore> {
    let store = |HexStore { partition, path, sha256_before, sha256_after, bytes_before }| {
        let before = Some(SavedBytes { sha256: sha256_before, bytes: bytes_before });
        SavedStore { partition, path, before, sha256_after }
    };
    stores.into_iter().map(store).collect()
}

pub(super) fn sectors(patches: Vec<Patch>) -> Vec<SavedSector> {
    let sector = |Patch { offset, before, after, stage }| SavedSector {
        offset,
        before,
        after: After::Bytes(after),
        stage,
    };
    patches.into_iter().map(sector).collect()
}
