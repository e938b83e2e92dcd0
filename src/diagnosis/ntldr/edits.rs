//! What `fix --boot-ini` writes in `boot.ini` for a path that leads nowhere, where that is certain.
//!
//! A partition number is certain where one partition alone has the directory with a Windows that NTLDR starts, and no other can have it
//! unseen, nor another entry mean it. A signature is certain where it was this disk's: by what that Windows remembers of its volumes, or by a record of the disk.
//! A path of another disk looks the same, so that nothing less will do.

use std::ops::Range;

use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::former_identity::was_its_own;
use crate::diagnosis::model::left::Left;
use crate::diagnosis::ntldr::arc_path::Lead;
use crate::diagnosis::ntldr::arc_path::is_root;
use crate::diagnosis::ntldr::arc_path::lead;
use crate::diagnosis::ntldr::arc_path::number_of;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::arc_path::ArcPath;
use crate::layout::boot_ini::BootIniText;
use crate::layout::boot_ini::Target;
use crate::layout::boot_ini_line::TargetPlace;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::layout::text_file::TextFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;
use crate::partition::TableKind;

/// The edits of every line that names this path, and the Windows that it then leads to.
pub(super) struct Edits<'a> {
    pub(super) edits: Vec<ByteEdit>,
    pub(super) windows: &'a WindowsVolume,
}

/// What is written for a path that leads so.
pub(super) fn edits<'a>(
    layout: &'a Layout,
    context: &Context,
    system: &SystemVolume,
    path: &ArcPath,
    leads: &Lead<'_>,
) -> Result<Edits<'a>, Left> {
    let named = match leads {
        Lead::UnknownDisk(named) => Some(*named),
        Lead::NoPartition | Lead::NoWindows(_) => None,
        _ => return Err(Left::Untold),
    };
    let text = system.boot_ini().ok_or(Left::Untold)?;
    let windows = only_windows(layout, path).ok_or(Left::Untold)?;
    let number = number_of(layout, path, windows.volume).ok_or(Left::Untold)?;
    let signature = named.map(|named| own_signature(layout, context, windows, named)).transpose()?;
    if let Some(hidden) = hidden(layout) {
        let place = layout.name(hidden);
        return Err(Left::Doubt(format!("{place} cannot be read, and may have {} too", path.directory)));
    }
    if let Some(doubt) = rival(layout, context, system, path, windows) {
        return Err(Left::Doubt(doubt.to_owned()));
    }
    let line = Line { layout, text, volume: system.volume, now: context.orders.now };
    let places: Vec<TargetPlace> = text.places().into_iter().filter(|place| place.path.is(path)).collect();
    let of_place = |place: &TargetPlace| {
        let signature = signature.and_then(|(named, own)| line.signature(place, named, own));
        let partition = (number != path.partition).then(|| line.partition(place, number)).flatten();
        signature.into_iter().chain(partition).collect::<Vec<_>>()
    };
    let edits: Vec<ByteEdit> = places.iter().flat_map(of_place).collect();
    match edits.is_empty() {
        true => Err(Left::Untold),
        false => Ok(Edits { edits, windows }),
    }
}

/// The only Windows in the directory of a path, where NTLDR starts it.
fn only_windows<'a>(layout: &'a Layout, path: &ArcPath) -> Option<&'a WindowsVolume> {
    let mut all = layout.windows.iter().filter(|windows| is_root(path, windows));
    let only = all.next().filter(|_| layout.table.kind == TableKind::Mbr)?;
    (all.next().is_none() && only.is_nt5()).then_some(only)
}

