//! The steps that one change takes in a store as it is.

use crate::bcd::change::Change;
use crate::bcd::change::ListEdit;
use crate::bcd::change::error::ChangeError;
use crate::bcd::change::references;
use crate::bcd::change::step::Step;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object::Object;
use crate::bcd::store::Store;
use crate::guid::Guid;
use crate::hive::REG_DWORD;

/// The value of a description that stands for an entry of the firmware, of which there is one.
const FIRMWARE_VARIABLE: &str = "FirmwareVariable";

impl Change {
    /// The steps of the change; none when all is as it is to be.
    pub(super) fn steps(&self, store: &Store) -> Result<Vec<Step>, ChangeError> {
        match self {
            Self::Set { object, element, value } => set(find(store, *object)?, *element, value),
            Self::List { object, element, ids, how } => {
                list(find(store, *object)?, *object, *element, ids, *how)
            }
            Self::Unset { object, element } => unset(find(store, *object)?, *object, *element),
            Self::Create { id, object_type, description } => {
                check_new(store, *id)?;
                let kind = ("Type".to_owned(), REG_DWORD, object_type.0.to_le_bytes().to_vec());
                let object = id.braced();
                let mut steps = vec![Step::Create { object: object.clone(), description: vec![kind] }];
                steps.extend(titled(&object, description.as_deref())?);
                Ok(steps)
            }
            Self::Copy { from, to, description } => {
                let object = find(store, *from)?;
                check_new(store, *to)?;
                copy(object, &to.braced(), description.as_deref())
            }
            Self::Delete { object, cleanup } => Ok(delete(store, find(store, *object)?, *object, *cleanup)),
        }
    }
}

fn find(store: &Store, id: Guid) -> Result<&Object, ChangeError> {
    let there = || store.objects().iter().filter_map(|object| object.id).collect();
    store.object(id).ok_or_else(|| ChangeError::NoObject { object: id, there: there() })
}

fn check_new(store: &Store, id: Guid) -> Result<(), ChangeError> {
    match store.object(id) {
        Some(_) => Err(ChangeError::Exists { object: id }),
        None => Ok(()),
    }
}

fn no_element(object: &Object, id: Guid, element: ElementId) -> ChangeError {
    let there = object.elements.iter().filter_map(|element| element.id).collect();
    ChangeError::NoElement { object: id, element, there }
}

fn set(object: &Object, element: ElementId, value: &ElementValue) -> Result<Vec<Step>, ChangeError> {
    let (data_type, raw) = encoded(element, value)?;
    let old = object.element(element);
    if old.is_some_and(|old| old.value == *value) {
        return Ok(Vec::new());
    }
    let key = old.map_or_else(|| element.to_string(), |old| old.key.clone());
    Ok(vec![Step::Set { object: object.key.clone(), element: key, data_type, raw }])
}

/// Registry type and bytes of a value that its own reader reads as it was meant.
fn encoded(element: ElementId, value: &ElementValue) -> Result<(u32, Vec<u8>), ChangeError> {
    let refuse = |why| ChangeError::Value { element, why };
    let (data_type, raw) = value.encode().ok_or_else(|| refuse("its value is empty"))?;
    if ElementValue::decode(element, data_type, &raw) != *value {
        return Err(refuse("its value does not match its format"));
    }
    Ok((data_type, raw))
}

fn list(
    object: &Object,
    id: Guid,
    element: ElementId,
    ids: &[Guid],
    how: ListEdit,
) -> Result<Vec<Step>, ChangeError> {
    if element.format() != ElementFormat::ObjectList {
        return Err(ChangeError::Value { element, why: "it is no list of objects" });
    }
    let old = object.element(element);
    let there = match old.map(|old| &old.value) {
        Some(ElementValue::ObjectList(there)) => there.as_slice(),
        Some(_) if how != ListEdit::Replace => {
            return Err(ChangeError::Value { element, why: "what is there is no list of objects" });
        }
        None if how == ListEdit::Remove => return Err(no_element(object, id, element)),
        _ => &[],
    };
    let others = there.iter().filter(|known| !ids.contains(known));
    let new: Vec<Guid> = match how {
        ListEdit::Replace => ids.to_vec(),
        ListEdit::AddFirst => ids.iter().chain(others).copied().collect(),
        ListEdit::AddLast => others.chain(ids).copied().collect(),
        ListEdit::Remove => {
            if let Some(unknown) = ids.iter().find(|id| !there.contains(id)) {
                let there = there.to_vec();
                return Err(ChangeError::NotListed { object: id, element, id: *unknown, there });
            }
            others.copied().collect()
        }
    };
    let new = once(new);
    match (old, new.is_empty()) {
        (None, true) => Ok(Vec::new()),
        (Some(_), true) => unset(object, id, element),
        (_, false) => set(object, element, &ElementValue::ObjectList(new)),
    }
}

/// Each id where it stands first.
fn once(ids: Vec<Guid>) -> Vec<Guid> {
    ids.into_iter().fold(Vec::new(), |mut all, id| {
        if !all.contains(&id) {
            all.push(id);
        }
        all
    })
}

fn unset(object: &Object, id: Guid, element: ElementId) -> Result<Vec<Step>, ChangeError> {
    let Some(old) = object.element(element) else { return Err(no_element(object, id, element)) };
    Ok(vec![Step::Unset { object: object.key.clone(), element: old.key.clone() }])
}

/// The step that gives an object its title.
fn titled(object: &str, description: Option<&str>) -> Result<Option<Step>, ChangeError> {
    let Some(text) = description else { return Ok(None) };
    let element = ElementId::DESCRIPTION;
    let (data_type, raw) = encoded(element, &ElementValue::String(text.to_owned()))?;
    let (object, element) = (object.to_owned(), element.to_string());
    Ok(Some(Step::Set { object, element, data_type, raw }))
}

fn copy(from: &Object, to: &str, description: Option<&str>) -> Result<Vec<Step>, ChangeError> {
    let values = from.description.iter().filter(|value| !value.name.eq_ignore_ascii_case(FIRMWARE_VARIABLE));
    let values = values.map(|value| (value.name.clone(), value.data_type, value.data.clone()));
    let mut steps = vec![Step::Create { object: to.to_owned(), description: values.collect() }];
    // A key without a value has nothing to be copied.
    let elements = from.elements.iter().filter(|element| element.data_type != 0 || !element.raw.is_empty());
    steps.extend(elements.map(|element| Step::Set {
        object: to.to_owned(),
        element: element.key.clone(),
        data_type: element.data_type,
        raw: element.raw.clone(),
    }));
    steps.extend(titled(to, description)?);
    Ok(steps)
}

fn delete(store: &Store, object: &Object, id: Guid, cleanup: bool) -> Vec<Step> {
    let mut gone = vec![id];
    let mut steps = Vec::new();
    if cleanup {
        gone.extend(references::own_resume(store, object));
        steps = references::unlink(store, &gone);
    }
    let keys = gone.iter().filter_map(|id| store.object(*id));
    steps.extend(keys.map(|object| Step::Delete { object: object.key.clone() }));
    steps
}
