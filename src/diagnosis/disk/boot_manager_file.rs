//! Findings about the boot manager's file: empty, of zeros, cut, compressed, for another processor, or another's.
//!
//! Measured (SeaBIOS, OVMF): a `\bootmgr` of zeros shows nothing, a compressed one "BOOTMGR is compressed", one of the Windows Overlay
//! Filter "A disk read error occurred"; where neither `bootmgfw.efi` nor the fallback is a whole program, OVMF ends in its shell.

use crate::diagnosis::disk::efi_partition;
use crate::diagnosis::disk::firmware_start::starts_by_uefi;
use crate::diagnosis::model::boot_fault::EMPTY;
use crate::diagnosis::model::boot_fault::Wanted;
use crate::diagnosis::model::boot_fault::fault;
use crate::diagnosis::model::boot_fault::fault_of_fallback;
use crate::diagnosis::model::boot_fault::mismatch;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::boot_files::Replaced;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::partition::BootCode;
use crate::volume::BootManagerName;
use crate::volume::FileForm;

/// Where a Windows keeps its boot managers.
const BIOS_SOURCE: &str = r"\Windows\Boot\PCAT\bootmgr";
const UEFI_SOURCE: &str = r"\Windows\Boot\EFI\bootmgfw.efi";

/// How a boot manager comes back to this volume.
pub(in crate::diagnosis) fn copied(layout: &Layout, volume: VolumeIndex, firmware: Firmware) -> String {
    let place = layout.name(volume);
    match firmware {
        Firmware::Bios => format!("copy {BIOS_SOURCE} to {place}"),
        Firmware::Uefi => format!(r"copy {UEFI_SOURCE} to \EFI\Microsoft\Boot on {place}"),
    }
}

/// All findings about what the firmware starts of the volume that it comes to.
pub(in crate::diagnosis) fn findings(layout: &Layout) -> Vec<Finding> {
    let Some(system) = layout.first_system() else { return Vec::new() };
    match system.firmware() {
        Firmware::Bios => bios(layout, system).into_iter().collect(),
        Firmware::Uefi => uefi(layout, system).into_iter().chain(another(layout, system)).collect(),
    }
}

/// The file that firmware or boot record start of a system volume.
pub(in crate::diagnosis) fn started(layout: &Layout, system: &SystemVolume) -> Option<SystemFile> {
    if system.firmware() == Firmware::Uefi {
        return if system.uefi_boot_manager {
            Some(SystemFile::UefiBootManager)
        } else {
            layout.fallback_on(system)
        };
    }
    let record = layout.volume(system.volume).and_then(|facts| facts.boot_record);
    let is_ntldr = record.and_then(|record| record.starts) == Some(BootManagerName::Ntldr);
    match (system.bios_boot_manager, system.ntldr.is_some()) {
        (true, true) if is_ntldr => Some(SystemFile::Ntldr),
        (true, _) => Some(SystemFile::BiosBootManager),
        (false, true) => Some(SystemFile::Ntldr),
        (false, false) => None,
    }
}

/// Nobody can tell what the file holds that is started.
pub(in crate::diagnosis) fn is_unread(layout: &Layout, system: &SystemVolume) -> bool {
    let file = started(layout, system).and_then(|file| layout.boot_file(system.volume, file.path()));
    file.is_some_and(|file| file.content.is_err())
}

fn bios(layout: &Layout, system: &SystemVolume) -> Option<Finding> {
    let name = started(layout, system)?;
    let file = layout.boot_file(system.volume, name.path())?;
    let is_grub = layout.table.boot_code == BootCode::Grub;
    let is_alone = !starts_by_uefi(layout);
    let says = if name == SystemFile::Ntldr { "NTLDR" } else { "BOOTMGR" };
    // GRUB can read such a file by itself.
    let severity =
        |is_sure: bool| if is_sure && is_alone { Severity::BlocksBoot } else { Severity::Degrades };
    let (code, severity, message, advice) = match (file.form, fault(file, Wanted::RealMode)) {
        (FileForm::Compressed, _) => (
            Code::BootManagerCompressed,
            severity(!is_grub),
            format!("{name} is NTFS-compressed, which the boot record cannot read: \"{says} is compressed\""),
            uncompress(name),
        ),
        (FileForm::Overlay, _) => (
            Code::BootManagerCompressed,
            severity(true),
            format!(
                "{name} is compressed by the Windows Overlay Filter, which the boot record cannot read: \
                 \"A disk read error occurred\""
            ),
            format!("decompress it in Windows PE (`compact /u /exe /a {}`)", bare(name)),
        ),
        (_, Some(fault)) => {
            let source = match name {
                SystemFile::Ntldr => {
                    "copy it from the installation medium (i386) or restore it from a backup".to_owned()
                }
                _ => {
                    format!("{}, or restore it from a backup", copied(layout, system.volume, Firmware::Bios))
                }
            };
            (Code::BootManagerBroken, severity(true), format!("{name} {fault}: the disk cannot boot"), source)
        }
        (FileForm::Plain | FileForm::Encrypted | FileForm::Reparse(_), None) => return None,
    };
    Some(Finding {
        remedy: Remedy::Advice(advice),
        ..Finding::plain(code, severity, Subject::volume(layout, system.volume), message)
    })
}

