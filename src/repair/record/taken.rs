//! What a repair has put on the disk, and from where: for people; nothing is undone by it.

use serde::Deserialize;
use serde::Serialize;

use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::made::MadeFiles;

/// Files or code that a repair has put on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Number of the partition; none for the MBR.
    pub partition: Option<u32>,
    /// Path of the file; none for boot code.
    pub path: Option<String>,
    /// SHA-256 of the file, hex; none for boot code.
    pub sha256: Option<String>,
    /// Where it was taken from.
    pub from: String,
}

impl Taken {
    /// Of what is made.
    pub(super) fn all_of(made: &[Made]) -> Vec<Self> {
        made.iter().flat_map(Self::of).collect()
    }

    fn of(made: &Made) -> Vec<Self> {
        match made {
            Made::Files(MadeFiles { partition, files, .. }) => files
                .iter()
                .map(|file| Self {
                    partition: Some(*partition),
                    path: Some(file.path.clone()),
                    sha256: Some(file.sha256.clone()),
                    from: file.from.clone(),
                })
                .collect(),
            Made::Code { partition, from } => {
                vec![Self { partition: *partition, path: None, sha256: None, from: from.clone() }]
            }
            _ => Vec::new(),
        }
    }
}
