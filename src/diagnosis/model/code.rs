//! Codes of findings: stable names of what was found.

/// Makes the enum, its names, its descriptions and the list of all.
macro_rules! codes {
    ($(#[doc = $description:literal] $variant:ident $name:literal,)*) => {
        /// The kind of a finding. New ones may come; none is renamed or given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = concat!("`", $name, "`:", $description)]
                $variant,
            )*
        }

        impl Code {
            /// All of them, by name.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in reports and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it stands for, in a sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description.trim_ascii(),)*
                }
            }
        }
    };
}

codes! {
    /// More than one MBR entry is active, or a boot flag is neither 00 nor 80: boot code stops there.
    ActivePartitionAmbiguous "active-partition-ambiguous",
    /// `--active` makes another partition active.
    ActivePartitionChosen "active-partition-chosen",
    /// No partition is active: boot code has nothing to start.
    ActivePartitionMissing "active-partition-missing",
    /// The active partition has no Windows boot manager.
    ActivePartitionWrong "active-partition-wrong",
    /// The disk is unchanged since it was recorded: identity, partitions and stores.
    AsRecorded "as-recorded",
    /// A volume is encrypted with BitLocker: its files cannot be read.
    Bitlocker "bitlocker",
    /// The MBR has no boot code.
    BootCodeMissing "boot-code-missing",
    /// `boot.ini` starts a boot sector from a file that is missing or empty.
    BootIniBootSector "boot-ini-boot-sector",
    /// `boot.ini` refers to a disk number that does not exist.
    BootIniDisk "boot-ini-disk",
    /// `boot.ini` refers to a disk through `ntbootdd.sys`, which is missing.
    BootIniDriver "boot-ini-driver",
    /// `boot.ini` refers to a different disk, which cannot be checked from here.
    BootIniElsewhere "boot-ini-elsewhere",
    /// There is no `boot.ini` beside NTLDR.
    BootIniMissing "boot-ini-missing",
    /// `boot.ini` refers to a partition that does not exist or has no Windows.
    BootIniPartition "boot-ini-partition",
    /// `boot.ini` refers to a disk signature that is not this disk's.
    BootIniSignature "boot-ini-signature",
    /// `boot.ini` is UTF-16 text, in which NTLDR finds no entry.
    BootIniUtf16 "boot-ini-utf16",
    /// The boot manager's file, or the firmware fallback loader, is empty, truncated, no program or starts with zeros.
    BootManagerBroken "boot-manager-broken",
    /// The boot manager's file is compressed, which boot records cannot read.
    BootManagerCompressed "boot-manager-compressed",
    /// A third-party loader has the name of the Windows boot manager.
    BootManagerForeign "boot-manager-foreign",
    /// The store exists, but there is no boot manager to open it.
    BootManagerMissing "boot-manager-missing",
    /// Whether the boot manager exists cannot be determined.
    BootManagerUnknown "boot-manager-unknown",
    /// A boot record has no boot code.
    BootRecordEmpty "boot-record-empty",
    /// A boot record starts a program that does not exist.
    BootRecordOther "boot-record-other",
    /// A boot record has the wrong start sector.
    BootRecordPlace "boot-record-place",
    /// The active partition has no boot record.
    BootRecordUnsigned "boot-record-unsigned",
    /// Something has changed since the disk was recorded.
    ChangedSinceRecorded "changed-since-recorded",
    /// A partition or an entry chosen by a switch does not fit.
    ChoiceDoesNotFit "choice-does-not-fit",
    /// The entry that boots by default does not start Windows.
    DefaultNotWindows "default-not-windows",
    /// An element refers to a partition of this disk by a disk GUID that the disk no longer has.
    DiskGuidChanged "disk-guid-changed",
    /// A partition contains a partition table (a complete disk) instead of a volume.
    DiskInPartition "disk-in-partition",
    /// An element refers to a disk that is not present.
    DiskUnknown "disk-unknown",
    /// The drive letters of a Windows refer to this disk's old identity.
    DriveLetters "drive-letters",
    /// Drive letters of a Windows refer to a disk or partition that is not known to belong to this disk.
    DriveLettersUnknown "drive-letters-unknown",
    /// The drive letters of a Windows cannot be read.
    DriveLettersUnread "drive-letters-unread",
    /// A dynamic disk (LDM): its volumes may differ from the partition table.
    DynamicDisk "dynamic-disk",
    /// The data of an element are invalid.
    ElementDamaged "element-damaged",
    /// An entry lacks an element that boot managers need.
    ElementMissing "element-missing",
    /// A volume is encrypted by another program than BitLocker, or looks encrypted: its files cannot be read.
    Encrypted "encrypted",
    /// A switch fits elements of several entries: choose one with `--entry`.
    EntryNeeded "entry-needed",
    /// The loader in `\EFI\Boot` is not a Windows one.
    FallbackLoaderForeign "fallback-loader-foreign",
    /// There is no loader in `\EFI\Boot`.
    FallbackLoaderMissing "fallback-loader-missing",
    /// A file that the store refers to does not exist there.
    FileMissing "file-missing",
    /// Whether a file that the store refers to exists cannot be determined: its volume may be encrypted or is not supported.
    FileUnknown "file-unknown",
    /// A volume cannot be read, so a file that the store refers to cannot be found on it.
    FileUnreadable "file-unreadable",
    /// The store's copy of a firmware entry refers to a partition by an old identity, or with a different start or size.
    FirmwareEntry "firmware-entry",
    /// The disk is GPT, but its store is for BIOS.
    FirmwareMismatch "firmware-mismatch",
    /// `hal.dll` of a Windows of NT 5.x is empty, truncated or starts with zeros.
    HalBroken "hal-broken",
    /// A Windows (NT 5.x) has no `hal.dll`.
    HalMissing "hal-missing",
    /// A Windows is hibernated, or was shut down with fast startup.
    Hibernated "hibernated",
    /// Whether a Windows is hibernated cannot be determined.
    HibernationUnknown "hibernation-unknown",
    /// An entry of the hybrid MBR does not start where a GPT partition does.
    HybridMbrEntry "hybrid-mbr-entry",
    /// The disk's identity has changed since it was recorded.
    IdentityChanged "identity-changed",
    /// Another disk has the same identity, or the same partition GUIDs.
    IdentityCollision "identity-collision",
    /// The kernel of a Windows is empty, truncated, no program or starts with zeros.
    KernelBroken "kernel-broken",
    /// A Windows has no `ntoskrnl.exe`.
    KernelMissing "kernel-missing",
    /// An entry's loader is empty, truncated, no program or starts with zeros.
    LoaderBroken "loader-broken",
    /// An entry's loader is compressed in a way that its boot manager cannot read.
    LoaderCompressed "loader-compressed",
    /// An entry's loader is for the other kind of firmware.
    LoaderOtherFirmware "loader-other-firmware",
    /// A boot file is for a different processor type than the file that starts it.
    MachineMismatch "machine-mismatch",
    /// An MBR without a protective entry hides the GPT.
    MbrOverGpt "mbr-over-gpt",
    /// The default entry or the menu refers to entries that are not in the store.
    MenuEntryMissing "menu-entry-missing",
    /// The store has neither a default entry nor a menu.
    MenuMissing "menu-missing",
    /// An element refers to a partition of a different disk that is attached or named.
    NamesOtherDisk "names-other-disk",
    /// The store has no {bootmgr} object.
    NoBootManagerObject "no-boot-manager-object",
    /// Windows is present, but no boot manager.
    NoSystemVolume "no-system-volume",
    /// The store has no entry that starts Windows.
    NoWindowsEntry "no-windows-entry",
    /// Whether a loader or a kernel is a program is not among its first bytes.
    NotAProgram "not-a-program",
    /// This is not the recorded disk, or its system partition has moved.
    NotTheRecordedDisk "not-the-recorded-disk",
    /// No boot manager and no Windows were found.
    NotWindows "not-windows",
    /// `NTDETECT.COM` is empty or starts with zeros.
    NtdetectBroken "ntdetect-broken",
    /// `NTDETECT.COM` is missing next to NTLDR.
    NtdetectMissing "ntdetect-missing",
    /// Windows 2003 or XP: there is no BCD store.
    Ntldr "ntldr",
    /// An entry's loader belongs to a different Windows than its `osdevice`.
    OsdeviceElsewhere "osdevice-elsewhere",
    /// Another entry of the menu starts Windows.
    OtherEntryStarts "other-entry-starts",
    /// A partition ends past the end of the disk; its file system is complete.
    PartitionBeyondDisk "partition-beyond-disk",
    /// An element refers to this disk by its identity, but to a partition that is not on it.
    PartitionChanged "partition-changed",
    /// Two partitions have the same GUID.
    PartitionGuidShared "partition-guid-shared",
    /// The target is a single volume without a partition table, such as a partition image: examine the whole disk.
    PartitionImage "partition-image",
    /// A remark about the partition table.
    PartitionTable "partition-table",
    /// A partition that Windows is on or boots from has the wrong type.
    PartitionType "partition-type",
    /// A damaged partition table may hide partitions.
    PartitionsLost "partitions-lost",
    /// A GPT without a protective MBR: firmware and Windows ignore the GPT.
    ProtectiveMbrMissing "protective-mbr-missing",
    /// The protective MBR entry does not start at sector 1 or has a boot flag: firmware ignores the GPT.
    ProtectiveMbrWrong "protective-mbr-wrong",
    /// The disk is a member of a RAID, by the metadata at its end.
    RaidMember "raid-member",
    /// Part of the disk could not be read.
    ReadFailed "read-failed",
    /// `ReAgent.xml` refers to a recovery environment that does not exist, or cannot be read.
    RecoveryConfig "recovery-config",
    /// A volume was formatted for a different sector size than the disk has.
    SectorSizeMismatch "sector-size-mismatch",
    /// Another EFI system partition also has a boot manager and a store.
    SeveralEfiPartitions "several-efi-partitions",
    /// An element refers to a partition of this disk by an MBR signature that the disk no longer has.
    SignatureChanged "signature-changed",
    /// A Windows would not start on the controller of `--on`: a driver, its file or its hardware id is missing.
    StorageDriverMissing "storage-driver-missing",
    /// A Windows may not start on the controller of `--on`: the start value of a driver is overridden for the hardware on which it ran.
    StorageDriverOverridden "storage-driver-overridden",
    /// A Windows has what it needs to start on the controller of `--on`.
    StorageDriverReady "storage-driver-ready",
    /// A Windows would not start on the controller of `--on`: a driver's package is there but was never installed.
    StorageDriverStaged "storage-driver-staged",
    /// A Windows would not start on the controller of `--on`: a driver is there but not loaded at boot.
    StorageDriverStart "storage-driver-start",
    /// Whether a Windows would start on the controller of `--on` cannot be determined.
    StorageDriverUnknown "storage-driver-unknown",
    /// Part of the disk belongs to a Storage Spaces pool.
    StorageSpaces "storage-spaces",
    /// The last write to the store is incomplete.
    StoreDirty "store-dirty",
    /// The volume that the disk boots from has no store, but another one has.
    StoreElsewhere "store-elsewhere",
    /// The store is a valid hive but has no boot objects.
    StoreEmpty "store-empty",
    /// There is a boot manager but no store.
    StoreMissing "store-missing",
    /// The store can be read but not patched in place.
    StoreNotPatchable "store-not-patchable",
    /// Whether there is a store cannot be determined.
    StoreUnknown "store-unknown",
    /// The store cannot be read.
    StoreUnreadable "store-unreadable",
    /// Another store that the firmware does not use.
    StoreUnused "store-unused",
    /// The SYSTEM hive of a Windows is empty or starts with zeros.
    SystemHiveBroken "system-hive-broken",
    /// A Windows has no SYSTEM hive.
    SystemHiveMissing "system-hive-missing",
    /// The boot manager is on a logical partition, which MBR boot code cannot start.
    SystemVolumeLogical "system-volume-logical",
    /// The UEFI system volume has a file system that firmware cannot read.
    SystemVolumeNotFat "system-volume-not-fat",
    /// An element refers to a partition as it was before the disk was converted between MBR and GPT.
    TableConverted "table-converted",
    /// A file system extends past the end of the disk: the image was truncated.
    VolumeCut "volume-cut",
    /// A file system is longer than its partition.
    VolumeLongerThanPartition "volume-longer-than-partition",
    /// A volume cannot be written safely now.
    VolumeNotClean "volume-not-clean",
    /// A volume could not be read.
    VolumeUnreadable "volume-unreadable",
    /// The system root of an entry is not a Windows directory.
    WindowsMissing "windows-missing",
    /// chkdsk is due on the volume of Windows.
    WindowsVolumeDirty "windows-volume-dirty",
    /// No entry of the store starts this Windows, but another one is started.
    WindowsWithoutEntry "windows-without-entry",
}

impl Code {
    /// Whether it is about what a BIOS starts before the store.
    #[must_use]
    pub const fn is_of_bios_start(self) -> bool {
        matches!(
            self,
            Self::BootCodeMissing
                | Self::BootManagerBroken
                | Self::BootManagerCompressed
                | Self::BootRecordEmpty
                | Self::BootRecordOther
                | Self::BootRecordPlace
                | Self::BootRecordUnsigned
                | Self::SystemVolumeLogical
        )
    }

    /// Whether it is about the drivers of a disk controller (`--on`).
    #[must_use]
    pub const fn is_of_storage_driver(self) -> bool {
        matches!(
            self,
            Self::StorageDriverMissing
                | Self::StorageDriverOverridden
                | Self::StorageDriverReady
                | Self::StorageDriverStaged
                | Self::StorageDriverStart
                | Self::StorageDriverUnknown
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
