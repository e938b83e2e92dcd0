//! Which qcow2 images may be read and which may be written, by the features that their headers claim.
//!
//! Source: QEMU `docs/interop/qcow2.rst`, "Header", the feature bits and `crypt_method`.

use crate::storage::StorageError;
use crate::storage::qcow2::header::CONVERT;
use crate::storage::qcow2::header::Header;

/// Incompatible feature bits.
const DIRTY: u64 = 1;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const COMPRESSION_TYPE: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;

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
            Some(
                "the image is marked corrupt; it can be read, and written only after `qemu-img check -r all`",
            )
        } else if self.incompatible & DIRTY != 0 {
            Some(
                "the image was not closed cleanly; it can be read, and written only after `qemu-img check -r all`",
            )
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
        let known = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2;
        let unknown = self.incompatible & !known;
        let what = match self.crypt_method {
            0 if self.incompatible & EXTENDED_L2 != 0 => "it has extended L2 entries (subclusters)".into(),
            0 if unknown != 0 => format!("incompatible feature bit {} is unknown", unknown.trailing_zeros()),
            0 if self.compression == 1 => "its clusters are compressed with zstd".into(),
            0 if self.compression != 0 => format!("compression type {} is unknown", self.compression),
            0 => return Ok(()),
            1 => "it is encrypted (AES)".into(),
            2 => "it is encrypted (LUKS)".into(),
            other => format!("encryption method {other} is unknown"),
        };
        Err(StorageError::unsupported(what, self.conversion()))
    }

    fn conversion(&self) -> &'static str {
        match self.crypt_method {
            0 if self.incompatible & EXTENDED_L2 != 0 => {
                "convert it with `qemu-img convert -O qcow2 -o extended_l2=off OLD NEW` and work on the copy"
            }
            0 if self.compression != 0 => {
                "convert it with `qemu-img convert -O qcow2 -o compression_type=zlib OLD NEW` and work on the copy"
            }
            0 => CONVERT,
            _ => "decrypt it with `qemu-img convert --image-opts` and its secret, and work on the copy",
        }
    }

    /// Refuses what must not be written, on top of [`Header::check_readable`].
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] with the command that cures it.
    pub fn check_writable(&self) -> Result<(), StorageError> {
        self.check_readable()?;
        let (what, way_out) = if self.incompatible & CORRUPT != 0 {
            ("the image is marked corrupt", "repair it with `qemu-img check -r all IMAGE`")
        } else if self.incompatible & DIRTY != 0 {
            ("the image was not closed cleanly", "repair it with `qemu-img check -r all IMAGE`")
        } else if self.bitmaps {
            // They record which clusters changed since a backup; a write past them makes the next backup wrong.
            ("the image has persistent bitmaps", "remove each with `qemu-img bitmap --remove IMAGE NAME`")
        } else {
            return Ok(());
        };
        Err(StorageError::unsupported(what, way_out))
    }
}
