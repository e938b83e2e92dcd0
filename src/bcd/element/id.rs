//! Ids of elements: class, format and subtype in one number.
//!
//! Microsoft, BCD WMI provider (formats and their numbers); G. Chappell, "BCD Elements".

use std::fmt;

use crate::hive::REG_BINARY;
use crate::hive::REG_MULTI_SZ;
use crate::hive::REG_SZ;

/// The id of an element: class, format and subtype in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(pub u32);

/// The format of an element's value, as its id tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElementFormat {
    /// A device, see [`DeviceElement`](crate::bcd::DeviceElement).
    Device,
    /// Text.
    String,
    /// The id of an object.
    Object,
    /// Ids of objects.
    ObjectList,
    /// A number.
    Integer,
    /// True or false.
    Boolean,
    /// Numbers.
    IntegerList,
    /// Bytes.
    Binary,
    /// A format without a published meaning.
    Unknown(u32),
}

impl ElementId {
    /// `device` of any application.
    pub const DEVICE: Self = Self(0x1100_0001);
    /// `path` of an application, on its device.
    pub const PATH: Self = Self(0x1200_0002);
    /// `description`, the title in the boot menu.
    pub const DESCRIPTION: Self = Self(0x1200_0004);
    /// `locale`.
    pub const LOCALE: Self = Self(0x1200_0005);
    /// `inherit`.
    pub const INHERIT: Self = Self(0x1400_0006);
    /// `recoverysequence`.
    pub const RECOVERY_SEQUENCE: Self = Self(0x1400_0008);
    /// `recoveryenabled`.
    pub const RECOVERY_ENABLED: Self = Self(0x1600_0009);
    /// `bootems`: emergency management over a serial line.
    pub const BOOT_EMS: Self = Self(0x1600_0020);
    /// `debugtype`.
    pub const DEBUGGER_TYPE: Self = Self(0x1500_0011);
    /// `debugport`.
    pub const DEBUGGER_PORT: Self = Self(0x1500_0013);
    /// `baudrate`.
    pub const DEBUGGER_BAUD_RATE: Self = Self(0x1500_0014);
    /// `badmemoryaccess`.
    pub const BAD_MEMORY_ACCESS: Self = Self(0x1600_000b);
    /// `isolatedcontext`.
    pub const ISOLATED_CONTEXT: Self = Self(0x1600_0060);
    /// `displaymessage`: what the recovery environment was started for.
    pub const DISPLAY_MESSAGE: Self = Self(0x1500_0065);
    /// `displaymessageoverride`.
    pub const DISPLAY_MESSAGE_OVERRIDE: Self = Self(0x1500_0066);
    /// `allowedinmemorysettings`: ids of the elements that may be changed in memory under Secure Boot.
    pub const ALLOWED_IN_MEMORY_SETTINGS: Self = Self(0x1700_0077);
    /// `displayorder` of a boot manager.
    pub const DISPLAY_ORDER: Self = Self(0x2400_0001);
    /// `bootsequence` of a boot manager: for the next boot only.
    pub const BOOT_SEQUENCE: Self = Self(0x2400_0002);
    /// `default` of a boot manager.
    pub const DEFAULT: Self = Self(0x2300_0003);
    /// `resumeobject` of a boot manager.
    pub const BOOT_MANAGER_RESUME_OBJECT: Self = Self(0x2300_0006);
    /// `timeout` of a boot manager, seconds.
    pub const TIMEOUT: Self = Self(0x2500_0004);
    /// `toolsdisplayorder` of a boot manager.
    pub const TOOLS_DISPLAY_ORDER: Self = Self(0x2400_0010);
    /// `bcddevice` of a boot manager: where another store is.
    pub const BCD_DEVICE: Self = Self(0x2100_0022);
    /// `osdevice` of an OS loader.
    pub const OS_DEVICE: Self = Self(0x2100_0001);
    /// `systemroot` of an OS loader, on its `osdevice`.
    pub const SYSTEM_ROOT: Self = Self(0x2200_0002);
    /// `kernel` of an OS loader, in its System32.
    pub const KERNEL: Self = Self(0x2200_0011);
    /// `hal` of an OS loader, in its System32.
    pub const HAL: Self = Self(0x2200_0012);
    /// `resumeobject` of an OS loader.
    pub const RESUME_OBJECT: Self = Self(0x2300_0003);
    /// `nx` of an OS loader: 0 `OptIn`, 1 `OptOut`.
    pub const NX: Self = Self(0x2500_0020);
    /// `bootmenupolicy` of an OS loader: 0 `Legacy`, 1 `Standard`.
    pub const BOOT_MENU_POLICY: Self = Self(0x2500_00c2);
    /// `hypervisordebugtype`.
    pub const HYPERVISOR_DEBUGGER_TYPE: Self = Self(0x2500_00f3);
    /// `hypervisordebugport`.
    pub const HYPERVISOR_DEBUGGER_PORT: Self = Self(0x2500_00f4);
    /// `hypervisorbaudrate`.
    pub const HYPERVISOR_BAUD_RATE: Self = Self(0x2500_00f5);
    /// `winpe` of an OS loader.
    pub const WINPE: Self = Self(0x2600_0022);
    /// `filedevice` of a resume loader: where the hibernation file is.
    pub const FILE_DEVICE: Self = Self(0x2100_0001);
    /// `filepath` of a resume loader, on its `filedevice`.
    pub const FILE_PATH: Self = Self(0x2200_0002);
    /// `pae` of a resume loader.
    pub const RESUME_PAE: Self = Self(0x2600_0004);
    /// `debugoptionenabled` of a resume loader.
    pub const RESUME_DEBUG_OPTION: Self = Self(0x2600_0006);
    /// `bootmenupolicy` of a resume loader.
    pub const RESUME_BOOT_MENU_POLICY: Self = Self(0x2500_0008);
    /// `associatedosdevice` of a resume loader.
    pub const ASSOCIATED_OS_DEVICE: Self = Self(0x2100_0005);
    /// A device of resume loaders since 2020, without a published name; equal to `filedevice` wherever it was seen.
    pub const RESUME_DEVICE_26: Self = Self(0x2100_0026);
    /// `ramdisksdidevice` of a device object.
    pub const RAMDISK_SDI_DEVICE: Self = Self(0x3100_0003);
    /// `ramdisksdipath` of a device object, on its `ramdisksdidevice`.
    pub const RAMDISK_SDI_PATH: Self = Self(0x3200_0004);

