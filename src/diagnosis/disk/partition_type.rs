//! Notes about types of partitions at which Windows or firmware may stumble.
//!
//! Measured: OVMF starts an EFI system partition that is typed as basic data, and the boot manager the loader of a Windows whose partition
//! of a GPT is typed as Linux'.

use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::guid::Guid;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::partition::Partition;
use crate::partition::PartitionType;

/// GPT types of Windows' volumes (Microsoft, `PARTITION_BASIC_DATA_GUID`, `PARTITION_LDM_DATA_GUID`, `PARTITION_SPACES_GUID`).
const OF_WINDOWS: [Guid; 3] = [
    Guid::from_u128(0xebd0a0a2_b9e5_4433_87c0_68b6b72699c7),
    Guid::from_u128(0xaf9b60a0_1431_4f62_bc68_3311714a69ad),
    Guid::from_u128(0xe75caf8f_f680_4cee_afa3_b001e56efc2d),
];
/// MBR types that Windows gives its volumes: FAT and NTFS, the EFI system partition, a dynamic disk.
const MBR_OF_WINDOWS: [u8; 9] = [0x01, 0x04, 0x06, 0x07, 0x0b, 0x0c, 0x0e, 0x42, 0xef];
/// Those that it hides, or that are a recovery partition's.
const HIDDEN: [u8; 9] = [0x11, 0x12, 0x14, 0x16, 0x17, 0x1b, 0x1c, 0x1e, 0x27];

/// Types that were seen in their place (A. Brouwer, "Partition types"; UAPI Group, "Discoverable Partitions Specification").
const SEEN_MBR: [(u8, &str); 4] =
    [(0x82, "Linux swap"), (0x83, "Linux"), (0x8e, "Linux LVM"), (0xfd, "Linux RAID")];
const SEEN_GPT: [(Guid, &str); 5] = [
    (Guid::from_u128(0xebd0a0a2_b9e5_4433_87c0_68b6b72699c7), "basic data"),
    (Guid::from_u128(0xde94bba4_06d1_4d40_a16a_bfd50179d6ac), "Windows recovery"),
    (Guid::from_u128(0xc12a7328_f81f_11d2_ba4b_00a0c93ec93b), "EFI system"),
    (Guid::from_u128(0xe3c9e316_0b5c_4db8_817d_f92df00215ae), "Microsoft reserved"),
    (Guid::from_u128(0x0fc63daf_8483_4772_8e79_3d69d8477de4), "Linux filesystem"),
];

/// ` (Linux)`.
fn of_mbr(kind: u8) -> String {
    let hidden = HIDDEN.contains(&kind).then_some("hidden");
    let seen = SEEN_MBR.iter().find(|(of, _)| *of == kind).map(|(_, name)| *name);
    hidden.or(seen).map_or_else(String::new, |name| format!(" ({name})"))
}

fn of_gpt(kind: Guid) -> String {
    let seen = SEEN_GPT.iter().find(|(of, _)| *of == kind);
    seen.map_or_else(|| kind.to_string(), |(_, name)| (*name).to_owned())
}

/// All of them.
pub(in crate::diagnosis) fn findings(layout: &Layout) -> Vec<Finding> {
    let partitions = layout.partitions_indexed();
    partitions.filter_map(|(volume, partition)| finding(layout, volume, partition)).collect()
}

fn finding(layout: &Layout, volume: VolumeIndex, partition: &Partition) -> Option<Finding> {
    let is_windows = layout.windows.iter().any(|windows| windows.volume == volume);
    let is_needed = is_windows || layout.systems.iter().any(|system| system.volume == volume);
    let number = partition.number;
    // What Windows gives the volume on an MBR disk.
    let right = if layout.volume(volume)?.file_system.is_fat() { "c" } else { "7" };
    let of_mbr_disk = || format!("`sfdisk --part-type DISK {number} {right}` sets the usual type");
    let (severity, message, evidence, advice) = match partition.kind {
        PartitionType::Gpt(kind) if is_windows && !OF_WINDOWS.contains(&kind) => (
            Severity::Note,
            format!("has type {} instead of basic data; Windows may not recognise it", of_gpt(kind)),
            vec![
                format!("its type is {kind}"),
                "the boot manager starts the Windows loader anyway; later stages were not tested".to_owned(),
            ],
            format!("`sgdisk --typecode={number}:0700 DISK` sets the usual type"),
        ),
        PartitionType::Gpt(kind) if is_uefi_system(layout, volume) && !layout.is_esp(volume) => (
            Severity::Note,
            format!("has type {} instead of EFI system; some firmware ignores it", of_gpt(kind)),
            vec![
                format!("its type is {kind}"),
                "OVMF boots from it anyway; other firmware, and programs that look for the partition, may \
                 go by the type"
                    .to_owned(),
            ],
            format!("`sgdisk --typecode={number}:ef00 DISK` sets the usual type"),
        ),
        // What is looked for in it are logical partitions.
        PartitionType::Mbr(kind) if partition.kind.is_extended() => (
            if is_needed { Severity::BlocksBoot } else { Severity::Degrades },
            format!(
                "{} has type {kind:02x} (extended) instead of {right}: Windows does not see the volume in it",
                layout.name(volume)
            ),
            vec!["a volume boot record is where the first extended boot record should be".to_owned()],
            of_mbr_disk(),
        ),
        PartitionType::Mbr(kind) if is_needed && !MBR_OF_WINDOWS.contains(&kind) => (
            Severity::Note,
            format!("has type {kind:02x}{} instead of {right}; Windows may not recognise it", of_mbr(kind)),
            vec![
                "boot code goes by the active flag and the boot manager by the place; later stages \
                 were not tested"
                    .to_owned(),
            ],
            of_mbr_disk(),
        ),
        _ => return None,
    };
    Some(Finding {
        evidence,
        remedy: Remedy::Advice(advice),
        ..Finding::plain(Code::PartitionType, severity, Subject::volume(layout, volume), message)
    })
}

/// Whether UEFI firmware starts from this volume.
fn is_uefi_system(layout: &Layout, volume: VolumeIndex) -> bool {
    let is_it = |system: &SystemVolume| {
        system.volume == volume && system.is_fat && system.firmware() == Firmware::Uefi
    };
    !is_started_by_mbr(layout) && layout.first_system().is_some_and(is_it)
}
