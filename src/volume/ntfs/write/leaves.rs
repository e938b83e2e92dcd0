//! Entries of an index that is there, and where new ones belong among them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::volume::error::VolumeError;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::collation::Collation;
use crate::volume::ntfs::file_record::BITMAP;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::file_record::INDEX_ALLOCATION;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::index;
use crate::volume::ntfs::index::Index;
use crate::volume::ntfs::write::directory::Parent;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::ground::Ground;
use crate::volume::ntfs::write::node;
use crate::volume::ntfs::write::protection::protected;

/// Nodes on the way down to a leaf: far more names than NTFS can have are below so many.
const MAX_DEPTH: usize = 16;

/// A new entry, with the path that an error names.
pub(super) struct Named {
    pub(super) path: String,
    pub(super) entry: Vec<u8>,
}

/// Blocks with their places in $INDEX_ALLOCATION.
type Blocks = Vec<(u64, Vec<u8>)>;

/// The index of a directory that is there.
pub(super) struct Leaves<'g> {
    volume: NtfsVolume<'g>,
    collation: &'g Collation,
    record: FileRecord,
    number: u64,
    /// The value of its $INDEX_ROOT.
    root: &'g [u8],
}

impl<'g> Leaves<'g> {
    /// The index of a directory with this root.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn new(
        ground: &'g Ground<'_>,
        parent: &Parent<'_>,
        root: &'g [u8],
    ) -> Result<Self, NtfsWriteError> {
        let volume = ground.volume()?;
        let record = volume.table.file(parent.number, parent.sequence)?;
        Ok(Self { volume, collation: &ground.collation, record, number: parent.number, root })
    }

    /// Its clusters: its blocks, and the marks of those where there are very many.
    pub(super) fn clusters(&self) -> Vec<(u32, NonResident)> {
        let kinds = [INDEX_ALLOCATION, BITMAP].into_iter();
        let of_index = kinds.flat_map(|kind| self.record.all(kind, index::NAME));
        let places = of_index.filter_map(|it| match &it.body {
            Body::NonResident(places) => Some((it.kind, places.clone())),
            Body::Resident(_) => None,
        });
        places.collect()
    }

    /// The blocks in which the new entries belong, with them, each with its place in $INDEX_ALLOCATION; `None` when one has
    /// no room.
    ///
    /// # Errors
    /// A name is there already, or a block on the way is damaged.
    pub(super) fn with(&self, new: &[Named]) -> Result<Option<Blocks>, NtfsWriteError> {
        let index = Index::open(&self.volume.table, &self.record, self.number)?;
        let mut changed: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for named in new {
            let (vcn, at) = self.place(&index, named, &changed)?;
            let block = match changed.remove(&vcn) {
                Some(block) => block,
                None => index.block(vcn)?,
            };
            let mut entries: Vec<Vec<u8>> =
                raw(&block, index::BLOCK_HEADER)?.into_iter().map(<[u8]>::to_vec).collect();
            entries.insert(at.min(entries.len()), named.entry.clone());
            let Some(block) = node::with_entries(&block, &entries) else { return Ok(None) };
            changed.insert(vcn, block);
        }
        let mut blocks = Vec::new();
        for (vcn, block) in changed {
            let block = protected(&block, &index.raw_block(vcn)?)
                .ok_or_else(|| corrupt("an index block of 4096 bytes", "another"))?;
            blocks.push((index.offset(vcn), block));
        }
        Ok(Some(blocks))
    }

    /// The leaf in which a new entry belongs, and before which of its entries.
    fn place(
        &self,
        index: &Index<'_>,
        named: &Named,
        changed: &BTreeMap<u64, Vec<u8>>,
    ) -> Result<(u64, usize), NtfsWriteError> {
        let mut below = step(&raw(self.root, index::ROOT_HEADER)?, named, self.collation)?.1;
        for _ in 0..MAX_DEPTH {
            let Some(vcn) = below else { return Err(corrupt("a leaf below the root", "none")) };
            let read;
            let block = match changed.get(&vcn) {
                Some(block) => block,
                None => {
                    read = index.block(vcn)?;
                    &read
                }
            };
            let (at, child) = step(&raw(block, index::BLOCK_HEADER)?, named, self.collation)?;
            if child.is_none() {
                return Ok((vcn, at));
            }
            below = child;
        }
        Err(corrupt("an index of a few levels", "a deeper one, or a loop"))
    }

    /// All entries in their order, without the nodes below them; `None` when there are more than `max`.
    ///
    /// # Errors
    /// A block is damaged, or two ways lead to it.
    pub(super) fn all(&self, max: usize) -> Result<Option<Vec<Vec<u8>>>, NtfsWriteError> {
        let index = Index::open(&self.volume.table, &self.record, self.number)?;
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        // What is still to come, the next one last: a node, or an entry behind the node that is below it.
        let mut waiting = expanded(self.root, index::ROOT_HEADER)?;
        while let Some(next) = waiting.pop() {
            match next {
                Next::Entry(entry) => found.push(entry),
                Next::Node(vcn) if seen.insert(vcn) => {
                    waiting.extend(expanded(&index.block(vcn)?, index::BLOCK_HEADER)?);
                }
                Next::Node(vcn) => {
                    return Err(corrupt("an index that is a tree", &format!("node 0x{vcn:x} twice")));
                }
            }
            if found.len() > max || seen.len() > max {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }
}

/// What comes next in an index.
enum Next {
    Node(u64),
    Entry(Vec<u8>),
}

/// What is in a node, the first of it last.
fn expanded(bytes: &[u8], at: usize) -> Result<Vec<Next>, NtfsWriteError> {
    let mut found = Vec::new();
    for entry in raw(bytes, at)? {
        found.extend(index::child_of(entry).map(Next::Node));
        if !index::is_end(entry) {
            found.push(Next::Entry(node::without_child(entry)));
        }
    }
    found.reverse();
    Ok(found)
}

/// The entries of a node without nodes below it, but for its end.
///
/// # Errors
/// They are cut.
pub(super) fn entries(bytes: &[u8], at: usize) -> Result<Vec<Vec<u8>>, NtfsWriteError> {
    let plain = raw(bytes, at)?.into_iter().filter(|entry| !index::is_end(entry));
    Ok(plain.map(<[u8]>::to_vec).collect())
}

/// Old entries, which are in order, with new ones in their places.
///
/// # Errors
/// A name is there already.
pub(super) fn merged(
    mut old: Vec<Vec<u8>>,
    new: Vec<Named>,
    collation: &Collation,
) -> Result<Vec<Vec<u8>>, NtfsWriteError> {
    let all: Vec<&[u8]> = old.iter().map(Vec::as_slice).collect();
    refuse_disorder(&all, collation)?;
    for named in new {
        let all: Vec<&[u8]> = old.iter().map(Vec::as_slice).collect();
        let at = behind(&all, &named, collation)?.0;
        old.insert(at.min(old.len()), named.entry);
    }
    Ok(old)
}

/// The first entry of a node that comes behind a new one, and the node below it.
fn step(
    entries: &[&[u8]],
    named: &Named,
    collation: &Collation,
) -> Result<(usize, Option<u64>), NtfsWriteError> {
    refuse_disorder(entries, collation)?;
    behind(entries, named, collation)
}

/// The same among entries that are in order.
fn behind(
    entries: &[&[u8]],
    named: &Named,
    collation: &Collation,
) -> Result<(usize, Option<u64>), NtfsWriteError> {
    let units = units(&named.entry)?;
    for (at, entry) in entries.iter().enumerate() {
        if index::is_end(entry) {
            return Ok((at, index::child_of(entry)));
        }
        match collation.compare(units.iter().copied(), self::units(entry)?.into_iter()) {
            Ordering::Less => return Ok((at, index::child_of(entry))),
            Ordering::Equal => return Err(NtfsWriteError::Exists(named.path.clone())),
            Ordering::Greater => {}
        }
    }
    Ok((entries.len(), None))
}

/// Names that are not in their order are found on one way and not on another: nothing is put among them.
fn refuse_disorder(entries: &[&[u8]], collation: &Collation) -> Result<(), NtfsWriteError> {
    let names = entries.iter().filter(|entry| !index::is_end(entry)).map(|entry| units(entry));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let follows = |(one, other): (&Vec<u16>, &Vec<u16>)| {
        collation.compare(one.iter().copied(), other.iter().copied()) == Ordering::Less
    };
    match names.iter().zip(names.iter().skip(1)).all(follows) {
        true => Ok(()),
        false => Err(corrupt("names in their order", "others")),
    }
}

/// The name of an entry.
fn units(entry: &[u8]) -> Result<Vec<u16>, NtfsWriteError> {
    index::named_file(entry).map(|(_, units)| units).ok_or_else(|| corrupt("whole names", "one that is cut"))
}

fn raw(bytes: &[u8], at: usize) -> Result<Vec<&[u8]>, NtfsWriteError> {
    index::raw_entries(bytes, at).ok_or_else(|| corrupt("whole index entries", "one that is cut"))
}

fn corrupt(expected: &str, found: &str) -> NtfsWriteError {
    VolumeError::corrupt("directory index", 0, expected, found).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::utf16le;

    fn named(name: &str) -> Named {
        let mut key = vec![0; 0x42];
        key[0x40] = name.len() as u8;
        key.extend(utf16le(name));
        Named { path: name.to_owned(), entry: node::entry(30, &key) }
    }

    #[test]
    fn entries_come_into_order_and_never_among_others_that_are_not() {
        let all = |names: &[&str]| names.iter().map(|name| named(name).entry).collect::<Vec<_>>();
        let sorted =
            merged(all(&["BCD", "boot"]), vec![named("c"), named("bcd.log")], &Collation::ASCII).unwrap();
        assert_eq!(sorted, all(&["BCD", "bcd.log", "boot", "c"]));
        let twice = merged(all(&["BCD", "boot"]), vec![named("BOOT")], &Collation::ASCII);
        assert!(matches!(twice, Err(NtfsWriteError::Exists(_))));
        let mixed = merged(all(&["boot", "BCD"]), vec![named("a")], &Collation::ASCII);
        assert!(matches!(mixed, Err(NtfsWriteError::Volume(_))));
    }
}
