//! Disk, system volume, Windows: a row each.

use crate::cli::run::examine::Examined;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::layout::system::SystemVolume;
use crate::layout::windows::WindowsVolume;

/// Columns before the text of a row.
const LABEL: usize = 12;
/// The usual directory of a Windows.
const USUAL: &str = r"\Windows";
/// Rows of one kind, at most, where the screen is to be short.
const FEW: usize = 3;

/// All rows.
pub fn whole(out: &mut Lines, examined: &Examined) {
    let layout = &examined.layout;
    let windows = |windows: &WindowsVolume| {
        format!("{}, {}, {}", layout.name(windows.volume), windows.root, words::version(windows))
    };
    let windows: Vec<String> = layout.windows.iter().map(windows).collect();
    disk(out, examined);
    rows(out, "system", &systems(examined), usize::MAX);
    rows(out, "Windows", &windows, usize::MAX);
    starts_on(out, examined);
}

/// As many rows as a screen has room for.
pub fn brief(out: &mut Lines, examined: &Examined) {
    disk(out, examined);
    rows(out, "system", &systems(examined), FEW);
    rows(out, "Windows", &windows(examined), FEW);
    starts_on(out, examined);
}

/// The firmware that starts the disk, where one does: `BIOS; not UEFI: no volume has a boot manager for UEFI`.
fn starts_on(out: &mut Lines, examined: &Examined) {
    if let Some(answer) = words::starts_on(&examined.layout, &examined.diagnosis) {
        row(out, "starts on", &clean(&answer));
    }
}

/// The same above a plan, which itself says where the stores are.
pub fn above_plan(out: &mut Lines, examined: &Examined) {
    disk(out, examined);
    rows(out, "Windows", &windows(examined), FEW);
}

/// What is started, in a line: `Windows 10 Pro 22H2 (19045.3803)`; what there is instead where nothing is.
#[must_use]
pub fn what(examined: &Examined) -> String {
    let mut versions: Vec<String> = examined.layout.windows.iter().map(words::version).collect();
    versions.dedup();
    match versions.as_slice() {
        [] => words::disk_line(&examined.layout.table, examined.len),
        versions => versions.join("; "),
    }
}

fn disk(out: &mut Lines, examined: &Examined) {
    row(out, "disk", &words::disk_line(&examined.layout.table, examined.len));
}

fn systems(examined: &Examined) -> Vec<String> {
    let layout = &examined.layout;
    let line = |system: &SystemVolume| {
        let mut parts: Vec<&str> = system.stores.iter().map(|store| store.path()).collect();
        if system.ntldr.is_some() {
            parts.push("NTLDR");
        }
        if parts.is_empty() {
            parts.push("no store");
        }
        format!("{}, {}, {}", layout.name(system.volume), system.firmware(), parts.join(", "))
    };
    layout.systems.iter().map(line).collect()
}

/// Each by the number of its partition; the directory only where it is not the usual one.
fn windows(examined: &Examined) -> Vec<String> {
    let layout = &examined.layout;
    let line = |windows: &WindowsVolume| {
        let number = layout.partition(windows.volume).map(|partition| partition.number);
        let place = match number {
            Some(number) if number > 0 => format!("partition {number}"),
            _ => layout.name(windows.volume),
        };
        let root = match windows.root.eq_ignore_ascii_case(USUAL) {
            true => String::new(),
            false => format!(", {}", windows.root),
        };
        format!("{place}{root}, {}", words::version(windows))
    };
    layout.windows.iter().map(line).collect()
}

fn rows(out: &mut Lines, label: &str, texts: &[String], most: usize) {
    texts.iter().take(most).for_each(|text| row(out, label, text));
    let more = texts.len().saturating_sub(most);
    if more > 0 {
        row(out, label, &format!("and {more} more"));
    }
}

fn row(out: &mut Lines, label: &str, text: &str) {
    out.hang(LABEL, format_args!("  {label:<9} {}", clean(text)));
}
