//! System volumes: those that hold a boot manager or a BCD store.

use crate::bcd::Firmware;
use crate::guid::Guid;
use crate::layout::boot_ini;
use crate::layout::boot_ini::BootIniText;
use crate::layout::boot_ini::Target;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::on_disk;
use crate::layout::file_version;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::known::Known;
use crate::layout::obstacle::NotWritable;
use crate::layout::system_file::SystemFile;
use crate::layout::unread::Unread;
use crate::partition::PartitionTable;
use crate::partition::PartitionType;
use crate::partition::TableKind;
use crate::volume::EntryKind;
use crate::volume::Volume;

/// GPT type of an EFI system partition (UEFI Specification, table of defined partition type GUIDs).
const ESP: Guid = Guid::from_u128(0xc12a7328_f81f_11d2_ba4b_00a0c93ec93b);
/// GPT type of a Microsoft reserved partition (Microsoft, `PARTITION_MSFT_RESERVED_GUID`).
const MSR: Guid = Guid::from_u128(0xe3c9e316_0b5c_4db8_817d_f92df00215ae);
/// GPT type of a Windows recovery partition (Microsoft, `PARTITION_MSFT_RECOVERY_GUID`).
const RECOVERY: Guid = Guid::from_u128(0xde94bba4_06d1_4d40_a16a_bfd50179d6ac);

/// A volume from which the firmware can start Windows, or which at least holds a store.
#[derive(Debug, Clone)]
pub struct SystemVolume {
    /// Index of the volume in the layout.
    pub volume: VolumeIndex,
    /// The MBR boot flag of its partition. That of a hybrid MBR makes no volume a BIOS's that UEFI starts too.
    pub active: bool,
    /// Its file system is FAT, which UEFI firmware reads.
    pub is_fat: bool,
    /// Of files for both kinds of firmware those for BIOS count: UEFI firmware does not come to this volume of an MBR disk.
    pub is_left_to_bios: bool,
    /// `\bootmgr` is there.
    pub bios_boot_manager: bool,
    /// `\EFI\Microsoft\Boot\bootmgfw.efi` is there.
    pub uefi_boot_manager: bool,
    /// Boot managers that have 0 bytes, which count as not there.
    pub empty: Vec<SystemFile>,
    /// Loaders where firmware looks that has no entry for this disk: `\EFI\Boot\bootx64.efi` and its like.
    pub fallbacks: Vec<SystemFile>,
    /// That loader carries a version, as Windows' boot manager does and GRUB or shim do not, and the boot manager itself is missing.
    pub fallback_has_version: bool,
    /// Where that loader is, when it is not Windows'. A file as long as the boot manager beside it is taken for its copy, and not read.
    pub foreign_fallback: Option<SystemFile>,
    /// The stores on it.
    pub stores: Vec<SystemFile>,
    /// `\ntldr`, where it is there.
    pub ntldr: Option<Ntldr>,
}

/// The loader of NT 5.x (Windows 2000, XP, 2003).
#[derive(Debug, Clone)]
pub struct Ntldr {
    /// The `\boot.ini` beside it.
    pub boot_ini: Known<BootIniText>,
    /// Where the bytes of `\boot.ini` lie on the disk, or why they have no place that may be overwritten: most lie in their record of the
    /// file system.
    pub place: Result<Vec<DiskExtent>, Cause>,
    /// Why the volume must not be written now (a dirty file system).
    pub obstacles: Vec<NotWritable>,
    /// Whether `\NTDETECT.COM` is beside it.
    pub detect: Known<()>,
    /// Whether `\ntbootdd.sys` is beside it.
    pub scsi_driver: Known<()>,
    /// The file from which `boot.ini` starts a boot sector by itself, and whether it is there.
    pub boot_sector: Option<(String, Known<()>)>,
}

