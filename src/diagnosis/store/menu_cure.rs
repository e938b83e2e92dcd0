//! Findings about a boot manager's lists: what they name is not there, or starts no Windows; and the entry that can take its place.

use crate::bcd::Store;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::bytes;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Chosen;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Side;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::store::menu::By;
use crate::diagnosis::store::menu::Start;
use crate::diagnosis::store::menu::has_element;
use crate::diagnosis::store::menu::is_recovery_beside;
use crate::diagnosis::store::menu::is_system;
use crate::diagnosis::store::menu::listed;
use crate::diagnosis::store::menu::recovery_entries;
use crate::diagnosis::store::menu::start;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::store::without_entry;
use crate::diagnosis::store::without_entry::elsewhere;
use crate::diagnosis::store::without_entry::left_out;
use crate::diagnosis::store::without_entry::places;
use crate::diagnosis::store::without_entry::ram_disk;
use crate::diagnosis::store::without_entry::to_make;
use crate::guid::Guid;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;

/// Written behind all that the entry itself needs.
const RANK: u8 = 3;
/// Bytes of an id in an element: 38 characters of UTF-16.
const ID_SIZE: usize = 76;

/// All findings about the lists of the stores that the firmware comes to.
pub(in crate::diagnosis) fn findings(entries: Entries<'_>) -> Vec<Finding> {
    let stores = entries.layout.stores_indexed().filter(|(_, file)| file.first);
    let menus = stores.filter_map(|(index, file)| {
        let store = file.parsed().filter(|store| !store.objects().is_empty())?;
        Some(Menu { entries, index, file, store })
    });
    menus.flat_map(|menu| menu.findings()).collect()
}

/// Findings about the lists of a store without a disk around it.
pub(in crate::diagnosis) fn alone(path: &str, store: &Store) -> Option<Finding> {
    let fault = fault(None, path, store).filter(|_| has_loader(store) && store.boot_manager().is_some())?;
    Some(Finding { remedy: Remedy::Advice("check the disk that holds it".into()), ..fault })
}

/// The lists of one store.
struct Menu<'a> {
    entries: Entries<'a>,
    index: StoreIndex,
    file: &'a StoreFile,
    store: &'a Store,
}

