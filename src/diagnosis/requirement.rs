//! What an image has to be before it may ship, beyond that it would boot.

use std::fmt;

use crate::bcd::Firmware;
use crate::bcd::Store;
use crate::bcd::element::ElementValue;
use crate::bcd::object_type::ObjectType;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::known_disks::Others;
use crate::diagnosis::starts_by::StartsBy;
use crate::diagnosis::starts_by::starts_by;
use crate::diagnosis::windows::readiness::Readiness;
use crate::diagnosis::windows::storage_drivers;
use crate::layout::Layout;
use crate::layout::Missing;
use crate::layout::VolumeFacts;
use crate::layout::drivers::controller::Controller;
use crate::partition::DiskId;
use crate::volume::FileSystem;

/// Something that a disk has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing above a note was found.
    Healthy,
    /// The disk has an identity, and none of the other disks at hand has the same.
    UniqueIdentity,
    /// The stores name no disk by its identity, so that every copy starts whatever identity it is given.
    Generalized,
    /// No Windows is hibernated.
    NoHibernation,
    /// No partition is encrypted.
    NoBitlocker,
    /// Every Windows has what it needs to start from this controller.
    StartsOn(Controller),
    /// This firmware starts the disk.
    StartsBy(Firmware),
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Requirement {
    /// Its name in switches and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::UniqueIdentity => "unique-identity",
            Self::Generalized => "generalized",
            Self::NoHibernation => "no-hibernation",
            Self::NoBitlocker => "no-bitlocker",
            Self::StartsOn(controller) => controller.requirement(),
            Self::StartsBy(Firmware::Bios) => "starts-on-bios",
            Self::StartsBy(Firmware::Uefi) => "starts-on-uefi",
        }
    }

    /// The controller of which it asks for drivers.
    #[must_use]
    pub const fn controller(self) -> Option<Controller> {
        match self {
            Self::StartsOn(controller) => Some(controller),
            _ => None,
        }
    }

    /// Why the disk does not meet it, or why nobody can tell; `None` when it does.
    #[must_use]
    pub fn unmet(self, layout: &Layout, diagnosis: &Diagnosis, others: &[Others]) -> Option<String> {
        let unmet = match self {
            Self::Healthy => {
                return (diagnosis.verdict != Verdict::Healthy)
                    .then(|| format!("the verdict is: {}", diagnosis.verdict));
            }
            Self::UniqueIdentity => return shared_identity(layout, others),
            Self::Generalized => named_identity(layout).or_else(|| not_started(diagnosis)),
            Self::NoHibernation => {
                layout.asleep().map(|(volume, how)| format!("Windows on {} {how}", layout.name(volume)))
            }
            Self::NoBitlocker => encrypted(layout),
            Self::StartsOn(controller) => not_ready(layout, controller),
            Self::StartsBy(firmware) => match starts_by(layout, diagnosis, firmware) {
                StartsBy::Yes => return None,
                StartsBy::No(why) => Some(format!("{firmware} does not start it: {why}")),
                StartsBy::Unknown(why) => Some(format!("whether {firmware} starts it is unknown: {why}")),
            },
        };
        // What is not there may be where nobody can read.
        let unread =
            || layout.unseen().map(|error| format!("part of the disk is missing or cannot be read: {error}"));
        let cut = || {
            let cut = |facts: &VolumeFacts| facts.missing.is_some_and(Missing::is_of_disk);
            let volume = layout.find_volume(cut)?;
            Some(format!("{} is truncated", layout.name(volume)))
        };
        unmet.or_else(unread).or_else(cut)
    }

    /// The same for a store by itself, of which only this can be told: whether it names disks by their identity.
    #[must_use]
    pub fn unmet_alone(self, store: &Store, verdict: Verdict) -> Option<String> {
        match self {
            Self::Healthy => (verdict != Verdict::Healthy).then(|| format!("the verdict is: {verdict}")),
            Self::Generalized => {
                let named =
                    naming(store).map(|element| format!("{element} refers to a disk by its identity"));
                named.or_else(|| (verdict == Verdict::Broken).then(|| format!("the verdict is: {verdict}")))
            }
            Self::UniqueIdentity
            | Self::NoHibernation
            | Self::NoBitlocker
            | Self::StartsOn(_)
            | Self::StartsBy(_) => Some("cannot be determined from a store alone; check the disk".into()),
        }
    }
}

/// The first Windows that would not start from a controller for sure, and why.
fn not_ready(layout: &Layout, controller: Controller) -> Option<String> {
    if layout.windows.is_empty() {
        return Some("no Windows was found".into());
    }
    layout.windows.iter().find_map(|windows| {
        let answers = storage_drivers::of_windows(layout, windows);
        let place = layout.name(windows.volume);
        match answers.into_iter().find(|answer| answer.controller == controller) {
            None => Some(format!("Windows on {place} was not asked for its drivers")),
            Some(answer) if answer.readiness == Readiness::Ready => None,
            Some(answer) => {
                let why = answer.lacks.first().map(ToString::to_string).unwrap_or_default();
                Some(format!("Windows on {place} is {}: {why}", answer.readiness))
            }
        }
    })
}

fn encrypted(layout: &Layout) -> Option<String> {
    let volume = layout.find_volume(|facts| facts.file_system == FileSystem::BitLocker)?;
    Some(format!("{} is encrypted with BitLocker", layout.name(volume)))
}

fn shared_identity(layout: &Layout, others: &[Others]) -> Option<String> {
    match layout.table.disk {
        None => Some("the disk has no identity".into()),
        Some(DiskId::Mbr(0)) => Some("the disk signature is 0, which identifies no disk".into()),
        Some(disk) => {
            let same = others.iter().find_map(|others| others.find(disk));
            same.map(|other| format!("{} has the same identity", other.name))
        }
    }
}

/// Why Windows does not start, where it does not: what is general and does not start is of no use.
fn not_started(diagnosis: &Diagnosis) -> Option<String> {
    match diagnosis.stop() {
        Some(stop) => Some(format!("Windows does not start: {}: {}", stop.subject, stop.message)),
        None => matches!(diagnosis.verdict, Verdict::Broken | Verdict::Unknown | Verdict::NotWindows)
            .then(|| format!("the verdict is: {}", diagnosis.verdict)),
    }
}

/// The first element that names a disk by its identity. Where there is no store there is nothing that could be general.
fn named_identity(layout: &Layout) -> Option<String> {
    let live: Vec<_> = layout.stores.iter().filter(|file| file.live).collect();
    if live.is_empty() && layout.systems.iter().all(|system| system.ntldr.is_none()) {
        return Some("there is no boot configuration".into());
    }
    live.into_iter().find_map(|file| match &file.store {
        Ok(store) => {
            naming(store).map(|element| format!("{} {element} refers to a disk by its identity", file.name))
        }
        Err(error) => Some(format!("{} cannot be read: {error}", file.name)),
    })
}

/// What the firmware itself wrote is made anew by it, and a virtual disk keeps its identity when the image is copied.
fn naming(store: &Store) -> Option<String> {
    let boots =
        |object: &&crate::bcd::object::Object| object.object_type != Some(ObjectType::FIRMWARE_APPLICATION);
    store.objects().iter().filter(boots).find_map(|object| {
        let names = |element: &&crate::bcd::element::Element| match &element.value {
            ElementValue::Device(device) => device.identities().iter().any(|record| !record.inside_vhd),
            _ => false,
        };
        let element = object.elements.iter().find(names)?;
        Some(format!("{} {}", object.name(), crate::bcd::names::display_name(element, object.object_type)))
    })
}
