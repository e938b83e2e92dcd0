//! Findings about NT 5.x (Windows 2000, XP, Server 2003): NTLDR, and whether its `boot.ini` leads to a Windows.
//!
//! Sources: Microsoft, KB 227704 (`signature()`), KB 314477 (what NTLDR says when the disk or partition is not there), and
//! KB 330184 (when the Windows is not).

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::ntldr::arc_path::Lead;
use crate::diagnosis::ntldr::arc_path::holders;
use crate::diagnosis::ntldr::arc_path::lead;
use crate::diagnosis::ntldr::arc_path::number_of;
use crate::diagnosis::store::loader_checks;
use crate::diagnosis::store::menu::Legacy;
use crate::diagnosis::store::menu::legacy;
use crate::layout::Layout;
use crate::layout::arc_path::Adapter;
use crate::layout::arc_path::ArcPath;
use crate::layout::boot_ini::BootIni;
use crate::layout::boot_ini::Target;
use crate::layout::system::SystemVolume;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;

/// What NTLDR does without a `boot.ini`.
const NO_BOOT_INI: &str =
    r"\boot.ini is not there or cannot be read: NTLDR then starts the first Windows it knows";

/// What NTLDR says when it does not find disk or partition (KB 314477).
const NOT_READ: &str = "could not read from the selected boot disk";

/// All findings about volumes with NTLDR.
#[must_use]
pub(crate) fn findings(layout: &Layout, context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for system in layout.systems.iter().filter(|system| system.ntldr.is_some()) {
        if layout.systems.iter().all(SystemVolume::is_ntldr_only) {
            findings.push(what_it_is(layout, system));
        }
        let Some(found) = parsed(system) else { continue };
        let default = path(found.default_target());
        if let Some(path) = default {
            findings.extend(entry(layout, context, system, path, true));
            findings.extend(incomplete(layout, context, system, path));
        }
        let mut seen: Vec<&ArcPath> = default.into_iter().collect();
        for path in found.entries.iter().filter_map(|entry| path(Some(&entry.target))) {
            if !seen.iter().any(|before| before.is(path)) {
                seen.push(path);
                findings.extend(entry(layout, context, system, path, false));
            }
        }
    }
    findings
}

/// The hop from NTLDR to Windows: how it stands, what was found there, and the Windows that it leads to.
pub(in crate::diagnosis) fn hop<'a>(
    layout: &'a Layout,
    context: &Context,
    system: &SystemVolume,
) -> (State, String, Option<&'a WindowsVolume>) {
    let Some(found) = parsed(system) else { return (State::Unknown, NO_BOOT_INI.into(), None) };
    let (text, lead) = match found.default_target() {
        None => return (State::Unknown, "no entry, and no default".into(), None),
        Some(Target::Windows(path)) => (path.to_string(), lead(layout, context, path)),
        Some(Target::BootSector(text) | Target::Other(text)) => {
            return (State::Unknown, format!("{text}, which is no Windows of its own"), None);
        }
    };
    let (state, place, windows) = match lead {
        Lead::Windows(windows) => (State::Ok, layout.name(windows.volume), Some(windows)),
        Lead::OtherDisk(_, named) => (State::Ok, format!("{}, another disk", named.place()), None),
        Lead::UnknownDisk(_) => (State::Ok, "a disk that is not here".into(), None),
        Lead::Elsewhere(place) => (State::Unknown, place, None),
        Lead::NoPartition => (State::Ok, "a partition that is not here".into(), None),
        Lead::NoWindows(volume) => (State::Ok, format!("{}, where it is not", layout.name(volume)), None),
        Lead::Hidden(volume) => {
            (State::Unknown, format!("{}, whose files cannot be seen", layout.name(volume)), None)
        }
    };
    (state, format!("default {text}: {place}"), windows)
}

fn parsed(system: &SystemVolume) -> Option<BootIni> {
    system.boot_ini().map(BootIni::parse)
}

fn path(target: Option<&Target>) -> Option<&ArcPath> {
    match target {
        Some(Target::Windows(path)) => Some(path),
        _ => None,
    }
}

fn what_it_is(layout: &Layout, system: &SystemVolume) -> Finding {
    let mut evidence = vec![format!(r"\ntldr is on {}", layout.name(system.volume))];
    match system.boot_ini() {
        Some(text) => {
            evidence.extend(text.lines().map(|line| format!("boot.ini: {}", line.trim_end())));
        }
        None => evidence.push(NO_BOOT_INI.into()),
    }
    let entries = parsed(system).map(|found| found.entries).unwrap_or_default();
    let signatures: Vec<u32> =
        entries.iter().filter_map(|entry| signature(path(Some(&entry.target))?)).collect();
    let own = |signature: &u32| layout.table.disk == Some(DiskId::Mbr(*signature));
    let message = match signatures.as_slice() {
        [] => "Windows 2003/XP: NTLDR finds its disk by number, there is no BCD store and nothing to patch",
        all if all.iter().all(own) => {
            "Windows 2003/XP: boot.ini names this disk by the signature that it has, there is no BCD store and nothing to patch"
        }
        _ => {
            "Windows 2003/XP: there is no BCD store, and boot.ini names a disk by a signature that this one does not have"
        }
    };
    Finding { evidence, ..Finding::plain(Code::Ntldr, Severity::Note, Subject::disk(), message.into()) }
}

fn signature(path: &ArcPath) -> Option<u32> {
    match path.adapter {
        Adapter::Signature(signature) => Some(signature),
        Adapter::Multi(_) | Adapter::Scsi(_) => None,
    }
}

