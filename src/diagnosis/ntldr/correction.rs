//! What has to be written in `boot.ini` in place of an entry that leads nowhere.

use crate::diagnosis::ntldr::arc_path::is_root;
use crate::diagnosis::ntldr::arc_path::meant;
use crate::diagnosis::ntldr::arc_path::number_of;
use crate::layout::Layout;
use crate::layout::arc_path::Adapter;
use crate::layout::arc_path::ArcPath;

/// What to edit, where this disk has the Windows that an entry means; `place` is that of the file.
pub(in crate::diagnosis) fn correction(layout: &Layout, place: &str, path: &ArcPath) -> Option<String> {
    let windows = meant(layout, path)?;
    let number = number_of(layout, path, windows.volume)?;
    let rdisk = || format!("rdisk({}) to rdisk(0)", path.rdisk);
    let mut changes = Vec::new();
    match path.adapter {
        Adapter::Scsi(adapter) => changes.push(format!(
            "scsi({adapter})disk({})rdisk({}) to multi(0)disk(0)rdisk(0)",
            path.disk, path.rdisk
        )),
        Adapter::Multi(_) if path.rdisk != 0 => changes.push(rdisk()),
        Adapter::Multi(_) | Adapter::Signature(_) => {}
    }
    if number != path.partition {
        changes.push(format!("partition({}) to partition({number})", path.partition));
    }
    if !is_root(path, windows) {
        changes.push(format!("{} to {}", path.directory, windows.root));
    }
    Some(format!(
        r"edit \boot.ini on {place}: change {}, in `default=` and in its entry: {} is on {}",
        changes.join(", "),
        windows.root,
        layout.name(windows.volume)
    ))
}
