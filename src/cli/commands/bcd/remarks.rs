//! What is said of a value that is set, where the disk examined with it does not say it.

use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object_id::BOOTMGR;
use crate::cli::commands::bcd::names::Here;
use crate::guid::Guid;

/// What is said of a value that an element of an object gets.
pub(super) fn of_value(
    here: Here<'_>,
    object: Guid,
    element: ElementId,
    value: &ElementValue,
) -> Vec<String> {
    let mut remarks = not_there(here, value);
    match (element, value) {
        (ElementId::DEFAULT, ElementValue::Object(entry)) if object == BOOTMGR => {
            remarks.extend(not_in_menu(here, *entry));
        }
        (ElementId::BOOT_SEQUENCE, ElementValue::ObjectList(entries)) if object == BOOTMGR => {
            let entries: Vec<String> = entries.iter().map(|entry| here.called(*entry)).collect();
            remarks.push(format!("at the next start only: {}", entries.join(", ")));
        }
        (ElementId::KERNEL | ElementId::HAL, ElementValue::String(file)) => {
            remarks.push(format!(
                "warning: nothing looks whether {file} is in System32; without it Windows does not start"
            ));
        }
        _ => {}
    }
    remarks
}

/// Objects that a value names, and that the store has not.
fn not_there(here: Here<'_>, value: &ElementValue) -> Vec<String> {
    let ids = match value {
        ElementValue::Object(id) => std::slice::from_ref(id),
        ElementValue::ObjectList(ids) => ids.as_slice(),
        _ => &[],
    };
    let missing = ids.iter().filter(|id| here.store.object(**id).is_none());
    missing.map(|id| format!("warning: no object {} in this store", here.called(*id))).collect()
}

/// A default that no menu has: whether a boot manager starts it was not measured.
fn not_in_menu(here: Here<'_>, entry: Guid) -> Option<String> {
    let menu = here.store.display_order();
    let is_left_out = !menu.is_empty() && !menu.contains(&entry) && here.store.object(entry).is_some();
    is_left_out.then(|| {
        let (name, id) = (here.called(entry), entry.braced());
        format!(
            "warning: {name} is not in the boot menu; put it there: bcd displayorder TARGET {id} --addlast"
        )
    })
}
