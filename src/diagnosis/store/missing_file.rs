//! Findings about files that are not where an element leads: on a partition that it names, or where `boot` and `locate` look.

use crate::bcd::index::ElementIndex;
use crate::bcd::index::ObjectIndex;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::LOST_BEGIN;
use crate::diagnosis::model::finding::MEND_IT;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::finding::USE_SPARE;
use crate::diagnosis::model::finding::read_it;
use crate::diagnosis::model::remedy::OfEntry;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Side;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::store::lookup::Found;
use crate::diagnosis::store::lookup::Lookup;
use crate::diagnosis::store::lookup::Where;
use crate::diagnosis::store::menu::is_listed;
use crate::diagnosis::store::menu::is_main;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::store::whole::Goal;
use crate::diagnosis::store::whole::goal;
use crate::diagnosis::store::without_entry::elsewhere;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::volume::FileSystem;

/// The status that boot managers show when a loader, or the file of a RAM disk, is not there.
const MISSING: &str = "0xc000000f";

/// The file system for which another status was measured, where the partition of Windows holds it, and that status.
const MEASURED: (&str, &str) = ("ext4", "0xc00000bb");

/// All findings about files that are not there.
#[must_use]
pub(in crate::diagnosis) fn findings(entries: Entries<'_>) -> Vec<Finding> {
    let Entries { layout, context, references, answers } = entries;
    let matched: Vec<(&Reference, &Resolution)> = references.iter().zip(answers).collect();
    let stores = layout.stores_indexed().map(|(index, _)| index);
    let elsewhere: Vec<StoreIndex> = stores.filter(|store| elsewhere(entries, *store).is_some()).collect();
    let is_elsewhere = |store: StoreIndex| elsewhere.contains(&store);
    let named = matched.iter().filter_map(|(reference, answer)| {
        let goal = goal(layout, context, reference, answer)?;
        let file = reference.purpose.file.as_ref()?;
        let wanted = Wanted::new(layout, reference.store, reference.object, reference.element)?;
        let is_elsewhere = is_elsewhere(reference.store);
        let wanted = Wanted { role: reference.purpose.role, file, is_elsewhere, ..wanted };
        let remedy = || wanted.left_here(&matched, reference);
        wanted.on(goal, "", &remedy)
    });
    let mut findings: Vec<Finding> = named.collect();
    let live = layout.stores_indexed().filter(|(_, file)| file.live);
    for (store, file) in live {
        let objects = file.parsed().into_iter().flat_map(|parsed| parsed.objects_indexed());
        for (at, object) in objects.filter(|(_, object)| object.id.is_some()) {
            findings.extend(object.elements_indexed().filter_map(|(index, element)| {
                let lookup = Lookup::of(object, element)?;
                let wanted = Wanted::new(layout, store, at, index)?;
                let is_elsewhere = is_elsewhere(store);
                Wanted { role: lookup.role, file: lookup.file(), is_elsewhere, ..wanted }.by_lookup(&lookup)
            }));
        }
    }
    findings
}

/// A file that an element needs.
struct Wanted<'a> {
    layout: &'a Layout,
    store: &'a StoreFile,
    object: &'a Object,
    place: ElementPlace,
    element: String,
    role: ElementRole,
    file: &'a str,
    is_main: bool,
    is_listed: bool,
    /// Whether the store leads elsewhere than to the Windows that is here.
    is_elsewhere: bool,
}

impl<'a> Wanted<'a> {
    fn new(layout: &'a Layout, index: StoreIndex, at: ObjectIndex, element: ElementIndex) -> Option<Self> {
        let store = layout.store(index)?;
        let parsed = store.parsed()?;
        let object = parsed.object_at(at)?;
        let element = object.element_at(element)?;
        let place = ElementPlace { store: index, object: at, id: element.id? };
        let element = display_name(element, object.object_type);
        let is_main = is_main(store, at);
        let is_listed = store.first && is_listed(parsed, object);
        Some(Self {
            layout,
            store,
            object,
            place,
            element,
            role: ElementRole::Unknown,
            file: "",
            is_main,
            is_listed,
            is_elsewhere: false,
        })
    }

