//! What a store is to be after changes, for the proof that it is nothing else.

use crate::bcd::change::step::Described;
use crate::bcd::change::step::Step;
use crate::bcd::store::Store;
use crate::hive::Value;

/// An element by its key, with registry type and bytes.
type Held = (String, u32, Vec<u8>);

/// An object by its key, in what can be compared: times and places in the file are left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    key: String,
    description: Vec<Described>,
    elements: Vec<Held>,
}

/// All that a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    description: Vec<Described>,
    /// Sorted, and their elements too.
    objects: Vec<Shape>,
}

impl Content {
    pub(super) fn of(store: &Store) -> Self {
        let objects = store.objects().iter().map(|object| Shape {
            key: object.key.clone(),
            description: described(&object.description),
            elements: object
                .elements
                .iter()
                .map(|element| (element.key.clone(), element.data_type, element.raw.clone()))
                .collect(),
        });
        Self { description: described(store.description()), objects: objects.collect() }.sorted()
    }

    /// The content after this step.
    pub(super) fn after(mut self, step: &Step) -> Self {
        match step {
            Step::Set { object, element, data_type, raw } => {
                if let Some(object) = self.object(object) {
                    let new = (*data_type, raw.clone());
                    match object.elements.iter_mut().find(|held| same(&held.0, element)) {
                        Some(held) => (held.1, held.2) = new,
                        None => object.elements.push((element.clone(), new.0, new.1)),
                    }
                }
            }
            Step::Unset { object, element } => {
                if let Some(object) = self.object(object) {
                    remove_first(&mut object.elements, |held| same(&held.0, element));
                }
            }
            Step::Create { object, description } => self.objects.push(Shape {
                key: object.clone(),
                description: description.clone(),
                elements: Vec::new(),
            }),
            Step::Delete { object } => remove_first(&mut self.objects, |shape| same(&shape.key, object)),
        }
        self.sorted()
    }

    fn object(&mut self, key: &str) -> Option<&mut Shape> {
        self.objects.iter_mut().find(|shape| same(&shape.key, key))
    }

    fn sorted(mut self) -> Self {
        self.objects.iter_mut().for_each(|object| object.elements.sort());
        self.objects.sort();
        self
    }
}

/// The registry's idea of one name; keys of objects and elements have no letters beyond ASCII.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn remove_first<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool) {
    if let Some(at) = all.iter().position(is_it) {
        all.remove(at);
    }
}

fn described(values: &[Value]) -> Vec<Described> {
    values.iter().map(|value| (value.name.clone(), value.data_type, value.data.clone())).collect()
}
