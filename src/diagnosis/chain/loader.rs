//! The hops from the store on: the entry, its loader, and what that loads; for NT 5.x `boot.ini` in their place.

use crate::bcd::QualifiedPartition;
use crate::bcd::Store;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::diagnosis::chain::Chain;
use crate::diagnosis::chain::is_about;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::is_identity;
use crate::diagnosis::model::hop::Hop;
use crate::diagnosis::model::hop::HopKind;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::identity::show_identity;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::ntldr::boot_ini;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::store::lookup::Found;
use crate::diagnosis::store::lookup::Lookup;
use crate::diagnosis::store::lookup::Where;
use crate::diagnosis::store::menu::By;
use crate::diagnosis::store::menu::Start;
use crate::diagnosis::store::menu::start;
use crate::diagnosis::store::whole::Goal;
use crate::diagnosis::store::whole::goal;
use crate::layout::boot_file::Content;
use crate::layout::index::StoreIndex;
use crate::layout::known::Known;
use crate::layout::store::Dirty;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::windows::WindowsVolume;
use crate::volume::FileForm;

/// A hop that is a file: which, the element that has its path, and the one that names its volume.
struct FileHop {
    kind: HopKind,
    path: ElementId,
    device: ElementId,
}

const LOADER: FileHop = FileHop { kind: HopKind::Loader, path: ElementId::PATH, device: ElementId::DEVICE };
const ROOT: FileHop =
    FileHop { kind: HopKind::SystemRoot, path: ElementId::SYSTEM_ROOT, device: ElementId::OS_DEVICE };

/// What breaks the hop from NTLDR to Windows.
const BOOT_INI: [Code; 9] = [
    Code::BootIniBootSector,
    Code::BootIniDisk,
    Code::BootIniDriver,
    Code::BootIniMissing,
    Code::BootIniPartition,
    Code::BootIniSignature,
    Code::BootIniUtf16,
    Code::NtdetectMissing,
    Code::NtdetectBroken,
];

impl<'a> Chain<'a> {
    pub(super) fn store(&mut self, index: StoreIndex, file: &StoreFile) {
        let evidence = match &file.store {
            Err(error) => format!("{}: {error}", file.name),
            Ok(store) => {
                let state = match &file.dirty {
                    Some(Dirty::Replayed { .. }) => "dirty, replayed from its log",
                    Some(Dirty::NotReplayed(_)) => "dirty",
                    None => "clean",
                };
                format!("{}, {state}, {} objects", file.name, store.objects().len())
            }
        };
        let codes = [Code::StoreUnreadable, Code::StoreEmpty, Code::StoreDirty];
        self.add_at(HopKind::Store, evidence, &Place::Store(index), &codes);
    }

    pub(super) fn entry(&mut self, store: &Store, object: &Object) {
        let how = match start(store) {
            Start::Entry { by: By::Default, .. } => "default".to_owned(),
            Start::Entry { by: By::Menu(Some(default)), .. } => {
                let place = if store.object(default).is_some() { "in the menu" } else { "in the store" };
                format!(
                    "first existing entry of the menu (the default, {}, is not {place})",
                    default.braced()
                )
            }
            Start::Entry { by: By::Menu(None), .. } => {
                "first entry of the menu (no default is set)".to_owned()
            }
            Start::NoList | Start::NotThere => "not listed in the menu".to_owned(),
        };
        let title = object.string(ElementId::DESCRIPTION).unwrap_or("no description");
        let evidence = format!("{} \"{title}\", {how}", object.name());
        let entry = self.entry;
        self.add_where(HopKind::Entry, evidence, |finding| match finding.code {
            Code::ElementMissing => is_about(finding, entry, ElementId::DESCRIPTION),
            Code::NoWindowsEntry => {
                entry.is_some_and(|(store, _)| *finding.subject.place() == Place::Store(store))
            }
            Code::DefaultNotWindows => {
                finding.subject.element().map(|place| place.store) == entry.map(|(store, _)| store)
            }
            _ => false,
        });
    }

