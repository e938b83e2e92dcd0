//! One thing that was found, and how much it matters.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;

/// What to do about what cannot be read.
const READ_IT: &str = "for an image, check that it is complete (compare length and hash with the original, \
 `qemu-img check`); for a disk, look for I/O errors in `dmesg`";

/// What to do about what was not read, by why that is.
pub(in crate::diagnosis) fn read_it(layout: &Layout) -> &'static str {
    match &layout.failed_read {
        Some(read) if read.is_late() => {
            "find out why the server responds so slowly, or raise --time-limit SECONDS"
        }
        Some(read) if read.is_at_limit() => {
            "no healthy disk needs that much: repair its file systems (`chkdsk`) or restore it from a \
             backup"
        }
        _ => READ_IT,
    }
}

/// What to do about a file system that is damaged.
pub(in crate::diagnosis) const MEND_IT: &str =
    "check that volume in Windows PE (`chkdsk`) or restore it from a backup";

/// How a volume of NTFS looks whose first sectors were overwritten.
pub(in crate::diagnosis) const LOST_BEGIN: &str =
    "its first sector is zeros, and the backup NTFS boot sector is in the last one";
/// What to do about that: chkdsk does not look at a volume that Windows calls RAW.
pub(in crate::diagnosis) const USE_SPARE: &str = "restore the boot sector from the backup one with `testdisk DISK` (Advanced, Boot, Backup BS), and what \
     else was overwritten from a backup";

/// How much a finding matters, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Names an old identity, but boot managers get by (measured on real ones).
    Stale,
    /// Something beside the normal boot does not work: recovery, resume, memory test, another entry.
    Degrades,
    /// Windows does not start.
    BlocksBoot,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Stale => "stale",
            Self::Degrades => "degrades",
            Self::BlocksBoot => "blocks boot",
        })
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name of the kind of finding, e.g. `signature-changed`.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: `\Boot\BCD {bootmgr} device`, `disk`, `partition 2 (Windows)`.
    pub subject: Subject,
    /// One sentence.
    pub message: String,
    /// The facts behind it.
    pub evidence: Vec<String>,
    /// The status that a boot manager would show, e.g. `0xc000000e`, where that was measured.
    pub predicted_status: Option<&'static str>,
    /// What can be done.
    pub remedy: Remedy,
}

impl Finding {
    /// Whether it is about what could not be read, so that nobody can tell what is there.
    #[must_use]
    pub fn is_of_unread(&self) -> bool {
        [
            Code::ReadFailed,
            Code::VolumeCut,
            Code::VolumeLongerThanPartition,
            Code::StoreUnknown,
            Code::BootManagerUnknown,
            Code::FileUnknown,
        ]
        .contains(&self.code)
    }

    /// Whether it is about the end of the disk, or of a partition, before the end of what is on it.
    pub(in crate::diagnosis) fn is_of_cut(&self) -> bool {
        [Code::VolumeCut, Code::VolumeLongerThanPartition].contains(&self.code)
    }

    /// A finding without evidence, status or remedy; `..Finding::plain(…)` behind those that it has.
    pub(in crate::diagnosis) fn plain(
        code: Code,
        severity: Severity,
        subject: Subject,
        message: String,
    ) -> Self {
        Self {
            code,
            severity,
            subject,
            message,
            evidence: Vec::new(),
            predicted_status: None,
            remedy: Remedy::None,
        }
    }

    /// Whether it is about this element.
    #[must_use]
    pub fn is_about(&self, store: StoreIndex, object: ObjectIndex, id: ElementId) -> bool {
        self.subject.element() == Some(ElementPlace { store, object, id })
    }

    /// A finding about what could not be read, for the medium or the image.
    pub(in crate::diagnosis) fn unread(
        code: Code,
        severity: Severity,
        subject: Subject,
        message: String,
    ) -> Self {
        Self { remedy: Remedy::Advice(READ_IT.into()), ..Self::plain(code, severity, subject, message) }
    }

    /// The same, where it may be the file system that is damaged.
    pub(in crate::diagnosis) fn hidden(
        layout: &Layout,
        code: Code,
        subject: Subject,
        message: String,
    ) -> Self {
        let is_hidden = layout.volume_indices().any(|volume| layout.hides(volume));
        let advice = if is_hidden { read_it(layout) } else { MEND_IT };
        let unread = Self::unread(code, Severity::BlocksBoot, subject, message);
        Self { remedy: Remedy::Advice(advice.into()), ..unread }
    }
}

/// Whether a finding says that an element names what is not here.
#[must_use]
pub fn is_identity(finding: &Finding) -> bool {
    matches!(
        finding.code,
        Code::SignatureChanged
            | Code::DiskGuidChanged
            | Code::PartitionChanged
            | Code::DiskUnknown
            | Code::TableConverted
            | Code::ChoiceDoesNotFit
            | Code::EntryNeeded
    )
}
