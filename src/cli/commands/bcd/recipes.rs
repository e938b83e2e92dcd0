//! Recipes, as the edits that they are in this store.

use crate::bcd::Store;
use crate::bcd::element::ElementId;
use crate::bcd::fresh::Generation;
use crate::bcd::object::Object;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::EMSSETTINGS;
use crate::bcd::object_id::GLOBALSETTINGS;
use crate::cli::args::bcd_args::recipe::Recipe;
use crate::cli::args::bcd_args::request;
use crate::cli::args::bcd_args::request::ListEdit;
use crate::cli::args::bcd_args::request::Request;
use crate::cli::commands::bcd::names::Here;
use crate::cli::commands::bcd::names::home;
use crate::guid::Guid;
use crate::layout::Layout;

/// The edits of a recipe.
///
/// # Errors
/// Nobody knows which Windows is meant.
pub(super) fn requests(
    recipe: Recipe,
    store: &Store,
    layout: Option<&Layout>,
    entry: Option<Guid>,
) -> anyhow::Result<Vec<Request>> {
    let here = Here { store, layout, entry };
    let (_, current) = here.current()?;
    let recipe = recipe.requests(generation(layout, current));
    let mut requests = missing_settings(store, &recipe);
    requests.extend(recipe);
    Ok(requests)
}

/// What an entry starts: by the Windows on its volume, or, where the store is all there is, by what only later ones have.
fn generation(layout: Option<&Layout>, entry: &Object) -> Option<Generation> {
    let of_disk = layout.and_then(|layout| {
        let root = entry.string(ElementId::SYSTEM_ROOT)?;
        let version = layout.windows_at(home(layout, entry)?, root)?.version.as_ref().ok()?;
        Generation::of_build(version.build_number?)
    });
    of_disk.or_else(|| entry.element(ElementId::BOOT_MENU_POLICY).map(|_| Generation::Eight))
}

/// The object of the serial port, where a store has none: it is made, and inherited by all that inherit the global settings, or by the boot
/// manager alone.
fn missing_settings(store: &Store, recipe: &[Request]) -> Vec<Request> {
    let is_needed = recipe.iter().any(|request| {
        matches!(request, Request::Set { object: Some(object), .. } if object == request::EMSSETTINGS)
    });
    if !is_needed || store.object(EMSSETTINGS).is_some() {
        return Vec::new();
    }
    let heir = [GLOBALSETTINGS, BOOTMGR].into_iter().find(|id| store.object(*id).is_some());
    let create = Request::Create { id: Some(request::EMSSETTINGS.to_owned()), kind: None, description: None };
    let inherit = heir.map(|heir| Request::Set {
        object: Some(heir.braced()),
        element: "inherit".to_owned(),
        value: vec![request::EMSSETTINGS.to_owned()],
        how: ListEdit::AddLast,
        as_type: None,
    });
    [create].into_iter().chain(inherit).collect()
}