impl Menu<'_> {
    fn findings(&self) -> Vec<Finding> {
        let starts = match start(self.store) {
            Start::Entry { object, .. } => self.store.object_at(object),
            Start::NoList | Start::NotThere => None,
        };
        if starts.is_some_and(|object| is_system(object) && !is_recovery_beside(self.store, object)) {
            return self.of_system(starts);
        }
        if !has_loader(self.store) {
            return vec![self.no_entry()];
        }
        let Some(fault) = fault(Some(self.index), &self.file.name, self.store) else { return Vec::new() };
        let candidates = self.candidates();
        let named = candidates.iter().filter_map(|object| self.described(*object));
        let evidence = fault.evidence.iter().cloned().chain(named).collect();
        let remedy = self.remedy(&candidates);
        let unfit = self.unfit(&candidates);
        std::iter::once(Finding { evidence, remedy, ..fault }).chain(unfit).collect()
    }

    /// Something starts by itself; it may be another thing than the Windows that is here.
    fn of_system(&self, starts: Option<&Object>) -> Vec<Finding> {
        if let Some(finding) = self.ram_disk(starts) {
            return vec![finding];
        }
        let said = self.unused_word(starts).into_iter().chain(self.other());
        match elsewhere(self.entries, self.index) {
            Some(elsewhere) => said.chain([elsewhere.finding()]).collect(),
            None => said.chain(without_entry::notes(self.entries, self.index, self.file)).collect(),
        }
    }

    /// A RAM disk starts by itself, and another entry starts a Windows; real machines are set up so, to be deployed.
    fn ram_disk(&self, starts: Option<&Object>) -> Option<Finding> {
        let Start::Entry { object: main, by } = start(self.store) else { return None };
        let object = starts?;
        let file = ram_disk(object)?;
        let candidates = self.candidates();
        let is_windows = |at: &ObjectIndex| matches!(self.entries.windows(self.index, *at), Some((_, Ok(_))));
        if !candidates.iter().any(is_windows) {
            return None;
        }
        let is_there = self.entries.whole(self.index, main, false).is_some();
        Some(Finding {
            evidence: candidates.iter().filter_map(|object| self.described(*object)).collect(),
            remedy: self.remedy(&candidates),
            ..Finding::plain(
                Code::DefaultNotWindows,
                if is_there { Severity::Note } else { Severity::BlocksBoot },
                list(Some(self.index), &self.file.name, self.store, by == By::Default),
                format!("{} boots by default, and it is a RAM disk, {file}", object.name()),
            )
        })
    }

    /// There is no entry that could start a Windows.
    fn no_entry(&self) -> Finding {
        let Self { entries, file, .. } = self;
        let layout = entries.layout;
        let windows = left_out(*entries, file.firmware);
        let objects = format!("{} objects, none of them a Windows boot loader", self.store.objects().len());
        let place = (!windows.is_empty()).then(|| format!("{} has none", places(layout, &windows)));
        Finding {
            evidence: std::iter::once(objects).chain(place).collect(),
            remedy: Remedy::Advice(to_make(&windows)),
            ..Finding::plain(
                Code::NoWindowsEntry,
                Severity::BlocksBoot,
                Subject::store(Some(self.index), &file.name),
                "the store has no entry that starts Windows".into(),
            )
        }
    }

    /// The entries that can take the place of what is not there: the one that the user means, or that the default names, or else
    /// all that lead to a whole Windows.
    fn candidates(&self) -> Vec<ObjectIndex> {
        let recovery = recovery_entries(self.store);
        let is_candidate = |(at, object): &(ObjectIndex, &Object)| {
            object.object_type.is_some_and(|kind| kind.is_os_loader() || kind.is_ntldr())
                && object.id.is_some_and(|id| !recovery.contains(&id))
                && self.entries.whole(self.index, *at, false).is_some()
        };
        let objects = self.store.objects_indexed();
        let mut whole: Vec<ObjectIndex> = objects.filter(is_candidate).map(|(at, _)| at).collect();
        // Beside a Windows a RAM disk is what repairs it or sets one up.
        if !self.entries.layout.windows.is_empty() {
            whole.retain(|at| self.store.object_at(*at).is_some_and(|object| ram_disk(object).is_none()));
        }
        let only = |id: Guid| whole.iter().copied().find(|at| self.id(*at) == Some(id));
        if let Some(entry) = self.entries.context.choice.entry {
            return only(entry).into_iter().collect();
        }
        match self.store.default_id().and_then(only) {
            Some(default) => vec![default],
            None => whole,
        }
    }

    fn id(&self, object: ObjectIndex) -> Option<Guid> {
        self.store.object_at(object)?.id
    }

    /// `{…} "Windows Server 2008 R2", Windows on partition 2`.
    fn described(&self, object: ObjectIndex) -> Option<String> {
        let of = self.store.object_at(object)?;
        let title = of.string(ElementId::DESCRIPTION).unwrap_or("no description");
        let goal = self.entries.whole(self.index, object, false)?;
        Some(format!("{} \"{title}\" starts {}", of.name(), goal.name()))
    }

    fn remedy(&self, candidates: &[ObjectIndex]) -> Remedy {
        let is_decided = self.entries.context.choice.entry.is_some();
        let is_missing = start(self.store) == Start::NotThere;
        let [only] = candidates else {
            return match candidates {
                [] => Remedy::Advice(match left_out(self.entries, self.file.firmware).as_slice() {
                    [] => "no entry of the store leads to a complete Windows: see the findings about them"
                        .into(),
                    windows => to_make(windows),
                }),
                _ => Remedy::Switch(
                    Switch::Entry(None),
                    "choose the entry to start: `fix --entry {GUID}`".into(),
                ),
            };
        };
        let Some(id) = self.id(*only) else { return Remedy::None };
        let Some(edit) = self.edit(id) else {
            let (is_in_menu, id) = (self.is_in_menu(id), id.braced());
            let command = match is_in_menu {
                true => format!("default DISK {id}"),
                false => format!("displayorder DISK {id} --addlast"),
            };
            return Remedy::Advice(format!(
                "run `bcdrescue bcd {command}`; fix changes only existing elements"
            ));
        };
        match is_decided || is_missing {
            true => Remedy::Edit(vec![edit]),
            false => Remedy::Switch(
                Switch::Entry(Some(id)),
                format!("`fix --entry {}` makes it the default entry", id.braced()),
            ),
        }
    }

    /// The id over the one that starts nothing, in as many bytes.
    fn edit(&self, id: Guid) -> Option<ByteEdit> {
        let manager = self.store.boot_manager()?;
        let is_default = match start(self.store) {
            Start::NotThere => self.store.display_order().is_empty(),
            Start::Entry { .. } if !self.is_in_menu(id) => return None,
            Start::Entry { by: By::Default | By::Menu(Some(_)), .. } => true,
            Start::Entry { by: By::Menu(None), .. } | Start::NoList => return None,
        };
        let (name, element) = match is_default {
            true => ("default", manager.element(ElementId::DEFAULT)?),
            false => ("displayorder", manager.element(ElementId::DISPLAY_ORDER)?),
        };
        let at = element.raw.get(..ID_SIZE)?;
        let before = at.to_vec();
        let after = bytes::utf16le(&id.braced());
        (after.len() == before.len()).then(|| ByteEdit {
            what: format!("{name} of {{bootmgr}} in {}", self.file.name),
            site: Site::Store { store: self.index, at: element.at, rank: RANK },
            meaning: format!("{} -> {}", bytes::utf16le_until_nul(&before), id.braced()),
            before,
            after,
        })
    }

    /// Whether an entry is started where it is the default.
    fn is_in_menu(&self, id: Guid) -> bool {
        self.store.display_order().is_empty() || self.store.display_order().contains(&id)
    }

    /// The user's word for an entry that cannot be started.
    fn unfit(&self, candidates: &[ObjectIndex]) -> Option<Finding> {
        let entry = self.entries.context.choice.entry.filter(|_| candidates.is_empty())?;
        let message = match self.store.object(entry) {
            // That is said of all stores together.
            None => return None,
            Some(object) => {
                format!("{} does not lead to a complete Windows, so it cannot be the default", object.name())
            }
        };
        Some(Finding::plain(Code::ChoiceDoesNotFit, Severity::Note, Subject::choice(Chosen::Entry), message))
    }

    /// The user's word for an entry, where nothing is to be decided.
    fn unused_word(&self, starts: Option<&Object>) -> Option<Finding> {
        let choice = self.entries.context.choice;
        let entry = choice.entry.filter(|_| choice.windows.is_none() && choice.recovery.is_none())?;
        let starts = starts.filter(|object| object.id != Some(entry))?;
        self.store.object(entry)?;
        let message = format!(
            "{} boots by default, so --entry has no effect; add --windows N or --recovery N to re-point an entry",
            starts.name()
        );
        Some(Finding::plain(Code::ChoiceDoesNotFit, Severity::Note, Subject::choice(Chosen::Entry), message))
    }

    /// Another entry of the menu that starts as it is, where the one that starts by itself does not.
    fn other(&self) -> Option<Finding> {
        let Start::Entry { object: main, .. } = start(self.store) else { return None };
        if self.entries.whole(self.index, main, true).is_some() {
            return None;
        }
        let recovery = recovery_entries(self.store);
        let others = listed(self.store).into_iter().filter(|at| *at != main);
        let mut others = others.filter_map(|at| self.store.object_at(at).map(|object| (at, object)));
        let (at, object) = others.find(|(at, object)| {
            object.is_os_loader()
                && object.id.is_some_and(|id| !recovery.contains(&id))
                && self.entries.whole(self.index, *at, true).is_some()
        })?;
        let title = object.string(ElementId::DESCRIPTION).unwrap_or("no description");
        let goal = self.entries.whole(self.index, at, true)?;
        Some(Finding::plain(
            Code::OtherEntryStarts,
            Severity::Note,
            Subject::object(self.index, self.file, at, object),
            format!("selecting \"{title}\" in the boot menu starts the Windows on {}", goal.name()),
        ))
    }
}

