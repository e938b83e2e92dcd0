//! The one door to a target: what it is, whether it may be opened, and opening it.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::way_out;
use crate::error::way_out::HeldBy;
use crate::error::way_out::Moment;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::device::DeviceMut;
use crate::storage::device::check_device;
use crate::storage::file::check_writable;
use crate::storage::file::metadata;
use crate::storage::file::open_file;
use crate::storage::format::Format;
use crate::storage::format::recognise;
use crate::storage::holders::loops_on_file;
use crate::storage::insisted::Insisted;
use crate::storage::lock;
use crate::storage::nbd::Nbd;
use crate::storage::nbd::connections::Connections;
use crate::storage::nbd::url::is_url;
use crate::storage::qcow2::chain::Access;
use crate::storage::qcow2::chain::Chain;
use crate::storage::qcow2::chain::open_chain;
use crate::storage::qcow2::write::Qcow2Mut;
use crate::storage::qemu_nbd::Leave;
use crate::storage::qemu_nbd::nodes;
use crate::storage::qemu_nbd::nodes::Image;
use crate::storage::qemu_nbd::serve;
use crate::storage::qemu_nbd::starter::Starter;
use crate::storage::raw::Raw;
use crate::storage::read_size::ReadSize;
use crate::storage::time_limit::TimeLimit;
use crate::storage::time_limit::TimeLimited;

/// How a target is to be opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Insist on a format instead of recognising it by content.
    pub format: Option<Format>,
    /// Files outside the image's directory that it may name as backing or data file.
    pub allow_backing: Vec<PathBuf>,
    /// Insist on a logical sector size in bytes.
    pub sector_size: Option<u32>,
    /// The file that holds the passphrase of an image that is encrypted as a whole.
    pub key_file: Option<PathBuf>,
    /// Who starts a `qemu-nbd` for an image that this program cannot read itself.
    pub starter: Starter,
    /// The connections to NBD servers that stand.
    pub connections: Connections,
    /// How long reads may take of what another program serves.
    pub time_limit: TimeLimit,
    /// Insist on the size of aligned reads.
    pub read_size: Option<ReadSize>,
}

impl OpenOptions {
    fn leave(&self) -> Leave<'_> {
        Leave { allow_backing: &self.allow_backing, key_file: self.key_file.as_deref() }
    }

    fn serve(&self, path: &Path, image: Image, is_read_only: bool) -> Result<Nbd, StorageError> {
        serve(path, image, self.key_file.as_deref(), &self.starter, is_read_only)
    }
}

/// What a target turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A block device.
    Device,
    /// An image file of this format.
    Image(Format),
    /// What an NBD server gives out.
    Nbd,
}

impl fmt::Display for TargetKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device => out.write_str("block device"),
            Self::Image(format) => write!(out, "{format} image"),
            Self::Nbd => out.write_str("NBD export"),
        }
    }
}

/// A target that was opened for reading.
pub struct Opened {
    /// Its bytes.
    pub storage: Box<dyn Storage>,
    /// What it is.
    pub kind: TargetKind,
    /// The path it was opened by.
    pub path: PathBuf,
    /// What the user should know before trusting what is read.
    pub notes: Vec<String>,
    /// Whether the bytes come from another program, which may end.
    pub is_served: bool,
}

/// Opens the target at `path`, or at the NBD server that it names, for reading. Nothing is written and nothing is locked.
///
/// # Errors
/// [`StorageError`] for what is neither a block device nor an image that can be read, with the way out.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Opened, StorageError> {
    let opened = |storage, kind, notes, is_served| Opened {
        storage: Insisted::on(storage, options.read_size),
        kind,
        path: path.to_path_buf(),
        notes,
        is_served,
    };
    if is_url(path) {
        let nbd = TimeLimited::new(options.connections.open(path)?, options.time_limit);
        return Ok(opened(Box::new(nbd), TargetKind::Nbd, Vec::new(), true));
    }
    let target = Target::open(path, options, Access::Read)?;
    let mut notes = Vec::new();
    if lock::has_writer(target.raw.file()) {
        let note = "a running virtual machine has it open for writing; what is read may be changing";
        notes.push(format!("{}: {note}", path.display()));
    }
    let kind = target.kind;
    if let (TargetKind::Image(Format::Raw), None, Some(named)) = (kind, options.format, Format::of_name(path))
    {
        notes.push(format!(
            "the file is named like a {named} image, but it is none; it is read as a raw disk"
        ));
    }
    let image = match target.format {
        Format::Raw => return Ok(opened(Box::new(target.raw), kind, notes, false)),
        Format::Qcow2 => match qcow2(Arc::new(target.raw), path, options, Access::Read)? {
            By::Us(chain) => {
                notes.extend(chain.notes);
                return Ok(opened(Box::new(chain.image), kind, notes, false));
            }
            By::Qemu(image) => image,
        },
        format => nodes::image(path, format, options.leave(), Access::Read)?,
    };
    let served = TimeLimited::new(options.serve(path, image, true)?, options.time_limit);
    Ok(opened(Box::new(served), kind, notes, true))
}

