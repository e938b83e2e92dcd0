//! What is wrong with the protective MBR of a GPT, and what stands there instead.

/// First byte of the four entries in LBA 0 (UEFI specification, "Legacy Master Boot Record").
pub const ENTRIES_AT: u64 = 0x1be;
/// Bytes of the four entries and of 55 aa.
pub(crate) const LEN: usize = 66;

/// What is wrong with the protective MBR of a GPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unprotected {
    /// What is wrong.
    pub fault: ProtectiveFault,
    /// The entries of LBA 0 that are in use and are no protective ones.
    pub others: Vec<MbrEntry>,
    /// The four entries and 55 aa, from [`ENTRIES_AT`], as they are.
    pub found: [u8; LEN],
    /// The same of a protective MBR: one entry from sector 1 to the end of the disk.
    pub right: [u8; LEN],
}

/// Why a GPT is not looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectiveFault {
    /// LBA 0 is no MBR.
    Missing,
    /// LBA 0 is an MBR with no entry of type 0xee.
    Foreign,
    /// The entry begins elsewhere than at sector 1.
    Elsewhere {
        /// Which of the four it is, from 1.
        number: u32,
        /// Where it begins, in sectors.
        start: u32,
    },
    /// The entry has a boot flag: EDK2 does not take it for a protective one, the specification has firmware ignore the flag.
    Active {
        /// Which of the four it is, from 1.
        number: u32,
    },
}

/// An entry of an MBR where a protective one should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MbrEntry {
    /// Which of the four it is, from 1.
    pub number: u32,
    /// System indicator.
    pub kind: u8,
    /// First sector.
    pub start: u32,
    /// Length in sectors.
    pub sectors: u32,
}
