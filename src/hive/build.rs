//! Building a fresh hive of version 1.3, as Windows writes boot stores.
//!
//! M. Suhanov, "Windows registry file format specification". The result depends on the arguments alone. It is for new
//! stores and test disks; an existing hive is never rebuilt, it is edited in place.

use super::HiveError;
use super::base_block::BASE_BLOCK_SIZE;
use super::base_block::BIN_UNIT;
use super::base_block::BaseBlock;
use super::cell::BIN_HEADER_SIZE;
use super::cell::CELL_HEADER_SIZE;
use super::cell::NO_CELL;
use super::key;
use super::value;
use crate::bytes;

/// The file name that the base block gives: the last 31 characters of a path of the system volume, as Windows keeps it.
const FILE_NAME: &str = r"Device\HarddiskVolume1\Boot\BCD";
/// Subkeys that one list in a bin of 4096 bytes holds; longer lists would need an index of lists.
const SUBKEYS_MAX: usize = 507;
/// Keys below keys, well under what the reader follows.
const DEPTH_MAX: u32 = 32;
/// Flags of a root key: root of a hive, not to be deleted, name in Latin-1.
const ROOT_FLAGS: u16 = 0x0c;

/// Owner Administrators, group SYSTEM, full control for both: a self-relative security descriptor ([MS-DTYP] 2.4.6).
#[rustfmt::skip]
const SECURITY_DESCRIPTOR: [u8; 100] = [
    0x01, 0x00, 0x04, 0x80, 0x48, 0, 0, 0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0,
    // The access list, of two entries.
    0x02, 0x00, 0x34, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x00, 0x02, 0x18, 0x00, 0x3f, 0x00, 0x0f, 0x00, 1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 0x02, 0, 0,
    0x00, 0x02, 0x14, 0x00, 0x3f, 0x00, 0x0f, 0x00, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,
    // Owner S-1-5-32-544, group S-1-5-18.
    1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 0x02, 0, 0,
    1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,
];

/// A key to be written, with all that is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewKey {
    /// Name.
    pub name: String,
    /// Values, kept in this order.
    pub values: Vec<NewValue>,
    /// Subkeys, in any order.
    pub subkeys: Vec<Self>,
}

/// A value to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewValue {
    /// Name; empty for the key's default value.
    pub name: String,
    /// Registry type.
    pub data_type: u32,
    /// Data.
    pub data: Vec<u8>,
}

/// The bytes of a hive that holds `root`; `last_written` is a FILETIME for the hive and all its keys.
///
/// # Errors
///
/// [`HiveError::Unsupported`] for what one list, cell or hive cannot hold, and for two subkeys of one name.
pub fn build(root: &NewKey, last_written: u64) -> Result<Vec<u8>, HiveError> {
    let mut bins = Bins { bytes: Vec::new(), open: Vec::new(), last_written };
    let root_cell = bins.reserve(key_size(root)?)?;
    let security = Security { cell: bins.reserve(security_size())?, keys: count_keys(root, 0)? };
    bins.fill(security.cell, &security.record());
    bins.key(root, root_cell, NO_CELL, security.cell)?;
    let bins = bins.finish();
    let mut hive = base_block(root_cell, bins.len(), last_written)?;
    hive.extend(bins);
    Ok(hive)
}

fn base_block(root_cell: usize, bins_size: usize, last_written: u64) -> Result<Vec<u8>, HiveError> {
    let mut block = vec![0; BASE_BLOCK_SIZE];
    let bins_size = u32::try_from(bins_size).map_err(|_| too_large("hive of 4 GiB or more"))?;
    put(&mut block, 0x00, b"regf");
    for (at, number) in [(0x04, 1), (0x08, 1), (0x14, 1), (0x18, 3), (0x20, 1), (0x28, bins_size), (0x2c, 1)]
    {
        put(&mut block, at, &u32::to_le_bytes(number));
    }
    put(&mut block, 0x0c, &last_written.to_le_bytes());
    put(&mut block, 0x24, &offset(root_cell)?.to_le_bytes());
    put(&mut block, 0x30, &bytes::utf16le(FILE_NAME));
    put(&mut block, 0xa4, b"rmtm");
    let checksum = BaseBlock::checksum(&block).unwrap_or(1);
    put(&mut block, 0x1fc, &checksum.to_le_bytes());
    Ok(block)
}

/// The one security descriptor that all keys share.
struct Security {
    cell: usize,
    keys: u32,
}

const fn security_size() -> usize {
    SECURITY_DESCRIPTOR.len().saturating_add(0x14)
}

