//! A machine: volumes for good, and the disks that they are on just now.

use std::collections::BTreeSet;

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;
use bcdrescue::storage::StorageMut;

use crate::matching::disk::DISK_LEN;
use crate::matching::disk::Disk;
use crate::matching::table;
use crate::matching::volume::BIOS;
use crate::matching::volume::ESP;
use crate::matching::volume::Volume;
use crate::matching::volume_id::VolumeId;
use crate::support::sparse::PAGE;
use crate::support::sparse::SparseRam;

/// Disks with their volumes. The first disk is the one that is examined.
#[derive(Clone)]
pub struct Machine {
    pub volumes: Vec<Volume>,
    pub disks: Vec<Disk>,
    /// Identities that each disk has had.
    pub ids: BTreeSet<(char, String)>,
    /// GUIDs by which each volume's partition was known.
    pub guids: BTreeSet<(VolumeId, String)>,
    /// Counts what was given out.
    pub given: u32,
}

impl Machine {
    /// No volumes, no disks.
    pub fn new() -> Self {
        Self {
            volumes: Vec::new(),
            disks: Vec::new(),
            ids: BTreeSet::new(),
            guids: BTreeSet::new(),
            given: 0,
        }
    }

    /// A number that nothing else has.
    pub fn fresh(&mut self) -> u32 {
        self.given += 1;
        self.given.wrapping_mul(0x9e37_79b1)
    }

    /// A GUID that nothing else has.
    pub fn fresh_guid(&mut self) -> Guid {
        let number = u128::from(self.fresh());
        Guid::from_u128(number << 96 | 0x3b1d_4c01_9a2c_0242_ac1b_0000)
    }

    /// An identity that no disk has, of the kind of this one.
    pub fn fresh_id(&mut self, disk: usize) -> DiskId {
        match self.disks[disk].id {
            DiskId::Mbr(_) => DiskId::Mbr(self.fresh()),
            DiskId::Gpt(_) => DiskId::Gpt(self.fresh_guid()),
        }
    }

    /// Adds a volume that is nowhere yet.
    pub fn volume(&mut self, volume: Volume) -> VolumeId {
        self.volumes.push(volume);
        self.volumes.len() - 1
    }

    /// Keeps the present identities for the question whether a disk really had one.
    pub fn remember(&mut self) {
        for disk in &self.disks {
            self.ids.insert((disk.name, disk.id.text()));
            let guids = disk.parts.iter().map(|part| (part.volume, part.guid.to_string()));
            self.guids.extend(guids);
        }
    }

    /// Index of the disk and of the partition that has a volume now.
    pub fn place(&self, volume: VolumeId) -> Option<(usize, usize)> {
        self.disks.iter().enumerate().find_map(|(index, disk)| Some((index, disk.index(volume)?)))
    }

    /// The present identity of a volume's partition.
    pub fn identity(&self, volume: VolumeId) -> Option<QualifiedPartition> {
        let (disk, part) = self.place(volume)?;
        Some(self.disks[disk].named(&self.disks[disk].parts[part]))
    }

    /// The disk and the volume that this identity stands for now.
    pub fn resolve(&self, named: QualifiedPartition) -> Option<(usize, VolumeId)> {
        self.disks.iter().enumerate().find_map(|(index, disk)| {
            let part = disk.parts.iter().find(|part| disk.named(part) == named)?;
            Some((index, part.volume))
        })
    }

    /// What an element that meant a volume may be made to name: the volume itself, or where that is gone, its copies.
    pub fn successors(&self, meant: VolumeId) -> Vec<VolumeId> {
        if self.place(meant).is_some() {
            return vec![meant];
        }
        let is_copy = |volume: &VolumeId| {
            let mut of = self.volumes[*volume].copy_of;
            while let Some(original) = of.filter(|original| *original != meant) {
                of = self.volumes[original].copy_of;
            }
            of == Some(meant) && self.place(*volume).is_some()
        };
        (0..self.volumes.len()).filter(is_copy).collect()
    }

    /// The volume with the store of disk A.
    pub fn system(&self) -> VolumeId {
        self.volumes.iter().position(|volume| !volume.stores.is_empty()).expect("a store")
    }

    /// The disk's bytes.
    pub fn render(&self, index: usize) -> SparseRam {
        let disk = &self.disks[index];
        let mut raw = SparseRam::new(DISK_LEN);
        let is_system = |volume: VolumeId| self.volumes[volume].is(BIOS | ESP);
        let system = disk.parts.iter().position(|part| is_system(part.volume));
        table::write(&mut raw, disk, system);
        for part in &disk.parts {
            let volume = self.volumes[part.volume].bytes();
            let first = part.start / PAGE as u64;
            raw.pages.extend(volume.pages.iter().map(|(page, bytes)| (first + page, bytes.clone())));
            // A boot record says where its partition begins.
            if !self.volumes[part.volume].is_encrypted {
                raw.write_at(part.start + 0x1c, &((part.start / 512) as u32).to_le_bytes()).expect("inside");
            }
        }
        raw
    }

    /// The machine with the identity that a disk's bytes say.
    pub fn with_identity_of(&self, index: usize, raw: &SparseRam) -> Self {
        let mut machine = self.clone();
        let (id, guids) = table::read(raw);
        machine.disks[index].id = id;
        for (part, guid) in machine.disks[index].parts.iter_mut().zip(guids) {
            part.guid = guid;
        }
        machine
    }

    /// Whether a disk had this identity at some time.
    pub fn had(&self, disk: char, id: DiskId) -> bool {
        self.ids.contains(&(disk, id.text()))
    }

    /// Whether a volume's partition had this GUID at some time.
    pub fn had_guid(&self, volume: VolumeId, guid: Guid) -> bool {
        self.guids.contains(&(volume, guid.to_string()))
    }
}
