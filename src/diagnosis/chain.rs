//! The way from the firmware to the kernel, walked as firmware and boot manager would, hop by hop.
//!
//! Order and failures: Microsoft, "Boot process"; ReactOS `boot/environ` for the boot manager's part. A hop is broken
//! when a finding that blocks the boot belongs to it; the first broken one is what the user sees on the screen.

use crate::bcd::Store;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::diagnosis::Context;
use crate::diagnosis::Finding;
use crate::diagnosis::Severity;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::beside::Beside;
use crate::diagnosis::boot_record::first_sector;
use crate::diagnosis::entry::main_entry;
use crate::diagnosis::record::Record;
use crate::diagnosis::record::is_here;
use crate::diagnosis::role::Role;
use crate::diagnosis::show_identity;
use crate::diagnosis::startup::active_partitions;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::store::Dirty;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::partition::BootCode;
use crate::partition::TableKind;
use crate::volume::BootManagerName;

/// How a hop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// The start ends here.
    Broken,
    /// It cannot be seen from here (encrypted, inside a virtual disk).
    Unknown,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// What it is: `active partition`, `store`, `device`.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found there.
    pub evidence: String,
    /// The finding that breaks it, by its place among the findings.
    pub finding: Option<usize>,
}

/// Walks the chain of the firmware that this disk starts on; empty when there is nothing to start.
#[must_use]
pub fn walk(
    layout: &Layout,
    context: &Context,
    records: &[Record],
    answers: &[Resolution],
    findings: &[Finding],
) -> Vec<Hop> {
    let Some(system) = start(layout) else { return Vec::new() };
    let mut chain = Chain { layout, context, findings, hops: Vec::new() };
    let firmware = match layout.table.kind {
        TableKind::Mbr if system.firmware() == Firmware::Bios => Firmware::Bios,
        _ => system.firmware(),
    };
    chain.before_the_store(system, firmware);
    if system.is_ntldr_only() {
        return chain.hops;
    }
    let store = layout.stores.iter().find(|file| {
        file.volume == system.volume && file.live && !file.recovery && file.firmware == firmware
    });
    let Some(file) = store else {
        chain.add("store", "none".into(), &["store-missing", "store-elsewhere"]);
        return chain.hops;
    };
    chain.store(file);
    if let Some(store) = file.parsed()
        && let Some(index) = main_entry(store)
        && let Some(object) = store.objects().get(index)
    {
        chain.entry(store, object);
        let of_entry: Vec<(&Record, &Resolution)> = records
            .iter()
            .zip(answers)
            .filter(|(record, _)| {
                layout.stores.get(record.store).is_some_and(|of| std::ptr::eq(of, file))
                    && record.object == index
            })
            .collect();
        let name = format!("{} {}", file.path, object.name());
        chain.loader(&name, object, &of_entry);
    } else if file.parsed().is_some() {
        chain.add("entry", "none that starts Windows".into(), &["no-windows-entry", "store-empty"]);
    }
    chain.hops
}

/// The volume that the firmware comes to first.
fn start(layout: &Layout) -> Option<&SystemVolume> {
    let on_esp = |system: &&SystemVolume| layout.is_esp(system.volume);
    let uefi = |system: &&SystemVolume| system.firmware() == Firmware::Uefi;
    let systems = || layout.systems.iter();
    let first = match layout.table.kind {
        TableKind::Gpt => systems().filter(uefi).find(on_esp).or_else(|| systems().find(uefi)),
        TableKind::Mbr | TableKind::None => systems().find(|system| system.active),
    };
    first.or_else(|| systems().next())
}

/// A volume of the examined disk, or of one beside it.
struct Place<'a> {
    layout: &'a Layout,
    volume: usize,
    name: String,
}

struct Chain<'a> {
    layout: &'a Layout,
    context: &'a Context,
    findings: &'a [Finding],
    hops: Vec<Hop>,
}

impl<'a> Chain<'a> {
    /// Adds a hop that is broken when one of the findings with these codes blocks the boot.
    fn add(&mut self, name: &'static str, evidence: String, codes: &[&str]) {
        self.add_where(name, evidence, |finding| codes.contains(&finding.code));
    }

    fn add_where(&mut self, name: &'static str, evidence: String, breaks: impl Fn(&Finding) -> bool) {
        let finding = self
            .findings
            .iter()
            .position(|finding| finding.severity == Severity::BlocksBoot && breaks(finding));
        let state = if finding.is_some() { State::Broken } else { State::Ok };
        self.hops.push(Hop { name, state, evidence, finding });
    }

    fn before_the_store(&mut self, system: &SystemVolume, firmware: Firmware) {
        let layout = self.layout;
        let table = match layout.table.kind {
            TableKind::Mbr => "MBR disk",
            TableKind::Gpt => "GPT disk",
            TableKind::None => "a volume without a partition table",
        };
        self.add("firmware", format!("{firmware}, {table}"), &["firmware-mismatch"]);
        let name = layout.name(system.volume);
        match (firmware, layout.table.kind) {
            (Firmware::Bios, TableKind::Mbr) => {
                self.add("boot code", boot_code(layout.table.boot_code).into(), &["boot-code-missing"]);
                let active: Vec<_> =
                    active_partitions(layout).map(|(volume, _)| layout.name(volume)).collect();
                let evidence = if active.is_empty() { "none".to_owned() } else { active.join(" and ") };
                let codes =
                    ["active-partition-missing", "active-partition-wrong", "active-partition-ambiguous"];
                self.add("active partition", evidence, &codes);
                self.boot_record(system);
            }
            (Firmware::Bios, _) => self.boot_record(system),
            (Firmware::Uefi, _) => self.add("EFI partition", name.clone(), &[]),
        }
        let files: Vec<&str> = [
            (system.bios_boot_manager && firmware == Firmware::Bios, r"\bootmgr"),
            (system.ntldr.is_some() && firmware == Firmware::Bios, r"\ntldr"),
            (system.uefi_boot_manager && firmware == Firmware::Uefi, r"\EFI\Microsoft\Boot\bootmgfw.efi"),
            (system.uefi_fallback && firmware == Firmware::Uefi, r"\EFI\Boot"),
        ]
        .into_iter()
        .filter_map(|(is_there, path)| is_there.then_some(path))
        .collect();
        let evidence = if files.is_empty() {
            format!("none on {name}")
        } else {
            format!("{} on {name}", files.join(", "))
        };
        self.add_where("boot manager", evidence, |finding| {
            finding.code == "boot-manager-missing" && finding.subject == name
        });
    }

