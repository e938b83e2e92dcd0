//! `inspect`: the whole picture of one disk, and the store in bcdedit's layout.

use std::path::Path;

use owo_colors::OwoColorize;

use crate::bcd::ObjectType;
use crate::bcd::Store;
use crate::bcd::device::Device;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::names::display_name;
use crate::bcd::names::integer_name;
use crate::bcd::object::Object;
use crate::bcd::object_id::alias;
use crate::cli::args::command_line::InspectArgs;
use crate::cli::commands::list;
use crate::cli::output::firmware_entries;
use crate::cli::output::json;
use crate::cli::output::json::store::Inspected;
use crate::cli::output::json::store::InspectedFile;
use crate::cli::output::json::store::StoreInFile;
use crate::cli::output::json::store::StoreOnDisk;
use crate::cli::output::screen::details;
use crate::cli::output::screen::headline;
use crate::cli::output::screen::picture;
use crate::cli::run::confine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine;
use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::run::store_file::is_store_file;
use crate::cli::run::store_file::read_store_file;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::words::clean;
use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::diagnosis::resolve::reference::is_here;
use crate::diagnosis::show_identity;
use crate::diagnosis::store::dirty;
use crate::diagnosis::store::menu::main_entry;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;

/// Width of the column of names, as in bcdedit.
const NAMES: usize = 23;

/// Runs the command.
///
/// # Errors
/// When the target cannot be examined or standard output not be written.
pub(crate) fn run(args: &InspectArgs, as_json: bool) -> anyhow::Result<u8> {
    confine::to_reading();
    if is_store_file(&args.target) {
        return store_file(&args.target, as_json);
    }
    let context =
        context(&args.target, &NamedDisks::default(), &args.open.options(), Choice::default(), false);
    let examined = examine(&args.target, &args.open.options(), &context)?;
    if as_json {
        json::print(&[document(&examined, &context)])?;
    } else {
        lines::show(|out| add(out, &examined, &context))?;
    }
    Ok(HEALTHY)
}

fn store_file(path: &Path, as_json: bool) -> anyhow::Result<u8> {
    let store = read_store_file(path)?;
    let show = |element: &Element| show_device(element, &|named, _| show_identity(named));
    if as_json {
        let content = StoreInFile {
            path: json::path(path),
            description: json::store::values(store.description()),
            objects: json::store::objects(None, &store, &show),
        };
        json::print(&[InspectedFile {
            target: json::path(path),
            kind: "store",
            stores: [content],
            error: None,
        }])?;
    } else {
        lines::show(|out| objects(out, None, &store, &show))?;
    }
    Ok(HEALTHY)
}

fn document(examined: &Examined, context: &Context) -> Inspected {
    let layout = &examined.layout;
    let store = |file: &StoreFile| {
        let parsed = file.parsed();
        let show = |element: &Element| device(layout, context, element);
        StoreOnDisk {
            path: file.path.clone(),
            partition: layout.volume(file.volume).map(|facts| facts.partition.number),
            firmware: file.firmware.to_string().to_lowercase(),
            live: file.live,
            error: file.store.as_ref().err().map(ToString::to_string),
            not_patchable: file.place.as_ref().err().map(ToString::to_string),
            obstacles: file.obstacles.iter().map(ToString::to_string).collect(),
            dirty: parsed.map(|_| file.dirty.is_some()),
            replayed: file.replayed().map(dirty::summary),
            default: parsed.and_then(Store::default_id).map(|id| id.braced()),
            starts: parsed
                .and_then(|store| store.object_at(main_entry(store)?))
                .map(|object| object.key.clone()),
            description: parsed.map(|store| json::store::values(store.description())),
            objects: parsed.map(|store| json::store::objects(Some(layout), store, &show)),
        }
    };
    Inspected {
        examined: json::target::target(examined),
        partitions: json::disk::partitions(layout),
        stores: layout.stores.iter().map(store).collect(),
    }
}

fn add(out: &mut Lines, examined: &Examined, context: &Context) {
    let layout = &examined.layout;
    headline::show(out, examined);
    picture::whole(out, examined);
    details::chain(out, &examined.diagnosis);
    out.add(format_args!(""));
    out.add(format_args!("{}", list::partition_table(layout)));
    for file in &layout.stores {
        let place = format!("{} on {}, {}", file.path, layout.name(file.volume), file.firmware);
        out.add(format_args!(""));
        out.add(format_args!("{}", clean(&place).bold()));
        match &file.store {
            Ok(store) => {
                if let Some(object) = main_entry(store).and_then(|index| store.object_at(index)) {
                    chain(out, layout, object);
                }
                objects(out, Some(layout), store, &|element| device(layout, context, element));
            }
            Err(error) => out.add(format_args!("  cannot be read: {}", clean(&error.to_string()))),
        }
    }
    for text in layout.systems.iter().filter_map(SystemVolume::boot_ini) {
        out.add(format_args!("\n{}", "boot.ini".bold()));
        text.text.lines().for_each(|line| out.add(format_args!("  {}", clean(line.trim_end()))));
    }
    details::findings(out, &examined.diagnosis.findings);
}

