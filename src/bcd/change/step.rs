//! The steps of which changes are made: each one key of the hive, or one value.

use crate::bcd::element::VALUE_NAME;
use crate::hive::edit::EditError;
use crate::hive::edit::Editor;

/// Names of the keys in which a store keeps things.
const OBJECTS: &str = "Objects";
const DESCRIPTION: &str = "Description";
const ELEMENTS: &str = "Elements";

/// A step. Objects and elements are named by their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An element gets a value; it is made when it is not there.
    Set { object: String, element: String, data_type: u32, raw: Vec<u8> },
    /// An element goes.
    Unset { object: String, element: String },
    /// An object comes, with these values in its description and no elements.
    Create { object: String, description: Vec<Described> },
    /// An object goes.
    Delete { object: String },
}

/// A value of a description: name, registry type and data.
pub(super) type Described = (String, u32, Vec<u8>);

impl Step {
    /// Makes the step in the hive; `now` is the FILETIME of new keys.
    pub(super) fn make(&self, editor: &mut Editor, now: u64) -> Result<(), EditError> {
        match self {
            Self::Set { object, element, data_type, raw } => {
                ensure(editor, &[OBJECTS, object], ELEMENTS, now)?;
                ensure(editor, &[OBJECTS, object, ELEMENTS], element, now)?;
                editor.set_value(&[OBJECTS, object, ELEMENTS, element], VALUE_NAME, *data_type, raw)
            }
            Self::Unset { object, element } => editor.delete_key(&[OBJECTS, object, ELEMENTS, element]),
            Self::Create { object, description } => {
                ensure(editor, &[], OBJECTS, now)?;
                editor.create_key(&[OBJECTS], object, now)?;
                editor.create_key(&[OBJECTS, object], DESCRIPTION, now)?;
                editor.create_key(&[OBJECTS, object], ELEMENTS, now)?;
                let key = [OBJECTS, object, DESCRIPTION];
                description
                    .iter()
                    .try_for_each(|(name, data_type, data)| editor.set_value(&key, name, *data_type, data))
            }
            Self::Delete { object } => editor.delete_key(&[OBJECTS, object]),
        }
    }
}

/// Makes a key when it is not there.
fn ensure(editor: &mut Editor, parent: &[&str], name: &str, now: u64) -> Result<(), EditError> {
    match editor.create_key(parent, name, now) {
        Err(EditError::Exists { .. }) => Ok(()),
        other => other,
    }
}
