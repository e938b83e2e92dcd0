//! The hops from the store on: the entry, its loader, and what that loads; for NT 5.x `boot.ini` in their place.

use crate::bcd::QualifiedPartition;
use crate::bcd::Store;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::beside::Beside;
use crate::diagnosis::chain::Chain;
use crate::diagnosis::chain::Hop;
use crate::diagnosis::chain::Place;
use crate::diagnosis::chain::State;
use crate::diagnosis::chain::is_identity;
use crate::diagnosis::finding::NAMES_OTHER_DISK;
use crate::diagnosis::fit::OS_DEVICE_ELSEWHERE;
use crate::diagnosis::ntldr;
use crate::diagnosis::record::Record;
use crate::diagnosis::record::direct;
use crate::diagnosis::record::is_here;
use crate::diagnosis::role::Role;
use crate::diagnosis::show_identity;
use crate::layout::store::Dirty;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::windows::WindowsVolume;

impl<'a> Chain<'a> {
    pub(super) fn store(&mut self, file: &StoreFile) {
        let evidence = match &file.store {
            Err(error) => format!("{}: {error}", file.path),
            Ok(store) => {
                let state = match &file.dirty {
                    Some(Dirty::Replayed { .. }) => "dirty, made whole from its log",
                    Some(Dirty::NotReplayed(_)) => "dirty",
                    None => "clean",
                };
                format!("{}, {state}, {} objects", file.path, store.objects().len())
            }
        };
        let path = file.path.clone();
        let codes = ["store-unreadable", "store-empty", "store-dirty"];
        self.add_where("store", evidence, |finding| codes.contains(&finding.code) && finding.subject == path);
    }

    pub(super) fn entry(&mut self, store: &Store, object: &Object) {
        let how = if store.default_id().is_some() && store.default_id() == object.id {
            "default"
        } else if object.id.is_some_and(|id| store.display_order().contains(&id)) {
            "first of the menu (there is no default)"
        } else {
            "the only one that starts Windows"
        };
        let title = object.string(ElementId::DESCRIPTION).unwrap_or("without a description");
        self.add("entry", format!("{} \"{title}\", {how}", object.name()), &["no-windows-entry"]);
    }

    /// `device`, `path`, `osdevice`, and what the loader reads first.
    pub(super) fn loader(&mut self, entry: &str, object: &Object, of_entry: &[(&Record, &Resolution)]) {
        let path = object.string(ElementId::PATH).unwrap_or(r"the loader's own default path").to_owned();
        let device = self.device(entry, "device", object, ElementId::DEVICE, of_entry);
        self.file(entry, "loader", &path, device.as_ref());
        let root = object.string(ElementId::SYSTEM_ROOT).unwrap_or_default().to_owned();
        let os_device = self.device(entry, "osdevice", object, ElementId::OS_DEVICE, of_entry);
        self.file(entry, "system root", &root, os_device.as_ref());
        let Some(place) = os_device else { return };
        let windows = place
            .layout
            .windows
            .iter()
            .find(|windows| windows.volume == place.volume && windows.root.eq_ignore_ascii_case(&root));
        if let Some(windows) = windows {
            self.windows(windows, &place.name);
        }
    }

    /// What is started of a Windows first; `name` is that of its volume.
    pub(super) fn windows(&mut self, windows: &WindowsVolume, name: &str) {
        let there = |is_there: bool| if is_there { "there" } else { "missing" };
        let evidence =
            format!(r"ntoskrnl.exe {}, config\SYSTEM {}", there(windows.kernel), there(windows.system_hive));
        let codes = ["kernel-missing", "system-hive-missing"];
        self.add_where("Windows", evidence, |finding| {
            codes.contains(&finding.code) && finding.subject == name
        });
    }

