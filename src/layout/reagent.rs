//! `ReAgent.xml`: where Windows believes its recovery environment to be.
//!
//! `\Windows\System32\Recovery\ReAgent.xml`. Microsoft documents neither names nor numbers; both are those of files that
//! Windows wrote. A disk with an MBR is named by its signature in decimal digits (`id`), one with a GPT by its own GUID
//! (`guid`; files that name two partitions of a disk have one GUID for both), and the partition by its byte offset. Zeros
//! mean "none", and stand in most places of most files.

use roxmltree::Document;
use roxmltree::Node;
use roxmltree::ParsingOptions;

use crate::bytes::one_line;
use crate::guid::Guid;
use crate::layout::reagent_field::Fields;
use crate::layout::reagent_field::LocationFields;
use crate::layout::reagent_field::Text;
use crate::partition::DiskId;

/// Bytes of a file that is read, at most; Windows' have two thousand.
pub const SIZE_MAX: usize = 64 << 10;
/// Nodes of a file that is read, at most; Windows' have sixty.
const NODES_MAX: u32 = 4096;
/// Name of the root element.
const ROOT: &str = "WindowsRE";
/// The recovery image in the folder of a location.
const IMAGE: &str = "Winre.wim";
/// How the name of every element ends that names a place.
const LOCATION: &str = "Location";

/// Why a `ReAgent.xml` is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReAgentError {
    /// Longer than any that Windows writes.
    #[error("{len} bytes, expected at most {SIZE_MAX}")]
    Long {
        /// Its bytes.
        len: usize,
    },
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("not {0} text")]
    Encoding(&'static str),
    /// Not XML, or XML with a document type, which no file of Windows has.
    #[error("not XML: {0}")]
    Xml(String),
    /// XML of another kind.
    #[error("root element: expected {ROOT}, found {0:?}")]
    Root(String),
    /// An attribute that is not what it should be.
    #[error("{attribute} of {element}: expected {expected}, found {found:?}")]
    Attribute {
        /// Name of the element.
        element: String,
        /// Name of the attribute.
        attribute: &'static str,
        /// What the file should have.
        expected: &'static str,
        /// What it has.
        found: String,
    },
    /// A place on two disks.
    #[error("{element}: refers to one disk by signature and to another by GUID")]
    TwoDisks {
        /// Name of the element.
        element: String,
    },
}

/// `InstallState` of a recovery environment that is switched off; Windows looks for it anew when it is switched on.
pub(crate) const DISABLED: u32 = 0;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryConfig {
    /// `InstallState`: 1 when the recovery environment is enabled.
    pub state: Option<u32>,
    /// `WinreBCD`: the loader of the recovery environment in the store.
    pub entry: Option<Guid>,
    /// All places, in the order of the file, those that name nothing too.
    pub locations: Vec<Location>,
}

/// What a place is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocationKind {
    /// `WinreLocation`: the recovery environment in use.
    Winre,
    /// `ImageLocation`: where the recovery image was put by hand.
    Image,
    /// `PBRImageLocation`: the image that the system is reset from.
    PushButtonReset,
    /// Another element whose name ends in `Location`.
    Other(String),
}

impl LocationKind {
    /// Name of the element.
    #[must_use]
    pub fn element(&self) -> &str {
        match self {
            Self::Winre => "WinreLocation",
            Self::Image => "ImageLocation",
            Self::PushButtonReset => "PBRImageLocation",
            Self::Other(name) => name,
        }
    }
}

/// A place that the file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// What it is for.
    pub what: LocationKind,
    /// Folder on the partition; empty for none.
    pub path: String,
    /// The disk.
    pub disk: Option<DiskId>,
    /// Where the partition starts on the disk, in bytes.
    pub offset: Option<u64>,
}

