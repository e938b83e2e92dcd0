//! Each change, alone and after others.

use super::Change;
use super::ChangeError;
use super::ListEdit;
use super::apply;
use crate::bcd::Element;
use crate::bcd::ElementId;
use crate::bcd::ElementValue;
use crate::bcd::ObjectType;
use crate::bcd::Store;
use crate::bcd::StoreError;
use crate::bcd::create::NewElement;
use crate::bcd::create::NewObject;
use crate::bcd::create::NewStore;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::MEMDIAG;
use crate::bytes;
use crate::guid::Guid;
use crate::hive::HiveError;

const LOADER: Guid = Guid::from_u128(0x3333);
const OTHER: Guid = Guid::from_u128(0x3334);
const RESUME: Guid = Guid::from_u128(0x4444);
const NEW: Guid = Guid::from_u128(0xabcd_0000_0000_0000_0000_0000_0000_5555);
const TITLE: ElementId = ElementId::DESCRIPTION;
const MENU: ElementId = ElementId::DISPLAY_ORDER;
const NOW: u64 = 0x01dc_0000_0000_0000;

/// A boot manager with two loaders that share a resume loader, and the memory tester among its tools.
fn store() -> Store {
    let manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DEFAULT, ElementValue::Object(LOADER))
        .with(ElementId::BOOT_MANAGER_RESUME_OBJECT, ElementValue::Object(RESUME))
        .with(MENU, ElementValue::ObjectList(vec![LOADER, OTHER]))
        .with(ElementId::BOOT_SEQUENCE, ElementValue::ObjectList(vec![LOADER]))
        .with(ElementId::TOOLS_DISPLAY_ORDER, ElementValue::ObjectList(vec![MEMDIAG]));
    let mut loader = NewObject::new(LOADER, ObjectType::OS_LOADER)
        .with(TITLE, ElementValue::String("Windows 10".into()))
        .with(ElementId::RECOVERY_ENABLED, ElementValue::Boolean(true))
        .with(ElementId::RESUME_OBJECT, ElementValue::Object(RESUME));
    loader.elements.push((ElementId::NX, NewElement::Raw(vec![1])));
    loader.firmware_variable = Some(vec![9; 40]);
    let other = NewObject::new(OTHER, ObjectType::OS_LOADER)
        .with(ElementId::RECOVERY_SEQUENCE, ElementValue::ObjectList(vec![LOADER]))
        .with(ElementId::RESUME_OBJECT, ElementValue::Object(RESUME));
    let objects = vec![
        manager,
        loader,
        other,
        NewObject::new(RESUME, ObjectType::RESUME),
        NewObject::new(MEMDIAG, ObjectType::MEMDIAG),
    ];
    let bytes = NewStore { objects, last_written: 7, firmware_modified: false }.build().unwrap();
    Store::parse(bytes).unwrap()
}

fn changed(store: &Store, changes: &[Change]) -> Store {
    Store::parse(apply(store, changes, NOW).unwrap()).unwrap()
}

fn set(object: Guid, element: ElementId, value: ElementValue) -> Change {
    Change::Set { object, element, value }
}

fn list(how: ListEdit, ids: &[Guid]) -> Change {
    Change::List { object: BOOTMGR, element: MENU, ids: ids.to_vec(), how }
}

fn element(store: &Store, object: Guid, element: ElementId) -> Option<&Element> {
    store.object(object).unwrap().element(element)
}

#[test]
fn elements_are_set_as_windows_writes_them() {
    let store = store();
    let values = [
        (TITLE, ElementValue::String("Windows \u{e9}".into()), "570069006e0064006f00770073002000e9000000"),
        (ElementId::RECOVERY_ENABLED, ElementValue::Boolean(false), "00"),
        (ElementId::NX, ElementValue::Integer(3), "0300000000000000"),
        (ElementId(0x2500_0100), ElementValue::Integer(256), "0001000000000000"),
        (ElementId(0x1700_0077), ElementValue::IntegerList(vec![1]), "0100000000000000"),
    ];
    for (id, value, hex) in values {
        let after = changed(&store, &[set(LOADER, id, value.clone())]);
        let new = element(&after, LOADER, id).unwrap();
        assert_eq!((&new.value, new.key.clone()), (&value, id.to_string()));
        assert_eq!(new.data_type, id.format().registry_type());
        assert_eq!(bytes::hex(&new.raw), hex);
        let again = apply(&after, &[set(LOADER, id, value)], NOW + 1).unwrap();
        assert_eq!(again, after.hive().bytes());
    }
}

