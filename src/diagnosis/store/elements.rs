//! Findings about elements of boot entries that make no sense, or are not there.

use crate::bcd::Store;
use crate::bcd::element::Element;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::index::ObjectIndex;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::store::menu::is_main;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;

/// How far inheritance is followed, and how many objects an object inherits from, at most.
const INHERIT_MAX: usize = 4;

/// Device elements whose bytes make no sense: a boot manager would not find what they name.
#[must_use]
pub(crate) fn damaged_elements(layout: &Layout) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (store_index, file) in layout.stores_indexed().filter(|(_, file)| file.live) {
        let Some(store) = file.parsed() else { continue };
        let objects = store.objects_indexed();
        for (index, object) in objects.filter(|(_, object)| object.id.is_some()) {
            let is_main = is_main(file, index);
            findings.extend(
                object
                    .elements
                    .iter()
                    .filter_map(|element| damaged(file, (store_index, index), object, element, is_main)),
            );
            findings.extend(
                is_main
                    .then(|| missing_devices(file, (store_index, index), store, object))
                    .into_iter()
                    .flatten(),
            );
        }
    }
    findings
}

/// The elements without which an entry cannot start Windows.
fn missing_devices(
    file: &StoreFile,
    at: (StoreIndex, ObjectIndex),
    store: &Store,
    object: &Object,
) -> Vec<Finding> {
    let of_loader = [
        (ElementId::DEVICE, "device"),
        (ElementId::PATH, "path"),
        (ElementId::OS_DEVICE, "osdevice"),
        (ElementId::SYSTEM_ROOT, "systemroot"),
        // Without a title the boot manager leaves the entry out of its menu (ReactOS, `BmEnumerateBootEntries`).
        (ElementId::DESCRIPTION, "description"),
    ];
    let is_loader = object.is_os_loader();
    // The others start a program: that is on a device, and has a path there.
    let wanted = of_loader.into_iter().take(if is_loader { 5 } else { 2 });
    let is_text = |id: ElementId| id.format() == ElementFormat::String;
    let missing = wanted.filter(|(id, _)| match object.element(*id) {
        // Without a path the boot manager makes one up.
        None => *id != ElementId::PATH && !inherits(store, object, *id, INHERIT_MAX),
        Some(_) if is_text(*id) => {
            object.string(*id).is_none_or(|text| text.is_empty() || !is_usable(*id, text))
        }
        Some(_) => false,
    });
    missing
        .map(|(id, name)| Finding {
            code: Code::ElementMissing,
            severity: Severity::BlocksBoot,
            subject: Subject::value(place(at, id), &file.name, object, name),
            message: match object.element(id) {
                None => format!("the default entry has no `{name}`"),
                Some(_) => format!("the default entry has an invalid `{name}`"),
            },
            evidence: Vec::new(),
            predicted_status: None,
            remedy: Remedy::Advice(format!(
                "set it: `bcdrescue bcd set DISK {} {name} {}`",
                object.key,
                example(id, file.firmware)
            )),
        })
        .collect()
}

/// What such an element is set to, as a word of a shell.
const fn example(id: ElementId, firmware: Firmware) -> &'static str {
    match (id, firmware) {
        (ElementId::PATH, Firmware::Bios) => r"'\Windows\system32\winload.exe'",
        (ElementId::PATH, Firmware::Uefi) => r"'\Windows\system32\winload.efi'",
        (ElementId::SYSTEM_ROOT, _) => r"'\Windows'",
        (ElementId::DESCRIPTION, _) => "Windows",
        _ => "partition=N",
    }
}

const fn place((store, object): (StoreIndex, ObjectIndex), id: ElementId) -> ElementPlace {
    ElementPlace { store, object, id }
}

/// Whether an object that this one inherits from has the element: those are merged into it.
fn inherits(store: &Store, object: &Object, id: ElementId, depth: usize) -> bool {
    let from = object.objects(ElementId::INHERIT).iter().filter_map(|id| store.object(*id));
    depth > 0
        && from
            .into_iter()
            .take(INHERIT_MAX)
            .any(|from| from.element(id).is_some() || inherits(store, from, id, depth.saturating_sub(1)))
}

/// Whether a text can be what it is for: a path begins at the root of its volume, and that of a file ends in a name.
fn is_usable(id: ElementId, text: &str) -> bool {
    match id {
        ElementId::PATH => text.starts_with('\\') && !text.ends_with('\\'),
        ElementId::SYSTEM_ROOT => text.starts_with('\\'),
        _ => true,
    }
}

fn damaged(
    file: &StoreFile,
    at: (StoreIndex, ObjectIndex),
    object: &Object,
    element: &Element,
    is_main: bool,
) -> Option<Finding> {
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
        code: Code::ElementDamaged,
        severity,
        subject: Subject::value(
            place(at, id),
            &file.name,
            object,
            &display_name(element, object.object_type),
        ),
        message: "invalid device data, so nothing is found by it".into(),
        evidence: vec![why.clone()],
        predicted_status: None,
        remedy: Remedy::Advice(
            "not changed; if a repair was interrupted here, undo it with its record and run fix again, \
             otherwise set it with `bcdrescue bcd set`"
                .into(),
        ),
    })
}
