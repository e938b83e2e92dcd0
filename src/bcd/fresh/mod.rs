//! What a new store holds for the Windows of a disk: the objects and elements that bcdboot gives it.
//!
//! Measured on stores of Windows 7 to 11 and on one that bcdboot of Windows 10 made and nobody touched since; what the copies of
//! `BCD-Template` in `\Windows\System32\config` hold is what bcdboot takes, all but the devices and what differs from one
//! Windows to another. Where there is none, our own table has its values.

mod manager;
mod recovery;
mod release;
mod table;
mod template;
mod windows;

pub use recovery::FreshRecovery;
pub use release::Generation;
pub use release::Release;
pub use template::Template;
pub use windows::FreshWindows;

use crate::bcd::create;
use crate::bcd::create::NewObject;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::firmware::Firmware;
use crate::bcd::store::ELEMENTS_MAX;
use crate::bcd::store::StoreError;
use crate::hive::build::Access;
use crate::hive::build::Head;
use crate::hive::build::build_with;

use manager::Manager;

/// Value of the description of a store that was written on a machine with UEFI.
pub(in crate::bcd) const FIRMWARE_MODIFIED: &str = "FirmwareModified";

/// A store to be made for the Windows of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshStore<'a> {
    /// How the machine starts.
    pub firmware: Firmware,
    /// The partition of the boot manager.
    pub system: QualifiedPartition,
    /// The Windows that starts by itself. The settings of the store are those of its version.
    pub chosen: FreshWindows<'a>,
    /// All others, in the order of the menu.
    pub others: Vec<FreshWindows<'a>>,
}

/// What the base block of a new store says of its making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// FILETIME: 100 ns since 1601, UTC.
    pub last_written: u64,
    /// The highest sequence number in the logs beside the store, 0 without any: the new one is above it, so that no log of the store
    /// that was there is taken for one of this.
    pub sequence_above: u32,
}

impl Stamp {
    /// The head of a store that has this path.
    ///
    /// # Errors
    ///
    /// When there is no number above the given one.
    pub(in crate::bcd) fn head(self, path: &str) -> Result<Head<'_>, StoreError> {
        let above = self.sequence_above;
        let sequence = above.checked_add(1).ok_or(StoreError::Sequence { above })?;
        Ok(Head { last_written: self.last_written, sequence, path, access: Access::OfBcdboot })
    }
}

impl FreshStore<'_> {
    /// The objects of the store.
    #[must_use]
    pub fn objects(&self) -> Vec<NewObject> {
        let entries: Vec<_> = self.all().map(|windows| windows.entry).collect();
        let mut objects = self.chosen.settings();
        objects.extend([self.manager().boot_manager(&entries), self.manager().memory_test()]);
        for windows in self.all() {
            objects.extend([windows.resume_object(self.firmware), windows.loader(self.firmware)]);
        }
        let mut recovery: Vec<NewObject> = Vec::new();
        for [entry, options] in self.all().filter_map(|windows| windows.recovery_objects(self.firmware)) {
            // A Windows that was copied has the recovery entry of the one that it was copied from.
            if !recovery.iter().any(|object| object.id == entry.id) {
                recovery.extend([entry, options]);
            }
        }
        objects.extend(recovery);
        objects
    }

    /// The bytes of the store.
    ///
    /// # Errors
    ///
    /// When an id is given twice, a text is none, or a template holds more than a store can.
    pub fn build(&self, stamp: Stamp) -> Result<Vec<u8>, StoreError> {
        let marks: &[&str] = match self.firmware {
            Firmware::Bios => &["System"],
            Firmware::Uefi => &["System", FIRMWARE_MODIFIED],
        };
        hive(&self.objects(), marks, self.firmware.store_path(), stamp)
    }

    /// The objects of the second store that UEFI has, which starts the recovery environment of the chosen Windows; `None` on BIOS.
    #[must_use]
    pub fn recovery_objects(&self) -> Option<Vec<NewObject>> {
        if self.firmware == Firmware::Bios {
            return None;
        }
        let mut objects = self.chosen.settings();
        objects.push(self.manager().of_recovery());
        objects.extend(self.chosen.recovery_objects(self.firmware).into_iter().flatten());
        Some(objects)
    }

    /// The bytes of that store, `\EFI\Microsoft\Recovery\BCD`; `None` on BIOS.
    ///
    /// # Errors
    ///
    /// As [`FreshStore::build`].
    pub fn build_recovery(&self, stamp: Stamp) -> Result<Option<Vec<u8>>, StoreError> {
        let path = r"\Device\HarddiskVolume1\EFI\Microsoft\Recovery\BCD";
        self.recovery_objects().map(|objects| hive(&objects, &[], path, stamp)).transpose()
    }

    const fn manager(&self) -> Manager<'_> {
        Manager { firmware: self.firmware, system: self.system, chosen: &self.chosen }
    }

    fn all(&self) -> impl Iterator<Item = &FreshWindows<'_>> {
        std::iter::once(&self.chosen).chain(&self.others)
    }
}

fn hive(objects: &[NewObject], marks: &[&str], path: &str, stamp: Stamp) -> Result<Vec<u8>, StoreError> {
    let elements = objects.iter().map(|object| object.elements.len()).sum();
    if elements > ELEMENTS_MAX {
        return Err(StoreError::Elements { found: elements });
    }
    Ok(build_with(&create::root(objects, marks)?, &stamp.head(path)?)?)
}

#[cfg(test)]
mod tests;
