//! What names stand for in a store and on its disk: `{current}`, `{default}`, `C:`, partition 2.

use crate::bcd::Store;
use crate::bcd::device::Device;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::bcd::object_id::shown;
use crate::bcd::words::NameError;
use crate::bcd::words::Names;
use crate::bcd::words::ObjectName;
use crate::bcd::words::identity;
use crate::diagnosis::identity_of;
use crate::diagnosis::resolve::reference::is_here;
use crate::diagnosis::store::menu::main_entry;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::letters::letters;
use crate::layout::mounted_devices::MountedDevices;

/// Names of one store.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    /// The store as it is so far.
    pub(super) store: &'a Store,
    /// The disk that it is on.
    pub(super) layout: Option<&'a Layout>,
    /// What `{current}` is, where the user says so.
    pub(super) entry: Option<Guid>,
}

impl Here<'_> {
    /// Lends the names to what reads values.
    pub(super) fn lend<T>(&self, read: impl FnOnce(Names<'_>) -> T) -> T {
        read(Names { partition: &|name| self.partition(name), object: &|name| self.object(name) })
    }

    /// The id of an object.
    pub(super) fn object(&self, name: ObjectName) -> Result<Guid, NameError> {
        match name {
            ObjectName::Id(id) => Ok(id),
            ObjectName::Default => self.store.default_id().ok_or(NameError::NoDefault),
            ObjectName::Current => self.current().map(|(id, _)| id),
        }
    }

    /// An object as enum calls it.
    pub(super) fn called(&self, id: Guid) -> String {
        match self.store.default_id() == Some(id) {
            true => "{default}".to_owned(),
            false => shown(id),
        }
    }

    /// That an object is not in the store, and what is meant in its place.
    pub(super) fn missing(&self, id: Guid) -> String {
        let missing = NameError::NoObject { id };
        match self.current() {
            Ok((current, _)) if self.store.default_id() == Some(id) => {
                let current = shown(current);
                format!(
                    "{missing}, although {{bootmgr}} names it as default; the entry that starts is {current}"
                )
            }
            _ => format!("{missing}; list them with enum all"),
        }
    }

    /// `{current}`: the entry that the user says, or that which starts by itself, or the only Windows.
    pub(super) fn current(&self) -> Result<(Guid, &Object), NameError> {
        if let Some(id) = self.entry {
            let there = self.store.object(id).map(|object| (id, object));
            return there.ok_or(NameError::NoObject { id });
        }
        let main = main_entry(self.store).and_then(|index| self.store.object_at(index));
        let main = main.filter(|object| object.is_os_loader()).and_then(|object| Some((object.id?, object)));
        if let Some(main) = main {
            return Ok(main);
        }
        let loaders: Vec<_> = self.store.objects().iter().filter(|object| is_windows(object)).collect();
        match loaders.as_slice() {
            [only] => only.id.map(|id| (id, *only)).ok_or(NameError::NoId),
            [] => Err(NameError::NoEntry),
            several => {
                Err(NameError::Several { keys: several.iter().map(|object| object.key.clone()).collect() })
            }
        }
    }

    /// The partition that a name like `2`, `C:` or `2 (Windows)` means, or the identity that it is.
    fn partition(&self, name: &str) -> Result<QualifiedPartition, NameError> {
        if let Some(named) = identity(name) {
            return Ok(named);
        }
        let Some(layout) = self.layout else {
            return Err(NameError::NoDisk { name: name.to_owned() });
        };
        let name = name.strip_suffix('\\').unwrap_or(name);
        let volume = match name.as_bytes() {
            [letter, b':'] if letter.is_ascii_alphabetic() => self.lettered(layout, name)?,
            _ => numbered(layout, name)?,
        };
        identity_of(layout, volume).ok_or_else(|| NameError::NoIdentity { place: layout.name(volume) })
    }

    /// The partition with a drive letter, as the Windows of `{current}` has it, or the only one that has letters.
    fn lettered(&self, layout: &Layout, letter: &str) -> Result<VolumeIndex, NameError> {
        let own = self.current().ok().and_then(|(_, object)| home(layout, object));
        let of_own = layout.mounted.iter().find(|mounted| Some(mounted.volume) == own);
        let hive: Option<&MountedDevices> = of_own.or(match layout.mounted.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        let known = hive.map(|hive| letters(layout, hive)).unwrap_or_default();
        let is_it = |(known, _): &&(String, VolumeIndex)| known.eq_ignore_ascii_case(letter);
        if let Some((_, volume)) = known.iter().find(is_it) {
            return Ok(*volume);
        }
        let letters = known.into_iter().map(|(letter, volume)| (letter, layout.name(volume))).collect();
        Err(NameError::NoLetter { letter: letter.to_owned(), letters, there: listed(layout) })
    }
}

/// The volume of this disk that an entry's Windows is on.
pub(super) fn home(layout: &Layout, object: &Object) -> Option<VolumeIndex> {
    match &object.device(ElementId::OS_DEVICE)?.device {
        Device::Partition(named) => is_here(layout, named),
        _ => None,
    }
}

/// The partition of a number, with or without its name behind it.
fn numbered(layout: &Layout, name: &str) -> Result<VolumeIndex, NameError> {
    let number = name.split(' ').next().and_then(|number| number.parse().ok());
    let volume = number.and_then(|number| layout.by_number(number));
    volume.ok_or_else(|| NameError::NoPartition { name: name.to_owned(), there: listed(layout) })
}

/// `1 (System Reserved)`, `2 (Windows)`.
fn listed(layout: &Layout) -> Vec<String> {
    layout.volume_indices().map(|volume| layout.name_without_noun(volume)).collect()
}

/// Whether an entry starts a Windows that is installed: no recovery environment, no WinPE.
fn is_windows(object: &Object) -> bool {
    let is_pe = object.boolean(ElementId::WINPE) == Some(true);
    object.is_os_loader() && !is_pe && object.element(ElementId::RECOVERY_OS).is_none()
}
