//! What differs between two stores.
//!
//! Objects, elements and values are the same when their names are, case aside, as in the registry. Where a store has two of one name, which
//! none that Windows made has, the first is held against the first.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::element::Element;
use crate::bcd::element::VALUE_NAME;
use crate::bcd::object::Object;
use crate::bcd::store::Store;
use crate::hive::Key;
use crate::hive::Value;

/// Two stores and what differs between them. When nothing does, both hold the same keys and values, whatever their
/// times, their order and the name of the root.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// The store as it was.
    pub before: &'a Store,
    /// The store as it is.
    pub after: &'a Store,
    /// What differs: of the stores themselves, then object by object as bcdedit sorts them, then of what no boot manager reads.
    pub differences: Vec<Difference<'a>>,
}

/// Something that differs between two stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference<'a> {
    /// An object that one of them has not.
    Object {
        /// The object, with all its elements.
        object: &'a Object,
        /// Whether the later store has it.
        is_new: bool,
    },
    /// An element of an object that both have.
    Element {
        /// The object as it was, and as it is.
        objects: [&'a Object; 2],
        /// The element as it was; `None` for a new one.
        before: Option<&'a Element>,
        /// The element as it is; `None` for one that is gone.
        after: Option<&'a Element>,
    },
    /// A value of a description.
    Description {
        /// The object as it was, and as it is; `None` for the description of the store itself.
        objects: Option<[&'a Object; 2]>,
        /// The value as it was; `None` for a new one.
        before: Option<&'a Value>,
        /// The value as it is; `None` for one that is gone.
        after: Option<&'a Value>,
    },
    /// A key or value where a store has none that is known.
    Other {
        /// Names of the keys that lead to it, from the root; its own is the last one.
        path: Vec<String>,
        /// The value as it was; `None` for a new one, and for a key.
        before: Option<&'a Value>,
        /// The value as it is; `None` for one that is gone, and for a key.
        after: Option<&'a Value>,
        /// Whether the earlier store has the key or value, and whether the later one has.
        is_there: [bool; 2],
    },
}

impl Difference<'_> {
    /// Whether the earlier store has what differs, and whether the later one has it.
    #[must_use]
    pub const fn is_there(&self) -> [bool; 2] {
        match self {
            Self::Object { is_new, .. } => [!*is_new, *is_new],
            Self::Element { before, after, .. } => [before.is_some(), after.is_some()],
            Self::Description { before, after, .. } => [before.is_some(), after.is_some()],
            Self::Other { is_there, .. } => *is_there,
        }
    }

    /// Whether both stores have an element that says the same in other bytes: a number that is stored in fewer of them, old letters behind
    /// the end of a text.
    #[must_use]
    pub fn is_same_value(&self) -> bool {
        match self {
            Self::Element { before: Some(before), after: Some(after), .. } => {
                // What is no more than its bytes is the same only where those are.
                before.value.encode().is_some() && before.value == after.value
            }
            _ => false,
        }
    }
}

/// What differs between two stores.
#[must_use]
pub fn compare<'a>(before: &'a Store, after: &'a Store) -> Comparison<'a> {
    let pairs = paired(before.description(), after.description(), |value| &value.name);
    let pairs = pairs.into_iter().filter(|pair| differs(*pair));
    let mut differences: Vec<_> =
        pairs.map(|(before, after)| Difference::Description { objects: None, before, after }).collect();
    let mut objects = paired(before.objects(), after.objects(), |object| &object.key);
    objects.sort_by_key(|(before, after)| after.or(*before).map(place));
    for (before, after) in objects {
        match (before, after) {
            (Some(before), Some(after)) => object(&mut differences, [before, after]),
            (Some(object), None) => differences.push(Difference::Object { object, is_new: false }),
            (None, Some(object)) => differences.push(Difference::Object { object, is_new: true }),
            (None, None) => {}
        }
    }
    others(&mut differences, before, after);
    Comparison { before, after, differences }
}

/// Where bcdedit has an object.
fn place(object: &Object) -> impl Ord + use<> {
    (object.object_type.is_none(), object.object_type, object.key.to_lowercase())
}

/// What differs in an object that both have.
fn object<'a>(differences: &mut Vec<Difference<'a>>, objects: [&'a Object; 2]) {
    let [before, after] = objects;
    for (before, after) in paired(&before.description, &after.description, |value| &value.name) {
        if differs((before, after)) {
            differences.push(Difference::Description { objects: Some(objects), before, after });
        }
    }
    for (before, after) in paired(&before.elements, &after.elements, |element| &element.key) {
        // An element without a value has a meaning of its own.
        let content = |element: &'a Element| (element.data_type, &element.raw, &element.value);
        if before.map(content) != after.map(content) {
            differences.push(Difference::Element { objects, before, after });
        }
    }
}

