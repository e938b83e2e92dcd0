//! The files of an image, each with the driver that opens it, as QEMU's block nodes.
//!
//! Source: QEMU `qapi/block-core.json`, `BlockdevOptions`. Every file is named by this program and opened by the driver
//! that is named with it; a `backing` of null keeps QEMU from following what stands in the image.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::error::way_out::ImageCure;
use crate::error::way_out::KeyFile;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::file::metadata;
use crate::storage::file::open_file;
use crate::storage::format::Format;
use crate::storage::format::recognise;
use crate::storage::qcow2::chain::Access;
use crate::storage::qcow2::chain::Descent;
use crate::storage::qcow2::chain::read_header;
use crate::storage::qcow2::features::Reader;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::named::resolve;
use crate::storage::qemu_nbd::Leave;
use crate::storage::qemu_nbd::vmdk;
use crate::storage::qemu_nbd::watched::utf8;
use crate::storage::raw::Raw;

/// Where the footer of a vhd says what it is, and what it says of one that holds only the difference to another.
const VHD_TYPE: u64 = 60;
const VHD_FOOTER: u64 = 512;
const DIFFERENCING: [u8; 4] = [0, 0, 0, 4];

/// An image that QEMU is to open.
#[derive(Debug)]
pub(crate) struct Image {
    /// The block node.
    pub(crate) node: Value,
    /// Why this program does not open it itself.
    pub(crate) why: String,
}

/// The image at `path`, which has this format.
///
/// # Errors
/// [`StorageError`] for one that names files which may not be opened, lacks what it needs, or must not be written.
pub(crate) fn image(
    path: &Path,
    format: Format,
    leave: Leave<'_>,
    access: Access,
) -> Result<Image, StorageError> {
    let mut walk = Walk::new(leave, access);
    let node = walk.node(path, format, true)?;
    Ok(walk.image(node, || format!("it is a {format} image")))
}

/// The qcow2 image at `path`, when QEMU is needed for it or for an image below it; `None` when it is not.
///
/// # Errors
/// As [`image`].
pub(crate) fn qcow2_image(
    path: &Path,
    leave: Leave<'_>,
    access: Access,
) -> Result<Option<Image>, StorageError> {
    let mut walk = Walk::new(leave, access);
    let walked = walk.node(path, Format::Qcow2, true);
    if walk.why.is_none() {
        return Ok(None);
    }
    Ok(Some(walk.image(walked?, String::new)))
}

struct Walk<'a> {
    leave: Leave<'a>,
    access: Access,
    way: Descent,
    /// What only QEMU can do.
    why: Option<String>,
}

impl<'a> Walk<'a> {
    fn new(leave: Leave<'a>, access: Access) -> Self {
        Self { leave, access, way: Descent::default(), why: None }
    }

    fn image(self, mut node: Value, why: impl FnOnce() -> String) -> Image {
        if let (Access::Read, Some(node)) = (self.access, node.as_object_mut()) {
            // For the extents of a vmdk, which QEMU opens by itself.
            node.insert("force-share".into(), json!(true));
        }
        Image { node, why: self.why.unwrap_or_else(why) }
    }

    fn node(&mut self, path: &Path, format: Format, top: bool) -> Result<Value, StorageError> {
        let raw = Raw::new(open_file(path, false)?, path, None)?;
        self.way.step(&raw).map_err(|error| error.in_file(path))?;
        let file = file_node(&raw, self.access)?;
        let is_written = top && self.access != Access::Read;
        let driver = match format {
            Format::Raw => "raw",
            Format::Qcow2 => return self.qcow2(&raw, &file, top),
            Format::Luks => {
                self.need_key().map_err(|error| error.in_file(path))?;
                self.because("it is encrypted (LUKS)");
                return Ok(json!({ "driver": "luks", "key-secret": "key", "file": file }));
            }
            Format::Vmdk => {
                vmdk::check(&raw, is_written).map_err(|error| error.in_file(path))?;
                self.because("it is a vmdk image");
                return Ok(json!({ "driver": "vmdk", "file": file, "backing": null }));
            }
            Format::Vhd => {
                check_vhd(&raw).map_err(|error| error.in_file(path))?;
                "vpc"
            }
            Format::Vhdx => "vhdx",
            Format::Vdi => "vdi",
        };
        if format != Format::Raw {
            self.because(&format!("it is a {format} image"));
        }
        Ok(json!({ "driver": driver, "file": file }))
    }