fn bare(name: SystemFile) -> &'static str {
    name.path().trim_start_matches('\\')
}

fn uncompress(name: SystemFile) -> String {
    let file = bare(name);
    format!(
        "decompress it in Windows PE (`compact /u /a /f {file}`), or mount the volume with ntfs-3g and \
         replace it with a copy (`cp {file} new && mv new {file}`)"
    )
}

fn uefi(layout: &Layout, system: &SystemVolume) -> Option<Finding> {
    // Where no copy stands in for one of 0 bytes, the store has nothing that opens it, and that is said there.
    let is_empty = system.is_empty(SystemFile::UefiBootManager) && system.fallback_has_version;
    let manager = layout.boot_file(system.volume, SystemFile::UefiBootManager.path());
    let manager = manager
        .and_then(|file| fault(file, Wanted::Program))
        .or_else(|| is_empty.then(|| EMPTY.to_owned()))
        .or_else(|| layout.odd_boot_manager(system).map(|(found, wanted)| mismatch(found, wanted)));
    let fallback = layout.fallback_on(system);
    let fallback = fallback.map(|name| (name, fault_of_fallback(layout, system.volume, name)));
    let copy = format!("{}, or restore it from a backup", copied(layout, system.volume, Firmware::Uefi));
    let (severity, message, evidence, advice) = match (manager, fallback) {
        (Some(fault), Some((name, None))) if system.foreign_fallback.is_none() => (
            Severity::Degrades,
            format!(
                "{} {fault}: a machine whose firmware entry points to it may not boot",
                SystemFile::UefiBootManager
            ),
            Some(format!("the firmware fallback {name} is present")),
            format!("copy {name} over it"),
        ),
        (Some(fault), fallback) => (
            Severity::BlocksBoot,
            format!("{} {fault}: firmware finds nothing to boot", SystemFile::UefiBootManager),
            Some(match fallback {
                Some((name, Some(fault))) => format!("{name} {fault}"),
                Some((_, None)) => efi_partition::foreign(layout, system)?,
                None => format!("{} does not exist", layout.fallback()),
            }),
            copy,
        ),
        (None, Some((name, Some(fault)))) if system.uefi_boot_manager => (
            Severity::Degrades,
            format!(
                "{name} {fault}: firmware without an entry for this disk (such as a new VM) cannot boot it"
            ),
            None,
            format!("copy bootmgfw.efi to {}", layout.fallback()),
        ),
        (None, _) => return None,
    };
    Some(Finding {
        evidence: evidence.into_iter().collect(),
        remedy: Remedy::Advice(advice),
        ..Finding::plain(Code::BootManagerBroken, severity, Subject::volume(layout, system.volume), message)
    })
}

/// Whether another's loader has the name of Windows' boot manager.
pub(in crate::diagnosis) fn is_anothers(layout: &Layout, system: &SystemVolume) -> bool {
    layout.replaced_boot_manager().is_some() || is_bare(layout, system)
}

fn is_bare(layout: &Layout, system: &SystemVolume) -> bool {
    let file = layout.boot_file(system.volume, SystemFile::UefiBootManager.path());
    file.is_some_and(|file| file.is_bare && fault(file, Wanted::Program).is_none())
}

/// GRUB or another loader under the name of Windows' boot manager: no fault by itself.
fn another(layout: &Layout, system: &SystemVolume) -> Option<Finding> {
    let (evidence, source) = match layout.replaced_boot_manager() {
        Some(Replaced { path, is_of_windows: true }) => {
            (format!("{path} exists, the usual name for the replaced boot manager"), path)
        }
        Some(Replaced { path, is_of_windows: false }) => (
            format!("{path} has the usual name for the replaced boot manager, but is not one of Windows"),
            UEFI_SOURCE,
        ),
        None if is_bare(layout, system) => {
            ("it has no resources, where the Windows boot manager has its version".to_owned(), UEFI_SOURCE)
        }
        None => return None,
    };
    Some(Finding {
        evidence: vec![evidence],
        remedy: Remedy::Advice(format!("if Windows does not start, copy {source} over it")),
        ..Finding::plain(
            Code::BootManagerForeign,
            Severity::Note,
            Subject::volume(layout, system.volume),
            format!(
                "{} is a third-party loader (GRUB, HackBGRT), not the Windows boot manager: whether \
                 Windows starts depends on it",
                SystemFile::UefiBootManager
            ),
        )
    })
}
