//! Findings about NT 5.x (Windows 2000, XP, Server 2003): NTLDR, and whether its `boot.ini` leads to a Windows.
//!
//! Sources: Microsoft, KB 227704 (`signature()`), KB 314477 (what NTLDR says when the disk or partition is not there), and
//! KB 330184 (when the Windows is not).

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::left::Left;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::ntldr::arc_path::Lead;
use crate::diagnosis::ntldr::arc_path::lead;
use crate::diagnosis::ntldr::correction::correction;
use crate::diagnosis::ntldr::edits::Edits;
use crate::diagnosis::ntldr::edits::edits;
use crate::diagnosis::ntldr::severity::severity;
use crate::diagnosis::ntldr::start_files;
use crate::diagnosis::ntldr::without_boot_ini;
use crate::diagnosis::ntldr::without_boot_ini::ByItself;
use crate::layout::Layout;
use crate::layout::arc_path::Adapter;
use crate::layout::arc_path::ArcPath;
use crate::layout::boot_ini::BootIni;
use crate::layout::boot_ini::BootIniText;
use crate::layout::boot_ini::Target;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;
use crate::partition::TableKind;

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
        findings.extend(start_files::findings(layout, context, system));
        let Some(found) = parsed(system) else {
            findings.extend(without_boot_ini::finding(layout, context, system));
            findings.extend(incomplete(layout, system, by_itself(layout, context, system)));
            continue;
        };
        findings.extend(boot_sector(layout, system));
        let default = path(found.default_target());
        if let Some(path) = default {
            findings.extend(entry(layout, context, system, path, true));
            findings.extend(incomplete(layout, system, windows(&lead(layout, context, system, path))));
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

/// What starts by itself is a boot sector in a file, as GRUB or the recovery console of Windows has it, and that is missing.
fn boot_sector(layout: &Layout, system: &SystemVolume) -> Option<Finding> {
    let (path, found) = system.ntldr.as_ref()?.boot_sector.as_ref()?;
    let place = layout.name(system.volume);
    (!found.may_be()).then(|| Finding {
        evidence: vec![format!(r"\boot.ini on {place}: default=C:{path}")],
        remedy: Remedy::Advice(format!(
            r"edit \boot.ini on {place}: set `default=` to the entry of Windows; or restore {path} from a backup"
        )),
        ..Finding::plain(
            Code::BootIniBootSector,
            severity(layout, system, true),
            Subject::new(Place::BootIniDefault, r"\boot.ini default".to_owned()),
            format!("boot.ini starts the boot sector in {path}, which is missing or empty on {place}"),
        )
    })
}

/// The hop from NTLDR to Windows: how it stands, what was found there, and the Windows that it leads to.
pub(in crate::diagnosis) fn hop<'a>(
    layout: &'a Layout,
    context: &Context,
    system: &SystemVolume,
) -> (State, String, Option<&'a WindowsVolume>) {
    let lacks = if start_files::lacks_detect(system) { r", no \NTDETECT.COM" } else { "" };
    let unknown = |evidence: &str| (State::Unknown, format!("{evidence}{lacks}"), None);
    let Some(found) = parsed(system) else {
        return match by_itself(layout, context, system) {
            Some(windows) => {
                let place = layout.name(windows.volume);
                (State::Ok, format!("none: {} on {place}, by itself{lacks}", windows.root), Some(windows))
            }
            None => unknown(no_boot_ini(system)),
        };
    };
    let (text, lead) = match found.default_target() {
        None => return unknown("no entry and no default"),
        Some(Target::Windows(path)) => (path.to_string(), lead(layout, context, system, path)),
        Some(Target::BootSector(text) | Target::Other(text)) => {
            return unknown(&format!("{text}, which is not a Windows path"));
        }
    };
    let (state, place, windows) = match lead {
        Lead::Windows(windows) => (State::Ok, layout.name(windows.volume), Some(windows)),
        Lead::OtherDisk(_, named) => (State::Ok, format!("{}, a different disk", named.place()), None),
        Lead::UnknownDisk(_) => (State::Ok, "a disk that is not present".into(), None),
        Lead::NoDisk(number) => (State::Ok, format!("BIOS disk {number}, but this disk is 0"), None),
        Lead::NoDriver => (State::Ok, format!("through {}, which is missing", SystemFile::ScsiDriver), None),
        Lead::Elsewhere(place) => (State::Unknown, place, None),
        Lead::NoPartition => (State::Ok, "a partition that does not exist".into(), None),
        Lead::NoWindows(volume) => {
            (State::Ok, format!("{}, which has no such Windows", layout.name(volume)), None)
        }
        Lead::Hidden(volume) => {
            (State::Unknown, format!("{}, whose files cannot be read", layout.name(volume)), None)
        }
    };
    (state, format!("default {text}: {place}{lacks}"), windows)
}

