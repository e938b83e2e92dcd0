//! Findings about the main entry as a whole: whether its loader is for the firmware that reads its store, and whether
//! what the loader itself needs is there.

use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::entry::main_entry;
use crate::diagnosis::record::Record;
use crate::diagnosis::role::Role;
use crate::diagnosis::startup::plain;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::TableKind;

/// All findings about the main entries of the stores that the firmware comes to.
#[must_use]
pub fn findings(layout: &Layout, records: &[Record], answers: &[Resolution]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = firmware_mismatch(layout).into_iter().collect();
    let stores = layout.stores.iter().enumerate().filter(|(_, file)| file.live && !file.recovery);
    for (index, file) in stores {
        let Some(store) = file.parsed() else { continue };
        let Some(main) = main_entry(store) else { continue };
        let Some(object) = store.objects().get(main) else { continue };
        findings.extend(other_firmware(layout, file, object));
        let root = records.iter().zip(answers).find_map(|(record, answer)| {
            let is_root =
                record.store == index && record.object == main && record.purpose.role == Role::OsRoot;
            match answer {
                Resolution::Here(volume) | Resolution::Repoint { volume, .. } if is_root => Some(*volume),
                _ => None,
            }
        });
        let text = object.string(ElementId::SYSTEM_ROOT).unwrap_or_default();
        let windows = layout
            .windows
            .iter()
            .find(|windows| Some(windows.volume) == root && windows.root.eq_ignore_ascii_case(text));
        findings.extend(windows.into_iter().flat_map(|windows| incomplete(layout, windows)));
    }
    findings
}

/// Windows does not start from a GPT disk on a BIOS, whatever the store says.
fn firmware_mismatch(layout: &Layout) -> Option<Finding> {
    let is_bios = |file: &StoreFile| file.live && !file.recovery && file.firmware == Firmware::Bios;
    let is_uefi = |file: &StoreFile| file.live && !file.recovery && file.firmware == Firmware::Uefi;
    let bios = layout.stores.iter().find(|file| is_bios(file))?;
    if layout.table.kind != TableKind::Gpt || layout.stores.iter().any(is_uefi) {
        return None;
    }
    let esp = (0..layout.volumes.len()).find(|volume| layout.is_esp(*volume));
    let mut missing = Vec::new();
    match esp {
        None => missing.push("an EFI system partition (100 MB, FAT32, type EF00)".to_owned()),
        Some(esp) => {
            missing.push(format!(r"\EFI\Microsoft\Boot\bootmgfw.efi and a store on {}", layout.name(esp)))
        }
    }
    let winload = layout.windows.iter().any(|windows| windows.winload_efi);
    if !winload {
        missing.push("winload.efi in the Windows (a 64-bit one has it)".to_owned());
    }
    Some(Finding {
        evidence: vec![
            format!("{} on {} is a store for BIOS", bios.path, layout.name(bios.volume)),
            format!("missing for UEFI: {}", missing.join("; ")),
        ],
        remedy: Remedy::Advice(
            "make them with `bcdboot C:\\Windows /s S: /f UEFI` from a Windows rescue system (S: is the EFI system partition), and let the machine start by UEFI".into(),
        ),
        ..plain(
            "firmware-mismatch",
            Severity::BlocksBoot,
            "disk",
            "the disk is a GPT disk now, and its store is one for BIOS: Windows starts from GPT on UEFI only".into(),
        )
    })
}

/// A loader for the other firmware: the disk was converted, or the store is a copy from such a machine.
fn other_firmware(layout: &Layout, file: &StoreFile, object: &Object) -> Option<Finding> {
    let path = object.string(ElementId::PATH)?;
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())?;
    let (wanted, is_there): (_, fn(&WindowsVolume) -> bool) = match (file.firmware, ending.as_str()) {
        (Firmware::Bios, "efi") => ("exe", |windows| windows.winload_exe),
        (Firmware::Uefi, "exe") => ("efi", |windows| windows.winload_efi),
        _ => return None,
    };
    let holders: Vec<String> = layout
        .windows
        .iter()
        .filter(|windows| is_there(windows))
        .map(|windows| layout.name(windows.volume))
        .collect();
    let evidence = match holders.is_empty() {
        true => format!("winload.{wanted} is on no volume of this disk that can be read"),
        false => format!("winload.{wanted} is on {}", holders.join(" and ")),
    };
    Some(Finding {
        evidence: vec![evidence],
        remedy: Remedy::Advice(format!(
            "set its path to winload.{wanted} with bcdedit, or make a new store with `bcdboot`, from a Windows rescue system"
        )),
        ..plain(
            "loader-other-firmware",
            Severity::BlocksBoot,
            &format!("{} {} path", file.path, object.name()),
            format!("{path} is a loader for the other firmware: this store is read on {}", file.firmware),
        )
    })
}

/// What the loader reads first must be there.
pub(super) fn incomplete(layout: &Layout, windows: &WindowsVolume) -> Vec<Finding> {
    let name = layout.name(windows.volume);
    let advice = Remedy::Advice("not a matter of the store: restore it from a backup".into());
    let missing = |code, path: &str| Finding {
        remedy: advice.clone(),
        ..plain(code, Severity::BlocksBoot, &name, format!(r"{}\System32\{path} is missing", windows.root))
    };
    let mut findings = Vec::new();
    if !windows.system_hive {
        findings.push(missing("system-hive-missing", r"config\SYSTEM"));
    }
    if !windows.kernel {
        findings.push(missing("kernel-missing", "ntoskrnl.exe"));
    }
    findings
}
