//! The file systems that are told apart.

/// A file system, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// NTFS.
    Ntfs,
    /// FAT with 12-bit entries.
    Fat12,
    /// FAT with 16-bit entries.
    Fat16,
    /// FAT with 32-bit entries.
    Fat32,
    /// An encrypted BitLocker volume (`-FVE-FS-`, or BitLocker To Go).
    BitLocker,
    /// What no file system begins with: bytes that are spread as evenly as those that another program encrypted.
    Encrypted,
    /// No file system, but a partition table: the disk of another machine.
    Disk,
    /// ReFS, which Windows reads and this program does not.
    Refs,
    /// No file system: the database of a dynamic disk (LDM).
    LdmDatabase,
    /// Recognised by its signature, but not read here: the name to show ("ext4", "LUKS", "exFAT", "xfs", "swap", "LVM2",
    /// "btrfs", …).
    Other(&'static str),
    /// Nothing that is known.
    Unknown,
}

impl FileSystem {
    /// The name of one that is recognised, and neither read nor told to be encrypted.
    #[must_use]
    pub const fn name_of_unread(self) -> Option<&'static str> {
        match self {
            Self::Refs => Some("ReFS"),
            Self::LdmDatabase => Some("LDM database"),
            Self::Disk => Some("complete disk"),
            Self::Other(name) => Some(name),
            Self::Ntfs
            | Self::Fat12
            | Self::Fat16
            | Self::Fat32
            | Self::BitLocker
            | Self::Encrypted
            | Self::Unknown => None,
        }
    }

    /// Whether a Windows may be on it that cannot be seen: it is encrypted, or a file system of Windows' that is not read here.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::BitLocker | Self::Encrypted | Self::Refs)
    }

    /// Whether it is known to be encrypted: by BitLocker, or by a program whose loader was found (`has_encryptor`).
    #[must_use]
    pub const fn is_encrypted(self, has_encryptor: bool) -> bool {
        matches!(self, Self::BitLocker) || has_encryptor && matches!(self, Self::Encrypted)
    }

    /// Whether files on it can be seen.
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Ntfs) || self.is_fat()
    }

    /// Whether it is FAT of any kind, which is what UEFI firmware reads.
    #[must_use]
    pub const fn is_fat(self) -> bool {
        matches!(self, Self::Fat12 | Self::Fat16 | Self::Fat32)
    }
}
