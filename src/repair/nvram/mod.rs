//! The firmware's own boot menu: the entry of Windows' boot manager is made, and taken back.
//!
//! It lies in the memory of the machine, not on the disk; Linux shows it as the files of efivarfs.

mod entry;
mod error;
mod variables;

use std::path::Path;

use crate::bcd::Firmware;
use crate::bcd::load_option;
use crate::bcd::load_option::LoadOption;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::nvram::place::node_of;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::nvram::variables::Variables;

pub use entry::FirmwareEntry;
pub use entry::TakenBack;
pub use error::NvramError;
pub use variables::EFIVARS;

/// What there is to do for an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryPlan {
    /// The entry that is to be made.
    Make(FirmwareEntry),
    /// One starts the boot manager of this partition already; its number.
    There(u16),
}

/// What there is to do for the entry of the disk's boot manager, as the disk will be; the variables are in `directory`.
///
/// # Errors
/// [`NvramError`].
pub fn plan(directory: &Path, layout: &Layout, diagnosis: &Diagnosis) -> Result<EntryPlan, NvramError> {
    let variables = Variables::open(directory)?;
    let volume = system(layout, diagnosis)?;
    let name = layout.name(volume);
    let partition = node_of(layout, volume).filter(|it| it.number != 0);
    let partition = partition.ok_or(NvramError::NoIdentity(name))?;
    let order = variables.order()?;
    let numbers = variables.numbers()?;
    for number in &numbers {
        let value = variables.entry(*number)?.unwrap_or_default();
        // What is not understood is not Windows'.
        if LoadOption::decode(&value).is_ok_and(|entry| entry.starts_windows(&partition)) {
            return Ok(EntryPlan::There(*number));
        }
    }
    // A number that only stands in the order may come back to life.
    let free = (0..=u16::MAX).find(|number| !numbers.contains(number) && !order.contains(number));
    Ok(EntryPlan::Make(FirmwareEntry {
        number: free.ok_or(NvramError::NoNumber)?,
        partition: partition.number,
        value: load_option::windows(&partition),
        order,
    }))
}

/// The system volume from which UEFI firmware starts Windows' boot manager, as it will be.
fn system(layout: &Layout, diagnosis: &Diagnosis) -> Result<VolumeIndex, NvramError> {
    let has_manager =
        |volume| layout.systems.iter().any(|system| system.volume == volume && system.uefi_boot_manager);
    if let Some(rebuild) = diagnosis.rebuild() {
        return match rebuild.firmware {
            Firmware::Bios => Err(NvramError::Bios),
            Firmware::Uefi if rebuild.parts.files || has_manager(rebuild.system) => Ok(rebuild.system),
            Firmware::Uefi => Err(NvramError::NoManager(layout.name(rebuild.system))),
        };
    }
    let with_manager = layout.systems.iter().filter(|system| system.uefi_boot_manager);
    let mut volumes = with_manager.map(|system| system.volume);
    match (volumes.next(), volumes.next(), layout.first_system()) {
        (Some(only), None, _) => Ok(only),
        (Some(_), Some(_), Some(system)) if has_manager(system.volume) => Ok(system.volume),
        (_, _, Some(system)) if system.firmware() == Firmware::Bios => Err(NvramError::Bios),
        (_, _, Some(system)) => Err(NvramError::NoManager(layout.name(system.volume))),
        (_, _, None) => Err(NvramError::Bios),
    }
}

#[cfg(test)]
mod tests;