    fn qcow2(&mut self, raw: &Raw, file: &Value, top: bool) -> Result<Value, StorageError> {
        let path = raw.path();
        let header = read_header(raw).map_err(|error| error.in_file(path))?;
        match header.reader(top && self.access != Access::Read) {
            Reader::Ours => {}
            Reader::Qemu(what) => self.because(&what),
            Reader::Nobody(error) => {
                self.because("it must not be opened");
                return Err(error.in_file(path));
            }
        }
        let mut node = json!({ "driver": "qcow2", "file": file, "backing": null });
        let Some(fields) = node.as_object_mut() else { return Ok(node) };
        if header.is_luks() {
            self.need_key().map_err(|error| error.in_file(path))?;
            fields.insert("encrypt".into(), json!({ "format": "luks", "key-secret": "key" }));
        }
        if header.has_data_file() {
            fields.insert("data-file".into(), self.data_file(&header, path)?);
        }
        if let Some(name) = &header.backing {
            let backing = self.backing(name, header.backing_format.as_deref(), path);
            fields.insert("backing".into(), backing.map_err(|error| error.in_file(path))?);
        }
        Ok(node)
    }

    fn data_file(&mut self, header: &Header, image: &Path) -> Result<Value, StorageError> {
        let name = header.data_file.as_deref().ok_or_else(|| {
            let what = "its external data file has no name in the header";
            StorageError::unsupported(what, ImageCure::Flatten).in_file(image)
        })?;
        let path = resolve(name, image, "data file", self.leave.allow_backing)
            .map_err(|error| error.in_file(image))?;
        let raw = Raw::new(open_file(&path, false)?, &path, None)?;
        self.way.step(&raw).map_err(|error| error.in_file(image))?;
        file_node(&raw, self.access)
    }

    fn backing(&mut self, name: &str, format: Option<&str>, image: &Path) -> Result<Value, StorageError> {
        let path = resolve(name, image, "backing file", self.leave.allow_backing)?;
        let format = match format {
            Some("raw") => Format::Raw,
            Some("qcow2") => Format::Qcow2,
            Some("vmdk") => Format::Vmdk,
            Some("vpc") => Format::Vhd,
            Some("vhdx") => Format::Vhdx,
            Some("vdi") => Format::Vdi,
            Some("luks") => Format::Luks,
            None => recognise(&Raw::new(open_file(&path, false)?, &path, None)?)
                .map_err(|error| error.in_file(&path))?,
            Some(other) => {
                let (name, other) = (name.escape_debug(), other.escape_debug());
                let what = format!("backing file {name} has the format {other}");
                return Err(StorageError::unsupported(what, ImageCure::Flatten));
            }
        };
        self.node(&path, format, false)
    }

    fn because(&mut self, why: &str) {
        self.why.get_or_insert_with(|| why.into());
    }

    fn need_key(&self) -> Result<(), StorageError> {
        let file = self
            .leave
            .key_file
            .ok_or_else(|| StorageError::unsupported("it is encrypted (LUKS)", KeyFile::Missing))?;
        match std::fs::metadata(file) {
            Ok(facts) if facts.is_file() => Ok(()),
            Ok(_) => Err(StorageError::unsupported(
                format!("the key file {} is not a regular file", file.display()),
                KeyFile::NotRegular,
            )),
            Err(error) => {
                Err(StorageError::io(format!("cannot open the key file {}", file.display()), error))
            }
        }
    }
}

fn file_node(raw: &Raw, access: Access) -> Result<Value, StorageError> {
    let path = raw.path();
    let is_device = metadata(raw.file(), path)?.file_type().is_block_device();
    let real = path.canonicalize().map_err(|error| StorageError::io(path.display().to_string(), error))?;
    let driver = if is_device { "host_device" } else { "file" };
    // Who only reads locks nothing, as everywhere here: somebody may be writing it, and it is read all the same.
    let locking = if access == Access::Read { "off" } else { "auto" };
    Ok(json!({ "driver": driver, "filename": utf8(&real)?, "locking": locking }))
}

fn check_vhd(raw: &Raw) -> Result<(), StorageError> {
    let footer = raw.len().saturating_sub(VHD_FOOTER);
    if raw.read_vec(footer.saturating_add(VHD_TYPE), DIFFERENCING.len())? == DIFFERENCING {
        return Err(StorageError::unsupported(
            "the vhd image is differencing (it contains only changes to a parent)",
            ImageCure::Merge,
        ));
    }
    Ok(())
}
