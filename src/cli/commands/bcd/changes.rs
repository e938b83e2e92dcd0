//! What was typed, as changes of the store: every word looked up in the store as it is by then.

use anyhow::Context as _;
use anyhow::bail;

use crate::bcd::Store;
use crate::bcd::change;
use crate::bcd::change::Change;
use crate::bcd::change::ListEdit;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::new_ids::NewIds;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::alias;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words;
use crate::bcd::words::type_of_well_known;
use crate::cli::args::bcd_args::request;
use crate::cli::args::bcd_args::request::CreateKind;
use crate::cli::args::bcd_args::request::Request;
use crate::cli::commands::bcd::names::Here;
use crate::cli::commands::bcd::names::shown;
use crate::guid::Guid;
use crate::layout::Layout;

/// What becomes of a store.
pub(super) struct Amended {
    /// The bytes of its file.
    pub(super) bytes: Vec<u8>,
    /// What is to be said besides: the id of a new object.
    pub(super) notes: Vec<String>,
}

/// Carries out what was typed, one after the other, in memory.
///
/// # Errors
/// The first that cannot be done; each names its words.
pub(super) fn amended(
    store: &Store,
    layout: Option<&Layout>,
    entry: Option<Guid>,
    requests: &[Request],
    now: u64,
) -> anyhow::Result<Amended> {
    let mut ids =
        NewIds::new(now, &layout.and_then(|it| it.table.disk).map(|disk| disk.text()).unwrap_or_default());
    let mut amended = Amended { bytes: store.hive().bytes().to_vec(), notes: Vec::new() };
    let mut store = store.clone();
    // What {current} is, the requests before must not change.
    let entry =
        entry.or_else(|| Here { store: &store, layout, entry: None }.current().ok().map(|(id, _)| id));
    for request in requests {
        let here = Here { store: &store, layout, entry };
        let changes =
            changes(here, request, &mut ids, &mut amended.notes).with_context(|| request.to_string())?;
        amended.bytes = change::apply(&store, &changes, now).with_context(|| request.to_string())?;
        store = Store::parse(amended.bytes.clone())?;
    }
    Ok(amended)
}

fn changes(
    here: Here<'_>,
    request: &Request,
    ids: &mut NewIds,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<Change>> {
    match request {
        Request::Set { object, element, value, how, as_type } => {
            let (object, element) = place(here, object.as_deref(), element)?;
            let kind = here.store.object(object).and_then(|object| object.object_type);
            check_format(element, *as_type)?;
            let words: Vec<&str> = value.iter().map(String::as_str).collect();
            let value = here.lend(|names| words::value(element, kind, &words, names))?;
            Ok(vec![set(object, element, value, *how)?])
        }
        Request::Unset { object, element, if_there } => {
            let (object, element) = place(here, object.as_deref(), element)?;
            let is_there = here.store.object(object).is_some_and(|object| object.element(element).is_some());
            Ok(match is_there || !if_there {
                true => vec![Change::Unset { object, element }],
                false => Vec::new(),
            })
        }
        Request::Create { id, kind, description } => {
            let id = id.as_deref().map(|id| named(here, id)).transpose()?;
            let object_type = type_of_new(id, *kind)?;
            let id = id.unwrap_or_else(|| new_id(ids, notes));
            Ok(vec![Change::Create { id, object_type, description: description.clone() }])
        }
        Request::Copy { object, description } => {
            let from = named(here, object)?;
            let to = new_id(ids, notes);
            let mut changes = vec![Change::Copy { from, to, description: description.clone() }];
            // As bcdedit does: a copy that is in no menu can be started by nobody.
            let is_loader = here.store.object(from).is_some_and(|object| object.is_os_loader());
            if is_loader && here.store.object(BOOTMGR).is_some() {
                changes.push(Change::List {
                    object: BOOTMGR,
                    element: ElementId::DISPLAY_ORDER,
                    ids: vec![to],
                    how: ListEdit::AddLast,
                });
            }
            Ok(changes)
        }
        Request::Delete { object, force, cleanup } => {
            let object = named(here, object)?;
            if alias(object).is_some() && !force {
                bail!("{} is a well-known object: add --force if it has to go", shown(object));
            }
            Ok(vec![Change::Delete { object, cleanup: *cleanup }])
        }
    }
}

fn new_id(ids: &mut NewIds, notes: &mut Vec<String>) -> Guid {
    let id = ids.next_id();
    notes.push(format!("the new object is {}", id.braced()));
    id
}

/// The object and the element of it that are meant.
fn place(here: Here<'_>, object: Option<&str>, element: &str) -> anyhow::Result<(Guid, ElementId)> {
    let id = named(here, object.unwrap_or(request::CURRENT))?;
    let Some(object) = here.store.object(id) else { bail!(here.missing(id)) };
    Ok((id, words::element(element, object.object_type)?))
}

fn named(here: Here<'_>, name: &str) -> anyhow::Result<Guid> {
    here.object(words::object(name)?).map_err(anyhow::Error::msg)
}

/// A format that was said must be the one that the id of the element says.
fn check_format(element: ElementId, said: Option<ElementFormat>) -> anyhow::Result<()> {
    match said {
        Some(said) if said != element.format() => {
            bail!("--type: element {element} is of another type by its number: {:?}", element.format())
        }
        _ => Ok(()),
    }
}

fn set(
    object: Guid,
    element: ElementId,
    value: ElementValue,
    how: request::ListEdit,
) -> anyhow::Result<Change> {
    let how = match how {
        request::ListEdit::Replace => return Ok(Change::Set { object, element, value }),
        request::ListEdit::AddFirst => ListEdit::AddFirst,
        request::ListEdit::AddLast => ListEdit::AddLast,
        request::ListEdit::Remove => ListEdit::Remove,
    };
    match value {
        ElementValue::ObjectList(ids) => Ok(Change::List { object, element, ids, how }),
        _ => bail!("element {element} is no list of objects: omit --addfirst, --addlast, --remove"),
    }
}

/// The type of a new object: what was said, or what its well-known id means.
fn type_of_new(id: Option<Guid>, kind: Option<CreateKind>) -> anyhow::Result<ObjectType> {
    let known = id.and_then(type_of_well_known);
    match (known, kind.map(CreateKind::object_type)) {
        (Some(known), Some(said)) if known != said => {
            bail!("this id is that of an object of type {known}, not {said}: omit the type")
        }
        (Some(known), _) => Ok(known),
        (None, Some(said)) => Ok(said),
        (None, None) => bail!("what is it to be? add --application TYPE, --inherit [TYPE] or --device"),
    }
}