impl SystemVolume {
    /// How the machine starts from this volume, as far as its files tell; `None` for a bare NTLDR volume's BIOS.
    #[must_use]
    pub fn firmware(&self) -> Firmware {
        let bios =
            self.bios_boot_manager || self.ntldr.is_some() || self.stores.contains(&SystemFile::BiosStore);
        match self.is_for_uefi() && !(bios && (self.active || self.is_left_to_bios)) {
            true => Firmware::Uefi,
            false => Firmware::Bios,
        }
    }

    /// Whether this boot manager is there, of 0 bytes.
    #[must_use]
    pub fn is_empty(&self, file: SystemFile) -> bool {
        self.empty.contains(&file)
    }

    /// Whether files of Windows' for UEFI are on it.
    #[must_use]
    pub fn is_for_uefi(&self) -> bool {
        self.uefi_boot_manager || self.stores.iter().any(|store| store.firmware() == Firmware::Uefi)
    }

    /// Whether Windows' boot manager is where firmware looks that has no entry for this disk.
    #[must_use]
    pub const fn has_fallback(&self) -> bool {
        !self.fallbacks.is_empty() && self.foreign_fallback.is_none()
    }

    /// `\boot.ini`, where that is beside an NT 5.x loader and can be read.
    #[must_use]
    pub fn boot_ini(&self) -> Option<&BootIniText> {
        self.ntldr.as_ref()?.boot_ini.yes()
    }

    /// Whether only an NT 5.x loader (Windows 2000, XP, 2003) is here: no store to patch.
    #[must_use]
    pub fn is_ntldr_only(&self) -> bool {
        self.ntldr.is_some() && !self.bios_boot_manager && self.stores.is_empty()
    }
}

