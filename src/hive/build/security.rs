//! Who may do what with the keys of a hive that is made: one security descriptor for all keys, or one for the root alone.

use crate::hive::build::bins::Bins;
use crate::hive::build::bins::offset;
use crate::hive::error::HiveError;

/// Access rights ([MS-DTYP] 2.4.3 and [MS-RRP] 2.2.3): all that there are for a key; `KEY_READ`, `READ_CONTROL` and `WRITE_DAC`.
const ALL: u32 = 0xf_003f;
const TO_READ: u32 = 0x6_0019;
/// Keys that come to be below inherit the right.
const CONTAINER_INHERIT: u8 = 2;
/// S-1-5-32-544 and S-1-5-18.
const ADMINISTRATORS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 0x02, 0, 0];
const SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0];

/// Who may do what with the keys of a hive. SYSTEM may do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Administrators may do everything too, with keys that come later as well.
    Full,
    /// Administrators may do everything with the root, and read what is below it: as in stores that bcdboot made.
    OfBcdboot,
}

/// The cells of security descriptors.
#[derive(Clone, Copy)]
pub(super) struct Security {
    /// That of the root.
    pub(super) root: u32,
    /// That of all keys below it.
    pub(super) below: u32,
}

/// Writes the descriptors, which stand in a ring; `keys` is the number of all keys.
pub(super) fn security(bins: &mut Bins, keys: u32, access: Access) -> Result<Security, HiveError> {
    match access {
        Access::Full => {
            let descriptor = descriptor(CONTAINER_INHERIT, ALL);
            let cell = bins.reserve(record_size(&descriptor))?;
            let at = offset(cell)?;
            bins.fill(cell, &record(at, keys, &descriptor));
            Ok(Security { root: at, below: at })
        }
        Access::OfBcdboot => {
            let (of_root, of_others) = (descriptor(0, ALL), descriptor(0, TO_READ));
            let root = bins.reserve(record_size(&of_root))?;
            let below = bins.reserve(record_size(&of_others))?;
            let security = Security { root: offset(root)?, below: offset(below)? };
            bins.fill(root, &record(security.below, 1, &of_root));
            bins.fill(below, &record(security.root, keys.saturating_sub(1), &of_others));
            Ok(security)
        }
    }
}

/// A self-relative descriptor ([MS-DTYP] 2.4.6): owner Administrators, group SYSTEM, these rights for Administrators and all for SYSTEM.
fn descriptor(flags: u8, of_administrators: u32) -> Vec<u8> {
    let mut bytes = vec![0x01, 0x00, 0x04, 0x80, 0x48, 0, 0, 0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0];
    // The access list, of two entries.
    bytes.extend([0x02, 0x00, 0x34, 0x00, 0x02, 0x00, 0x00, 0x00]);
    for (size, rights, who) in [(0x18, of_administrators, &ADMINISTRATORS[..]), (0x14, ALL, &SYSTEM[..])] {
        bytes.extend([0x00, flags, size, 0x00]);
        bytes.extend(rights.to_le_bytes());
        bytes.extend(who);
    }
    bytes.extend(ADMINISTRATORS);
    bytes.extend(SYSTEM);
    bytes
}

const fn record_size(descriptor: &[u8]) -> usize {
    descriptor.len().saturating_add(0x14)
}

/// The record of a descriptor; in a ring of two, both neighbours are the `other`, and in a ring of one it is its own.
fn record(other: u32, keys: u32, descriptor: &[u8]) -> Vec<u8> {
    let length = u32::try_from(descriptor.len()).unwrap_or(0);
    let mut record = b"sk\0\0".to_vec();
    for number in [other, other, keys, length] {
        record.extend(number.to_le_bytes());
    }
    record.extend(descriptor);
    record
}
