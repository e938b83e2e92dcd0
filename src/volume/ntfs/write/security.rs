//! Who may do what with a new file: as with its neighbours, where they say it by a number of $Secure.

use crate::bytes::le_u32;
use crate::volume::ntfs::Found;
use crate::volume::ntfs::MAX_ENTRIES;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::ROOT;
use crate::volume::ntfs::file_record;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::index::Index;
use crate::volume::ntfs::index::NamedFile;
use crate::volume::ntfs::write::new_file::Security;

/// Place of the security id in $STANDARD_INFORMATION, and the first that Windows gives.
const ID: usize = 0x34;
const FIRST_ID: u32 = 0x100;
/// Neighbours that are looked at.
const MAX_LOOKS: usize = 64;
/// Files of the root that Windows keeps from its users.
const PRIVATE: [&str; 6] = [
    "System Volume Information",
    "Recovery",
    "pagefile.sys",
    "hiberfil.sys",
    "swapfile.sys",
    "DumpStack.log.tmp",
];

/// What new files and directories get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Securities {
    pub(super) of_files: Security,
    pub(super) of_directories: Security,
}

impl Securities {
    /// In a directory that is there: what the first of the same kind in it has, for directories else what it has itself.
    pub(super) fn in_directory(volume: &NtfsVolume<'_>, found: &Found) -> Self {
        let neighbours = neighbours(volume, found);
        let first = |is_directory: bool| {
            let same = neighbours.iter().filter(|record| record.is_directory == is_directory);
            same.filter_map(id).next().map(Security::Id)
        };
        // The root's own list is not what Windows gives to what is in it.
        let own = id(&found.record).filter(|_| found.number != ROOT).map(Security::Id);
        Self {
            of_files: first(false).unwrap_or(Security::Own),
            of_directories: first(true).or(own).unwrap_or(Security::Own),
        }
    }

    /// In a directory that is new and has `security`.
    pub(super) fn below(security: Security) -> Self {
        Self { of_files: Security::Own, of_directories: security }
    }
}

fn id(record: &FileRecord) -> Option<u32> {
    let information = record.resident(file_record::STANDARD_INFORMATION)?;
    le_u32(information, ID).filter(|id| *id >= FIRST_ID)
}

/// Records of files in a directory. What cannot be read is no example; others are there.
fn neighbours(volume: &NtfsVolume<'_>, found: &Found) -> Vec<FileRecord> {
    let index = Index::open(&volume.table, &found.record, found.number);
    let files = index.and_then(|index| index.all(MAX_ENTRIES)).ok().flatten().unwrap_or_default();
    let is_private = |file: &NamedFile| {
        file.name.starts_with('$') || PRIVATE.iter().any(|name| name.eq_ignore_ascii_case(&file.name))
    };
    let mut files: Vec<NamedFile> =
        files.into_iter().filter(|file| !is_private(file) && !file.is_alias).collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let records = files.iter().filter(|file| file.number != ROOT).take(MAX_LOOKS);
    records.filter_map(|file| volume.table.file(file.number, file.sequence).ok()).collect()
}
