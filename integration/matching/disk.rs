//! A disk of a machine: its identity, and which volume is in which of its partitions.

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;

use crate::matching::volume_id::VolumeId;

pub const MIB: u64 = 1 << 20;
/// Bytes of every disk.
pub const DISK_LEN: u64 = 16 << 30;
/// Where partitions begin, on every disk: those of real Windows first, so that they coincide between disks.
pub const SLOTS: [u64; 9] = [
    MIB,
    0x650_0000,
    0x1f50_0000,
    0x3e90_0000,
    0x5dc0_0000,
    0x7d00_0000,
    0xc000_0000,
    0x1_0000_0000,
    0x2_0000_0000,
];

/// A partition.
#[derive(Clone)]
pub struct Part {
    pub volume: VolumeId,
    pub start: u64,
    pub len: u64,
    /// Its own, on a GPT disk.
    pub guid: Guid,
}

/// A disk.
#[derive(Clone)]
pub struct Disk {
    /// `A` has the store.
    pub name: char,
    pub id: DiskId,
    pub parts: Vec<Part>,
    /// Entries of an MBR that are primary partitions, where there are more partitions than fit.
    pub primaries: usize,
}

impl Disk {
    /// An empty disk.
    pub fn new(name: char, id: DiskId) -> Self {
        Self { name, id, parts: Vec::new(), primaries: 4 }
    }

    /// Whether it has a GPT.
    pub fn is_gpt(&self) -> bool {
        matches!(self.id, DiskId::Gpt(_))
    }

    /// Puts a volume where this slot begins, into a partition as long as the slot, or less.
    pub fn add(&mut self, volume: VolumeId, slot: usize, guid: Guid) {
        let end = SLOTS.get(slot + 1).copied().unwrap_or(SLOTS[slot] + (1 << 30));
        let len = (end - SLOTS[slot] - 2 * MIB).min(0x1800_0000 + (slot as u64) * MIB);
        self.parts.push(Part { volume, start: SLOTS[slot], len, guid });
    }

    /// Slots at which no partition begins.
    pub fn free(&self) -> Vec<usize> {
        let is_free = |slot: &usize| !self.parts.iter().any(|part| part.start == SLOTS[*slot]);
        (0..SLOTS.len()).filter(is_free).collect()
    }

    /// The partition with a volume.
    pub fn index(&self, volume: VolumeId) -> Option<usize> {
        self.parts.iter().position(|part| part.volume == volume)
    }

    /// The identity of a partition.
    pub fn named(&self, part: &Part) -> QualifiedPartition {
        match self.id {
            DiskId::Mbr(signature) => QualifiedPartition::Mbr { signature, offset: part.start },
            DiskId::Gpt(disk) => QualifiedPartition::Gpt { disk, partition: part.guid },
        }
    }

    /// Indices of the partitions of an MBR: primary ones and logical ones, each in the order of the disk.
    pub fn in_order(&self) -> (Vec<usize>, Vec<usize>) {
        let mut all: Vec<usize> = (0..self.parts.len()).collect();
        all.sort_by_key(|index| self.parts[*index].start);
        let primaries = if all.len() <= self.primaries { all.len() } else { self.primaries.min(3) };
        let logical = all.split_off(primaries);
        (all, logical)
    }

    /// The number of a partition.
    pub fn number(&self, index: usize) -> u32 {
        if self.is_gpt() {
            return index as u32 + 1;
        }
        let (primary, logical) = self.in_order();
        let in_primary = primary.iter().position(|part| *part == index).map(|at| at as u32 + 1);
        let in_logical = || logical.iter().position(|part| *part == index).map(|at| at as u32 + 5);
        in_primary.or_else(in_logical).expect("a partition of this disk")
    }
}
