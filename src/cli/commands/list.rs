//! `list`: disks with their identity and partitions, in the manner of `lsblk`.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use comfy_table::CellAlignment;
use comfy_table::ColumnConstraint;
use comfy_table::Table;

use crate::cli::args::command_line::ListArgs;
use crate::cli::output::json;
use crate::cli::output::json::listed;
use crate::cli::output::json::listed::Listed;
use crate::cli::run::confine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine;
use crate::cli::text::advice;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::VolumeRole;
use crate::partition::DiskId;
use crate::storage::attached::AttachedDisk;
use crate::storage::attached::attached_disks;

/// Runs the command.
///
/// # Errors
/// When the attached disks cannot be enumerated, or standard output not be written.
pub(crate) fn run(args: &ListArgs, as_json: bool) -> anyhow::Result<u8> {
    confine::to_reading();
    let attached = if args.targets.is_empty() { attached_disks(Path::new("/"))? } else { Vec::new() };
    let mut paths: Vec<(PathBuf, Option<&AttachedDisk>)> =
        attached.iter().map(|disk| (disk.path.clone(), Some(disk))).collect();
    paths.extend(args.targets.iter().map(|path| (path.clone(), None)));
    let mut entries = Vec::new();
    for (path, disk) in paths {
        let examined = examine(&path, &args.open.options(), &Context::default());
        entries.push(Entry { path, disk, examined });
    }
    let same = collisions(&entries);
    if as_json {
        let documents: Vec<_> = entries.iter().map(|entry| document(entry, &same)).collect();
        json::print(&documents)?;
    } else {
        lines::show(|out| {
            entries.iter().for_each(|entry| add(out, entry, &same));
            if entries.is_empty() {
                out.add(format_args!("no disks are attached"));
            }
        })?;
    }
    let mut failures = entries.iter().filter_map(|entry| entry.examined.as_ref().err());
    let Some(first) = failures.next() else { return Ok(HEALTHY) };
    let is_all = failures.count().saturating_add(1) == entries.len();
    if args.targets.is_empty() && is_all && !as_json {
        lines::warn(format_args!("error: no attached disk can be read: {}", clean(&advice::of(first))));
    }
    Ok(if is_all || !args.targets.is_empty() { FAILED } else { HEALTHY })
}

struct Entry<'a> {
    path: PathBuf,
    disk: Option<&'a AttachedDisk>,
    examined: anyhow::Result<Examined>,
}

impl Entry<'_> {
    fn identity(&self) -> Option<String> {
        let disk = self.examined.as_ref().ok()?.layout.table.disk?;
        (disk != DiskId::Mbr(0)).then(|| words::identity(Some(disk)))
    }
}

/// Identities that more than one disk has, with the names of those disks.
fn collisions(entries: &[Entry<'_>]) -> BTreeMap<String, Vec<String>> {
    let mut by_identity: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in entries {
        if let Some(identity) = entry.identity() {
            by_identity.entry(identity).or_default().push(entry.path.display().to_string());
        }
    }
    by_identity.retain(|_, names| names.len() > 1);
    by_identity
}

fn add(out: &mut Lines, entry: &Entry<'_>, same: &BTreeMap<String, Vec<String>>) {
    let mut line = clean(&entry.path.display().to_string());
    if let Some(disk) = entry.disk {
        let words = [Some(words::size(disk.size)), disk.vendor.clone(), disk.model.clone(), disk.bus.clone()];
        let words: Vec<_> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        line = format!("{line}  {}", clean(&words.join(", ")));
        if disk.read_only {
            line.push_str(", read-only");
        }
        if disk.carries_running_system {
            line.push_str(", carries the running system");
        }
    }
    out.add(format_args!("{line}"));
    match &entry.examined {
        Err(error) => {
            out.add(format_args!("  cannot be read: {}", clean(&advice::of(error))));
            for partition in entry.disk.iter().flat_map(|disk| &disk.partitions) {
                let (start, size) = (partition.start, words::size(partition.size));
                out.add(format_args!(
                    "  {} at 0x{start:x}, {size}, as the kernel sees it",
                    clean(&partition.name)
                ));
            }
        }
        Ok(examined) => {
            out.add(format_args!("  {}", words::disk_line(&examined.layout.table, examined.len)));
            for note in listed::notes(examined) {
                out.add(format_args!("  note: {}", clean(&note)));
            }
            out.add(format_args!("{}", partition_table(&examined.layout)));
            for windows in &examined.layout.windows {
                let place = format!("{}, {}", examined.layout.name(windows.volume), windows.root);
                out.add(format_args!(
                    "  Windows on {}",
                    clean(&format!("{place}: {}", words::version(windows)))
                ));
            }
        }
    }
    for holder in entry.disk.iter().flat_map(|disk| &disk.held_by) {
        out.add(format_args!("  in use: {}", clean(&holder.to_string())));
    }
    if let Some(names) = entry.identity().and_then(|identity| same.get(&identity)) {
        let others: Vec<_> = names.iter().filter(|name| **name != entry.path.display().to_string()).collect();
        let others: Vec<_> = others.into_iter().map(|name| clean(name)).collect();
        let have = if others.len() == 1 { "has" } else { "have" };
        out.add(format_args!("  warning: {} {have} the same identity", others.join(", ")));
    }
    out.add(format_args!(""));
}

/// The partitions of a disk as a table.
#[must_use]
pub(crate) fn partition_table(layout: &Layout) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["  #", "start", "size", "type", "file system", "label", "role"]);
    for facts in &layout.volumes {
        table.add_row(row(facts));
    }
    for column in [0, 1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.column_iter_mut().for_each(|column| {
        column.set_constraint(ColumnConstraint::ContentWidth);
    });
    table
}

fn row(facts: &VolumeFacts) -> [String; 7] {
    let partition = &facts.partition;
    let number = match (partition.number, partition.active) {
        (0, _) => "-".to_owned(),
        (number, true) => format!("* {number}"),
        (number, false) => number.to_string(),
    };
    let label = facts.label.clone().or_else(|| partition.name.clone()).unwrap_or_default();
    let kind = json::type_code(partition).unwrap_or_default();
    let kind = kind.split('-').next().unwrap_or_default().to_owned();
    let role = match facts.role {
        VolumeRole::Other => String::new(),
        role => json::role(role).to_owned(),
    };
    let file_system = match &facts.unreadable {
        Some(_) => format!("{} (damaged)", words::file_system(facts.file_system)),
        None => words::file_system(facts.file_system).to_owned(),
    };
    [
        number,
        format!("0x{:x}", partition.start),
        words::size(partition.len),
        kind,
        file_system,
        clean(&label),
        role,
    ]
}

fn document(entry: &Entry<'_>, same: &BTreeMap<String, Vec<String>>) -> Listed {
    let shared = entry.identity().and_then(|identity| same.get(&identity)).cloned().unwrap_or_default();
    let this = entry.path.display().to_string();
    Listed {
        target: json::path(&entry.path),
        same_identity: shared.into_iter().filter(|name| *name != this).collect(),
        error: entry.examined.as_ref().err().map(advice::of),
        device: entry.disk.map(listed::device),
        read: entry.examined.as_ref().ok().map(listed::read),
    }
}
