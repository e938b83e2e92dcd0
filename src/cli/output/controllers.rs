//! The table of disk controllers from which a Windows would start.

use owo_colors::OwoColorize as _;

use crate::cli::output::disk_picture::add_text;
use crate::cli::text::lines::Lines;
use crate::cli::text::words::clean;
use crate::diagnosis::windows::starts_on::StartsOn;
use crate::diagnosis::windows::storage_drivers;
use crate::layout::Layout;
use crate::layout::windows::WindowsVolume;

/// Characters of the longest name of a controller, and of the longest answer.
const NAME: usize = 11;
const ANSWER: usize = 20;

/// A table for every Windows whose hive could be asked.
pub fn add(out: &mut Lines, layout: &Layout) {
    for windows in &layout.windows {
        if windows.drivers.as_ref().is_some_and(|asked| asked.found.is_ok()) {
            table(out, layout, windows);
        }
    }
}

fn table(out: &mut Lines, layout: &Layout, windows: &WindowsVolume) {
    out.gap();
    let place = clean(&format!("Disk controllers: {} on {}", windows.root, layout.name(windows.volume)));
    out.add(format_args!("{}", place.bold()));
    for answer in storage_drivers::of_windows(layout, windows) {
        let row = format!("{:NAME$}  {:ANSWER$}  ", answer.controller.as_str(), answer.readiness.as_str());
        add_text(out, &format!("  {row}"), &clean(&reason(&answer)));
    }
}

/// What it would start by, or what stands against that.
fn reason(answer: &StartsOn) -> String {
    let drivers = || format!("drivers: {}", answer.services.join(", "));
    answer.lacks.first().map_or_else(drivers, ToString::to_string)
}
