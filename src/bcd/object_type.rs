//! Types of objects: one number that tells what an object is.
//!
//! Microsoft, "Boot Configuration Data in Windows Vista"; G. Chappell, "BCD Objects".

use std::fmt;

/// The type of an object, a bit field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectType(pub u32);

impl ObjectType {
    /// `{fwbootmgr}`.
    pub const FIRMWARE_BOOT_MANAGER: Self = Self(0x1010_0001);
    /// `{bootmgr}`.
    pub const BOOT_MANAGER: Self = Self(0x1010_0002);
    /// An entry that loads Windows, WinPE or WinRE.
    pub const OS_LOADER: Self = Self(0x1020_0003);
    /// The loader that resumes from hibernation.
    pub const RESUME: Self = Self(0x1020_0004);
    /// `{memdiag}`.
    pub const MEMDIAG: Self = Self(0x1020_0005);
    /// `{ntldr}`.
    pub const NTLDR: Self = Self(0x1030_0006);
    /// `setupldr`, the loader of Windows before Vista on setup media.
    pub const SETUPLDR: Self = Self(0x1030_0007);
    /// A boot sector in a file.
    pub const BOOT_SECTOR: Self = Self(0x1040_0008);
    /// `startup.com`, which starts from the network.
    pub const STARTUP: Self = Self(0x1040_0009);
    /// A boot application, since Windows 10 1607.
    pub const BOOT_APPLICATION: Self = Self(0x1020_000a);
    /// An entry of the firmware that is not Windows'.
    pub const FIRMWARE_APPLICATION: Self = Self(0x101f_ffff);
    /// Settings that any object may inherit.
    pub const INHERIT_ANY: Self = Self(0x2010_0000);
    /// Settings that OS loaders inherit.
    pub const INHERIT_OS_LOADER: Self = Self(0x2020_0003);
    /// Settings that resume loaders inherit.
    pub const INHERIT_RESUME: Self = Self(0x2020_0004);
    /// Settings that device objects inherit.
    pub const INHERIT_DEVICE: Self = Self(0x2030_0000);
    /// Options of a device, e.g. of a RAM disk.
    pub const DEVICE: Self = Self(0x3000_0000);

    /// Bits 28-31: 1 application, 2 inherit, 3 device.
    #[must_use]
    pub const fn kind(self) -> u32 {
        self.0 >> 28
    }

    /// Bits 20-23: the kind of image of an application, or who may inherit.
    #[must_use]
    pub const fn image(self) -> u32 {
        (self.0 >> 20) & 0xf
    }

    /// Bits 0-19: 1 firmware boot manager, 2 boot manager, 3 OS loader, 4 resume, 5 memdiag, 6 ntldr, 7 setupldr, 8
    /// boot sector, 9 startup, 10 boot application.
    #[must_use]
    pub const fn application(self) -> u32 {
        self.0 & 0xf_ffff
    }

    /// Whether this is an application, i.e. something that can be started.
    #[must_use]
    pub const fn is_application(self) -> bool {
        self.kind() == 1
    }

    /// Whether this is a group of settings that others inherit.
    #[must_use]
    pub const fn is_inherit(self) -> bool {
        self.kind() == 2
    }

    /// Whether this holds the options of a device.
    #[must_use]
    pub const fn is_device_object(self) -> bool {
        self.kind() == 3
    }

    /// Whether this is the Windows boot manager.
    #[must_use]
    pub const fn is_boot_manager(self) -> bool {
        self.is(1, 1, 2)
    }

    /// Whether this is the boot manager of UEFI firmware.
    #[must_use]
    pub const fn is_firmware_boot_manager(self) -> bool {
        self.is(1, 1, 1)
    }

    /// Whether this loads Windows, WinPE or WinRE.
    #[must_use]
    pub const fn is_os_loader(self) -> bool {
        self.is(1, 2, 3)
    }

    /// Whether this resumes Windows from hibernation.
    #[must_use]
    pub const fn is_resume(self) -> bool {
        self.is(1, 2, 4)
    }

    /// Whether this is the memory tester.
    #[must_use]
    pub const fn is_memdiag(self) -> bool {
        self.is(1, 2, 5)
    }

    /// Whether this is the loader of Windows before Vista.
    #[must_use]
    pub const fn is_ntldr(self) -> bool {
        self.is(1, 3, 6)
    }

    /// Whether this starts a boot sector in a file.
    #[must_use]
    pub const fn is_boot_sector(self) -> bool {
        self.is(1, 4, 8)
    }

    /// Whether this is an entry of the firmware that is not Windows'.
    #[must_use]
    pub const fn is_firmware_application(self) -> bool {
        self.is(1, 1, 0xf_ffff)
    }

    const fn is(self, kind: u32, image: u32, application: u32) -> bool {
        self.kind() == kind && self.image() == image && self.application() == application
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_one_kind_only() {
        type Predicate = fn(ObjectType) -> bool;
        let predicates: [(u32, Predicate); 10] = [
            (0x1010_0001, ObjectType::is_firmware_boot_manager),
            (0x1010_0002, ObjectType::is_boot_manager),
            (0x1020_0003, ObjectType::is_os_loader),
            (0x1020_0004, ObjectType::is_resume),
            (0x1020_0005, ObjectType::is_memdiag),
            (0x1030_0006, ObjectType::is_ntldr),
            (0x1040_0008, ObjectType::is_boot_sector),
            (0x101f_ffff, ObjectType::is_firmware_application),
            (0x2020_0003, ObjectType::is_inherit),
            (0x3000_0000, ObjectType::is_device_object),
        ];
        for (number, _) in predicates {
            for (other, holds) in predicates {
                assert_eq!(holds(ObjectType(number)), number == other, "{number:08x} {other:08x}");
            }
        }
    }
}