/// The entry that starts by itself, in a line.
fn chain(out: &mut Lines, layout: &Layout, object: &Object) {
    let text = |id| object.string(id).unwrap_or("?").to_owned();
    let place = |id| match object.device(id).map(|device| &device.device) {
        Some(Device::Partition(named)) => here(layout, named),
        Some(device) => device.display_with(&|named, _| here(layout, named)),
        None => "?".into(),
    };
    let line = format!(
        "starts {} \"{}\": {} on {}, then {} on {}",
        object.name(),
        text(ElementId::DESCRIPTION),
        text(ElementId::PATH),
        place(ElementId::DEVICE),
        text(ElementId::SYSTEM_ROOT),
        place(ElementId::OS_DEVICE)
    );
    out.add(format_args!("  {}", clean(&line)));
}

/// All objects, bcdedit's way: a heading by kind, then a line an element, lists one below the other.
fn objects(out: &mut Lines, layout: Option<&Layout>, store: &Store, show: &dyn Fn(&Element) -> String) {
    for object in store.objects() {
        let heading = heading(object.object_type);
        out.add(format_args!("\n{heading}\n{}", "-".repeat(heading.len())));
        out.add(format_args!("{:<NAMES$} {}", "identifier", clean(object.name())));
        if let Some(line) = firmware_entries::line(layout, object) {
            out.add(format_args!("{:<NAMES$} {}", "firmwarevariable", clean(&line)));
        }
        for element in &object.elements {
            let name = clean(&display_name(element, object.object_type));
            let lines = values(element, object, show);
            let names = std::iter::once(name.as_str()).chain(std::iter::repeat(""));
            for (name, line) in names.zip(lines) {
                out.add(format_args!("{name:<NAMES$} {}", clean(&line)));
            }
        }
    }
}

/// bcdedit's headings.
fn heading(kind: Option<ObjectType>) -> &'static str {
    let Some(kind) = kind else { return "Object without a type" };
    match kind {
        ObjectType::FIRMWARE_BOOT_MANAGER => "Firmware Boot Manager",
        ObjectType::BOOT_MANAGER => "Windows Boot Manager",
        ObjectType::OS_LOADER => "Windows Boot Loader",
        ObjectType::RESUME => "Resume from Hibernate",
        ObjectType::MEMDIAG => "Windows Memory Tester",
        ObjectType::NTLDR => "Windows Legacy OS Loader",
        ObjectType::BOOT_SECTOR => "Real-mode Boot Sector",
        ObjectType::FIRMWARE_APPLICATION => "Firmware Application (101fffff)",
        _ if kind.is_device_object() => "Device options",
        _ if kind.is_inherit() => "Settings",
        _ => "Application",
    }
}

/// An element's value, mostly in one line.
fn values(element: &Element, object: &Object, show: &dyn Fn(&Element) -> String) -> Vec<String> {
    let id = |id: &Guid| alias(*id).map_or_else(|| id.braced(), str::to_owned);
    let one = match &element.value {
        ElementValue::Device(_) => show(element),
        ElementValue::String(text) => text.clone(),
        ElementValue::Object(target) => id(target),
        ElementValue::ObjectList(list) if !list.is_empty() => return list.iter().map(id).collect(),
        ElementValue::ObjectList(_) => String::new(),
        ElementValue::Integer(number) => element
            .id
            .and_then(|id| integer_name(id, object.object_type, *number))
            .map_or_else(|| number.to_string(), str::to_owned),
        ElementValue::Boolean(yes) => if *yes { "Yes" } else { "No" }.into(),
        ElementValue::IntegerList(list) => {
            list.iter().map(|n| format!("0x{n:x}")).collect::<Vec<_>>().join(" ")
        }
        ElementValue::Binary => format!("{} bytes", element.raw.len()),
        ElementValue::Opaque { why } => {
            format!("not understood ({why}): {}", crate::bytes::hex(&element.raw))
        }
    };
    vec![one]
}

/// A device element with every partition shown as what it is on this disk, or as what it names.
fn device(layout: &Layout, context: &Context, element: &Element) -> String {
    show_device(element, &|named, inside_vhd| {
        if inside_vhd {
            return format!("in a virtual disk: {}", show_identity(named));
        }
        let other = context.others.find(crate::diagnosis::disk_of(named));
        match (is_here(layout, named), other) {
            (Some(volume), _) => format!("{}, matches", layout.name(volume)),
            (None, Some(other)) => format!("on {}: {}", other.name, show_identity(named)),
            (None, None) => format!("unknown: {}", show_identity(named)),
        }
    })
}

fn here(layout: &Layout, named: &QualifiedPartition) -> String {
    is_here(layout, named)
        .map_or_else(|| format!("unknown: {}", show_identity(named)), |volume| layout.name(volume))
}

fn show_device(element: &Element, name: &dyn Fn(&QualifiedPartition, bool) -> String) -> String {
    match &element.value {
        ElementValue::Device(device) => match device.device {
            Device::Partition(named) => name(&named, false),
            _ => device.display_with(name),
        },
        _ => crate::bytes::hex(&element.raw),
    }
}
