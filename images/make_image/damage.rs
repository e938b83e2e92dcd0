//! The damages by name: what each stands for, and which function makes it.

use anyhow::Result;
use anyhow::ensure;
use bcdrescue::partition::TableKind;

use crate::bitlocker;
use crate::boot_code;
use crate::boot_start;
use crate::disk::Disk;
use crate::esp;
use crate::files;
use crate::foreign;
use crate::generalized;
use crate::hibernated;
use crate::identity;
use crate::identity::Extent;
use crate::loader;
use crate::protective;
use crate::stores;
use crate::system_reserved;
use crate::table;
use crate::target::Target;

/// A damage.
pub(crate) struct Damage {
    /// Its name in recipes.
    pub(crate) name: &'static str,
    /// What it stands for.
    pub(crate) about: &'static str,
    /// Whether it gives the disk another identity.
    pub(crate) gives_identity: bool,
    /// Makes it.
    pub(crate) make: fn(&mut Disk, &Target<'_>) -> Result<()>,
}

const fn damage(
    name: &'static str,
    about: &'static str,
    make: fn(&mut Disk, &Target<'_>) -> Result<()>,
) -> Damage {
    Damage { name, about, gives_identity: false, make }
}

const fn identity(
    name: &'static str,
    about: &'static str,
    make: fn(&mut Disk, &Target<'_>) -> Result<()>,
) -> Damage {
    Damage { name, about, gives_identity: true, make }
}

/// All of them.
pub(crate) static DAMAGES: [Damage; 35] = [
    identity(
        "signature-changed",
        "a different MBR signature or GPT disk GUID; the store still refers to the old one",
        signature_changed,
    ),
    identity("guids-changed", "GPT: other GUIDs of the disk and of all partitions", guids_changed),
    damage("not-active", "MBR: no partition is active", boot_start::not_active),
    damage("two-active", "MBR: two primary partitions are active", boot_start::two_active),
    damage(
        "hidden-sectors-wrong",
        "MBR: the boot record of the system volume has the wrong start sector",
        boot_start::hidden_sectors_wrong,
    ),
    damage(
        "no-boot-code",
        "MBR: the code of the MBR and of the system volume's boot record is zeros",
        boot_code::missing,
    ),
    damage("protective-mbr-missing", "GPT: LBA 0 holds zeros", protective::missing),
    damage("protective-mbr-moved", "GPT: the protective entry begins at sector 63", protective::moved),
    damage(
        "mbr-over-gpt",
        "GPT: an MBR of one entry of type 07 in place of the protective one",
        protective::mbr_over_gpt,
    ),
    damage("system-logical", "MBR: the system volume is a logical partition", table::system_logical),
    damage("esp-type", "GPT: the EFI system partition has the type of basic data", table::esp_type),
    damage("windows-type", "the partition of Windows has the type of Linux", table::windows_type),
    damage("esp-ntfs", "GPT: the one EFI system partition is an NTFS volume", table::esp_ntfs),
    damage("esp-empty", "GPT: the EFI system partition was formatted anew", esp::empty),
    damage("esp-foreign", "GPT: the EFI system partition has the loaders of a Linux alone", esp::foreign),
    damage("esp-unformatted", "GPT: the EFI system partition holds zeros", esp::unformatted),
    damage(
        "system-reserved-empty",
        "MBR: System Reserved has no file and no boot code, and no partition is active",
        system_reserved::empty,
    ),
    damage(
        "windows-only",
        "MBR: one partition, not active, with Windows and neither boot files nor boot code",
        system_reserved::windows_only,
    ),
    damage(
        "boot-manager-missing",
        "bootmgr, bootmgfw.efi with bootx64.efi, or ntldr has another name",
        files::boot_manager,
    ),
    damage("loader-missing", "winload.exe or winload.efi has another name", files::loader),
    damage("ntdetect-missing", "NTLDR: NTDETECT.COM has another name", files::ntdetect),
    damage("boot-ini-missing", "NTLDR: boot.ini has another name", files::boot_ini),
    damage("hal-missing", "NTLDR: hal.dll has another name", files::hal),
    damage(
        "setup-medium-store",
        "the store is that of a setup medium: its entry is a RAM disk that is not there",
        stores::setup_medium,
    ),
    damage("loader-zeros", "winload.exe or winload.efi has its length and holds zeros", loader::zeros),
    damage("no-store", "the store and its logs are gone", stores::missing),
    damage("noise-store", "the store has its length and holds noise", stores::noise),
    damage("store-not-a-hive", "the store has its length and holds zeros", stores::not_a_hive),
    damage("store-dirty", "the store's last write was cut short, and no log makes it whole", stores::dirty),
    damage("hibernated", "Windows sleeps, or was shut down with fast startup", hibernated::hibernated),
    damage("generalized", "the store names no disk, only boot and locate", generalized::generalized),
    damage(
        "bitlocker",
        "the Windows volume is encrypted, as far as its first sector says",
        bitlocker::bitlocker,
    ),
    damage(
        "veracrypt",
        "MBR: the Windows volume looks encrypted, and VeraCrypt's loader starts the disk",
        foreign::veracrypt,
    ),
    damage("ext4", "a Linux took the Windows volume, as far as its superblock says", foreign::ext4),
    damage("raid-member", "MBR: the disk is a member of an array of Intel's firmware", foreign::raid_member),
];

/// The damage of this name.
pub(crate) fn find(name: &str) -> Option<&'static Damage> {
    DAMAGES.iter().find(|damage| damage.name == name)
}

/// The disk was attached beside its own copy, restored from an image, or signed anew by a tool: the signature of its MBR or
/// the GUID of its GPT is a different one; the store still refers to the old one.
fn signature_changed(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    identity::change(disk, target.new_identity, Extent::Disk)
}

/// The disk was cloned by a tool that gives every GUID anew (`sgdisk -G`).
fn guids_changed(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    ensure!(target.layout.table.kind == TableKind::Gpt, "this is a damage to disks with a GPT");
    identity::change(disk, target.new_identity, Extent::DiskAndPartitions)
}
