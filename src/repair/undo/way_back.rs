//! The sectors that lead back. Of the contents of files a record has no more than digests, so that the disk has to say what
//! stands there; and of a volume on which files were made, nothing but its sectors tells whether it was written since.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::repair::batch::Place;
use crate::repair::batch::read_each;
use crate::repair::patch::Patch;
use crate::repair::patch::chains;
use crate::repair::record::After;
use crate::repair::record::Record;
use crate::repair::record::SavedSector;
use crate::repair::sector::Sector;
use crate::repair::touched::Touched;
use crate::storage::Storage;
use crate::storage::StorageError;

/// What leads back from where a disk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The sectors, in the order of writing. Contents of files that the repair did not come to write are not among them.
    pub patches: Vec<Patch>,
    /// The first sector, of contents or of a volume on which files were made, that holds neither what it held before nor what
    /// the repair puts there.
    pub rewritten: Option<u64>,
}

/// The way back of a record on this disk.
///
/// # Errors
/// [`StorageError`] when a sector cannot be read of which only digests are known.
pub fn way_back(record: &Record, storage: &dyn Storage) -> Result<WayBack, StorageError> {
    let chains = chains(&record.patches, |saved| saved.offset);
    let is_of_volume = record.touched.iter().any(|part| matches!(part, Touched::Volume { .. }));
    let is_asked = |chain: &&Vec<&SavedSector>| is_of_volume || is_contents(chain);
    let places: Vec<Place> = chains
        .values()
        .filter(is_asked)
        .filter_map(|chain| chain.first())
        .map(|first| (first.offset, first.before.len()))
        .collect();
    let mut written: BTreeMap<u64, Sector> = BTreeMap::new();
    let mut rewritten = None;
    let read = read_each(storage, &places, |offset, found| {
        let Some(chain) = chains.get(&offset) else { return ControlFlow::Continue(()) };
        match state(chain, found) {
            Found::Last if is_contents(chain) => drop(written.insert(offset, found.into())),
            Found::Last | Found::Earlier => {}
            Found::Other => rewritten = rewritten.or(Some(offset)),
        }
        ControlFlow::<()>::Continue(())
    });
    read?;
    let mut later: BTreeMap<u64, &SavedSector> = BTreeMap::new();
    let mut patches = Vec::new();
    for saved in record.patches.iter().rev() {
        let after = match (later.insert(saved.offset, saved), &saved.after) {
            (Some(next), _) => Some(next.before.clone()),
            (None, After::Bytes(bytes)) => Some(bytes.clone()),
            (None, After::Digests(_)) => written.remove(&saved.offset),
        };
        if let Some(before) = after {
            let (offset, stage) = (saved.offset, u8::MAX.saturating_sub(saved.stage));
            patches.push(Patch { offset, before, after: saved.before.clone(), stage });
        }
    }
    for stage in patches.chunk_by_mut(|one, next| one.stage == next.stage) {
        // Neighbours in a row; what is there twice in a stage keeps its order.
        stage.sort_by_key(|patch| patch.offset);
    }
    Ok(WayBack { patches, rewritten })
}

/// Whether only digests are known of what stands there in the end.
fn is_contents(chain: &[&SavedSector]) -> bool {
    chain.last().is_some_and(|last| last.is_contents())
}

/// How far the repair came with a sector.
enum Found {
    /// It was written for the last time, or was being so.
    Last,
    /// It was not.
    Earlier,
    /// Something else wrote it.
    Other,
}

