//! Files and directories that a writer of a file system is asked to make.

/// A file or directory to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEntry<'c> {
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Its contents.
        contents: &'c [u8],
    },
    /// A directory with all that is to be in it.
    Directory {
        /// Its name.
        name: String,
        /// What is in it, in no order.
        entries: Vec<Self>,
    },
}

impl NewEntry<'_> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Directory { name, .. } => name,
        }
    }
}