fn has_loader(store: &Store) -> bool {
    let mut kinds = store.objects().iter().filter_map(|object| object.object_type);
    kinds.any(|kind| kind.is_os_loader())
}

/// What is wrong with the lists of a store; `None` where they start a system.
fn fault(index: Option<StoreIndex>, path: &str, store: &Store) -> Option<Finding> {
    let default = || list(index, path, store, true);
    let order = || list(index, path, store, false);
    let (code, status, subject, message) = match start(store) {
        Start::Entry { object, by } => {
            let object = store.object_at(object)?;
            let what = match (is_system(object), is_recovery_beside(store, object)) {
                (false, _) => "not a Windows entry",
                (true, true) => "the recovery environment of another entry",
                (true, false) => return None,
            };
            let subject = if by == By::Default { default() } else { order() };
            let message = format!("{} boots by default, but it is {what}", object.name());
            (Code::DefaultNotWindows, None, subject, message)
        }
        Start::NoList if store.boot_manager().is_none() => {
            let message = "the store has no {bootmgr}, so no default entry and no menu";
            (Code::MenuMissing, Some("0xc0000098"), Subject::store(index, path), message.to_owned())
        }
        Start::NoList => {
            let message = "{bootmgr} has no default entry and no menu: nothing boots";
            (Code::MenuMissing, Some("0xc0000098"), default(), message.to_owned())
        }
        Start::NotThere if store.display_order().is_empty() => {
            let message = "the default entry is not in the store, and there is no menu: nothing boots";
            (Code::MenuEntryMissing, Some("0xc0000034"), default(), message.to_owned())
        }
        Start::NotThere => {
            let message = "the menu lists only entries that are not in the store: nothing boots";
            (Code::MenuEntryMissing, Some("0xc0000034"), order(), message.to_owned())
        }
    };
    Some(Finding {
        predicted_status: status,
        evidence: evidence(store),
        ..Finding::plain(code, Severity::BlocksBoot, subject, message)
    })
}

