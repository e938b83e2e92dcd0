//! Findings about stores: their state, their menus, their entries and elements.

pub mod device;
mod device_element;
pub mod dirty;
pub mod elements;
pub mod elsewhere;
pub mod loader_checks;
pub mod lookup;
pub mod menu;
pub mod menu_cure;
pub mod missing_file;
pub mod state;
pub mod unresolved;
mod unused_choice;
pub mod whole;
