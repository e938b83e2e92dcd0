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
    /// More than one MBR entry is active, or a boot flag is neither 00 nor 80: boot code stops at that.
    ActivePartitionAmbiguous "active-partition-ambiguous",
    /// The active partition is to be another one, by `--active`.
    ActivePartitionChosen "active-partition-chosen",
    /// No partition is active: boot code finds nothing to start.
    ActivePartitionMissing "active-partition-missing",
    /// The active partition has no boot manager of Windows.
    ActivePartitionWrong "active-partition-wrong",
    /// The disk is as it was recorded: its identity, its partitions and its stores.
    AsRecorded "as-recorded",
    /// A volume is encrypted by BitLocker: its files cannot be seen.
    Bitlocker "bitlocker",
    /// The MBR has no boot code.
    BootCodeMissing "boot-code-missing",
    /// `boot.ini` leads to a disk by a number that none here has.
    BootIniDisk "boot-ini-disk",
    /// `boot.ini` leads to a disk through `ntbootdd.sys`, which is not there.
    BootIniDriver "boot-ini-driver",
    /// `boot.ini` leads to another disk, of which nothing can be told from here.
    BootIniElsewhere "boot-ini-elsewhere",
    /// `boot.ini` leads to a partition that is not there, or that has no Windows.
    BootIniPartition "boot-ini-partition",
    /// `boot.ini` names a disk by a signature that this one does not have.
    BootIniSignature "boot-ini-signature",
    /// `boot.ini` is UTF-16 text, in which NTLDR finds no entry.
    BootIniUtf16 "boot-ini-utf16",
    /// The boot manager's file is empty, of zeros or cut, or the loader that firmware falls back to is.
    BootManagerBroken "boot-manager-broken",
    /// The boot manager's file is compressed, which a boot record does not read.
    BootManagerCompressed "boot-manager-compressed",
    /// Another loader has the name of Windows' boot manager.
    BootManagerForeign "boot-manager-foreign",
    /// The store is there, but no boot manager to open it.
    BootManagerMissing "boot-manager-missing",
    /// Whether the boot manager is there cannot be told.
    BootManagerUnknown "boot-manager-unknown",
    /// A boot record has no boot code.
    BootRecordEmpty "boot-record-empty",
    /// A boot record starts a program that is not there.
    BootRecordOther "boot-record-other",
    /// A boot record says that its volume begins elsewhere.
    BootRecordPlace "boot-record-place",
    /// The active partition does not begin with a boot record.
    BootRecordUnsigned "boot-record-unsigned",
    /// Something is no longer as it was recorded.
    ChangedSinceRecorded "changed-since-recorded",
    /// A partition or an entry that was chosen by a switch does not fit.
    ChoiceDoesNotFit "choice-does-not-fit",
    /// The entry that starts by itself starts no Windows.
    DefaultNotWindows "default-not-windows",
    /// An element names a partition of this disk, under a disk GUID that the disk no longer has.
    DiskGuidChanged "disk-guid-changed",
    /// A partition holds a disk of its own: a table is where its volume would be.
    DiskInPartition "disk-in-partition",
    /// An element names a disk that is not here.
    DiskUnknown "disk-unknown",
    /// The drive letters of a Windows name this disk by an identity that it no longer has.
    DriveLetters "drive-letters",
    /// Drive letters of a Windows name a disk or partition that is not known to be one of this disk's.
    DriveLettersUnknown "drive-letters-unknown",
    /// The drive letters of a Windows cannot be read.
    DriveLettersUnread "drive-letters-unread",
    /// A dynamic disk (LDM): its volumes need not be where its partition table says.
    DynamicDisk "dynamic-disk",
    /// The bytes of an element make no sense.
    ElementDamaged "element-damaged",
    /// An entry lacks an element that boot managers need.
    ElementMissing "element-missing",
    /// A volume is encrypted by another program than BitLocker, or looks so: its files cannot be seen.
    Encrypted "encrypted",
    /// A switch fits elements of several entries: `--entry` says which is meant.
    EntryNeeded "entry-needed",
    /// The loader at `\EFI\Boot` is not one of Windows.
    FallbackLoaderForeign "fallback-loader-foreign",
    /// There is no loader at `\EFI\Boot`.
    FallbackLoaderMissing "fallback-loader-missing",
    /// A file that the store names is not where it says.
    FileMissing "file-missing",
    /// Whether a file that the store names is where it says cannot be told: its volume may be encrypted, or is not read here.
    FileUnknown "file-unknown",
    /// A volume cannot be read, so that a file that the store names cannot be found on it.
    FileUnreadable "file-unreadable",
    /// The store's copy of a firmware entry names a partition under an old identity, or another place or size of it.
    FirmwareEntry "firmware-entry",
    /// The disk has a GPT, and its store is one for BIOS.
    FirmwareMismatch "firmware-mismatch",
    /// A Windows of NT 5.x has no `hal.dll`.
    HalMissing "hal-missing",
    /// A Windows is hibernated, or was shut down with fast startup.
    Hibernated "hibernated",
    /// Whether a Windows is hibernated cannot be told.
    HibernationUnknown "hibernation-unknown",
    /// An entry of the hybrid MBR begins where no partition of the GPT does.
    HybridMbrEntry "hybrid-mbr-entry",
    /// The disk's identity has changed since it was recorded.
    IdentityChanged "identity-changed",
    /// Another disk has the same identity, or the same partition GUIDs.
    IdentityCollision "identity-collision",
    /// The kernel of a Windows is empty, of zeros or cut.
    KernelBroken "kernel-broken",
    /// A Windows has no `ntoskrnl.exe`.
    KernelMissing "kernel-missing",
    /// An entry's loader is empty, of zeros or cut.
    LoaderBroken "loader-broken",
    /// An entry's loader is compressed in a way that boot managers of its firmware do not read.
    LoaderCompressed "loader-compressed",
    /// An entry's loader is a program for the other kind of firmware.
    LoaderOtherFirmware "loader-other-firmware",
    /// A boot file is for another kind of processor than the one that starts it.
    MachineMismatch "machine-mismatch",
    /// An MBR without a protective entry lies over the GPT that is meant.
    MbrOverGpt "mbr-over-gpt",
    /// The default entry or the menu names entries that are not in the store.
    MenuEntryMissing "menu-entry-missing",
    /// The store has neither a default entry nor a menu.
    MenuMissing "menu-missing",
    /// An element names a partition of another disk that is attached here.
    NamesOtherDisk "names-other-disk",
    /// The store has no {bootmgr} object.
    NoBootManagerObject "no-boot-manager-object",
    /// A Windows is here, but no boot manager.
    NoSystemVolume "no-system-volume",
    /// The store has no entry that starts Windows.
    NoWindowsEntry "no-windows-entry",
    /// A loader or a kernel does not begin as a program does.
    NotAProgram "not-a-program",
    /// This is not the recorded disk, or its system partition is no longer where it was.
    NotTheRecordedDisk "not-the-recorded-disk",
    /// There is neither a boot manager nor a Windows.
    NotWindows "not-windows",
    /// NTLDR has no `NTDETECT.COM` beside it.
    NtdetectMissing "ntdetect-missing",
    /// Windows 2003 or XP: it has no BCD store.
    Ntldr "ntldr",
    /// An entry's loader is that of another Windows than the one that it names.
    OsdeviceElsewhere "osdevice-elsewhere",
    /// Another entry of the menu starts a Windows.
    OtherEntryStarts "other-entry-starts",
    /// A partition ends beyond the end of the disk; all of its file system is there.
    PartitionBeyondDisk "partition-beyond-disk",
    /// An element names this disk by its identity, and a partition that is not on it.
    PartitionChanged "partition-changed",
    /// Two partitions have one GUID.
    PartitionGuidShared "partition-guid-shared",
    /// The target is one volume without a partition table, as the image of a partition is: the whole disk is to be examined.
    PartitionImage "partition-image",
    /// Something about the partition table that is good to know.
    PartitionTable "partition-table",
    /// A partition that Windows is on, or starts from, is typed as something else.
    PartitionType "partition-type",
    /// A damaged partition table may hide partitions.
    PartitionsLost "partitions-lost",
    /// A GPT without a protective MBR: firmware and Windows ignore it.
    ProtectiveMbrMissing "protective-mbr-missing",
    /// The protective entry of a GPT does not begin at sector 1, or has a boot flag: firmware ignores the GPT.
    ProtectiveMbrWrong "protective-mbr-wrong",
    /// The disk is a member of an array, by the record that a RAID keeps at its end.
    RaidMember "raid-member",
    /// A part of the disk could not be read.
    ReadFailed "read-failed",
    /// `ReAgent.xml` names a recovery environment that is not there, or cannot be read.
    RecoveryConfig "recovery-config",
    /// A volume was formatted for sectors of another size than the disk has.
    SectorSizeMismatch "sector-size-mismatch",
    /// Another EFI system partition has a boot manager and a store too.
    SeveralEfiPartitions "several-efi-partitions",
    /// An element names a partition of this disk, under an MBR signature that the disk no longer has.
    SignatureChanged "signature-changed",
    /// A part of the disk belongs to a pool of Storage Spaces.
    StorageSpaces "storage-spaces",
    /// The last write to the store was cut short.
    StoreDirty "store-dirty",
    /// The volume that the disk starts from has no store, and another one has.
    StoreElsewhere "store-elsewhere",
    /// The store is a valid hive without any boot objects.
    StoreEmpty "store-empty",
    /// There is a boot manager, but no store.
    StoreMissing "store-missing",
    /// The store can be read, but not patched in place.
    StoreNotPatchable "store-not-patchable",
    /// Whether there is a store cannot be told.
    StoreUnknown "store-unknown",
    /// The store cannot be read.
    StoreUnreadable "store-unreadable",
    /// Another store, to which the firmware does not come.
    StoreUnused "store-unused",
    /// A Windows has no SYSTEM hive.
    SystemHiveMissing "system-hive-missing",
    /// The boot manager is on a logical partition, which boot code in the MBR does not start.
    SystemVolumeLogical "system-volume-logical",
    /// The system volume for UEFI has a file system that firmware does not read.
    SystemVolumeNotFat "system-volume-not-fat",
    /// An element names a partition as it was before the disk was converted between MBR and GPT.
    TableConverted "table-converted",
    /// A file system goes on beyond the end of the disk: an image that was cut short.
    VolumeCut "volume-cut",
    /// A file system is longer than its partition.
    VolumeLongerThanPartition "volume-longer-than-partition",
    /// A volume must not be written now.
    VolumeNotClean "volume-not-clean",
    /// A volume could not be read.
    VolumeUnreadable "volume-unreadable",
    /// What an entry calls its system root is no Windows.
    WindowsMissing "windows-missing",
    /// chkdsk is due on the volume of Windows.
    WindowsVolumeDirty "windows-volume-dirty",
    /// A Windows is here that no entry of the store starts, and another is started.
    WindowsWithoutEntry "windows-without-entry",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
