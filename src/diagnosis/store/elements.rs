//! Findings about elements of boot entries that make no sense, or are not there.

use std::collections::BTreeSet;

use crate::bcd::Store;
use crate::bcd::element::Element;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::store::menu::is_main;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::store::StoreFile;

/// Loaders that other loaders name as their recovery sequence.
#[must_use]
pub fn recovery_entries(store: &Store) -> BTreeSet<Guid> {
    let lists = store.objects().iter().map(|object| object.objects(ElementId::RECOVERY_SEQUENCE));
    lists.flatten().copied().collect()
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
    let of_loader = [
        (ElementId::DEVICE, "device"),
        (ElementId::PATH, "path"),
        (ElementId::OS_DEVICE, "osdevice"),
        (ElementId::SYSTEM_ROOT, "systemroot"),
    ];
    let is_loader = object.object_type.is_some_and(|kind| kind.is_os_loader());
    // The others start a program: that is on a device, and has a path there.
    let wanted = of_loader.into_iter().take(if is_loader { 4 } else { 2 });
    let missing = wanted.filter(|(id, _)| object.element(*id).is_none());
    missing
        .map(|(_, name)| Finding {
            code: "element-missing",
            severity: Severity::BlocksBoot,
            subject: format!("{} {} {name}", file.name, object.name()),
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
        subject: format!("{} {} {}", file.name, object.name(), display_name(element, object.object_type)),
        message: "its bytes make no sense, so that nothing is found by it".into(),
        evidence: vec![why.clone()],
        predicted_status: None,
        remedy: Remedy::Advice(
            "left as it is; if a repair was cut short here, undo it by its record and run fix again, else set it with bcdedit".into(),
        ),
    })
}
