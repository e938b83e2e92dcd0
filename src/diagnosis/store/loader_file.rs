//! Findings about the loader's file of an entry, and about the kernel's: empty, of zeros, cut, compressed, for another processor.
//!
//! Measured on the UEFI boot manager of 26100: a loader of 0 bytes 0xc000000d, one of zeros 0xc000007b, one for ARM64 from a boot
//! manager for x64 0xc000035a. One that the Windows Overlay Filter compressed starts there; on BIOS 6.1 shows 0xc000000f, 10.0 its
//! recovery screen.

use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::diagnosis::model::boot_fault::Wanted;
use crate::diagnosis::model::boot_fault::fault;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::ElementPlace;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::store::whole::Entries;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::boot_files::BootFile;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::layout::windows::WindowsVolume;
use crate::volume::FileForm;

/// What is wrong with the loader's file of an entry.
struct Fault {
    code: Code,
    message: String,
    status: Option<&'static str>,
    advice: String,
}

/// What is wrong with the loader's file of an entry that starts by itself.
pub(super) fn finding(entries: Entries<'_>, index: StoreIndex, at: ObjectIndex) -> Option<Finding> {
    let store = entries.layout.store(index)?;
    let object = store.parsed()?.object_at(at)?;
    let (goal, path) = entries.program(index, at)?;
    let file = goal.layout.boot_file(goal.volume, path)?;
    let place = ElementPlace { store: index, object: at, id: ElementId::PATH };
    let subject = Subject::value(place, &store.name, object, "path");
    if is_unclear(file) {
        return Some(unclear(subject, path));
    }
    // NTLDR is code for 16 bits.
    let wanted = if object.is_os_loader() { Wanted::Program } else { Wanted::RealMode };
    let fault = broken(store, path, file, wanted)
        .or_else(|| compressed(store, path, file))
        .or_else(|| other_machine(entries.layout, store, path, file))?;
    Some(Finding {
        evidence: vec![format!("{path} is on {}", goal.name())],
        predicted_status: fault.status,
        remedy: Remedy::Advice(fault.advice),
        ..Finding::plain(fault.code, Severity::BlocksBoot, subject, fault.message)
    })
}

fn broken(store: &StoreFile, path: &str, file: &BootFile, wanted: Wanted) -> Option<Fault> {
    let fault = fault(file, wanted)?;
    let status = match file.content.as_ref().ok()? {
        Content::Empty => Some("0xc000000d"),
        Content::Zeros => Some("0xc000007b"),
        Content::Cut { .. }
        | Content::Program(_)
        | Content::RealMode { .. }
        | Content::Unclear
        | Content::NoProgram => None,
    };
    Some(Fault {
        code: Code::LoaderBroken,
        message: format!("{path} {fault}"),
        status: status.filter(|_| store.firmware == Firmware::Uefi),
        advice: r"copy it from \Windows\System32\Boot of the same Windows, or restore it from a backup"
            .to_owned(),
    })
}

fn compressed(store: &StoreFile, path: &str, file: &BootFile) -> Option<Fault> {
    (file.form == FileForm::Overlay && store.firmware == Firmware::Bios).then(|| Fault {
        code: Code::LoaderCompressed,
        message: format!(
            "{path} is compressed by the Windows Overlay Filter, which BIOS boot managers cannot read: 6.1 \
             shows 0xc000000f, 10.0 its recovery screen"
        ),
        status: None,
        advice: format!("decompress it in Windows PE (`compact /u /exe /a {path}`)"),
    })
}

/// A BIOS's boot manager starts loaders for x86 and x64, a UEFI's those of its own kind.
fn other_machine(layout: &Layout, store: &StoreFile, path: &str, file: &BootFile) -> Option<Fault> {
    let machine = file.machine()?;
    let (is_right, wanted) = match store.firmware {
        Firmware::Bios => (matches!(machine, Machine::X86 | Machine::X64), Machine::X86),
        Firmware::Uefi => {
            let manager = layout.boot_manager_machine(store.volume)?;
            (machine == manager, manager)
        }
    };
    let is_measured = (wanted, machine) == (Machine::X64, Machine::Arm64);
    (!is_right).then(|| Fault {
        code: Code::MachineMismatch,
        message: format!("{path} is for {machine}, the boot manager is for {wanted}"),
        status: is_measured.then_some("0xc000035a"),
        advice: r"use both from the same Windows: its boot manager is \Windows\Boot\EFI\bootmgfw.efi"
            .to_owned(),
    })
}

/// What is wrong with a kernel; `loader` is the processor that the loader is for, where that is known.
pub(super) fn kernel(
    layout: &Layout,
    volume: &Subject,
    windows: &WindowsVolume,
    loader: Option<Machine>,
) -> Option<Finding> {
    let path = windows.kernel_path();
    let file = layout.boot_file(windows.volume, &path)?;
    if is_unclear(file) {
        return Some(unclear(volume.clone(), &path));
    }
    let (code, message) = match (fault(file, Wanted::Program), loader.zip(file.machine())) {
        (Some(fault), _) => (Code::KernelBroken, format!("{path} {fault}")),
        (None, Some((loader, kernel))) if loader != kernel => {
            (Code::MachineMismatch, format!("{path} is for {kernel}, the loader is for {loader}"))
        }
        (None, _) => return None,
    };
    Some(Finding {
        remedy: Remedy::Advice("restore it from a backup or the installation medium".into()),
        ..Finding::plain(code, Severity::BlocksBoot, volume.clone(), message)
    })
}

fn is_unclear(file: &BootFile) -> bool {
    matches!(file.content, Ok(Content::Unclear))
}

fn unclear(subject: Subject, path: &str) -> Finding {
    let message = format!("{path} is an MS-DOS program as far as its first 4 KiB show");
    Finding::plain(Code::NotAProgram, Severity::Note, subject, message)
}