fn state(chain: &[&SavedSector], found: &[u8]) -> Found {
    match chain.split_last() {
        Some((last, _)) if last.before != *found && last.is_between(found) => Found::Last,
        Some((last, _)) if last.before == *found => Found::Earlier,
        Some((_, earlier)) if earlier.iter().any(|saved| saved.is_between(found)) => Found::Earlier,
        _ => Found::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::apply::apply;
    use crate::repair::draft::Draft;
    use crate::repair::record::State;
    use crate::repair::record::Target;
    use crate::storage::StorageMut;
    use crate::storage::ram::Ram;

    /// Numbers that look like chance, the same ones each time.
    struct Chance(u64);

    impl Chance {
        fn next(&mut self, below: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % below
        }

        fn bytes(&mut self, len: u64) -> Vec<u8> {
            (0..len).map(|_| self.next(256).to_le_bytes()[0]).collect()
        }
    }

    const SIZE: usize = 2 << 20;

    fn record(patches: &[Patch], sector_size: u32) -> Record {
        let len = u64::try_from(SIZE).unwrap();
        let target = Target { path: "/x".into(), len, sector_size, disk: "none".into() };
        Record {
            tool: String::new(),
            created: String::new(),
            state: State::Planned,
            target,
            stores: Vec::new(),
            patches: SavedSector::all_of(patches),
            restored: None,
            touched: Vec::new(),
            taken: Vec::new(),
            firmware_entry: None,
        }
    }

    /// A disk that is partly noise, and a plan of long and short writes over it, some of them twice.
    fn plan(chance: &mut Chance, sector_size: u32) -> (Vec<u8>, Vec<Patch>) {
        let mut old = vec![0; SIZE];
        let noise = chance.bytes(300 << 10);
        old[..noise.len()].copy_from_slice(&noise);
        let disk = Ram::new(old.clone(), None);
        let mut draft = Draft::new(&disk, sector_size);
        for write in 0..12 {
            let len = if write % 3 == 0 { 100 << 10 } else { 1 + chance.next(6000) };
            let at = chance.next(u64::try_from(SIZE).unwrap() - len);
            let bytes = chance.bytes(len);
            draft.write_at(at, &bytes).unwrap();
            if chance.next(3) == 0 {
                draft.sync().unwrap();
            }
        }
        (old, draft.into_patches().unwrap())
    }

    #[test]
    fn from_every_state_of_a_repair_the_way_back_leads_to_the_old_bytes() {
        let mut chance = Chance(0x1234_5678_9abc_def1);
        for sector_size in [512, 4096, 512, 4096, 512, 512] {
            let (old, patches) = plan(&mut chance, sector_size);
            let record = record(&patches, sector_size);
            let digests = record.patches.iter().filter(|saved| saved.is_contents()).count();
            assert!(digests > 0 && digests < patches.len(), "{digests}");
            let step = patches.len() / 9;
            for cut in (0..=patches.len()).filter(|cut| cut % step < 2 || *cut == patches.len()) {
                let mut now = old.clone();
                let (done, rest) = patches.split_at(cut);
                done.iter().for_each(|patch| put(&mut now, patch, patch.after.len()));
                if let Some(torn) = rest.first() {
                    put(&mut now, torn, 512 * usize::try_from(chance.next(9)).unwrap());
                }
                leads_back(&record, now, &old);
            }
            // Within a stage media write in any order.
            let mut now = old.clone();
            let stage = patches[0].stage;
            for patch in patches.iter().filter(|patch| patch.stage == stage) {
                if chance.next(2) == 0 {
                    put(&mut now, patch, patch.after.len());
                }
            }
            leads_back(&record, now, &old);
        }
    }

    fn put(disk: &mut [u8], patch: &Patch, len: usize) {
        let at = usize::try_from(patch.offset).unwrap();
        let len = len.min(patch.after.len());
        disk[at..at + len].copy_from_slice(&patch.after[..len]);
    }

    fn leads_back(record: &Record, now: Vec<u8>, old: &[u8]) {
        let mut disk = Ram::new(now, None);
        let way = way_back(record, &disk).unwrap();
        assert_eq!(way.rewritten, None);
        apply(&mut disk, &way.patches).unwrap();
        assert!(disk.bytes() == old);
    }

    #[test]
    fn contents_that_something_else_wrote_are_told() {
        let (old, patches) = plan(&mut Chance(77), 512);
        let record = record(&patches, 512);
        let mut disk = Ram::new(old, None);
        apply(&mut disk, &patches).unwrap();
        let saved = record.patches.iter().rev().find(|saved| saved.is_contents()).unwrap();
        let mut byte = disk.read_vec(saved.offset + 100, 1).unwrap();
        byte[0] ^= 1;
        disk.write_at(saved.offset + 100, &byte).unwrap();
        assert_eq!(way_back(&record, &disk).unwrap().rewritten, Some(saved.offset));
    }
}
