//! Whether a boot entry leads to something that is all there: its loader, its Windows, its disk image.

use std::collections::BTreeSet;

use crate::bcd::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::diagnosis::model::companion::Companion;
use crate::diagnosis::model::context::CompanionIndex;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::reference::direct;
use crate::diagnosis::resolve::reference::is_here;
use crate::diagnosis::store::lookup::Found;
use crate::diagnosis::store::lookup::Lookup;
use crate::diagnosis::store::menu::main_entry;
use crate::layout::Layout;
use crate::layout::evidence::for_firmware;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::windows::WindowsVolume;

/// The entries of all stores, with what their elements lead to.
#[derive(Clone, Copy)]
pub(in crate::diagnosis) struct Entries<'a> {
    pub(in crate::diagnosis) layout: &'a Layout,
    pub(in crate::diagnosis) context: &'a Context,
    pub(in crate::diagnosis) references: &'a [Reference],
    pub(in crate::diagnosis) answers: &'a [Resolution],
}

/// The volume that an element leads to, on the examined disk or one beside it.
#[derive(Clone, Copy)]
pub(in crate::diagnosis) struct Goal<'a> {
    pub(in crate::diagnosis) layout: &'a Layout,
    pub(in crate::diagnosis) volume: VolumeIndex,
    /// The disk and its index in the context, where it is one beside.
    pub(in crate::diagnosis) companion: Option<(CompanionIndex, &'a Companion)>,
}

impl Goal<'_> {
    /// For people.
    pub(in crate::diagnosis) fn name(&self) -> String {
        self.companion
            .map_or_else(|| self.layout.name(self.volume), |(_, companion)| companion.place(self.volume))
    }

    /// The same for a finding about it.
    pub(in crate::diagnosis) fn subject(&self) -> Subject {
        let place = match self.companion {
            Some((disk, _)) => Place::CompanionVolume { disk, volume: self.volume },
            None => Place::Volume(self.volume),
        };
        Subject::new(place, self.name())
    }
}

/// Where a record leads, as it is or after a repair.
pub(in crate::diagnosis) fn goal<'a>(
    layout: &'a Layout,
    context: &'a Context,
    reference: &Reference,
    answer: &Resolution,
) -> Option<Goal<'a>> {
    let on = |(disk, companion): (CompanionIndex, &'a Companion), volume| Goal {
        layout: &companion.layout,
        volume,
        companion: Some((disk, companion)),
    };
    // Of a GPT disk the partition's GUID decides, whatever is said of the disk.
    let by_guid = || {
        let is_guid = matches!(reference.named, QualifiedPartition::Gpt { .. });
        let volume = direct(layout, &reference.named).filter(|_| is_guid)?;
        Some(Goal { layout, volume, companion: None })
    };
    match answer {
        Resolution::Here(volume) | Resolution::Repoint { volume, .. } => {
            Some(Goal { layout, volume: *volume, companion: None })
        }
        Resolution::RepointCompanion { disk, volume, .. } => {
            Some(on((*disk, context.companion_at(*disk)?), *volume))
        }
        Resolution::OtherDisk { .. } => {
            let found = |(disk, companion): (CompanionIndex, &'a Companion)| {
                Some(on((disk, companion), is_here(&companion.layout, &reference.named)?))
            };
            context.companions_indexed().find_map(found).or_else(by_guid)
        }
        Resolution::Unresolved { .. } => by_guid(),
        Resolution::Untouched => None,
    }
}

