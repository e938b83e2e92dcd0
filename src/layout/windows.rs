//! Windows installations: volumes with a system root.

use std::collections::BTreeSet;

use crate::bcd::element::ElementId;
use crate::layout::store::StoreFile;
use crate::volume::EntryKind;
use crate::volume::Hibernation;
use crate::volume::Volume;

/// Where Windows is when nobody said otherwise.
const DEFAULT_ROOT: &str = r"\Windows";
/// System roots of other names that are believed, at most; a store that names more is absurd.
const ROOTS_MAX: usize = 16;

/// A volume with a Windows installation.
#[derive(Debug, Clone)]
pub struct WindowsVolume {
    /// Index of the volume in the layout.
    pub volume: usize,
    /// Its system root, as the directory spells it.
    pub root: String,
    /// `System32\winload.exe` is there: it can start on BIOS.
    pub winload_exe: bool,
    /// `System32\winload.efi` is there: it can start on UEFI.
    pub winload_efi: bool,
    /// `System32\config\SYSTEM` is there: the hive that the loader reads its drivers from.
    pub system_hive: bool,
    /// `System32\ntoskrnl.exe` is there.
    pub kernel: bool,
    /// What `\hiberfil.sys` says, or why it could not be read.
    pub hibernation: Result<Hibernation, String>,
}

impl WindowsVolume {
    /// Whether a session sleeps on this volume.
    #[must_use]
    pub fn is_hibernated(&self) -> bool {
        self.hibernation.as_ref().is_ok_and(Hibernation::is_hibernated)
    }
}

/// Finds the Windows installations, under `\Windows` and every system root that a store names.
#[must_use]
pub fn find(volumes: &[Option<&Volume<'_>>], stores: &[&StoreFile]) -> Vec<WindowsVolume> {
    let roots = system_roots(stores);
    let mut found = Vec::new();
    for (index, volume) in volumes.iter().enumerate() {
        let Some(volume) = volume else { continue };
        found.extend(roots.iter().filter_map(|root| examine(volume, index, root)));
    }
    found
}

fn system_roots(stores: &[&StoreFile]) -> Vec<String> {
    let mut seen = BTreeSet::from([DEFAULT_ROOT.to_lowercase()]);
    let mut roots = vec![DEFAULT_ROOT.to_owned(), r"\WINNT".to_owned()];
    let objects = stores.iter().filter_map(|file| file.parsed()).flat_map(|store| store.objects());
    for object in objects.filter(|object| object.object_type.is_some_and(|kind| kind.is_os_loader())) {
        if let Some(root) = object.string(ElementId::SYSTEM_ROOT)
            && roots.len() < ROOTS_MAX
            && seen.insert(root.to_lowercase())
        {
            roots.push(root.to_owned());
        }
    }
    roots
}

/// `System32` and a registry or a kernel in it make a Windows; a lone directory of that name does not.
fn examine(volume: &Volume<'_>, index: usize, root: &str) -> Option<WindowsVolume> {
    let directory = volume.find(root).ok()??;
    if directory.kind != EntryKind::Directory {
        return None;
    }
    let has = |path: &str| matches!(volume.find(&format!(r"{root}\System32\{path}")), Ok(Some(_)));
    let (winload_exe, winload_efi) = (has("winload.exe"), has("winload.efi"));
    let (system_hive, kernel) = (has(r"config\SYSTEM"), has("ntoskrnl.exe"));
    // The recovery environment's RAM disk has `\Windows` too, as `X:`; its store names it, but no volume here has it.
    (system_hive || kernel || winload_exe || winload_efi).then(|| WindowsVolume {
        volume: index,
        root: directory.path,
        winload_exe,
        winload_efi,
        system_hive,
        kernel,
        hibernation: volume.hibernation().map_err(|error| error.to_string()),
    })
}
