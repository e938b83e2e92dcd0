//! Writing device descriptors, and where in them partitions are named.

use crate::bcd::device::Container;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::LegacyPartition;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::device::StoredIdentity;
use crate::bcd::device::layout::FILE_PATH_TYPE;
use crate::bcd::device::layout::FILE_PATH_VERSION;
use crate::bcd::device::layout::HEADER_SIZE;
use crate::bcd::device::layout::LOCAL_FILE;
use crate::bcd::device::layout::LOCAL_HARD_DISK;
use crate::bcd::device::layout::LOCAL_RAMDISK;
use crate::bcd::device::layout::LOCAL_VHD;
use crate::bcd::device::layout::PLAIN_SIZE;
use crate::bcd::device::layout::RAMDISK_FLAGS;
use crate::bcd::device::layout::STYLE_GPT;
use crate::bcd::device::layout::STYLE_MBR;
use crate::bcd::device::layout::TYPE_BOOT;
use crate::bcd::device::layout::TYPE_LOCAL;
use crate::bcd::device::layout::TYPE_LOCATE;
use crate::bcd::device::layout::TYPE_PARTITION;
use crate::bytes;

/// Writes devices, and notes where it writes identities: reader and editor take their offsets from here.
#[derive(Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    pub(super) identities: Vec<StoredIdentity>,
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
        self.identities.push(StoredIdentity { at, partition: *partition, inside_vhd, within, file });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guid::Guid;

    /// The value of an element: zeros for its options, then hex with blanks.
    fn value(options: &str, hex: &str) -> Vec<u8> {
        let hex: String = hex.split_whitespace().collect();
        bytes::from_hex(&format!("{options}{hex}")).unwrap()
    }

    const NO_OPTIONS: &str = "00000000000000000000000000000000";

    fn mbr(signature: u32, offset: u64) -> Device {
        Device::Partition(QualifiedPartition::Mbr { signature, offset })
    }

    fn check(raw: &[u8], device: &Device, text: &str) -> Vec<StoredIdentity> {
        let element = DeviceElement::decode(raw).unwrap();
        assert_eq!(element.device, *device);
        assert_eq!(element.encode(), raw);
        assert_eq!(element.to_string(), text);
        element.identities()
    }

    #[test]
    fn the_boot_device_has_no_identity() {
        let raw = value(NO_OPTIONS, &format!("05000000 00000000 48000000 00000000 {}", "00".repeat(56)));
        assert_eq!(check(&raw, &Device::Boot, "boot"), []);
    }

    #[test]
    fn a_partition_of_an_mbr_disk() {
        let raw = value(
            NO_OPTIONS,
            "06000000 00000000 48000000 00000000 00001000 00000000 00000000 00000000
             00000000 01000000 a44d2336 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        );
        let device = mbr(0x3623_4da4, 0x10_0000);
        let records = check(&raw, &device, "partition=disk 36234da4 offset 0x100000");
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].at, records[0].inside_vhd, &records[0].file), (0x20, false, &None));
    }

    #[test]
    fn a_partition_of_a_gpt_disk() {
        let raw = value(
            NO_OPTIONS,
            "06000000 00000000 48000000 00000000 aa4498cd 2a408d43 9efdb8f2 4a474cd6
             00000000 00000000 4720b367 fabe224b 906c207b 4b651b93 00000000 00000000 00000000 00000000",
        );
        let disk = Guid::from_u128(0x67b32047_befa_4b22_906c_207b4b651b93);
        let partition = Guid::from_u128(0xcd9844aa_402a_438d_9efd_b8f24a474cd6);
        let text = format!("partition=disk {{{disk}}} partition {{{partition}}}");
        check(&raw, &Device::Partition(QualifiedPartition::Gpt { disk, partition }), &text);
    }

    #[test]
    fn a_recovery_image_in_a_ram_disk() {
        let path = r"\Recovery\WindowsRE\Winre.wim";
        let mut raw = value(
            "e8c4323c6ef3e2118548986c4e43b52a",
            "00000000 01000000 b8000000 00000000 03000000 00000000 00000000 00000000
             00000000 00000000 01000000 90000000 05000000 06000000 00000000 48000000
             00000000 0000904f 12000000 00000000 00000000 00000000 01000000 7cee0300
             00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        );
        raw.extend(bytes::utf16le(path));
        raw.extend([0, 0]);
        let parent = Box::new(mbr(0x0003_ee7c, 78_644_248_576));
        let device = Device::Ramdisk { base: 0, size: 0, offset: 0, parent, path: path.into() };
        let text = "ramdisk=[disk 0003ee7c offset 0x124f900000]\\Recovery\\WindowsRE\\Winre.wim,\
                    {3c32c4e8-f36e-11e2-8548-986c4e43b52a}";
        let records = check(&raw, &device, text);
        assert_eq!((records[0].at, records[0].file.as_deref()), (0x54, Some(path)));
        assert_eq!(records[0].within, [Container::Ramdisk]);
    }

    #[test]
    fn a_virtual_disk_that_is_looked_for() {
        let path = "5c00 7400 6500 7300 7400 2e00 7600 6800 6400 0000";
        let raw = value(
            NO_OPTIONS,
            &format!(
                "08000000 00000000 aa000000 00000000 00000000 02000012 1e000000 0000
                 00000000 00000000 8c000000 00000000 06000000 {}
                 00000000 00000000 64000000 00000000 05000000 01000000 50000000 05000000
                 08000000 00000000 30000000 00000000 01000000 00000000 00000000 {path} {path}",
                "00".repeat(20)
            ),
        );
        let path = r"\test.vhd".to_owned();
        let search = Device::Locate { mode: 1, element: 0, path: path.clone(), parent: None };
        let file = Device::File { parent: Box::new(search), path };
        let parent = Some(Box::new(Device::Vhd { parent: Box::new(file) }));
        let device = Device::Locate { mode: 0, element: 0x1200_0002, path: String::new(), parent };
        let text = r"vhd=[locate]\test.vhd,locate=custom:12000002";
        assert_eq!(check(&raw, &device, text), []);
    }

    #[test]
    fn plain_searches() {
        let raw = value(NO_OPTIONS, "08000000 00000000 1e000000 00000000 00000000 02000012 00000000 0000");
        let device = Device::Locate { mode: 0, element: 0x1200_0002, path: String::new(), parent: None };
        check(&raw, &device, "locate=custom:12000002");
        let device = Device::Locate { mode: 1, element: 0, path: r"\Windows".into(), parent: None };
        let raw = DeviceElement::plain(device.clone()).encode();
        assert_eq!(raw.len(), 62);
        check(&raw, &device, r"locate=\Windows");
    }

    #[test]
    fn a_partition_in_a_virtual_disk_comes_before_its_host() {
        let inner = QualifiedPartition::Mbr { signature: 0xf549_dc16, offset: 0x2260_0000 };
        let host = Box::new(Device::File { parent: Box::new(mbr(7, 512)), path: r"\w.vhd".into() });
        let device = Device::VhdPartition { inner, host };
        let raw = DeviceElement::plain(device.clone()).encode();
        let text = r"vhd=[disk 00000007 offset 0x200]\w.vhd,partition=disk f549dc16 offset 0x22600000";
        let records = check(&raw, &device, text);
        let seen: Vec<_> = records.iter().map(|record| (record.at, record.inside_vhd)).collect();
        assert_eq!(seen, [(0x20, true), (0x78, false)]);
        assert_eq!(records[1].within, [Container::Vhd, Container::File]);
        assert_eq!(records[1].file.as_deref(), Some(r"\w.vhd"));
    }

    #[test]
    fn unknown_devices_keep_their_bytes() {
        let cases = [
            ("04000000 00000000 14000000 00000000 aabbccdd", "unknown device type 0x4, 0x14 bytes"),
            ("00000000 00000000 18000000 00000000 02000000 01000000", "unknown device type 0x0, 0x18 bytes"),
        ];
        for (hex, text) in cases {
            let raw = value(NO_OPTIONS, hex);
            check(&raw, &Device::Opaque(raw[16..].to_vec()), text);
        }
    }

    #[test]
    fn a_legacy_partition_is_shown_and_has_no_record() {
        let raw = value(
            NO_OPTIONS,
            "02000000 00000000 48000000 00000000 02000000 00000000 00000000 00000000
             00000000 01000000 a44d2336 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        );
        let device = Device::LegacyPartition(LegacyPartition { descriptor: raw[16..].to_vec() });
        assert_eq!(check(&raw, &device, "legacy partition 2 of disk 36234da4"), []);
    }
}
