//! The rescue system, booted in QEMU with damaged disks attached, as people and clouds boot it. It is driven over its
//! serial port; what it did is judged on the host afterwards, by programs that share no code with ours.
//!
//! The processor is emulated (TCG): that works everywhere. `make rescue-disk` builds what is booted, `make guest
//! CASE=NAME` runs one case with the guest's console on the terminal.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use crate::support::program::not_run;
use crate::support::program::target;

mod boot_media;

mod console;

mod cycle;

mod faults;

mod held;

mod late;

mod locks;

pub mod machine;

mod menu;

mod power;

mod qmp;

mod records;

mod several;

mod unattended;

/// Nothing that is waited for takes longer, on a machine that is four times slower and busy too; a bound for hangs, not for
/// speed.
pub const PATIENCE: Duration = Duration::from_secs(1200);

/// What `make rescue-disk` built.
pub struct Rescue {
    /// The kernel, unpacked where it could be.
    pub kernel: PathBuf,
    /// The initial RAM disk.
    pub initramfs: PathBuf,
    /// The ISO.
    pub iso: PathBuf,
    /// The kernel and the initial RAM disk as they are for PXE.
    pub folder: PathBuf,
}

impl Rescue {
    /// `None`, with a word why, where it cannot be booted; in continuous integration that is a failure.
    pub fn find(part: &str) -> Option<Self> {
        let folder = target("rescue");
        let files = ["vmlinuz", "initramfs", "bcdrescue.iso"].map(|name| folder.join(name));
        let missing = files.iter().find(|file| !file.exists());
        let why = match missing {
            Some(_) => "the rescue disk is not built; `make rescue-disk` builds it",
            None if !on_path("qemu-system-x86_64") => {
                "QEMU is not installed; `integration/packages.sh guests` names or installs it"
            }
            None => {
                let [kernel, initramfs, iso] = files;
                let root = Path::new(env!("CARGO_MANIFEST_DIR"));
                let sources = ["src", "integration/rescue"].map(|folder| newest_file(&root.join(folder)));
                assert!(
                    sources.iter().all(|source| *source <= changed(&initramfs) && *source <= changed(&iso)),
                    "the rescue disk is older than the program; `make rescue-disk` builds it anew"
                );
                let unpacked = folder.join("vmlinux");
                let kernel = if unpacked.exists() { unpacked } else { kernel };
                return Some(Self { kernel, initramfs, iso, folder });
            }
        };
        assert!(std::env::var_os("CI").is_none(), "{part}: {why}");
        not_run(part, why);
        None
    }
}

/// Whether a program of this name is to be had.
pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn changed(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|facts| facts.modified()).expect("a time")
}

fn newest_file(path: &Path) -> SystemTime {
    if !path.is_dir() {
        return changed(path);
    }
    let entries =
        fs::read_dir(path).expect("readable").map(|entry| newest_file(&entry.expect("entry").path()));
    entries.max().expect("files")
}
