//! A Windows that is here, and that no entry starts: the store of a setup medium, one of tools alone, one of another directory.
//!
//! Measured on UEFI: the store of a setup medium, whose RAM disk is not there, shows c000000f beside a whole Windows.

use crate::bcd::Device;
use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::store::lookup::Found;
use crate::diagnosis::store::lookup::Lookup;
use crate::diagnosis::store::menu::main_entry;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::store::whole::Goal;
use crate::diagnosis::store::whole::is_in_image;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::layout::windows::WindowsVolume;

/// The status where the file that the entry starts is not there.
const MISSING: &str = "0xc000000f";
/// Entries that are shown, at most.
const SHOWN: usize = 3;

/// The file that an entry makes a RAM disk of.
#[must_use]
pub(crate) fn ram_disk(object: &Object) -> Option<&str> {
    fn file(device: &Device) -> Option<&str> {
        match device {
            Device::Ramdisk { path, .. } => Some(path),
            Device::Locate { parent: Some(parent), .. } => file(parent),
            _ => None,
        }
    }
    file(&object.device(ElementId::DEVICE)?.device)
}

/// What an entry leads to, as far as it tells which Windows that is.
struct Lead<'a> {
    goal: Option<Goal<'a>>,
    root: Option<&'a str>,
}

impl Lead<'_> {
    /// Whether it is this Windows, or may be: what cannot be told counts for it.
    fn may_be(&self, windows: &WindowsVolume) -> bool {
        let is_root = self.root.is_none_or(|root| !root.starts_with('\\') || windows.is_at(root));
        let Some(goal) = &self.goal else { return is_root };
        let is_none = || self.root.is_none_or(|root| goal.layout.windows_at(goal.volume, root).is_none());
        goal.companion.is_none() && goal.volume == windows.volume && (is_root || is_none())
    }
}

/// The Windows that are all there, and to which no entry leads.
pub(in crate::diagnosis) fn left_out<'a>(entries: Entries<'a>, firmware: Firmware) -> Vec<&'a WindowsVolume> {
    let layout = entries.layout;
    let whole: Vec<&WindowsVolume> = layout
        .windows
        .iter()
        .filter(|windows| {
            let has_loader = match firmware {
                Firmware::Bios => windows.winload_exe,
                Firmware::Uefi => windows.winload_efi,
            };
            has_loader && windows.kernel.may_be() && windows.system_hive.may_be()
        })
        .collect();
    if whole.is_empty() {
        return whole;
    }
    let stores = layout.stores_indexed().filter(|(_, file)| file.live);
    let leads: Vec<Lead<'_>> = stores
        .filter_map(|(store, file)| file.parsed().map(|parsed| (store, parsed)))
        .flat_map(|(store, parsed)| parsed.objects_indexed().map(move |(at, object)| (store, at, object)))
        .filter(|(_, _, object)| object.is_os_loader())
        .filter(|(_, _, object)| !is_of_file(object))
        .map(|(store, at, object)| Lead {
            goal: entries.leads(store, at, ElementId::OS_DEVICE, false),
            root: object.string(ElementId::SYSTEM_ROOT),
        })
        .collect();
    whole.into_iter().filter(|windows| !leads.iter().any(|lead| lead.may_be(windows))).collect()
}

/// Whether what the entry starts lies in a file, into which nobody looks.
fn is_of_file(object: &Object) -> bool {
    let device = object.device(ElementId::OS_DEVICE).or_else(|| object.device(ElementId::DEVICE));
    device.is_some_and(is_in_image)
}

/// What a store leads to in place of the Windows that is here.
pub(in crate::diagnosis) struct Elsewhere<'a> {
    entries: Entries<'a>,
    store: StoreIndex,
    file: &'a StoreFile,
    main: ObjectIndex,
    /// The Windows that no entry starts.
    pub(in crate::diagnosis) windows: Vec<&'a WindowsVolume>,
}

/// Where no entry of the store that starts by itself can start the Windows that is here: what it leads to. `None` where one does, or
/// where nobody can tell.
pub(in crate::diagnosis) fn elsewhere<'a>(entries: Entries<'a>, store: StoreIndex) -> Option<Elsewhere<'a>> {
    let file = entries.layout.store(store).filter(|file| file.first)?;
    let parsed = file.parsed()?;
    let main = main_entry(parsed)?;
    let object = parsed.object_at(main)?;
    if !leads_elsewhere(entries, store, main, object) {
        return None;
    }
    let starts = |(at, object): (ObjectIndex, &Object)| {
        let is_system = object.object_type.is_some_and(|kind| kind.is_os_loader() || kind.is_ntldr())
            && !is_of_file(object);
        is_system && entries.whole(store, at, false).is_some()
    };
    if parsed.objects_indexed().any(starts) {
        return None;
    }
    let windows = left_out(entries, file.firmware);
    (!windows.is_empty()).then_some(Elsewhere { entries, store, file, main, windows })
}

/// Whether an entry surely starts none of the Windows here: it is a RAM disk, or names a directory that is not where it looks.
fn leads_elsewhere(entries: Entries<'_>, store: StoreIndex, at: ObjectIndex, object: &Object) -> bool {
    if ram_disk(object).is_some() {
        return true;
    }
    let is_loader = object.is_os_loader() && !is_of_file(object);
    is_loader
        && entries.layout.failed_read.is_none()
        && !matches!(entries.windows(store, at), Some((_, Ok(_))))
        && is_missing(entries, store, at, object)
}

