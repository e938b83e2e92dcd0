//! What a volume must have to be the one that an old place means: all that the elements which name the place stand for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::element::ElementId;
use crate::diagnosis::resolve::kinship::StoredObject;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Machine;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::layout::index::VolumeIndex;

/// What one old place stands for. Paths are lower-case.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Volumes of the stores whose {bootmgr} names the place.
    managers: BTreeSet<VolumeIndex>,
    /// Sets of files that belong together, such as a loader and its Windows.
    bundles: BTreeSet<BTreeSet<String>>,
    /// The files of all bundles that are on any volume: what is nowhere tells nothing.
    main: BTreeSet<String>,
    /// The same of files that come and go: of resume, of the memory test, of the recovery environment beside a Windows.
    other: BTreeSet<String>,
    /// Whether a Windows is among the bundles.
    pub(super) is_windows: bool,
    /// Whether the system volume is meant.
    is_system: bool,
    /// Whether files are what it is known by that no other disk's element would name by chance: a Windows or an image.
    pub(super) is_proof: bool,
}

/// What a volume has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grade {
    /// Anything at all.
    pub(super) any: bool,
    /// More than one file: `\Windows` alone is on many volumes.
    pub(super) several: bool,
    /// All that is needed.
    pub(super) complete: bool,
}

impl Needs {
    pub(super) fn of(machine: Machine<'_>, references: &[&Reference]) -> Self {
        let mut groups: BTreeMap<StoredObject, BTreeSet<String>> = BTreeMap::new();
        let (mut images, mut sdis, mut ntldr) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut needs = Self::default();
        for reference in references {
            let file = reference.purpose.file.as_ref().map(|file| file.to_lowercase());
            let store = machine.layout.store(reference.store);
            match (reference.purpose.role, file) {
                (ElementRole::MemoryTest | ElementRole::System, None) => needs.is_system = true,
                (ElementRole::BootManager, _) => needs.managers.extend(store.map(|store| store.volume)),
                (ElementRole::Loader | ElementRole::OsRoot, Some(file)) => {
                    let group = groups.entry((reference.store, reference.object)).or_default();
                    group.extend(loader_beside(machine, reference));
                    group.insert(file);
                }
                (ElementRole::Image, Some(file)) => drop(images.insert(file)),
                (ElementRole::Sdi, Some(file)) => drop(sdis.insert(file)),
                (ElementRole::Ntldr, Some(file)) => drop(ntldr.insert(file)),
                (ElementRole::Resume, Some(file)) => drop(needs.other.insert(file)),
                (ElementRole::MemoryTest | ElementRole::System, Some(file)) => {
                    needs.is_system = true;
                    needs.other.insert(file);
                }
                _ => {}
            }
        }
        needs.is_windows = !groups.is_empty();
        let of_images = images.iter().map(|image| match image.ends_with(".wim") {
            true => sdis.iter().cloned().chain([image.clone()]).collect(),
            false => BTreeSet::from([image.clone()]),
        });
        let of_images: Vec<BTreeSet<String>> = of_images.collect();
        needs.is_proof = needs.is_windows || !images.is_empty();
        let later: Vec<BTreeSet<String>> = if needs.is_windows {
            needs.bundles.extend(groups.into_values());
            vec![images, sdis, ntldr]
        } else if !needs.managers.is_empty() {
            vec![images, sdis, ntldr]
        } else if !ntldr.is_empty() {
            needs.bundles.insert(ntldr);
            vec![images, sdis]
        } else if !of_images.is_empty() || !sdis.is_empty() {
            needs.bundles.extend(of_images);
            if needs.bundles.is_empty() {
                needs.bundles.insert(sdis);
            }
            Vec::new()
        } else {
            needs.bundles.extend(Some(std::mem::take(&mut needs.other)).filter(|files| !files.is_empty()));
            Vec::new()
        };
        needs.other.extend(later.into_iter().flatten());
        needs.main = needs.bundles.iter().flatten().cloned().collect();
        needs.main.retain(|file| machine.is_anywhere(file));
        needs.other.retain(|file| machine.is_anywhere(file));
        needs
    }

