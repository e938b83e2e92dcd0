//! Device descriptors: the bytes of devices, one nested in another.
//!
//! A descriptor is a header of 16 bytes (type, flags, size of the whole, zero) and a body. Layouts are ReactOS' (`bl.h`)
//! and were confirmed on stores that Windows wrote. Padding must be zero: boot managers compare devices byte for byte.

use crate::bcd::device::Container;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::IdentityRecord;
use crate::bcd::device::LegacyPartition;
use crate::bcd::device::QualifiedPartition;
use crate::bytes;
use crate::guid::Guid;

/// Devices in devices. Windows nests four; the bound keeps hostile values off the stack.
const DEPTH_MAX: u32 = 8;
const HEADER_SIZE: usize = 0x10;
/// Size of a descriptor of a partition or of the boot device.
const PLAIN_SIZE: usize = 0x48;
/// Bytes of the identity of a partition: its id, type and style of the disk, the disk's id.
const IDENTITY_SIZE: usize = 0x28;

const TYPE_LOCAL: u32 = 0;
const TYPE_LEGACY_PARTITION: u32 = 2;
const TYPE_BOOT: u32 = 5;
const TYPE_PARTITION: u32 = 6;
const TYPE_LOCATE: u32 = 8;

const LOCAL_HARD_DISK: u32 = 0;
const LOCAL_RAMDISK: u32 = 3;
const LOCAL_FILE: u32 = 5;
const LOCAL_VHD: u32 = 6;

// The numbers that stand on the disk; the WMI documentation has them the other way round.
const STYLE_GPT: u32 = 0;
const STYLE_MBR: u32 = 1;

/// Flags of a RAM disk; all other devices have none.
const RAMDISK_FLAGS: u32 = 1;
/// Version of the structure that holds a parent device and a path.
const FILE_PATH_VERSION: u32 = 1;
/// Its kind of path, in all boot stores.
const FILE_PATH_TYPE: u32 = 5;
/// Its bytes before the parent device.
const FILE_PATH_HEADER_SIZE: usize = 12;

/// Why the value of a device element is not understood. Offsets are within the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// Too short for options and the header of a descriptor.
    #[error("device value: expected at least 0x20 bytes, found {len:#x}")]
    Short {
        /// Bytes of the value.
        len: usize,
    },
    /// A field that contradicts the encoding.
    #[error("{what} at {at:#x} of the device value: expected {expected}, found {found}")]
    Field {
        /// The field.
        what: &'static str,
        /// Its offset.
        at: usize,
        /// What the encoding asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Devices in devices beyond any use.
    #[error("device at {at:#x} of the device value: nested more than 8 deep")]
    Deep {
        /// Offset of the descriptor.
        at: usize,
    },
    /// Bytes that the fields do not account for.
    #[error("device value: has bytes that are not accounted for")]
    NotUnderstood,
}

/// A part of a value that holds one descriptor.
#[derive(Clone, Copy)]
struct Descriptor<'a> {
    raw: &'a [u8],
    /// Offset of the descriptor within the value.
    start: usize,
    /// Offset behind it.
    end: usize,
    depth: u32,
}

/// Reads the descriptor that fills `raw` from `start` to `end`.
pub(super) fn decode_descriptor(
    raw: &[u8],
    start: usize,
    end: usize,
    depth: u32,
) -> Result<Device, DeviceError> {
    let descriptor = Descriptor { raw, start, end, depth };
    if depth > DEPTH_MAX {
        return Err(DeviceError::Deep { at: start });
    }
    let room = end.saturating_sub(start);
    if room < HEADER_SIZE {
        return Err(DeviceError::Short { len: raw.len() });
    }
    descriptor.expect_u32("size of a descriptor", 0x08, u32::try_from(room).unwrap_or(u32::MAX))?;
    let device_type = descriptor.u32("device type", 0x00)?;
    if ![TYPE_LOCAL, TYPE_BOOT, TYPE_PARTITION, TYPE_LOCATE].contains(&device_type) {
        return Ok(descriptor.unknown(device_type));
    }
    descriptor.expect_zero("padding of a descriptor", 0x0c, 4)?;
    if device_type != TYPE_LOCAL {
        descriptor.expect_u32("flags of a descriptor", 0x04, 0)?;
    }
    match device_type {
        TYPE_BOOT => descriptor.boot(),
        TYPE_PARTITION => descriptor.partition(),
        TYPE_LOCATE => descriptor.locate(),
        _ => descriptor.local(),
    }
}

