//! Stores whose {bootmgr} has other lists.

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::create::NewElement;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::guid::Guid;

pub const GONE: Guid = Guid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_5555);

pub const GONE_TOO: Guid = Guid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_6666);

/// The store made again with these objects.
pub fn rebuilt(bytes: &[u8], with: impl FnOnce(&mut Vec<NewObject>)) -> Vec<u8> {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let again = store.objects().iter().map(|object| NewObject {
        id: object.id.unwrap(),
        object_type: object.object_type.unwrap(),
        firmware_variable: None,
        elements: object
            .elements
            .iter()
            .map(|element| (element.id.unwrap(), NewElement::Raw(element.raw.clone())))
            .collect(),
    });
    let mut objects: Vec<NewObject> = again.collect();
    with(&mut objects);
    NewStore { objects, last_written: 1, firmware_modified: false }.build().unwrap()
}

pub fn set(object: &mut NewObject, id: ElementId, value: Option<ElementValue>) {
    object.elements.retain(|(of, _)| *of != id);
    object.elements.extend(value.map(|value| (id, NewElement::Value(value))));
}

pub fn find(objects: &mut [NewObject], id: Guid) -> &mut NewObject {
    objects.iter_mut().find(|object| object.id == id).unwrap()
}

/// The store with these lists.
pub fn with_lists(bytes: &[u8], default: Option<Guid>, menu: &[Guid]) -> Vec<u8> {
    rebuilt(bytes, |objects| {
        let manager = find(objects, BOOTMGR);
        set(manager, ElementId::DEFAULT, default.map(ElementValue::Object));
        let menu = (!menu.is_empty()).then(|| ElementValue::ObjectList(menu.to_vec()));
        set(manager, ElementId::DISPLAY_ORDER, menu);
    })
}

/// The store with lists that name only what is not there.
pub fn with_lists_of_nothing(bytes: &[u8]) -> Vec<u8> {
    with_lists(bytes, Some(GONE), &[GONE, GONE_TOO])
}
