//! Damage to the store itself.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::device::Device;
use bcdrescue::bcd::device::DeviceElement;
use bcdrescue::bcd::element::ElementId;
use bcdrescue::bcd::element::ElementValue;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::bytes::le_u32;
use bcdrescue::guid::Guid;
use bcdrescue::layout::Firmware;
use bcdrescue::storage::Storage;

use crate::disk::Disk;
use crate::fat;
use crate::field::put;
use crate::noise;
use crate::ntfs::Ntfs;
use crate::place::extents;
use crate::place::overwrite;
use crate::place::store;
use crate::target::Target;

/// Fields of a hive's base block (M. Suhanov, "Windows registry file format specification"): the two sequence numbers, and
/// behind the first 508 bytes the sum of them.
const PRIMARY_SEQUENCE: usize = 0x04;
const CHECKSUM: usize = 0x1fc;
/// The entry and the options of its RAM disk that setup media have.
const SETUP_ENTRY: Guid = Guid::from_u128(0x7619_dcc9_fafe_11d9_b411_0004_76eb_a25f);
const SETUP_OPTIONS: Guid = Guid::from_u128(0x7619_dcc8_fafe_11d9_b411_0004_76eb_a25f);
/// 2010-01-08 12:00:00 UTC.
const LAST_WRITTEN: u64 = 129_073_824_000_000_000;
/// Bytes of the base block that are looked at: one sector.
const HEAD: usize = 512;

/// The file is there, has its length, and holds zeros: the power was cut when NTFS had noted the file and not yet its bytes.
pub(crate) fn not_a_hive(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    for extent in extents(store(target.layout)?)? {
        disk.put(extent.disk_offset, &vec![0; usize::try_from(extent.len)?])?;
    }
    Ok(())
}

/// The store and its logs were deleted, by a cleaning tool or by a hand that meant to make it anew.
pub(crate) fn missing(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let file = store(target.layout)?;
    let partition = target.layout.partition(file.volume).context("the store is on no partition")?;
    let (folder, name) = file.path.rsplit_once('\\').context("a store without a folder")?;
    let log = format!("{name}.LOG").to_ascii_uppercase();
    let is_one =
        |other: &str| other.eq_ignore_ascii_case(name) || other.to_ascii_uppercase().starts_with(&log);
    match file.firmware {
        Firmware::Bios => Ntfs::open(disk, partition)?.remove(folder, is_one),
        Firmware::Uefi => fat::remove(disk, partition, folder, is_one),
    }
}

/// The file is there and has its length; its bytes are those of another, as after a repair of the file system.
pub(crate) fn noise(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let file = store(target.layout)?;
    let len: u64 = extents(file)?.iter().map(|extent| extent.len).sum();
    overwrite(disk, file, &noise::noise(usize::try_from(len)?))
}

/// The store of a setup medium was copied over that of Windows: its only entry is a RAM disk, whose file is not there.
pub(crate) fn setup_medium(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let file = store(target.layout)?;
    let len: u64 = extents(file)?.iter().map(|extent| extent.len).sum();
    let mut bytes = NewStore {
        objects: of_setup(file.firmware),
        last_written: LAST_WRITTEN,
        firmware_modified: file.firmware == Firmware::Uefi,
    }
    .build()?;
    let len = usize::try_from(len)?;
    ensure!(bytes.len() <= len, "the store of {len} bytes is too short for that of a setup medium");
    bytes.resize(len, 0);
    overwrite(disk, file, &bytes)
}

/// {bootmgr}, {default} and {ramdiskoptions}, as setup media have them.
fn of_setup(firmware: Firmware) -> Vec<NewObject> {
    let text = |text: &str| ElementValue::String(text.to_owned());
    let device = |options: Guid, device: Device| ElementValue::Device(DeviceElement { options, device });
    let boot = || ElementValue::Device(DeviceElement::plain(Device::Boot));
    let loader = match firmware {
        Firmware::Bios => r"\windows\system32\boot\winload.exe",
        Firmware::Uefi => r"\windows\system32\boot\winload.efi",
    };
    let image = || {
        let (parent, path) = (Box::new(Device::Boot), r"\sources\boot.wim".to_owned());
        device(SETUP_OPTIONS, Device::Ramdisk { base: 0, size: 0, offset: 0, parent, path })
    };
    vec![
        NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
            .with(ElementId::DEVICE, boot())
            .with(ElementId::DESCRIPTION, text("Windows Boot Manager"))
            .with(ElementId::DEFAULT, ElementValue::Object(SETUP_ENTRY))
            .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![SETUP_ENTRY])),
        NewObject::new(SETUP_ENTRY, ObjectType::OS_LOADER)
            .with(ElementId::DEVICE, image())
            .with(ElementId::PATH, text(loader))
            .with(ElementId::DESCRIPTION, text("Windows Setup"))
            .with(ElementId::OS_DEVICE, image())
            .with(ElementId::SYSTEM_ROOT, text(r"\windows"))
            .with(ElementId::WINPE, ElementValue::Boolean(true)),
        NewObject::new(SETUP_OPTIONS, ObjectType::DEVICE)
            .with(ElementId::RAMDISK_SDI_DEVICE, boot())
            .with(ElementId::RAMDISK_SDI_PATH, text(r"\boot\boot.sdi")),
    ]
}

/// The first sequence number is ahead of the second: the power was cut while Windows wrote to the store. The logs beside the
/// store are placeholders, so that nobody can tell what was lost.
pub(crate) fn dirty(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let first = extents(store(target.layout)?)?.first().context("an empty store")?;
    let mut head = disk.read_vec(first.disk_offset, HEAD)?;
    let sequence = le_u32(&head, PRIMARY_SEQUENCE).context("a store that is cut short")?;
    put(&mut head, PRIMARY_SEQUENCE, &sequence.wrapping_add(1).to_le_bytes())?;
    let words = (0..CHECKSUM).step_by(4).filter_map(|at| le_u32(&head, at));
    let sum = words.fold(0, |sum, word| sum ^ word);
    put(&mut head, CHECKSUM, &sum.to_le_bytes())?;
    Ok(disk.put(first.disk_offset, &head)?)
}
