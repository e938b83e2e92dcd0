//! A store in the layout of `bcdedit /enum all`: its titles, its order, names in a column of 24, lists one below the other.
//!
//! Microsoft, "BCDEdit /enum"; listings of Windows 7 to 11. What is shown of an element comes back from [`crate::bcd::words`].

use std::cell::RefCell;

use crate::bcd::ObjectType;
use crate::bcd::Store;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::names::display_name;
use crate::bcd::names::element_name;
use crate::bcd::names::integer_name;
use crate::bcd::names::value_names;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::bytes;
use crate::cli::output::firmware_entries;
use crate::cli::output::object_names::ObjectNames;
use crate::cli::output::which::Which;
use crate::cli::text::lines::Lines;
use crate::cli::text::pieces;
use crate::cli::text::pieces::width;
use crate::cli::text::words::clean;
use crate::diagnosis::show_identity;
use crate::guid::Guid;
use crate::layout::Layout;

/// Columns of the names with the blank behind them.
const NAMES: usize = 24;

/// What a partition that an element names is to who looks at the store.
pub enum Named {
    /// It is on this disk.
    Here {
        /// `2 (Windows)`.
        name: String,
        /// `2`, where that is too long.
        short: String,
    },
    /// It is not, or nobody can tell: what the element refers to.
    Unknown(String),
}

/// Tells what a partition is.
pub type Resolve<'a> = &'a dyn Fn(&QualifiedPartition) -> Named;

/// What of a store is shown, and how.
pub struct Listing<'a> {
    /// The disk; none for a store by itself.
    pub layout: Option<&'a Layout>,
    /// The store.
    pub store: &'a Store,
    /// Tells what a partition is.
    pub resolve: Resolve<'a>,
    /// The objects that are shown.
    pub which: Which,
    /// How objects are named.
    pub names: ObjectNames,
}

/// The objects of a store.
pub fn objects(out: &mut Lines, listing: &Listing<'_>) {
    for object in listing.which.of(listing.store) {
        let title = title(object);
        out.gap();
        out.whole(format_args!("{title}"));
        out.whole(format_args!("{}", "-".repeat(width(&title))));
        add(out, "identifier", &[Value::whole(listing.names.of_object(object))]);
        if let Some(line) = firmware_entries::line(listing.layout, object) {
            add(out, "firmwarevariable", &[Value { rest: line, ..Value::default() }]);
        }
        for element in &object.elements {
            let room = out.columns().saturating_sub(NAMES);
            let values = values(element, object, listing.resolve, listing.names, room);
            add(out, &display_name(element, object.object_type), &values);
        }
    }
}

/// A line of a value: what must not be broken, and what may be wrapped behind it.
#[derive(Default)]
struct Value {
    whole: String,
    rest: String,
}

impl Value {
    fn whole(whole: String) -> Self {
        Self { whole, ..Self::default() }
    }
}

