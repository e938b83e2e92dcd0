//! Findings about NT 5.x: NTLDR and its `boot.ini`.

pub(crate) mod arc_path;
pub(crate) mod boot_ini;
mod correction;
mod edits;
mod severity;
mod start_files;
mod void_file;
mod without_boot_ini;
