//! An element that names a partition, and what every finding about it says.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::identity::show_identity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::resolution::Change;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Side;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::store::menu::is_listed;
use crate::diagnosis::store::menu::is_main;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;

/// An element that names a partition, with everything that a finding says of it.
pub(in crate::diagnosis) struct DeviceElement<'a> {
    pub(in crate::diagnosis) layout: &'a Layout,
    pub(in crate::diagnosis) reference: &'a Reference,
    file: &'a StoreFile,
    subject: Subject,
    /// The object's id, as `--entry` takes it.
    pub(in crate::diagnosis) entry: &'a str,
    is_main: bool,
    /// Whether the boot menu leads to the object.
    is_listed: bool,
    /// Whether a Windows is named by the same place.
    pub(in crate::diagnosis) is_beside_windows: bool,
    /// Whether the element is `device`, without which the boot manager does not try the entry.
    is_device: bool,
}

impl<'a> DeviceElement<'a> {
    pub(in crate::diagnosis) fn new(layout: &'a Layout, reference: &'a Reference) -> Option<Self> {
        let file = layout.store(reference.store)?;
        let store = file.parsed()?;
        let object = store.object_at(reference.object)?;
        let element = object.element_at(reference.element)?;
        let id = object.name();
        let place = ElementPlace { store: reference.store, object: reference.object, id: element.id? };
        let is_device = element.id == Some(ElementId::DEVICE);
        let element = display_name(element, object.object_type);
        let text = format!("{} {id} {element}{}", file.name, described(object));
        let is_main = is_main(file, reference.object);
        let is_listed = file.first && is_listed(store, object);
        Some(Self {
            layout,
            reference,
            file,
            subject: Subject::new(Place::Element(place, Side::Identity), text),
            entry: &object.key,
            is_main,
            is_listed,
            is_beside_windows: false,
            is_device,
        })
    }

    pub(in crate::diagnosis) fn repointing(
        &self,
        new: QualifiedPartition,
        place: String,
        partition: u32,
    ) -> Repoint {
        Repoint {
            store: self.reference.store,
            object: self.reference.object,
            element: self.reference.element,
            identity: self.reference.identity,
            old: self.reference.named,
            new,
            volume: None,
            place,
            partition,
            rank: rank(self.reference.purpose.role, self.is_device),
        }
    }

    pub(in crate::diagnosis) fn base(
        &self,
        change: Change,
        message: String,
        volume: Option<VolumeIndex>,
    ) -> Finding {
        let (severity, predicted_status) = self.severity(change);
        Finding {
            code: match change {
                Change::Signature => Code::SignatureChanged,
                Change::DiskGuid => Code::DiskGuidChanged,
                Change::Partition => Code::PartitionChanged,
                Change::Both => Code::DiskUnknown,
                Change::Style => Code::TableConverted,
            },
            severity,
            subject: self.subject.clone(),
            message,
            evidence: self.evidence(volume),
            predicted_status,
            remedy: Remedy::None,
        }
    }

    fn evidence(&self, volume: Option<VolumeIndex>) -> Vec<String> {
        let mut evidence = vec![format!("it refers to {}", show_identity(&self.reference.named))];
        if let Some(disk) = self.layout.table.disk {
            evidence.push(format!("this disk has {}", show_disk(disk)));
        }
        if let (Some(volume), Some(file)) = (volume, &self.reference.purpose.file)
            && self.layout.evidence.has(volume, file)
        {
            evidence.push(format!("{file} is on {}", self.layout.name(volume)));
        }
        if volume == Some(self.file.volume) && self.reference.purpose.role.is_system() {
            evidence.push(format!("this store is on {}", self.layout.name(self.file.volume)));
        }
        evidence
    }

    /// How grave a stale identity is, and the status that real boot managers showed for it when it was measured.
    fn severity(&self, change: Change) -> (Severity, Option<&'static str>) {
        if change == Change::DiskGuid {
            return (Severity::Stale, None);
        }
        match self.reference.purpose.role {
            ElementRole::Loader if self.is_main => {
                (Severity::BlocksBoot, Some(predicted(change, &self.reference.named)))
            }
            // The main entry may start from a file: a RAM disk, a virtual disk.
            ElementRole::OsRoot | ElementRole::Image | ElementRole::Ntldr if self.is_main => {
                (Severity::BlocksBoot, None)
            }
            ElementRole::Ntldr if self.is_listed => (Severity::Degrades, None),
            ElementRole::Loader
            | ElementRole::OsRoot
            | ElementRole::Resume
            | ElementRole::Image
            | ElementRole::Sdi => (Severity::Degrades, None),
            ElementRole::BootManager
            | ElementRole::MemoryTest
            | ElementRole::Ntldr
            | ElementRole::System
            | ElementRole::Unknown => (Severity::Stale, None),
            ElementRole::FirmwareEntry | ElementRole::InsideVirtualDisk => (Severity::Note, None),
        }
    }
}

/// The description behind an object that has only a GUID for a name: ` (Windows Server 2008 R2)`.
fn described(object: &Object) -> String {
    let is_guid = object.name() == object.key;
    let text = object.string(ElementId::DESCRIPTION).filter(|text| is_guid && !text.is_empty());
    text.map_or_else(String::new, |text| format!(" ({text})"))
}

/// Statuses as measured with real boot managers when the default loader's `device` is stale.
fn predicted(change: Change, named: &QualifiedPartition) -> &'static str {
    match (change, named) {
        (Change::Signature, _) | (Change::Both, QualifiedPartition::Mbr { .. }) => "0xc000000e",
        (Change::Partition, QualifiedPartition::Mbr { .. }) => {
            "0xc0000225 (Windows 7) or 0xc000000f (Windows 10)"
        }
        (Change::Both, QualifiedPartition::Gpt { .. }) => "0xc000000e or 0xc0000225",
        (Change::Partition | Change::DiskGuid, _) => "0xc0000225",
        // Not measured: no disk has such an identity, as with a disk that is not there.
        (Change::Style, _) => "0xc000000e",
    }
}

/// Order of writing. The boot manager tries an entry only when its `device` resolves; so `device` comes after the rest
/// of its entry, and one that a power cut leaves half patched fails as it did before, not in a new way. The boot
/// manager's own elements do no harm while they are stale, and they are the proof that the old identity was this
/// disk's; so they come last, that a second repair still has it.
fn rank(role: ElementRole, is_device: bool) -> u8 {
    match role {
        ElementRole::BootManager => 4,
        ElementRole::MemoryTest | ElementRole::Ntldr | ElementRole::System => 3,
        ElementRole::Loader => 2,
        // Of an entry that starts from a file: a RAM disk, a virtual disk.
        ElementRole::Image if is_device => 2,
        ElementRole::OsRoot => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_is_written_after_the_rest_of_its_entry() {
        assert!(rank(ElementRole::Loader, true) > rank(ElementRole::OsRoot, false));
        assert!(rank(ElementRole::Image, true) > rank(ElementRole::Image, false));
        assert!(
            [ElementRole::Loader, ElementRole::Image]
                .iter()
                .all(|role| rank(ElementRole::BootManager, true) > rank(*role, true))
        );
    }
}
