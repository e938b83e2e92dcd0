//! `list`: disks with their identity and partitions, in the manner of `lsblk`.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::args::command_line::ListArgs;
use crate::cli::output::disk_picture;
use crate::cli::output::disk_picture::add_text;
use crate::cli::output::json;
use crate::cli::output::json::listed;
use crate::cli::output::json::listed::Listed;
use crate::cli::run::confine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_machines;
use crate::cli::text::advice;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
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
        let examined = examine_machines(&path, &args.open.options(), &Context::default());
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
    let name = clean(&entry.path.display().to_string());
    match entry.disk {
        Some(disk) => add_text(out, &format!("{name}  "), &clean(&device(disk))),
        None => out.add(format_args!("{name}")),
    }
    match &entry.examined {
        Err(error) => {
            add_text(out, "  cannot be read: ", &clean(&advice::of(error)));
            for partition in entry.disk.iter().flat_map(|disk| &disk.partitions) {
                let (start, size) = (partition.start, words::size(partition.size));
                let name = clean(&partition.name);
                out.add(format_args!("  {name} at 0x{start:x}, {size} (by the kernel)"));
            }
        }
        Ok(examined) => disk_picture::add(out, examined),
    }
    for holder in entry.disk.iter().flat_map(|disk| &disk.held_by) {
        add_text(out, "  in use: ", &clean(&holder.to_string()));
    }
    if let Some(names) = entry.identity().and_then(|identity| same.get(&identity)) {
        let others: Vec<_> = names.iter().filter(|name| **name != entry.path.display().to_string()).collect();
        let others: Vec<_> = others.into_iter().map(|name| clean(name)).collect();
        let have = if others.len() == 1 { "has" } else { "have" };
        add_text(out, "  warning: ", &format!("{} {have} the same identity", others.join(", ")));
    }
    out.gap();
}

/// What the kernel says of an attached disk: `20 GiB, ATA, Samsung SSD, sata, read-only`.
fn device(disk: &AttachedDisk) -> String {
    let words = [Some(words::size(disk.size)), disk.vendor.clone(), disk.model.clone(), disk.bus.clone()];
    let flags = [(disk.read_only, "read-only"), (disk.carries_running_system, "runs this system")];
    let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word.to_owned());
    let words = words.into_iter().flatten().filter(|word| !word.is_empty());
    words.chain(flags).collect::<Vec<_>>().join(", ")
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
