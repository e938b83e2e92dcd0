use super::*;
use crate::bcd::create::NewElement;
use crate::bcd::create::NewObject;
use crate::bcd::create::NewStore;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::MEMDIAG;
use crate::bcd::object_type::ObjectType;
use crate::guid::Guid;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;
use crate::hive::build::build;

const LOADER: Guid = Guid::from_u128(0x733b62e5_f608_11eb_825c_c112f60133ab);

fn loader() -> NewObject {
    NewObject::new(LOADER, ObjectType::OS_LOADER)
        .with(ElementId::DESCRIPTION, ElementValue::String("Windows".into()))
        .with(ElementId::RECOVERY_ENABLED, ElementValue::Boolean(true))
}

fn manager(timeout: NewElement) -> NewObject {
    let mut manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER);
    manager.elements.push((ElementId::TIMEOUT, timeout));
    manager
}

fn of(objects: Vec<NewObject>) -> Store {
    let store = NewStore { objects, last_written: 0, firmware_modified: false };
    Store::parse(store.build().unwrap()).unwrap()
}

fn told(before: &Store, after: &Store) -> Vec<String> {
    let told = |difference: &Difference<'_>| {
        let mark = |is_there: [bool; 2]| match is_there {
            [true, true] if difference.is_same_value() => "=",
            [true, true] => "~",
            [true, false] => "-",
            _ => "+",
        };
        match difference {
            Difference::Object { object, is_new } => format!("{}{}", mark([!is_new, *is_new]), object.name()),
            Difference::Element { objects: [object, _], before, after } => {
                let (name, is_there) = (object.name(), [before.is_some(), after.is_some()]);
                format!("{}{name} {}", mark(is_there), after.or(*before).unwrap().key)
            }
            Difference::Description { objects, before, after } => {
                let is_there = [before.is_some(), after.is_some()];
                let name = objects.map_or("store", |[object, _]| object.name());
                format!("{}{name} {}", mark(is_there), after.or(*before).unwrap().name)
            }
            Difference::Other { path, is_there, .. } => format!("{}{}", mark(*is_there), path.join("\\")),
        }
    };
    compare(before, after).differences.iter().map(told).collect()
}

#[test]
fn elements_come_change_and_go() {
    let before = of(vec![loader(), manager(ElementValue::Integer(30).into())]);
    let changed = loader()
        .without(ElementId::RECOVERY_ENABLED)
        .with(ElementId::DESCRIPTION, ElementValue::String("Windows 7".into()))
        .with(ElementId::NX, ElementValue::Integer(1));
    let after = of(vec![changed, manager(ElementValue::Integer(5).into())]);
    let name = LOADER.braced();
    let expected = [
        "~{bootmgr} 25000004".to_owned(),
        format!("~{name} 12000004"),
        format!("-{name} 16000009"),
        format!("+{name} 25000020"),
    ];
    assert_eq!(told(&before, &after), expected);
    assert_eq!(told(&before, &before), [""; 0]);
}

#[test]
fn objects_stand_as_bcdedit_sorts_them() {
    let memdiag = NewObject::new(MEMDIAG, ObjectType::MEMDIAG);
    let before = of(vec![loader(), memdiag]);
    let after = of(vec![
        loader().with(ElementId::NX, ElementValue::Integer(1)),
        manager(ElementValue::Integer(1).into()),
    ]);
    let name = LOADER.braced();
    assert_eq!(
        told(&before, &after),
        ["+{bootmgr}".to_owned(), format!("+{name} 25000020"), "-{memdiag}".into()]
    );
}

#[test]
fn the_same_value_in_other_bytes_is_told_apart() {
    let [short, long, other] = [vec![30], vec![30, 0, 0, 0, 0, 0, 0, 0], vec![31]]
        .map(|raw| of(vec![manager(NewElement::Raw(raw))]));
    assert_eq!(told(&short, &long), ["={bootmgr} 25000004"]);
    assert_eq!(told(&short, &other), ["~{bootmgr} 25000004"]);
}

#[test]
fn descriptions_are_compared() {
    let before = of(vec![loader()]);
    let mut other = loader();
    other.object_type = ObjectType::RESUME;
    other.firmware_variable = Some(vec![1]);
    let objects = vec![other];
    let after = NewStore { objects, last_written: 0, firmware_modified: true };
    let after = Store::parse(after.build().unwrap()).unwrap();
    let name = LOADER.braced();
    let expected =
        ["+store FirmwareModified".to_owned(), format!("+{name} FirmwareVariable"), format!("~{name} Type")];
    assert_eq!(told(&before, &after), expected);
}

/// Nothing that a store can hold is passed over.
#[test]
fn what_is_not_known_is_compared_too() {
    let key = |name: &str, values: &[(&str, u8)], subkeys| NewKey {
        name: name.to_owned(),
        values: values
            .iter()
            .map(|(name, byte)| NewValue { name: (*name).to_owned(), data_type: 3, data: vec![*byte] })
            .collect(),
        subkeys,
    };
    let store = |root: &NewKey| Store::parse(build(root, 0).unwrap()).unwrap();
    let with = |byte: u8, extra: &[(&str, u8)]| {
        let element = key("16000009", &[("Element", 1), ("Element", byte), ("x", byte)], Vec::new());
        let object = vec![
            key("Description", &[], vec![key("below", extra, Vec::new())]),
            key("Elements", &[], vec![element]),
        ];
        let objects = key("Objects", &[], vec![key("{x}", &[], object)]);
        store(&key("root", &[("y", byte)], vec![objects, key("Beside", extra, Vec::new())]))
    };
    let (before, after) = (with(1, &[]), with(2, &[("z", 1)]));
    let expected = [
        "~y",
        "+Beside\\z",
        "~Objects\\{x}\\Elements\\16000009\\Element",
        "~Objects\\{x}\\Elements\\16000009\\x",
        "+Objects\\{x}\\Description\\below\\z",
    ];
    let found = told(&before, &after);
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    let empty = store(&key("root", &[("y", 1)], vec![key("Objects", &[], Vec::new())]));
    let none = store(&key("ROOT", &[("Y", 1)], Vec::new()));
    assert_eq!(told(&empty, &none), ["-Objects"]);
    assert_eq!(told(&none, &none), [""; 0]);
}