/// How much it matters that an entry leads nowhere: beside a boot manager, or where no firmware comes to it, a leftover.
fn severity(layout: &Layout, system: &SystemVolume, is_default: bool) -> Severity {
    let is_started = layout.first_system().is_some_and(|start| start.volume == system.volume);
    match (system.is_ntldr_only() && is_started, legacy(layout), is_default) {
        (true, ..) | (_, Legacy::Main, _) if is_default => Severity::BlocksBoot,
        (true, ..) | (_, Legacy::Main | Legacy::Listed, _) => Severity::Degrades,
        (false, Legacy::Unlisted, _) => Severity::Note,
    }
}

/// What is wrong with an entry.
struct Fault {
    code: Code,
    message: String,
    evidence: Vec<String>,
    remedy: Remedy,
}

fn entry(
    layout: &Layout,
    context: &Context,
    system: &SystemVolume,
    path: &ArcPath,
    is_default: bool,
) -> Option<Finding> {
    let subject = match is_default {
        true => Subject::new(Place::BootIniDefault, r"\boot.ini default".to_owned()),
        false => Subject::new(Place::BootIniEntry(path.clone()), format!(r"\boot.ini {path}")),
    };
    let place = layout.name(system.volume);
    let said = format!(r"\boot.ini on {place} names {path}");
    let lead = lead(layout, context, path);
    if let Lead::Elsewhere(elsewhere) = &lead {
        let message = format!("boot.ini leads to {elsewhere}");
        let note = Finding::plain(Code::BootIniElsewhere, Severity::Note, subject, message);
        return is_default.then(|| Finding { evidence: vec![said], ..note });
    }
    let fault = fault(layout, &place, path, &lead, is_default)?;
    Some(Finding {
        evidence: std::iter::once(said).chain(fault.evidence).collect(),
        remedy: fault.remedy,
        ..Finding::plain(fault.code, severity(layout, system, is_default), subject, fault.message)
    })
}

fn fault(layout: &Layout, place: &str, path: &ArcPath, lead: &Lead<'_>, is_default: bool) -> Option<Fault> {
    let partition = path.partition;
    Some(match lead {
        Lead::UnknownDisk(named) => Fault {
            code: Code::BootIniSignature,
            message: format!("boot.ini names a disk by the signature {named:08x}, and this disk has another"),
            evidence: wrong_disk(layout, is_default),
            remedy: Remedy::Advice(wrong_disk_advice(layout, place, *named)),
        },
        Lead::OtherDisk(signature, named) => Fault {
            code: Code::BootIniSignature,
            message: format!(
                "boot.ini names {} by its signature {signature:08x}, which is another disk here",
                named.place()
            ),
            evidence: wrong_disk(layout, is_default),
            remedy: Remedy::Belongs(named.clone()),
        },
        Lead::NoPartition => Fault {
            code: Code::BootIniPartition,
            message: format!(
                "boot.ini leads to partition({partition}), and this disk has no partition of that number"
            ),
            evidence: says(is_default, NOT_READ),
            remedy: Remedy::Advice(wrong_partition_advice(layout, place, path)),
        },
        Lead::NoWindows(volume) => Fault {
            code: Code::BootIniPartition,
            message: format!(
                "boot.ini leads to {} on {}, and there is no Windows there",
                path.directory,
                layout.name(*volume)
            ),
            evidence: says(
                is_default,
                &format!(r"{}\system32\hal.dll is missing or corrupt", path.directory),
            ),
            remedy: Remedy::Advice(wrong_partition_advice(layout, place, path)),
        },
        Lead::Windows(_) | Lead::Elsewhere(_) | Lead::Hidden(_) => return None,
    })
}

/// What the screen shows, by Microsoft's word; it was not measured.
fn says(is_default: bool, words: &str) -> Vec<String> {
    let when = if is_default { "at the start" } else { "when it is chosen" };
    vec![format!("NTLDR says {when}: {words}")]
}

fn wrong_disk(layout: &Layout, is_default: bool) -> Vec<String> {
    let mut evidence = Vec::new();
    if let Some(DiskId::Mbr(signature)) = layout.table.disk {
        evidence.push(format!("this disk has the signature {signature:08x}"));
    }
    evidence.extend(says(is_default, NOT_READ));
    evidence
}

fn wrong_disk_advice(layout: &Layout, place: &str, named: u32) -> String {
    let Some(DiskId::Mbr(signature)) = layout.table.disk else {
        return format!(r"edit \boot.ini on {place}: only an MBR disk has a signature");
    };
    format!(
        r"edit \boot.ini on {place}: signature({named:08x}) becomes signature({signature:08x}), in `default=` and in every entry; or, where no other disk has that signature, give it back with `sfdisk --disk-id DISK 0x{named:08x}`; fix does neither, not with --restore-identity either: it takes the old identity from a BCD store"
    )
}

fn wrong_partition_advice(layout: &Layout, place: &str, path: &ArcPath) -> String {
    let holders = holders(layout, path);
    let right = match holders.as_slice() {
        [only] => number_of(layout, path, *only).map(|number| (*only, number)),
        _ => None,
    };
    match right {
        Some((volume, number)) => format!(
            r"edit \boot.ini on {place}: partition({}) becomes partition({number}), in `default=` and in its entry: {} is on {}",
            path.partition,
            path.directory,
            layout.name(volume)
        ),
        None => {
            format!("{} is on no partition of this disk, or on several; see `bcdrescue list`", path.directory)
        }
    }
}

/// What the default Windows is started with must be there.
fn incomplete(layout: &Layout, context: &Context, system: &SystemVolume, path: &ArcPath) -> Vec<Finding> {
    match lead(layout, context, path) {
        Lead::Windows(windows) if severity(layout, system, true) == Severity::BlocksBoot => {
            loader_checks::incomplete(layout, &Subject::volume(layout, windows.volume), windows, None)
        }
        _ => Vec::new(),
    }
}
