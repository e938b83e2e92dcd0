//! What a rebuild makes, as people are shown it.

use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::layout::Layout;
use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::made::MadeFiles;
use crate::repair::rebuild::made::MadeStore;

/// Columns by which what does not fit is indented.
const HANGING: usize = 6;

/// Each thing in a row; with every file where everything is wanted.
pub fn show(out: &mut Lines, layout: &Layout, made: &[Made], is_detailed: bool) {
    for made in made {
        match made {
            Made::FileSystem { partition } => {
                row(out, &format!("format {} (FAT32)", place(layout, *partition)));
            }
            Made::Store(store) => row(out, &of_store(layout, store)),
            Made::Files(files) => {
                row(out, &of_files(layout, files));
                files.remarks.iter().for_each(|remark| row(out, &format!("  {remark}")));
                if is_detailed {
                    for file in &files.files {
                        row(out, &format!("  {} ({}) from {}", file.path, words::size(file.len), file.from));
                        row(out, &format!("    sha256 {}", file.sha256));
                    }
                }
            }
            Made::Code { partition, from } => match partition {
                Some(number) => {
                    row(out, &format!("write the boot record of {} ({from})", place(layout, *number)));
                }
                None => row(out, &format!("write boot code to the MBR ({from})")),
            },
            Made::Active { partition } => row(out, &format!("make {} active", place(layout, *partition))),
            Made::FirmwareEntry(entry) => {
                let (variable, name) = (entry.variable(), entry.name());
                let row_of = format!("make the firmware entry {variable} {name:?} (first in BootOrder)");
                row(out, &row_of);
            }
        }
    }
}

/// The same when it is done, in a few words each.
#[must_use]
pub fn done(made: &[Made]) -> Vec<String> {
    let word = |made: &Made| match made {
        Made::FileSystem { .. } => Some("file system made".to_owned()),
        Made::Store(store) => (!store.is_recovery).then(|| "new store made".to_owned()),
        Made::Files(files) => {
            Some(format!("{} put", words::count(files.files.len(), "boot file", "boot files")))
        }
        Made::Code { .. } => Some("boot code written".to_owned()),
        Made::Active { partition } => Some(format!("partition {partition} made active")),
        Made::FirmwareEntry(entry) => Some(format!("firmware entry {} made", entry.variable())),
    };
    let mut words: Vec<String> = made.iter().filter_map(word).collect();
    words.dedup();
    words
}

fn row(out: &mut Lines, text: &str) {
    out.hang(HANGING, format_args!("  {}", clean(text)));
}

fn place(layout: &Layout, partition: u32) -> String {
    layout.by_number(partition).map_or_else(|| format!("partition {partition}"), |volume| layout.name(volume))
}

fn of_store(layout: &Layout, store: &MadeStore) -> String {
    let MadeStore { path, bytes, partition, .. } = store;
    let size = words::size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let verb = if store.before.is_some() { "replace" } else { "make" };
    match store.is_recovery {
        true => format!("{verb} {path} ({size}), for the recovery environment"),
        false => {
            format!("{verb} {path} ({size}) on {}: {}", place(layout, *partition), store.entries.join(", "))
        }
    }
}

fn of_files(layout: &Layout, files: &MadeFiles) -> String {
    let count = words::count(files.files.len(), "file", "files");
    let bytes = files.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.len));
    let (size, machine) = (words::size(bytes), files.machine);
    format!("put {count} ({size}, {machine}) from {} to {}", files.from, place(layout, files.partition))
}
