//! Partition tables: what a disk says of itself. MBR with extended partitions, GPT, or no table at all.
//!
//! Every table is decoded here, with checks, and then put before the crate for it (`mbrman`, `gpt`) as a second opinion:
//! two readings that agree are believed, two that differ are an error.

pub mod boot_code;
mod boot_sector;
mod ebr;
#[doc(hidden)]
pub mod edit;
mod error;
#[doc(hidden)]
pub mod gpt;
mod gpt_cross_check;
mod gpt_header;
mod hybrid;
mod master_boot_record;
mod mbr;
mod mbr_cross_check;
mod plausibility;
mod protective;
mod table;
#[cfg(test)]
mod test_tools;
mod unprotected;

pub use error::PartitionError;
pub use table::BootCode;
pub use table::DiskId;
pub use table::GptCopy;
pub use table::HybridEntry;
pub use table::Partition;
pub use table::PartitionId;
pub use table::PartitionTable;
pub use table::PartitionType;
pub use table::TableKind;
pub use table::Unseen;
pub use unprotected::ENTRIES_AT;
pub use unprotected::MbrEntry;
pub use unprotected::ProtectiveFault;
pub use unprotected::Unprotected;

use crate::error::way_out::TableCure;
use crate::partition::master_boot_record::Entry;
use crate::partition::master_boot_record::MasterBootRecord;
use crate::partition::master_boot_record::boot_code;
use crate::storage::Storage;

/// Reads the partition table of a disk, or says that it has none.
///
/// The order of doubt is that of libblkid: no 0x55aa means no table; a boot sector of a file system in LBA 0 means a
/// bare volume, whatever its boot code looks like, unless a sound primary GPT follows; an entry of type 0xee means GPT, unless it is a partition that was given that type; only then is it an MBR. Which of the two is meant where
/// an MBR without such an entry lies over a sound GPT, only what is on the disk can tell: see [`PartitionTable::beneath`].
///
/// # Errors
/// [`PartitionError`]: the medium fails, both copies of a GPT are bad, or the table is of a form that is not handled.
pub fn read(storage: &dyn Storage) -> Result<PartitionTable, PartitionError> {
    let sizes = sector_sizes(storage)?;
    if storage.len() < master_boot_record::SIZE_IN_BYTES {
        let note = format!("{} bytes are too few for a partition table", storage.len());
        return Ok(without_table(storage, vec![note]));
    }
    let sector = storage.read_vec(0, 512)?;
    if let Some(volume) = boot_sector::BootSector::recognise(&sector) {
        // Making a volume of the whole disk destroys the primary GPT; a copy of a boot record does not.
        if let Some(table) = gpt::read_primary(storage, &sizes).ok().flatten() {
            return Ok(of_gpt(storage, &sector, table));
        }
        return Ok(without_table(
            storage,
            vec![format!("no partition table: {} starts at 0x0", volume.name)],
        ));
    }
    let Some(record) = MasterBootRecord::decode(&sector) else {
        let is_blank = sector.iter().all(|byte| *byte == 0);
        return without_mbr(
            storage,
            &sector,
            &sizes,
            match is_blank {
                true => "the first sector is all zeros",
                false => "no 0x55aa at 0x1fe: no partition table",
            },
        );
    };
    if record.entries.iter().any(Entry::is_protective) && !is_mistyped(storage, &record, &sizes)? {
        let mut table = gpt::read(storage, &sizes)?;
        hybrid::add(&mut table, &record);
        return Ok(of_gpt(storage, &sector, table));
    }
    match mbr::read(storage, &record, &sizes)? {
        Some(table) => {
            let beneath = beneath(storage, &table, &sizes);
            let beneath = beneath.map(|beneath| Box::new(of_gpt(storage, &sector, beneath)));
            let table = PartitionTable { boot_code: boot_code(&sector), beneath, ..table };
            Ok(plausibility::noted(table, storage.len()))
        }
        None => {
            let note = "0x55aa at 0x1fe, but 0x1be holds no valid partition table";
            without_mbr(storage, &sector, &sizes, note)
        }
    }
}

