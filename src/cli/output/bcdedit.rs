//! A store in the layout of `bcdedit /enum all`: its titles, its order, names in a column of 24, lists one below the other.
//!
//! Microsoft, "BCDEdit /enum"; listings of Windows 7 to 11. bcdedit sorts objects by type, and those of one type by their GUID.

use std::cell::RefCell;

use crate::bcd::ObjectType;
use crate::bcd::Store;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bcd::element::ElementValue;
use crate::bcd::names::display_name;
use crate::bcd::names::element_name;
use crate::bcd::names::integer_name;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::bcd::object_id::alias;
use crate::cli::output::firmware_entries;
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

/// All objects of a store. Without a layout for a store by itself.
pub fn objects(out: &mut Lines, layout: Option<&Layout>, store: &Store, resolve: Resolve<'_>) {
    let mut objects: Vec<&Object> = store.objects().iter().collect();
    objects
        .sort_by_key(|object| (object.object_type.is_none(), object.object_type, object.key.to_lowercase()));
    for object in objects {
        let title = title(object);
        out.gap();
        out.whole(format_args!("{title}"));
        out.whole(format_args!("{}", "-".repeat(width(&title))));
        add(out, "identifier", &[Value::whole(object.name().to_owned())]);
        if let Some(line) = firmware_entries::line(layout, object) {
            add(out, "firmwarevariable", &[Value { rest: line, ..Value::default() }]);
        }
        for element in &object.elements {
            let values = values(element, object, resolve, out.columns().saturating_sub(NAMES));
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
fn title(object: &Object) -> String {
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
fn values(element: &Element, object: &Object, resolve: Resolve<'_>, room: usize) -> Vec<Value> {
    let id = |id: &Guid| Value::whole(alias(*id).map_or_else(|| id.braced(), str::to_owned));
    let text = |rest: &str| vec![Value { rest: rest.to_owned(), ..Value::default() }];
    match &element.value {
        ElementValue::Device(named) => device(named, resolve, room),
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
            let word = element.id.and_then(|id| integer_name(id, object.object_type, *number));
            vec![Value::whole(word.map_or_else(|| number.to_string(), str::to_owned))]
        }
        ElementValue::Boolean(yes) => text(if *yes { "Yes" } else { "No" }),
        ElementValue::Binary => text(&format!("{} bytes", element.raw.len())),
        ElementValue::Opaque { why } => {
            text(&format!("not understood ({why}): {}", crate::bytes::hex(&element.raw)))
        }
    }
}

/// A device as bcdedit shows it, with its options on a line of their own where both are too long for one; behind it what a partition that
/// is not here refers to.
fn device(element: &DeviceElement, resolve: Resolve<'_>, room: usize) -> Vec<Value> {
    let (mut device, unknown) = named(&element.device, resolve, false);
    let options = options(element);
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

/// The object with the options of a device.
fn options(element: &DeviceElement) -> Option<String> {
    let name = || alias(element.options).map_or_else(|| element.options.braced(), str::to_owned);
    (!element.options.is_zero()).then(name)
}
