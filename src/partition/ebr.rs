//! Extended boot records: the chain of logical partitions inside an extended one.
//!
//! Each record names one logical partition, relative to itself, and the next record, relative to the container. The
//! walk follows Linux and sfdisk: numbers count the partitions in the order of the chain, not of the disk.

use std::collections::HashSet;

use crate::bytes::slice;
use crate::partition::boot_sector::BootSector;
use crate::partition::error::PartitionError;
use crate::partition::master_boot_record::Entry;
use crate::partition::master_boot_record::boot_code;
use crate::partition::table::BootCode;
use crate::partition::table::Unseen;
use crate::storage::Storage;
use crate::storage::StorageError;

/// Records that are followed; Windows stops far earlier, and a chain that is longer is crafted.
const MAX_RECORDS: usize = 128;

/// A logical partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Logical {
    /// The entry as it stands in its record.
    pub(crate) entry: Entry,
    /// First sector from the start of the disk.
    pub(crate) start: u64,
}

/// What stands in the first sector of an extended partition, beside a record of logical ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Container {
    /// It begins with a program, where usual ones are zeros.
    pub(crate) has_code: bool,
    /// It is no such record, but the boot record of a volume: the partition was given the wrong type.
    pub(crate) is_volume: bool,
}

/// What the chain says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Logical partitions in the order of the chain.
    pub(crate) logicals: Vec<Logical>,
    /// Oddities.
    pub(crate) notes: Vec<String>,
    /// What the first record is besides.
    pub(crate) first: Container,
    /// Why the chain could not be followed to its end.
    pub(crate) unseen: Option<Unseen>,
    /// The first record of it, as a byte offset, that another chain has too.
    pub(crate) shared: Option<u64>,
    /// Whether the records lie in ascending order and no sum of it leaves a `u32`: what `mbrman` can follow.
    pub(crate) is_plain: bool,
}

/// Follows the chains of all extended partitions among the four entries, one after the other as Linux does (`block/partitions/msdos.c`):
/// sfdisk sees the first one only, and Windows may not look into one of type 85.
pub(crate) fn read_all(
    storage: &dyn Storage,
    entries: &[Entry; 4],
    sector_size: u32,
) -> Result<(Chain, [Container; 4]), PartitionError> {
    let mut all = Chain { is_plain: true, ..Chain::default() };
    let mut containers = [Container::default(); 4];
    let mut taken = HashSet::new();
    for (container, first) in entries.iter().zip(&mut containers).filter(|(entry, _)| entry.is_extended()) {
        let chain = read(storage, container, sector_size, &mut taken)?;
        *first = chain.first;
        all.is_plain &= chain.is_plain;
        all.notes.extend(chain.shared.map(|at| {
            format!("two chains share the extended boot record at 0x{at:x}: its partitions are listed once")
        }));
        all.extend(chain);
    }
    let is_chain = |(entry, first): &(&Entry, &Container)| entry.is_extended() && !first.is_volume;
    if entries.iter().zip(&containers).filter(is_chain).count() > 1 {
        all.is_plain = false;
        all.notes.push("more than one extended partition: Windows may not use all of them".into());
    }
    Ok((all, containers))
}

