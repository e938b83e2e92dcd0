//! What NTLDR starts where it finds no entry: no `boot.ini`, or none that it can read.
//!
//! Sources: Microsoft, "Windows XP Professional Resource Kit", "Troubleshooting Startup" (`\Windows` on the first partition of the first
//! disk, "Invalid BOOT.INI file", "Booting from C:\windows\"); KB 330184 (`bootcfg /rebuild`). Nothing was measured.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::ntldr::arc_path::Lead;
use crate::diagnosis::ntldr::arc_path::lead;
use crate::diagnosis::ntldr::arc_path::number_of;
use crate::diagnosis::ntldr::severity::severity;
use crate::layout::Layout;
use crate::layout::arc_path::Adapter;
use crate::layout::arc_path::ArcPath;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Known;
use crate::layout::system::SystemVolume;
use crate::layout::windows::WindowsVolume;
use crate::partition::TableKind;

/// What the screen shows, by Microsoft's word.
const SAYS: &str = r"NTLDR shows: Invalid BOOT.INI file, Booting from C:\windows\";

/// What is there of what NTLDR starts by itself.
pub(super) enum ByItself<'a> {
    /// A Windows, where every NTLDR since XP looks.
    Windows(&'a WindowsVolume),
    /// A Windows, where that of Windows 2000 looks.
    Winnt(&'a WindowsVolume),
    /// The files of the first partition cannot be seen.
    Hidden(VolumeIndex),
    /// Nothing.
    Nothing,
}

/// What NTLDR starts by itself on this disk; only an MBR counts partitions as it does.
pub(super) fn by_itself<'a>(
    layout: &'a Layout,
    context: &Context,
    system: &SystemVolume,
) -> Option<ByItself<'a>> {
    if layout.table.kind != TableKind::Mbr {
        return None;
    }
    let lead = |directory| lead(layout, context, system, &path(1, directory));
    Some(match (lead(r"\WINDOWS"), lead(r"\WINNT")) {
        (Lead::Windows(windows), _) if windows.is_nt5() => ByItself::Windows(windows),
        (_, Lead::Windows(windows)) if windows.is_nt5() => ByItself::Winnt(windows),
        (Lead::Hidden(volume), _) => ByItself::Hidden(volume),
        _ => ByItself::Nothing,
    })
}

/// How much it matters, and what is seen and expected on the screen.
pub(super) fn consequence(
    layout: &Layout,
    context: &Context,
    system: &SystemVolume,
) -> Option<(Severity, Vec<String>)> {
    let found = by_itself(layout, context, system)?;
    let (is_sure, evidence) = match found {
        ByItself::Windows(windows) => {
            (false, format!("with no entry NTLDR starts {} on {}", windows.root, layout.name(windows.volume)))
        }
        ByItself::Winnt(windows) => (
            false,
            format!(
                r"with no entry only the NTLDR of Windows 2000 starts {} on {}; those of XP and 2003 look for \WINDOWS",
                windows.root,
                layout.name(windows.volume)
            ),
        ),
        ByItself::Hidden(volume) => (
            false,
            format!(
                r"with no entry NTLDR starts \WINDOWS on {}, whose files cannot be read",
                layout.name(volume)
            ),
        ),
        ByItself::Nothing => {
            (true, r"with no entry NTLDR starts \WINDOWS on the first partition, which does not exist".into())
        }
    };
    let severity = match severity(layout, system, true) {
        Severity::BlocksBoot if !is_sure => Severity::Degrades,
        other => other,
    };
    Some((severity, vec![SAYS.to_owned(), evidence]))
}

/// `boot.ini` is missing altogether, where that counts.
pub(super) fn finding(layout: &Layout, context: &Context, system: &SystemVolume) -> Option<Finding> {
    if !is_missing(system) {
        return None;
    }
    let (severity, evidence) = consequence(layout, context, system)?;
    (severity > Severity::Note).then(|| Finding {
        evidence,
        remedy: Remedy::Advice(advice(layout, system)),
        ..Finding::plain(
            Code::BootIniMissing,
            severity,
            Subject::volume(layout, system.volume),
            r"\ntldr is present, but \boot.ini next to it is missing".into(),
        )
    })
}

/// Whether it is surely not there.
pub(super) fn is_missing(system: &SystemVolume) -> bool {
    system.ntldr.as_ref().is_some_and(|ntldr| matches!(ntldr.boot_ini, Known::No))
}

fn advice(layout: &Layout, system: &SystemVolume) -> String {
    let place = layout.name(system.volume);
    let mut all = layout.windows.iter().filter(|windows| windows.is_nt5());
    let only = all.next().filter(|_| all.next().is_none());
    let path = only.and_then(|windows| {
        let path = path(1, &windows.root);
        let partition = number_of(layout, &path, windows.volume)?;
        Some(ArcPath { partition, ..path })
    });
    match path {
        Some(path) => format!(
            r#"write \boot.ini on {place}, these four lines in plain bytes: `[boot loader]`, `default={path}`, `[operating systems]`, `{path}="Windows" /fastdetect`"#
        ),
        None => format!(
            r"restore \boot.ini on {place} from a backup, or have it written by the recovery console of an installation disk of XP or 2003 (`bootcfg /rebuild`)"
        ),
    }
}

fn path(partition: u32, directory: &str) -> ArcPath {
    ArcPath { adapter: Adapter::Multi(0), disk: 0, rdisk: 0, partition, directory: directory.to_owned() }
}