/// Whether the entry of type 0xee is a partition of an MBR that was given that type: it begins elsewhere than a protective one, no
/// header of a GPT is there, and there is a volume in it or another partition.
fn is_mistyped(
    storage: &dyn Storage,
    record: &MasterBootRecord,
    sizes: &[u32],
) -> Result<bool, PartitionError> {
    let mut protective = record.entries.iter().filter(|entry| entry.is_protective());
    if protective.clone().any(|entry| entry.start == protective::FIRST) || gpt::is_any(storage, sizes)? {
        return Ok(false);
    }
    let is_volume = |entry: &Entry| sizes.iter().any(|size| begins_volume(storage, entry.start_at(*size)));
    Ok(record.beside().next().is_some() || protective.any(is_volume))
}

/// A disk whose LBA 0 is nothing that is known: a GPT without its protective MBR, by the backup too, where volumes lie as that says; or
/// none, and `note` says so.
fn without_mbr(
    storage: &dyn Storage,
    sector: &[u8],
    sizes: &[u32],
    note: &str,
) -> Result<PartitionTable, PartitionError> {
    if let Some(table) = gpt::read_primary(storage, sizes)? {
        return Ok(of_gpt(storage, sector, table));
    }
    let backup = gpt::read_backup(storage, sizes).ok().and_then(Result::ok);
    let backup = backup.filter(|table| table.partitions.iter().any(|one| begins_volume(storage, one.start)));
    Ok(match backup {
        Some(table) => of_gpt(storage, sector, table),
        None => without_table(storage, vec![note.to_owned()]),
    })
}

/// The GPT of a disk whose MBR says nothing of it, by the backup: what stands where its primary was is no header, or a damaged one.
///
/// # Errors
/// The medium fails, or the table is of a form that is not handled.
pub fn backup_beneath(
    storage: &dyn Storage,
    mbr: &PartitionTable,
) -> Result<Option<PartitionTable>, PartitionError> {
    if mbr.kind != TableKind::Mbr || mbr.beneath.is_some() {
        return Ok(None);
    }
    let sector = storage.read_vec(0, 512)?;
    let backup = gpt::read_backup(storage, &sector_sizes(storage)?)?.ok();
    Ok(backup.map(|table| of_gpt(storage, &sector, table)))
}

/// Whether the boot record of a file system stands at this byte.
fn begins_volume(storage: &dyn Storage, at: u64) -> bool {
    let head = storage.read_vec(at, 512);
    head.is_ok_and(|head| boot_sector::BootSector::recognise(&head).is_some())
}

/// The sound GPT under an MBR. Of an image no entry of which leads to a volume nobody can tell the size of its sectors.
fn beneath(storage: &dyn Storage, table: &PartitionTable, sizes: &[u32]) -> Option<PartitionTable> {
    let certain = std::slice::from_ref(&table.sector_size);
    let sizes =
        if table.partitions.iter().any(|one| begins_volume(storage, one.start)) { certain } else { sizes };
    gpt::read_primary(storage, sizes).ok().flatten()
}

/// A GPT with what LBA 0, `sector`, tells besides.
fn of_gpt(storage: &dyn Storage, sector: &[u8], mut table: PartitionTable) -> PartitionTable {
    let sectors = storage.len().checked_div(u64::from(table.sector_size)).unwrap_or(0);
    table.boot_code = boot_code(sector);
    table.unprotected = protective::unprotected(sector, sectors);
    plausibility::noted(table, storage.len())
}

/// Sector sizes in which the table may be written: the medium's, or for an image the two that exist.
fn sector_sizes(storage: &dyn Storage) -> Result<Vec<u32>, PartitionError> {
    match storage.sector_size() {
        None => Ok(vec![512, 4096]),
        Some(size) if size.is_power_of_two() && (512..=4096).contains(&size) => Ok(vec![size]),
        Some(size) => {
            let what = format!("the medium has {size}-byte sectors");
            Err(PartitionError::unsupported(what, TableCure::CopyToImage))
        }
    }
}

/// The whole storage as one volume.
fn without_table(storage: &dyn Storage, notes: Vec<String>) -> PartitionTable {
    let whole = Partition {
        number: 0,
        start: 0,
        len: storage.len(),
        kind: PartitionType::Whole,
        id: None,
        active: false,
        logical: false,
        name: None,
    };
    PartitionTable {
        kind: TableKind::None,
        sector_size: storage.sector_size().unwrap_or(512),
        disk: None,
        partitions: vec![whole],
        boot_code: BootCode::None,
        boot_flags: [0; 4],
        container_code: [false; 4],
        hybrid: None,
        hybrid_entries: Vec::new(),
        unprotected: None,
        damaged_copy: None,
        beneath: None,
        unseen: None,
        notes,
    }
}
