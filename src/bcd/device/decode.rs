//! Reading device descriptors, one nested in another.
//!
//! Every length must fit exactly and padding must be zero: boot managers compare devices byte for byte.

use crate::bcd::device::Device;
use crate::bcd::device::DeviceError;
use crate::bcd::device::LegacyPartition;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::device::layout::FILE_PATH_HEADER_SIZE;
use crate::bcd::device::layout::FILE_PATH_TYPE;
use crate::bcd::device::layout::FILE_PATH_VERSION;
use crate::bcd::device::layout::HEADER_SIZE;
use crate::bcd::device::layout::IDENTITY_SIZE;
use crate::bcd::device::layout::LOCAL_FILE;
use crate::bcd::device::layout::LOCAL_HARD_DISK;
use crate::bcd::device::layout::LOCAL_RAMDISK;
use crate::bcd::device::layout::LOCAL_VHD;
use crate::bcd::device::layout::PLAIN_SIZE;
use crate::bcd::device::layout::RAMDISK_FLAGS;
use crate::bcd::device::layout::STYLE_GPT;
use crate::bcd::device::layout::STYLE_MBR;
use crate::bcd::device::layout::TYPE_BOOT;
use crate::bcd::device::layout::TYPE_LEGACY_PARTITION;
use crate::bcd::device::layout::TYPE_LOCAL;
use crate::bcd::device::layout::TYPE_LOCATE;
use crate::bcd::device::layout::TYPE_PARTITION;
use crate::bytes;
use crate::guid::Guid;

/// Devices in devices. Windows nests four; the bound keeps hostile values off the stack.
const DEPTH_MAX: u32 = 8;
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
        let size = self.end.saturating_sub(self.start);
        if parent_at > size {
            let at = self.start.saturating_add(0x18);
            let (expected, found) = (format!("up to {size:#x}"), format!("{parent_at:#x}"));
            return Err(DeviceError::Field { what: "parent of a locate device", at, expected, found });
        }
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
        Err(field("text with a single NUL at the end", format!("{:#x} bytes", stored.len())))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::DeviceElement;

    fn partition() -> Device {
        Device::Partition(QualifiedPartition::Mbr { signature: 0x1234_5678, offset: 0x10_0000 })
    }

    fn gpt() -> Device {
        let (disk, partition) = (Guid::from_u128(1), Guid::from_u128(2));
        Device::Partition(QualifiedPartition::Gpt { disk, partition })
    }

    fn ramdisk() -> Device {
        Device::Ramdisk { base: 0, size: 0, offset: 0, parent: Box::new(partition()), path: r"\a.wim".into() }
    }

    fn vhd() -> Device {
        let file = Device::File { parent: Box::new(gpt()), path: r"\a.vhd".into() };
        Device::Vhd { parent: Box::new(file) }
    }

    fn locate() -> Device {
        Device::Locate { mode: 0, element: 0x1200_0002, path: String::new(), parent: Some(Box::new(vhd())) }
    }

    #[test]
    fn one_wrong_byte_is_named() {
        let cases: [(Device, usize, &str); 15] = [
            (
                partition(),
                0x18,
                "size of a descriptor at 0x18 of the device value: expected 0x48, found 0xff",
            ),
            (
                partition(),
                0x14,
                "flags of a descriptor at 0x14 of the device value: expected 0x0, found 0xff",
            ),
            (
                partition(),
                0x1c,
                "padding of a descriptor at 0x1c of the device value: expected zeros, found ff000000",
            ),
            (
                partition(),
                0x28,
                "padding of a partition offset at 0x28 of the device value: expected zeros, found ff00000000000000",
            ),
            (
                partition(),
                0x3c,
                "padding of a disk signature at 0x3c of the device value: expected zeros, found \
                 ff0000000000000000000000",
            ),
            (
                gpt(),
                0x48,
                "padding of a partition at 0x48 of the device value: expected zeros, found \
                 ff000000000000000000000000000000",
            ),
            (ramdisk(), 0x14, "flags of a descriptor at 0x14 of the device value: expected 0x1, found 0xff"),
            (ramdisk(), 0x38, "version of a file path at 0x38 of the device value: expected 0x1, found 0xff"),
            (ramdisk(), 0x3c, "length of a file path at 0x3c of the device value: expected 0x62, found 0xff"),
            (ramdisk(), 0x40, "type of a file path at 0x40 of the device value: expected 0x5, found 0xff"),
            (
                ramdisk(),
                0x4c,
                "size of a descriptor at 0x44 of the device value: expected at most 0x56, found 0xff",
            ),
            (
                ramdisk(),
                0x98,
                "path of a device at 0x8c of the device value: expected text with a single NUL at the end, found 0xe bytes",
            ),
            (
                vhd(),
                0x24,
                "padding of a virtual disk at 0x24 of the device value: expected zeros, found \
                 ff00000000000000000000000000000000000000",
            ),
            (
                locate(),
                0x2c,
                "path of a device at 0x2c of the device value: expected text with a single NUL at the end, found 0x2 bytes",
            ),
            (
                locate(),
                0x28,
                "parent of a locate device at 0x28 of the device value: expected up to 0xbc, found 0xff",
            ),
        ];
        for (device, at, message) in cases {
            let mut raw = DeviceElement::plain(device).encode();
            raw[at] = 0xff;
            assert_eq!(DeviceElement::decode(&raw).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn every_shorter_or_longer_value_is_refused() {
        for device in [Device::Boot, partition(), gpt(), ramdisk(), vhd(), locate()] {
            let raw = DeviceElement::plain(device).encode();
            for len in 0..raw.len() {
                assert!(DeviceElement::decode(&raw[..len]).is_err(), "{len}");
            }
            let mut longer = raw;
            longer.push(0);
            assert!(DeviceElement::decode(&longer).is_err());
        }
    }

    /// Whatever one byte is turned into, what is understood comes back as it was.
    #[test]
    fn any_byte_may_be_wrong() {
        for device in [partition(), gpt(), ramdisk(), vhd(), locate()] {
            let good = DeviceElement::plain(device).encode();
            for at in 0..good.len() {
                for byte in 0..=u8::MAX {
                    let mut raw = good.clone();
                    raw[at] = byte;
                    let Ok(read) = DeviceElement::decode(&raw) else { continue };
                    assert_eq!(read.encode(), raw);
                    for record in read.identities() {
                        assert!(record.at + 40 <= raw.len());
                    }
                    assert!(!read.to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn devices_in_devices_have_an_end() {
        let nest = |count| (0..count).fold(Device::Boot, |inner, _| Device::Vhd { parent: Box::new(inner) });
        let deepest = DeviceElement::plain(nest(DEPTH_MAX)).encode();
        assert!(DeviceElement::decode(&deepest).is_ok());
        let deeper = DeviceElement::plain(nest(DEPTH_MAX + 1)).encode();
        assert_eq!(DeviceElement::decode(&deeper), Err(DeviceError::Deep { at: 0x10 + 9 * 0x28 }));
    }
}
