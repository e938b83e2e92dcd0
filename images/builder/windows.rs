//! What a Windows has of its own on a test disk: two small hives, programs with a version, `ReAgent.xml`. All of it
//! names the disk as it was when Windows wrote it.

use anyhow::Result;
use anyhow::bail;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bytes::utf16le;
use bcdrescue::guid::Guid;
use bcdrescue::hive::REG_BINARY;
use bcdrescue::hive::REG_DWORD;
use bcdrescue::hive::REG_SZ;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;

use crate::program_file::program;
use crate::program_file::real_mode;
use crate::recipe::Recipe;
use crate::recipe::Windows;
use crate::stores::LAST_WRITTEN;

/// The names of the root keys, as setup gives them since Windows Vista.
const SYSTEM_ROOT: &str = "CMI-CreateHive{2A7FB991-7BBE-4F9D-B91E-7CB51D4737F5}";
const SOFTWARE_ROOT: &str = "CMI-CreateHive{199DAFC2-6F16-4946-BF90-5A3FC3A60902}";
/// What the mount manager knows a CD drive by.
const CD: &str = r"\??\IDE#CdRomQEMU_DVD-ROM_________________________2.5+____#5&2770a7af&0&1.0.0#{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}";

/// The bytes of a file of Windows, when it is one that is made here.
pub fn file(path: &str, recipe: &Recipe) -> Result<Option<Vec<u8>>> {
    let Some(windows) = &recipe.windows else { return Ok(None) };
    let name = path.rsplit('\\').next().unwrap_or_default().to_ascii_lowercase();
    Ok(match name.as_str() {
        "system" => Some(named("SYSTEM", build(&system(recipe)?, LAST_WRITTEN)?)),
        "software" => Some(named("SOFTWARE", build(&software(windows), LAST_WRITTEN)?)),
        "bootmgr" | "ntldr" => Some(real_mode(windows.files)),
        "bootmgfw.efi" | "bootx64.efi" => Some(program(windows.files, true)),
        "winload.exe" | "winload.efi" | "winresume.exe" | "winresume.efi" | "ntoskrnl.exe" => {
            Some(program(windows.files, recipe.has_64_bits()))
        }
        // As a Windows leaves it that was shut down fully: the header is zeros.
        "hiberfil.sys" => Some(vec![0; 8192]),
        "reagent.xml" => Some(re_agent(recipe)?.into_bytes()),
        _ => None,
    })
}