/// Follows the chain of `container`, never outside of it, never in a circle. Records that are `taken` belong to another
/// chain too, and have given their partitions to that.
fn read(
    storage: &dyn Storage,
    container: &Entry,
    sector_size: u32,
    taken: &mut HashSet<u64>,
) -> Result<Chain, PartitionError> {
    let base = u64::from(container.start);
    let end = base.saturating_add(u64::from(container.sectors));
    let mut chain = Chain { is_plain: end <= u64::from(u32::MAX), ..Chain::default() };
    let mut seen = HashSet::new();
    let mut here = base;
    while seen.insert(here) {
        if seen.len() > MAX_RECORDS {
            chain.give_up(Unseen::Damaged(format!("more than {MAX_RECORDS} extended boot records")));
            return Ok(chain);
        }
        let at = here.saturating_mul(u64::from(sector_size));
        let sector = match record(storage, at)? {
            Ok(sector) => sector,
            Err(unseen) => {
                chain.give_up(unseen);
                return Ok(chain);
            }
        };
        let entries = [0x1be, 0x1ce, 0x1de, 0x1ee].map(|at| Entry::decode(&sector, at));
        if here == base {
            if is_volume(&sector, &entries, container) {
                chain.is_plain = false;
                chain.first.is_volume = true;
                return Ok(chain);
            }
            chain.first.has_code = boot_code(&sector) != BootCode::None;
        }
        chain.is_plain &= is_usual(&entries);
        if taken.insert(here) {
            for entry in entries.iter().flatten().filter(|entry| entry.is_used() && !entry.is_extended()) {
                chain.add(entry, here, end);
            }
        } else {
            chain.shared.get_or_insert(at);
        }
        let Some(next) = entries.iter().flatten().find(|entry| entry.is_extended()) else { return Ok(chain) };
        let target = base.saturating_add(u64::from(next.start));
        if target >= end {
            chain.give_up(Unseen::Damaged(format!(
                "the extended boot record at 0x{at:x} links outside the extended partition"
            )));
            return Ok(chain);
        }
        chain.is_plain &= target > here;
        here = target;
    }
    chain.give_up(Unseen::Damaged("the extended boot records form a loop".into()));
    Ok(chain)
}

