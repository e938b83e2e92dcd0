//! Both ways on, where a store names another attached disk: commands to choose from.

use std::ffi::OsString;
use std::path::Path;

use crate::cli::run::examine::Examined;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words::clean;

/// The complete commands, with the switches that were given here; nothing where no other disk is named.
pub fn show(out: &mut Lines, examined: &Examined, switches: &[OsString]) {
    let disks = examined.diagnosis.named_disks();
    if disks.is_empty() {
        return;
    }
    let command = |more: Vec<OsString>| {
        shell_quote::command(&[&["fix".into(), shell_quote::path(&examined.path)], switches, &more].concat())
    };
    let with = disks.iter().flat_map(|disk| ["--with".into(), shell_quote::path(Path::new(disk))]).collect();
    let one_machine = format!("one machine with {}:", clean(&disks.join(" and ")));
    let is_copy = "this disk is a copy:";
    let width = one_machine.chars().count().max(is_copy.len());
    out.add(format_args!("  the store may mean either disk; run what applies:"));
    out.whole(format_args!("    {one_machine:<width$}  {}", command(with)));
    out.whole(format_args!("    {is_copy:<width$}  {}", command(vec!["--independent".into()])));
}
