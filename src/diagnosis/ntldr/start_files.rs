//! Findings about what NTLDR needs besides a path that leads to a Windows.
//!
//! Sources of what it says: Microsoft, KB 330184 (`hal.dll`; of `ntoskrnl.exe` it is the same), KB 307545 (SYSTEM). Nothing was measured.

use crate::diagnosis::model::boot_fault::Wanted;
use crate::diagnosis::model::boot_fault::fault;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::ntldr::severity::severity;
use crate::diagnosis::ntldr::void_file::is_void;
use crate::diagnosis::ntldr::without_boot_ini::consequence;
use crate::diagnosis::store::loader_checks;
use crate::layout::Layout;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::boot_files::BootFile;
use crate::layout::known::Known;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::layout::windows::WindowsVolume;

/// What NTLDR says of a file that is not there.
const NOT_STARTED: &str =
    "NTLDR shows: Windows could not start because the following file is missing or corrupt:";

/// What is beside NTLDR.
pub(in crate::diagnosis) fn findings(
    layout: &Layout,
    context: &Context,
    system: &SystemVolume,
) -> Vec<Finding> {
    detect(layout, system).into_iter().chain(utf16(layout, context, system)).collect()
}

/// Whether what NTLDR looks for hardware with is surely not there.
pub(in crate::diagnosis) fn lacks_detect(system: &SystemVolume) -> bool {
    system.ntldr.as_ref().is_some_and(|ntldr| !ntldr.detect.may_be())
}

fn detect(layout: &Layout, system: &SystemVolume) -> Option<Finding> {
    let name = SystemFile::Ntdetect;
    let (code, message) = if lacks_detect(system) {
        (Code::NtdetectMissing, format!(r"\ntldr is present, but {name} next to it is missing"))
    } else if is_void(layout, system, name) {
        (Code::NtdetectBroken, format!("{name} is empty or starts with zeros"))
    } else {
        return None;
    };
    let severity = severity(layout, system, true);
    (severity > Severity::Note).then(|| Finding {
        evidence: vec!["NTLDR shows: NTDETECT failed".into()],
        remedy: Remedy::Advice(
            r"copy it there from \I386 on that Windows version's installation disc, or from a backup".into(),
        ),
        ..Finding::plain(code, severity, Subject::volume(layout, system.volume), message)
    })
}

/// A `boot.ini` that was saved as UTF-16.
fn utf16(layout: &Layout, context: &Context, system: &SystemVolume) -> Option<Finding> {
    let encoding = system.boot_ini()?.utf16?;
    let place = layout.name(system.volume);
    let (severity, evidence) = consequence(layout, context, system)?;
    Some(Finding {
        evidence,
        remedy: Remedy::Advice(format!(
            r"convert \boot.ini on {place} to plain bytes: `iconv -f {encoding} -t cp1252`"
        )),
        ..Finding::plain(
            Code::BootIniUtf16,
            severity,
            Subject::volume(layout, system.volume),
            r"\boot.ini is UTF-16 text; NTLDR reads bytes and finds no entry in it".into(),
        )
    })
}

/// What is not there of the Windows that is started by itself, in the order in which NTLDR loads it.
pub(in crate::diagnosis) fn incomplete(layout: &Layout, windows: &WindowsVolume) -> Vec<Finding> {
    let volume = Subject::volume(layout, windows.volume);
    let mut findings = loader_checks::incomplete(layout, &volume, windows, None);
    for finding in &mut findings {
        let file = match finding.code {
            Code::KernelMissing | Code::KernelBroken => r"<Windows root>\system32\ntoskrnl.exe".to_owned(),
            _ => format!(r"{}\SYSTEM32\CONFIG\SYSTEM", windows.root.to_uppercase()),
        };
        finding.evidence.push(format!("{NOT_STARTED} {file}"));
    }
    findings.extend(other_processor(layout, windows));
    let is_certain =
        |file: &&BootFile| matches!(file.content, Ok(Content::Empty | Content::Zeros | Content::Cut { .. }));
    let hal = layout.boot_file(windows.volume, &windows.hal_path()).filter(is_certain);
    let hal = match windows.hal {
        Some(Known::No) => Some((Code::HalMissing, "is missing".to_owned())),
        _ => hal.and_then(|file| fault(file, Wanted::Program)).map(|fault| (Code::HalBroken, fault)),
    };
    if let Some((code, what)) = hal {
        findings.push(Finding {
            evidence: vec![format!(r"{NOT_STARTED} <Windows root>\system32\hal.dll")],
            remedy: Remedy::Advice(
                "restore it from a backup or from that Windows version's installation disc (it has one for \
                 each kind of machine)"
                    .into(),
            ),
            ..Finding::plain(code, Severity::BlocksBoot, volume, format!("{} {what}", windows.hal_path()))
        });
    }
    findings
}

/// A kernel for a processor on which no NTLDR runs: it switches to 64 bits by itself.
fn other_processor(layout: &Layout, windows: &WindowsVolume) -> Option<Finding> {
    let path = windows.kernel_path();
    let machine = layout.boot_file(windows.volume, &path)?.machine()?;
    (!matches!(machine, Machine::X86 | Machine::X64)).then(|| Finding {
        remedy: Remedy::Advice("restore it from a backup".into()),
        ..Finding::plain(
            Code::MachineMismatch,
            Severity::BlocksBoot,
            Subject::volume(layout, windows.volume),
            format!("{path} is a program for {machine}, and NTLDR runs on x86 and x64"),
        )
    })
}
