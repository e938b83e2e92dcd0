//! A hop of the way from the firmware to the kernel.

/// How a hop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// The start ends here.
    Broken,
    /// It cannot be seen from here (encrypted, inside a virtual disk).
    Unknown,
}

/// What a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HopKind {
    /// The firmware, and the kind of disk that it meets.
    Firmware,
    /// The protective MBR, without which firmware does not look for a GPT.
    ProtectiveMbr,
    /// The boot code in the MBR.
    BootCode,
    /// The active partition.
    ActivePartition,
    /// The EFI system partition.
    EfiPartition,
    /// The boot record of the volume.
    BootRecord,
    /// The boot manager's file.
    BootManager,
    /// The store.
    Store,
    /// The entry that starts by itself.
    Entry,
    /// What its `device` names.
    Device,
    /// The program that it starts.
    Loader,
    /// What its `osdevice` names.
    OsDevice,
    /// The directory of the Windows.
    SystemRoot,
    /// What is started of the Windows first.
    Windows,
    /// `boot.ini` of NT 5.x.
    BootIni,
}

impl HopKind {
    /// Its name in reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::ProtectiveMbr => "protective MBR",
            Self::BootCode => "boot code",
            Self::ActivePartition => "active partition",
            Self::EfiPartition => "EFI partition",
            Self::BootRecord => "boot record",
            Self::BootManager => "boot manager",
            Self::Store => "store",
            Self::Entry => "entry",
            Self::Device => "device",
            Self::Loader => "loader",
            Self::OsDevice => "osdevice",
            Self::SystemRoot => "system root",
            Self::Windows => "Windows",
            Self::BootIni => "boot.ini",
        }
    }
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// What it is.
    pub kind: HopKind,
    /// How it stands.
    pub state: State,
    /// What was found there.
    pub evidence: String,
    /// The finding that breaks it, by its place among the findings.
    pub finding: Option<usize>,
}
