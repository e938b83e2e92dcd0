//! Findings about the main entry as a whole: whether its loader is for the firmware that reads its store, and whether
//! what the loader itself needs is there.

use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::OfEntry;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::converted::path_edit;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::store::loader_file;
use crate::diagnosis::store::menu::main_entry;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::store::whole::Goal;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::boot_file::Machine;
use crate::layout::evidence::for_firmware;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::mounted_devices::Void;
use crate::layout::store::StoreFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::TableKind;

/// All findings about the main entries of the stores that the firmware comes to.
pub(in crate::diagnosis) fn findings(entries: Entries<'_>) -> Vec<Finding> {
    let Entries { layout, context, references, answers } = entries;
    let choice = context.choice;
    let mut findings: Vec<Finding> = firmware_mismatch(layout).into_iter().collect();
    let stores = layout.stores_indexed().filter(|(_, file)| file.first);
    for (index, file) in stores {
        let Some(store) = file.parsed() else { continue };
        let Some(main) = main_entry(store) else { continue };
        let Some(object) = store.object_at(main) else { continue };
        let paths = Paths { layout, choice, index, file, references, answers };
        let loaders = store.objects_indexed();
        findings.extend(loaders.filter_map(|(at, object)| paths.other_firmware(at, object, at == main)));
        findings.extend(paths.split(main, object));
        let of_file = loader_file::finding(entries, index, main);
        let is_other = of_file.as_ref().is_some_and(|finding| finding.code == Code::MachineMismatch);
        findings.extend(of_file);
        // Of two that differ, nobody knows which the kernel should follow.
        let machine = || {
            if is_other {
                return None;
            }
            let (goal, path) = entries.program(index, main)?;
            goal.layout.boot_file(goal.volume, path)?.machine()
        };
        findings.extend(entries.windows(index, main).into_iter().flat_map(|(goal, windows)| match windows {
            Ok(windows) => incomplete(goal.layout, &goal.subject(), windows, machine()),
            Err(root) => no_windows(goal, root).into_iter().collect(),
        }));
    }
    findings
}

/// Windows does not start from a GPT disk on a BIOS, whatever the store says.
fn firmware_mismatch(layout: &Layout) -> Option<Finding> {
    let first = |firmware| layout.stores.iter().find(|file| file.first && file.firmware == firmware);
    let bios = first(Firmware::Bios)?;
    // From a hybrid MBR a BIOS starts (Apple's Boot Camp was made so).
    if layout.table.kind != TableKind::Gpt
        || !layout.table.hybrid_entries.is_empty()
        || first(Firmware::Uefi).is_some()
    {
        return None;
    }
    let esp = layout.volume_indices().find(|volume| layout.is_esp(*volume));
    let mut missing = Vec::new();
    match esp {
        None => missing.push("an EFI system partition (100 MB, FAT32, type EF00)".to_owned()),
        Some(esp) => {
            missing.push(format!(r"\EFI\Microsoft\Boot\bootmgfw.efi and a store on {}", layout.name(esp)))
        }
    }
    let winload = layout.windows.iter().any(|windows| windows.winload_efi);
    if !winload {
        missing.push("winload.efi in the Windows directory (64-bit Windows has it)".to_owned());
    }
    Some(Finding {
        evidence: vec![
            format!("{} on {} is a BIOS store", bios.name, layout.name(bios.volume)),
            format!("missing for UEFI: {}", missing.join("; ")),
        ],
        remedy: Remedy::Advice("boot the machine by UEFI, with a boot manager and a store for it".to_owned()),
        ..Finding::plain(
            Code::FirmwareMismatch,
            Severity::BlocksBoot,
            Subject::disk(),
            "the disk is GPT, but its store is for BIOS: Windows boots from GPT by UEFI only".into(),
        )
    })
}

/// The paths of a store's programs.
struct Paths<'a> {
    layout: &'a Layout,
    choice: Choice,
    index: StoreIndex,
    file: &'a StoreFile,
    references: &'a [Reference],
    answers: &'a [Resolution],
}