/// A hive with its own file name in the base block, where the library writes that of a boot store.
fn named(name: &str, mut hive: Vec<u8>) -> Vec<u8> {
    let text = utf16le(&format!(r"emRoot\System32\Config\{name}"));
    hive[0x30..0x70].fill(0);
    hive[0x30..0x30 + text.len()].copy_from_slice(&text);
    let word = |word: &[u8]| u32::from_le_bytes(word.try_into().unwrap());
    let sum = hive[..0x1fc].chunks(4).map(word).fold(0, |sum, word| sum ^ word);
    hive[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
    hive
}

fn key(name: &str, values: Vec<NewValue>, subkeys: Vec<NewKey>) -> NewKey {
    NewKey { name: name.into(), values, subkeys }
}

fn text(name: &str, text: &str) -> NewValue {
    NewValue { name: name.into(), data_type: REG_SZ, data: utf16le(&format!("{text}\0")) }
}

fn number(name: &str, number: u32) -> NewValue {
    NewValue { name: name.into(), data_type: REG_DWORD, data: number.to_le_bytes().into() }
}

fn binary(name: &str, data: Vec<u8>) -> NewValue {
    NewValue { name: name.into(), data_type: REG_BINARY, data }
}

fn system(recipe: &Recipe) -> Result<NewKey> {
    let select = [("Current", 1), ("Default", 1), ("Failed", 0), ("LastKnownGood", 1)];
    let select = select.map(|(name, set)| number(name, set)).to_vec();
    let disk =
        vec![number("ErrorControl", 3), text("Group", "SCSI Class"), number("Start", 0), number("Type", 1)];
    let services = key("Services", vec![], vec![key("Disk", disk, vec![])]);
    let drives = key("MountedDevices", mounted_devices(recipe)?, vec![]);
    let subkeys = vec![key("ControlSet001", vec![], vec![services]), drives, key("Select", select, vec![])];
    Ok(key(SYSTEM_ROOT, vec![], subkeys))
}

/// The system volume and Windows as volumes, Windows as C:, a CD drive as D:.
fn mounted_devices(recipe: &Recipe) -> Result<Vec<NewValue>> {
    let (system, windows) = (recipe.system_volume()?, recipe.windows_volume()?);
    let mut volumes = vec![system, windows];
    volumes.dedup();
    let mut values = vec![binary(r"\DosDevices\C:", mounted(recipe.stored_identity(windows)?))];
    for number in volumes {
        let name = format!(r"\??\Volume{{{}}}", volume_guid(number)?);
        values.push(binary(&name, mounted(recipe.stored_identity(number)?)));
    }
    values.push(binary(r"\DosDevices\D:", utf16le(CD)));
    values.push(binary(&format!(r"\??\Volume{{{}}}", volume_guid(0)?), utf16le(CD)));
    Ok(values)
}

/// What the mount manager calls a volume; the name says nothing about where it is.
fn volume_guid(number: usize) -> Result<Guid> {
    Ok(format!("5f3c4b0{number:x}-3b1d-11ee-a2c4-806e6f6e6963").parse()?)
}

/// How the mount manager knows a partition: by the signature and offset of an MBR's, by the GUID of a GPT's.
fn mounted(identity: QualifiedPartition) -> Vec<u8> {
    match identity {
        QualifiedPartition::Mbr { signature, offset } => {
            [&signature.to_le_bytes()[..], &offset.to_le_bytes()].concat()
        }
        QualifiedPartition::Gpt { partition, .. } => [b"DMIO:ID:", &partition.bytes()[..]].concat(),
    }
}

fn software(windows: &Windows) -> NewKey {
    let build = windows.build.to_string();
    let mut values = vec![
        text("SystemRoot", &format!("C:{}", windows.root)),
        text("ProductName", &windows.product_name),
        text("CurrentVersion", &windows.current_version),
        text("CurrentBuildNumber", &build),
        text("CurrentBuild", &build),
        text("CurrentType", "Multiprocessor Free"),
        text("RegisteredOwner", "bcdrescue"),
    ];
    let texts = [
        ("CSDVersion", &windows.service_pack),
        ("InstallationType", &windows.installation_type),
        ("DisplayVersion", &windows.display_version),
        ("ReleaseId", &windows.release_id),
    ];
    values.extend(texts.into_iter().filter_map(|(name, set)| Some(text(name, set.as_deref()?))));
    if let Some(revision) = windows.update_revision {
        values.push(number("CurrentMajorVersionNumber", 10));
        values.push(number("CurrentMinorVersionNumber", 0));
        values.push(number("UBR", revision));
    }
    let version = key("CurrentVersion", values, vec![]);
    let microsoft = vec![key("Windows", vec![], vec![]), key("Windows NT", vec![], vec![version])];
    let subkeys = vec![key("Classes", vec![], vec![]), key("Microsoft", vec![], microsoft)];
    key(SOFTWARE_ROOT, vec![], subkeys)
}

/// `ReAgent.xml` as Windows 10 writes it: an MBR disk by its signature in decimal, a GPT disk by its GUID.
fn re_agent(recipe: &Recipe) -> Result<String> {
    let nothing = format!("id=\"0\" offset=\"0\" guid=\"{}\"", Guid::default().braced());
    let Some(number) = recipe.recovery_volume() else { bail!("ReAgent.xml, but no volume with Winre.wim") };
    let offset = recipe.partition[number - 1].start * 1024;
    let place = match recipe.stored_identity(number)? {
        QualifiedPartition::Mbr { signature, .. } => {
            format!("id=\"{signature}\" offset=\"{offset}\" guid=\"{}\"", Guid::default().braced())
        }
        QualifiedPartition::Gpt { disk, .. } => {
            format!("id=\"0\" offset=\"{offset}\" guid=\"{}\"", disk.braced())
        }
    };
    let lines = [
        "<?xml version='1.0' encoding='utf-8'?>".to_owned(),
        String::new(),
        "<WindowsRE version=\"2.0\">".to_owned(),
        format!("  <WinreBCD id=\"{}\"/>", crate::stores::WINDOWS_10_RECOVERY.braced()),
        format!("  <WinreLocation path=\"\\Recovery\\WindowsRE\" {place}/>"),
        format!("  <ImageLocation path=\"\" {nothing}/>"),
        format!("  <PBRImageLocation path=\"\" {nothing} index=\"0\"/>"),
        format!("  <PBRCustomImageLocation path=\"\" {nothing} index=\"0\"/>"),
        "  <InstallState state=\"1\"/>".to_owned(),
        "  <OsInstallAvailable state=\"0\"/>".to_owned(),
        "  <CustomImageAvailable state=\"0\"/>".to_owned(),
        "  <IsAutoRepairOn state=\"1\"/>".to_owned(),
        "  <WinREStaged state=\"0\"/>".to_owned(),
        "  <OperationParam path=\"\"/>".to_owned(),
        "  <OperationPermanent state=\"0\"/>".to_owned(),
        "  <OsBuildVersion path=\"\"/>".to_owned(),
        "  <OemTool state=\"0\"/>".to_owned(),
        "  <IsServer state=\"0\"/>".to_owned(),
        "  <DownlevelWinreLocation path=\"\" id=\"0\" offset=\"0\" guid=\"{00000000-0000-0000-0000-000000000000}\"/>"
            .to_owned(),
        "  <IsWimBoot state=\"0\"/>".to_owned(),
        "  <NarratorScheduled state=\"0\"/>".to_owned(),
        "  <ScheduledOperation state=\"4\"/>".to_owned(),
        "</WindowsRE>".to_owned(),
        String::new(),
    ];
    Ok(lines.join("\r\n"))
}