    /// There is no entry that starts by itself, or it starts no Windows.
    pub(super) fn no_entry(&mut self, store: &Store) {
        let evidence = match start(store) {
            Start::Entry { object, .. } => {
                store.object_at(object).map_or("none", |object| object.name()).to_owned()
            }
            Start::NoList => "none: no default and no menu".to_owned(),
            Start::NotThere => "none: the listed entries are not in the store".to_owned(),
        };
        self.add(
            HopKind::Entry,
            evidence,
            &[
                Code::NoWindowsEntry,
                Code::MenuMissing,
                Code::MenuEntryMissing,
                Code::DefaultNotWindows,
                Code::StoreEmpty,
            ],
        );
    }

    /// `device`, `path`, `osdevice`, and what the loader reads first.
    pub(super) fn loader(&mut self, object: &Object, of_entry: &[(&Reference, &Resolution)]) {
        let path = match object.element(ElementId::PATH) {
            Some(_) => object.string(ElementId::PATH).unwrap_or_default(),
            None => r"the loader's default path",
        };
        let path = path.to_owned();
        let device = self.device(HopKind::Device, object, ElementId::DEVICE, of_entry);
        self.file(&LOADER, &path, device.as_ref());
        let kind = object.object_type;
        if kind.is_some_and(|kind| kind.is_ntldr()) {
            let volume = device.filter(|place| place.companion.is_none()).map(|place| place.volume);
            let systems = self.layout.systems.iter();
            let system = systems.filter(|system| system.ntldr.is_some()).find(|it| Some(it.volume) == volume);
            return system.into_iter().for_each(|system| self.boot_ini(system));
        }
        if !kind.is_some_and(|kind| kind.is_os_loader()) {
            return;
        }
        let root = object.string(ElementId::SYSTEM_ROOT).unwrap_or_default().to_owned();
        let os_device = self.device(HopKind::OsDevice, object, ElementId::OS_DEVICE, of_entry);
        self.file(&ROOT, &root, os_device.as_ref());
        let Some(place) = os_device else { return };
        match place.layout.windows_at(place.volume, &root) {
            Some(windows) => self.windows(windows, place.subject().place()),
            None => {
                let evidence = format!("none at {root}");
                self.add_at(HopKind::Windows, evidence, place.subject().place(), &[Code::WindowsMissing]);
            }
        }
    }

    /// What is started of a Windows first, on this volume.
    pub(super) fn windows(&mut self, windows: &WindowsVolume, volume: &Place) {
        let there = |file: &Known<()>| if file.may_be() { "present" } else { "missing" };
        let evidence = format!(
            r"ntoskrnl.exe {}, config\SYSTEM {}",
            there(&windows.kernel),
            there(&windows.system_hive)
        );
        let hal = windows.hal.as_ref().map_or_else(String::new, |hal| format!(", hal.dll {}", there(hal)));
        let evidence = format!("{evidence}{hal}");
        let codes = [
            Code::KernelMissing,
            Code::KernelBroken,
            Code::MachineMismatch,
            Code::HalMissing,
            Code::HalBroken,
            Code::SystemHiveMissing,
            Code::SystemHiveBroken,
            Code::SectorSizeMismatch,
        ];
        self.add_at(HopKind::Windows, evidence, volume, &codes);
    }

