//! What is built and installed.

pub mod driver_states;
mod install;
pub mod library;
pub mod make_image;
pub mod makefile;
pub mod package;
pub mod rebuild_disks;