/// The Windows that NTLDR starts without a `boot.ini`, where that is certain.
fn by_itself<'a>(layout: &'a Layout, context: &Context, system: &SystemVolume) -> Option<&'a WindowsVolume> {
    let found = without_boot_ini::by_itself(layout, context, system);
    match found.filter(|_| without_boot_ini::is_missing(system)) {
        Some(ByItself::Windows(windows)) => Some(windows),
        _ => None,
    }
}

fn no_boot_ini(system: &SystemVolume) -> &'static str {
    match without_boot_ini::is_missing(system) {
        true => r"\boot.ini is not there",
        false => r"\boot.ini cannot be read",
    }
}

fn windows<'a>(lead: &Lead<'a>) -> Option<&'a WindowsVolume> {
    match lead {
        Lead::Windows(windows) => Some(windows),
        _ => None,
    }
}

fn parsed(system: &SystemVolume) -> Option<BootIni> {
    system.boot_ini().map(BootIniText::parse)
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
        Some(found) => {
            evidence.extend(found.text.lines().map(|line| format!("boot.ini: {}", line.trim_end())));
        }
        None => evidence.push(no_boot_ini(system).into()),
    }
    let entries = parsed(system).map(|found| found.entries).unwrap_or_default();
    let signatures: Vec<u32> =
        entries.iter().filter_map(|entry| signature(path(Some(&entry.target))?)).collect();
    let own = |signature: &u32| layout.table.disk == Some(DiskId::Mbr(*signature));
    let message = match signatures.as_slice() {
        [] => "Windows 2003/XP: no BCD store; NTLDR finds its disk by number, so there is nothing to patch",
        all if all.iter().all(own) => {
            "Windows 2003/XP: no BCD store; boot.ini refers to this disk by its current signature, so \
             there is nothing to patch"
        }
        _ => "Windows 2003/XP: no BCD store; boot.ini refers to a signature that is not this disk's",
    };
    Finding { evidence, ..Finding::plain(Code::Ntldr, Severity::Note, Subject::disk(), message.into()) }
}

