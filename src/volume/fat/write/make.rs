//! Files and directories that are made: found by nobody until an entry of a directory names them.

use std::collections::HashSet;

use crate::volume::fat::write::FatWriter;
use crate::volume::fat::write::directory::Directory;
use crate::volume::fat::write::directory::MAX_SLOTS;
use crate::volume::fat::write::draft::Phase;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::error::FatWriteError;
use crate::volume::fat::write::short_name;
use crate::volume::fat::write::short_name::ShortName;
use crate::volume::fat::write::slots;
use crate::volume::fat::write::slots::SLOT;
use crate::volume::fat::write::slots::Target;
use crate::volume::fat::write::table;
use crate::volume::new_entry::NewEntry;
use crate::volume::path;
use crate::volume::windows_name;

/// Directories in directories that are made at once.
const MAX_DEPTH: usize = 16;
/// Names of the first two entries of a directory: itself, and the one that it is in.
const DOT: &[u8; 11] = b".          ";
const DOT_DOT: &[u8; 11] = b"..         ";

impl FatWriter<'_> {
    /// Makes files and directories in a directory that is there; `\` is the root.
    ///
    /// # Errors
    /// One of a name is there already, there is no room, or the directory is not there.
    pub fn create(mut self, directory: &str, entries: &[NewEntry<'_>]) -> Result<Self, FatWriteError> {
        let (mut here, first, path) = self.directory(directory)?;
        if let Some(there) = entries.iter().map(NewEntry::name).find(|name| here.child(name).is_some()) {
            return Err(FatWriteError::Exists(path::join(&path, there)));
        }
        let names = names(entries, here.short_names(), &path)?;
        let needed = self.clusters_of_all(entries, &path, 0)?;
        self.check_room(needed)?;
        for (entry, short) in entries.iter().zip(&names) {
            let target = self.make(entry, first)?;
            let new = slots::entry(entry.name(), short, target, self.time);
            self.insert(&mut here, &new, &path)?;
        }
        Ok(self)
    }

    /// Clusters that entries take, without the slots that name them.
    fn clusters_of_all(
        &self,
        entries: &[NewEntry<'_>],
        path: &str,
        depth: usize,
    ) -> Result<u64, FatWriteError> {
        if depth > MAX_DEPTH {
            return Err(FatWriteError::Deep(path.to_owned()));
        }
        let mut sum = 0u64;
        for entry in entries {
            let path = path::join(path, entry.name());
            let clusters = match entry {
                NewEntry::File { contents, .. } if u32::try_from(contents.len()).is_err() => {
                    return Err(FatWriteError::Long(path));
                }
                NewEntry::File { contents, .. } => self.clusters_of(wide(contents.len())),
                NewEntry::Directory { entries, .. } => {
                    let names = names(entries, HashSet::new(), &path)?;
                    let slots = slots_of(entries, &names);
                    if slots > MAX_SLOTS {
                        return Err(FatWriteError::Crowded(path));
                    }
                    let inside = self.clusters_of_all(entries, &path, depth.saturating_add(1))?;
                    inside.saturating_add(self.clusters_of(wide(slots.saturating_mul(SLOT))))
                }
            };
            sum = sum.saturating_add(clusters);
        }
        Ok(sum)
    }

    /// Makes one file or directory in the directory that begins in cluster `parent` (0: the root), and says how that
    /// is to name it.
    fn make(&mut self, entry: &NewEntry<'_>, parent: u32) -> Result<Target, FatWriteError> {
        match entry {
            NewEntry::File { contents, .. } => {
                let cluster = self.put_in_clusters(contents)?;
                let len = u32::try_from(contents.len()).unwrap_or(u32::MAX);
                Ok(Target { attributes: slots::ARCHIVE, cluster, len })
            }
            NewEntry::Directory { entries, .. } => {
                let cluster = self.make_directory(entries, parent)?;
                Ok(Target { attributes: slots::DIRECTORY, cluster, len: 0 })
            }
        }
    }

    /// Makes a directory with all that is in it; returns its first cluster.
    fn make_directory(&mut self, entries: &[NewEntry<'_>], parent: u32) -> Result<u32, FatWriteError> {
        let names = names(entries, HashSet::new(), "")?;
        let len = slots_of(entries, &names).saturating_mul(SLOT);
        let clusters = self.take(self.clusters_of(wide(len)))?;
        let first = clusters.first().copied().unwrap_or(0);
        let dot = |cluster| Target { attributes: slots::DIRECTORY, cluster, len: 0 };
        let mut bytes = slots::single(DOT, 0, dot(first), self.time);
        bytes.extend(slots::single(DOT_DOT, 0, dot(parent), self.time));
        for (entry, short) in entries.iter().zip(&names) {
            let target = self.make(entry, first)?;
            bytes.extend(slots::entry(entry.name(), short, target, self.time));
        }
        let whole = self.cluster_size().saturating_mul(clusters.len());
        bytes.resize(whole.max(bytes.len()), 0);
        table::fill(&mut self.draft, &self.boot, &clusters, &bytes)?;
        Ok(first)
    }

    /// Puts an entry into a directory that is there, which grows where it has no room.
    fn insert(&mut self, here: &mut Directory, new: &[u8], path: &str) -> Result<(), FatWriteError> {
        let count = new.len().checked_div(SLOT).unwrap_or(0);
        while here.room(count).missing > 0 {
            let Some(last) = here.clusters.last().copied().filter(|_| here.len() < MAX_SLOTS) else {
                return Err(FatWriteError::Crowded(path.to_owned()));
            };
            let cluster = self.take(1)?.first().copied().unwrap_or(0);
            let place = self.boot.place(cluster).unwrap_or(u64::MAX);
            self.draft.put(place, &vec![0; self.cluster_size()], Phase::Contents)?;
            table::set(&mut self.draft, &self.boot, last, cluster, Phase::Tables)?;
            here.grow(cluster, place);
        }
        let slot = here.room(count).slot;
        for (at, bytes) in here.take(slot, new) {
            self.draft.put(at, &bytes, Phase::Names)?;
        }
        Ok(())
    }
}

/// Slots of a directory that has just these entries.
fn slots_of(entries: &[NewEntry<'_>], names: &[ShortName]) -> usize {
    let all = entries.iter().zip(names).map(|(entry, short)| slots::count(entry.name(), short.is_whole));
    all.fold(2, usize::saturating_add)
}

/// The 8.3 name of each entry: those that are one themselves first, so that no other gets theirs.
fn names(
    entries: &[NewEntry<'_>],
    mut taken: HashSet<[u8; 11]>,
    path: &str,
) -> Result<Vec<ShortName>, FatWriteError> {
    let mut long = HashSet::new();
    let mut own = Vec::new();
    for name in entries.iter().map(NewEntry::name) {
        if !windows_name::is_taken(name) {
            return Err(FatWriteError::Name(name.to_owned()));
        }
        let short = short_name::own(name);
        let upper: String = name.chars().flat_map(char::to_uppercase).collect();
        let is_short_there = short.as_ref().is_some_and(|it| !taken.insert(it.bytes));
        if is_short_there || !long.insert(upper) {
            return Err(FatWriteError::Exists(path::join(path, name)));
        }
        own.push(short);
    }
    let mut names = Vec::new();
    for (entry, own) in entries.iter().zip(own) {
        let name = own.unwrap_or_else(|| short_name::made(entry.name(), &taken));
        taken.insert(name.bytes);
        names.push(name);
    }
    Ok(names)
}
