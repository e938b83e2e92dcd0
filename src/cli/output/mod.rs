//! What people and programs are shown.

pub mod bcdedit;
pub mod controllers;
pub mod disk_picture;
pub mod firmware_entries;
pub mod json;
pub mod junit;
pub mod named;
pub mod object_names;
pub mod outcome;
pub mod plan_lines;
pub mod plan_made;
pub mod report_file;
pub mod reports;
pub mod sarif;
pub mod screen;
pub mod sector_dump;
pub mod store_changes;
pub mod which;