fn signature(path: &ArcPath) -> Option<u32> {
    match path.adapter {
        Adapter::Signature(signature) => Some(signature),
        Adapter::Multi(_) | Adapter::Scsi(_) => None,
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
    let said = format!(r"\boot.ini on {place} refers to {path}");
    let lead = lead(layout, context, system, path);
    if let Lead::Elsewhere(elsewhere) = &lead {
        let message = format!("boot.ini refers to {elsewhere}");
        let note = Finding::plain(Code::BootIniElsewhere, Severity::Note, subject, message);
        return is_default.then(|| Finding { evidence: vec![said], ..note });
    }
    let fault = fault(layout, &place, path, &lead, is_default)?;
    let (remedy, doubt) = match edits(layout, context, system, path, &lead) {
        Ok(Edits { edits, .. }) if context.choice.boot_ini => (Remedy::Edit(edits), None),
        Ok(edits) => (Remedy::Switch(Switch::BootIni, switch_advice(layout, &edits, &lead)), None),
        Err(Left::Doubt(why)) => (fault.remedy, Some(format!("not certain enough for --boot-ini: {why}"))),
        Err(Left::Untold) => (fault.remedy, None),
    };
    Some(Finding {
        evidence: std::iter::once(said).chain(fault.evidence).chain(doubt).collect(),
        remedy,
        ..Finding::plain(fault.code, severity(layout, system, is_default), subject, fault.message)
    })
}

fn fault(layout: &Layout, place: &str, path: &ArcPath, lead: &Lead<'_>, is_default: bool) -> Option<Fault> {
    let partition = path.partition;
    Some(match lead {
        Lead::UnknownDisk(named) => Fault {
            code: Code::BootIniSignature,
            message: format!(
                "boot.ini refers to disk signature {named:08x}, but this disk has a different \
             one"
            ),
            evidence: wrong_disk(layout, is_default),
            remedy: Remedy::Advice(wrong_disk_advice(layout, place, *named)),
        },
        Lead::OtherDisk(signature, named) => Fault {
            code: Code::BootIniSignature,
            message: format!(
                "boot.ini refers to {} by signature {signature:08x}, a different disk",
                named.place()
            ),
            evidence: wrong_disk(layout, is_default),
            remedy: Remedy::Belongs(named.clone()),
        },
        Lead::NoDisk(number) => Fault {
            code: Code::BootIniDisk,
            message: format!("boot.ini refers to rdisk({number}), but this disk is the only one, rdisk(0)"),
            evidence: says(is_default, NOT_READ),
            remedy: Remedy::Advice(no_disk_advice(layout, place, path)),
        },
        Lead::NoDriver => Fault {
            code: Code::BootIniDriver,
            message: format!(
                r"boot.ini refers to a disk through {}, which is missing next to \ntldr",
                SystemFile::ScsiDriver
            ),
            evidence: Vec::new(),
            remedy: Remedy::Advice(no_driver_advice(layout, place, path)),
        },
        Lead::NoPartition => Fault {
            code: Code::BootIniPartition,
            message: format!("boot.ini refers to partition({partition}), which does not exist on this disk"),
            evidence: says(is_default, NOT_READ),
            remedy: Remedy::Advice(wrong_partition_advice(layout, place, path)),
        },
        Lead::NoWindows(volume) => Fault {
            code: Code::BootIniPartition,
            message: format!(
                "boot.ini refers to {} on {}, which has no Windows there",
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
    let when = if is_default { "at startup" } else { "when selected" };
    vec![format!("NTLDR shows {when}: {words}")]
}

fn wrong_disk(layout: &Layout, is_default: bool) -> Vec<String> {
    let mut evidence = Vec::new();
    if let Some(DiskId::Mbr(signature)) = layout.table.disk {
        evidence.push(format!("this disk has signature {signature:08x}"));
    }
    evidence.extend(says(is_default, NOT_READ));
    evidence
}

fn wrong_disk_advice(layout: &Layout, place: &str, named: u32) -> String {
    let Some(DiskId::Mbr(signature)) = layout.table.disk else {
        return match layout.table.kind {
            TableKind::None => "examine the whole disk this volume is from".to_owned(),
            TableKind::Mbr | TableKind::Gpt => {
                format!(r"edit \boot.ini on {place}: only an MBR disk has a signature")
            }
        };
    };
    format!(
        r"edit \boot.ini on {place}: change signature({named:08x}) to signature({signature:08x}), in `default=` and in every entry; {}",
        old_signature_advice(named)
    )
}

fn old_signature_advice(named: u32) -> String {
    format!(
        "or, if no other disk has the old signature, restore it with `sfdisk --disk-id DISK 0x{named:08x}`"
    )
}

/// What `fix --boot-ini` does: each change once, in however many lines.
fn switch_advice(layout: &Layout, found: &Edits<'_>, lead: &Lead<'_>) -> String {
    let mut changes: Vec<&str> = Vec::new();
    for edit in &found.edits {
        if !changes.contains(&edit.meaning.as_str()) {
            changes.push(&edit.meaning);
        }
    }
    let (root, place) = (&found.windows.root, layout.name(found.windows.volume));
    let advice = format!("`fix --boot-ini` writes {}: {root} is on {place}", changes.join(", "));
    match lead {
        Lead::UnknownDisk(named) => format!("{advice}; {}", old_signature_advice(*named)),
        _ => advice,
    }
}

fn no_disk_advice(layout: &Layout, place: &str, path: &ArcPath) -> String {
    match correction(layout, place, path) {
        Some(edit) => {
            format!("{edit}; or, if it is another disk of this machine, name that with --with DISK")
        }
        None => format!("{} is not on this disk: name the disk that has it with --with DISK", path.directory),
    }
}

fn no_driver_advice(layout: &Layout, place: &str, path: &ArcPath) -> String {
    let restore = "restore the driver from a backup";
    correction(layout, place, path).map_or_else(|| restore.to_owned(), |edit| format!("{edit}; or {restore}"))
}

fn wrong_partition_advice(layout: &Layout, place: &str, path: &ArcPath) -> String {
    let nowhere =
        || format!("{} is on none or several partitions of this disk; see `bcdrescue list`", path.directory);
    correction(layout, place, path).unwrap_or_else(nowhere)
}

/// What the default Windows is started with must be there.
fn incomplete(layout: &Layout, system: &SystemVolume, windows: Option<&WindowsVolume>) -> Vec<Finding> {
    let counts = severity(layout, system, true) == Severity::BlocksBoot;
    let windows = windows.filter(|_| counts);
    windows.map(|windows| start_files::incomplete(layout, windows)).unwrap_or_default()
}
