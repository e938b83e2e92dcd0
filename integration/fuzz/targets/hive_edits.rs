//! Edits of a hive: whatever the hive says, each is done as a model has it, or nothing is changed.

use bcdrescue::hive::Hive;
use bcdrescue::hive::Key;
use bcdrescue::hive::edit::EditError;
use bcdrescue::hive::edit::Editor;

use super::hives::hive_of;
use super::one_line;

/// Bytes that steer the edits, before the hive.
const STEERS: usize = 64;
/// Edits of one hive.
const EDITS: usize = 8;

/// A key as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) name: String,
    last_written: u64,
    flags: u16,
    /// Name, registry type and data.
    pub(crate) values: Vec<(String, u32, Vec<u8>)>,
    pub(crate) subkeys: Vec<Self>,
}

/// An edit; keys are named by their path below the root.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Set { key: Vec<String>, name: String, data_type: u32, data: Vec<u8> },
    Unset { key: Vec<String>, name: String },
    Create { parent: Vec<String>, name: String, time: u64 },
    Delete { key: Vec<String> },
}

fn same(one: &str, other: &str) -> bool {
    upper(one) == upper(other)
}

fn upper(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_uppercase).collect()
}

impl Model {
    pub(crate) fn of(key: &Key) -> Self {
        let values = key.values.iter().map(|value| (value.name.clone(), value.data_type, value.data.clone()));
        Self {
            name: key.name.clone(),
            last_written: key.last_written,
            flags: key.flags,
            values: values.collect(),
            subkeys: key.subkeys.iter().map(Self::of).collect(),
        }
    }

    fn find(&mut self, path: &[String]) -> Option<&mut Self> {
        path.iter().try_fold(self, |key, name| key.subkeys.iter_mut().find(|key| same(&key.name, name)))
    }

    /// Makes the edit; whether it can be made.
    pub(crate) fn happen(&mut self, edit: &Edit) -> bool {
        match edit {
            Edit::Set { key, name, data_type, data } => self.find(key).map(|key| {
                let new = (*data_type, data.clone());
                match key.values.iter_mut().find(|value| same(&value.0, name)) {
                    Some(value) => (value.1, value.2) = new,
                    None => key.values.push((name.clone(), new.0, new.1)),
                }
            }),
            Edit::Unset { key, name } => self.find(key).and_then(|key| {
                let at = key.values.iter().position(|value| same(&value.0, name))?;
                key.values.remove(at);
                Some(())
            }),
            Edit::Create { parent, name, time } => self.find(parent).and_then(|parent| {
                if parent.subkeys.iter().any(|key| same(&key.name, name)) {
                    return None;
                }
                let before = |key: &Self| upper(&key.name) > upper(name);
                let at = parent.subkeys.iter().position(before).unwrap_or(parent.subkeys.len());
                let flags = if name.chars().all(|letter| u32::from(letter) < 256) { 0x20 } else { 0 };
                let (name, last_written) = (name.clone(), *time);
                let (values, subkeys) = (Vec::new(), Vec::new());
                parent.subkeys.insert(at, Self { name, last_written, flags, values, subkeys });
                Some(())
            }),
            Edit::Delete { key } => key.split_last().and_then(|(name, parent)| {
                let parent = self.find(parent)?;
                let at = parent.subkeys.iter().position(|key| same(&key.name, name))?;
                parent.subkeys.remove(at);
                Some(())
            }),
        }
        .is_some()
    }
}

impl Edit {
    pub(crate) fn make(&self, editor: &mut Editor) -> Result<(), EditError> {
        fn path(key: &[String]) -> Vec<&str> {
            key.iter().map(String::as_str).collect()
        }
        match self {
            Self::Set { key, name, data_type, data } => editor.set_value(&path(key), name, *data_type, data),
            Self::Unset { key, name } => editor.delete_value(&path(key), name),
            Self::Create { parent, name, time } => editor.create_key(&path(parent), name, *time),
            Self::Delete { key } => editor.delete_key(&path(key)),
        }
    }

