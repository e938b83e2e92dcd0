//! A store that names no disk, as an image has it that is meant to be copied: the boot manager's own volume is `boot`, others are
//! found by the file that the entry names (`locate`).
//!
//! No element becomes longer by that, so that the store is changed in place: the value's bytes, and how many they are.
//!
//! Source: M. Suhanov, "Windows registry file format specification", "Key value".

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::bcd::device::Device;
use bcdrescue::bcd::device::DeviceElement;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bcd::element::Element;
use bcdrescue::bcd::element::ElementId;
use bcdrescue::bcd::element::ElementValue;
use bcdrescue::bcd::object::Object;
use bcdrescue::bytes::le_u32;
use bcdrescue::diagnosis::identity_of;
use bcdrescue::layout::Layout;
use bcdrescue::layout::index::VolumeIndex;
use bcdrescue::layout::store::StoreFile;

use crate::disk::Disk;
use crate::field::put;
use crate::place::overwrite;
use crate::target::Target;

/// Where the bins of a hive begin in its file; offsets of cells are counted from there.
const BINS: usize = 0x1000;
/// Bytes of a cell before its content.
const CELL_HEAD: usize = 4;
/// Fields of a key value: the size of its data, and the cell that has them.
const DATA_SIZE: usize = 0x04;
const DATA_CELL: usize = 0x08;

/// The image was generalized before it was copied.
pub(crate) fn generalized(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let live: Vec<&StoreFile> = target.layout.stores.iter().filter(|store| store.live).collect();
    ensure!(!live.is_empty(), "this Windows has no BCD store");
    for store in live {
        let bytes = general(target.layout, store).with_context(|| store.path.clone())?;
        overwrite(disk, store, &bytes)?;
    }
    Ok(())
}

/// The bytes of the store without an identity.
fn general(layout: &Layout, file: &StoreFile) -> Result<Vec<u8>> {
    let mut bytes = file.on_disk().context("it cannot be read")?.to_vec();
    let store = file.parsed().context("it cannot be read")?;
    for object in store.objects() {
        for element in &object.elements {
            let ElementValue::Device(DeviceElement { options, device }) = &element.value else { continue };
            let finder = Finder { layout, system: file.volume, object, element };
            let new = DeviceElement { options: *options, device: finder.general(device)? };
            if new.device != *device {
                replace(&mut bytes, element, &new.encode())?;
            }
        }
    }
    Ok(bytes)
}

/// What is known of an element.
struct Finder<'a> {
    layout: &'a Layout,
    /// The volume of the store, from which the boot manager starts.
    system: VolumeIndex,
    object: &'a Object,
    element: &'a Element,
}

impl Finder<'_> {
    fn general(&self, device: &Device) -> Result<Device> {
        Ok(match device {
            Device::Partition(named) => self.partition(named)?,
            Device::Ramdisk { base, size, offset, parent, path } => Device::Ramdisk {
                base: *base,
                size: *size,
                offset: *offset,
                parent: Box::new(self.general(parent)?),
                path: path.clone(),
            },
            other => other.clone(),
        })
    }

    fn partition(&self, named: &QualifiedPartition) -> Result<Device> {
        let is_named = |volume: &VolumeIndex| identity_of(self.layout, *volume).as_ref() == Some(named);
        let volume = self.layout.volume_indices().find(is_named).context("it names another disk")?;
        if volume == self.system {
            return Ok(Device::Boot);
        }
        // What is found by a file of the entry has to be where that file is.
        ensure!(
            self.layout.windows.iter().any(|windows| windows.volume == volume),
            "its recovery environment is on a partition of its own, which only an identity names in so few bytes"
        );
        let path = match self.element.id {
            Some(ElementId::DEVICE) => ElementId::PATH,
            Some(ElementId::RAMDISK_SDI_DEVICE) => ElementId::RAMDISK_SDI_PATH,
            // Of a resume entry the file that it resumes from, which is on the same volume: the id is the same.
            _ => ElementId::SYSTEM_ROOT,
        };
        ensure!(
            self.object.elements.iter().any(|element| element.id == Some(path)),
            "element {} of {} has no file that it could be found by",
            self.element.key,
            self.object.name()
        );
        Ok(Device::Locate { mode: 0, element: path.0, path: String::new(), parent: None })
    }
}

/// Puts shorter data in the place of an element's.
fn replace(bytes: &mut [u8], element: &Element, new: &[u8]) -> Result<()> {
    ensure!(new.len() <= element.raw.len(), "element {} would become longer", element.key);
    let cell = element.at.checked_sub(BINS + CELL_HEAD).context("data before the bins")?;
    let (cell, size) = (u32::try_from(cell)?, u32::try_from(element.raw.len())?);
    let is_its = |at: &usize| {
        bytes.get(*at..*at + 2) == Some(b"vk")
            && le_u32(bytes, at + DATA_CELL) == Some(cell)
            && le_u32(bytes, at + DATA_SIZE) == Some(size)
    };
    let value = (BINS..bytes.len()).step_by(4).find(is_its).context("an element without its key value")?;
    put(bytes, element.at, new)?;
    put(bytes, value + DATA_SIZE, &u32::try_from(new.len())?.to_le_bytes())
}
