//! Files and directories that are made: found by nobody until an entry of a directory names them.

use crate::volume::new_entry::NewEntry;
use crate::volume::ntfs::write::NtfsWriter;
use crate::volume::ntfs::write::directory::Parent;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::error::Oddity;
use crate::volume::ntfs::write::error::odd;
use crate::volume::ntfs::write::fields::wide;
use crate::volume::ntfs::write::fit;
use crate::volume::ntfs::write::leaves;
use crate::volume::ntfs::write::leaves::Named;
use crate::volume::ntfs::write::name::namespace;
use crate::volume::ntfs::write::new_file::NewFile;
use crate::volume::ntfs::write::node;
use crate::volume::ntfs::write::pending::Phase;
use crate::volume::ntfs::write::record::RecordDraft;
use crate::volume::ntfs::write::security::Securities;
use crate::volume::ntfs::write::slots;
use crate::volume::path;

/// Directories in directories that are made at once.
const MAX_DEPTH: usize = 16;

/// Where something is made.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// How files name the directory that they are in.
    reference: u64,
    path: &'p str,
    securities: Securities,
    depth: usize,
}

impl NtfsWriter<'_> {
    /// Makes files and directories in a directory that is there.
    ///
    /// # Errors
    /// One of a name is there already, there is no room, or the directory is not one that is changed here.
    pub fn create(mut self, directory: &str, entries: &[NewEntry<'_>]) -> Result<Self, NtfsWriteError> {
        let volume = self.ground.volume()?;
        let found = fit::directory(&volume, directory)?;
        for name in entries.iter().map(NewEntry::name) {
            namespace(name)?;
            if volume.child(&found, name)?.is_some() {
                return Err(NtfsWriteError::Exists(path::join(&found.path, name)));
            }
        }
        let securities = Securities::in_directory(&volume, &found);
        let (number, sequence) = (found.number, found.record.sequence);
        let reference = slots::reference(number, sequence);
        drop(volume);
        let model = self.root(&self.record(number)?, &found.path)?;
        let place = Place { reference, path: &found.path, securities, depth: 0 };
        let new = self.make_all(entries, &place, &model)?;
        self.insert(&Parent { number, sequence, path: &found.path }, new)?;
        Ok(self)
    }

    fn make_all(
        &mut self,
        entries: &[NewEntry<'_>],
        place: &Place<'_>,
        model: &[u8],
    ) -> Result<Vec<Named>, NtfsWriteError> {
        entries.iter().map(|entry| self.make(entry, place, model)).collect()
    }

    /// Makes one file or directory, and says how its directory is to name it.
    fn make(
        &mut self,
        entry: &NewEntry<'_>,
        place: &Place<'_>,
        model: &[u8],
    ) -> Result<Named, NtfsWriteError> {
        let (name, is_directory) = (entry.name(), matches!(entry, NewEntry::Directory { .. }));
        let path = path::join(place.path, name);
        let Securities { of_files, of_directories } = place.securities;
        let security = if is_directory { of_directories } else { of_files };
        let (namespace, parent) = (namespace(name)?, place.reference);
        let file = NewFile { name, namespace, is_directory, parent, time: self.time, security };
        let slot = slots::take(&mut self.ground, self.next_record)?;
        self.next_record = slot.number.saturating_add(1);
        let (number, reference) = (slot.number, slot.reference());
        let mut record = RecordDraft::fresh(slot.raw, number, slot.sequence, is_directory);
        file.describe(&mut record);
        let (allocated, size) = match entry {
            NewEntry::File { contents, .. } => (self.keep(&mut record, contents)?, wide(contents.len())),
            NewEntry::Directory { entries, .. } => {
                let securities = Securities::below(security);
                let inside =
                    Place { reference, path: &path, securities, depth: place.depth.saturating_add(1) };
                self.fill_directory(&mut record, entries, &inside, model)?;
                (0, 0)
            }
        };
        let raw = record.encode().ok_or_else(|| NtfsWriteError::Crowded(path.clone()))?;
        self.ground.put_record(number, &raw, Phase::Records)?;
        Ok(Named { path, entry: node::entry(reference, &file.key(allocated, size)) })
    }

    /// Puts the entries of a new directory into its record, or into blocks.
    fn fill_directory(
        &mut self,
        record: &mut RecordDraft,
        entries: &[NewEntry<'_>],
        place: &Place<'_>,
        model: &[u8],
    ) -> Result<(), NtfsWriteError> {
        if place.depth > MAX_DEPTH {
            return Err(odd(place.path, Oddity::Deep));
        }
        let new = self.make_all(entries, place, model)?;
        let sorted = leaves::merged(Vec::new(), new, &self.ground.collation)?;
        self.lay(record, model, sorted, place.path)
    }
}
