//! Disks whose stores have copies of firmware entries, and what such a copy must become, put together from bytes.

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::create::NewElement;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::device::Device;
use bcdrescue::bcd::device::DeviceElement;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::guid::Guid;

use crate::support::disk::Disk;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;

/// The ESP, the Windows partition and the disk of `win11-uefi`, as its store names them.
pub const OLD_DISK: Guid = Guid::from_u128(0x5f3c0101_3b1d_4c01_9a2c_0242ac1b0001);

pub const OLD_ESP: Guid = Guid::from_u128(0x5f3c0102_3b1d_4c01_9a2c_0242ac1b0002);

pub const OLD_WINDOWS: Guid = Guid::from_u128(0x5f3c0104_3b1d_4c01_9a2c_0242ac1b0004);

/// The objects that [`with_entries`] adds.
pub const OWN: Guid = Guid::from_u128(0x00000001_f608_11eb_825c_c112f60133ab);

pub const OF_WINDOWS: Guid = Guid::from_u128(0x00000002_f608_11eb_825c_c112f60133ab);

const STICK: Guid = Guid::from_u128(0x00000003_f608_11eb_825c_c112f60133ab);

const OTHER_ESP: Guid = Guid::from_u128(0x00000004_f608_11eb_825c_c112f60133ab);

const NETWORK: Guid = Guid::from_u128(0x00000005_f608_11eb_825c_c112f60133ab);

/// The node that ends a device path.
const END: [u8; 4] = [0x7f, 0xff, 4, 0];

/// A partition as a node names it: number, first block, blocks, signature, format and its type.
pub struct Node(pub u32, pub u64, pub u64, pub [u8; 16], pub u8);

impl Node {
    pub fn gpt(number: u32, start: u64, count: u64, guid: Guid) -> Self {
        Self(number, start, count, *guid.bytes(), 2)
    }

    pub fn mbr(number: u32, start: u64, count: u64, signature: u32) -> Self {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&signature.to_le_bytes());
        Self(number, start, count, bytes, 1)
    }

    fn fields(&self) -> Vec<u8> {
        let fields = [&self.0.to_le_bytes()[..], &self.1.to_le_bytes(), &self.2.to_le_bytes(), &self.3];
        fields.concat()
    }
}

/// The device path of Windows' boot manager on this partition.
pub fn path_of(node: &Node) -> Vec<u8> {
    let file = utf16(r"\EFI\Microsoft\Boot\bootmgfw.efi");
    let len = u16::try_from(file.len() + 4).unwrap().to_le_bytes();
    [&[4, 1, 0x2a, 0], &node.fields()[..], &[node.4, node.4], &[4, 4], &len, &file, &END].concat()
}

/// A text with the zero that ends it.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// A `FirmwareVariable`; without a node one of a network card.
pub fn variable(id: u32, name: &str, node: Option<&Node>) -> Vec<u8> {
    let path = node.map_or_else(|| [[3, 11, 6, 0, 1, 2].as_slice(), &END].concat(), path_of);
    let u32s = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
    let name = utf16(name);
    let (name_at, path_at) = (0x1c, 0x1c + len(&name));
    let all = path_at + 12 + len(&path);
    let mut value = u32s(&[1, all, id, 5, name_at, path_at, 0]);
    value.extend(name);
    value.extend(u32s(&[1, 12 + len(&path), 4]));
    value.extend(path);
    value
}

/// What a copy must become: the only node in it names this.
pub fn renamed(value: &[u8], node: &Node) -> Vec<u8> {
    let at = value.windows(4).position(|bytes| bytes == [4, 1, 0x2a, 0]).expect("a node") + 4;
    let mut value = value.to_vec();
    value[at..at + 36].copy_from_slice(&node.fields());
    value
}

fn entry(id: Guid, named: Option<QualifiedPartition>, variable: Vec<u8>) -> NewObject {
    let object = NewObject::new(id, ObjectType::FIRMWARE_APPLICATION);
    let object = NewObject { firmware_variable: Some(variable), ..object };
    match named {
        Some(named) => object
            .with(ElementId::DEVICE, ElementValue::Device(DeviceElement::plain(Device::Partition(named)))),
        None => object,
    }
}

/// The same store with a copy of {bootmgr}'s entry, and with further objects.
pub fn with_objects(bytes: &[u8], manager: &[u8], more: Vec<NewObject>) -> Vec<u8> {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let again = store.objects().iter().map(|object| NewObject {
        id: object.id.unwrap(),
        object_type: object.object_type.unwrap(),
        firmware_variable: (object.id == Some(BOOTMGR)).then(|| manager.to_vec()),
        elements: object
            .elements
            .iter()
            .map(|element| (element.id.unwrap(), NewElement::Raw(element.raw.clone())))
            .collect(),
    });
    NewStore { objects: again.chain(more).collect(), last_written: 1, firmware_modified: true }
        .build()
        .unwrap()
}

/// The store of `win11-uefi` with entries of its disk, of a stick, of another system and of the network.
pub fn with_entries(bytes: &[u8]) -> Vec<u8> {
    let esp = Node::gpt(1, 2048, 204_800, OLD_ESP);
    let here = |partition| Some(QualifiedPartition::Gpt { disk: OLD_DISK, partition });
    let foreign = Guid::from_u128(0xeeee0001_f608_11eb_825c_c112f60133ab);
    let stick = QualifiedPartition::Mbr { signature: 0x0007_d086, offset: 16384 };
    let other = QualifiedPartition::Gpt { disk: foreign, partition: foreign };
    let windows = Node::gpt(3, 239_616, 1_593_344, OLD_WINDOWS);
    let more = vec![
        entry(OWN, here(OLD_ESP), variable(1, "UEFI OS", Some(&esp))),
        entry(OF_WINDOWS, here(OLD_WINDOWS), variable(2, "Own loader", Some(&windows))),
        entry(STICK, Some(stick), variable(3, "USB", Some(&Node::mbr(1, 32, 99, 0x0007_d086)))),
        entry(OTHER_ESP, Some(other), variable(4, "Linux", Some(&Node::gpt(1, 2048, 204_800, foreign)))),
        entry(NETWORK, None, variable(5, "PXE", None)),
    ];
    with_objects(bytes, &variable(0, "Windows Boot Manager", Some(&esp)), more)
}

/// A raw copy of `win11-uefi` or of its healthy twin with [`with_entries`] in its store.
pub fn disk(name: &str) -> Disk {
    let disk = Disk::raw(name);
    let bytes = with_entries(&store_of(&disk, UEFI));
    put_store(&disk, UEFI, &bytes);
    disk
}