    /// Marks the loader of the recovery environment; of the class of setup, and yet in live stores.
    pub const RECOVERY_OS: Self = Self(0x4600_0010);

    /// From the name of a key: eight hex digits.
    #[must_use]
    pub fn from_key_name(name: &str) -> Option<Self> {
        let is_id = name.len() == 8 && name.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_id.then(|| u32::from_str_radix(name, 16).ok()).flatten().map(Self)
    }

    /// 1 any object, 2 this kind of application, 3 device object, 4 setup, 5 the maker of the machine.
    #[must_use]
    pub const fn class(self) -> u32 {
        self.0 >> 28
    }

    /// The format of the value.
    #[must_use]
    pub const fn format(self) -> ElementFormat {
        match (self.0 >> 24) & 0xf {
            1 => ElementFormat::Device,
            2 => ElementFormat::String,
            3 => ElementFormat::Object,
            4 => ElementFormat::ObjectList,
            5 => ElementFormat::Integer,
            6 => ElementFormat::Boolean,
            7 => ElementFormat::IntegerList,
            8 => ElementFormat::Binary,
            other => ElementFormat::Unknown(other),
        }
    }

    /// What the value means; only together with class, format and, for class 2, the object's application.
    #[must_use]
    pub const fn subtype(self) -> u32 {
        self.0 & 0xff_ffff
    }
}

impl fmt::Display for ElementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl ElementFormat {
    /// The registry type in which values of this format are kept.
    #[must_use]
    pub const fn registry_type(self) -> u32 {
        match self {
            Self::String | Self::Object => REG_SZ,
            Self::ObjectList => REG_MULTI_SZ,
            _ => REG_BINARY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_eight_hex_digits() {
        assert_eq!(ElementId::from_key_name("1100000A"), Some(ElementId(0x1100_000a)));
        for name in ["", "+1000001", "1100001", "110000011", "1100000g", "é100001"] {
            assert_eq!(ElementId::from_key_name(name), None, "{name}");
        }
    }
}
