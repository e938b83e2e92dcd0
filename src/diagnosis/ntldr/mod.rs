//! Findings about NT 5.x: NTLDR and its `boot.ini`.

pub mod arc_path;
pub mod boot_ini;