impl Descriptor<'_> {
    fn unknown(&self, device_type: u32) -> Device {
        let descriptor = self.raw.get(self.start..self.end).unwrap_or_default().to_vec();
        if device_type == TYPE_LEGACY_PARTITION {
            return Device::LegacyPartition(LegacyPartition { descriptor });
        }
        Device::Opaque(descriptor)
    }

    fn boot(&self) -> Result<Device, DeviceError> {
        self.expect_size(PLAIN_SIZE)?;
        self.expect_zero("padding of the boot device", HEADER_SIZE, PLAIN_SIZE.saturating_sub(HEADER_SIZE))?;
        Ok(Device::Boot)
    }

    fn partition(&self) -> Result<Device, DeviceError> {
        let local = self.u32("type of the disk of a partition", 0x20)?;
        let style = self.u32("style of the disk of a partition", 0x24)?;
        if ![LOCAL_HARD_DISK, LOCAL_VHD].contains(&local) || ![STYLE_GPT, STYLE_MBR].contains(&style) {
            return Ok(self.unknown(TYPE_PARTITION));
        }
        let identity = if style == STYLE_MBR {
            self.expect_zero("padding of a partition offset", 0x18, 8)?;
            self.expect_zero("padding of a disk signature", 0x2c, 12)?;
            let offset = self.u64("partition offset", 0x10)?;
            QualifiedPartition::Mbr { signature: self.u32("disk signature", 0x28)?, offset }
        } else {
            let partition = self.guid("partition guid", 0x10)?;
            QualifiedPartition::Gpt { disk: self.guid("disk guid", 0x28)?, partition }
        };
        if local == LOCAL_VHD {
            let host = Box::new(self.nested(HEADER_SIZE.saturating_add(IDENTITY_SIZE), self.end)?);
            return Ok(Device::VhdPartition { inner: identity, host });
        }
        self.expect_size(PLAIN_SIZE)?;
        self.expect_zero("padding of a partition", 0x38, 16)?;
        Ok(Device::Partition(identity))
    }

    fn local(&self) -> Result<Device, DeviceError> {
        let local = self.u32("type of a local device", 0x10)?;
        match local {
            LOCAL_RAMDISK => {
                self.expect_u32("flags of a descriptor", 0x04, RAMDISK_FLAGS)?;
                let base = self.u64("base of a RAM disk", 0x14)?;
                let size = self.u64("size of a RAM disk", 0x1c)?;
                let offset = self.u32("offset of a RAM disk", 0x24)?;
                let (parent, path) = self.file_path(0x28)?;
                Ok(Device::Ramdisk { base, size, offset, parent, path })
            }
            LOCAL_FILE => {
                self.expect_u32("flags of a descriptor", 0x04, 0)?;
                let (parent, path) = self.file_path(0x14)?;
                Ok(Device::File { parent, path })
            }
            LOCAL_VHD => {
                self.expect_u32("flags of a descriptor", 0x04, 0)?;
                self.expect_zero("padding of a virtual disk", 0x14, 20)?;
                Ok(Device::Vhd { parent: Box::new(self.nested(0x28, self.end)?) })
            }
            _ => Ok(self.unknown(TYPE_LOCAL)),
        }
    }

    fn locate(&self) -> Result<Device, DeviceError> {
        let mode = self.u32("mode of a locate device", 0x10)?;
        let element = self.u32("element of a locate device", 0x14)?;
        let parent_at = self.u32("parent of a locate device", 0x18)?;
        let path_at = 0x1c;
        if parent_at == 0 {
            let path = self.path(path_at, self.end)?;
            return Ok(Device::Locate { mode, element, path, parent: None });
        }
        let parent_at = usize::try_from(parent_at).unwrap_or(usize::MAX);
        let path = self.path(path_at, self.start.saturating_add(parent_at))?;
        let parent = Some(Box::new(self.nested(parent_at, self.end)?));
        Ok(Device::Locate { mode, element, path, parent })
    }

    /// Reads the structure at `at` that holds a parent device and a path, to the end of the descriptor.
    fn file_path(&self, at: usize) -> Result<(Box<Device>, String), DeviceError> {
        let room = self.end.saturating_sub(self.start).saturating_sub(at);
        self.expect_u32("version of a file path", at, FILE_PATH_VERSION)?;
        let length = u32::try_from(room).unwrap_or(u32::MAX);
        self.expect_u32("length of a file path", at.saturating_add(4), length)?;
        self.expect_u32("type of a file path", at.saturating_add(8), FILE_PATH_TYPE)?;
        let parent_at = at.saturating_add(FILE_PATH_HEADER_SIZE);
        let parent_size = self.u32("size of a descriptor", parent_at.saturating_add(8))?;
        let path_at = parent_at.saturating_add(usize::try_from(parent_size).unwrap_or(usize::MAX));
        let parent = self.nested(parent_at, self.start.saturating_add(path_at))?;
        Ok((Box::new(parent), self.path(path_at, self.end)?))
    }

    /// Reads the descriptor from `at` to `end`, the latter an offset within the value.
    fn nested(&self, at: usize, end: usize) -> Result<Device, DeviceError> {
        let start = self.start.saturating_add(at);
        if end > self.end {
            let room = self.end.saturating_sub(start);
            let found = format!("{:#x}", end.saturating_sub(start));
            let expected = format!("at most {room:#x}");
            return Err(DeviceError::Field { what: "size of a descriptor", at: start, expected, found });
        }
        decode_descriptor(self.raw, start, end, self.depth.saturating_add(1))
    }

    /// Reads NUL-terminated UTF-16LE text from `at` to `end`, the latter an offset within the value.
    fn path(&self, at: usize, end: usize) -> Result<String, DeviceError> {
        let start = self.start.saturating_add(at);
        let field = |expected: &str, found: String| DeviceError::Field {
            what: "path of a device",
            at: start,
            expected: expected.to_owned(),
            found,
        };
        let stored = self.raw.get(start..end.min(self.end)).unwrap_or_default();
        let text = bytes::utf16le_until_nul(stored);
        let mut again = bytes::utf16le(&text);
        again.extend([0, 0]);
        if again == stored && end <= self.end {
            return Ok(text);
        }
        Err(field("text that one NUL ends", format!("{:#x} bytes", stored.len())))
    }

    fn u32(&self, what: &'static str, at: usize) -> Result<u32, DeviceError> {
        self.slice(what, at, 4).and_then(|field| bytes::le_u32(field, 0).ok_or_else(|| self.cut(what, at)))
    }

    fn u64(&self, what: &'static str, at: usize) -> Result<u64, DeviceError> {
        self.slice(what, at, 8).and_then(|field| bytes::le_u64(field, 0).ok_or_else(|| self.cut(what, at)))
    }

    fn guid(&self, what: &'static str, at: usize) -> Result<Guid, DeviceError> {
        let field = self.slice(what, at, 16)?;
        bytes::array(field, 0).map(Guid::from_bytes).ok_or_else(|| self.cut(what, at))
    }

    fn slice(&self, what: &'static str, at: usize, len: usize) -> Result<&[u8], DeviceError> {
        let descriptor = self.raw.get(self.start..self.end).unwrap_or_default();
        bytes::slice(descriptor, at, len).ok_or_else(|| self.cut(what, at))
    }

    fn expect_u32(&self, what: &'static str, at: usize, expected: u32) -> Result<(), DeviceError> {
        let found = self.u32(what, at)?;
        if found == expected {
            return Ok(());
        }
        let at = self.start.saturating_add(at);
        Err(DeviceError::Field { what, at, expected: format!("{expected:#x}"), found: format!("{found:#x}") })
    }

    fn expect_zero(&self, what: &'static str, at: usize, len: usize) -> Result<(), DeviceError> {
        let field = self.slice(what, at, len)?;
        if field.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let at = self.start.saturating_add(at);
        Err(DeviceError::Field { what, at, expected: "zeros".to_owned(), found: bytes::hex(field) })
    }

    fn expect_size(&self, expected: usize) -> Result<(), DeviceError> {
        let found = self.end.saturating_sub(self.start);
        if found == expected {
            return Ok(());
        }
        let at = self.start.saturating_add(8);
        let (expected, found) = (format!("{expected:#x}"), format!("{found:#x}"));
        Err(DeviceError::Field { what: "size of a descriptor", at, expected, found })
    }

    fn cut(&self, what: &'static str, at: usize) -> DeviceError {
        let found = format!("the end at {:#x}", self.end);
        let at = self.start.saturating_add(at);
        DeviceError::Field { what, at, expected: "more bytes".to_owned(), found }
    }
}

