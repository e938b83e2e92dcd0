//! Opening a qcow2 image with the files it names: the backing chain and the external data file.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::way_out::ImageCure;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::file::identity;
use crate::storage::file::open_file;
use crate::storage::format::Format;
use crate::storage::format::recognise;
use crate::storage::lock;
use crate::storage::qcow2::Qcow2;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::header::MAGIC;
use crate::storage::qcow2::named::resolve;
use crate::storage::raw::Raw;

/// Images on images; deeper chains exist, but not for a disk that is to be repaired.
const MAX_DEPTH: usize = 8;
/// Bytes of the largest cluster, which hold the whole header with its extensions.
const MAX_HEAD: u64 = 2 << 20;
/// Bytes that nearly always do.
const USUAL_HEAD: u64 = 4096;

/// What is to be done with the image on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is only read, and nothing is locked.
    Read,
    /// It is only read, but refused where writing would be.
    Rehearse,
    /// It and its data file are written: they are locked as a writer does, its backing files as a reader.
    Write,
}

/// An image that was opened with all it names.
pub(crate) struct Chain {
    pub(crate) image: Qcow2,
    pub(crate) notes: Vec<String>,
}

/// Opens the qcow2 image in `file`, which was opened for `access`. It may name files of `allow_backing` wherever they lie.
///
/// # Errors
/// [`StorageError`] for a header that is refused, and for a named file that is missing or not allowed.
pub(crate) fn open_chain(
    file: Arc<Raw>,
    allow_backing: &[PathBuf],
    access: Access,
) -> Result<Chain, StorageError> {
    let mut walk = Walk { allow_backing, access, way: Descent::default(), notes: Vec::new() };
    let image = walk.image(file, true)?;
    Ok(Chain { image, notes: walk.notes })
}

/// Device and inode of every image on the way down.
#[derive(Default)]
pub(crate) struct Descent(Vec<(u64, u64)>);

impl Descent {
    /// One image further.
    ///
    /// # Errors
    /// When it was on the way already, or the way is too long.
    pub(crate) fn step(&mut self, file: &Raw) -> Result<(), StorageError> {
        let identity = identity(file.file(), file.path())?;
        if self.0.contains(&identity) {
            return Err(StorageError::corrupt("qcow2 backing chain", 8, "an end", "a loop"));
        }
        self.0.push(identity);
        if self.0.len() > MAX_DEPTH {
            let what = format!("the backing chain has more than {MAX_DEPTH} images");
            return Err(StorageError::unsupported(what, ImageCure::FlattenChain));
        }
        Ok(())
    }
}

struct Walk<'a> {
    allow_backing: &'a [PathBuf],
    access: Access,
    way: Descent,
    notes: Vec<String>,
}

impl Walk<'_> {
    fn image(&mut self, file: Arc<Raw>, top: bool) -> Result<Qcow2, StorageError> {
        let path = file.path().to_path_buf();
        self.way.step(&file).map_err(|error| error.in_file(&path))?;
        let header = read_header(&file).map_err(|error| error.in_file(&path))?;
        let allowed = match (top, self.access) {
            (true, Access::Rehearse | Access::Write) => header.check_writable(),
            _ => header.check_readable(),
        };
        allowed.map_err(|error| error.in_file(&path))?;
        self.notes.extend(header.note().map(|note| format!("{}: {note}", path.display())));
        let data = self.data_file(&header, &path, top).map_err(|error| error.in_file(&path))?;
        let backing = match &header.backing {
            Some(name) => Some(self.backing(name, header.backing_format.as_deref(), &path)?),
            None => None,
        };
        Ok(Qcow2::new(header, file, data, backing))
    }

    fn data_file(&self, header: &Header, image: &Path, top: bool) -> Result<Option<Arc<Raw>>, StorageError> {
        if !header.has_data_file() {
            return Ok(None);
        }
        let name = header.data_file.as_deref().ok_or_else(|| {
            StorageError::unsupported(
                "its external data file has no name in the header",
                ImageCure::ConvertByOptions,
            )
        })?;
        let path = resolve(name, image, "data file", self.allow_backing)?;
        let write = top && self.access == Access::Write;
        let file = open_file(&path, write)?;
        if self.way.0.contains(&identity(&file, &path)?) {
            return Err(StorageError::corrupt("qcow2 data file", 0, "a separate file", "one of the images"));
        }
        if write {
            lock::lock_for_writing(&file, &path)?;
        }
        Ok(Some(Arc::new(Raw::new(file, &path, None)?)))
    }

    fn backing(
        &mut self,
        name: &str,
        format: Option<&str>,
        image: &Path,
    ) -> Result<Box<dyn Storage>, StorageError> {
        let path =
            resolve(name, image, "backing file", self.allow_backing).map_err(|error| error.in_file(image))?;
        let file = open_file(&path, false)
            .map_err(|error| error.in_file(Path::new("backing file")).in_file(image))?;
        if self.access == Access::Write {
            lock::lock_for_reading(&file, &path)?;
        }
        let file = Arc::new(Raw::new(file, &path, None)?);
        let qcow2 = match format {
            Some("qcow2") => true,
            Some("raw") => false,
            // Images made long ago do not record it; then the content tells, as it did for QEMU.
            None => match recognise(&file).map_err(|error| error.in_file(&path))? {
                Format::Qcow2 => true,
                Format::Raw => false,
                other => return Err(foreign(name, &other.to_string()).in_file(image)),
            },
            Some(other) => return Err(foreign(name, other).in_file(image)),
        };
        if qcow2 { Ok(Box::new(self.image(file, false)?)) } else { Ok(Box::new(file)) }
    }
}

