//! A machine then and now, and what is asked of the program.

use bcdrescue::guid::Guid;

use crate::matching::machine::Machine;
use crate::matching::operation::Operation;
use crate::matching::store::Name;
use crate::matching::store::Role;
use crate::matching::volume::RECOVERY;
use crate::matching::volume::VHD;
use crate::matching::volume::WINDOWS;
use crate::matching::volume::XP;
use crate::matching::volume_id::VolumeId;

/// What the program knows of another disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attached {
    /// Named with `--with`.
    Companion,
    /// Attached: its identity is known.
    Known,
    Absent,
}

/// The switches of one command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Command {
    /// `--windows N`, as the volume that is there.
    pub windows: Option<VolumeId>,
    /// `--entry {GUID}`.
    pub entry: Option<Guid>,
    /// `--system N`.
    pub system: Option<VolumeId>,
    /// `--against RECORD`, made before anything happened.
    pub against: bool,
    pub restore_identity: bool,
    pub drive_letters: bool,
    pub firmware_entries: bool,
}

/// All of it.
#[derive(Clone)]
pub struct Scene {
    pub then: Machine,
    pub now: Machine,
    pub operations: Vec<Operation>,
    /// Of the disks behind A.
    pub attached: Vec<Attached>,
    pub command: Command,
}

impl Scene {
    /// A machine to which nothing has happened, and plain `fix`.
    pub fn new(mut then: Machine) -> Self {
        then.remember();
        let attached = vec![Attached::Absent; then.disks.len().saturating_sub(1)];
        Self { now: then.clone(), then, operations: Vec::new(), attached, command: Command::default() }
    }

    /// Lets something happen.
    pub fn happen(&mut self, operation: Operation) {
        operation.apply(&mut self.now);
        self.operations.push(operation);
    }

    /// Whether the partition that begins here on disk A had this GUID when the store was written.
    pub fn had_by_place(&self, start: u64, guid: Guid) -> bool {
        self.then.disks[0].parts.iter().any(|part| (part.start, part.guid) == (start, guid))
    }

    /// Whether the program sees what is on a disk, so that an element may come to name it.
    pub fn is_seen(&self, disk: usize) -> bool {
        disk == 0 || self.attached[disk - 1] == Attached::Companion
    }

    /// Whether the program knows a disk's identity.
    pub fn is_known(&self, disk: usize) -> bool {
        disk == 0 || self.attached[disk - 1] != Attached::Absent
    }

    /// All names of A's stores.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.now.volumes[self.now.system()].stores.iter().flat_map(|store| &store.names)
    }

    /// Whether a plain `fix` has to cure all of it without a question: one Windows, a store that means only this disk, and one plain
    /// event.
    pub fn is_plain(&self) -> bool {
        let mut windows = self.then.volumes.iter().filter(|volume| volume.is(WINDOWS | XP));
        let of_a = |name: &Name| {
            name.meant.is_none_or(|meant| self.then.place(meant).is_some_and(|place| place.0 == 0))
        };
        let recovery = self.then.volumes.iter().filter(|volume| volume.is(RECOVERY)).count();
        let is_named = self.names().any(|name| name.role == Role::System);
        let is_visible = windows.next().is_some_and(|windows| !windows.is_encrypted);
        let has_vhd = self.then.volumes.iter().any(|volume| volume.is(VHD));
        let event = match self.operations.as_slice() {
            [Operation::NewId(0)] => true,
            // An encrypted Windows shows nothing by which a place without its GUID could be told, and {bootmgr} by `boot` nothing by
            // which the disk could.
            [Operation::NewGuids(0)] => is_visible && is_named,
            [Operation::Move(..)] => is_visible,
            [Operation::NewId(0) | Operation::NewGuids(0), Operation::Move(..)]
            | [Operation::Move(..), Operation::NewId(0) | Operation::NewGuids(0)] => is_visible && is_named,
            _ => false,
        };
        self.command == Command::default()
            && windows.next().is_none()
            && recovery < 2
            && !has_vhd
            && event
            && self.names().all(of_a)
            && self.attached.iter().all(|attached| *attached == Attached::Absent)
    }
}