/// Finds the system volumes, in the order of the table; and of each volume what could not be looked for on it.
#[must_use]
pub fn find(
    volumes: &[Option<&Volume<'_>>],
    table: &PartitionTable,
) -> (Vec<SystemVolume>, Vec<Vec<Unread>>) {
    let (mut systems, mut unread) = (Vec::new(), Vec::new());
    for (index, volume) in VolumeIndex::each(volumes) {
        let mut errors = Vec::new();
        systems.extend(volume.and_then(|volume| examine(volume, index, table, &mut errors)));
        unread.push(errors);
    }
    (systems, unread)
}

fn examine(
    volume: &Volume<'_>,
    index: VolumeIndex,
    table: &PartitionTable,
    unread: &mut Vec<Unread>,
) -> Option<SystemVolume> {
    let mut look = |file: SystemFile| {
        let found = volume.find(file.path()).unwrap_or_else(|error| {
            unread.push(Unread { file, cause: error.into() });
            None
        });
        found.map(|entry| entry.kind)
    };
    let stores: Vec<_> = SystemFile::STORES.into_iter().filter(|store| is_file(look(*store))).collect();
    let bios = look(SystemFile::BiosBootManager);
    let bios_boot_manager = is_program(bios);
    let uefi = look(SystemFile::UefiBootManager);
    let manager = uefi.filter(|kind| is_program(Some(*kind)));
    let uefi_boot_manager = manager.is_some();
    let ntldr = is_file(look(SystemFile::Ntldr)).then(|| ntldr(volume, index, table));
    let fallbacks: Vec<(SystemFile, EntryKind)> = SystemFile::FALLBACK
        .into_iter()
        .filter_map(|file| Some((file, look(file).filter(|kind| is_program(Some(*kind)))?)))
        .collect();
    let fallback = fallbacks.first().copied();
    let is_for_both = table.kind == TableKind::Gpt
        && (uefi_boot_manager || stores.iter().any(|store| store.firmware() == Firmware::Uefi));
    let is_of_windows =
        |file: SystemFile, kind: EntryKind| manager == Some(kind) || has_version(volume, file.path());
    let counts = bios_boot_manager || uefi_boot_manager || ntldr.is_some() || !stores.is_empty();
    if !counts {
        return None;
    }
    let foreign_fallback = fallback.filter(|(file, kind)| !is_of_windows(*file, *kind)).map(|(file, _)| file);
    Some(SystemVolume {
        volume: index,
        is_fat: volume.file_system().is_fat(),
        is_left_to_bios: false,
        active: index.of(&table.partitions).is_some_and(|partition| partition.active) && !is_for_both,
        bios_boot_manager,
        uefi_boot_manager,
        empty: [(bios, SystemFile::BiosBootManager), (uefi, SystemFile::UefiBootManager)]
            .into_iter()
            .filter_map(|(kind, file)| (kind == Some(EntryKind::File { len: 0 })).then_some(file))
            .collect(),
        fallbacks: fallbacks.into_iter().map(|(file, _)| file).collect(),
        fallback_has_version: !uefi_boot_manager && fallback.is_some() && foreign_fallback.is_none(),
        foreign_fallback,
        stores,
        ntldr,
    })
}

fn is_file(kind: Option<EntryKind>) -> bool {
    matches!(kind, Some(EntryKind::File { .. }))
}

/// A program of no bytes is none.
pub(super) fn is_program(kind: Option<EntryKind>) -> bool {
    matches!(kind, Some(EntryKind::File { len }) if len > 0)
}

/// Whether a program carries a version, as those of Windows do.
pub(super) fn has_version(volume: &Volume<'_>, path: &str) -> bool {
    let Ok(Some(file)) = volume.open_file(path) else { return false };
    file_version::read(file.len(), &|at, len| file.read_at(at, len).ok()).is_ok()
}

/// What is beside the loader of NT 5.x.
fn ntldr(volume: &Volume<'_>, index: VolumeIndex, table: &PartitionTable) -> Ntldr {
    let look = |file: SystemFile| Known::of_file(volume.find(file.path()));
    let text = |bytes: Vec<u8>| BootIniText::decode(&bytes);
    let boot_ini = Known::from(volume.read(boot_ini::PATH, boot_ini::LEN_MAX).map(|found| found.map(text)));
    let boot_sector = boot_ini.yes().and_then(|text| boot_sector(volume, text));
    let start = index.of(&table.partitions).map_or(0, |partition| partition.start);
    let place = match volume.extents(boot_ini::PATH) {
        Ok(Some(file)) => on_disk(start, &file.extents),
        Ok(None) => Err(Cause::Gone),
        Err(refusal) => Err(refusal.into()),
    };
    Ntldr {
        boot_ini,
        place,
        obstacles: NotWritable::of(volume),
        boot_sector,
        detect: look(SystemFile::Ntdetect),
        scsi_driver: look(SystemFile::ScsiDriver),
    }
}

/// The file of a boot sector that starts by itself; `C:` is this volume, and `C:\` alone its own boot sector.
fn boot_sector(volume: &Volume<'_>, text: &BootIniText) -> Option<(String, Known<()>)> {
    let parsed = text.parse();
    let Some(Target::BootSector(path)) = parsed.default_target() else { return None };
    let path = path.strip_prefix(['C', 'c'])?.strip_prefix(':')?.trim();
    let is_path = path.starts_with('\\') && path.len() > 1;
    let found = volume.find(Some(path).filter(|_| is_path)?);
    let found = found.map(|found| found.filter(|entry| is_program(Some(entry.kind))).map(|_| ()));
    Some((path.to_owned(), Known::from(found)))
}

/// Whether a type code says "EFI system partition".
#[must_use]
pub fn is_esp_type(kind: PartitionType) -> bool {
    matches!(kind, PartitionType::Mbr(0xef)) || kind == PartitionType::Gpt(ESP)
}

/// Whether a type code says "Windows recovery".
#[must_use]
pub fn is_recovery_type(kind: PartitionType) -> bool {
    matches!(kind, PartitionType::Mbr(0x27)) || kind == PartitionType::Gpt(RECOVERY)
}

/// Whether a type code says "Microsoft reserved".
#[must_use]
pub fn is_reserved_type(kind: PartitionType) -> bool {
    kind == PartitionType::Gpt(MSR)
}