    /// NT 5.x has no store: `boot.ini` leads from NTLDR to Windows.
    pub(super) fn boot_ini(&mut self, system: &SystemVolume) {
        let (state, evidence, windows) = ntldr::hop(self.layout, self.context, system);
        self.add("boot.ini", evidence, &["boot-ini-signature", "boot-ini-partition"]);
        if let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
            hop.state = state;
        }
        if let Some(windows) = windows {
            let name = self.layout.name(windows.volume);
            self.windows(windows, &name);
        }
    }

    /// The volume that an element of the main entry leads to, where it does.
    pub(super) fn device(
        &mut self,
        entry: &str,
        name: &'static str,
        object: &Object,
        id: ElementId,
        of_entry: &[(&Record, &Resolution)],
    ) -> Option<Place<'a>> {
        let index = object.elements.iter().position(|element| element.id == Some(id));
        let found = of_entry.iter().rfind(|(record, _)| Some(record.element) == index);
        let Some((record, answer)) = found else {
            let text = object.device(id).map_or_else(
                || "none".to_owned(),
                |device| device.device.display_with(&|named, _| show_identity(named)),
            );
            let subject = format!("{entry} {name}");
            self.add_where(name, text, |finding| {
                matches!(finding.code, "element-damaged" | "element-missing")
                    && finding.subject.starts_with(&subject)
            });
            if let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
                hop.state = State::Unknown;
            }
            return None;
        };
        let named = show_identity(&record.named);
        let place = self.place(record, answer);
        let evidence = match (answer, &place) {
            (Resolution::Repoint { .. } | Resolution::RepointBeside { .. }, Some(place)) => {
                match is_same_partition(&record.named, place) {
                    true => format!("{named}: of another disk GUID, and so stale; it is {}", place.name),
                    false => format!("{named}: not here; it should name {}", place.name),
                }
            }
            (Resolution::OtherDisk { name, partition: None, .. }, _) => {
                format!("{name}, another disk, but no such partition")
            }
            (Resolution::OtherDisk { name, partition: Some(number), .. }, None) => {
                format!("partition {number} of {name}, another disk")
            }
            (Resolution::OtherDisk { name, is_named: false, .. }, Some(place)) if self.is_local(place) => {
                format!("{}, by a GUID that a partition of {name} has too", place.name)
            }
            (Resolution::Untouched, _) => named,
            (_, Some(place)) => place.name.clone(),
            (_, None) => format!("{named}: not here"),
        };
        let subject = format!("{entry} {name}");
        let is_elsewhere = !matches!(answer, Resolution::Here(_) | Resolution::Repoint { .. });
        self.add_where(name, evidence, |finding| {
            (is_identity(finding) || [OS_DEVICE_ELSEWHERE, NAMES_OTHER_DISK].contains(&finding.code))
                && finding.subject.starts_with(&subject)
        });
        if is_elsewhere
            && place.is_none()
            && let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok)
        {
            hop.state = State::Unknown;
        }
        // Behind a file on it, the volume is not what the entry's own paths are on.
        place.filter(|_| record.purpose.file.is_none() || record.purpose.role != Role::Image)
    }

    pub(super) fn place(&self, record: &Record, answer: &Resolution) -> Option<Place<'a>> {
        let (layout, volume, name) = match answer {
            Resolution::Here(volume) | Resolution::Repoint { volume, .. } => {
                (self.layout, *volume, self.layout.name(*volume))
            }
            Resolution::RepointBeside { disk, volume, .. } => {
                let beside = self.context.beside.get(*disk)?;
                (&beside.layout, *volume, beside.place(*volume))
            }
            Resolution::OtherDisk { .. } => {
                let is_named = |beside: &&'a Beside| is_here(&beside.layout, &record.named).is_some();
                match self.context.beside.iter().find(is_named) {
                    Some(beside) => {
                        let volume = is_here(&beside.layout, &record.named)?;
                        (&beside.layout, volume, beside.place(volume))
                    }
                    None => {
                        // Of a GPT disk the partition's GUID decides, whatever disk it is on.
                        let by_guid = matches!(record.named, QualifiedPartition::Gpt { .. });
                        let volume = direct(self.layout, &record.named).filter(|_| by_guid)?;
                        (self.layout, volume, self.layout.name(volume))
                    }
                }
            }
            Resolution::Left { .. } | Resolution::Untouched => return None,
        };
        Some(Place { layout, volume, name })
    }

    fn is_local(&self, place: &Place<'_>) -> bool {
        std::ptr::eq(place.layout, self.layout)
    }

    /// A path of the main entry on the volume that its element leads to.
    pub(super) fn file(&mut self, entry: &str, name: &'static str, path: &str, place: Option<&Place<'_>>) {
        let Some(place) = place else {
            let evidence = format!("{path}, on a volume that is not known or cannot be seen from here");
            self.hops.push(Hop { name, state: State::Unknown, evidence, finding: None });
            return;
        };
        let is_there = place.layout.evidence.has(place.volume, path);
        let codes = ["file-missing", "file-unreadable", "loader-other-firmware"];
        let evidence = match is_there {
            true => format!("{path} on {}", place.name),
            false => format!("{path} is not on {}", place.name),
        };
        self.add_where(name, evidence, |finding| {
            codes.contains(&finding.code)
                && finding.subject.starts_with(entry)
                && is_named(&finding.message, path)
        });
        let mut hiding = place.layout.evidence.volumes_hiding(path);
        let is_hidden = !is_there && hiding.any(|hiding| hiding == place.volume);
        if is_hidden && let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
            hop.state = State::Unknown;
            hop.evidence = format!("{path} on {}, whose files cannot be seen", place.name);
        }
    }
}

/// Whether a sentence names this path, and not only one below it.
fn is_named(sentence: &str, path: &str) -> bool {
    let goes_on = |c: char| c == '\\' || c.is_alphanumeric();
    sentence.match_indices(path).any(|(at, _)| {
        let after = sentence.get(at.saturating_add(path.len())..).unwrap_or_default();
        !after.starts_with(goes_on)
    })
}

/// Whether the partition has the GUID that is named, on a disk that has another than the one named.
fn is_same_partition(named: &QualifiedPartition, place: &Place<'_>) -> bool {
    let guid = place.layout.volumes.get(place.volume).and_then(|facts| facts.partition.guid());
    matches!(named, QualifiedPartition::Gpt { partition, .. } if Some(*partition) == guid)
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn a_missing_file_is_not_its_directory() {
        let sentence = r"\Windows\system32\winload.exe is on no volume";
        assert!(is_named(sentence, r"\Windows\system32\winload.exe"));
        assert!(!is_named(sentence, r"\Windows") && !is_named(sentence, r"\Windows\system32"));
        assert!(is_named(r"no \Windows", r"\Windows") && is_named(r"\Windows, \X", r"\Windows"));
        assert!(!is_named(r"\Windows.old is", r"\Winnt"));
    }
}
