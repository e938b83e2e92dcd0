//! Drive letters that a Windows remembers: `MountedDevices` of its SYSTEM hive.

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::hive::Hive;

use crate::matching::volume_id::VolumeId;

/// A value.
#[derive(Clone)]
pub struct Letter {
    pub name: String,
    pub meant: VolumeId,
    pub named: QualifiedPartition,
}

impl Letter {
    /// Its bytes.
    pub fn data(&self) -> Vec<u8> {
        data(self.named)
    }
}

/// What a value holds that names this.
pub fn data(named: QualifiedPartition) -> Vec<u8> {
    match named {
        QualifiedPartition::Mbr { signature, offset } => {
            [signature.to_le_bytes().as_slice(), &offset.to_le_bytes()].concat()
        }
        QualifiedPartition::Gpt { partition, .. } => [b"DMIO:ID:".as_slice(), partition.bytes()].concat(),
    }
}

/// The bytes of a value in a hive.
pub fn value(hive: &[u8], name: &str) -> Option<Vec<u8>> {
    let hive = Hive::parse(hive.to_vec()).ok()?;
    Some(hive.root().subkey("MountedDevices")?.value(name)?.data.clone())
}