/// Writes devices, and notes where it writes identities: reader and editor take their offsets from here.
#[derive(Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    pub(super) identities: Vec<IdentityRecord>,
    within: Vec<Container>,
    file: Option<String>,
}

impl Encoder {
    /// The encoder that has written `element`.
    pub(super) fn element(element: &DeviceElement) -> Self {
        let mut encoder = Self { bytes: element.options.bytes().to_vec(), ..Self::default() };
        encoder.device(&element.device);
        encoder
    }

    fn device(&mut self, device: &Device) {
        let start = self.bytes.len();
        match device {
            Device::Boot => {
                self.header(TYPE_BOOT, 0);
                self.zeros(PLAIN_SIZE.saturating_sub(HEADER_SIZE));
            }
            Device::Partition(partition) => {
                self.header(TYPE_PARTITION, 0);
                self.identity(partition, false);
                self.zeros(16);
            }
            Device::File { parent, path } => {
                self.header(TYPE_LOCAL, 0);
                self.u32(LOCAL_FILE);
                self.file_path(Container::File, parent, path);
            }
            Device::Ramdisk { base, size, offset, parent, path } => {
                self.header(TYPE_LOCAL, RAMDISK_FLAGS);
                self.u32(LOCAL_RAMDISK);
                self.bytes.extend(base.to_le_bytes());
                self.bytes.extend(size.to_le_bytes());
                self.u32(*offset);
                self.file_path(Container::Ramdisk, parent, path);
            }
            Device::Vhd { parent } => {
                self.header(TYPE_LOCAL, 0);
                self.u32(LOCAL_VHD);
                self.zeros(20);
                self.nested(Container::Vhd, None, parent);
            }
            Device::VhdPartition { inner, host } => {
                self.header(TYPE_PARTITION, 0);
                self.identity(inner, true);
                self.nested(Container::Vhd, None, host);
            }
            Device::Locate { mode, element, path, parent } => {
                self.locate(start, *mode, *element, path, parent.as_deref());
            }
            // Their own header stands in their bytes.
            Device::LegacyPartition(LegacyPartition { descriptor }) | Device::Opaque(descriptor) => {
                self.bytes.extend(descriptor);
                return;
            }
        }
        self.length(start.saturating_add(8), start);
    }