/// The 512 bytes at `at` when they are there and end in 0x55aa, as those of an empty extended partition do too (measured: sfdisk,
/// fdisk and parted write them).
fn record(storage: &dyn Storage, at: u64) -> Result<Result<Vec<u8>, Unseen>, PartitionError> {
    match storage.read_vec(at, 512) {
        Ok(sector) if slice(&sector, 0x1fe, 2) == Some(&[0x55, 0xaa]) => Ok(Ok(sector)),
        Ok(_) => Ok(Err(Unseen::Damaged(format!("no extended boot record at 0x{at:x}")))),
        Err(StorageError::OutOfRange { .. }) => {
            let disk = storage.len();
            let what =
                format!("the extended boot record at 0x{at:x} lies past the end of the disk at 0x{disk:x}");
            Ok(Err(Unseen::Cut(what)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a sector is the boot record of a volume, and has a program or nothing where a record has its entries: one that was written over
/// an older volume may have kept the rest of that.
fn is_volume(sector: &[u8], entries: &[Option<Entry>; 4], container: &Entry) -> bool {
    let used = || entries.iter().flatten().filter(|entry| entry.is_used());
    let is_sound = |entry: &Entry| {
        let end = u64::from(entry.start).saturating_add(u64::from(entry.sectors));
        matches!(entry.flag, 0 | 0x80) && end <= u64::from(container.sectors)
    };
    let is_record = used().next().is_some() && used().all(is_sound);
    !is_record && BootSector::recognise(sector).is_some()
}

/// Whether a record has its partition in the first entry and its link in the second, and nothing else: the only form
/// that `mbrman` knows.
fn is_usual(entries: &[Option<Entry>; 4]) -> bool {
    let [Some(partition), Some(link), third, fourth] = entries else { return false };
    let rest_is_free = [third, fourth].into_iter().flatten().all(|entry| !entry.is_used());
    !partition.is_extended() && (link.is_extended() || (!link.is_used() && link.start == 0)) && rest_is_free
}

impl Chain {
    /// Appends the chain of another extended partition.
    fn extend(&mut self, other: Self) {
        self.logicals.extend(other.logicals);
        self.notes.extend(other.notes);
        self.unseen = self.unseen.take().or(other.unseen);
    }

    fn give_up(&mut self, why: Unseen) {
        self.is_plain = false;
        self.unseen = Some(why);
    }

    /// Takes the entry of the record at sector `here`; what leaves the container is kept, and said.
    fn add(&mut self, entry: &Entry, here: u64, container_end: u64) {
        let start = here.saturating_add(u64::from(entry.start));
        let end = start.saturating_add(u64::from(entry.sectors));
        if entry.start == 0 || end > container_end {
            let number = self.logicals.len().saturating_add(5);
            self.notes.push(format!("partition {number} is not inside the extended partition"));
        }
        self.is_plain &= end <= u64::from(u32::MAX);
        self.logicals.push(Logical { entry: *entry, start });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    /// A disk of 1000 sectors whose container is sectors 100 to 600, with records at the given (sector, partition's
    /// relative start, partition's sectors, next record relative to the container).
    fn disk(records: &[(usize, u32, u32, u32)]) -> Ram {
        let mut bytes = vec![0; 1000 * 512];
        for (sector, start, sectors, next) in records {
            let record = &mut bytes[sector * 512..(sector + 1) * 512];
            record[0x1be + 4] = 7;
            record[0x1be + 8..0x1be + 12].copy_from_slice(&start.to_le_bytes());
            record[0x1be + 12..0x1be + 16].copy_from_slice(&sectors.to_le_bytes());
            if *next != 0 {
                record[0x1ce + 4] = 5;
                record[0x1ce + 8..0x1ce + 12].copy_from_slice(&next.to_le_bytes());
                record[0x1ce + 12] = 1;
            }
            record[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
        }
        Ram::new(bytes, None)
    }

    fn chain(records: &[(usize, u32, u32, u32)]) -> Chain {
        let container = Entry { flag: 0, kind: 5, start: 100, sectors: 500 };
        read(&disk(records), &container, 512, &mut HashSet::new()).unwrap()
    }

    #[test]
    fn starts_are_absolute_and_in_the_order_of_the_chain() {
        let found = chain(&[(100, 10, 20, 200), (300, 10, 20, 100), (200, 10, 20, 0)]);
        assert_eq!(found.logicals.iter().map(|it| it.start).collect::<Vec<_>>(), [110, 310, 210]);
        assert!(!found.is_plain, "mbrman refuses a chain that goes back");
        assert!(found.notes.is_empty() && found.unseen.is_none());
    }

    #[test]
    fn loops_links_outside_and_missing_records_end_the_walk_and_are_said() {
        for (records, why) in [
            (vec![(100, 10, 20, 200), (300, 10, 20, 200)], "the extended boot records form a loop"),
            (
                vec![(100, 10, 20, 500)],
                "the extended boot record at 0xc800 links outside the extended partition",
            ),
            (vec![(100, 10, 20, 400)], "no extended boot record at 0x3e800"),
        ] {
            let found = chain(&records);
            assert_eq!(found.unseen, Some(Unseen::Damaged(why.into())));
            assert_eq!(found.logicals[0].start, 110);
        }
        let found = chain(&[(100, 10, 2000, 0)]);
        assert_eq!(found.notes, ["partition 5 is not inside the extended partition"]);
        assert_eq!(found.unseen, None);
    }

    #[test]
    fn a_record_beyond_the_end_is_a_cut_disk() {
        let container = Entry { flag: 0, kind: 5, start: 100, sectors: 5000 };
        let found = read(&disk(&[(100, 10, 20, 1000)]), &container, 512, &mut HashSet::new()).unwrap();
        let why = "the extended boot record at 0x89800 lies past the end of the disk at 0x7d000";
        assert_eq!((found.logicals.len(), found.unseen), (1, Some(Unseen::Cut(why.into()))));
    }
    #[test]
    fn chains_that_meet_name_each_partition_once() {
        let disk = disk(&[(100, 10, 20, 200), (300, 10, 20, 100), (200, 10, 20, 0), (400, 10, 20, 0)]);
        let at = |start, sectors| Entry { flag: 0, kind: 5, start, sectors };
        let free = Entry { flag: 0, kind: 0, start: 0, sectors: 0 };
        let starts = |entries: [Entry; 4]| {
            let (found, _) = read_all(&disk, &entries, 512).unwrap();
            assert_eq!(found.unseen, None);
            let told =
                found.notes.iter().filter(|note| note.starts_with("two chains share the extended")).count();
            (found.logicals.iter().map(|it| it.start).collect::<Vec<_>>(), told)
        };
        assert_eq!(starts([at(100, 500), at(100, 500), at(100, 400), free]), (vec![110, 310, 210], 2));
        // The link of the shared record means another place from there.
        assert_eq!(starts([at(100, 500), at(300, 300), free, free]), (vec![110, 310, 210, 410], 1));
        assert_eq!(starts([at(200, 400), at(100, 500), free, free]), (vec![210, 110, 310], 1));
    }
}