impl Security {
    fn record(&self) -> Vec<u8> {
        // Its neighbours in the ring of descriptors are itself.
        let own = offset(self.cell).unwrap_or(NO_CELL);
        let length = u32::try_from(SECURITY_DESCRIPTOR.len()).unwrap_or(0);
        let mut record = b"sk\0\0".to_vec();
        for number in [own, own, self.keys, length] {
            record.extend(number.to_le_bytes());
        }
        record.extend(SECURITY_DESCRIPTOR);
        record
    }
}

/// Bins in the making: the bytes behind the base block.
struct Bins {
    bytes: Vec<u8>,
    /// Free space at the end of each bin: from, to.
    open: Vec<(usize, usize)>,
    last_written: u64,
}

impl Bins {
    /// Reserves a cell whose body has `len` bytes, in the first bin with room; returns its offset.
    fn reserve(&mut self, len: usize) -> Result<usize, HiveError> {
        let size = len.saturating_add(CELL_HEADER_SIZE).next_multiple_of(8);
        let stored = i32::try_from(size).map_err(|_| too_large("value of 2 GiB or more"))?;
        if !self.open.iter().any(|(from, to)| to.saturating_sub(*from) >= size) {
            self.add_bin(size);
        }
        let Some(room) = self.open.iter_mut().find(|(from, to)| to.saturating_sub(*from) >= size) else {
            return Err(too_large("hive of this size"));
        };
        let at = room.0;
        room.0 = at.saturating_add(size);
        put(&mut self.bytes, at, &stored.saturating_neg().to_le_bytes());
        Ok(at)
    }

    fn add_bin(&mut self, cell_size: usize) {
        let at = self.bytes.len();
        let size = cell_size.saturating_add(BIN_HEADER_SIZE).next_multiple_of(BIN_UNIT);
        let end = at.saturating_add(size);
        self.bytes.resize(end, 0);
        put(&mut self.bytes, at, b"hbin");
        put(&mut self.bytes, at.saturating_add(4), &offset(at).unwrap_or(NO_CELL).to_le_bytes());
        put(&mut self.bytes, at.saturating_add(8), &offset(size).unwrap_or(NO_CELL).to_le_bytes());
        if at == 0 {
            put(&mut self.bytes, 0x14, &self.last_written.to_le_bytes());
        }
        self.open.push((at.saturating_add(BIN_HEADER_SIZE), end));
    }

    fn fill(&mut self, cell: usize, body: &[u8]) {
        put(&mut self.bytes, cell.saturating_add(CELL_HEADER_SIZE), body);
    }

    fn add(&mut self, body: &[u8]) -> Result<u32, HiveError> {
        let cell = self.reserve(body.len())?;
        self.fill(cell, body);
        offset(cell)
    }

    /// Writes a key into its reserved cell, and all that is below it.
    fn key(&mut self, key: &NewKey, cell: usize, parent: u32, security: usize) -> Result<(), HiveError> {
        let values = self.values(&key.values)?;
        let subkeys = self.subkeys(&key.subkeys, offset(cell)?, security)?;
        let (name, is_latin1) = name_bytes(&key.name);
        let mut flags = if is_latin1 { key::NAME_IS_LATIN1 } else { 0 };
        if parent == NO_CELL {
            flags |= ROOT_FLAGS;
        }
        let mut node = b"nk".to_vec();
        node.extend(flags.to_le_bytes());
        node.extend(self.last_written.to_le_bytes());
        let value_name = key.values.iter().map(|value| utf16_len(&value.name)).max().unwrap_or(0);
        let value_data = key.values.iter().map(|value| value.data.len()).max().unwrap_or(0);
        let subkey_name = key.subkeys.iter().map(|subkey| utf16_len(&subkey.name)).max().unwrap_or(0);
        let counts = [key.subkeys.len(), subkey_name, value_name, value_data, key.values.len()];
        let [subkey_count, subkey_name, value_name, value_data, value_count] = counts.map(offset);
        for number in [0, parent, subkey_count?, 0, subkeys, NO_CELL, value_count?, values, offset(security)?]
        {
            node.extend(number.to_le_bytes());
        }
        for number in [NO_CELL, subkey_name?, 0, value_name?, value_data?, 0] {
            node.extend(number.to_le_bytes());
        }
        node.extend(short_len(&name)?.to_le_bytes());
        node.extend([0, 0]);
        node.extend(name);
        self.fill(cell, &node);
        Ok(())
    }

    /// Writes values with their data and their list; returns the list's offset.
    fn values(&mut self, values: &[NewValue]) -> Result<u32, HiveError> {
        if values.is_empty() {
            return Ok(NO_CELL);
        }
        let mut list = Vec::new();
        for value in values {
            list.extend(self.value(value)?.to_le_bytes());
        }
        self.add(&list)
    }

