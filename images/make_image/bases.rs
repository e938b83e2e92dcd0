//! The bases: healthy disks that the program carries, compressed as qemu-img wrote them.

/// Kinds of partition tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Master boot record.
    Mbr,
    /// GUID partition table.
    Gpt,
}

/// A healthy disk.
pub(crate) struct Base {
    /// Its name in recipes.
    pub(crate) name: &'static str,
    /// Its table.
    pub(crate) table: Table,
    /// What Windows, firmware, table and partitions it has.
    pub(crate) about: &'static str,
    /// The image.
    pub(crate) image: &'static [u8],
}

macro_rules! base {
    ($name:literal, $table:ident, $about:literal) => {
        Base {
            name: $name,
            table: Table::$table,
            about: $about,
            image: include_bytes!(concat!("../", $name, "-healthy.qcow2")),
        }
    };
}

/// All of them, oldest Windows first.
pub(crate) static BASES: [Base; 7] = [
    base!("win2003-bios", Mbr, "Windows Server 2003, BIOS, MBR: Windows with NTLDR, no store"),
    base!(
        "win2008sp2-bios",
        Mbr,
        "Windows Server 2008 SP2, BIOS, MBR: Windows, with boot manager and store on it"
    ),
    base!("win2008r2-bios", Mbr, "Windows Server 2008 R2, BIOS, MBR: System Reserved, Windows"),
    base!(
        "win7-logical",
        Mbr,
        "Windows 7, BIOS, MBR: system, and in an extended partition Windows, data (FAT32)"
    ),
    base!("win10-bios", Mbr, "Windows 10, BIOS, MBR: System Reserved, Windows"),
    base!("win11-uefi", Gpt, "Windows 11, UEFI, GPT: ESP, MSR, Windows, Recovery"),
    base!(
        "win2022-uefi-4kn",
        Gpt,
        "Windows Server 2022, UEFI, GPT, 4096-byte sectors: ESP, MSR, Windows, Recovery"
    ),
];

/// The base of this name.
pub(crate) fn find(name: &str) -> Option<&'static Base> {
    BASES.iter().find(|base| base.name == name)
}