    fn boot_record(&mut self, system: &SystemVolume) {
        let Some(facts) = self.layout.volumes.get(system.volume) else { return };
        let name = self.layout.name(system.volume);
        let evidence = facts.boot_record.map_or_else(
            || "none".to_owned(),
            |record| {
                let starts = match record.starts {
                    Some(BootManagerName::Bootmgr) => r"starts \bootmgr",
                    Some(BootManagerName::Ntldr) => r"starts \ntldr",
                    None => "its code is not one that is known",
                };
                let place = match first_sector(self.layout, facts) {
                    Some(sector) => {
                        format!("hidden sectors {}, partition at sector {sector}", record.hidden_sectors)
                    }
                    None => format!("hidden sectors {}", record.hidden_sectors),
                };
                format!("{place}, {starts}")
            },
        );
        let codes = ["boot-record-place", "boot-record-other"];
        self.add_where("boot record", evidence, |finding| {
            codes.contains(&finding.code) && finding.subject == name
        });
    }

    fn store(&mut self, file: &StoreFile) {
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

    fn entry(&mut self, store: &Store, object: &Object) {
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
    fn loader(&mut self, entry: &str, object: &Object, of_entry: &[(&Record, &Resolution)]) {
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
            let there = |is_there: bool| if is_there { "there" } else { "missing" };
            let evidence = format!(
                r"ntoskrnl.exe {}, config\SYSTEM {}",
                there(windows.kernel),
                there(windows.system_hive)
            );
            let codes = ["kernel-missing", "system-hive-missing"];
            self.add_where("Windows", evidence, |finding| {
                codes.contains(&finding.code) && finding.subject == place.name
            });
        }
    }

    /// The volume that an element of the main entry leads to, where it does.
    fn device(
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
            self.hops.push(Hop { name, state: State::Unknown, evidence: text, finding: None });
            return None;
        };
        let named = show_identity(&record.named);
        let place = self.place(record, answer);
        let evidence = match (answer, &place) {
            (Resolution::Repoint { .. } | Resolution::RepointBeside { .. }, Some(place)) => {
                format!("{named}: not here; it should name {}", place.name)
            }
            (Resolution::OtherDisk { name, partition: None, .. }, _) => {
                format!("{name}, but no such partition")
            }
            (Resolution::OtherDisk { name, partition: Some(number), .. }, None) => {
                format!("partition {number} of {name}")
            }
            (Resolution::Untouched, _) => named,
            (_, Some(place)) => place.name.clone(),
            (_, None) => format!("{named}: not here"),
        };
        let subject = format!("{entry} {name}");
        let is_elsewhere = matches!(answer, Resolution::OtherDisk { .. } | Resolution::Untouched);
        self.add_where(name, evidence, |finding| {
            is_identity(finding) && finding.subject.starts_with(&subject)
        });
        if is_elsewhere
            && place.is_none()
            && let Some(hop) = self.hops.last_mut()
        {
            hop.state = State::Unknown;
        }
        // Behind a file on it, the volume is not what the entry's own paths are on.
        place.filter(|_| record.purpose.file.is_none() || record.purpose.role != Role::Image)
    }

    fn place(&self, record: &Record, answer: &Resolution) -> Option<Place<'a>> {
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
                let beside = self.context.beside.iter().find(is_named)?;
                let volume = is_here(&beside.layout, &record.named)?;
                (&beside.layout, volume, beside.place(volume))
            }
            Resolution::Left { .. } | Resolution::Untouched => return None,
        };
        Some(Place { layout, volume, name })
    }

    /// A path of the main entry on the volume that its element leads to.
    fn file(&mut self, entry: &str, name: &'static str, path: &str, place: Option<&Place<'_>>) {
        let Some(place) = place else {
            let evidence = format!("{path}, where nobody can look from here");
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
                && finding.message.contains(path)
        });
        let mut hiding = place.layout.evidence.volumes_hiding(path);
        let is_hidden = !is_there && hiding.any(|hiding| hiding == place.volume);
        if is_hidden && let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
            hop.state = State::Unknown;
            hop.evidence = format!("{path} on {}, whose files cannot be seen", place.name);
        }
    }
}

fn boot_code(code: BootCode) -> &'static str {
    match code {
        BootCode::None => "none in the MBR",
        BootCode::Grub => "GRUB",
        BootCode::Present => "in the MBR",
    }
}

/// Whether a finding says that an element names what is not here.
#[must_use]
pub fn is_identity(finding: &Finding) -> bool {
    matches!(
        finding.code,
        "signature-changed"
            | "disk-guid-changed"
            | "partition-changed"
            | "disk-unknown"
            | "table-converted"
            | "choice-does-not-fit"
    )
}
