//! Keys, values and their lists, written into cells.

use crate::bytes::put;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;
use crate::hive::build::bins::Bins;
use crate::hive::build::bins::offset;
use crate::hive::build::bins::too_large;
use crate::hive::build::security::Security;
use crate::hive::cell::NO_CELL;
use crate::hive::error::HiveError;
use crate::hive::key;
use crate::hive::name;
use crate::hive::value;

/// Subkeys that one list in a bin of 4096 bytes holds; of more there is an index of lists.
const SUBKEYS_MAX: usize = 507;
/// Lists that an index counts.
const LISTS_MAX: usize = 0xffff;
/// Flags of a root key: root of a hive, not to be deleted.
const ROOT_FLAGS: u16 = 0x0c;

impl Bins {
    /// Writes a key into its reserved cell, and all that is below it.
    pub(super) fn key(
        &mut self,
        key: &NewKey,
        cell: usize,
        parent: u32,
        security: Security,
    ) -> Result<(), HiveError> {
        let own = if parent == NO_CELL { security.root } else { security.below };
        let values = self.values(&key.values)?;
        let subkeys = self.subkeys(&key.subkeys, offset(cell)?, security)?;
        let (name, is_latin1) = name::name_bytes(&key.name);
        let mut flags = if is_latin1 { key::NAME_IS_LATIN1 } else { 0 };
        if parent == NO_CELL {
            flags |= ROOT_FLAGS;
        }
        let mut node = b"nk".to_vec();
        node.extend(flags.to_le_bytes());
        node.extend(self.last_written().to_le_bytes());
        let value_name = key.values.iter().map(|value| name::utf16_len(&value.name)).max().unwrap_or(0);
        let value_data = key.values.iter().map(|value| value.data.len()).max().unwrap_or(0);
        let subkey_name = key.subkeys.iter().map(|subkey| name::utf16_len(&subkey.name)).max().unwrap_or(0);
        let counts = [key.subkeys.len(), subkey_name, value_name, value_data, key.values.len()];
        let [subkey_count, subkey_name, value_name, value_data, value_count] = counts.map(offset);
        for number in [0, parent, subkey_count?, 0, subkeys, NO_CELL, value_count?, values, own] {
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
        let (name, is_latin1) = name::name_bytes(&value.name);
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
    fn subkeys(&mut self, subkeys: &[NewKey], parent: u32, security: Security) -> Result<u32, HiveError> {
        if subkeys.is_empty() {
            return Ok(NO_CELL);
        }
        let mut sorted: Vec<&NewKey> = subkeys.iter().collect();
        sorted.sort_by(|one, other| name::upper(&one.name).cmp(name::upper(&other.name)));
        if sorted
            .windows(2)
            .any(|pair| matches!(pair, [one, other] if name::same_name(&one.name, &other.name)))
        {
            return Err(too_large("second subkey of the same name"));
        }
        if sorted.len().div_ceil(SUBKEYS_MAX) > LISTS_MAX {
            return Err(too_large("key with more subkeys than an index of lists has room for"));
        }
        if sorted.len() <= SUBKEYS_MAX {
            return self.subkey_list(&sorted, parent, security);
        }
        let mut lists = Vec::new();
        for part in sorted.chunks(SUBKEYS_MAX) {
            lists.extend(self.subkey_list(part, parent, security)?.to_le_bytes());
        }
        let count = short_count(lists.len().div_euclid(4))?;
        self.add(&[&b"ri"[..], &count.to_le_bytes(), &lists].concat())
    }

    /// Writes one list and the subkeys in it; returns the list's offset.
    fn subkey_list(&mut self, sorted: &[&NewKey], parent: u32, security: Security) -> Result<u32, HiveError> {
        let mut list = b"lf".to_vec();
        list.extend(short_count(sorted.len())?.to_le_bytes());
        let list_cell = self.reserve(sorted.len().saturating_mul(8).saturating_add(4))?;
        let mut cells = Vec::new();
        for subkey in sorted {
            let cell = self.reserve(key_size(subkey)?)?;
            list.extend(offset(cell)?.to_le_bytes());
            list.extend(name::hint(&subkey.name));
            cells.push(cell);
        }
        self.fill(list_cell, &list);
        for (subkey, cell) in sorted.iter().zip(cells) {
            self.key(subkey, cell, parent, security)?;
        }
        offset(list_cell)
    }
}

fn short_count(count: usize) -> Result<u16, HiveError> {
    u16::try_from(count).map_err(|_| too_large("list of more than 65535 entries"))
}

pub(super) fn key_size(key: &NewKey) -> Result<usize, HiveError> {
    let (name, _) = name::name_bytes(&key.name);
    short_len(&name)?;
    Ok(name.len().saturating_add(0x4c))
}

fn short_len(name: &[u8]) -> Result<u16, HiveError> {
    u16::try_from(name.len()).map_err(|_| too_large("name of 64 KiB or more"))
}