/// The value of an element as the listing of its object shows it, in pieces that must not be broken; `room` is how wide a line of it is.
pub(crate) fn value_pieces(
    element: &Element,
    object: &Object,
    resolve: Resolve<'_>,
    names: ObjectNames,
    room: usize,
) -> Vec<String> {
    let pieces = values(element, object, resolve, names, room).into_iter().flat_map(|value| {
        let rest = value.rest.split(' ').map(clean).collect::<Vec<_>>();
        std::iter::once(clean(&value.whole)).chain(rest)
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// The value of an element, as it stands behind its name; of a list each value is a line, and a device is one.
pub(crate) fn value_lines(element: &Element, object: &Object, listing: &Listing<'_>) -> Vec<String> {
    let line = |value: Value| match (value.whole.is_empty(), value.rest.is_empty()) {
        (false, false) => clean(&format!("{} {}", value.whole, value.rest)),
        _ => clean(&format!("{}{}", value.whole, value.rest)),
    };
    let values = values(element, object, listing.resolve, listing.names, usize::MAX);
    let lines: Vec<String> = values.into_iter().map(line).collect();
    match element.value {
        ElementValue::Device(_) => vec![lines.join(" ")],
        _ => lines,
    }
}

/// A name with its values.
fn add(out: &mut Lines, name: &str, values: &[Value]) {
    let name = clean(name);
    let names = std::iter::once(name.as_str()).chain(std::iter::repeat(""));
    for (name, value) in names.zip(values) {
        let start = format!("{name:<width$} ", width = NAMES.saturating_sub(1));
        let (whole, rest) = (clean(&value.whole), clean(&value.rest));
        let whole = std::iter::once(whole.as_str()).filter(|whole| !whole.is_empty());
        let pieces = whole.chain(rest.split(' ').filter(|_| !rest.is_empty()));
        pieces::add(out, &start, pieces, NAMES);
    }
}

/// bcdedit's title of an object.
pub(crate) fn title(object: &Object) -> String {
    let Some(kind) = object.object_type else { return "Object without a type".to_owned() };
    let known = match kind {
        ObjectType::FIRMWARE_BOOT_MANAGER => "Firmware Boot Manager",
        ObjectType::BOOT_MANAGER => "Windows Boot Manager",
        ObjectType::OS_LOADER => "Windows Boot Loader",
        ObjectType::RESUME => "Resume from Hibernate",
        ObjectType::MEMDIAG => "Windows Memory Tester",
        ObjectType::NTLDR => "Windows Legacy OS Loader",
        ObjectType::BOOT_SECTOR => "Real-mode Boot Sector",
        _ if kind.is_device_object() && object.id == Some(object_id::RAMDISKOPTIONS) => {
            "Setup Ramdisk Options"
        }
        _ if kind.is_device_object() => "Device options",
        _ if kind.is_inherit() => match object.id.and_then(settings) {
            Some(title) => title,
            None => return format!("Settings ({kind})"),
        },
        _ if kind.is_firmware_application() => return format!("Firmware Application ({kind})"),
        _ => return format!("Application ({kind})"),
    };
    known.to_owned()
}

/// bcdedit's titles of the settings that others inherit.
fn settings(id: Guid) -> Option<&'static str> {
    let title = match id {
        object_id::EMSSETTINGS => "EMS Settings",
        object_id::DBGSETTINGS => "Debugger Settings",
        object_id::BADMEMORY => "RAM Defects",
        object_id::GLOBALSETTINGS => "Global Settings",
        object_id::BOOTLOADERSETTINGS => "Boot Loader Settings",
        object_id::HYPERVISORSETTINGS => "Hypervisor Settings",
        object_id::RESUMELOADERSETTINGS => "Resume Loader Settings",
        _ => return None,
    };
    Some(title)
}

/// An element's value, mostly in one line; `room` is how wide that is.
fn values(
    element: &Element,
    object: &Object,
    resolve: Resolve<'_>,
    names: ObjectNames,
    room: usize,
) -> Vec<Value> {
    let id = |id: &Guid| Value::whole(names.of(*id));
    let text = |rest: &str| vec![Value { rest: rest.to_owned(), ..Value::default() }];
    match &element.value {
        ElementValue::Device(named) => device(named, resolve, names, room),
        ElementValue::String(string) => text(string),
        ElementValue::Object(target) => vec![id(target)],
        ElementValue::ObjectList(list) if !list.is_empty() => list.iter().map(id).collect(),
        ElementValue::IntegerList(list) if !list.is_empty() => {
            let is_named = element.id.and_then(|id| element_name(id, object.object_type)).is_some();
            let number = |n: &u64| if is_named { format!("0x{n:x}") } else { n.to_string() };
            list.iter().map(|n| Value::whole(number(n))).collect()
        }
        ElementValue::ObjectList(_) | ElementValue::IntegerList(_) => text(""),
        ElementValue::Integer(number) => {
            vec![Value::whole(
                element.id.map_or_else(|| number.to_string(), |id| integer(id, object.object_type, *number)),
            )]
        }
        ElementValue::Boolean(yes) => text(if *yes { "Yes" } else { "No" }),
        ElementValue::Binary(bytes) => text(&bytes::hex(bytes)),
        ElementValue::Opaque { why } => {
            text(&format!("not understood ({why}): {}", bytes::hex(&element.raw)))
        }
    }
}

/// A number by its word. Where all have words and this has none it is hexadecimal, as no word is.
fn integer(id: ElementId, object: Option<ObjectType>, number: u64) -> String {
    match integer_name(id, object, number) {
        Some(word) => word.to_owned(),
        None if value_names(id, object).is_empty() => number.to_string(),
        None => format!("{number:#x}"),
    }
}

/// A device as bcdedit shows it, with its options on a line of their own where both are too long for one; behind it what a partition that
/// is not here refers to.
fn device(element: &DeviceElement, resolve: Resolve<'_>, names: ObjectNames, room: usize) -> Vec<Value> {
    let (mut device, unknown) = named(&element.device, resolve, false);
    let options = (!element.options.is_zero()).then(|| names.of(element.options));
    if width(&device) >= room {
        device = named(&element.device, resolve, true).0;
    }
    let mut values = match options {
        None => vec![Value::whole(device)],
        Some(options) if width(&device).saturating_add(width(&options)) < room => {
            vec![Value::whole(format!("{device},{options}"))]
        }
        Some(options) => vec![Value::whole(format!("{device},")), Value::whole(options)],
    };
    match values.as_mut_slice() {
        [only] if matches!(element.device, Device::Partition(_)) => only.rest = unknown.join(" "),
        _ => values.extend(unknown.into_iter().map(|rest| Value { rest, ..Value::default() })),
    }
    values
}

/// A device in bcdedit's words, and what each partition in it that is not here refers to.
fn named(device: &Device, resolve: Resolve<'_>, is_short: bool) -> (String, Vec<String>) {
    let unknown = RefCell::new(Vec::new());
    let name = |named: &QualifiedPartition, is_inside: bool| match resolve(named) {
        // The disk within a virtual one is looked at by nobody.
        _ if is_inside => format!("({})", show_identity(named)),
        Named::Here { short, .. } if is_short => short,
        Named::Here { name, .. } => name,
        Named::Unknown(refers_to) => {
            unknown.borrow_mut().push(format!("({refers_to})"));
            "unknown".to_owned()
        }
    };
    let text = match device {
        Device::Partition(named) => match name(named, false) {
            name if unknown.borrow().is_empty() => format!("partition={name}"),
            unknown => unknown,
        },
        Device::VhdPartition { inner, host } => {
            let disk = Device::Vhd { parent: host.clone() }.display_with(&name);
            unknown.borrow_mut().push(format!("(in it {})", show_identity(inner)));
            disk
        }
        other => other.display_with(&name),
    };
    (text, unknown.take())
}