    fn header(&mut self, device_type: u32, flags: u32) {
        self.u32(device_type);
        self.u32(flags);
        self.zeros(8);
    }

    fn identity(&mut self, partition: &QualifiedPartition, inside_vhd: bool) {
        let at = self.bytes.len();
        let local = if inside_vhd { LOCAL_VHD } else { LOCAL_HARD_DISK };
        match partition {
            QualifiedPartition::Mbr { signature, offset } => {
                self.bytes.extend(offset.to_le_bytes());
                self.zeros(8);
                self.u32(local);
                self.u32(STYLE_MBR);
                self.u32(*signature);
                self.zeros(12);
            }
            QualifiedPartition::Gpt { disk, partition } => {
                self.bytes.extend(partition.bytes());
                self.u32(local);
                self.u32(STYLE_GPT);
                self.bytes.extend(disk.bytes());
            }
        }
        let (within, file) = (self.within.clone(), self.file.clone());
        self.identities.push(IdentityRecord { at, partition: *partition, inside_vhd, within, file });
    }

    fn locate(&mut self, start: usize, mode: u32, element: u32, path: &str, parent: Option<&Device>) {
        self.header(TYPE_LOCATE, 0);
        self.u32(mode);
        self.u32(element);
        let parent_field = self.bytes.len();
        self.u32(0);
        self.path(path);
        if let Some(parent) = parent {
            self.length(parent_field, start);
            self.nested(Container::Locate, None, parent);
        }
    }

    fn file_path(&mut self, container: Container, parent: &Device, path: &str) {
        let start = self.bytes.len();
        self.u32(FILE_PATH_VERSION);
        self.u32(0);
        self.u32(FILE_PATH_TYPE);
        self.nested(container, Some(path), parent);
        self.path(path);
        self.length(start.saturating_add(4), start);
    }

    fn nested(&mut self, container: Container, file: Option<&str>, device: &Device) {
        self.within.push(container);
        let outer = std::mem::replace(&mut self.file, file.map(str::to_owned));
        self.device(device);
        self.file = outer;
        self.within.pop();
    }

    fn path(&mut self, path: &str) {
        self.bytes.extend(bytes::utf16le(path));
        self.zeros(2);
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len().saturating_add(count), 0);
    }

    /// Writes into the field at `at` how many bytes have been written since `start`.
    fn length(&mut self, at: usize, start: usize) {
        let length = u32::try_from(self.bytes.len().saturating_sub(start)).unwrap_or(u32::MAX);
        if let Some(field) = at.checked_add(4).and_then(|end| self.bytes.get_mut(at..end)) {
            field.copy_from_slice(&length.to_le_bytes());
        }
    }
}