/// Opens the target at `path` for writing, alone: a block device that nobody holds, an image that no virtual machine
/// uses. Opening changes nothing; an image is examined read-only first. Whether somebody else writes to what an NBD server
/// gives out, only the server knows.
///
/// # Errors
/// As [`open`]; [`StorageError::Busy`] when somebody else holds the target; [`StorageError::Unsupported`] for an
/// image that may be read but not written.
pub fn open_mut(path: &Path, options: &OpenOptions) -> Result<Box<dyn StorageMut>, StorageError> {
    if is_url(path) {
        let nbd = options.connections.open(path)?;
        nbd.check_writable()?;
        return Ok(Box::new(nbd));
    }
    let rehearsal = Target::open(path, options, Access::Rehearse)?;
    let identity = rehearsal.identity;
    let raw = Arc::new(rehearsal.raw);
    let served = match rehearsal.format {
        Format::Raw => None,
        Format::Qcow2 => match qcow2(Arc::clone(&raw), path, options, Access::Rehearse)? {
            By::Us(_) => None,
            By::Qemu(image) => Some(image),
        },
        format => Some(nodes::image(path, format, options.leave(), Access::Rehearse)?),
    };
    if let Some(image) = served {
        // QEMU locks it too, but shares some formats with other writers; of us there is one at a time.
        let alone = lock::lock_for_oneself(raw.file(), path)?;
        lock::lock_for_writing(raw.file(), path)?;
        drop(raw);
        let nbd = options.serve(path, image, false)?.alone(alone);
        nbd.check_writable()?;
        return Ok(Box::new(Arc::new(nbd)));
    }
    let target = Target::open(path, options, Access::Write)?;
    if target.identity != identity {
        let what = format!("{}: the file was replaced while being opened", path.display());
        return Err(StorageError::busy(what, Moment::Undisturbed));
    }
    lock::lock_for_writing(target.raw.file(), path)?;
    Ok(if target.format == Format::Qcow2 {
        Box::new(Qcow2Mut::new(
            open_chain(Arc::new(target.raw), &options.allow_backing, Access::Write)?.image,
        ))
    } else if target.kind == TargetKind::Device {
        Box::new(DeviceMut::new(target.raw))
    } else {
        Box::new(target.raw)
    })
}

/// Whether [`open_mut`] would let the target be written, as far as that can be told without opening it for writing.
///
/// # Errors
/// As [`open_mut`].
pub fn may_write(path: &Path, options: &OpenOptions) -> Result<(), StorageError> {
    if is_url(path) {
        return options.connections.open(path)?.check_writable();
    }
    let target = Target::open(path, options, Access::Rehearse)?;
    let raw = Arc::new(target.raw);
    match target.format {
        Format::Raw => {}
        Format::Qcow2 => drop(qcow2(Arc::clone(&raw), path, options, Access::Rehearse)?),
        format => drop(nodes::image(path, format, options.leave(), Access::Rehearse)?),
    }
    lock::check_free(raw.file(), path)?;
    check_writable(path)
}

/// Who opens a qcow2 image.
enum By {
    Us(Box<Chain>),
    Qemu(Image),
}

fn qcow2(raw: Arc<Raw>, path: &Path, options: &OpenOptions, access: Access) -> Result<By, StorageError> {
    match open_chain(raw, &options.allow_backing, access) {
        Ok(chain) => Ok(By::Us(Box::new(chain))),
        Err(refusal @ StorageError::Unsupported(_)) => {
            nodes::qcow2_image(path, options.leave(), access)?.map(By::Qemu).ok_or(refusal)
        }
        Err(error) => Err(error),
    }
}

/// A file that was opened and recognised.
struct Target {
    raw: Raw,
    kind: TargetKind,
    format: Format,
    /// Device and inode.
    identity: (u64, u64),
}