/// Whether another entry means the same Windows: then this one meant another, which is gone, or nobody knows which of them meant it. A
/// default without an entry of its own may become that of an entry which is right.
fn rival(
    layout: &Layout,
    context: &Context,
    system: &SystemVolume,
    path: &ArcPath,
    windows: &WindowsVolume,
) -> Option<&'static str> {
    let text = system.boot_ini()?.parse();
    let of_target = |target: &Target| match target {
        Target::Windows(path) => Some(path.clone()),
        Target::BootSector(_) | Target::Other(_) => None,
    };
    let entries: Vec<ArcPath> = text.entries.iter().filter_map(|entry| of_target(&entry.target)).collect();
    let is_entry = entries.iter().any(|other| other.is(path));
    let default = text.default.as_ref().and_then(of_target);
    let mut others =
        entries.iter().chain(&default).filter(|other| !other.is(path) && is_root(other, windows));
    others.find_map(|other| match lead(layout, context, system, other) {
        Lead::Windows(_) if is_entry => Some("another entry starts that Windows already"),
        Lead::NoPartition | Lead::NoWindows(_) => Some("another entry may mean that Windows too"),
        Lead::UnknownDisk(named) if own_signature(layout, context, windows, named).is_ok() => {
            Some("another entry may mean that Windows too")
        }
        _ => None,
    })
}

/// A volume that may have the same directory, and nobody sees it.
fn hidden(layout: &Layout) -> Option<VolumeIndex> {
    layout.find_volume(|facts: &VolumeFacts| facts.file_system.is_closed() || facts.unread_reason().is_some())
}

/// The old signature and that of the disk, where the old one was its own.
fn own_signature(
    layout: &Layout,
    context: &Context,
    windows: &WindowsVolume,
    named: u32,
) -> Result<(u32, u32), Left> {
    let Some(DiskId::Mbr(own)) = layout.table.disk.filter(|disk| *disk != DiskId::Mbr(0)) else {
        return Err(Left::Untold);
    };
    match was_its_own(layout, context, Some(windows), DiskId::Mbr(named)) {
        true => Ok((named, own)),
        false => Err(Left::Doubt(format!(
            "neither the drive letters of {} nor a record (--against) say that signature {named:08x} was this disk's",
            windows.root
        ))),
    }
}

/// What the edits of a file have in common.
struct Line<'a> {
    layout: &'a Layout,
    text: &'a BootIniText,
    volume: VolumeIndex,
    now: u64,
}

impl Line<'_> {
    fn signature(&self, place: &TargetPlace, named: u32, own: u32) -> Option<ByteEdit> {
        let is_it = |digits: &str| u32::from_str_radix(digits, 16) == Ok(named);
        self.edit(place, &place.adapter, |inside| {
            let prefix = inside.get(..2).filter(|prefix| prefix.eq_ignore_ascii_case("0x")).unwrap_or("");
            let digits = inside.strip_prefix(prefix).filter(|digits| is_it(digits))?;
            // As many digits, so that the file keeps its length where it can.
            let width = digits.len();
            Some(match digits.contains(|digit: char| digit.is_ascii_uppercase()) {
                true => format!("{prefix}{own:0width$X}"),
                false => format!("{prefix}{own:0width$x}"),
            })
        })
    }

    fn partition(&self, place: &TargetPlace, number: u32) -> Option<ByteEdit> {
        self.edit(place, &place.partition, |_| Some(number.to_string()))
    }

    /// Puts other digits between the parentheses of a part; blanks stay.
    fn edit(
        &self,
        place: &TargetPlace,
        span: &Range<usize>,
        inside: impl FnOnce(&str) -> Option<String>,
    ) -> Option<ByteEdit> {
        let before = std::str::from_utf8(self.text.bytes().get(span.clone())?).ok()?;
        let (name, digits) = before.strip_suffix(')')?.split_once('(')?;
        let (blank, end) = digits.split_at_checked(digits.len().checked_sub(digits.trim_start().len())?)?;
        let digits = end.trim_end();
        let rest = end.strip_prefix(digits)?;
        let after = format!("{name}({blank}{}{rest})", inside(digits)?);
        Some(ByteEdit {
            what: format!("boot.ini line {}{}", place.line, self.of_several()),
            site: Site::Text { file: TextFile::BootIni(self.volume), at: span.start, now: self.now },
            before: before.as_bytes().to_vec(),
            after: after.as_bytes().to_vec(),
            meaning: format!("{before} -> {after}"),
        })
    }

    /// Which file is meant, where a disk has several.
    fn of_several(&self) -> String {
        let with_text = self.layout.systems.iter().filter(|system| system.boot_ini().is_some());
        match with_text.count() {
            0 | 1 => String::new(),
            _ => format!(" on {}", self.layout.name(self.volume)),
        }
    }
}