    fn severity(&self) -> (Severity, Option<&'static str>) {
        match self.role {
            ElementRole::Loader | ElementRole::Image if self.is_main => (Severity::BlocksBoot, Some(MISSING)),
            ElementRole::OsRoot | ElementRole::Ntldr if self.is_main => (Severity::BlocksBoot, None),
            ElementRole::Ntldr if self.is_listed => (Severity::Degrades, None),
            ElementRole::Loader | ElementRole::OsRoot | ElementRole::Image | ElementRole::Sdi => {
                (Severity::Degrades, None)
            }
            _ => (Severity::Note, None),
        }
    }

    /// The file is wanted on a volume; `remedy` is for where another has it.
    fn on(&self, goal: Goal<'_>, why: &str, remedy: &dyn Fn() -> Remedy) -> Option<Finding> {
        let facts = goal.layout.volume(goal.volume)?;
        if goal.layout.is_encrypted(facts) || goal.layout.evidence.has(goal.volume, self.file) {
            return None;
        }
        if facts.file_system.is_closed() {
            return self.unknown(goal, facts);
        }
        if let FileSystem::Other(name) = facts.file_system {
            return Some(self.written_over(goal, name, remedy));
        }
        if facts.file_system == FileSystem::Disk {
            return Some(self.written_over(goal, "a complete disk", remedy));
        }
        if !facts.file_system.is_readable() || goal.layout.evidence.hides(goal.volume, self.file) {
            return Some(self.unreadable(goal, facts));
        }
        let message = format!("{} is not on {}{why}", self.file, goal.name());
        Some(self.missing(message, remedy))
    }

    fn missing(&self, message: String, remedy: &dyn Fn() -> Remedy) -> Finding {
        let (severity, predicted_status) = self.severity();
        let found = self.layout.evidence.volumes_with(self.file);
        let found: Vec<String> = found.map(|volume| self.layout.name(volume)).collect();
        let evidence = match found.is_empty() {
            true => "it is on no readable volume of this disk".to_owned(),
            false => format!("it is on {}", found.join(", ")),
        };
        let remedy = match severity {
            Severity::Note => Remedy::None,
            _ if found.is_empty() && self.is_elsewhere && (self.is_main || self.role == ElementRole::Sdi) => {
                Remedy::Advice(
                    "restoring it would serve this store's entry, not the Windows on this disk".into(),
                )
            }
            _ if found.is_empty() => {
                Remedy::Advice(format!("restore {} from a backup or the installation medium", self.file))
            }
            _ => remedy(),
        };
        Finding {
            evidence: vec![evidence],
            predicted_status,
            remedy,
            ..Finding::plain(
                Code::FileMissing,
                severity,
                Subject::value(self.place, &self.store.name, self.object, &self.element),
                message,
            )
        }
    }

    /// The volume holds what no Windows starts from.
    fn written_over(&self, goal: Goal<'_>, name: &str, remedy: &dyn Fn() -> Remedy) -> Finding {
        let message = format!("{} holds {name}, so {} is missing", goal.name(), self.file);
        let missing = self.missing(message, remedy);
        let predicted_status = missing.predicted_status.and((name == MEASURED.0).then_some(MEASURED.1));
        let remedy = match missing.remedy {
            Remedy::Advice(_) => Remedy::Advice(format!(
                "the store refers to the right partition, but it now holds {name}: restore the partition \
                 from a backup"
            )),
            remedy => remedy,
        };
        Finding { predicted_status, remedy, ..missing }
    }

    /// Nobody can tell what is on the volume; of what starts by itself that has to be said.
    fn unknown(&self, goal: Goal<'_>, facts: &VolumeFacts) -> Option<Finding> {
        let (severity, _) = self.severity();
        let (holds, advice) = match facts.file_system {
            FileSystem::Refs => ("ReFS, which is not supported", "check that volume in Windows PE"),
            _ => (
                "no known file system, and the data look encrypted",
                "if it was encrypted, decrypt it with the program that did it; if it was overwritten, \
                 restore it from a backup",
            ),
        };
        let message =
            format!("{} holds {holds}: cannot determine whether {} is on it", goal.name(), self.file);
        let subject = Subject::value(self.place, &self.store.name, self.object, &self.element);
        (severity == Severity::BlocksBoot).then(|| Finding {
            remedy: Remedy::Advice(advice.into()),
            ..Finding::plain(Code::FileUnknown, severity, subject, message)
        })
    }