/// Whether what the entry starts is surely not where its `device` leads.
fn is_missing(entries: Entries<'_>, store: StoreIndex, at: ObjectIndex, object: &Object) -> bool {
    let Some(index) = object.position(ElementId::DEVICE) else { return false };
    let mut references = entries.references.iter().zip(entries.answers);
    let is_it = |(of, _): &(&Reference, &Resolution)| (of.store, of.object, of.element) == (store, at, index);
    let evidence = &entries.layout.evidence;
    if let Some((reference, answer)) = references.find(is_it) {
        let Resolution::Here(volume) = answer else { return false };
        let is_not_there = |path: &String| !evidence.has(*volume, path) && !evidence.hides(*volume, path);
        return reference.purpose.file.as_ref().is_some_and(is_not_there);
    }
    let lookup = object.element_at(index).and_then(|element| Lookup::of(object, element));
    let volume = entries.layout.store(store).map(|file| file.volume);
    lookup.zip(volume).is_some_and(|(lookup, volume)| lookup.find(entries.layout, volume) == Found::Nowhere)
}

impl Elsewhere<'_> {
    /// The finding.
    pub(in crate::diagnosis) fn finding(&self) -> Finding {
        let Self { entries, file, .. } = self;
        let layout = entries.layout;
        let objects = file.parsed().into_iter().flat_map(|store| store.objects_indexed());
        let loaders = objects.filter(|(_, object)| object.is_os_loader());
        let (main, others): (Vec<_>, Vec<_>) = loaders.partition(|(at, _)| *at == self.main);
        let entries_shown = main.into_iter().chain(others).take(SHOWN);
        let main = file.parsed().and_then(|store| store.object_at(self.main));
        let is_missing = main.is_some_and(|main| is_missing(*entries, self.store, self.main, main));
        Finding {
            evidence: entries_shown.map(|(at, object)| self.shown(at, object)).collect(),
            predicted_status: is_missing.then_some(MISSING),
            remedy: Remedy::Advice(to_make(&self.windows)),
            ..Finding::plain(
                Code::NoWindowsEntry,
                Severity::BlocksBoot,
                Subject::store(Some(self.store), &file.name),
                format!("no entry starts the Windows on this disk: {}", places(layout, &self.windows)),
            )
        }
    }

    /// `{…} "Windows Setup" starts a RAM disk, \sources\boot.wim`.
    fn shown(&self, at: ObjectIndex, object: &Object) -> String {
        let title = object.string(ElementId::DESCRIPTION).unwrap_or("no description");
        let is_missing = is_missing(self.entries, self.store, at, object);
        let missing = if is_missing { " (missing)" } else { "" };
        let what = match (ram_disk(object), object.string(ElementId::SYSTEM_ROOT)) {
            (Some(file), _) => format!("starts a RAM disk, {file}"),
            (None, Some(root)) => format!("refers to {root}"),
            (None, None) => "has no systemroot".to_owned(),
        };
        format!("{} \"{title}\" {what}{missing}", object.name())
    }
}

/// `\Windows on partition 2 (Windows)`.
pub(in crate::diagnosis) fn places(layout: &Layout, windows: &[&WindowsVolume]) -> String {
    let place = |windows: &&WindowsVolume| format!("{} on {}", windows.root, layout.name(windows.volume));
    windows.iter().map(place).collect::<Vec<_>>().join(", ")
}

/// How an entry for a Windows is made: with a new store, that has one for each.
pub(in crate::diagnosis) fn to_make(windows: &[&WindowsVolume]) -> String {
    let which = if windows.len() == 1 { "it" } else { "each of them" };
    format!("`fix --rebuild=store` makes a new store, with an entry for {which}")
}

/// A Windows that no entry starts, where another is started.
pub(in crate::diagnosis) fn notes(entries: Entries<'_>, store: StoreIndex, file: &StoreFile) -> Vec<Finding> {
    let layout = entries.layout;
    let alone = left_out(entries, file.firmware);
    let beside = beside(entries, store, file);
    let note = |windows: &WindowsVolume| {
        let subject = Subject::volume(layout, windows.volume);
        let (message, advice) = match &beside {
            Some(goal) => (
                format!("{} starts the Windows on {}, not the one on this disk", file.name, goal.name()),
                "if this disk is a copy, run without --with".to_owned(),
            ),
            None => (
                format!("{} has no entry in {}, which starts another Windows", windows.root, file.name),
                to_make(&[windows]),
            ),
        };
        Finding {
            remedy: Remedy::Advice(advice),
            ..Finding::plain(Code::WindowsWithoutEntry, Severity::Note, subject, message)
        }
    };
    alone.into_iter().map(note).collect()
}

/// Where the main entry leads, when that is a disk beside this one.
fn beside<'a>(entries: Entries<'a>, store: StoreIndex, file: &StoreFile) -> Option<Goal<'a>> {
    let main = main_entry(file.parsed()?)?;
    entries.leads(store, main, ElementId::OS_DEVICE, false).filter(|goal| goal.companion.is_some())
}
