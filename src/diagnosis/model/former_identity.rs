//! Whether a disk once had an identity, by what no repair changes: what a Windows on it remembers, and a record of it.

use crate::diagnosis::model::context::Context;
use crate::layout::Layout;
use crate::layout::letters::remembered;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;

/// Whether this was the disk's, as far as the drive letters of this Windows or a record (`--against`) say so.
pub(in crate::diagnosis) fn was_its_own(
    layout: &Layout,
    context: &Context,
    windows: Option<&WindowsVolume>,
    named: DiskId,
) -> bool {
    let hive = windows.and_then(|windows| layout.hive_of(windows));
    let remembered = hive.and_then(|hive| remembered(layout, hive)).map(DiskId::Mbr);
    let recorded = context.snapshot.as_ref().and_then(|snapshot| DiskId::from_text(&snapshot.disk));
    [remembered, recorded].contains(&Some(named))
}