    fn value(&mut self, value: &NewValue) -> Result<u32, HiveError> {
        let (name, is_latin1) = name_bytes(&value.name);
        let mut size = offset(value.data.len())?;
        let mut field = [0; 4];
        if value.data.len() <= 4 {
            size |= value::RESIDENT;
            put(&mut field, 0, &value.data);
        } else {
            field = self.add(&value.data)?.to_le_bytes();
        }
        let mut record = b"vk".to_vec();
        record.extend(short_len(&name)?.to_le_bytes());
        record.extend(size.to_le_bytes());
        record.extend(field);
        record.extend(value.data_type.to_le_bytes());
        // The default value has no name, and no flag that says how the name is stored.
        let flags = if is_latin1 && !name.is_empty() { value::NAME_IS_LATIN1 } else { 0 };
        record.extend(flags.to_le_bytes());
        record.extend([0, 0]);
        record.extend(name);
        self.add(&record)
    }

    /// Writes subkeys and their sorted list; returns the list's offset.
    fn subkeys(&mut self, subkeys: &[NewKey], parent: u32, security: usize) -> Result<u32, HiveError> {
        if subkeys.is_empty() {
            return Ok(NO_CELL);
        }
        let mut sorted: Vec<&NewKey> = subkeys.iter().collect();
        sorted.sort_by(|one, other| key::upper(&one.name).cmp(key::upper(&other.name)));
        if sorted
            .windows(2)
            .any(|pair| matches!(pair, [one, other] if key::same_name(&one.name, &other.name)))
        {
            return Err(too_large("second subkey of the same name"));
        }
        if sorted.len() > SUBKEYS_MAX {
            return Err(too_large("key with more than 507 subkeys"));
        }
        let count = u16::try_from(sorted.len()).map_err(|_| too_large("key with more than 507 subkeys"))?;
        let mut list = b"lf".to_vec();
        list.extend(count.to_le_bytes());
        let list_cell = self.reserve(sorted.len().saturating_mul(8).saturating_add(4))?;
        let mut cells = Vec::new();
        for subkey in &sorted {
            let cell = self.reserve(key_size(subkey)?)?;
            list.extend(offset(cell)?.to_le_bytes());
            list.extend(hint(&subkey.name));
            cells.push(cell);
        }
        self.fill(list_cell, &list);
        for (subkey, cell) in sorted.into_iter().zip(cells) {
            self.key(subkey, cell, parent, security)?;
        }
        offset(list_cell)
    }

    /// The bytes of all bins, what is left of each made a free cell.
    fn finish(mut self) -> Vec<u8> {
        for (from, to) in self.open {
            if from < to {
                let size = offset(to.saturating_sub(from)).unwrap_or(0);
                put(&mut self.bytes, from, &size.to_le_bytes());
            }
        }
        self.bytes
    }
}

/// Keys of the tree; refuses trees that are too deep to be followed.
fn count_keys(key: &NewKey, depth: u32) -> Result<u32, HiveError> {
    if depth > DEPTH_MAX {
        return Err(too_large("key more than 32 levels deep"));
    }
    key.subkeys
        .iter()
        .try_fold(1u32, |sum, subkey| Ok(sum.saturating_add(count_keys(subkey, depth.saturating_add(1))?)))
}

fn key_size(key: &NewKey) -> Result<usize, HiveError> {
    let (name, _) = name_bytes(&key.name);
    short_len(&name)?;
    Ok(name.len().saturating_add(0x4c))
}

/// The Latin-1 bytes of a name, when it has such.
fn latin1(name: &str) -> Option<Vec<u8>> {
    name.chars().map(|letter| u8::try_from(letter).ok()).collect()
}

/// A name as it is stored, and whether that is Latin-1.
fn name_bytes(name: &str) -> (Vec<u8>, bool) {
    latin1(name).map_or_else(|| (bytes::utf16le(name), false), |latin1| (latin1, true))
}

/// The first four letters of a name, zeros where there are none or where they are not Latin-1.
fn hint(name: &str) -> [u8; 4] {
    let mut hint = [0; 4];
    for (place, letter) in hint.iter_mut().zip(name.chars()) {
        let Ok(letter) = u8::try_from(letter) else { return [0; 4] };
        *place = letter;
    }
    hint
}

fn utf16_len(name: &str) -> usize {
    name.encode_utf16().count().saturating_mul(2)
}

fn short_len(name: &[u8]) -> Result<u16, HiveError> {
    u16::try_from(name.len()).map_err(|_| too_large("name of 64 KiB or more"))
}

fn offset(number: usize) -> Result<u32, HiveError> {
    u32::try_from(number).map_err(|_| too_large("hive of 4 GiB or more"))
}

const fn too_large(what: &'static str) -> HiveError {
    HiveError::Unsupported { what, at: 0 }
}

/// Writes `what` at `at`; the room was made before.
fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    if let Some(room) = at.checked_add(what.len()).and_then(|end| bytes.get_mut(at..end)) {
        room.copy_from_slice(what);
    }
}
