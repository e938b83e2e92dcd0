//! `bcd enum` and `bcd get`: objects in bcdedit's layout, and single values for scripts.

use anyhow::Context as _;
use owo_colors::OwoColorize as _;

use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bcd::names::element_name;
use crate::bcd::object::Object;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::shown;
use crate::bcd::words;
use crate::cli::args::bcd_args::place::PlaceArgs;
use crate::cli::args::bcd_args::request::CURRENT;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::bcd::edit_file::unknown;
use crate::cli::commands::bcd::found::Found;
use crate::cli::commands::bcd::names::Here;
use crate::cli::output::bcdedit;
use crate::cli::output::bcdedit::Listing;
use crate::cli::output::json;
use crate::cli::output::json::store::Enumerated;
use crate::cli::output::named;
use crate::cli::output::object_names::ObjectNames;
use crate::cli::output::which::Which;
use crate::cli::run::confine;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::Usage;
use crate::cli::text::lines;
use crate::cli::text::words::clean;

/// Shows objects of the store.
///
/// # Errors
/// The store cannot be read, or the word names nothing in it.
pub(super) fn objects(place: &PlaceArgs, word: Option<&str>, show: ShowArgs) -> anyhow::Result<u8> {
    confine::to_reading();
    // A word that means nothing anywhere is told before the disk is looked at.
    if let Err(error) = Which::from_word(word, &|_| Ok(BOOTMGR)) {
        return Err(Usage(error.to_string()).into());
    }
    let found = Found::open(place)?;
    let here = here(&found, place)?;
    let which = Which::from_word(word, &|name| here.object(name))?;
    let objects = which.of(here.store);
    if let (Which::One(id), true) = (which, objects.is_empty()) {
        anyhow::bail!(
            "{}: no object {} in this store; list them with enum all",
            found.target().display(),
            shown(id)
        );
    }
    if show.json {
        json::print(&[enumerated(&found, &objects)])?;
        return Ok(HEALTHY);
    }
    let name = match &found {
        Found::File(found) => found.path.display().to_string(),
        Found::Disk(found) => {
            let file = found.file()?;
            let place = found.examined.layout.name(file.volume);
            format!("{}: {} on {place}, {}", found.examined.path.display(), file.path, file.firmware)
        }
    };
    lines::show(|out| {
        out.add(format_args!("{}", clean(&name).bold()));
        if objects.is_empty() {
            out.add(format_args!("  no such objects"));
        }
        with_listing(&found, here, which, show, |listing| bcdedit::objects(out, listing));
    })?;
    Ok(HEALTHY)
}

/// Shows an object, or the value of one of its elements with nothing around it.
///
/// # Errors
/// The store cannot be read, or has no such object or element.
pub(super) fn get(
    place: &PlaceArgs,
    object: Option<&str>,
    element: Option<&str>,
    show: ShowArgs,
) -> anyhow::Result<u8> {
    let Some(element) = element else { return objects(place, Some(object.unwrap_or(CURRENT)), show) };
    confine::to_reading();
    let found = Found::open(place)?;
    let here = here(&found, place)?;
    let called = object.unwrap_or(CURRENT);
    let id = here.object(words::object(called)?)?;
    let object = here
        .store
        .object(id)
        .with_context(|| format!("no object {} in this store; list them with enum all", shown(id)))?;
    let element = words::element(element, object.object_type)?;
    let Some(value) = object.element(element) else {
        let name =
            element_name(element, object.object_type).map_or_else(|| element.to_string(), str::to_owned);
        anyhow::bail!("{}: {name} is not set in {called}", found.target().display());
    };
    if show.json {
        let only = Object { elements: vec![value.clone()], ..object.clone() };
        json::print(&[enumerated(&found, &[&only])])?;
        return Ok(HEALTHY);
    }
    lines::show(|out| {
        with_listing(&found, here, Which::One(id), show, |listing| {
            let lines = bcdedit::value_lines(value, object, listing);
            lines.iter().for_each(|line| out.whole(format_args!("{line}")));
        });
    })?;
    Ok(HEALTHY)
}

fn here<'a>(found: &'a Found, place: &PlaceArgs) -> anyhow::Result<Here<'a>> {
    let entry = place.entry.as_ref().map(|entry| entry.0);
    Ok(Here { store: found.store()?, layout: found.layout(), entry })
}

fn with_listing(found: &Found, here: Here<'_>, which: Which, show: ShowArgs, add: impl FnOnce(&Listing<'_>)) {
    let resolve = |named: &QualifiedPartition| match found {
        Found::Disk(found) => named::resolve(&found.examined.layout, &found.context, named),
        Found::File(_) => unknown(named),
    };
    let names = if show.verbose { ObjectNames::full() } else { ObjectNames::short(here.store) };
    let Here { store, layout, .. } = here;
    add(&Listing { layout, store, resolve: &resolve, which, names });
}

fn enumerated(found: &Found, objects: &[&Object]) -> Enumerated {
    let show = |element: &Element| match found {
        Found::Disk(found) => named::device(&found.examined.layout, &found.context, element),
        Found::File(_) => named::alone(element),
    };
    let file = match found {
        Found::Disk(found) => found.file().ok(),
        Found::File(_) => None,
    };
    let volume = file.zip(found.layout()).and_then(|(file, layout)| layout.partition(file.volume));
    Enumerated {
        target: json::path(found.target()),
        store: file.map(|file| file.path.clone()),
        partition: volume.map(|partition| partition.number),
        objects: json::store::those(found.layout(), objects.iter().copied(), &show),
        error: None,
    }
}
