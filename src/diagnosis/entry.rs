//! Boot entries: which one starts Windows, and whether the files that the entries name are there.

use std::collections::BTreeSet;

use crate::bcd::Store;
use crate::bcd::element::Element;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::Switch;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::finding::MEND_IT;
use crate::diagnosis::finding::read_it;
use crate::diagnosis::record::Record;
use crate::diagnosis::role::Role;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::store::StoreFile;
use crate::volume::FileSystem;

/// The entry that starts by itself, as an index of the store's objects: {bootmgr}'s `default` when it is a Windows
/// loader that is there, otherwise the first of `displayorder` that is, otherwise the first loader at all that is no
/// recovery environment. A dangling `default` is common and does no harm.
#[must_use]
pub fn main_entry(store: &Store) -> Option<usize> {
    let objects = store.objects();
    let wanted: Vec<Guid> =
        store.default_id().into_iter().chain(store.display_order().iter().copied()).collect();
    let is_loader = |object: &Object| object.object_type.is_some_and(|kind| kind.is_os_loader());
    let listed = wanted
        .iter()
        .find_map(|id| objects.iter().position(|object| object.id == Some(*id) && is_loader(object)));
    let recovery = recovery_entries(store);
    listed.or_else(|| {
        objects
            .iter()
            .position(|object| is_loader(object) && object.id.is_none_or(|id| !recovery.contains(&id)))
    })
}

/// Whether the object with this index is the entry that starts by itself; a store for recovery has none.
#[must_use]
pub fn is_main(file: &StoreFile, object: usize) -> bool {
    file.first && file.parsed().is_some_and(|store| main_entry(store) == Some(object))
}

/// Loaders that other loaders name as their recovery sequence.
#[must_use]
pub fn recovery_entries(store: &Store) -> BTreeSet<Guid> {
    let lists = store.objects().iter().map(|object| object.objects(ElementId::RECOVERY_SEQUENCE));
    lists.flatten().copied().collect()
}

/// Findings about files: a record that resolves here, whose file is not on that volume.
#[must_use]
pub fn missing_files(layout: &Layout, records: &[Record], answers: &[Resolution]) -> Vec<Finding> {
    let matched: Vec<(&Record, &Resolution)> = records.iter().zip(answers).collect();
    matched.iter().filter_map(|(record, answer)| missing_file(layout, &matched, record, answer)).collect()
}

fn missing_file(
    layout: &Layout,
    matched: &[(&Record, &Resolution)],
    record: &Record,
    answer: &Resolution,
) -> Option<Finding> {
    let (Resolution::Here(volume) | Resolution::Repoint { volume, .. }) = answer else { return None };
    let file = record.purpose.file.as_ref()?;
    let facts = layout.volumes.get(*volume)?;
    let cannot_be_seen = matches!(facts.file_system, FileSystem::BitLocker | FileSystem::Other("ReFS"));
    if cannot_be_seen || layout.evidence.has(*volume, file) {
        return None;
    }
    let damaged = !facts.file_system.is_readable()
        || layout.evidence.volumes_hiding(file).any(|hiding| hiding == *volume);
    let store_file = layout.stores.get(record.store)?;
    let store = store_file.parsed()?;
    let object = store.objects().get(record.object)?;
    let element = display_name(object.elements.get(record.element)?, object.object_type);
    let is_main = is_main(store_file, record.object);
    let (severity, predicted_status) = match record.purpose.role {
        Role::Loader if is_main => (Severity::BlocksBoot, Some("0xc000000f")),
        Role::OsRoot | Role::Image if is_main => (Severity::BlocksBoot, None),
        Role::Loader | Role::OsRoot => (Severity::Degrades, Some("0xc000000f")),
        Role::Image | Role::Sdi => (Severity::Degrades, None),
        _ => (Severity::Note, None),
    };
    if damaged {
        return Some(Finding {
            code: "file-unreadable",
            severity,
            subject: format!("{} {}", store_file.path, object.name()),
            message: format!("{} cannot be read, so that {file} cannot be found on it", layout.name(*volume)),
            evidence: vec![format!("its file system: {}", what_it_holds(facts))],
            predicted_status: None,
            remedy: match severity {
                Severity::Note => Remedy::None,
                _ => Remedy::Advice(match layout.hides(*volume) {
                    true => format!("the store names the right partition; {}", read_it(layout)),
                    false => format!("{MEND_IT}; the store names the right partition"),
                }),
            },
        });
    }
    Some(Finding {
        code: "file-missing",
        severity,
        subject: format!("{} {} {element}", store_file.path, object.name()),
        message: format!("{file} is not on {}", layout.name(*volume)),
        evidence: elsewhere(layout, file),
        predicted_status: (severity == Severity::BlocksBoot).then_some(predicted_status).flatten(),
        remedy: match severity {
            Severity::Note => Remedy::None,
            _ if layout.evidence.volumes_with(file).next().is_none() => {
                Remedy::Advice(format!("restore {file} from a backup or the installation medium"))
            }
            _ => left_here(layout, matched, record, &object.key),
        },
    })
}