    fn unreadable(&self, goal: Goal<'_>, facts: &VolumeFacts) -> Finding {
        let (severity, _) = self.severity();
        let text = format!("{} {}", self.store.name, self.object.name());
        let subject = Subject::new(Place::Element(self.place, Side::FileSystem), text);
        let message = format!("{} cannot be read, so {} cannot be found on it", goal.name(), self.file);
        Finding {
            evidence: vec![format!("its file system: {}", what_it_holds(facts))],
            remedy: match severity {
                Severity::Note => Remedy::None,
                _ if goal.layout.hides(goal.volume) => Remedy::Advice(format!(
                    "the store refers to the right partition; {}",
                    read_it(goal.layout)
                )),
                _ if facts.has_spare => {
                    Remedy::Advice(format!("the store refers to the right partition; {USE_SPARE}"))
                }
                _ => Remedy::Advice(format!("{MEND_IT}; the store refers to the right partition")),
            },
            ..Finding::plain(Code::FileUnreadable, severity, subject, message)
        }
    }

    /// The file is wanted where `boot` or `locate` looks.
    fn by_lookup(&self, lookup: &Lookup) -> Option<Finding> {
        let volume = self.store.volume;
        let here = |volume| Goal { layout: self.layout, volume, companion: None };
        match (lookup.find(self.layout, volume), lookup.place) {
            (Found::At(_), _) => None,
            (Found::Hidden(volume), Where::Anywhere) => {
                let facts = self.layout.volume(volume).filter(|facts| facts.file_system.is_closed())?;
                (!self.layout.is_encrypted(facts)).then(|| self.unknown(here(volume), facts))?
            }
            (Found::Hidden(volume), Where::Boot) => self.on(here(volume), "", &|| Remedy::None),
            (Found::Nowhere, Where::Boot) => {
                let remedy = || {
                    Remedy::Advice(
                        "`boot` is the store's own volume: put the file there, or set the \
                     element to the partition that has it"
                            .into(),
                    )
                };
                self.on(here(volume), ", the store's own volume, where `boot` looks", &remedy)
            }
            (Found::Nowhere, Where::Anywhere) => {
                let together = lookup.files.join(" and ");
                let message = match lookup.files.len() {
                    1 => format!("{together} is on no volume of this disk"),
                    _ => format!("no volume of this disk has both {together}"),
                };
                Some(self.missing(message, &|| Remedy::Advice("both must be on one volume".into())))
            }
        }
    }

    /// What can be done about an element that names a partition which is here, where its file is on another.
    fn left_here(&self, matched: &[(&Reference, &Resolution)], reference: &Reference) -> Remedy {
        let left = "not changed: the element refers to an existing partition";
        let mut volumes = self.layout.evidence.volumes_with(self.file);
        let only = volumes.next().filter(|_| volumes.next().is_none());
        let is_anothers = |(other, answer): &&(&Reference, &Resolution)| {
            other.purpose.role.is_windows()
                && (other.store, other.object) != (reference.store, reference.object)
                && matches!(answer, Resolution::Here(volume) | Resolution::Repoint { volume, .. } if Some(*volume) == only)
        };
        let number = only.and_then(|volume| Some(self.layout.partition(volume)?.number));
        let role = reference.purpose.role;
        let is_taken = role.is_windows() && matched.iter().any(|other| is_anothers(&other));
        match number.filter(|_| !is_taken) {
            Some(number) if role.is_image() => Remedy::Switch(
                Switch::Recovery(Some(number)),
                format!("{left}; `fix --recovery {number}` re-points it to the one with the file"),
            ),
            Some(number) if role.is_system() => Remedy::Switch(
                Switch::System(Some(number)),
                format!("{left}; `fix --system {number}` re-points it to the one with the file"),
            ),
            Some(number) if role.is_windows() => Remedy::Switch(
                Switch::Windows(Some(OfEntry { number, entry: self.object.id })),
                format!(
                    "{left}; `fix --windows {number} --entry {}` re-points it to the one with the file",
                    self.object.key
                ),
            ),
            _ => Remedy::Advice(left.into()),
        }
    }
}

fn what_it_holds(facts: &VolumeFacts) -> String {
    match (&facts.unreadable, facts.file_system.name_of_unread()) {
        (Some(damage), _) => damage.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) if facts.has_spare => LOST_BEGIN.to_owned(),
        (None, None) if facts.file_system == FileSystem::Unknown => "not recognised".to_owned(),
        (None, None) => "a directory on the path is damaged".to_owned(),
    }
}