    /// An edit by chance: `below` says a number below another.
    pub(crate) fn by_chance(model: &Model, below: &mut dyn FnMut(usize) -> usize) -> Self {
        let mut key = Vec::new();
        let mut at = model;
        while !at.subkeys.is_empty() && below(6) > 0 {
            at = &at.subkeys[below(at.subkeys.len())];
            key.push(at.name.clone());
        }
        const NAMES: [&str; 8] =
            ["Element", "element", "Type", "", "a", "\u{e9}t\u{e9}", "\u{65e5}\u{672c}", "25000004"];
        let name = match below(3) {
            0 if !at.values.is_empty() => at.values[below(at.values.len())].0.clone(),
            1 => format!("{:08x}", 0x1200_0000 + below(64)),
            _ => NAMES[below(NAMES.len())].to_owned(),
        };
        match below(10) {
            0..=4 => {
                let (data_type, data) = data_by_chance(below);
                Self::Set { key, name, data_type, data }
            }
            5 => Self::Unset { key, name },
            6 if key.len() > 1 => Self::Delete { key },
            _ => Self::Create { parent: key, name, time: 0x01d0_0000_0000_0000 + below(256) as u64 },
        }
    }
}

/// Bytes of any length, a number, or text.
fn data_by_chance(below: &mut dyn FnMut(usize) -> usize) -> (u32, Vec<u8>) {
    let most = [5, 5, 100, 100, 600, 9000][below(6)];
    match below(4) {
        0 => (4, vec![below(256) as u8, 0, 0, below(256) as u8]),
        1 => {
            let text = "\\Windows\u{e9}".chars().cycle().take(below(most) / 2 + 1).chain(['\0']);
            (1, text.collect::<String>().encode_utf16().flat_map(u16::to_le_bytes).collect())
        }
        _ => (3, vec![below(256) as u8; below(most)]),
    }
}

/// A hive with edits: the first byte makes checksum and numbers right, the next steer, the rest are the hive.
pub(super) fn edit(data: &[u8]) {
    let steers = data.get(1..=STEERS).unwrap_or_default();
    let hive = data.get(STEERS + 1..).unwrap_or_default();
    let bytes = hive_of(&[&data[..data.len().min(1)], hive].concat());
    let read = Hive::parse(bytes.clone());
    let mut editor = match Editor::new(bytes.clone()) {
        Ok(editor) => editor,
        Err(error) => {
            assert!(!read.is_ok_and(|hive| !hive.base_block().is_dirty()), "{error}");
            return one_line(&error.to_string());
        }
    };
    assert!(editor.clone().finish() == bytes);
    let mut model = Model::of(read.expect("the editor reads it").root());
    let mut steers = steers.iter().copied();
    let mut below = |end: usize| usize::from(steers.next().unwrap_or(0)) % end.max(1);
    for _ in 0..EDITS {
        let edit = Edit::by_chance(&model, &mut below);
        let _ = step(&mut editor, &mut model, &edit);
    }
}

/// Makes the edit, in the hive and in the model; what the hive cannot have changes nothing. Whether it was done.
pub(crate) fn step(editor: &mut Editor, model: &mut Model, edit: &Edit) -> Result<(), EditError> {
    let before = editor.clone().finish();
    let mut wanted = model.clone();
    let can_be = wanted.happen(edit);
    let done = edit.make(editor);
    let after = editor.clone().finish();
    match &done {
        Ok(()) => {
            assert!(can_be, "{edit:?} was done");
            let read = Hive::parse(after.clone()).expect("a hive");
            assert!(!read.base_block().is_dirty() && after.len() >= before.len());
            assert!(Model::of(read.root()) == wanted, "{edit:?}");
            *model = wanted;
            if matches!(edit, Edit::Set { .. }) {
                edit.make(editor).expect("the same again");
                assert!(editor.clone().finish() == after, "{edit:?} twice");
            }
        }
        Err(error) => {
            one_line(&error.to_string());
            assert!(after == before, "{edit:?} was not done");
            assert!(!can_be || matches!(error, EditError::Hive(_) | EditError::Name { .. }), "{error}");
        }
    }
    done
}