/// What can be done about an element that names a partition which is here, where its file is on another.
fn left_here(layout: &Layout, matched: &[(&Record, &Resolution)], record: &Record, entry: &str) -> Remedy {
    let left = "left as it is, for the element names a partition that is here";
    let file = record.purpose.file.as_deref().unwrap_or_default();
    let mut volumes = layout.evidence.volumes_with(file);
    let only = volumes.next().filter(|_| volumes.next().is_none() && record.purpose.role.is_windows());
    let is_anothers = |(other, answer): &&(&Record, &Resolution)| {
        other.purpose.role.is_windows()
            && (other.store, other.object) != (record.store, record.object)
            && matches!(answer, Resolution::Here(volume) | Resolution::Repoint { volume, .. } if Some(*volume) == only)
    };
    let number = only.and_then(|volume| Some(layout.table.partitions.get(volume)?.number));
    match number.filter(|_| !matched.iter().any(|other| is_anothers(&other))) {
        Some(number) => Remedy::Switch(
            Switch::Windows,
            format!("{left}; `fix --windows {number} --entry {entry}` re-points it to the other"),
        ),
        None => Remedy::Advice(left.into()),
    }
}

fn what_it_holds(facts: &VolumeFacts) -> String {
    match (&facts.unreadable, facts.file_system) {
        (Some(damage), _) => damage.clone(),
        (None, FileSystem::Other(name)) => name.to_owned(),
        (None, FileSystem::Unknown) => "none is recognised".to_owned(),
        (None, _) => "a directory on the way is damaged".to_owned(),
    }
}

fn elsewhere(layout: &Layout, file: &str) -> Vec<String> {
    let found: Vec<_> = layout.evidence.volumes_with(file).map(|volume| layout.name(volume)).collect();
    if found.is_empty() {
        vec!["it is on no volume of this disk that can be read".into()]
    } else {
        vec![format!("it is on {}", found.join(", "))]
    }
}

/// Device elements whose bytes make no sense: a boot manager would not find what they name.
#[must_use]
pub fn damaged_elements(layout: &Layout) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in layout.stores.iter().filter(|file| file.live) {
        let objects = file.parsed().into_iter().flat_map(|store| store.objects());
        for (index, object) in objects.enumerate().filter(|(_, object)| object.id.is_some()) {
            let is_main = is_main(file, index);
            findings
                .extend(object.elements.iter().filter_map(|element| damaged(file, object, element, is_main)));
            findings.extend(is_main.then(|| missing_devices(file, object)).into_iter().flatten());
        }
    }
    findings
}

/// The elements without which an entry cannot start Windows.
fn missing_devices(file: &StoreFile, object: &Object) -> Vec<Finding> {
    let wanted = [(ElementId::DEVICE, "device"), (ElementId::OS_DEVICE, "osdevice")];
    let missing = wanted.into_iter().filter(|(id, _)| object.element(*id).is_none());
    missing
        .map(|(_, name)| Finding {
            code: "element-missing",
            severity: Severity::BlocksBoot,
            subject: format!("{} {} {name}", file.path, object.name()),
            message: format!("the entry that starts by itself has no `{name}`"),
            evidence: Vec::new(),
            predicted_status: None,
            remedy: Remedy::Advice("set it with bcdedit from a Windows rescue system".into()),
        })
        .collect()
}

fn damaged(file: &StoreFile, object: &Object, element: &Element, is_main: bool) -> Option<Finding> {
    let id = element.id?;
    let ElementValue::Opaque { why } = &element.value else { return None };
    let is_loaders = matches!(id, ElementId::DEVICE | ElementId::OS_DEVICE);
    let kind = object.object_type.filter(|kind| !kind.is_firmware_application())?;
    let severity = match (is_main, is_loaders && (kind.is_os_loader() || kind.is_resume())) {
        (true, true) => Severity::BlocksBoot,
        (false, true) => Severity::Degrades,
        (_, false) => Severity::Note,
    };
    (id.format() == ElementFormat::Device).then(|| Finding {
        code: "element-damaged",
        severity,
        subject: format!("{} {} {}", file.path, object.name(), display_name(element, object.object_type)),
        message: "its bytes make no sense, so that nothing is found by it".into(),
        evidence: vec![why.clone()],
        predicted_status: None,
        remedy: Remedy::Advice(
            "left as it is; if a repair was cut short here, undo it by its record and run fix again, else set it with bcdedit".into(),
        ),
    })
}

/// Findings about the boot order: no entry that could start Windows.
#[must_use]
pub fn findings(layout: &Layout) -> Vec<Finding> {
    let stores = layout.stores.iter().filter(|file| file.first);
    stores
        .filter_map(|file| {
            let store = file.parsed()?;
            (!store.objects().is_empty() && main_entry(store).is_none()).then(|| Finding {
                code: "no-windows-entry",
                severity: Severity::BlocksBoot,
                subject: file.path.clone(),
                message: "the store has no entry that starts Windows".into(),
                evidence: vec![format!(
                    "{} objects, none of them a Windows boot loader",
                    store.objects().len()
                )],
                predicted_status: None,
                remedy: Remedy::Advice(
                    "an entry has to be made: `bcdboot` from a Windows rescue system".into(),
                ),
            })
        })
        .collect()
}
