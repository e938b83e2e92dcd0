//! Files of which nobody can tell whether they are there.

use crate::layout::known::Cause;
use crate::layout::system_file::SystemFile;

/// A file of which nobody can tell whether it is there: what is on the way to it could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// What was looked for.
    pub file: SystemFile,
    /// Why nobody can tell.
    pub cause: Cause,
}

impl Unread {
    /// Everything that is looked for, on a volume that cannot even be opened.
    pub(super) fn everything(cause: &Cause) -> Vec<Self> {
        let programs = [SystemFile::BiosBootManager, SystemFile::UefiBootManager, SystemFile::Ntldr];
        let all = SystemFile::STORES.into_iter().chain(programs).chain(SystemFile::FALLBACK);
        all.map(|file| Self { file, cause: cause.clone() }).collect()
    }
}