impl<'a> Entries<'a> {
    fn object(&self, store: StoreIndex, object: ObjectIndex) -> Option<&'a Object> {
        self.layout.store(store)?.parsed()?.object_at(object)
    }

    /// Where an element leads, and whether what it is for is there; `as_it_is` counts no repair.
    pub(in crate::diagnosis) fn leads(
        &self,
        store: StoreIndex,
        object: ObjectIndex,
        id: ElementId,
        as_it_is: bool,
    ) -> Option<Goal<'a>> {
        let of = self.object(store, object)?;
        let at = of.position(id)?;
        let mut references = self.references.iter().zip(self.answers);
        let named = references.rfind(|(reference, _)| {
            (reference.store, reference.object, reference.element) == (store, object, at)
        });
        let Some((reference, answer)) = named else {
            let lookup = Lookup::of(of, of.element_at(at)?)?;
            let volume = self.layout.store(store)?.volume;
            return match lookup.find(self.layout, volume) {
                Found::At(volume) => Some(Goal { layout: self.layout, volume, companion: None }),
                Found::Hidden(_) | Found::Nowhere => None,
            };
        };
        let is_repaired = matches!(answer, Resolution::Repoint { .. } | Resolution::RepointCompanion { .. });
        let goal =
            goal(self.layout, self.context, reference, answer).filter(|_| !(as_it_is && is_repaired))?;
        let file = reference.purpose.file.as_ref()?;
        goal.layout.evidence.has(goal.volume, file).then_some(goal)
    }

    /// The volumes on the way to the Windows that starts by itself: that which the firmware comes to, and those that its entry leads
    /// to; none where there is no such entry.
    pub(in crate::diagnosis) fn way(&self) -> BTreeSet<VolumeIndex> {
        let mains = self.layout.stores_indexed().filter(|(_, file)| file.first);
        let mains = mains.filter_map(|(store, file)| Some((store, main_entry(file.parsed()?)?)));
        let goals = mains.flat_map(|(store, object)| {
            [ElementId::DEVICE, ElementId::OS_DEVICE].map(|id| self.leads(store, object, id, false))
        });
        let here = goals.flatten().filter(|goal| goal.companion.is_none()).map(|goal| goal.volume);
        let mut way: BTreeSet<VolumeIndex> = here.collect();
        if !way.is_empty() {
            way.extend(self.layout.first_system().map(|system| system.volume));
        }
        way
    }

    /// The program of an entry, and the volume that its `device` leads to; `None` where that is a disk image, or not known.
    pub(in crate::diagnosis) fn program(
        &self,
        store: StoreIndex,
        object: ObjectIndex,
    ) -> Option<(Goal<'a>, &'a str)> {
        let of = self.object(store, object)?;
        let is_image = of.device(ElementId::DEVICE).is_some_and(is_in_image);
        let goal = self.leads(store, object, ElementId::DEVICE, false).filter(|_| !is_image)?;
        Some((goal, of.string(ElementId::PATH)?))
    }

    /// The Windows at the root that an entry names, on the volume that its `osdevice` leads to; an error where none is there.
    pub(in crate::diagnosis) fn windows(
        &self,
        store: StoreIndex,
        object: ObjectIndex,
    ) -> Option<(Goal<'a>, Result<&'a WindowsVolume, &'a str>)> {
        let of = self.object(store, object)?;
        let is_image = of.device(ElementId::OS_DEVICE).is_some_and(is_in_image);
        let goal = self.leads(store, object, ElementId::OS_DEVICE, false).filter(|_| !is_image)?;
        let root = of.string(ElementId::SYSTEM_ROOT)?;
        Some((goal, goal.layout.windows_at(goal.volume, root).ok_or(root)))
    }

    /// The volume of what the entry starts, where all of it is there.
    pub(in crate::diagnosis) fn whole(
        &self,
        store: StoreIndex,
        object: ObjectIndex,
        as_it_is: bool,
    ) -> Option<Goal<'a>> {
        let of = self.object(store, object)?;
        let file = self.layout.store(store)?;
        let device = self.leads(store, object, ElementId::DEVICE, as_it_is)?;
        let kind = of.object_type?;
        if !kind.is_os_loader() {
            return (kind.is_ntldr() || kind.is_boot_sector()).then_some(device);
        }
        let path = of.string(ElementId::PATH).filter(|path| path.starts_with('\\'))?;
        of.string(ElementId::DESCRIPTION)?;
        let goal = self.leads(store, object, ElementId::OS_DEVICE, as_it_is)?;
        let is_complete = match self.windows(store, object) {
            Some((_, Ok(windows))) => windows.kernel.may_be() && windows.system_hive.may_be(),
            Some((_, Err(_))) => false,
            None => true,
        };
        (for_firmware(path, file.firmware).is_none() && is_complete).then_some(goal)
    }
}

/// Whether what lies on a device lies inside of a file.
pub(super) const fn is_in_image(device: &DeviceElement) -> bool {
    !matches!(device.device, Device::Partition(_) | Device::Boot | Device::Locate { parent: None, .. })
}
