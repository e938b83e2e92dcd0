//! Windows installations: volumes with a system root.

use std::collections::BTreeSet;

use crate::bcd::element::ElementId;
use crate::layout::boot_ini::BootEntry;
use crate::layout::boot_ini::BootIni;
use crate::layout::boot_ini::Target;
use crate::layout::drivers::facts::Asked;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::known::Known;
use crate::layout::machine::Machine;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::version;
use crate::layout::version::WindowsVersion;
use crate::volume::EntryKind;
use crate::volume::Volume;

/// Where Windows is when nobody said otherwise.
const DEFAULT_ROOT: &str = r"\Windows";
/// System roots of other names that are believed, at most; a store that names more is absurd.
const ROOTS_MAX: usize = 16;
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
    /// Whether `System32\config\SYSTEM` is there, the hive that the loader reads its drivers from.
    pub system_hive: Known<()>,
    /// Whether `System32\ntoskrnl.exe` is there.
    pub kernel: Known<()>,
    /// Whether `System32\hal.dll` is there; looked for where there is no `winload`, as NTLDR starts it.
    pub hal: Option<Known<()>>,
    /// Whether a session sleeps on its volume, as `\hiberfil.sys` says.
    pub asleep: Known<Asleep>,
    /// The file system is marked dirty: chkdsk is due.
    pub dirty: bool,
    /// Product and build, or why nothing says so.
    pub version: Result<WindowsVersion, Cause>,
    /// Which computer it is; nothing until it is asked by [`ask::machines`](crate::layout::ask::machines).
    pub machine: Machine,
    /// What it has of storage drivers; nothing until it is asked by
    /// [`ask::storage_drivers`](crate::layout::ask::storage_drivers).
    pub drivers: Option<Asked>,
}

impl WindowsVolume {
    /// Whether it is one that NTLDR starts.
    #[must_use]
    pub const fn is_nt5(&self) -> bool {
        !self.winload_exe && !self.winload_efi
    }

    /// The path of its kernel.
    #[must_use]
    pub fn kernel_path(&self) -> String {
        format!(r"{}\System32\ntoskrnl.exe", self.root)
    }

    /// The path of its SYSTEM hive.
    #[must_use]
    pub fn system_hive_path(&self) -> String {
        format!(r"{}\System32\config\SYSTEM", self.root)
    }

    /// The path of its hardware abstraction layer.
    #[must_use]
    pub fn hal_path(&self) -> String {
        format!(r"{}\System32\hal.dll", self.root)
    }

    /// Whether a path names its system root, as Windows reads paths: spare backslashes and the case of letters do not matter.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        let parts = |path: &str| -> Vec<String> {
            path.split('\\').filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
        };
        parts(&self.root) == parts(path)
    }
}

/// A session that sleeps: a resumed one has its own view of the volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asleep;

impl Known<Asleep> {
    /// How a session sleeps, or may for all that can be told; `None` when none does.
    #[must_use]
    pub fn how(&self) -> Option<String> {
        match self {
            Self::Yes(Asleep) => Some("is hibernated or was shut down with fast startup".to_owned()),
            Self::No => None,
            Self::Unknown(cause) => Some(format!("may be hibernated, which cannot be determined: {cause}")),
        }
    }
}

/// Whether a session sleeps on a volume. After a read that failed it may where no Windows was found: its directory may be what could
/// not be read.
#[must_use]
pub fn asleep(volume: Option<&Volume<'_>>) -> Known<Asleep> {
    let Some(volume) = volume else { return Known::Unknown(Cause::Closed) };
    let hibernation = volume.hibernation();
    Known::from(hibernation.map(|hibernation| hibernation.is_hibernated().then_some(Asleep)))
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
    let objects = stores.iter().flat_map(|file| file.objects());
    let loaders = objects.filter(|object| object.is_os_loader());
    let of_stores = loaders.filter_map(|object| object.string(ElementId::SYSTEM_ROOT)).map(str::to_owned);
    let texts = systems.iter().filter_map(SystemVolume::boot_ini);
    let of_boot_ini = texts.flat_map(|text| BootIni::parse(&text.text).entries).filter_map(directory);
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
    let look = |path: &str| Known::of_file(find(path));
    let (winload_exe, winload_efi) = (look("winload.exe").is_yes(), look("winload.efi").is_yes());
    let (system_hive, kernel) = (look(r"config\SYSTEM"), look("ntoskrnl.exe"));
    // The recovery environment's RAM disk has `\Windows` too, as `X:`; its store names it, but no volume here has it.
    (system_hive.is_yes() || kernel.is_yes() || winload_exe || winload_efi).then(|| WindowsVolume {
        volume: index,
        root: directory.path,
        winload_exe,
        winload_efi,
        system_hive,
        kernel,
        hal: (!winload_exe && !winload_efi).then(|| look("hal.dll")),
        asleep: asleep(Some(volume)),
        dirty: volume.is_dirty().unwrap_or(false),
        version: match is_asked {
            true => version::read(volume, root),
            false => Err(Cause::NotAsked(ASKED_MAX)),
        },
        machine: Machine::default(),
        drivers: None,
    })
}