impl Location {
    /// Whether it names no place at all.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.path.is_empty() && self.disk.is_none() && self.offset.is_none()
    }

    /// The path of the recovery image there, where it names one that Windows starts.
    #[must_use]
    pub fn image(&self) -> Option<String> {
        let folder = self.path.trim_end_matches('\\');
        let is_told = matches!(self.what, LocationKind::Winre | LocationKind::Image);
        (is_told && folder.starts_with('\\')).then(|| format!(r"{folder}\{IMAGE}"))
    }
}

/// Reads the bytes of a file: UTF-8, with or without a byte order mark, or UTF-16 with one.
///
/// # Errors
///
/// [`ReAgentError`]: not such a file, or one with something in it that is not understood.
pub fn parse(file: &[u8]) -> Result<RecoveryConfig, ReAgentError> {
    parse_with_fields(file).map(|(config, _)| config)
}

/// The same, and where the values stand.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_fields(file: &[u8]) -> Result<(RecoveryConfig, Fields), ReAgentError> {
    if file.len() > SIZE_MAX {
        return Err(ReAgentError::Long { len: file.len() });
    }
    let text = Text::decode(file).map_err(ReAgentError::Encoding)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    // The parser's messages hold what it found as it stands, and that may be the end of a line.
    let xml = |error: roxmltree::Error| ReAgentError::Xml(one_line(&error.to_string()));
    let document = Document::parse_with_options(&text.text, options).map_err(xml)?;
    let root = document.root_element();
    if name(root) != ROOT {
        return Err(ReAgentError::Root(name(root).to_owned()));
    }
    let (mut config, mut fields) = (RecoveryConfig::default(), Fields::default());
    let mut entries = 0u32;
    for element in root.children().filter(Node::is_element) {
        match name(element) {
            "InstallState" => config.state = number(element, "state", "a number")?,
            "WinreBCD" => {
                config.entry = guid(element, "id")?;
                entries = entries.saturating_add(1);
                fields.entry = text.field(element, "id").filter(|_| entries == 1);
            }
            other if other.ends_with(LOCATION) => {
                config.locations.push(location(element)?);
                let [id, offset, guid] = ["id", "offset", "guid"].map(|name| text.field(element, name));
                fields.locations.push(LocationFields { id, offset, guid });
            }
            _ => {}
        }
    }
    Ok((config, fields))
}

fn name<'a>(node: Node<'a, '_>) -> &'a str {
    node.tag_name().name()
}

fn location(element: Node<'_, '_>) -> Result<Location, ReAgentError> {
    let signature: Option<u32> = number(element, "id", "a disk signature in decimal digits")?;
    let offset = number(element, "offset", "bytes in decimal digits")?;
    let disk = match (signature, guid(element, "guid")?) {
        (None | Some(0), guid) => guid.map(DiskId::Gpt),
        (Some(signature), None) => Some(DiskId::Mbr(signature)),
        (Some(_), Some(_)) => return Err(ReAgentError::TwoDisks { element: name(element).to_owned() }),
    };
    let what = match name(element) {
        "WinreLocation" => LocationKind::Winre,
        "ImageLocation" => LocationKind::Image,
        "PBRImageLocation" => LocationKind::PushButtonReset,
        other => LocationKind::Other(other.to_owned()),
    };
    let path = element.attribute("path").unwrap_or_default().to_owned();
    Ok(Location { what, path, disk, offset: offset.filter(|offset| *offset != 0) })
}

/// A number; `None` when the attribute is not there or empty.
fn number<T: std::str::FromStr>(
    element: Node<'_, '_>,
    attribute: &'static str,
    expected: &'static str,
) -> Result<Option<T>, ReAgentError> {
    let Some(found) = filled(element, attribute) else { return Ok(None) };
    found.parse().map(Some).map_err(|_| wrong(element, attribute, expected, found))
}

