//! The proof of a patched store: what was planned is new, everything else is as it was.

use std::ops::Range;

use crate::bcd::Store;
use crate::bcd::edit::Edit;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware_variable::FirmwareVariable;
use crate::bcd::firmware_variable::value_of;
use crate::bcd::object::Object;
use crate::bcd::object_id::BOOTMGR;
use crate::diagnosis::Repoint;
use crate::diagnosis::store::menu_cure::is_list;
use crate::hive::Value;
use crate::repair::error::PlanError;

/// Parses the patched bytes and compares: the planned identities are new, of firmware entries only the planned `fields`,
/// everything else is as it was.
pub(super) fn verify(
    store: &Store,
    after: &[u8],
    repoints: &[&Repoint],
    fields: &[Edit],
) -> Result<(), PlanError> {
    let patched = Store::parse(after.to_vec()).map_err(|error| PlanError::Check(error.to_string()))?;
    if patched.objects().len() != store.objects().len() {
        return Err(PlanError::Check("the number of objects would change".into()));
    }
    let mut met = 0;
    for ((index, old), new) in store.objects_indexed().zip(patched.objects()) {
        let same_shape = old.key == new.key
            && old.object_type == new.object_type
            && old.elements.len() == new.elements.len()
            && old.description.len() == new.description.len();
        if !same_shape {
            return Err(PlanError::Check(format!("object {} would change its structure", old.key)));
        }
        met = usize::saturating_add(met, description(old, new, fields)?);
        for ((element, old_element), new_element) in old.elements_indexed().zip(&new.elements) {
            let planned: Vec<_> = repoints
                .iter()
                .filter(|repoint| repoint.object == index && repoint.element == element)
                .copied()
                .collect();
            let is_firmware = old.object_type.is_some_and(|kind| kind.is_firmware_application());
            let is_menu = old.id == Some(BOOTMGR) && is_list(old_element);
            let fields = if is_firmware || is_menu || is_path(old_element) { fields } else { &[] };
            let inside = proved(old_element, new_element, &planned, fields).ok_or_else(|| {
                PlanError::Check(format!("element {} would not get the planned value", old_element.key))
            })?;
            met = usize::saturating_add(met, inside);
        }
    }
    match met == fields.len() {
        true => Ok(()),
        false => Err(PlanError::Check("a planned field is not where expected".into())),
    }
}

/// Compares the description of an object; returns how many fields are in it.
fn description(old: &Object, new: &Object, fields: &[Edit]) -> Result<usize, PlanError> {
    let wrong = |what: &str| PlanError::Check(format!("{what} of object {} would change", old.key));
    let entry = value_of(old);
    let mut met = 0;
    for (old, new) in old.description.iter().zip(&new.description) {
        let fields = if entry.is_some_and(|entry| std::ptr::eq(entry, old)) { fields } else { &[] };
        let (expected, inside) = with(&old.data, old.at, fields);
        let same = (&old.name, old.data_type, old.at) == (&new.name, new.data_type, new.at);
        if !same || new.data != expected {
            return Err(wrong(&old.name));
        }
        met = usize::saturating_add(met, inside);
    }
    match met == 0 || shape(entry).is_some_and(|shape| Some(shape) == self::shape(value_of(new))) {
        true => Ok(met),
        false => Err(wrong("the form of the firmware entry")),
    }
}

/// What an edit of a firmware entry leaves as it is: all but the identities of its partitions.
fn shape(value: Option<&Value>) -> Option<FirmwareVariable> {
    let mut variable = FirmwareVariable::decode(&value?.data).ok()?;
    for drive in &mut variable.hard_drives {
        drive.partition_number.value = 0;
        (drive.start_lba.value, drive.lba_count.value) = (0, 0);
        drive.signature.value = [0; 16];
    }
    Some(variable)
}

/// Compares an element; returns how many fields are in it, or `None` when it is not what was planned.
fn proved(old: &Element, new: &Element, repoints: &[&Repoint], fields: &[Edit]) -> Option<usize> {
    if old.key != new.key || old.data_type != new.data_type {
        return None;
    }
    if repoints.is_empty() {
        let (expected, inside) = with(&old.raw, old.at, fields);
        let may_change = matches!(new.value, ElementValue::Device(_)) || is_path(new) || is_list(new);
        return (expected == new.raw && (inside == 0 || may_change)).then_some(inside);
    }
    let ElementValue::Device(device) = &new.value else { return None };
    let all = repoints.iter().all(|repoint| {
        device.identity_at(repoint.identity).is_some_and(|identity| identity.partition == repoint.new)
    });
    (all && old.raw.len() == new.raw.len()).then_some(0)
}

/// Whether the element is a program's path, of which a conversion changes the ending.
fn is_path(element: &Element) -> bool {
    element.id == Some(ElementId::PATH) && matches!(element.value, ElementValue::String(_))
}

/// `data`, which begins at byte `at` of the file, with those fields that lie in it, and how many those are. The fields are
/// in the order of the file.
fn with(data: &[u8], at: usize, fields: &[Edit]) -> (Vec<u8>, usize) {
    let mut data = data.to_vec();
    let mut met = 0;
    let first = fields.partition_point(|field| field.at < at);
    let end = at.saturating_add(data.len());
    for field in fields.iter().skip(first).take_while(|field| field.at < end) {
        let range = || -> Option<Range<usize>> {
            let start = field.at.checked_sub(at)?;
            Some(start..start.checked_add(field.after.len())?)
        };
        if let Some(room) = range().and_then(|range| data.get_mut(range))
            && room == field.before
        {
            room.copy_from_slice(&field.after);
            met = usize::saturating_add(met, 1);
        }
    }
    (data, met)
}