fn differs((before, after): (Option<&Value>, Option<&Value>)) -> bool {
    before.map(content) != after.map(content)
}

fn content(value: &Value) -> (u32, &[u8]) {
    (value.data_type, &value.data)
}

/// What is in both, each thing beside the one of its name, in the order of the names.
fn paired<'a, T>(
    before: &'a [T],
    after: &'a [T],
    name: fn(&T) -> &String,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let (mut before, mut after) = (named(before, name), named(after, name));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    names.iter().map(|name| (before.remove(name), after.remove(name))).collect()
}

/// Each by its name, with a number that tells apart those of one name.
fn named<T>(all: &[T], name: fn(&T) -> &String) -> BTreeMap<(String, usize), &T> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for one in all {
        let name = name(one).to_uppercase();
        let count = counts.entry(name.clone()).or_default();
        named.insert((name, *count), one);
        *count = count.saturating_add(1);
    }
    named
}

/// What differs where a store has nothing that is known.
fn others<'a>(differences: &mut Vec<Difference<'a>>, before: &'a Store, after: &'a Store) {
    let found = |store: &'a Store| {
        let mut found = BTreeMap::new();
        other(&mut found, store.hive().root(), Room::Root, &[]);
        found
    };
    let (mut before, mut after) = (found(before), found(after));
    let places: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    for place in places {
        let (before, after) = (before.remove(&place), after.remove(&place));
        let is_there = [before.is_some(), after.is_some()];
        let values = (before.as_ref().and_then(|it| it.value), after.as_ref().and_then(|it| it.value));
        if is_there == [true, true] && !differs(values) {
            continue;
        }
        let Some(Found { path, .. }) = after.or(before) else { continue };
        differences.push(Difference::Other { path, before: values.0, after: values.1, is_there });
    }
}

/// What a key of a store is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Root,
    Description,
    Objects,
    Object,
    Elements,
    Element,
    Unknown,
}

impl Room {
    /// What the subkey of this name is for.
    fn below(self, name: &str) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match self {
            Self::Root | Self::Object if is("Description") => Self::Description,
            Self::Root if is("Objects") => Self::Objects,
            Self::Objects => Self::Object,
            Self::Object if is("Elements") => Self::Elements,
            Self::Elements => Self::Element,
            _ => Self::Unknown,
        }
    }

    /// Whether the value of this name is looked at with what the key is for; only the first one of an element is.
    fn holds(self, name: &str, is_first: bool) -> bool {
        match self {
            Self::Description => true,
            Self::Element => is_first && name.eq_ignore_ascii_case(VALUE_NAME),
            _ => false,
        }
    }
}

/// A key, or a value of one, that nothing is known about.
struct Found<'a> {
    /// Names from the root.
    path: Vec<String>,
    /// `None` for a key.
    value: Option<&'a Value>,
}

/// Where something was found: the names that lead there in capitals, a number where there is more than one; a value behind its key.
type Place = (Vec<(String, usize)>, Option<(String, usize)>);

fn other<'a>(found: &mut BTreeMap<Place, Found<'a>>, key: &'a Key, room: Room, above: &[(&'a str, usize)]) {
    let upper: Vec<_> = above.iter().map(|(name, number)| (name.to_uppercase(), *number)).collect();
    let path: Vec<String> = above.iter().map(|(name, _)| (*name).to_owned()).collect();
    for ((name, number), value) in named(&key.values, |value| &value.name) {
        if !room.holds(&name, number == 0) {
            let path = path.iter().chain([&value.name]).cloned().collect();
            found.insert((upper.clone(), Some((name, number))), Found { path, value: Some(value) });
        }
    }
    // Without the key of its objects a store is none; one of an object that is empty is as good as none.
    if room == Room::Unknown || above.len() == 1 {
        found.insert((upper, None), Found { path, value: None });
    }
    for ((name, number), subkey) in named(&key.subkeys, |subkey| &subkey.name) {
        let room = if number == 0 || room == Room::Objects || room == Room::Elements {
            room.below(&name)
        } else {
            Room::Unknown
        };
        let path: Vec<_> = above.iter().copied().chain([(subkey.name.as_str(), number)]).collect();
        other(found, subkey, room, &path);
    }
}

#[cfg(test)]
mod tests;
