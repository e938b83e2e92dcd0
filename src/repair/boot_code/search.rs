//! The choice among code from several places: the first that is known, or else the first that looks right.

use crate::partition::boot_code::MbrCode;
use crate::repair::boot_code::no_code::UnreadCarrier;
use crate::repair::boot_code::source::Source;
use crate::volume::boot_code::Fat32BootCode;
use crate::volume::boot_code::NtfsBootCode;

/// Boot code that files of Windows carry.
pub(super) trait Carried: Sized {
    /// Their names in `System32`. `boot.sdi` is none of them: it has a whole volume with another code.
    const CARRIERS: &'static [&'static str];

    /// The code in the bytes of such a file.
    fn carried(carrier: &[u8]) -> Option<Self>;

    /// Whether it is code that is known byte for byte.
    fn is_known(&self) -> bool;
}

/// Code whose type finds and knows itself, with the files that carry it.
macro_rules! carried {
    ($code:ty, $($name:literal),+) => {
        impl Carried for $code {
            const CARRIERS: &'static [&'static str] = &[$($name),+];

            fn carried(carrier: &[u8]) -> Option<Self> {
                Self::find_in(carrier)
            }

            fn is_known(&self) -> bool {
                self.is_known()
            }
        }
    };
}

carried!(
    NtfsBootCode,
    "untfs.dll",
    "autochk.exe",
    "autoconv.exe",
    "autofmt.exe",
    "ReAgent.dll",
    "uReFS.dll",
    "uReFSv1.dll",
    "MBR2GPT.EXE",
    "bootsect.exe"
);
carried!(
    Fat32BootCode,
    "ufat.dll",
    "autochk.exe",
    "autoconv.exe",
    "autofmt.exe",
    "ReAgent.dll",
    "MBR2GPT.EXE",
    "bootsect.exe"
);
carried!(MbrCode, "vssapi.dll", "mispace.dll", "storagewmi.dll", "ReAgent.dll", "bootsect.exe");

/// What was found so far.
pub(super) struct Search<C> {
    best: Option<(C, Source)>,
    /// Files that may have code, and cannot be read.
    pub(super) unread: Vec<UnreadCarrier>,
}

impl<C: Carried> Search<C> {
    pub(super) fn new() -> Self {
        Self { best: None, unread: Vec::new() }
    }

    /// Whether nothing better can come.
    pub(super) fn is_over(&self) -> bool {
        self.best.as_ref().is_some_and(|(code, _)| code.is_known())
    }

    /// Takes the code if it is better than what there is.
    pub(super) fn offer(&mut self, code: Option<C>, from: impl FnOnce() -> Source) {
        let Some(code) = code else { return };
        if self.best.is_none() || !self.is_over() && code.is_known() {
            self.best = Some((code, from()));
        }
    }

    /// The code that was chosen, or the files that could not be read.
    pub(super) fn end(self) -> Result<(C, Source), Vec<UnreadCarrier>> {
        self.best.ok_or(self.unread)
    }
}