impl Paths<'_> {
    /// The volume of this disk that an element of an object leads to.
    fn volume(&self, object: ObjectIndex, role: ElementRole) -> Option<VolumeIndex> {
        let mut references = self.references.iter().zip(self.answers);
        references.find_map(|(reference, answer)| {
            let is_it =
                reference.store == self.index && reference.object == object && reference.purpose.role == role;
            match answer {
                Resolution::Here(volume) | Resolution::Repoint { volume, .. } if is_it => Some(*volume),
                _ => None,
            }
        })
    }

    /// A loader starts the Windows that it is part of; `osdevice` has to name the same volume.
    fn split(&self, at: ObjectIndex, object: &Object) -> Option<Finding> {
        let (device, os_device) =
            (self.volume(at, ElementRole::Loader)?, self.volume(at, ElementRole::OsRoot)?);
        let (path, root) = (object.string(ElementId::PATH)?, object.string(ElementId::SYSTEM_ROOT)?);
        let has = |file: &str| self.layout.evidence.has(device, file);
        if device == os_device || !has(path) || !has(root) {
            return None;
        }
        let number = self.layout.partition(device)?.number;
        let (loader, other) = (self.layout.name(device), self.layout.name(os_device));
        let advice = format!("`fix --windows {number} --entry {}` sets it to {loader}", object.key);
        let place = ElementPlace { store: self.index, object: at, id: ElementId::OS_DEVICE };
        Some(Finding {
            evidence: vec![format!("{path} is on {loader}"), format!("osdevice refers to {other}")],
            remedy: Remedy::Switch(Switch::Windows(Some(OfEntry { number, entry: object.id })), advice),
            ..Finding::plain(
                Code::OsdeviceElsewhere,
                Severity::BlocksBoot,
                Subject::value(place, &self.file.name, object, "osdevice"),
                format!("refers to {other}, but the loader belongs to the Windows on {loader}"),
            )
        })
    }

    /// A loader for the other firmware: the disk was converted, or the store is a copy from such a machine. Where the
    /// store is to be converted, all programs are spoken of, else only that which starts by itself.
    fn other_firmware(&self, at: ObjectIndex, object: &Object, is_main: bool) -> Option<Finding> {
        let kind = object.object_type?;
        let counts = is_main || (self.choice.convert && (kind.is_os_loader() || kind.is_resume()));
        let element = object.element(ElementId::PATH).filter(|_| counts)?;
        let path = object.string(ElementId::PATH)?;
        let wanted = for_firmware(path, self.file.firmware)?;
        let (is_there, evidence) = self.is_there(at, &wanted);
        let edit = path_edit(self.index, object.name(), element, path, &wanted);
        let remedy = match edit.filter(|_| is_there) {
            Some(edit) if self.choice.convert => Remedy::Edit(vec![edit]),
            Some(_) => Remedy::Switch(Switch::Convert, format!("`fix --convert` sets it to {wanted}")),
            None => Remedy::Advice("restore a store for this firmware from a backup".into()),
        };
        let place = ElementPlace { store: self.index, object: at, id: ElementId::PATH };
        Some(Finding {
            evidence: vec![evidence],
            remedy,
            ..Finding::plain(
                Code::LoaderOtherFirmware,
                if is_main { Severity::BlocksBoot } else { Severity::Degrades },
                Subject::value(place, &self.file.name, object, "path"),
                format!(
                    "{path} is for the other kind of firmware: this store is used on {}",
                    self.file.firmware
                ),
            )
        })
    }

    /// Whether the program is where the entry leads; in a RAM disk or virtual disk, where nobody can look, it is taken
    /// to be there, for Windows' images carry both.
    fn is_there(&self, object: ObjectIndex, path: &str) -> (bool, String) {
        let references = self.references.iter().zip(self.answers);
        let mut of_object = references.filter(|(reference, _)| {
            reference.store == self.index
                && reference.object == object
                && matches!(
                    reference.purpose.role,
                    ElementRole::Loader | ElementRole::Resume | ElementRole::Image
                )
        });
        let Some((reference, answer)) = of_object.next() else {
            return (false, format!("cannot determine where {path} should be"));
        };
        if reference.purpose.role == ElementRole::Image {
            return (
                true,
                format!("{path} is expected in {}", reference.purpose.file.as_deref().unwrap_or("an image")),
            );
        }
        let volume = match answer {
            Resolution::Here(volume) | Resolution::Repoint { volume, .. } => Some(*volume),
            Resolution::Unresolved { why: Unresolved::OtherStyle(volume), .. } => *volume,
            _ => None,
        };
        match volume.filter(|volume| self.layout.evidence.has(*volume, path)) {
            Some(volume) => (true, format!("{path} is on {}", self.layout.name(volume))),
            None => (false, format!("{path} is not where the entry points")),
        }
    }
}

/// What the loader reads first must be there.
/// `loader` is the processor that the loader is for, where that is known.
pub(in crate::diagnosis) fn incomplete(
    layout: &Layout,
    volume: &Subject,
    windows: &WindowsVolume,
    loader: Option<Machine>,
) -> Vec<Finding> {
    let advice = Remedy::Advice("restore it from a backup".into());
    let missing = |code, path: &str| Finding {
        remedy: advice.clone(),
        ..Finding::plain(code, Severity::BlocksBoot, volume.clone(), format!("{path} is missing"))
    };
    let mut findings = Vec::new();
    if !windows.system_hive.may_be() {
        findings.push(missing(Code::SystemHiveMissing, &windows.system_hive_path()));
    }
    findings.extend(without_content(layout, windows).map(|how| Finding {
        remedy: Remedy::Advice(
            "restore it from a backup (Windows keeps copies in System32\\config\\RegBack up to Windows 10 1709)".into(),
        ),
        ..Finding::plain(
            Code::SystemHiveBroken,
            Severity::BlocksBoot,
            volume.clone(),
            format!("{} {how}", windows.system_hive_path()),
        )
    }));
    if !windows.kernel.may_be() {
        findings.push(missing(Code::KernelMissing, &windows.kernel_path()));
    }
    findings.extend(loader_file::kernel(layout, volume, windows, loader));
    findings
}

/// How the SYSTEM hive of a Windows has nothing in it, where that is so.
fn without_content(layout: &Layout, windows: &WindowsVolume) -> Option<&'static str> {
    match layout.hive_of(windows)?.void? {
        Void::Empty => Some("is empty (0 bytes)"),
        Void::Zeros => Some("starts with zeros instead of a registry header"),
    }
}

/// The directory that the entry calls its system root is there, and holds no Windows.
fn no_windows(goal: Goal<'_>, root: &str) -> Option<Finding> {
    let layout = goal.layout;
    let is_read = layout.failed_read.is_none() && !layout.hides(goal.volume);
    let mut there = layout.windows.iter().filter(|windows| windows.volume == goal.volume);
    let advice = match (there.next(), there.next()) {
        (Some(only), None) => format!(
            "{} is a Windows directory: set the entry to it (`bcdrescue bcd set DISK systemroot '{}'`)",
            only.root, only.root
        ),
        _ => "restore Windows from a backup".to_owned(),
    };
    is_read.then(|| Finding {
        remedy: Remedy::Advice(advice),
        ..Finding::plain(
            Code::WindowsMissing,
            Severity::BlocksBoot,
            goal.subject(),
            format!(r"{root} is not a Windows directory: System32 has no kernel, loader or SYSTEM hive"),
        )
    })
}
