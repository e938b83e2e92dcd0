//! What a new file says of itself: $STANDARD_INFORMATION, $FILE_NAME and who may do what.

use crate::bytes::put;
use crate::bytes::utf16le;
use crate::volume::ntfs::file_record::FILE_NAME;
use crate::volume::ntfs::file_record::SECURITY_DESCRIPTOR;
use crate::volume::ntfs::file_record::STANDARD_INFORMATION;
use crate::volume::ntfs::write::attribute;
use crate::volume::ntfs::write::record::RecordDraft;

/// File attributes: a file that was not archived yet; the directory bit, which stands only in names.
const ARCHIVE: u32 = 0x20;
const DIRECTORY: u32 = 0x1000_0000;
/// $STANDARD_INFORMATION without a security id (its file has a descriptor of its own), and with one.
const SHORT_INFORMATION: usize = 48;
const LONG_INFORMATION: usize = 72;

/// Who may do what with a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// As the volume's $Secure has it under this number.
    Id(u32),
    /// As a descriptor in the record says: Administrators own it, they and the system may do anything, users may read.
    Own,
}

/// A new file or directory, before its contents.
pub(super) struct NewFile<'n> {
    pub(super) name: &'n str,
    /// In which its name is.
    pub(super) namespace: u8,
    pub(super) is_directory: bool,
    /// Reference of the directory that it is in: number and sequence.
    pub(super) parent: u64,
    /// 100 ns since 1601, UTC.
    pub(super) time: u64,
    pub(super) security: Security,
}

impl NewFile<'_> {
    /// Puts what it says of itself into its record.
    pub(super) fn describe(&self, record: &mut RecordDraft) {
        let information = self.information();
        record.set(STANDARD_INFORMATION, "", attribute::resident(STANDARD_INFORMATION, "", &information));
        record.set(FILE_NAME, "", attribute::indexed(FILE_NAME, &self.key(0, 0)));
        if self.security == Security::Own {
            let descriptor = descriptor(self.is_directory);
            record.set(SECURITY_DESCRIPTOR, "", attribute::resident(SECURITY_DESCRIPTOR, "", &descriptor));
        }
    }

    /// The $FILE_NAME, which in an index says the sizes too.
    pub(super) fn key(&self, allocated: u64, size: u64) -> Vec<u8> {
        let units = utf16le(self.name);
        let mut key = vec![0; 0x42];
        put(&mut key, 0, &self.parent.to_le_bytes());
        for at in [0x08, 0x10, 0x18, 0x20] {
            put(&mut key, at, &self.time.to_le_bytes());
        }
        put(&mut key, 0x28, &allocated.to_le_bytes());
        put(&mut key, 0x30, &size.to_le_bytes());
        let attributes = if self.is_directory { DIRECTORY } else { ARCHIVE };
        put(&mut key, 0x38, &attributes.to_le_bytes());
        let count = u8::try_from(self.name.encode_utf16().count()).unwrap_or(u8::MAX);
        put(&mut key, 0x40, &[count, self.namespace]);
        key.extend(units);
        key
    }

    fn information(&self) -> Vec<u8> {
        let len = if self.security == Security::Own { SHORT_INFORMATION } else { LONG_INFORMATION };
        let mut information = vec![0; len];
        for at in [0x00, 0x08, 0x10, 0x18] {
            put(&mut information, at, &self.time.to_le_bytes());
        }
        let attributes = if self.is_directory { 0 } else { ARCHIVE };
        put(&mut information, 0x20, &attributes.to_le_bytes());
        if let Security::Id(id) = self.security {
            put(&mut information, 0x34, &id.to_le_bytes());
        }
        information
    }
}

/// A self-relative security descriptor: owner, group and an access list of three. Source: MS-DTYP 2.4.6, 2.4.4.2, 2.4.2.4.
fn descriptor(is_directory: bool) -> Vec<u8> {
    /// The whole of a file; and to read, list and start.
    const ALL: u32 = 0x001f_01ff;
    const READ: u32 = 0x0012_00a9;
    let inherited = if is_directory { 0x03 } else { 0x00 };
    let (administrators, users) = (sid(&[32, 544]), sid(&[32, 545]));
    let system = sid(&[18]);
    let entry = |mask: u32, sid: &[u8]| {
        let len = u8::try_from(sid.len().saturating_add(8)).unwrap_or(u8::MAX);
        [&[0, inherited, len, 0][..], &mask.to_le_bytes(), sid].concat()
    };
    let entries = [entry(ALL, &system), entry(ALL, &administrators), entry(READ, &users)].concat();
    let len = u8::try_from(entries.len().saturating_add(8)).unwrap_or(u8::MAX);
    let list = [&[2, 0, len, 0, 3, 0, 0, 0][..], &entries].concat();
    // Revision 1, self-relative with an access list; then the places of owner, group, no audit list, access list.
    let head = [0x01, 0, 0x04, 0x80, 0x14, 0, 0, 0, 0x24, 0, 0, 0, 0, 0, 0, 0, 0x30, 0, 0, 0];
    [&head[..], &administrators, &system, &list].concat()
}

/// The identifier S-1-5-… with these numbers.
fn sid(numbers: &[u32]) -> Vec<u8> {
    let count = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
    let head = [1, count, 0, 0, 0, 0, 0, 5];
    head.into_iter().chain(numbers.iter().flat_map(|number| number.to_le_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_descriptor_stand_where_it_says() {
        for is_directory in [false, true] {
            let bytes = descriptor(is_directory);
            assert_eq!(bytes[0x14..0x24], sid(&[32, 544]));
            assert_eq!(bytes[0x24..0x30], sid(&[18]));
            assert_eq!(usize::from(bytes[0x32]), bytes.len() - 0x30);
        }
    }
}
