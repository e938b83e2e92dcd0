//! Windows installations: volumes with a system root.

use std::collections::BTreeSet;

use crate::bcd::element::ElementId;
use crate::layout::boot_ini::BootEntry;
use crate::layout::boot_ini::BootIni;
use crate::layout::boot_ini::Target;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::version;
use crate::layout::version::WindowsVersion;
use crate::volume::EntryKind;
use crate::volume::Hibernation;
use crate::volume::Volume;

/// Where Windows is when nobody said otherwise.
const DEFAULT_ROOT: &str = r"\Windows";
/// System roots of other names that are believed, at most; a store that names more is absurd.
const ROOTS_MAX: usize = 16;
/// What is said of a session that sleeps.
const ASLEEP: &str = "is hibernated or was shut down with fast startup";
/// Windows of one disk that are asked what they are, at most.
const ASKED_MAX: usize = 16;

/// A volume with a Windows installation.
#[derive(Debug, Clone)]
pub struct WindowsVolume {
    /// Index of the volume in the layout.
    pub volume: VolumeIndex,
    /// Its system root, as the directory spells it.
    pub root: String,
    /// `System32\winload.exe` is there: it can start on BIOS.
    pub winload_exe: bool,
    /// `System32\winload.efi` is there: it can start on UEFI.
    pub winload_efi: bool,
    /// `System32\config\SYSTEM` is there, or nobody can tell: the hive that the loader reads its drivers from.
    pub system_hive: bool,
    /// `System32\ntoskrnl.exe` is there, or nobody can tell.
    pub kernel: bool,
    /// What `\hiberfil.sys` says, or why it could not be read.
    pub hibernation: Result<Hibernation, String>,
    /// The file system is marked dirty: chkdsk is due.
    pub dirty: bool,
    /// Product and build, or why nothing says so.
    pub version: Result<WindowsVersion, String>,
}

impl WindowsVolume {
    /// Whether a path names its system root, as Windows reads paths: spare backslashes and the case of letters do not matter.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        let parts = |path: &str| -> Vec<String> {
            path.split('\\').filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
        };
        parts(&self.root) == parts(path)
    }

    /// Whether a session is known to sleep on this volume.
    #[must_use]
    pub fn is_hibernated(&self) -> bool {
        self.hibernation.as_ref().is_ok_and(Hibernation::is_hibernated)
    }

    /// Why a session sleeps on this volume, or may for all that can be told; `None` when none does.
    #[must_use]
    pub fn may_be_hibernated(&self) -> Option<String> {
        match &self.hibernation {
            Ok(hibernation) if hibernation.is_hibernated() => Some(ASLEEP.to_owned()),
            Ok(_) => None,
            Err(error) => Some(format!("may be hibernated, which cannot be told: {error}")),
        }
    }
}

/// Why a session may sleep on a volume where no Windows was found, after a read that failed: its directory may be what could not
/// be read.
#[must_use]
pub fn asleep(volume: Option<&Volume<'_>>) -> Option<String> {
    let unknown = |error: &str| Some(format!("may be hibernated, which cannot be told: {error}"));
    match volume.map(Volume::hibernation) {
        Some(Ok(hibernation)) => hibernation.is_hibernated().then(|| ASLEEP.to_owned()),
        Some(Err(error)) => unknown(&error.to_string()),
        None => unknown("nothing on it can be read"),
    }
}

/// Finds the Windows installations, under `\Windows` and every system root that a store or a `boot.ini` names.
#[must_use]
pub fn find(
    volumes: &[Option<&Volume<'_>>],
    systems: &[SystemVolume],
    stores: &[&StoreFile],
) -> Vec<WindowsVolume> {
    let roots = system_roots(systems, stores);
    let mut found = Vec::new();
    for (index, volume) in VolumeIndex::each(volumes) {
        let Some(volume) = volume else { continue };
        for root in &roots {
            found.extend(examine(volume, index, root, found.len() < ASKED_MAX));
        }
    }
    found
}

fn system_roots(systems: &[SystemVolume], stores: &[&StoreFile]) -> Vec<String> {
    let defaults = [DEFAULT_ROOT, r"\WINNT"].map(str::to_owned);
    let objects = stores.iter().filter_map(|file| file.parsed()).flat_map(|store| store.objects());
    let loaders = objects.filter(|object| object.object_type.is_some_and(|kind| kind.is_os_loader()));
    let of_stores = loaders.filter_map(|object| object.string(ElementId::SYSTEM_ROOT)).map(str::to_owned);
    let texts = systems.iter().filter_map(|system| system.ntldr.as_ref()?.as_deref());
    let of_boot_ini = texts.flat_map(|text| BootIni::parse(text).entries).filter_map(directory);
    let mut seen = BTreeSet::new();
    let all = defaults.into_iter().chain(of_stores).chain(of_boot_ini);
    all.filter(|root| seen.insert(root.to_lowercase())).take(ROOTS_MAX).collect()
}

/// The directory that an entry of `boot.ini` names.
fn directory(entry: BootEntry) -> Option<String> {
    let Target::Windows(path) = entry.target else { return None };
    let root = path.directory.trim_end_matches('\\');
    root.starts_with('\\').then(|| root.to_owned())
}

/// `System32` and a registry or a kernel in it make a Windows; a lone directory of that name does not.
fn examine(volume: &Volume<'_>, index: VolumeIndex, root: &str, is_asked: bool) -> Option<WindowsVolume> {
    let directory = volume.find(root).ok()??;
    if directory.kind != EntryKind::Directory {
        return None;
    }
    let find = |path: &str| volume.find(&format!(r"{root}\System32\{path}"));
    let has = |path: &str| matches!(find(path), Ok(Some(_)));
    // Behind a damaged directory it may be there all the same.
    let may_have = |path: &str| !matches!(find(path), Ok(None));
    let (winload_exe, winload_efi) = (has("winload.exe"), has("winload.efi"));
    let (system_hive, kernel) = (has(r"config\SYSTEM"), has("ntoskrnl.exe"));
    // The recovery environment's RAM disk has `\Windows` too, as `X:`; its store names it, but no volume here has it.
    (system_hive || kernel || winload_exe || winload_efi).then(|| WindowsVolume {
        volume: index,
        root: directory.path,
        winload_exe,
        winload_efi,
        system_hive: system_hive || may_have(r"config\SYSTEM"),
        kernel: kernel || may_have("ntoskrnl.exe"),
        hibernation: volume.hibernation().map_err(|error| error.to_string()),
        dirty: volume.is_dirty().unwrap_or(false),
        version: match is_asked {
            true => version::read(volume, root),
            false => Err(format!("more than {ASKED_MAX} Windows on this disk")),
        },
    })
}
