//! `inspect`: the whole picture of one disk, and the store in bcdedit's layout.

use std::path::Path;

use owo_colors::OwoColorize;

use crate::bcd::Store;
use crate::bcd::device::Device;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::cli::args::command_line::InspectArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::output::bcdedit;
use crate::cli::output::bcdedit::Listing;
use crate::cli::output::bcdedit::Named;
use crate::cli::output::controllers;
use crate::cli::output::disk_picture;
use crate::cli::output::disk_picture::add_text;
use crate::cli::output::json;
use crate::cli::output::json::store::Inspected;
use crate::cli::output::json::store::InspectedFile;
use crate::cli::output::json::store::StoreInFile;
use crate::cli::output::json::store::StoreOnDisk;
use crate::cli::output::named;
use crate::cli::output::object_names::ObjectNames;
use crate::cli::output::screen::details;
use crate::cli::output::screen::headline;
use crate::cli::output::which::Which;
use crate::cli::run::confine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_drivers;
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
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;

/// Runs the command.
///
/// # Errors
/// When the target cannot be examined or standard output not be written.
pub(crate) fn run(args: &InspectArgs, show: ShowArgs) -> anyhow::Result<u8> {
    confine::to_reading();
    if is_store_file(&args.target) {
        return store_file(&args.target, show);
    }
    let context =
        context(&args.target, &NamedDisks::default(), &args.open.options(), Choice::default(), false);
    let examined = examine_drivers(&args.target, &args.open.options(), &context)?;
    if show.json {
        json::print(&[document(&examined, &context)])?;
    } else {
        lines::show(|out| add(out, &examined, &context, args, show.verbose))?;
    }
    Ok(HEALTHY)
}

fn store_file(path: &Path, show: ShowArgs) -> anyhow::Result<u8> {
    let store = read_store_file(path)?;
    if show.json {
        let show = |element: &Element| named::alone(element);
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
        lines::show(|out| {
            let resolve = |named: &QualifiedPartition| Named::Unknown(show_identity(named));
            bcdedit::objects(out, &listing(None, &store, &resolve, show.verbose));
        })?;
    }
    Ok(HEALTHY)
}

fn document(examined: &Examined, context: &Context) -> Inspected {
    let layout = &examined.layout;
    let store = |file: &StoreFile| {
        let parsed = file.parsed();
        let show = |element: &Element| named::device(layout, context, element);
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

fn add(out: &mut Lines, examined: &Examined, context: &Context, args: &InspectArgs, is_verbose: bool) {
    let layout = &examined.layout;
    if !args.store {
        headline::show(out, examined);
        disk_picture::add(out, examined);
        if is_verbose {
            details::chain(out, &examined.diagnosis);
        }
    }
    for (index, file) in layout.stores.iter().enumerate() {
        if !args.store || index > 0 {
            out.gap();
        }
        add_store(out, layout, context, file, is_verbose);
    }
    if args.store {
        return;
    }
    for text in layout.systems.iter().filter_map(SystemVolume::boot_ini) {
        out.gap();
        out.whole(format_args!("{}", "boot.ini".bold()));
        text.text.lines().for_each(|line| add_text(out, "  ", &clean(line.trim_end())));
    }
    controllers::add(out, layout);
    if is_verbose {
        details::findings(out, &examined.diagnosis.findings);
    }
}

/// Where a store is, which of its entries starts, and all that is in it.
fn add_store(out: &mut Lines, layout: &Layout, context: &Context, file: &StoreFile, is_verbose: bool) {
    let place = clean(&format!("{} on {}, {}", file.path, layout.name(file.volume), file.firmware));
    out.add(format_args!("{}", place.bold()));
    match &file.store {
        Ok(store) => {
            if let Some(object) = main_entry(store).and_then(|index| store.object_at(index)) {
                add_text(out, "  ", &clean(&starts(layout, object)));
            }
            let resolve = |named: &QualifiedPartition| named::resolve(layout, context, named);
            bcdedit::objects(out, &listing(Some(layout), store, &resolve, is_verbose));
        }
        Err(error) => add_text(out, "  cannot be read: ", &clean(&error.to_string())),
    }
}

/// All that is in a store; `-v` shows ids in full, as bcdedit's `/v` does.
fn listing<'a>(
    layout: Option<&'a Layout>,
    store: &'a Store,
    resolve: bcdedit::Resolve<'a>,
    is_verbose: bool,
) -> Listing<'a> {
    let names = if is_verbose { ObjectNames::full() } else { ObjectNames::short(store) };
    Listing { layout, store, resolve, which: Which::All, names }
}

/// The entry that starts by itself, in a line.
fn starts(layout: &Layout, object: &Object) -> String {
    let text = |id| object.string(id).unwrap_or("?").to_owned();
    let here = |named: &QualifiedPartition| is_here(layout, named).map(|volume| layout.name(volume));
    let place = |id| match object.device(id).map(|device| &device.device) {
        Some(Device::Partition(named)) => here(named),
        Some(device) => Some(device.display_with(&|named, is_inside| {
            here(named).filter(|_| !is_inside).unwrap_or_else(|| "unknown".to_owned())
        })),
        None => None,
    };
    let place = |id| place(id).unwrap_or_else(|| "an unknown device".to_owned());
    let (name, loader, root) =
        (text(ElementId::DESCRIPTION), text(ElementId::PATH), text(ElementId::SYSTEM_ROOT));
    let (device, os_device) = (place(ElementId::DEVICE), place(ElementId::OS_DEVICE));
    match device == os_device {
        true => format!("starts \"{name}\": {loader}, then {root}, on {device}"),
        false => format!("starts \"{name}\": {loader} on {device}, then {root} on {os_device}"),
    }
}