#[test]
fn what_is_so_already_changes_no_byte() {
    let store = store();
    let changes = [
        // In a byte, as setup media have it.
        set(LOADER, ElementId::NX, ElementValue::Integer(1)),
        set(LOADER, TITLE, ElementValue::String("Windows 10".into())),
        list(ListEdit::Replace, &[LOADER, OTHER]),
        list(ListEdit::AddFirst, &[LOADER]),
        list(ListEdit::AddLast, &[OTHER]),
        Change::List { object: MEMDIAG, element: MENU, ids: Vec::new(), how: ListEdit::Replace },
    ];
    assert_eq!(apply(&store, &changes, NOW).unwrap(), store.hive().bytes());
    assert_eq!(apply(&store, &[], NOW).unwrap(), store.hive().bytes());
}

#[test]
fn lists_are_replaced_added_to_and_taken_from() {
    let store = store();
    let cases: [(ListEdit, &[Guid], &[Guid]); 8] = [
        (ListEdit::Replace, &[MEMDIAG, LOADER, MEMDIAG], &[MEMDIAG, LOADER]),
        (ListEdit::AddFirst, &[MEMDIAG], &[MEMDIAG, LOADER, OTHER]),
        (ListEdit::AddFirst, &[OTHER], &[OTHER, LOADER]),
        (ListEdit::AddFirst, &[MEMDIAG, OTHER], &[MEMDIAG, OTHER, LOADER]),
        (ListEdit::AddLast, &[MEMDIAG], &[LOADER, OTHER, MEMDIAG]),
        (ListEdit::AddLast, &[LOADER], &[OTHER, LOADER]),
        (ListEdit::Remove, &[LOADER], &[OTHER]),
        (ListEdit::Remove, &[OTHER], &[LOADER]),
    ];
    for (how, ids, expected) in cases {
        assert_eq!(changed(&store, &[list(how, ids)]).display_order(), expected, "{how:?} {ids:?}");
    }
    let empty = changed(&store, &[list(ListEdit::Remove, &[LOADER, OTHER])]);
    assert_eq!(element(&empty, BOOTMGR, MENU), None);
    assert_eq!(changed(&empty, &[list(ListEdit::AddLast, &[OTHER])]).display_order(), [OTHER]);
    assert!(element(&changed(&store, &[list(ListEdit::Replace, &[])]), BOOTMGR, MENU).is_none());
}

#[test]
fn objects_come_with_their_type_and_title() {
    let description = Some("New one".to_owned());
    let new = Change::Create { id: NEW, object_type: ObjectType::OS_LOADER, description };
    let after = changed(&store(), &[new.clone(), list(ListEdit::AddLast, &[NEW])]);
    let object = after.object(NEW).unwrap();
    assert_eq!(object.key, "{abcd0000-0000-0000-0000-000000005555}");
    assert_eq!((object.object_type, object.string(TITLE)), (Some(ObjectType::OS_LOADER), Some("New one")));
    let key = after.hive().root().subkey("Objects").unwrap().subkey(&object.key).unwrap();
    assert_eq!((key.last_written, key.subkeys.len()), (NOW, 2));
    assert_eq!(after.display_order(), [LOADER, OTHER, NEW]);
    assert_eq!(apply(&after, &[new], NOW), Err(ChangeError::Exists { object: NEW }));
    let bare = Change::Create { id: NEW, object_type: ObjectType::DEVICE, description: None };
    assert!(changed(&store(), &[bare]).object(NEW).unwrap().elements.is_empty());
}

