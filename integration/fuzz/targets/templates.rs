//! Templates of stores: whatever one says, what is made of it is a store, or there is an error.

use std::collections::BTreeSet;

use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::create::NewElement;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bcd::element::ElementId;
use bcdrescue::bcd::element::ElementValue;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::FreshWindows;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Release;
use bcdrescue::bcd::fresh::Stamp;
use bcdrescue::bcd::fresh::Template;
use bcdrescue::bcd::object_id;
use bcdrescue::guid::Guid;

use super::hives::hive_of;
use super::one_line;
use super::stores::sound;

const PARTITION: QualifiedPartition =
    QualifiedPartition::Gpt { disk: Guid::from_u128(0x1111), partition: Guid::from_u128(0x2222) };

/// A template, and the stores that are made of it.
pub(super) fn template(data: &[u8]) {
    let template = match Template::parse(hive_of(data)) {
        Ok(template) => template,
        Err(error) => return one_line(&error.to_string()),
    };
    let chosen = FreshWindows {
        release: Release { generation: Generation::Ten, is_server: false, is_x86: false },
        partition: PARTITION,
        root: r"\Windows".to_owned(),
        locale: "en-US".to_owned(),
        entry: Guid::from_u128(0x3333),
        resume: Guid::from_u128(0x4444),
        recovery: None,
        template: Some(&template),
    };
    let stamp = Stamp { last_written: 0, sequence_above: 0 };
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let fresh = FreshStore { firmware, system: PARTITION, chosen: chosen.clone(), others: Vec::new() };
        for made in [fresh.build(stamp).map(Some), fresh.build_recovery(stamp)] {
            match made {
                Ok(Some(bytes)) => whole(bytes),
                Ok(None) => {}
                Err(error) => one_line(&error.to_string()),
            }
        }
    }
}

/// A store that reads back, with each id once, nothing of setup in it, and no device but those that it was given.
fn whole(bytes: Vec<u8>) {
    let store = Store::parse(bytes).expect("a store that was made can be read");
    assert!(!store.hive().base_block().is_dirty() && store.boot_manager().is_some());
    let ids: BTreeSet<_> = store.objects().iter().map(|object| object.id.expect("an id")).collect();
    assert_eq!(ids.len(), store.objects().len());
    for element in store.objects().iter().flat_map(|object| &object.elements) {
        sound(element);
        assert_ne!(element.id.expect("an id").class(), 4);
        if let ElementValue::Device(device) = &element.value {
            assert!(device.identities().iter().all(|place| place.partition == PARTITION));
        }
    }
}

/// A template with an object of every kind that is taken, and with what is left.
pub(super) fn seed() -> Vec<u8> {
    let object = |id: u128, object_type: ObjectType, elements: &[(u32, &[u8])]| NewObject {
        elements: elements.iter().map(|(id, raw)| (ElementId(*id), NewElement::Raw(raw.to_vec()))).collect(),
        ..NewObject::new(Guid::from_u128(id), object_type)
    };
    let settings = NewObject::new(object_id::DBGSETTINGS, ObjectType::INHERIT_ANY);
    let manager = NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER);
    let mut objects = vec![settings, manager, NewObject::new(object_id::MEMDIAG, ObjectType::MEMDIAG)];
    let path = "\\\0l\0.\0e\0\0\0".as_bytes();
    for id in [0xa1943bbc_ea85_487c_97c7_c9ede908a38a, 0xb012b84d_c47c_4ed5_b722_c0c42163e569] {
        objects.push(object(
            id,
            ObjectType::OS_LOADER,
            &[
                (0x1100_0001, &[0; 88]),
                (0x1700_0077, &[0x75, 0, 0, 0x15, 0, 0, 0, 0]),
                (0x2500_0020, &[0]),
                (0x4200_0002, path),
                (0x4500_0001, &[2]),
            ],
        ));
    }
    for id in [0x98b02a23_0674_4ce7_bdad_e0a15a8ff97b, 0x0c334284_9a41_4de1_99b3_a7e87e8ff07e] {
        objects.push(object(id, ObjectType::RESUME, &[(0x2500_0008, &[1]), (0x4600_0004, &[1])]));
    }
    NewStore { objects, last_written: 0, firmware_modified: false }.build().expect("a small store")
}
