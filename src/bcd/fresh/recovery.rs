//! The recovery environment of a Windows: an entry whose disk is in memory, and the options of that disk.

use crate::bcd::create::NewObject;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware::Firmware;
use crate::bcd::fresh::release::Generation;
use crate::bcd::fresh::release::Release;
use crate::bcd::fresh::table;
use crate::bcd::object_id;
use crate::bcd::object_type::ObjectType;
use crate::guid::Guid;

/// `displaymessage` of the recovery environment.
const RECOVERY: u64 = 3;

/// Where the recovery environment of a Windows is, and what it is called in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshRecovery {
    /// The id of its entry: the one that `ReAgent.xml` has as `WinreBCD`, so that Windows knows it.
    pub entry: Guid,
    /// The id of the options of its RAM disk.
    pub options: Guid,
    /// Its partition.
    pub partition: QualifiedPartition,
    /// The folder with `Winre.wim` and `boot.sdi`, e.g. `\Recovery\WindowsRE`.
    pub folder: String,
}

impl FreshRecovery {
    /// Its entry, and the options of its RAM disk, for a Windows of this release and language.
    pub(super) fn objects(&self, release: Release, locale: &str, firmware: Firmware) -> [NewObject; 2] {
        let is_8 = release.generation >= Generation::Eight;
        let loader = match firmware {
            Firmware::Bios => r"\windows\system32\winload.exe",
            Firmware::Uefi => r"\windows\system32\winload.efi",
        };
        let mut entry = NewObject::new(self.entry, ObjectType::OS_LOADER)
            .with(ElementId::DEVICE, self.ram_disk())
            .with(ElementId::PATH, table::text(loader))
            .with(ElementId::DESCRIPTION, table::text("Windows Recovery Environment"))
            .with(ElementId::INHERIT, table::list(&[object_id::BOOTLOADERSETTINGS]))
            .with(ElementId::OS_DEVICE, self.ram_disk())
            .with(ElementId::SYSTEM_ROOT, table::text(r"\windows"))
            .with(ElementId::NX, ElementValue::Integer(0))
            .with(ElementId::WINPE, ElementValue::Boolean(true))
            .with(ElementId::RECOVERY_OS, ElementValue::Boolean(true));
        if is_8 {
            entry = entry
                .with(ElementId::LOCALE, table::text(locale))
                .with(ElementId::BOOT_MENU_POLICY, ElementValue::Integer(table::STANDARD_MENU))
                .with(ElementId::DISPLAY_MESSAGE, ElementValue::Integer(RECOVERY));
        }
        let title = if is_8 { "Windows Recovery" } else { "Ramdisk Options" };
        let options = NewObject::new(self.options, ObjectType::DEVICE)
            .with(ElementId::DESCRIPTION, table::text(title))
            .with(ElementId::RAMDISK_SDI_DEVICE, table::partition(self.partition))
            .with(ElementId::RAMDISK_SDI_PATH, table::text(&self.file("boot.sdi")));
        [entry, options]
    }

    fn ram_disk(&self) -> ElementValue {
        let parent = Box::new(Device::Partition(self.partition));
        let device = Device::Ramdisk { base: 0, size: 0, offset: 0, parent, path: self.file("Winre.wim") };
        ElementValue::Device(DeviceElement { options: self.options, device })
    }

    fn file(&self, name: &str) -> String {
        format!(r"{}\{name}", self.folder.trim_end_matches('\\'))
    }
}
