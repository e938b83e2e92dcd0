//! What changes make of a store, thought a second time.

use std::collections::BTreeMap;

use bcdrescue::bcd::Element;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Object;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::change::Change;
use bcdrescue::bcd::change::ListEdit;
use bcdrescue::bytes;
use bcdrescue::guid::Guid;
use serde_json::json;

use super::Tree;

fn object_path(id: Guid) -> String {
    format!("\\Objects\\{}", id.braced())
}

pub(super) fn element_path(object: Guid, element: ElementId) -> String {
    format!("{}\\Elements\\{element}", object_path(object))
}

fn wide(text: &str) -> String {
    bytes::hex(&text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>())
}

/// Registry type and hex of a value, by what stores that Windows wrote have.
pub(super) fn written(value: &ElementValue, device: Option<&Element>) -> (u32, String) {
    match value {
        ElementValue::Device(_) => (3, bytes::hex(&device.expect("the element it is from").raw)),
        ElementValue::String(text) => (1, wide(text)),
        ElementValue::Object(id) => (1, wide(&id.braced())),
        ElementValue::ObjectList(ids) => {
            (7, ids.iter().map(|id| wide(&id.braced())).collect::<String>() + "0000")
        }
        ElementValue::Integer(number) => (3, bytes::hex(&number.to_le_bytes())),
        ElementValue::Boolean(truth) => (3, if *truth { "01" } else { "00" }.to_owned()),
        ElementValue::IntegerList(numbers) => {
            (3, numbers.iter().map(|number| bytes::hex(&number.to_le_bytes())).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// The tree as it should be, and the store of which the next change is made.
pub(super) struct Model {
    pub(super) tree: Tree,
    pub(super) store: Store,
}

impl Model {
    fn put(&mut self, path: String, (data_type, hex): (u32, String)) {
        let values = BTreeMap::from([("Element".to_owned(), json!([data_type, hex]))]);
        self.tree.insert(path, values);
    }

    fn drop_below(&mut self, path: &str) {
        self.tree.retain(|key, _| key != path && !key.starts_with(&format!("{path}\\")));
    }

    fn list(&mut self, path: String, new: Vec<Guid>) {
        if new.is_empty() {
            return self.drop_below(&path);
        }
        self.put(path, written(&ElementValue::ObjectList(new), None));
    }

    fn title(&mut self, object: Guid, text: Option<&String>) {
        if let Some(text) = text {
            self.put(element_path(object, ElementId::DESCRIPTION), (1, wide(text)));
        }
    }

    fn forget(&mut self, gone: &[Guid]) {
        let objects: Vec<Object> = self.store.objects().to_vec();
        for object in objects.iter().filter(|object| object.id.is_none_or(|id| !gone.contains(&id))) {
            for element in &object.elements {
                let path = format!("\\Objects\\{}\\Elements\\{}", object.key, element.key);
                match &element.value {
                    ElementValue::Object(named) if gone.contains(named) => {
                        self.drop_below(&path);
                    }
                    ElementValue::ObjectList(ids) if ids.iter().any(|id| gone.contains(id)) => {
                        let left = ids.iter().copied().filter(|id| !gone.contains(id)).collect();
                        self.list(path, left);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Makes the change, which can be made.
    pub(super) fn happen(&mut self, change: &Change) {
        let before =
            |object: Guid, element| self.store.object(object).and_then(|it| it.element(element)).cloned();
        match change {
            Change::Set { object, element, value } => {
                if before(*object, *element).is_none_or(|old| old.value != *value) {
                    let all = self.store.objects().iter().flat_map(|object| &object.elements);
                    let device = all.clone().find(|it| it.value == *value).cloned();
                    self.put(element_path(*object, *element), written(value, device.as_ref()));
                }
            }
            Change::List { object, element, ids, how } => {
                let old = before(*object, *element).map(|old| old.value);
                let old = if let Some(ElementValue::ObjectList(old)) = old { old } else { Vec::new() };
                let mut new: Vec<Guid> = old.iter().copied().filter(|id| !ids.contains(id)).collect();
                match how {
                    ListEdit::Replace => new = ids.clone(),
                    ListEdit::AddFirst => new = ids.iter().copied().chain(new).collect(),
                    ListEdit::AddLast => new.extend(ids),
                    ListEdit::Remove => {}
                }
                if new != old {
                    self.list(element_path(*object, *element), new);
                }
            }
            Change::Unset { object, element } => self.drop_below(&element_path(*object, *element)),
            Change::Create { id, object_type, description } => {
                let kind = json!([4, bytes::hex(&object_type.0.to_le_bytes())]);
                self.tree.insert(object_path(*id), BTreeMap::new());
                let values = BTreeMap::from([("Type".to_owned(), kind)]);
                self.tree.insert(format!("{}\\Description", object_path(*id)), values);
                self.tree.insert(format!("{}\\Elements", object_path(*id)), BTreeMap::new());
                self.title(*id, description.as_ref());
            }
            Change::Copy { from, to, description } => {
                let (from, new) = (object_path(*from), object_path(*to));
                let below = self.tree.range(from.clone()..).take_while(|(key, _)| key.starts_with(&from));
                let copies: Tree = below
                    .map(|(key, values)| (format!("{new}{}", &key[from.len()..]), values.clone()))
                    .collect();
                self.tree.extend(copies);
                if let Some(values) = self.tree.get_mut(&format!("{new}\\Description")) {
                    values.remove("FirmwareVariable");
                }
                self.title(*to, description.as_ref());
            }
            Change::Delete { object, cleanup } => {
                let mut gone = vec![*object];
                if *cleanup {
                    let resume = |object: &Object| {
                        let is_loader = object.object_type == Some(ObjectType::OS_LOADER);
                        is_loader.then(|| object.object(ElementId::RESUME_OBJECT)).flatten()
                    };
                    let users: Vec<(Guid, Guid)> = self
                        .store
                        .objects()
                        .iter()
                        .filter_map(|object| Some((object.id?, resume(object)?)))
                        .collect();
                    let own = users.iter().find(|(user, _)| user == object).map(|(_, resume)| *resume);
                    gone.extend(own.filter(|own| {
                        users.iter().filter(|(_, resume)| resume == own).count() == 1
                            && self
                                .store
                                .object(*own)
                                .is_some_and(|it| it.object_type == Some(ObjectType::RESUME))
                    }));
                    self.forget(&gone);
                }
                gone.iter().for_each(|id| self.drop_below(&object_path(*id)));
            }
        }
    }
}