    /// NT 5.x has no store: `boot.ini` leads from NTLDR to Windows.
    pub(super) fn boot_ini(&mut self, system: &SystemVolume) {
        let (state, evidence, windows) = boot_ini::hop(self.layout, self.context, system);
        self.add(HopKind::BootIni, evidence, &BOOT_INI);
        if let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
            hop.state = state;
        }
        if let Some(windows) = windows {
            self.windows(windows, &Place::Volume(windows.volume));
        }
    }

    /// The volume that an element of the main entry leads to, where it does.
    pub(super) fn device(
        &mut self,
        kind: HopKind,
        object: &Object,
        id: ElementId,
        of_entry: &[(&Reference, &Resolution)],
    ) -> Option<Goal<'a>> {
        let index = object.position(id);
        let found = of_entry.iter().rfind(|(reference, _)| Some(reference.element) == index);
        let Some((reference, answer)) = found else { return self.unnamed(kind, object, id) };
        let named = show_identity(&reference.named);
        let place = goal(self.layout, self.context, reference, answer);
        let evidence = match (answer, &place) {
            (Resolution::Repoint { .. } | Resolution::RepointCompanion { .. }, Some(place)) => {
                match is_same_partition(&reference.named, place) {
                    true => format!("{named}: a different disk GUID, so stale; it is {}", place.name()),
                    false => format!("{named}: not present; should be {}", place.name()),
                }
            }
            (Resolution::OtherDisk { name, partition: None, .. }, _) => {
                format!("{name}, a different disk, has no such partition")
            }
            (Resolution::OtherDisk { name, partition: Some(number), .. }, None) => {
                format!("partition {number} of {name}, a different disk")
            }
            (Resolution::OtherDisk { name, is_named: false, .. }, Some(place))
                if place.companion.is_none() =>
            {
                format!("{}, by a GUID that also exists on {name}", place.name())
            }
            (Resolution::Untouched, _) => named,
            (_, Some(place)) => place.name(),
            (_, None) => format!("{named}: not present"),
        };
        let is_elsewhere = !matches!(answer, Resolution::Here(_) | Resolution::Repoint { .. });
        let entry = self.entry;
        let typed = place.as_ref().map(|place| place.subject().place().clone());
        self.add_where(kind, evidence, |finding| {
            let is_of_type =
                finding.code == Code::PartitionType && typed.as_ref() == Some(finding.subject.place());
            let is_of_image = reference.purpose.role == ElementRole::Image && is_of_file(finding);
            is_of_type
                || (is_identity(finding)
                    || is_of_image
                    || [Code::OsdeviceElsewhere, Code::NamesOtherDisk].contains(&finding.code))
                    && is_about(finding, entry, id)
        });
        if is_elsewhere && place.is_none() {
            self.unsure();
        }
        // Behind a file on it, the volume is not what the entry's own paths are on.
        place.filter(|_| reference.purpose.file.is_none() || reference.purpose.role != ElementRole::Image)
    }

    /// The same of an element that names no partition.
    fn unnamed(&mut self, kind: HopKind, object: &Object, id: ElementId) -> Option<Goal<'a>> {
        let own = self.volume?;
        let text = object.device(id).map_or_else(
            || "none".to_owned(),
            |device| device.device.display_with(&|named, _| show_identity(named)),
        );
        let lookup = object.element(id).and_then(|element| Lookup::of(object, element));
        let is_image = lookup.as_ref().is_some_and(|lookup| lookup.role == ElementRole::Image);
        let found = lookup.as_ref().map(|lookup| lookup.find(self.layout, own));
        let evidence = match (&lookup, found) {
            (Some(lookup), Some(Found::At(volume))) if is_image => {
                format!("{text}: {} is on {}", lookup.file(), self.layout.name(volume))
            }
            (Some(_), Some(Found::At(volume))) => format!("{text}: {}", self.layout.name(volume)),
            (Some(lookup), Some(Found::Nowhere)) => match lookup.place {
                Where::Boot => format!("{text}: {}, the store's volume", self.layout.name(own)),
                Where::Anywhere => format!("{text}: no volume has {}", lookup.files.join(" and ")),
            },
            _ => text,
        };
        let is_of_place = lookup.as_ref().is_some_and(|lookup| lookup.place == Where::Anywhere);
        let entry = self.entry;
        self.add_where(kind, evidence, |finding| {
            (matches!(finding.code, Code::ElementDamaged | Code::ElementMissing)
                || (is_image || is_of_place) && is_of_file(finding))
                && is_about(finding, entry, id)
        });
        let volume = match (found, lookup) {
            (Some(Found::At(volume) | Found::Hidden(volume)), _) => Some(volume),
            (Some(Found::Nowhere), Some(lookup)) if lookup.place == Where::Boot => Some(own),
            _ => None,
        };
        if volume.is_none() {
            self.unsure();
        }
        let place = |volume| Goal { layout: self.layout, volume, companion: None };
        volume.filter(|_| !is_image).map(place)
    }

    /// A path of the main entry on the volume that its element leads to.
    fn file(&mut self, what: &FileHop, path: &str, place: Option<&Goal<'_>>) {
        let FileHop { kind, path: of, device } = *what;
        let entry = self.entry;
        let is_missing =
            |finding: &Finding| finding.code == Code::ElementMissing && is_about(finding, entry, of);
        if path.is_empty() || self.findings.iter().any(is_missing) {
            let text = if path.is_empty() { "none" } else { path };
            return self.add_where(kind, text.to_owned(), is_missing);
        }
        let Some(place) = place else {
            let evidence = format!("{path}, on a volume that is unknown or cannot be read");
            self.hops.push(Hop { kind, state: State::Unknown, evidence, finding: None });
            return;
        };
        if !path.starts_with('\\') {
            let evidence = format!("{path} on {}", place.name());
            self.hops.push(Hop { kind, state: State::Unknown, evidence, finding: None });
            return;
        }
        let is_there = place.layout.evidence.has(place.volume, path);
        let facts = place.layout.volume(place.volume);
        let is_closed = !is_there && facts.is_some_and(|facts| facts.file_system.is_closed());
        let evidence = match (is_there, is_closed) {
            (true, _) => format!("{path} on {}{}", place.name(), fault(place, path)),
            (false, true) => format!("{path} on {}, whose files cannot be read", place.name()),
            (false, false) => format!("{path} is not on {}", place.name()),
        };
        self.add_where(kind, evidence, |finding| {
            is_of_file(finding) && is_about(finding, entry, device)
                || is_of_program(finding) && is_about(finding, entry, of)
        });
        // What the Windows Overlay Filter compressed is another matter: that is known to start, or not to.
        let file = place.layout.boot_file(place.volume, path).filter(|file| file.form != FileForm::Overlay);
        if file.is_some_and(|file| file.content.is_err()) {
            self.unsure();
        }
        let mut hiding = place.layout.evidence.volumes_hiding(path);
        let is_hidden = is_closed || !is_there && hiding.any(|hiding| hiding == place.volume);
        if is_hidden && let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
            hop.state = State::Unknown;
            hop.evidence = format!("{path} on {}, whose files cannot be read", place.name());
        }
    }
}

/// `: zeros`: what is certainly wrong with the file of a loader.
fn fault(place: &Goal<'_>, path: &str) -> &'static str {
    let file = place.layout.boot_file(place.volume, path);
    match file.and_then(|file| file.content.as_ref().ok()) {
        Some(Content::Empty) => ": empty",
        Some(Content::Zeros) => ": zeros",
        Some(Content::Cut { .. }) => ": truncated",
        _ => "",
    }
}

fn is_of_file(finding: &Finding) -> bool {
    matches!(finding.code, Code::FileMissing | Code::FileUnreadable | Code::FileUnknown)
}

/// What is wrong with the program that a `path` names.
fn is_of_program(finding: &Finding) -> bool {
    matches!(
        finding.code,
        Code::LoaderOtherFirmware | Code::LoaderBroken | Code::LoaderCompressed | Code::MachineMismatch
    )
}

/// Whether the partition has the GUID that is named, on a disk that has another than the one named.
fn is_same_partition(named: &QualifiedPartition, place: &Goal<'_>) -> bool {
    let guid = place.layout.volume(place.volume).and_then(|facts| facts.partition.guid());
    matches!(named, QualifiedPartition::Gpt { partition, .. } if Some(*partition) == guid)
}
