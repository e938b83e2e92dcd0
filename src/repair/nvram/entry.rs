//! An entry of the firmware's boot menu, which a repair makes and its undo takes back.

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::bcd::load_option::LoadOption;
use crate::repair::nvram::error::NvramError;
use crate::repair::nvram::variables::ORDER;
use crate::repair::nvram::variables::Variables;
use crate::repair::nvram::variables::variable;

/// An entry that is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmwareEntry {
    /// Its number: `3` for `Boot0003`.
    pub number: u16,
    /// Number of the partition that it names.
    pub partition: u32,
    /// Its value, without the attributes of the variable.
    #[serde(with = "hex_value")]
    pub value: Vec<u8>,
    /// The order of the boot menu before it.
    pub order: Vec<u16>,
}

/// What became of an entry that was to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenBack {
    /// It is removed.
    Removed,
    /// It is another one by now, and stays.
    Other,
    /// It is not there.
    Gone,
}

impl FirmwareEntry {
    /// The name of the firmware's variable.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.number)
    }

    /// Its name in the boot menu.
    #[must_use]
    pub fn name(&self) -> String {
        LoadOption::decode(&self.value).map(|entry| entry.name).unwrap_or_default()
    }

    /// Makes it: the entry, then the order, in which it comes first. What is half made is removed.
    ///
    /// # Errors
    /// [`NvramError`]; the menu is then as it was, as far as the firmware lets it.
    pub fn make(&self, directory: &Path) -> Result<(), NvramError> {
        let variables = Variables::open(directory)?;
        if variables.order()? != self.order {
            return Err(NvramError::Changed(ORDER.to_owned()));
        }
        if variables.entry(self.number)?.is_some() {
            return Err(NvramError::Changed(self.variable()));
        }
        variables.make_entry(self.number, &self.value)?;
        let made = self.is_kept(&variables).and_then(|()| {
            let others = self.order.iter().copied();
            variables.set_order(&[self.number].into_iter().chain(others).collect::<Vec<_>>())
        });
        if made.is_err() {
            let _ = variables.remove_entry(self.number);
        }
        made
    }

    /// Firmware may write the path in its own way, but names the same place.
    fn is_kept(&self, variables: &Variables<'_>) -> Result<(), NvramError> {
        let meaning = |value: &[u8]| {
            let LoadOption { name, hard_drives, mut files, .. } = LoadOption::decode(value).ok()?;
            files.iter_mut().for_each(|file| file.path.make_ascii_lowercase());
            Some((name, hard_drives, files))
        };
        let kept = variables.entry(self.number)?.unwrap_or_default();
        match meaning(&kept) == meaning(&self.value) {
            true => Ok(()),
            false => Err(NvramError::NotKept(self.variable())),
        }
    }

    /// Whether it is there as it was made.
    ///
    /// # Errors
    /// The variables cannot be read.
    pub fn is_there(&self, directory: &Path) -> Result<bool, NvramError> {
        Ok(Variables::open(directory)?.entry(self.number)?.is_some_and(|there| there == self.value))
    }

    /// Takes it back where it is as it was made: from the order first.
    ///
    /// # Errors
    /// The variables cannot be read or written.
    pub fn take_back(&self, directory: &Path) -> Result<TakenBack, NvramError> {
        let variables = Variables::open(directory)?;
        match variables.entry(self.number)? {
            None => return Ok(TakenBack::Gone),
            Some(there) if there != self.value => return Ok(TakenBack::Other),
            Some(_) => {}
        }
        let order = variables.order()?;
        let others: Vec<u16> = order.iter().copied().filter(|number| *number != self.number).collect();
        if others != order {
            variables.set_order(&others)?;
        }
        variables.remove_entry(self.number)?;
        Ok(TakenBack::Removed)
    }
}

/// Bytes as hex.
mod hex_value {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error;

    use crate::bytes;

    pub(super) fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&bytes::hex(value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        bytes::from_hex(&text).ok_or_else(|| D::Error::custom("expected bytes in hex"))
    }
}
