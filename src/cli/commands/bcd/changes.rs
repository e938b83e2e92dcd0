//! What was typed, as changes of the store: every word looked up in the store as it is by then.

use std::borrow::Cow;

use anyhow::Context as _;
use anyhow::bail;

use crate::bcd::Store;
use crate::bcd::change;
use crate::bcd::change::Change;
use crate::bcd::change::ChangeError;
use crate::bcd::change::ListEdit;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::names::element_name;
use crate::bcd::new_ids::NewIds;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::alias;
use crate::bcd::object_id::shown;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words;
use crate::bcd::words::type_of_well_known;
use crate::cli::args::bcd_args::request;
use crate::cli::args::bcd_args::request::CreateKind;
use crate::cli::args::bcd_args::request::Request;
use crate::cli::commands::bcd::names::Here;
use crate::cli::commands::bcd::remarks::of_value;
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
        let changed = changes(here, request, &mut ids, &mut amended.notes)
            .and_then(|changes| change::apply(&store, &changes, now).map_err(|error| told(here, error)));
        // One edit was just typed; of a recipe's, nobody knows which is meant.
        amended.bytes = match requests {
            [_] => changed?,
            _ => changed.with_context(|| request.to_string())?,
        };
        store = Store::parse(amended.bytes.clone())?;
    }
    Ok(amended)
}

/// Why a change cannot be made, by the names that people know.
fn told(here: Here<'_>, error: ChangeError) -> anyhow::Error {
    let element = |object: Guid, element: ElementId| {
        let object_type = here.store.object(object).and_then(|object| object.object_type);
        element_name(element, object_type).map_or_else(|| element.to_string(), str::to_owned)
    };
    let message = match error {
        ChangeError::NoObject { object, .. } => here.missing(object),
        ChangeError::NoElement { object, element: id, .. } => {
            format!("{} is not set in {}", element(object, id), here.called(object))
        }
        ChangeError::NotListed { object, element: list, id, .. } => {
            format!("{} is not in {} of {}", here.called(id), element(object, list), here.called(object))
        }
        ChangeError::Exists { object } => format!("{} is in this store already", here.called(object)),
        other => return other.into(),
    };
    anyhow::Error::msg(message)
}

fn changes(
    here: Here<'_>,
    request: &Request,
    ids: &mut NewIds,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<Change>> {
    ids.skip(|id| here.store.object(id).is_some());
    let Some(request) = to_do(here, request)? else { return Ok(Vec::new()) };
    match request.as_ref() {
        Request::Set { object, element, value, how, as_type } => {
            let (name, (object, element)) = (element, place(here, object.as_deref(), element)?);
            let kind = here.store.object(object).and_then(|object| object.object_type);
            check_format(element, *as_type)?;
            let words: Vec<&str> = value.iter().map(String::as_str).collect();
            let value = here.lend(|names| words::value(element, kind, &words, names))?;
            if *how != request::ListEdit::Remove {
                notes.extend(of_value(here, object, element, &value));
            }
            Ok(vec![set(name, object, element, value, *how)?])
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
                bail!(
                    "{} is an object that boot managers know by its id; to delete it all the same, add --force",
                    shown(object)
                );
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
    Ok(here.object(words::object(name)?)?)
}

/// What there is to do of a request: what a recipe takes away need not be there, and what is taken out of a list, as bcdedit has it,
/// need not be in it.
fn to_do<'a>(here: Here<'_>, request: &'a Request) -> anyhow::Result<Option<Cow<'a, Request>>> {
    match request {
        Request::Unset { object: Some(object), if_there: true, .. } => {
            let object = named(here, object)?;
            Ok(here.store.object(object).map(|_| Cow::Borrowed(request)))
        }
        Request::Set { object, element, value, how: request::ListEdit::Remove, as_type } => {
            let (object, id) = place(here, object.as_deref(), element)?;
            if id.format() != ElementFormat::ObjectList {
                return Ok(Some(Cow::Borrowed(request)));
            }
            let there = here.store.object(object).map(|object| object.objects(id)).unwrap_or_default();
            let mut left = Vec::new();
            for word in value {
                if there.contains(&named(here, word)?) {
                    left.push(word.clone());
                }
            }
            let (is_nothing, how) = (left.is_empty(), request::ListEdit::Remove);
            let (object, element) = (Some(object.braced()), element.clone());
            let rest = Request::Set { object, element, value: left, how, as_type: *as_type };
            Ok((!is_nothing).then_some(Cow::Owned(rest)))
        }
        _ => Ok(Some(Cow::Borrowed(request))),
    }
}

/// A format that was said must be the one that the id of the element says.
fn check_format(element: ElementId, said: Option<ElementFormat>) -> anyhow::Result<()> {
    match said {
        Some(said) if said != element.format() => {
            bail!("--type: by its number, element {element} is {}", kind(element.format()))
        }
        _ => Ok(()),
    }
}

/// A format in the words of `--type`.
const fn kind(format: ElementFormat) -> &'static str {
    match format {
        ElementFormat::Device => "a device",
        ElementFormat::String => "a string",
        ElementFormat::Object => "an object",
        ElementFormat::ObjectList => "an objectlist",
        ElementFormat::Integer => "an integer",
        ElementFormat::Boolean => "a boolean",
        ElementFormat::IntegerList => "an integerlist",
        ElementFormat::Binary => "binary",
        ElementFormat::Unknown(_) => "of an unknown type",
    }
}

fn set(
    name: &str,
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
        _ => bail!("{name} is not a list of objects; omit --addfirst, --addlast and --remove"),
    }
}

/// The type of a new object: what was said, or what its well-known id means.
fn type_of_new(id: Option<Guid>, kind: Option<CreateKind>) -> anyhow::Result<ObjectType> {
    let known = id.and_then(type_of_well_known);
    match (known, kind.map(CreateKind::object_type)) {
        (Some(known), Some(said)) if known != said => {
            bail!("an object with this id has type {known}, not {said}; omit the type")
        }
        (Some(known), _) => Ok(known),
        (None, Some(said)) => Ok(said),
        (None, None) => bail!("a new object needs a type: --application TYPE, --inherit [TYPE] or --device"),
    }
}
