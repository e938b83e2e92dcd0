//! The files in which Windows keeps where its recovery environment is, see [`reagent`].
//!
//! Windows' own is in its `System32\Recovery`; the recovery environment has a copy beside its image.

use crate::layout::extent::DiskExtent;
use crate::layout::extent::on_disk;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;
use crate::layout::known::Cause;
use crate::layout::obstacle::NotWritable;
use crate::layout::reagent;
use crate::layout::reagent::Location;
use crate::layout::reagent::RecoveryConfig;
use crate::layout::reagent::SIZE_MAX;
use crate::layout::reagent_field::Fields;
use crate::layout::volume_facts::VolumeFacts;
use crate::layout::volume_facts::VolumeRole;
use crate::layout::windows::WindowsVolume;
use crate::partition::PartitionTable;
use crate::volume::FileForm;
use crate::volume::Volume;

/// Where it is below a system root.
const OF_WINDOWS: &str = r"System32\Recovery\ReAgent.xml";
/// Where the copy is.
const COPY: &str = r"\Recovery\WindowsRE\ReAgent.xml";

/// One such file.
#[derive(Debug, Clone)]
pub struct WinreFile {
    /// Index of the volume in the layout.
    pub volume: VolumeIndex,
    /// Its path.
    pub path: String,
    /// Index in the layout of the Windows whose own it is; `None` for a copy.
    pub windows: Option<WindowsIndex>,
    /// What it says, or why that is not known.
    pub config: Result<RecoveryConfig, Cause>,
    /// Where in its bytes that stands.
    pub fields: Fields,
    /// Whether it at least begins like XML.
    pub is_xml: bool,
    /// Whether its bytes are kept as they are: neither compressed nor elsewhere.
    pub is_plain: bool,
    /// Where they lie on the disk, or why they have no place that may be overwritten: many lie in their record of the file system.
    pub place: Result<Vec<DiskExtent>, Cause>,
    /// Why the volume must not be written now.
    pub obstacles: Vec<NotWritable>,
}

/// The paths of the recovery images that the files name, those that are switched off left out.
pub(crate) fn images(files: &[WinreFile]) -> impl Iterator<Item = String> {
    let configs = files.iter().filter_map(|file| file.config.as_ref().ok());
    let enabled = configs.filter(|config| config.state != Some(reagent::DISABLED));
    enabled.flat_map(|config| &config.locations).filter_map(Location::image)
}

/// Reads the file of every Windows, and the copies on recovery and system volumes.
#[must_use]
pub(crate) fn read_all(
    volumes: &[Option<&Volume<'_>>],
    facts: &[VolumeFacts],
    windows: &[WindowsVolume],
    table: &PartitionTable,
) -> Vec<WinreFile> {
    let read = |volume: VolumeIndex, path, windows| {
        let start = volume.of(&table.partitions).map_or(0, |partition| partition.start);
        read(volume.opened(volumes)?, start, WinrePlace { volume, path, windows })
    };
    let of_windows = WindowsIndex::each(windows).filter_map(|(index, windows)| {
        read(windows.volume, format!(r"{}\{OF_WINDOWS}", windows.root), Some(index))
    });
    let with_copy = VolumeIndex::each(facts).filter(|(_, facts)| {
        matches!(facts.role, VolumeRole::Recovery | VolumeRole::System | VolumeRole::SystemAndWindows)
    });
    let copies = with_copy.filter_map(|(volume, _)| read(volume, COPY.to_owned(), None));
    of_windows.chain(copies).collect()
}

/// Where such a file may be.
struct WinrePlace {
    volume: VolumeIndex,
    path: String,
    windows: Option<WindowsIndex>,
}

/// Reads a file of the volume that begins at byte `start` of the disk.
fn read(volume: &Volume<'_>, start: u64, at: WinrePlace) -> Option<WinreFile> {
    let max = u64::try_from(SIZE_MAX).unwrap_or(u64::MAX);
    let path = at.path;
    let (parsed, is_xml) = match volume.read(&path, max) {
        Ok(bytes) => {
            let bytes = bytes?;
            (reagent::parse_with_fields(&bytes).map_err(Cause::from), begins_like_xml(&bytes))
        }
        Err(error) => (Err(error.into()), false),
    };
    let (config, fields) = match parsed {
        Ok((config, fields)) => (Ok(config), fields),
        Err(cause) => (Err(cause), Fields::default()),
    };
    let place = match volume.extents(&path) {
        Ok(Some(file)) => on_disk(start, &file.extents),
        Ok(None) => Err(Cause::Gone),
        Err(refusal) => Err(refusal.into()),
    };
    Some(WinreFile {
        volume: at.volume,
        windows: at.windows,
        is_plain: matches!(volume.form(&path), Ok(Some((_, FileForm::Plain)))),
        // What is not understood, nobody writes.
        obstacles: if config.is_ok() { NotWritable::of(volume) } else { Vec::new() },
        config,
        fields,
        is_xml,
        place,
        path,
    })
}

/// Whether the first character behind a byte order mark and blanks is `<`, in any of the encodings.
fn begins_like_xml(bytes: &[u8]) -> bool {
    let is_blank =
        |byte: &u8| matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    bytes.iter().find(|byte| !is_blank(byte)) == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_xml() {
        for text in ["<a", " \r\n<?xml"] {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(
                begins_like_xml(text.as_bytes()) && begins_like_xml(&[&[0xff, 0xfe], &units[..]].concat())
            );
        }
        for text in ["", "stands for <a>", "\u{0}"] {
            assert!(!begins_like_xml(text.as_bytes()), "{text:?}");
        }
    }
}