/// A GUID; `None` for zeros, or when the attribute is not there or empty.
fn guid(element: Node<'_, '_>, attribute: &'static str) -> Result<Option<Guid>, ReAgentError> {
    let Some(found) = filled(element, attribute) else { return Ok(None) };
    let guid = Guid::from_braced(found).ok_or_else(|| wrong(element, attribute, "{GUID}", found))?;
    Ok((!guid.is_zero()).then_some(guid))
}

fn filled<'a>(element: Node<'a, '_>, attribute: &str) -> Option<&'a str> {
    element.attribute(attribute).map(str::trim).filter(|found| !found.is_empty())
}

fn wrong(
    element: Node<'_, '_>,
    attribute: &'static str,
    expected: &'static str,
    found: &str,
) -> ReAgentError {
    ReAgentError::Attribute {
        element: name(element).to_owned(),
        attribute,
        expected,
        found: found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &str = r#"id="0" offset="0" guid="{00000000-0000-0000-0000-000000000000}""#;
    const DISK: Guid = Guid::from_u128(0x5f3c0101_3b1d_4c01_9a2c_0242ac1b0001);
    const ENTRY: Guid = Guid::from_u128(0x733b62e5_f608_11eb_825c_c112f60133ab);

    /// A file as Windows 10 writes it, the recovery environment at `winre`.
    fn file(winre: &str) -> String {
        format!(
            "<?xml version='1.0' encoding='utf-8'?>\r\n\r\n<WindowsRE version=\"2.0\">\r\n  \
             <WinreBCD id=\"{}\"/>\r\n  <WinreLocation path=\"\\Recovery\\WindowsRE\" {winre}/>\r\n  \
             <ImageLocation path=\"\" {NONE}/>\r\n  <PBRImageLocation path=\"\" {NONE} index=\"0\"/>\r\n  \
             <PBRCustomImageLocation path=\"\" {NONE} index=\"0\"/>\r\n  <InstallState state=\"1\"/>\r\n  \
             <OsInstallAvailable state=\"0\"/>\r\n  <OperationParam path=\"\"/>\r\n  \
             <ScheduledOperation state=\"4\"/>\r\n</WindowsRE>",
            ENTRY.braced()
        )
    }

    fn mbr() -> String {
        file(&NONE.replace(r#"id="0" offset="0""#, r#"id="4238117423" offset="1048576""#))
    }

    fn gpt() -> String {
        file(&format!(r#"id="0" offset="560988160" guid="{}""#, DISK.braced()))
    }

    fn winre(file: &str) -> (Option<DiskId>, Option<u64>) {
        let config = parse(file.as_bytes()).unwrap();
        assert_eq!((config.state, config.entry), (Some(1), Some(ENTRY)));
        let [winre, image, reset, other] = &config.locations[..] else { panic!("{config:?}") };
        assert_eq!((&winre.what, winre.path.as_str()), (&LocationKind::Winre, r"\Recovery\WindowsRE"));
        assert_eq!((&image.what, &reset.what), (&LocationKind::Image, &LocationKind::PushButtonReset));
        assert_eq!(other.what, LocationKind::Other("PBRCustomImageLocation".into()));
        assert!(image.is_none() && reset.is_none() && other.is_none() && !winre.is_none());
        (winre.disk, winre.offset)
    }

    #[test]
    fn disks_are_named_by_signature_or_guid() {
        assert_eq!(winre(&mbr()), (Some(DiskId::Mbr(4_238_117_423)), Some(0x10_0000)));
        assert_eq!(winre(&gpt()), (Some(DiskId::Gpt(DISK)), Some(560_988_160)));
        assert_eq!(winre(&file(NONE)), (None, None));
        assert_eq!(winre(&file(r#"offset="" id=" 0 ""#)), (None, None));
    }

    #[test]
    fn every_encoding_says_the_same() {
        let text = gpt();
        let expected = parse(text.as_bytes()).unwrap();
        let units = |swap: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(swap).collect::<Vec<u8>>();
        let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
        for (mark, rest) in
            [(vec![0xef, 0xbb, 0xbf], text.as_bytes()), (vec![0xff, 0xfe], &little), (vec![0xfe, 0xff], &big)]
        {
            assert_eq!(parse(&[&mark, rest].concat()).as_ref(), Ok(&expected), "{mark:x?}");
        }
        assert!(parse(&little).is_err());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let cases = [
            ("\u{0}", "not XML: "),
            ("", "not XML: "),
            ("<WindowsRE>", "not XML: "),
            ("<a/>", "root element: expected WindowsRE, found \"a\""),
            ("<!DOCTYPE WindowsRE [<!ENTITY a \"b\">]><WindowsRE>&a;</WindowsRE>", "not XML: "),
            (
                "<WindowsRE><InstallState state=\"on\"/></WindowsRE>",
                "state of InstallState: expected a number, found \"on\"",
            ),
            (
                "<WindowsRE><WinreBCD id=\"{a1b2}\"/></WindowsRE>",
                "id of WinreBCD: expected {GUID}, found \"{a1b2}\"",
            ),
            (
                "<WindowsRE><WinreLocation id=\"4294967296\"/></WindowsRE>",
                "id of WinreLocation: expected a disk signature in decimal digits, found \"4294967296\"",
            ),
            (
                "<WindowsRE><ImageLocation offset=\"-1\"/></WindowsRE>",
                "offset of ImageLocation: expected bytes in decimal digits, found \"-1\"",
            ),
        ];
        for (file, message) in cases {
            let error = parse(file.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{file}: {error}");
        }
        let both = file(&format!(r#"id="1" offset="512" guid="{}""#, DISK.braced()));
        let two = ReAgentError::TwoDisks { element: "WinreLocation".into() };
        assert_eq!(parse(both.as_bytes()), Err(two));
        assert_eq!(parse(&[0xff, 0xfe, 0x3c]), Err(ReAgentError::Encoding("UTF-16")));
        assert_eq!(parse(&[0xff, 0xfe, 0x00, 0xd8]), Err(ReAgentError::Encoding("UTF-16")));
        assert_eq!(parse(b"<a>\xff</a>"), Err(ReAgentError::Encoding("UTF-8")));
        assert_eq!(parse(&vec![b' '; SIZE_MAX + 1]), Err(ReAgentError::Long { len: SIZE_MAX + 1 }));
    }

    /// As much as may be read, all of it in one thing: an error, soon, on a small stack.
    #[test]
    fn too_much_of_anything_has_an_end() {
        let repeated = |text: &str| text.repeat(SIZE_MAX / text.len());
        let attributes: String = (0..5000).map(|index| format!(" a{index}=\"\"")).collect();
        let cases = [
            repeated("<a>"),
            repeated("<WindowsRE>"),
            repeated("<a/>"),
            repeated("<!--"),
            repeated("&lt;"),
            format!("<WindowsRE>{}</WindowsRE>", repeated("<a/>").split_off(100)),
            format!("<a{attributes}/>"),
            format!("<WindowsRE x=\"{}", repeated("&#65;").split_off(100)),
        ];
        let start = std::time::Instant::now();
        let parsed = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || cases.iter().map(|file| parse(file.as_bytes()).is_err()).collect::<Vec<_>>());
        assert_eq!(parsed.unwrap().join().unwrap(), [true; 8]);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    /// Cut anywhere, and any byte turned over: an answer or an error.
    #[test]
    fn any_byte_may_be_wrong() {
        let good = gpt().into_bytes();
        let mut read = 0;
        for at in 0..good.len() {
            assert!(parse(&good[..at]).is_err());
            for flip in [0x01, 0x02, 0x10, 0x40, 0x80, 0xff] {
                let mut file = good.clone();
                file[at] ^= flip;
                read += u32::from(parse(&file).is_ok());
            }
        }
        assert!(read > 0);
    }
}
