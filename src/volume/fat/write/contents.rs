//! Other contents for a file that is there.

use crate::volume::fat::chain::Walk;
use crate::volume::fat::write::FatWriter;
use crate::volume::fat::write::draft::Phase;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::error::FatWriteError;
use crate::volume::fat::write::slots;
use crate::volume::fat::write::slots::Target;
use crate::volume::path;

impl FatWriter<'_> {
    /// Gives a file other contents, of any length. They go into new clusters, and the old ones are free in the end: until then
    /// a cut leaves the file with the old contents or with the new ones.
    ///
    /// # Errors
    /// The file is not there or a directory, or there is no room.
    pub fn replace(mut self, file: &str, contents: &[u8]) -> Result<Self, FatWriteError> {
        let missing = || FatWriteError::Missing(file.to_owned());
        let (parent, name) = file.rsplit_once('\\').ok_or_else(missing)?;
        let (here, _, path) = self.directory(parent)?;
        let entry = here.child(name).cloned().ok_or_else(missing)?;
        let path = path::join(&path, &entry.name);
        if entry.is_directory {
            return Err(FatWriteError::Directory(path));
        }
        let len = u32::try_from(contents.len()).map_err(|_| FatWriteError::Long(path))?;
        let (Some(place), Some(slot)) = (here.place(entry.slot), here.slot(entry.slot)) else {
            return Err(missing());
        };
        if entry.cluster != 0 {
            let mut walk = Walk::new(&self.draft, &self.boot, entry.cluster);
            while let Some((cluster, _)) = walk.step()? {
                self.freed.push(cluster);
            }
        }
        self.check_room(self.clusters_of(wide(contents.len())))?;
        let cluster = self.put_in_clusters(contents)?;
        let mut slot = slot.to_vec();
        let attributes = slot.get(slots::ATTRIBUTES_AT).copied().unwrap_or(0) | slots::ARCHIVE;
        slots::lead(&mut slot, Target { attributes, cluster, len }, self.time);
        self.draft.put(place, &slot, Phase::Names)?;
        Ok(self)
    }
}