#[test]
fn a_copy_has_all_elements_to_the_byte_and_no_entry_of_the_firmware() {
    let store = store();
    let copy = |description| Change::Copy { from: LOADER, to: NEW, description };
    let after = changed(&store, &[copy(None)]);
    let [from, to] = [LOADER, NEW].map(|id| after.object(id).unwrap());
    assert_eq!((to.object_type, to.description.len(), from.description.len()), (from.object_type, 1, 2));
    let raw = |element: &Element| (element.key.clone(), element.data_type, element.raw.clone());
    assert!(from.elements.iter().map(raw).eq(to.elements.iter().map(raw)));
    let titled = changed(&store, &[copy(Some("Windows (copy)".into()))]);
    assert_eq!(titled.object(NEW).unwrap().string(TITLE), Some("Windows (copy)"));
    assert_eq!(titled.object(LOADER).unwrap().string(TITLE), Some("Windows 10"));
    assert_eq!(apply(&after, &[copy(None)], NOW), Err(ChangeError::Exists { object: NEW }));
}

#[test]
fn what_is_deleted_goes_with_all_references_and_its_resume_loader() {
    let store = store();
    let delete = |object, cleanup| Change::Delete { object, cleanup };
    let left = changed(&store, &[delete(LOADER, false)]);
    assert_eq!(
        (left.objects().len(), left.display_order(), left.default_id()),
        (4, &[LOADER, OTHER][..], Some(LOADER))
    );
    let clean = changed(&store, &[delete(LOADER, true)]);
    // The other loader resumes by the same one.
    assert!(clean.object(LOADER).is_none() && clean.object(RESUME).is_some());
    assert_eq!((clean.display_order(), clean.default_id()), (&[OTHER][..], None));
    assert_eq!(element(&clean, BOOTMGR, ElementId::BOOT_SEQUENCE), None);
    assert_eq!(element(&clean, OTHER, ElementId::RECOVERY_SEQUENCE), None);
    assert_eq!(clean.object(MEMDIAG), store.object(MEMDIAG));
    let both = changed(&store, &[delete(LOADER, true), delete(OTHER, true)]);
    assert_eq!(both.objects().len(), 2);
    let manager = both.boot_manager().unwrap();
    let elements: Vec<_> = manager.elements.iter().filter_map(|element| element.id).collect();
    assert_eq!(elements, [ElementId::TOOLS_DISPLAY_ORDER]);
}

#[test]
fn what_cannot_be_changed_is_named_with_what_is_there() {
    let store = store();
    let error = |change| apply(&store, &[change], NOW).unwrap_err();
    let there = store.objects().iter().filter_map(|object| object.id).collect();
    let no_object = error(Change::Delete { object: NEW, cleanup: true });
    assert_eq!(no_object, ChangeError::NoObject { object: NEW, there });
    let no_element = error(Change::Unset { object: OTHER, element: TITLE });
    let message =
        "element 12000004 of {00000000-0000-0000-0000-000000003334}: not there, it has 14000008, 23000003";
    assert_eq!(no_element.to_string(), message);
    let not_listed = error(list(ListEdit::Remove, &[OTHER, NEW]));
    let there = vec![LOADER, OTHER];
    assert_eq!(not_listed, ChangeError::NotListed { object: BOOTMGR, element: MENU, id: NEW, there });
    let values = [
        set(LOADER, TITLE, ElementValue::Boolean(true)),
        set(LOADER, TITLE, ElementValue::String("a\0b".into())),
        set(LOADER, ElementId(0x1800_0001), ElementValue::Opaque { why: String::new() }),
        set(LOADER, ElementId(0x1900_0001), ElementValue::Integer(1)),
        Change::List { object: LOADER, element: TITLE, ids: Vec::new(), how: ListEdit::Replace },
    ];
    for change in values {
        assert!(matches!(error(change.clone()), ChangeError::Value { .. }), "{change:?}");
    }
    let first = set(LOADER, TITLE, ElementValue::String("new".into()));
    assert!(apply(&store, &[first, Change::Unset { object: OTHER, element: TITLE }], NOW).is_err());
}

#[test]
fn a_dirty_store_is_not_changed() {
    let mut bytes = store().hive().bytes().to_vec();
    bytes[4] = 77;
    let dirty = Store::parse(bytes).unwrap();
    let error = apply(&dirty, &[list(ListEdit::AddFirst, &[MEMDIAG])], NOW).unwrap_err();
    assert!(matches!(error, ChangeError::Store(StoreError::Hive(HiveError::Unsupported { at: 4, .. }))));
}
