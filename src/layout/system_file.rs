//! The files by which firmware and boot managers start Windows, each in the one place where it is looked for.

use std::fmt;

use crate::bcd::Firmware;
use crate::layout::boot_file::Machine;

/// One of those files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemFile {
    /// The boot manager of a BIOS.
    BiosBootManager,
    /// The loader of NT 5.x.
    Ntldr,
    /// What that looks for hardware with, beside it.
    Ntdetect,
    /// The driver by which it reaches disks that the BIOS does not (`scsi()` in `boot.ini`), beside it.
    ScsiDriver,
    /// The boot manager of UEFI.
    UefiBootManager,
    /// What firmware starts of a disk for which it has no entry of its own (UEFI specification, "Removable Media Boot
    /// Behavior"), on x64.
    FallbackX64,
    /// The same on x86.
    FallbackX86,
    /// The same on 64-bit ARM.
    FallbackArm64,
    /// The store of a BIOS.
    BiosStore,
    /// The store of UEFI.
    UefiStore,
    /// The second store of an EFI system partition.
    RecoveryStore,
}

impl SystemFile {
    /// The loaders that firmware falls back to.
    pub const FALLBACK: [Self; 3] = [Self::FallbackX64, Self::FallbackX86, Self::FallbackArm64];

    /// The stores.
    pub const STORES: [Self; 3] = [Self::BiosStore, Self::UefiStore, Self::RecoveryStore];

    /// Its path on the volume.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::BiosBootManager => r"\bootmgr",
            Self::Ntldr => r"\ntldr",
            Self::Ntdetect => r"\NTDETECT.COM",
            Self::ScsiDriver => r"\ntbootdd.sys",
            Self::UefiBootManager => r"\EFI\Microsoft\Boot\bootmgfw.efi",
            Self::FallbackX64 => r"\EFI\Boot\bootx64.efi",
            Self::FallbackX86 => r"\EFI\Boot\bootia32.efi",
            Self::FallbackArm64 => r"\EFI\Boot\bootaa64.efi",
            Self::BiosStore => r"\Boot\BCD",
            Self::UefiStore => r"\EFI\Microsoft\Boot\BCD",
            Self::RecoveryStore => r"\EFI\Microsoft\Recovery\BCD",
        }
    }

    /// The firmware that it is for.
    #[must_use]
    pub const fn firmware(self) -> Firmware {
        match self {
            Self::BiosBootManager | Self::Ntldr | Self::Ntdetect | Self::ScsiDriver | Self::BiosStore => {
                Firmware::Bios
            }
            Self::UefiBootManager
            | Self::FallbackX64
            | Self::FallbackX86
            | Self::FallbackArm64
            | Self::UefiStore
            | Self::RecoveryStore => Firmware::Uefi,
        }
    }

    /// The processor that it is for, where its name tells.
    #[must_use]
    pub const fn machine(self) -> Option<Machine> {
        match self {
            Self::FallbackX64 => Some(Machine::X64),
            Self::FallbackX86 => Some(Machine::X86),
            Self::FallbackArm64 => Some(Machine::Arm64),
            Self::BiosBootManager
            | Self::Ntldr
            | Self::Ntdetect
            | Self::ScsiDriver
            | Self::UefiBootManager
            | Self::BiosStore
            | Self::UefiStore
            | Self::RecoveryStore => None,
        }
    }

    /// Whether it is a store.
    #[must_use]
    pub const fn is_store(self) -> bool {
        matches!(self, Self::BiosStore | Self::UefiStore | Self::RecoveryStore)
    }
}

impl fmt::Display for SystemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
