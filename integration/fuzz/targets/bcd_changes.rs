//! Changes of a store: whatever it says, each is made and can be read, or nothing is.

use bcdrescue::bcd::Element;
use bcdrescue::bcd::ElementFormat;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::change::Change;
use bcdrescue::bcd::change::ChangeError;
use bcdrescue::bcd::change::ListEdit;
use bcdrescue::bcd::change::apply;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::guid::Guid;

use super::hives::hive_of;
use super::one_line;

/// Bytes that steer the changes, before the store.
const STEERS: usize = 64;
/// Changes of one store.
const CHANGES: usize = 6;

/// A change by chance, of which some cannot be made; `below` says a number below another. None of a store without elements.
pub(crate) fn by_chance(store: &Store, below: &mut dyn FnMut(usize) -> usize) -> Option<Change> {
    let ids: Vec<Guid> = store.objects().iter().filter_map(|object| object.id).collect();
    let elements: Vec<&Element> = store.objects().iter().flat_map(|object| &object.elements).collect();
    let known = *elements.get(below(elements.len().max(1)))?;
    let element = known.id.unwrap_or(ElementId::DESCRIPTION);
    let mut id = || ids.get(below(ids.len().max(1))).copied();
    let (any, other) = (id()?, id()?);
    let object = [any, BOOTMGR][below(2)];
    let new = Guid::from_u128(0xabcd_0000 + below(0x10_0000) as u128);
    let new = [new, new, object][below(3)];
    let text = ["", "Windows", "Windows 10 \u{e9}\u{65e5}", &"long ".repeat(below(80))][below(4)].to_owned();
    let description = (below(2) == 0).then(|| text.clone());
    Some(match below(9) {
        0..=2 => {
            let value = match element.format() {
                ElementFormat::String => ElementValue::String(text),
                ElementFormat::Integer => ElementValue::Integer((below(0x10_0000) as u64) << below(44)),
                ElementFormat::Boolean => ElementValue::Boolean(below(2) == 0),
                _ => known.value.clone(),
            };
            Change::Set { object, element, value }
        }
        3 | 4 => {
            let lists = [0x2400_0001, 0x2400_0002, 0x2400_0010, 0x1400_0006].map(ElementId);
            let how = [ListEdit::Replace, ListEdit::AddFirst, ListEdit::AddLast, ListEdit::Remove][below(4)];
            let mut ids = vec![any, other];
            ids.dedup();
            ids.truncate(below(3));
            Change::List { object, element: lists[below(4)], ids, how }
        }
        5 => {
            let own = store.object(object).map_or(&[][..], |object| &object.elements);
            let element = own.get(below(own.len() + 1)).and_then(|own| own.id).unwrap_or(element);
            Change::Unset { object, element }
        }
        6 => {
            let kinds = [ObjectType::OS_LOADER, ObjectType::RESUME, ObjectType::DEVICE];
            Change::Create { id: new, object_type: kinds[below(3)], description }
        }
        7 => Change::Copy { from: object, to: new, description },
        _ => Change::Delete { object: any, cleanup: below(3) > 0 },
    })
}

/// A store with changes: the first byte makes checksum and numbers right, the next steer, the rest are the hive.
pub(super) fn change(data: &[u8]) {
    let mut steers = data.get(1..=STEERS).unwrap_or_default().iter().copied();
    let hive = data.get(STEERS + 1..).unwrap_or_default();
    let Ok(mut store) = Store::parse(hive_of(&[&data[..data.len().min(1)], hive].concat())) else { return };
    let mut below = |end: usize| usize::from(steers.next().unwrap_or(0)) % end.max(1);
    for now in 0..CHANGES as u64 {
        let Some(change) = by_chance(&store, &mut below) else { return };
        match apply(&store, std::slice::from_ref(&change), now) {
            Ok(bytes) => {
                let after = Store::parse(bytes).expect("a store");
                assert!(
                    !after.hive().base_block().is_dirty() || after.hive().bytes() == store.hive().bytes()
                );
                if matches!(change, Change::Set { .. }) {
                    let again = apply(&after, &[change], now).expect("the same again");
                    assert!(again == after.hive().bytes());
                }
                store = after;
            }
            Err(error) => {
                one_line(&error.to_string());
                assert!(error != ChangeError::Unproved, "{change:?}");
            }
        }
    }
}
