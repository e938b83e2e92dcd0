//! The files in which Windows keeps where its recovery environment is, see [`reagent`].
//!
//! Windows' own is in its `System32\Recovery`; the recovery environment has a copy beside its image.

use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;
use crate::layout::known::Cause;
use crate::layout::reagent;
use crate::layout::reagent::RecoveryConfig;
use crate::layout::reagent::SIZE_MAX;
use crate::layout::volume_facts::VolumeFacts;
use crate::layout::volume_facts::VolumeRole;
use crate::layout::windows::WindowsVolume;
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
    /// Whether it at least begins like XML.
    pub is_xml: bool,
}

/// Reads the file of every Windows, and the copies on recovery and system volumes.
#[must_use]
pub(crate) fn read_all(
    volumes: &[Option<&Volume<'_>>],
    facts: &[VolumeFacts],
    windows: &[WindowsVolume],
) -> Vec<WinreFile> {
    let of_windows = WindowsIndex::each(windows).filter_map(|(index, windows)| {
        read(volumes, windows.volume, format!(r"{}\{OF_WINDOWS}", windows.root), Some(index))
    });
    let with_copy = VolumeIndex::each(facts).filter(|(_, facts)| {
        matches!(facts.role, VolumeRole::Recovery | VolumeRole::System | VolumeRole::SystemAndWindows)
    });
    let copies = with_copy.filter_map(|(volume, _)| read(volumes, volume, COPY.to_owned(), None));
    of_windows.chain(copies).collect()
}

fn read(
    volumes: &[Option<&Volume<'_>>],
    volume: VolumeIndex,
    path: String,
    windows: Option<WindowsIndex>,
) -> Option<WinreFile> {
    let opened = volume.opened(volumes)?;
    let max = u64::try_from(SIZE_MAX).unwrap_or(u64::MAX);
    let (config, is_xml) = match opened.read(&path, max) {
        Ok(bytes) => {
            let bytes = bytes?;
            (reagent::parse(&bytes).map_err(Cause::from), begins_like_xml(&bytes))
        }
        Err(error) => (Err(error.into()), false),
    };
    Some(WinreFile { volume, path, windows, config, is_xml })
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
