//! Devices that name no partition: `boot`, which is the volume of the store, and `locate`, any volume of the disk with a file.
//!
//! Measured on 10.0 BIOS and UEFI (no other volume is tried for `boot`); Microsoft, bcdedit's `/? TYPES DEVICE` for `locate`.

use crate::bcd::Device;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object::Object;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::resolve::role::role_of;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;

/// Where a boot manager looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// On the volume of the store.
    Boot,
    /// On any volume of the disk.
    Anywhere,
}

/// What a device element without an identity stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// Where it is looked for.
    pub place: Where,
    /// What the element is for.
    pub role: ElementRole,
    /// The files that one volume has to have; the first is that which the element is for.
    pub files: Vec<String>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The volume has it.
    At(VolumeIndex),
    /// Nobody can tell: this volume cannot be looked into.
    Hidden(VolumeIndex),
    /// It is not there.
    Nowhere,
}

impl Lookup {
    /// What a device element of an object stands for; `None` where it names a partition, or where nothing is known of it.
    #[must_use]
    pub(crate) fn of(object: &Object, element: &Element) -> Option<Self> {
        let ElementValue::Device(device) = &element.value else { return None };
        let Searched { place, file, located } = searched(object, &device.device, false)?;
        let purpose = role_of(object, element, file.as_deref());
        if !purpose.role.is_of_store() {
            return None;
        }
        let mut files: Vec<String> = purpose.file.into_iter().chain(located).collect();
        files.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        (!files.is_empty()).then_some(Self { place, role: purpose.role, files })
    }

    /// Looks for it; `volume` is that of the store.
    #[must_use]
    pub(crate) fn find(&self, layout: &Layout, volume: VolumeIndex) -> Found {
        let evidence = &layout.evidence;
        let has = |volume: VolumeIndex| self.files.iter().all(|file| evidence.has(volume, file));
        let may_have = |volume: VolumeIndex| {
            let is_open = |file: &String| evidence.has(volume, file) || evidence.hides(volume, file);
            self.files.iter().all(is_open)
        };
        let is_asked = |asked: &VolumeIndex| self.place == Where::Anywhere || *asked == volume;
        let volumes = || layout.volume_indices().filter(is_asked);
        let found = volumes().find(|volume| has(*volume)).map(Found::At);
        let hidden = || volumes().find(|volume| may_have(*volume)).map(Found::Hidden);
        found.or_else(hidden).unwrap_or(Found::Nowhere)
    }

    /// The file that the element is for.
    #[must_use]
    pub(crate) fn file(&self) -> &str {
        self.files.first().map_or("", String::as_str)
    }
}

/// Where a device is looked for, and for which files.
struct Searched {
    place: Where,
    /// The file that is used as a disk.
    file: Option<String>,
    /// The file that tells the volume, where `locate` names one itself.
    located: Option<String>,
}

/// `is_inner` where it is the place of a file, of which an element of the object tells nothing.
fn searched(object: &Object, device: &Device, is_inner: bool) -> Option<Searched> {
    match device {
        Device::Boot => Some(Searched { place: Where::Boot, file: None, located: None }),
        Device::Locate { parent: Some(parent), .. } => searched(object, parent, is_inner),
        Device::Locate { element, path, parent: None, .. } => {
            let by_element = || object.string(ElementId(*element)).filter(|_| !is_inner).unwrap_or_default();
            let path = if path.is_empty() { by_element() } else { path };
            let located = (!path.is_empty()).then(|| path.to_owned());
            Some(Searched { place: Where::Anywhere, file: None, located })
        }
        // One that lies in memory already is looked for nowhere.
        Device::Ramdisk { base, .. } if *base != 0 => None,
        Device::File { parent, path } | Device::Ramdisk { parent, path, .. } => {
            let place = searched(object, parent, true)?;
            Some(Searched { file: place.file.clone().or_else(|| Some(path.clone())), ..place })
        }
        Device::Vhd { parent } | Device::VhdPartition { host: parent, .. } => searched(object, parent, true),
        Device::Partition(_) | Device::LegacyPartition(_) | Device::Opaque(_) => None,
    }
}
