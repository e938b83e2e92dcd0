//! The two ways in which a machine starts from a disk.

use std::fmt;

/// How the machine starts from a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Firmware {
    /// BIOS: MBR code, active partition, `\bootmgr`, `\Boot\BCD`.
    Bios,
    /// UEFI: EFI system partition, `\EFI\Microsoft\Boot\bootmgfw.efi`, `\EFI\Microsoft\Boot\BCD`.
    Uefi,
}

impl Firmware {
    /// Where its store is, as Windows names it in the head of the store.
    pub(in crate::bcd) const fn store_path(self) -> &'static str {
        match self {
            Self::Bios => r"\Device\HarddiskVolume1\Boot\BCD",
            Self::Uefi => r"\Device\HarddiskVolume1\EFI\Microsoft\Boot\BCD",
        }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bios => "BIOS",
            Self::Uefi => "UEFI",
        })
    }
}
