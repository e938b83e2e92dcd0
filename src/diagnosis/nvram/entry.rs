//! Findings about the firmware's boot entries, of which Windows keeps copies in the store.
//!
//! `FirmwareVariable` of {bootmgr} and of the firmware's own entries names a partition as the firmware's memory does:
//! by identity, number, first block and blocks; `device` of a firmware entry is a projection of that (in 71 of 72
//! objects that have both, they agree). Windows refreshes the copies from the firmware at its next start, and the
//! firmware has chosen the partition before the store is read: what is stale here stops nothing. Many entries mean other
//! disks (sticks, other systems); only those are spoken of whose identity is shown to have been this disk's.

use crate::bcd::device_path::HardDrive;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware_variable;
use crate::bcd::firmware_variable::FirmwareVariable;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::model::identity::show_identity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::nvram::edit;
use crate::diagnosis::nvram::edit::Place;
use crate::diagnosis::nvram::place::Stands;
use crate::diagnosis::nvram::place::key_of_drive;
use crate::diagnosis::nvram::place::key_of_record;
use crate::diagnosis::nvram::place::node_of;
use crate::diagnosis::nvram::place::show_drive;
use crate::diagnosis::resolve::reference::Reference;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;

/// Partitions of one entry that are looked at, at most; real entries name one.
const DRIVES_MAX: usize = 8;

/// All findings about copies of firmware entries; `answers` are those to `references`.
#[must_use]
pub(crate) fn findings(
    layout: &Layout,
    context: &Context,
    references: &[Reference],
    answers: &[Resolution],
) -> Vec<Finding> {
    let stands = Stands::new(layout, context, references, answers);
    let live = layout.stores_indexed().filter(|(_, file)| file.live);
    let stores = live.filter_map(|(index, file)| Some((index, file, file.parsed()?)));
    let objects = stores.flat_map(|(store, file, parsed)| {
        let known = parsed.objects_indexed().filter(|(_, object)| object.id.is_some());
        known.map(move |(at, object)| Entry { layout, context, store, at, file, object })
    });
    objects.filter_map(|entry| entry.finding(&stands)).collect()
}

/// An object that may stand for an entry of the firmware.
struct Entry<'a> {
    layout: &'a Layout,
    context: &'a Context,
    store: StoreIndex,
    /// Index of the object in the store.
    at: ObjectIndex,
    file: &'a StoreFile,
    object: &'a Object,
}

/// What is stale in one object.
#[derive(Default)]
struct Stale {
    /// The volume that is meant.
    volume: Option<VolumeIndex>,
    /// Whether an identity is another; else only where the partition lies.
    identity: bool,
    /// What it names, for people.
    names: Vec<String>,
    edits: Vec<ByteEdit>,
}

impl Entry<'_> {
    fn finding(&self, stands: &Stands<'_>) -> Option<Finding> {
        let value = firmware_variable::value_of(self.object);
        let variable = value.and_then(|value| FirmwareVariable::decode(&value.data).ok());
        let mut stale = Stale::default();
        for drive in variable.iter().flat_map(|variable| &variable.hard_drives).take(DRIVES_MAX) {
            self.node(stands, drive, &mut stale);
        }
        if self.object.object_type.is_some_and(|kind| kind.is_firmware_application()) {
            self.element(stands, &mut stale);
        }
        let volume = stale.volume.filter(|_| !stale.edits.is_empty())?;
        Some(self.describe(variable.as_ref(), volume, stale))
    }

    fn place(&self, what: &str) -> Place {
        // {bootmgr}'s own copy is the proof that the old identity was this disk's, where no element names it any more;
        // it is written behind the others, so that a repair that was cut short still has it.
        let rank = u8::from(self.object.id == Some(object_id::BOOTMGR));
        Place { store: self.store, rank, of: format!("{what} {}", self.object.name()) }
    }

    fn node(&self, stands: &Stands<'_>, drive: &HardDrive, stale: &mut Stale) {
        let node = || {
            let value = firmware_variable::value_of(self.object)?;
            let key = key_of_drive(self.layout, drive)?;
            let volume = stands.volume(&key)?;
            let new = node_of(self.layout, volume)?;
            let edits = edit::of_drive(value, drive, &new, &self.place("the firmware entry"))?;
            Some((volume, drive.identity() != Some(new.signature), edits))
        };
        let Some((volume, identity, edits)) = node() else { return };
        if !edits.is_empty() {
            stale.volume = Some(volume);
            stale.identity |= identity;
            stale.names.push(show_drive(drive));
            stale.edits.extend(edits);
        }
    }

    /// `device` of a firmware's own entry, which no re-pointing touches.
    fn element(&self, stands: &Stands<'_>, stale: &mut Stale) {
        let Some(element) = self.object.element(ElementId::DEVICE) else { return };
        let ElementValue::Device(device) = &element.value else { return };
        for reference in device.identities().iter().filter(|reference| !reference.inside_vhd) {
            let disk = disk_of(&reference.partition);
            let volume = stands.volume(&key_of_record(&reference.partition));
            let new = volume.and_then(|volume| identity_of(self.layout, volume));
            let (Some(volume), Some(new)) = (volume, new) else { continue };
            let is_known = self.context.others.find(disk).is_some();
            if reference.partition == new || is_known {
                continue;
            }
            let place = self.place("device of");
            let Some(edits) = edit::of_record(element, reference, new, &place) else { continue };
            stale.volume = Some(volume);
            stale.identity = true;
            stale.names.push(show_identity(&reference.partition));
            stale.edits.extend(edits);
        }
    }

    fn describe(&self, variable: Option<&FirmwareVariable>, volume: VolumeIndex, stale: Stale) -> Finding {
        let place = self.layout.name(volume);
        let message = match stale.identity {
            true => {
                format!("copy of a firmware entry: refers to {place} by an old identity")
            }
            false => format!("copy of a firmware entry: refers to {place} with a different start or size"),
        };
        let called = variable.map_or_else(String::new, |variable| {
            format!(" {} \"{}\"", variable.variable(), variable.friendly_name)
        });
        let mut evidence: Vec<String> =
            stale.names.iter().map(|name| format!("it refers to {name}")).collect();
        evidence.extend(node_of(self.layout, volume).map(|node| {
            format!(
                "{place} has {}, number {}, {} blocks from block {}",
                edit::show_signature(node.signature),
                node.number,
                node.lba_count,
                node.start_lba
            )
        }));
        evidence.push("the entry itself is in firmware NVRAM, which cannot be read from here".to_owned());
        let remedy = match self.context.choice.firmware_entries {
            true => Remedy::Edit(stale.edits),
            false => Remedy::Switch(Switch::FirmwareEntries, self.advice()),
        };
        let text = format!("{} {}{called}", self.file.name, self.object.name());
        let subject = Subject::new(subject::Place::Object { store: self.store, object: self.at }, text);
        Finding { evidence, remedy, ..Finding::plain(Code::FirmwareEntry, Severity::Note, subject, message) }
    }

    fn advice(&self) -> String {
        let system = self.layout.systems.iter().find(|system| system.volume == self.file.volume);
        let fallback = match system.is_some_and(|system| self.layout.fallback_on(system).is_some()) {
            true => "which is present",
            false => "which is missing",
        };
        let name = self.layout.fallback();
        format!(
            r"Windows updates the copy at its next start, and `fix --firmware-entries` corrects it now; if the machine does not boot, its own entry is stale too: firmware then falls back to {name}, {fallback}, or recreate the entry (`bcdboot` from Windows PE, `efibootmgr` from Linux)"
        )
    }
}