/// One of the lists.
fn list(index: Option<StoreIndex>, path: &str, store: &Store, is_default: bool) -> Subject {
    let (name, id) = match is_default {
        true => ("default", ElementId::DEFAULT),
        false => ("displayorder", ElementId::DISPLAY_ORDER),
    };
    let place = match (index, store.position(object_id::BOOTMGR)) {
        (Some(store), Some(object)) => Place::Element(ElementPlace { store, object, id }, Side::Value),
        (Some(store), None) => Place::Store(store),
        (None, _) => Place::LoneStore,
    };
    Subject::new(place, format!("{path} {{bootmgr}} {name}"))
}

/// What the lists name.
fn evidence(store: &Store) -> Vec<String> {
    let said = |name: &str, id: Guid| match store.object(id) {
        Some(object) => format!("{name} refers to {}, which is in the store", object.name()),
        None => format!("{name} refers to {}, which is not in the store", id.braced()),
    };
    let default = store.default_id().map(|id| said("default", id));
    let order = store.display_order().iter().take(3).map(|id| said("displayorder", *id));
    let opaque = [("default", ElementId::DEFAULT), ("displayorder", ElementId::DISPLAY_ORDER)];
    let opaque = opaque.into_iter().filter(|(name, id)| {
        let is_read =
            if *name == "default" { store.default_id().is_some() } else { !store.display_order().is_empty() };
        has_element(store, *id) && !is_read
    });
    let opaque = opaque.map(|(name, _)| format!("{name} is set but invalid"));
    default.into_iter().chain(order).chain(opaque).collect()
}

/// Whether the element is one of the lists, in which `fix` writes another id.
#[must_use]
pub(crate) fn is_list(element: &Element) -> bool {
    matches!(element.id, Some(ElementId::DEFAULT | ElementId::DISPLAY_ORDER))
}
