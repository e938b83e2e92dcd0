//! Devices as elements name them.
//!
//! Sources: Microsoft, BCD WMI provider (`BcdDeviceData` and its subclasses); ReactOS `bl.h` and `bcd.h`; stores that
//! Windows wrote.

mod decode;
mod encode;
mod error;
pub(super) mod layout;
mod text;

pub use error::DeviceError;
pub use text::PartitionName;

use decode::decode_descriptor;
use encode::Encoder;

use crate::bcd::index::IdentityIndex;
use crate::bytes;
use crate::guid::Guid;

/// A partition as a store names it: by the identity of its disk and its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualifiedPartition {
    /// On a disk with an MBR.
    Mbr {
        /// The disk signature, at 0x1b8 of the disk's first sector.
        signature: u32,
        /// Where the partition starts on the disk, in bytes.
        offset: u64,
    },
    /// On a disk with a GPT.
    Gpt {
        /// The disk's GUID.
        disk: Guid,
        /// The partition's own GUID, not that of its type.
        partition: Guid,
    },
}

/// The value of a device element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceElement {
    /// The device object with further options, e.g. `{ramdiskoptions}`; zero for none.
    pub options: Guid,
    /// The device.
    pub device: Device,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// The device that the boot manager itself was loaded from.
    Boot,
    /// A partition.
    Partition(QualifiedPartition),
    /// A partition in an older encoding, by its number; shown, never changed.
    LegacyPartition(LegacyPartition),
    /// A file that is used as a disk.
    File {
        /// Where the file is.
        parent: Box<Self>,
        /// Its path.
        path: String,
    },
    /// A disk in memory, filled from a file (`.wim`, `.sdi`).
    Ramdisk {
        /// Physical address of the image; 0 when it is loaded from the file.
        base: u64,
        /// Bytes of the image in memory; 0 when it is loaded from the file.
        size: u64,
        /// Where the image begins within the file, in bytes.
        offset: u32,
        /// Where the file is.
        parent: Box<Self>,
        /// Its path.
        path: String,
    },
    /// A virtual disk.
    Vhd {
        /// The file that holds it.
        parent: Box<Self>,
    },
    /// A partition of a virtual disk.
    VhdPartition {
        /// The partition and disk identity within the virtual disk.
        inner: QualifiedPartition,
        /// The file that holds the virtual disk.
        host: Box<Self>,
    },
    /// Whichever volume holds a file; has no identity of its own.
    Locate {
        /// 0 by element, 1 by path, 2 by element on a child device.
        mode: u32,
        /// The id of the element that tells the path; 0 when the path is here.
        element: u32,
        /// The path, empty when an element tells it.
        path: String,
        /// A device to look on.
        parent: Option<Box<Self>>,
    },
    /// A device of a kind without a published encoding: its whole descriptor.
    Opaque(Vec<u8>),
}

/// A partition in the older encoding (type 2); the layout is ReactOS', no store with one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyPartition {
    /// The whole descriptor.
    pub descriptor: Vec<u8>,
}

impl LegacyPartition {
    /// Number of the partition, from 1; `None` on a disk with a GPT.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.is_mbr().then(|| bytes::le_u32(&self.descriptor, 0x10)).flatten()
    }

    /// The disk's signature; `None` on a disk with a GPT.
    #[must_use]
    pub fn signature(&self) -> Option<u32> {
        self.is_mbr().then(|| bytes::le_u32(&self.descriptor, 0x28)).flatten()
    }

    fn is_mbr(&self) -> bool {
        bytes::le_u32(&self.descriptor, 0x24) == Some(1)
    }
}

/// What a device lies in, seen from an identity record outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// A file used as a disk.
    File,
    /// A RAM disk.
    Ramdisk,
    /// A virtual disk.
    Vhd,
    /// The parent of a `locate`.
    Locate,
}

/// One place of a device element where a partition is named by identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIdentity {
    /// Offset within the element's value of 40 bytes: partition id +0 (16 bytes), local type +16, style +20, disk id
    /// +24 (16 bytes).
    pub at: usize,
    /// What stands there.
    pub partition: QualifiedPartition,
    /// Whether the partition lies in a virtual disk, so that it is never one of the disk at hand.
    pub inside_vhd: bool,
    /// The devices that lie on the partition, the outermost one first; empty when the element names the partition
    /// itself.
    pub within: Vec<Container>,
    /// The file that must be on the partition, as the device around it says (a `.wim`, a `.vhd`).
    pub file: Option<String>,
}

impl DeviceElement {
    /// A device without further options.
    #[must_use]
    pub const fn plain(device: Device) -> Self {
        Self { options: Guid::ZERO, device }
    }

    /// Reads the value of a device element.
    ///
    /// What is read comes back byte for byte from [`DeviceElement::encode`]; bytes for which that does not hold are an
    /// error, so that nothing is ever changed that is understood in part.
    ///
    /// # Errors
    ///
    /// [`DeviceError`], with the offset within `raw`.
    pub fn decode(raw: &[u8]) -> Result<Self, DeviceError> {
        let options =
            bytes::array(raw, 0).map(Guid::from_bytes).ok_or(DeviceError::Short { len: raw.len() })?;
        let element = Self { options, device: decode_descriptor(raw, 16, raw.len(), 0)? };
        if element.encode() == raw { Ok(element) } else { Err(DeviceError::NotUnderstood) }
    }

    /// The value of a device element.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Encoder::element(self).bytes
    }

    /// All places where a partition is named by identity, from the outermost device inwards.
    #[must_use]
    pub fn identities(&self) -> Vec<StoredIdentity> {
        Encoder::element(self).identities
    }

    /// One of [`DeviceElement::identities`].
    #[must_use]
    pub fn identity_at(&self, index: IdentityIndex) -> Option<StoredIdentity> {
        index.of(&self.identities()).cloned()
    }

    /// [`DeviceElement::identities`], each with its index.
    #[must_use]
    pub fn identities_indexed(&self) -> Vec<(IdentityIndex, StoredIdentity)> {
        IdentityIndex::each(&self.identities()).map(|(index, record)| (index, record.clone())).collect()
    }
}