fn foreign(name: &str, format: &str) -> StorageError {
    let (name, format) = (name.escape_debug(), format.escape_debug());
    let what = format!("backing file {name} has the format {format}");
    StorageError::unsupported(what, ImageCure::Flatten)
}

/// Whether `file` begins as a qcow2 image does.
fn has_magic(file: &Raw) -> Result<bool, StorageError> {
    let mut magic = [0; MAGIC.len()];
    match file.read_at(0, &mut magic) {
        Ok(()) => Ok(magic == MAGIC),
        Err(StorageError::OutOfRange { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The header of the image in `file`.
pub(crate) fn read_header(file: &Raw) -> Result<Header, StorageError> {
    if !has_magic(file)? {
        let found = crate::bytes::hex(&file.read_vec(0, 4).unwrap_or_default());
        return Err(StorageError::corrupt("qcow2 magic", 0, "514649fb", found));
    }
    let small = read_head(file, USUAL_HEAD)?;
    let bits = crate::bytes::be_u32(&small, 20).filter(|bits| (9..=21).contains(bits)).unwrap_or(9);
    let cluster = 1u64.checked_shl(bits).unwrap_or(USUAL_HEAD);
    // What the header itself needs stands in its first bytes; extensions and names may fill the whole cluster.
    match Header::parse(&small, file.len()) {
        Err(StorageError::Corrupt(_)) if cluster > USUAL_HEAD => {
            Header::parse(&read_head(file, cluster.min(MAX_HEAD))?, file.len())
        }
        parsed => parsed,
    }
}

fn read_head(file: &Raw, len: u64) -> Result<Vec<u8>, StorageError> {
    file.read_vec(0, usize::try_from(len.min(file.len())).unwrap_or(0))
}

#[cfg(test)]
pub(super) mod tests {
    use std::process::Command;

    use super::*;
    use crate::storage::open::OpenOptions;
    use crate::storage::open::open;
    use crate::storage::open::open_mut;

    pub(in super::super) fn qemu_img(dir: &Path, line: &str) {
        let output = Command::new("qemu-img").args(line.split(' ')).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The directories `here` and `there` with a 1 MiB raw file `base` in each.
    pub(in super::super) fn two_directories() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().canonicalize().unwrap();
        let dirs = [real.join("here"), real.join("there")];
        for dir in &dirs {
            std::fs::create_dir(dir).unwrap();
            std::fs::write(dir.join("base"), vec![0x5a; 1 << 20]).unwrap();
        }
        let [here, there] = dirs;
        (root, here, there)
    }

    #[test]
    fn chains_end() {
        let (_root, here, _) = two_directories();
        qemu_img(&here, "create -q -u -f qcow2 -b b -F qcow2 a 1M");
        qemu_img(&here, "create -q -u -f qcow2 -b a -F qcow2 b 1M");
        let error = open(&here.join("a"), &OpenOptions::default()).err().unwrap();
        let expected = format!(
            "{}: qcow2 backing chain at 0x8: expected an end, found a loop",
            here.join("a").display()
        );
        assert_eq!(error.to_string(), expected);
        let mut below = ("base".to_owned(), "raw");
        for depth in 1..=9 {
            qemu_img(&here, &format!("create -q -u -f qcow2 -b {} -F {} {depth} 1M", below.0, below.1));
            below = (depth.to_string(), "qcow2");
        }
        assert_eq!(
            open(&here.join("8"), &OpenOptions::default()).unwrap().storage.read_vec(0, 1).unwrap(),
            [0x5a]
        );
        let error = open(&here.join("9"), &OpenOptions::default()).err().unwrap();
        let expected = format!("{}: the backing chain has more than 8 images", here.join("1").display());
        assert_eq!(error.told(), (expected, Some(ImageCure::FlattenChain.into())));
    }

    /// Written through, its guest's first cluster would be the image's own header.
    #[test]
    fn an_image_is_not_its_own_data_file() {
        let (_root, here, _) = two_directories();
        qemu_img(&here, "create -q -f qcow2 -o data_file=image.d image.q 1M");
        std::fs::remove_file(here.join("image.d")).unwrap();
        std::fs::hard_link(here.join("image.q"), here.join("image.d")).unwrap();
        let image = here.join("image.q");
        let before = std::fs::read(&image).unwrap();
        let expected = format!(
            "{}: qcow2 data file at 0x0: expected a separate file, found one of the images",
            image.display()
        );
        assert_eq!(open(&image, &OpenOptions::default()).err().unwrap().to_string(), expected);
        assert_eq!(open_mut(&image, &OpenOptions::default()).err().unwrap().to_string(), expected);
        assert!(std::fs::read(&image).unwrap() == before);
    }

    #[test]
    fn a_base_without_a_recorded_format_is_recognised() {
        let (_root, here, _) = two_directories();
        qemu_img(&here, "convert -f raw -O qcow2 base packed");
        for base in ["base", "packed"] {
            qemu_img(&here, "create -q -u -f qcow2 -o compat=0.10 image 1M");
            // No released tool makes such an image any more: the name goes behind the header by hand.
            let mut bytes = std::fs::read(here.join("image")).unwrap();
            bytes[8..16].copy_from_slice(&512u64.to_be_bytes());
            bytes[16..20].copy_from_slice(&u32::try_from(base.len()).unwrap().to_be_bytes());
            bytes[512..512 + base.len()].copy_from_slice(base.as_bytes());
            std::fs::write(here.join("image"), bytes).unwrap();
            let opened = open(&here.join("image"), &OpenOptions::default()).unwrap();
            assert_eq!(opened.storage.read_vec(0, 1).unwrap(), [0x5a], "{base}");
        }
    }
}
