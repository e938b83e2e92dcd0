//! Which firmware can start a disk at all: a BIOS, UEFI, both or neither. Drivers of disk controllers are another question.
//!
//! The firmware that the disk is for is answered by the whole diagnosis. Of the other one only the way to its store is looked at, so that
//! the answer is yes only where everything on it is there, and never where the disk has nothing for it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bcd::Firmware;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::diagnosis::disk::firmware_start::active_partitions;
use crate::diagnosis::disk::firmware_start::has_uefi_start;
use crate::diagnosis::disk::firmware_start::is_start_encrypted;
use crate::diagnosis::disk::firmware_start::is_started_by_bios;
use crate::diagnosis::disk::firmware_start::starts_by_uefi;
use crate::diagnosis::model::boot_fault::Wanted;
use crate::diagnosis::model::boot_fault::fault;
use crate::diagnosis::model::boot_fault::fault_of_fallback;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::partition::BootCode;
use crate::partition::TableKind;
use crate::volume::BootManagerName;

/// Whether a firmware starts a disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "answer", content = "reason")]
pub enum StartsBy {
    /// It does.
    Yes,
    /// It does not, for this reason.
    No(String),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

/// The answer for one firmware.
#[must_use]
pub fn starts_by(layout: &Layout, diagnosis: &Diagnosis, firmware: Firmware) -> StartsBy {
    let own = match layout.first_system() {
        Some(system) => system.firmware(),
        None if has_uefi_start(layout) => Firmware::Uefi,
        None => Firmware::Bios,
    };
    // Where UEFI starts an MBR disk too, what a BIOS lacks is no fault of it.
    let is_judged = own == firmware && !starts_by_uefi(layout);
    if is_judged || diagnosis.verdict == Verdict::NotWindows {
        let answer = by_diagnosis(layout, diagnosis);
        return match layout.first_system().filter(|_| answer == StartsBy::Yes) {
            Some(system) if firmware == Firmware::Uefi => {
                with_fallback(layout, system).err().unwrap_or(answer)
            }
            Some(_) => of_bios_start(diagnosis, Severity::Degrades).unwrap_or(answer),
            None => answer,
        };
    }
    let found = match firmware {
        Firmware::Bios => by_bios(layout).and_then(|system| match of_bios_start(diagnosis, Severity::Note) {
            Some(doubt) => Err(doubt),
            None => Ok(system),
        }),
        Firmware::Uefi => by_uefi(layout),
    };
    let system = match found {
        Ok(system) => system,
        Err(answer) => return answer,
    };
    if let Some(error) = layout.unseen() {
        return StartsBy::Unknown(format!("part of the disk is missing or cannot be read: {error}"));
    }
    store(layout, diagnosis, system, firmware)
}

fn by_diagnosis(layout: &Layout, diagnosis: &Diagnosis) -> StartsBy {
    let is_driver = |finding: &&Finding| finding.code.is_of_storage_driver();
    let is_blocking = |finding: &&Finding| finding.severity == Severity::BlocksBoot && !is_driver(finding);
    if diagnosis.verdict == Verdict::NotWindows {
        return StartsBy::No("it is not a Windows disk".to_owned());
    }
    if diagnosis.verdict == Verdict::Unknown {
        let is_of_driver = diagnosis.doubt().is_some_and(|doubt| is_driver(&doubt));
        if !is_of_driver || is_start_encrypted(layout) {
            let why = diagnosis.doubt().map_or("its start is encrypted", |doubt| &doubt.message);
            return StartsBy::Unknown(why.to_owned());
        }
    }
    let stop = diagnosis.stop().filter(|stop| !is_driver(stop));
    match stop.or_else(|| diagnosis.findings.iter().find(is_blocking)) {
        Some(stop) => StartsBy::No(format!("{}: {}", stop.subject, stop.message)),
        None => StartsBy::Yes,
    }
}

/// Whether Windows' boot manager, whole and for this processor, is where firmware looks that has no entry for this disk: one that was
/// moved has none.
fn with_fallback(layout: &Layout, system: &SystemVolume) -> Result<(), StartsBy> {
    let unknown = |why: String| {
        Err(StartsBy::Unknown(format!("{why}, so that the firmware needs an entry of its own")))
    };
    let Some(name) = layout.fallback_on(system).filter(|_| system.foreign_fallback.is_none()) else {
        return unknown(r"\EFI\Boot has no Windows boot manager".to_owned());
    };
    match layout.boot_file(system.volume, name.path()).map(|file| &file.content) {
        Some(Ok(_)) => {}
        Some(Err(_)) | None => return unknown(format!("{name} was not read")),
    }
    match fault_of_fallback(layout, system.volume, name) {
        Some(fault) => unknown(format!("{name} {fault}")),
        None => Ok(()),
    }
}

/// What of a BIOS's start is in doubt: where another loader or firmware starts the disk too, that weighs less.
fn of_bios_start(diagnosis: &Diagnosis, least: Severity) -> Option<StartsBy> {
    let is_it = |finding: &&Finding| finding.code.is_of_bios_start() && finding.severity >= least;
    let finding = diagnosis.findings.iter().find(is_it)?;
    Some(StartsBy::Unknown(format!("{}: {}", finding.subject, finding.message)))
}

/// The volume from which UEFI starts Windows without an entry of its own.
fn by_uefi(layout: &Layout) -> Result<&SystemVolume, StartsBy> {
    let no = |why: &str| Err(StartsBy::No(why.to_owned()));
    let for_uefi = || layout.systems.iter().filter(|system| system.is_for_uefi() || system.has_fallback());
    if for_uefi().next().is_none() {
        return no("no volume has a boot manager for UEFI");
    }
    let Some(system) = for_uefi().find(|system| system.is_fat || layout.uefi_ntfs.is_some()) else {
        return no("the boot manager for UEFI is on no FAT volume");
    };
    with_fallback(layout, system)?;
    if !layout.windows.iter().any(|windows| windows.winload_efi) {
        return no("no Windows has winload.efi");
    }
    Ok(system)
}

/// The volume from which a BIOS starts Windows.
fn by_bios(layout: &Layout) -> Result<&SystemVolume, StartsBy> {
    let no = |why: &str| Err(StartsBy::No(why.to_owned()));
    if layout.table.kind == TableKind::Gpt && layout.table.hybrid_entries.is_empty() {
        return no("a BIOS starts Windows from an MBR only");
    }
    if layout.table.kind == TableKind::Gpt {
        let why = "it has a hybrid MBR, and a start for UEFI too";
        return Err(StartsBy::Unknown(why.to_owned()));
    }
    let for_bios = || layout.systems.iter().filter(|it| it.bios_boot_manager || it.ntldr.is_some());
    if for_bios().next().is_none() {
        return no(r"no volume has \bootmgr or \ntldr");
    }
    if layout.table.boot_code == BootCode::None {
        return no("the MBR has no boot code");
    }
    if active_partitions(layout).count() != 1 && layout.table.boot_code != BootCode::Grub {
        return no("not exactly one partition is active");
    }
    let Some(system) = for_bios().find(|system| is_started_by_bios(layout, system.volume)) else {
        return no("the active partition has no boot manager");
    };
    let wanted = if system.bios_boot_manager { BootManagerName::Bootmgr } else { BootManagerName::Ntldr };
    let record = layout.volume(system.volume).and_then(|facts| facts.boot_record);
    if record.and_then(|record| record.starts) != Some(wanted) {
        return no("the boot record of the active partition starts no boot manager that is there");
    }
    if system.bios_boot_manager && !layout.windows.iter().any(|windows| windows.winload_exe) {
        return no("no Windows has winload.exe");
    }
    let started = if system.bios_boot_manager { SystemFile::BiosBootManager } else { SystemFile::Ntldr };
    match layout.boot_file(system.volume, started.path()) {
        Some(file) if file.content.is_ok() => match fault(file, Wanted::RealMode) {
            Some(fault) => no(&format!("{started} {fault}")),
            None => Ok(system),
        },
        Some(_) | None => Err(StartsBy::Unknown(format!("{started} was not read"))),
    }
}

/// Whether the store beside a boot manager lets it start.
fn store(layout: &Layout, diagnosis: &Diagnosis, system: &SystemVolume, firmware: Firmware) -> StartsBy {
    if firmware == Firmware::Bios && system.is_ntldr_only() {
        return StartsBy::Unknown("its boot.ini is judged where a BIOS starts the disk".to_owned());
    }
    let wanted = match firmware {
        Firmware::Bios => SystemFile::BiosStore,
        Firmware::Uefi => SystemFile::UefiStore,
    };
    let is_it = |file: &StoreFile| {
        file.volume == system.volume && file.live && !file.recovery && file.firmware == firmware
    };
    let found =
        layout.stores_indexed().find(|(_, file)| is_it(file)).filter(|_| system.stores.contains(&wanted));
    let Some((index, _)) = found else {
        let (place, path) = (layout.name(system.volume), wanted.path());
        return StartsBy::No(format!("{path} is missing on {place}"));
    };
    // The gravest comes first. Of a store that is not the first one, what is wrong weighs less; what is wrong beside the stores may be
    // of the other firmware.
    let is_of_store = |finding: &Finding| finding.subject.store_index() == Some(index);
    let is_wrong = |finding: &&Finding| match finding.subject.store_index() {
        Some(_) => is_of_store(finding) && finding.severity > Severity::Note,
        None => finding.severity == Severity::BlocksBoot && !finding.code.is_of_storage_driver(),
    };
    let Some(finding) = diagnosis.findings.iter().find(is_wrong) else { return StartsBy::Yes };
    let why = format!("{}: {}", finding.subject, finding.message);
    let is_sure =
        is_of_store(finding) && finding.severity == Severity::BlocksBoot && finding.code != Code::FileUnknown;
    if is_sure { StartsBy::No(why) } else { StartsBy::Unknown(why) }
}
