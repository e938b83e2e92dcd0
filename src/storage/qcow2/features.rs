//! Which qcow2 images may be read and which may be written, by the features that their headers claim.
//!
//! Source: QEMU `docs/interop/qcow2.rst`, "Header", the feature bits and `crypt_method`.

use crate::error::way_out::ImageCure;
use crate::storage::StorageError;
use crate::storage::qcow2::header::Header;

/// Incompatible feature bits.
const DIRTY: u64 = 1;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const COMPRESSION_TYPE: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;

/// The encryption method that is not broken.
const LUKS: u32 = 2;
const BITMAPS: &str = "the image has persistent bitmaps";

/// Who can open an image.
pub(crate) enum Reader {
    /// This program.
    Ours,
    /// QEMU, for this reason.
    Qemu(String),
    /// Nobody should.
    Nobody(StorageError),
}

impl Header {
    /// Whether the data lie in another file.
    #[must_use]
    pub fn has_data_file(&self) -> bool {
        self.incompatible & EXTERNAL_DATA != 0
    }

    /// A sentence about the state of the image for someone who only reads it.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        if self.incompatible & CORRUPT != 0 {
            Some("the image is marked corrupt; read-only until repaired with `qemu-img check -r all`")
        } else if self.incompatible & DIRTY != 0 {
            Some("the image was not closed cleanly; read-only until repaired with `qemu-img check -r all`")
        } else {
            None
        }
    }

    /// Refuses what this program cannot read right. A dirty or corrupt mark is no obstacle: reading follows the
    /// mapping tables and never asks a reference count.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`].
    pub fn check_readable(&self) -> Result<(), StorageError> {
        match self.obstacle() {
            None => Ok(()),
            Some((what, _)) => Err(StorageError::unsupported(what, self.conversion())),
        }
    }

    /// What stands in the way of reading it, and whether QEMU can.
    fn obstacle(&self) -> Option<(String, bool)> {
        let known = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2;
        let unknown = self.incompatible & !known;
        Some(match self.crypt_method {
            0 | LUKS if unknown != 0 => {
                (format!("unknown incompatible feature bit {}", unknown.trailing_zeros()), false)
            }
            0 if self.incompatible & EXTENDED_L2 != 0 => {
                ("it has extended L2 entries (subclusters)".into(), true)
            }
            0 if self.compression == 1 => ("its clusters are compressed with zstd".into(), true),
            0 if self.compression != 0 => (format!("unknown compression type {}", self.compression), false),
            0 => return None,
            1 => ("it is encrypted (AES)".into(), false),
            LUKS => ("it is encrypted (LUKS)".into(), true),
            other => (format!("unknown encryption method {other}"), false),
        })
    }

    /// Whether what is inside is encrypted with LUKS.
    #[must_use]
    pub fn is_luks(&self) -> bool {
        self.crypt_method == LUKS
    }

    /// Who can open the image, which is only read or, where it `is_written`, written too.
    pub(crate) fn reader(&self, is_written: bool) -> Reader {
        let obstacle = self.obstacle();
        if let Some((what, false)) = obstacle {
            return Reader::Nobody(StorageError::unsupported(what, self.conversion()));
        }
        if is_written && let Err(error) = self.check_state() {
            return Reader::Nobody(error);
        }
        match obstacle {
            Some((what, _)) => Reader::Qemu(what),
            None if is_written && self.bitmaps => Reader::Qemu(BITMAPS.into()),
            None => Reader::Ours,
        }
    }

    fn conversion(&self) -> ImageCure {
        match self.crypt_method {
            0 => ImageCure::Convert,
            _ => ImageCure::Decrypt,
        }
    }

    /// Refuses what this program must not write, on top of [`Header::check_readable`].
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] with what cures it.
    pub fn check_writable(&self) -> Result<(), StorageError> {
        self.check_readable()?;
        self.check_state()?;
        if self.bitmaps {
            // They record which clusters changed since a backup; a write past them makes the next backup wrong.
            return Err(StorageError::unsupported(BITMAPS, ImageCure::RemoveBitmaps));
        }
        Ok(())
    }

    /// Refuses an image that nobody should write: QEMU would repair it on its own first.
    fn check_state(&self) -> Result<(), StorageError> {
        let what = if self.incompatible & CORRUPT != 0 {
            "the image is marked corrupt"
        } else if self.incompatible & DIRTY != 0 {
            "the image was not closed cleanly"
        } else {
            return Ok(());
        };
        Err(StorageError::unsupported(what, ImageCure::Repair))
    }
}
