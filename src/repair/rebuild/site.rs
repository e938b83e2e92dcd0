//! Writing to a volume of the disk as it will be.

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::draft::Draft;
use crate::repair::rebuild_error::RebuildError;
use crate::storage::cache::Cached;
use crate::storage::window::Window;
use crate::volume::EntryKind;
use crate::volume::NewEntry;
use crate::volume::Piece;
use crate::volume::Volume;
use crate::volume::VolumeError;
use crate::volume::VolumeWriteError;
use crate::volume::VolumeWriter;

/// A volume that is written to.
pub(super) struct Site {
    start: u64,
    len: u64,
    name: String,
    now: u64,
}

impl Site {
    /// The volume with this index; new files get the time `now`.
    pub(super) fn new(layout: &Layout, volume: VolumeIndex, now: u64) -> Result<Self, RebuildError> {
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
    pub(super) fn look<T>(
        &self,
        draft: &Draft<'_>,
        look: impl FnOnce(&Volume<'_>) -> Result<T, VolumeError>,
    ) -> Result<T, RebuildError> {
        let window = Cached::new(Window::new(draft, self.start, self.len));
        look(&self.open(&window)?).map_err(|why| RebuildError::Volume(self.name.clone(), why))
    }

    /// Puts one file there: in the place of the one that is there, or as a new one, with the directories that it lies in.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub(super) fn put_file(
        &self,
        draft: &mut Draft<'_>,
        path: &str,
        contents: &[u8],
    ) -> Result<(), RebuildError> {
        let way = self.look(draft, |volume| way(volume, path))?;
        self.write(draft, |writer| match way {
            Way::There(path) => writer.replace(&path, contents),
            Way::New { directory, names } => writer.create(&directory, &[nested(&names, contents)]),
        })
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// It reads as something else.
    pub(super) fn is_as_put(
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

/// How a file comes to its path.
enum Way {
    /// It is there, under this path.
    There(String),
    /// It is not: the last directory that is there, and the names from there on.
    New { directory: String, names: Vec<String> },
}

/// How a path comes to be there.
fn way(volume: &Volume<'_>, path: &str) -> Result<Way, VolumeError> {
    if let Some(entry) = volume.find(path)? {
        return Ok(Way::There(entry.path));
    }
    let mut directory = path.to_owned();
    let mut names = Vec::new();
    while let Some((parent, name)) = directory.rsplit_once('\\') {
        names.push(name.to_owned());
        let parent = if parent.is_empty() { r"\" } else { parent }.to_owned();
        let is_there =
            parent == r"\" || volume.find(&parent)?.is_some_and(|entry| entry.kind == EntryKind::Directory);
        directory = parent;
        if is_there {
            break;
        }
    }
    names.reverse();
    Ok(Way::New { directory, names })
}

/// The file in directories that are all new.
fn nested<'c>(names: &[String], contents: &'c [u8]) -> NewEntry<'c> {
    let (first, rest) = names.split_first().map_or((String::new(), &[][..]), |(it, rest)| (it.clone(), rest));
    match rest.is_empty() {
        true => NewEntry::File { name: first, contents },
        false => NewEntry::Directory { name: first, entries: vec![nested(rest, contents)] },
    }
}
