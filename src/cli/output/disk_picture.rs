//! A disk for people: its table and identity, its partitions, and the Windows on it, within 80 columns.

use std::time::SystemTime;

use comfy_table::CellAlignment;
use comfy_table::ColumnConstraint;
use comfy_table::ContentArrangement;
use comfy_table::Table;
use comfy_table::Width;

use crate::cli::output::json;
use crate::cli::output::json::listed;
use crate::cli::run::examine::Examined;
use crate::cli::text::lines::Lines;
use crate::cli::text::partition_types;
use crate::cli::text::pieces::width;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::VolumeRole;
use crate::layout::machine::Machine;
use crate::layout::windows::WindowsVolume;

/// Columns of the table: those of a rescue console, whatever else there is.
const WIDTH: u16 = 80;
/// Blanks between two of them.
const GAP: u16 = 2;
/// A label is wrapped to no less than this.
const LABEL_MIN: u16 = 7;
/// Names that tools give every GPT partition of a type, which the type tells already.
const NAMES_OF_TYPES: [&str; 4] =
    ["Basic data partition", "EFI system partition", "EFI System Partition", "Microsoft reserved partition"];

/// What is on a disk.
pub fn add(out: &mut Lines, examined: &Examined) {
    let layout = &examined.layout;
    add_text(out, "  ", &words::disk_line(&layout.table, examined.len));
    for note in listed::notes(examined) {
        add_text(out, "  note: ", &clean(&note));
    }
    partitions(layout).iter().for_each(|line| out.whole(format_args!("{line}")));
    layout.windows.iter().for_each(|windows| add_windows(out, layout, windows));
    if let Some(answer) = words::starts_on(layout, &examined.diagnosis) {
        add_text(out, "  starts on ", &clean(&answer));
    }
}

/// A line that is wrapped where it is longer than a terminal.
pub fn add_text(out: &mut Lines, start: &str, text: &str) {
    out.hang(4, format_args!("{start}{text}"));
}

/// Where a Windows is and what it is, and what tells it from another of the same kind.
fn add_windows(out: &mut Lines, layout: &Layout, windows: &WindowsVolume) {
    let place = clean(&format!("  Windows on {}, {}", layout.name(windows.volume), windows.root));
    let version = clean(&words::version(windows));
    let line = format!("{place}: {version}");
    if width(&line) <= out.columns() {
        out.add(format_args!("{line}"));
    } else {
        add_text(out, "", &place);
        add_text(out, "    ", &version);
    }
    if let Some(machine) = machine(&windows.machine) {
        add_text(out, "    ", &clean(&machine));
    }
}

/// `computer WEB01, last shut down 2024-03-06 12:22 UTC`.
fn machine(machine: &Machine) -> Option<String> {
    let computer = machine.computer_name.as_ref().map(|name| format!("computer {name}"));
    let shutdown = machine.last_shutdown.map(|time| format!("last shut down {}", minute(time)));
    let parts: Vec<String> = [computer, shutdown].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `2024-03-06 12:22 UTC`.
fn minute(time: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(time).to_string();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {} UTC", clock.get(..5).unwrap_or_default())
}

/// The partitions of a disk as the lines of a table.
fn partitions(layout: &Layout) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["#", "start", "size", "type", "fs", "label", "role"]);
    for facts in &layout.volumes {
        table.add_row(row(facts));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, GAP));
        column.set_cell_alignment(if index < 3 { CellAlignment::Right } else { CellAlignment::Left });
        match index {
            5 => {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
                    LABEL_MIN.saturating_add(GAP),
                )));
            }
            _ => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table.set_content_arrangement(ContentArrangement::Dynamic);
    // The gap behind the last column is cut off again: as much as is put before the first.
    table.set_width(WIDTH);
    let indent = " ".repeat(usize::from(GAP));
    table.lines().map(|line| format!("{indent}{line}").trim_end().to_owned()).collect()
}

fn row(facts: &VolumeFacts) -> [String; 7] {
    let partition = &facts.partition;
    let number = match (partition.number, partition.active) {
        (0, _) => "-".to_owned(),
        (number, true) => format!("* {number}"),
        (number, false) => number.to_string(),
    };
    let name = partition.name.as_ref().filter(|name| !NAMES_OF_TYPES.contains(&name.as_str()));
    let label = facts.label.as_ref().filter(|label| !label.is_empty()).or(name);
    let role = match facts.role {
        VolumeRole::Other => "",
        role => json::role(role),
    };
    let file_system = match &facts.unreadable {
        Some(_) => format!("{} (damaged)", words::file_system(facts.file_system)),
        None => words::file_system(facts.file_system).to_owned(),
    };
    [
        number,
        format!("0x{:x}", partition.start),
        words::size(partition.len),
        partition_types::name(partition),
        file_system,
        label.map(|label| clean(label)).unwrap_or_default(),
        role.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_machine_is_said_as_far_as_it_is_known() {
        let shutdown = UNIX_EPOCH + Duration::from_secs(1_709_727_751);
        for (name, time, said) in [
            (Some("WEB01"), Some(shutdown), Some("computer WEB01, last shut down 2024-03-06 12:22 UTC")),
            (Some("WEB01"), None, Some("computer WEB01")),
            (None, Some(shutdown), Some("last shut down 2024-03-06 12:22 UTC")),
            (None, None, None),
        ] {
            let it = Machine { computer_name: name.map(str::to_owned), last_shutdown: time };
            assert_eq!(machine(&it).as_deref(), said);
        }
    }
}