    /// Whether the place is known by no file and no store.
    pub(super) fn is_empty(&self) -> bool {
        self.managers.is_empty() && self.bundles.is_empty()
    }

    /// Whether none of its files is anywhere.
    pub(super) fn is_lost(&self) -> bool {
        self.main.is_empty() && self.other.is_empty()
    }

    /// Whether it is known by the store on it alone.
    pub(super) fn is_of_store(&self) -> bool {
        !self.managers.is_empty() && self.bundles.is_empty()
    }

    /// The volume of the store that names it as its own.
    pub(super) fn store_volume(&self) -> Option<Spot> {
        let volume = self.managers.first().filter(|_| self.managers.len() == 1);
        volume.map(|volume| Spot { disk: Disk::Examined, volume: *volume })
    }

    /// Whether a store that names it as its own lies on another volume.
    pub(super) fn is_store_elsewhere(&self, spot: Spot) -> bool {
        self.managers.iter().any(|volume| Spot { disk: Disk::Examined, volume: *volume } != spot)
    }

    pub(super) fn grade(&self, machine: Machine<'_>, spot: Spot) -> Grade {
        let has = |file: &String| machine.has(spot, file);
        let is_managers = !self.managers.is_empty() && !self.is_store_elsewhere(spot);
        let found = self.main.iter().chain(&self.other).filter(|file| has(file)).take(2).count();
        let any = is_managers || found > 0;
        let complete =
            (self.managers.is_empty() || is_managers) && (self.is_of_store() || self.has_main(machine, spot));
        Grade { any, several: found > 1, complete }
    }

    /// Whether a volume has the files, wherever the stores are that name it as their own.
    pub(super) fn has_main(&self, machine: Machine<'_>, spot: Spot) -> bool {
        let has = |file: &String| machine.has(spot, file);
        self.bundles.iter().any(|bundle| bundle.iter().all(has)) && self.main.iter().all(has)
    }

    /// Whether one volume has something of it that the other lacks.
    pub(super) fn has_more(&self, machine: Machine<'_>, spot: Spot, than: Spot) -> bool {
        let mut files = self.main.iter().chain(&self.other);
        files.any(|file| machine.has(spot, file) && !machine.has(than, file))
    }

    /// Its files that another does not stand for.
    pub(super) fn beyond<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a String> {
        let is_of = |file: &&String| !other.main.contains(*file) && !other.other.contains(*file);
        self.main.iter().chain(&self.other).filter(is_of)
    }

    /// Whether a volume has all of it that is anywhere.
    pub(super) fn has_all(&self, machine: Machine<'_>, spot: Spot) -> bool {
        self.main.iter().chain(&self.other).all(|file| machine.has(spot, file))
    }

    /// Whether a volume may have it and nobody can look.
    pub(super) fn is_hidden(&self, machine: Machine<'_>, spot: Spot) -> bool {
        // What firmware and boot manager start from is never encrypted.
        let is_of_system = !self.is_proof && self.is_system;
        !is_of_system && self.files().any(|file| machine.hides(spot, file))
    }

    fn files(&self) -> impl Iterator<Item = &String> {
        self.bundles.iter().flatten()
    }
}

/// The loader of the same entry, which lies within its system root: `\Windows` alone is on many volumes.
fn loader_beside(machine: Machine<'_>, reference: &Reference) -> Option<String> {
    let root = reference
        .purpose
        .file
        .as_ref()
        .filter(|_| reference.purpose.role == ElementRole::OsRoot)?
        .to_lowercase();
    let store = machine.layout.store(reference.store)?.parsed()?;
    let path = store.object_at(reference.object)?.string(ElementId::PATH)?.to_lowercase();
    path.strip_prefix(&root).is_some_and(|rest| rest.starts_with('\\')).then_some(path)
}
