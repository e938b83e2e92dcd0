//! Writing to a volume of the disk as it will be.

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Group;
use crate::repair::boot_files::tree;
use crate::repair::draft::Draft;
use crate::repair::rebuild_error::RebuildError;
use crate::storage::cache::Cached;
use crate::storage::window::Window;
use crate::volume::EntryKind;
use crate::volume::Piece;
use crate::volume::Volume;
use crate::volume::VolumeError;
use crate::volume::VolumeWriteError;
use crate::volume::VolumeWriter;

/// A volume that is written to.
pub(in crate::repair) struct Site {
    start: u64,
    len: u64,
    name: String,
    now: u64,
}

impl Site {
    /// The volume with this index; new files get the time `now`.
    pub(in crate::repair) fn new(
        layout: &Layout,
        volume: VolumeIndex,
        now: u64,
    ) -> Result<Self, RebuildError> {
        let partition = layout.partition(volume).ok_or(RebuildError::Gone("a partition"))?;
        Ok(Self { start: partition.start, len: partition.len, name: layout.name(volume), now })
    }

    /// Puts the pieces that a writer comes to on the disk as it will be, each stage before the next.
    ///
    /// # Errors
    /// What the writer says.
    pub(super) fn write(
        &self,
        draft: &mut Draft<'_>,
        step: impl FnOnce(VolumeWriter<'_>) -> Result<VolumeWriter<'_>, VolumeWriteError>,
    ) -> Result<(), RebuildError> {
        let stages = {
            let volume = Cached::new(Window::new(&*draft, self.start, self.len));
            let writer = VolumeWriter::new(&volume, self.now);
            writer.and_then(step).and_then(VolumeWriter::finish).map_err(|why| self.cannot(why))?
        };
        self.put(draft, stages)
    }

    /// The same for pieces that are there already.
    pub(super) fn put(&self, draft: &mut Draft<'_>, stages: Vec<Vec<Piece>>) -> Result<(), RebuildError> {
        for stage in stages {
            for Piece { at, bytes } in stage {
                draft.overwrite(self.start.saturating_add(at), &bytes)?;
            }
            draft.barrier();
        }
        Ok(())
    }

    /// Looks at the volume as it will be.
    ///
    /// # Errors
    /// It cannot be read.
    pub(in crate::repair) fn look<T>(
        &self,
        draft: &Draft<'_>,
        look: impl FnOnce(&Volume<'_>) -> Result<T, VolumeError>,
    ) -> Result<T, RebuildError> {
        let window = Cached::new(Window::new(draft, self.start, self.len));
        look(&self.open(&window)?).map_err(|why| RebuildError::Volume(self.name.clone(), why))
    }

    /// Puts files there: in the place of those that are there, or as new ones, with the directories that they lie in.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub(in crate::repair) fn put_files(
        &self,
        draft: &mut Draft<'_>,
        files: &[&BootFile],
    ) -> Result<(), RebuildError> {
        let groups = self.look(draft, |volume| {
            let mut is_there = |path: &str| -> Result<bool, VolumeError> {
                Ok(volume.find(path)?.is_some_and(|entry| entry.kind == EntryKind::Directory))
            };
            tree(files, &mut is_there)
        })?;
        self.write(draft, |mut writer| {
            for Group { made, replaced } in &groups {
                for (path, contents) in replaced {
                    writer = writer.replace(path, contents)?;
                }
                for (directory, entries) in made {
                    writer = writer.create(directory, entries)?;
                }
            }
            Ok(writer)
        })
    }

    /// Gives a file that is there other contents, so that at every moment it has the old ones or the new ones.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub(in crate::repair) fn renew(
        &self,
        draft: &mut Draft<'_>,
        path: &str,
        contents: &[u8],
    ) -> Result<(), RebuildError> {
        self.write(draft, |writer| writer.renew(path, contents))
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// It reads as something else.
    pub(in crate::repair) fn is_as_put(
        &self,
        draft: &Draft<'_>,
        path: &str,
        contents: &[u8],
    ) -> Result<(), RebuildError> {
        let window = Cached::new(Window::new(draft, self.start, self.len));
        let volume = self.open(&window)?;
        let len = u64::try_from(contents.len()).unwrap_or(u64::MAX);
        // Two readers of the file system have to agree where the file lies; one that lies in its record has no place.
        let located = volume.locate(path, len).ok().flatten().map(|found| found.bytes);
        let read = match located {
            Some(bytes) => Some(bytes),
            None => volume.read(path, len).map_err(|why| RebuildError::Volume(self.name.clone(), why))?,
        };
        match read.as_deref() == Some(contents) {
            true => Ok(()),
            false => Err(RebuildError::ReadBack(path.to_owned())),
        }
    }

    fn open<'v>(&self, window: &'v Cached<Window<'_>>) -> Result<Volume<'v>, RebuildError> {
        Volume::open(window).map_err(|why| RebuildError::Volume(self.name.clone(), why))
    }

    /// Bytes that are free for files.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub(super) fn free(&self, draft: &Draft<'_>) -> Result<u64, RebuildError> {
        let volume = Cached::new(Window::new(draft, self.start, self.len));
        let free = VolumeWriter::new(&volume, self.now).and_then(|writer| writer.free());
        free.map_err(|why| self.cannot(why))
    }

    /// The error of a writer, with the name of the volume.
    pub(super) fn cannot(&self, why: VolumeWriteError) -> RebuildError {
        RebuildError::Write(self.name.clone(), why)
    }
}
