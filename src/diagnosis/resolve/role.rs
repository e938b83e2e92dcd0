//! What each device element is for: which file must be on the partition that it names.

use crate::bcd::device::StoredIdentity;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;

/// `bootstatdevice`: the volume of the boot status log.
const BOOT_STAT_DEVICE: ElementId = ElementId(0x1100_0043);
/// `windowssyspart`: the system volume.
const WINDOWS_SYSTEM_DEVICE: ElementId = ElementId(0x1100_0084);

/// The purpose of one stored identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElementRole {
    /// The volume that holds this store: `device` of {bootmgr}.
    BootManager,
    /// The volume that holds the memory test.
    MemoryTest,
    /// The volume that holds `\ntldr`.
    Ntldr,
    /// The system volume, as other elements name it.
    System,
    /// The volume that holds the loader (`path` of an osloader).
    Loader,
    /// The volume that holds `systemroot`.
    OsRoot,
    /// The volume that holds winresume, the hibernation file, or the associated Windows.
    Resume,
    /// The volume that holds the file of a RAM disk, a file device or a virtual disk.
    Image,
    /// The volume that holds `boot.sdi`.
    Sdi,
    /// An entry that belongs to the firmware (a projection of NVRAM).
    FirmwareEntry,
    /// A partition inside a virtual disk: not on this disk at all.
    InsideVirtualDisk,
    /// A device element that nothing is known of.
    Unknown,
}

impl ElementRole {
    /// Whether `--system` decides it.
    #[must_use]
    pub const fn is_system(self) -> bool {
        matches!(self, Self::BootManager | Self::MemoryTest | Self::Ntldr | Self::System)
    }

    /// Whether it is a partition of a real disk, which the store names by itself.
    #[must_use]
    pub const fn is_of_store(self) -> bool {
        !matches!(self, Self::FirmwareEntry | Self::InsideVirtualDisk)
    }

    /// Whether `--recovery` decides it: the image of a RAM disk or virtual disk, and what serves it.
    #[must_use]
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Image | Self::Sdi)
    }

    /// Whether `--windows` decides it.
    #[must_use]
    pub const fn is_windows(self) -> bool {
        matches!(self, Self::Loader | Self::OsRoot | Self::Resume)
    }
}

/// A role and the file that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The role.
    pub role: ElementRole,
    /// A path that must be on the volume; `None` where the store itself is the evidence, or none exists.
    pub file: Option<String>,
}

/// What `record` of `element` in `object` is for.
#[must_use]
pub fn purpose(object: &Object, element: &Element, record: &StoredIdentity) -> Purpose {
    match record.inside_vhd {
        true => Purpose { role: ElementRole::InsideVirtualDisk, file: None },
        false => role_of(object, element, record.file.as_deref()),
    }
}

/// What `element` in `object` is for; `file` is the one that is used as a disk, where one is.
#[must_use]
pub fn role_of(object: &Object, element: &Element, file: Option<&str>) -> Purpose {
    let known = |role, file: Option<String>| Purpose { role, file };
    let (Some(kind), Some(id)) = (object.object_type, element.id) else {
        return known(ElementRole::Unknown, None);
    };
    if kind.is_firmware_application() {
        return known(ElementRole::FirmwareEntry, None);
    }
    if let Some(path) = file {
        return known(ElementRole::Image, Some(path.to_owned()));
    }
    let text = |id| object.string(id).filter(|text| !text.is_empty()).map(str::to_owned);
    match id {
        ElementId::DEVICE if kind.is_os_loader() => known(ElementRole::Loader, text(ElementId::PATH)),
        ElementId::OS_DEVICE if kind.is_os_loader() => {
            known(ElementRole::OsRoot, text(ElementId::SYSTEM_ROOT))
        }
        ElementId::DEVICE if kind.is_resume() => known(ElementRole::Resume, text(ElementId::PATH)),
        ElementId::FILE_DEVICE | ElementId::RESUME_DEVICE_26 | ElementId::ASSOCIATED_OS_DEVICE
            if kind.is_resume() =>
        {
            // The hibernation file comes and goes; winresume, in the same object, stays.
            known(ElementRole::Resume, text(ElementId::PATH))
        }
        ElementId::RAMDISK_SDI_DEVICE => known(ElementRole::Sdi, text(ElementId::RAMDISK_SDI_PATH)),
        ElementId::DEVICE if kind.is_boot_manager() => known(ElementRole::BootManager, text(ElementId::PATH)),
        ElementId::DEVICE if kind.is_memdiag() => known(ElementRole::MemoryTest, text(ElementId::PATH)),
        ElementId::DEVICE if kind.is_ntldr() => known(ElementRole::Ntldr, text(ElementId::PATH)),
        // A boot sector in a file, which may lie anywhere.
        ElementId::DEVICE if kind.is_boot_sector() => known(ElementRole::Image, text(ElementId::PATH)),
        BOOT_STAT_DEVICE | WINDOWS_SYSTEM_DEVICE => known(ElementRole::System, None),
        _ => known(ElementRole::Unknown, None),
    }
}
