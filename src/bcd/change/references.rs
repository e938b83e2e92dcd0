//! What an object that is deleted leaves behind: references to it, and a resume loader that nothing else uses.
//!
//! Microsoft, "BCDEdit /delete", `/cleanup`: the entry goes from the display order, any other reference to it is removed, and with an OS
//! loader its resume loader goes unless another OS loader refers to that.

use crate::bcd::change::step::Step;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object::Object;
use crate::bcd::store::Store;
use crate::guid::Guid;

/// The resume loader that only this loader uses.
pub(super) fn own_resume(store: &Store, loader: &Object) -> Option<Guid> {
    let of =
        |object: &Object| object.is_os_loader().then(|| object.object(ElementId::RESUME_OBJECT)).flatten();
    let resume = of(loader)?;
    let object = store.object(resume)?;
    let is_resume = object.object_type.is_some_and(|kind| kind.is_resume());
    let others = store.objects().iter().filter(|other| other.id != loader.id);
    (is_resume && others.filter_map(of).all(|other| other != resume)).then_some(resume)
}

/// The steps by which no element of what stays refers to what goes: an element that names such an object goes too, and so does a list
/// that becomes empty.
pub(super) fn unlink(store: &Store, gone: &[Guid]) -> Vec<Step> {
    let stays = |object: &&Object| !object.id.is_some_and(|id| gone.contains(&id));
    let objects = store.objects().iter().filter(stays);
    let each = |object: &Object| {
        let steps = object.elements.iter().filter_map(|element| unlinked(object, element, gone));
        steps.collect::<Vec<_>>()
    };
    objects.flat_map(each).collect()
}

fn unlinked(object: &Object, element: &Element, gone: &[Guid]) -> Option<Step> {
    let unset = Step::Unset { object: object.key.clone(), element: element.key.clone() };
    match &element.value {
        ElementValue::Object(id) => gone.contains(id).then_some(unset),
        ElementValue::ObjectList(ids) => {
            let left: Vec<Guid> = ids.iter().copied().filter(|id| !gone.contains(id)).collect();
            match left.len() {
                len if len == ids.len() => None,
                0 => Some(unset),
                _ => {
                    let (data_type, raw) = ElementValue::ObjectList(left).encode()?;
                    let (object, element) = (object.key.clone(), element.key.clone());
                    Some(Step::Set { object, element, data_type, raw })
                }
            }
        }
        _ => None,
    }
}
