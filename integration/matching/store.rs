//! A store as it is made: objects, and for each identity record what it meant and what it names.

use bcdrescue::bcd::Device;
use bcdrescue::bcd::DeviceElement;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::guid::Guid;

use crate::matching::volume_id::VolumeId;
use crate::support::firmware_stores::Node;
use crate::support::firmware_stores::variable;

/// What an identity record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// {bootmgr} and {memdiag}: the volume with the store.
    System,
    Ntldr,
    Loader,
    OsRoot,
    Resume,
    /// The file of a RAM disk or of a virtual disk.
    Image,
    Sdi,
    /// In a virtual disk: on none of the disks.
    Inner,
    /// The firmware's own entry.
    Firmware,
}

impl Role {
    /// Whether `--windows N` is about it.
    pub fn is_windows(self) -> bool {
        matches!(self, Self::Loader | Self::OsRoot | Self::Resume)
    }

    /// Whether a plain repair must leave it alone.
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Inner | Self::Firmware)
    }
}

/// One identity record.
#[derive(Clone)]
pub struct Name {
    /// `None` where it was never a partition of these disks.
    pub meant: Option<VolumeId>,
    pub named: QualifiedPartition,
    pub role: Role,
    /// What has to be on the volume.
    pub file: Option<String>,
    /// The Windows entry that it belongs to: the loader's id.
    pub entry: Option<Guid>,
    pub object: Guid,
    pub element: ElementId,
    /// Which of the records of its element.
    pub record: usize,
}

/// A device with the indices of its names.
#[derive(Clone)]
pub enum DeviceSpec {
    Boot,
    Partition(usize),
    Ramdisk(usize, Guid, String),
    Vhd(usize, usize, String),
}

/// An object.
#[derive(Clone)]
pub struct ObjectSpec {
    pub id: Guid,
    pub kind: ObjectType,
    pub plain: Vec<(ElementId, ElementValue)>,
    pub devices: Vec<(ElementId, DeviceSpec)>,
    /// The firmware's entry that it is a copy of.
    pub variable: Option<Variable>,
}

/// A copy of a firmware entry: a partition by number, first sector, sectors and GUID.
#[derive(Clone)]
pub struct Variable {
    pub id: u32,
    pub meant: Option<VolumeId>,
    pub node: (u32, u64, u64, Guid),
}

impl Variable {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let (number, start, count, guid) = self.node;
        variable(self.id, "Windows Boot Manager", Some(&Node::gpt(number, start, count, guid)))
    }
}

/// A store.
#[derive(Clone)]
pub struct StoreSpec {
    pub path: &'static str,
    pub objects: Vec<ObjectSpec>,
    pub names: Vec<Name>,
}

impl StoreSpec {
    fn partition(&self, name: usize) -> Device {
        Device::Partition(self.names[name].named)
    }

    fn device(&self, spec: &DeviceSpec) -> DeviceElement {
        match spec {
            DeviceSpec::Boot => DeviceElement::plain(Device::Boot),
            DeviceSpec::Partition(name) => DeviceElement::plain(self.partition(*name)),
            DeviceSpec::Ramdisk(name, options, path) => {
                let parent = Box::new(self.partition(*name));
                let device = Device::Ramdisk { base: 0, size: 0, offset: 0, parent, path: path.clone() };
                DeviceElement { options: *options, device }
            }
            DeviceSpec::Vhd(inner, host, path) => {
                let file = Device::File { parent: Box::new(self.partition(*host)), path: path.clone() };
                let inner = self.names[*inner].named;
                DeviceElement::plain(Device::VhdPartition { inner, host: Box::new(file) })
            }
        }
    }

    /// The bytes of its file.
    pub fn bytes(&self) -> Vec<u8> {
        let objects = self.objects.iter().map(|spec| {
            let mut object = NewObject::new(spec.id, spec.kind);
            object.firmware_variable = spec.variable.as_ref().map(Variable::bytes);
            for (id, value) in &spec.plain {
                object = object.with(*id, value.clone());
            }
            for (id, device) in &spec.devices {
                object = object.with(*id, ElementValue::Device(self.device(device)));
            }
            object
        });
        let last_written = 0x01d8_0000_0000_0000;
        NewStore { objects: objects.collect(), last_written, firmware_modified: false }
            .build()
            .expect("a store")
    }
}

/// The identity records of a device element, decoded from its bytes without the library: what each names, and whether that is in a
/// virtual disk.
pub fn records(raw: &[u8]) -> Vec<(QualifiedPartition, bool)> {
    let number = |at: usize| u32::from_le_bytes(raw[at..at + 4].try_into().expect("4 bytes"));
    let long = |at: usize| u64::from_le_bytes(raw[at..at + 8].try_into().expect("8 bytes"));
    let guid = |at: usize| Guid::from_bytes(raw[at..at + 16].try_into().expect("16 bytes"));
    let named = |at: usize| match number(at + 20) {
        1 => QualifiedPartition::Mbr { signature: number(at + 24), offset: long(at) },
        _ => QualifiedPartition::Gpt { disk: guid(at + 24), partition: guid(at) },
    };
    let mut found = Vec::new();
    // The descriptor behind the options' GUID.
    let mut at = 16;
    loop {
        match (number(at), number(at + 16)) {
            (6, _) if number(at + 0x20) == 0 => {
                found.push((named(at + 0x10), false));
                return found;
            }
            // A partition in a virtual disk: the file that is the disk comes behind it.
            (6, _) => {
                found.push((named(at + 0x10), true));
                at += 0x38;
            }
            (0, 3) => at += 0x28 + 12,
            (0, 5) => at += 0x14 + 12,
            (0, 6) => at += 0x28,
            (5, _) => return found,
            other => panic!("a device that no store here has: {other:?}"),
        }
    }
}
