//! Findings about stores: their state, their menus, their entries and elements.

pub(crate) mod device;
mod device_element;
pub(crate) mod dirty;
pub(crate) mod elements;
pub(crate) mod elsewhere;
pub(crate) mod loader_checks;
mod loader_file;
pub(crate) mod lookup;
pub(crate) mod menu;
pub(crate) mod menu_cure;
pub(crate) mod missing_file;
pub(crate) mod state;
pub(crate) mod unresolved;
mod unused_choice;
pub(crate) mod whole;
pub(crate) mod without_entry;