impl Target {
    fn open(path: &Path, options: &OpenOptions, access: Access) -> Result<Self, StorageError> {
        let write = access == Access::Write;
        let file = open_file(path, write)?;
        let facts = metadata(&file, path)?;
        let device = facts.file_type().is_block_device();
        let mut sector_size = options.sector_size;
        let mut is_remote = false;
        if device {
            let known = check_device(Path::new("/"), facts.rdev(), access != Access::Read)
                .map_err(|error| error.in_file(path))?;
            sector_size = sector_size.or(known.sector_size);
            is_remote = known.is_remote;
        } else if access != Access::Read {
            check_not_attached(path, &facts)?;
        }
        let raw = Raw::new(file, path, sector_size)?.or_remote(is_remote);
        if raw.is_empty() {
            let what = format!("{}: is empty", path.display());
            return Err(StorageError::unsupported(what, way_out::Target::NotEmpty));
        }
        let format = format(&raw, options, device).map_err(|error| error.in_file(path))?;
        let kind = if device { TargetKind::Device } else { TargetKind::Image(format) };
        Ok(Self { raw, kind, format, identity: (facts.dev(), facts.ino()) })
    }
}

/// A device is raw unless the user insists: its guest can write any header into its first sector, and a qcow2 header
/// makes the host open files that it names. The same holds for a raw image file, but there the user cannot be asked
/// each time; so what an image names is opened only beside it or with leave (see `qcow2::named`).
fn format(raw: &Raw, options: &OpenOptions, device: bool) -> Result<Format, StorageError> {
    match options.format {
        Some(format) => Ok(format),
        None if device => Ok(Format::Raw),
        None => recognise(raw),
    }
}

/// An image file that is attached as a loop device may be mounted through it.
fn check_not_attached(path: &Path, facts: &Metadata) -> Result<(), StorageError> {
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    match loops_on_file(Path::new("/"), &real, facts).as_slice() {
        [] => Ok(()),
        loops => {
            let what = format!("{}: it backs {}", path.display(), loops.join(", "));
            Err(StorageError::busy(what, HeldBy::LoopDevice))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;
    use crate::error::way_out::ImageCure;

    #[test]
    fn what_is_no_disk_is_refused_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        std::fs::write(at("empty"), []).unwrap();
        std::fs::write(at("disk.gz"), [b"\x1f\x8b\x08".as_slice(), &[0; 600]].concat()).unwrap();
        symlink("loop", at("loop")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let name = || Some(way_out::Target::Disk.into());
        let table = [
            (dir.path().to_path_buf(), "is a directory", name()),
            (at("pipe"), "is a pipe", name()),
            (at("socket"), "is a socket", name()),
            (PathBuf::from("/dev/null"), "is a character device", name()),
            (at("empty"), "is empty", Some(way_out::Target::NotEmpty.into())),
            (at("absent"), "no such file or device", Some(way_out::Target::Existing.into())),
            (
                PathBuf::from("/dev/no-such-disk"),
                "no such file or device",
                Some(way_out::Target::Attached.into()),
            ),
            (at("loop"), "cannot open: Too many levels of symbolic links (os error 40)", None),
            (
                at("disk.gz"),
                "the file is compressed with gzip, not a disk image",
                Some(ImageCure::Unpack.into()),
            ),
        ];
        for (path, expected, way_out) in table {
            let expected = (format!("{}: {expected}", path.display()), way_out);
            assert_eq!(open(&path, &OpenOptions::default()).err().unwrap().told(), expected);
            assert_eq!(open_mut(&path, &OpenOptions::default()).err().unwrap().told(), expected);
        }
    }

    #[test]
    fn the_content_tells_the_format_unless_the_user_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        std::fs::write(&path, [b"QFI\xfb".as_slice(), &[0; 1020]].concat()).unwrap();
        let mut options = OpenOptions::default();
        let error = open(&path, &options).err().unwrap();
        let expected = format!("{}: unknown qcow2 version 0", path.display());
        assert_eq!(error.told(), (expected, Some(ImageCure::Convert.into())));
        options.format = Some(Format::Raw);
        options.sector_size = Some(4096);
        let opened = open(&path, &options).unwrap();
        assert_eq!(
            (opened.kind, opened.storage.len(), opened.storage.sector_size()),
            (TargetKind::Image(Format::Raw), 1024, Some(4096))
        );
        std::fs::write(&path, [0; 1024]).unwrap();
        options.format = Some(Format::Qcow2);
        let expected = format!("{}: qcow2 magic at 0x0: expected 514649fb, found 00000000", path.display());
        assert_eq!(open(&path, &options).err().unwrap().to_string(), expected);
        assert_eq!(open(&path, &OpenOptions::default()).unwrap().kind.to_string(), "raw image");
    }

    #[test]
    fn a_link_that_the_user_named_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("disk"), [7; 512]).unwrap();
        symlink("disk", dir.path().join("link")).unwrap();
        open_mut(&dir.path().join("link"), &OpenOptions::default()).unwrap().write_at(1, &[8]).unwrap();
        assert_eq!(std::fs::read(dir.path().join("disk")).unwrap()[..3], [7, 8, 7]);
    }
}
