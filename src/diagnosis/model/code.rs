//! Codes of findings: stable names of what was found.

/// Makes the enum, its names, and the list of all.
macro_rules! codes {
    ($($variant:ident $name:literal,)*) => {
        /// The kind of a finding. New ones may come; none is renamed or given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = concat!("`", $name, "`.")]
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
        }
    };
}

codes! {
    ActivePartitionAmbiguous "active-partition-ambiguous",
    ActivePartitionChosen "active-partition-chosen",
    ActivePartitionMissing "active-partition-missing",
    ActivePartitionWrong "active-partition-wrong",
    AsRecorded "as-recorded",
    Bitlocker "bitlocker",
    BootCodeMissing "boot-code-missing",
    BootIniElsewhere "boot-ini-elsewhere",
    BootIniPartition "boot-ini-partition",
    BootIniSignature "boot-ini-signature",
    BootManagerMissing "boot-manager-missing",
    BootManagerUnknown "boot-manager-unknown",
    BootRecordEmpty "boot-record-empty",
    BootRecordOther "boot-record-other",
    BootRecordPlace "boot-record-place",
    BootRecordUnsigned "boot-record-unsigned",
    ChangedSinceRecorded "changed-since-recorded",
    ChoiceDoesNotFit "choice-does-not-fit",
    DefaultNotWindows "default-not-windows",
    DiskGuidChanged "disk-guid-changed",
    DiskUnknown "disk-unknown",
    DriveLetters "drive-letters",
    DriveLettersUnknown "drive-letters-unknown",
    DriveLettersUnread "drive-letters-unread",
    DynamicDisk "dynamic-disk",
    ElementDamaged "element-damaged",
    ElementMissing "element-missing",
    EntryNeeded "entry-needed",
    FallbackLoaderForeign "fallback-loader-foreign",
    FallbackLoaderMissing "fallback-loader-missing",
    FileMissing "file-missing",
    FileUnreadable "file-unreadable",
    FirmwareEntry "firmware-entry",
    FirmwareMismatch "firmware-mismatch",
    Hibernated "hibernated",
    HibernationUnknown "hibernation-unknown",
    HybridMbrEntry "hybrid-mbr-entry",
    IdentityChanged "identity-changed",
    IdentityCollision "identity-collision",
    KernelMissing "kernel-missing",
    LoaderOtherFirmware "loader-other-firmware",
    MenuEntryMissing "menu-entry-missing",
    MenuMissing "menu-missing",
    NamesOtherDisk "names-other-disk",
    NoBootManagerObject "no-boot-manager-object",
    NoSystemVolume "no-system-volume",
    NoWindowsEntry "no-windows-entry",
    NotTheRecordedDisk "not-the-recorded-disk",
    NotWindows "not-windows",
    Ntldr "ntldr",
    OsdeviceElsewhere "osdevice-elsewhere",
    OtherEntryStarts "other-entry-starts",
    PartitionBeyondDisk "partition-beyond-disk",
    PartitionChanged "partition-changed",
    PartitionGuidShared "partition-guid-shared",
    PartitionTable "partition-table",
    PartitionsLost "partitions-lost",
    ProtectiveMbrMissing "protective-mbr-missing",
    ReadFailed "read-failed",
    RecoveryConfig "recovery-config",
    SectorSizeMismatch "sector-size-mismatch",
    SeveralEfiPartitions "several-efi-partitions",
    SignatureChanged "signature-changed",
    StorageSpaces "storage-spaces",
    StoreDirty "store-dirty",
    StoreElsewhere "store-elsewhere",
    StoreEmpty "store-empty",
    StoreMissing "store-missing",
    StoreNotPatchable "store-not-patchable",
    StoreUnknown "store-unknown",
    StoreUnreadable "store-unreadable",
    StoreUnused "store-unused",
    SystemHiveMissing "system-hive-missing",
    TableConverted "table-converted",
    VolumeCut "volume-cut",
    VolumeLongerThanPartition "volume-longer-than-partition",
    VolumeNotClean "volume-not-clean",
    VolumeUnreadable "volume-unreadable",
    WindowsMissing "windows-missing",
    WindowsVolumeDirty "windows-volume-dirty",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
