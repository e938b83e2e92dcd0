//! Volumes for undo records, made and read without a mount.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::support::judges::judge;
use crate::support::program::text;

/// File systems that the rescue keeps records on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Fat,
    Ext4,
}

/// A raw disk of 16 MiB with an empty volume labelled BCDRESCUE, without a partition table.
pub fn volume(folder: &Path, kind: Kind) -> PathBuf {
    labelled(folder, "records.img", kind, "BCDRESCUE")
}

/// The same with another name and label.
pub fn labelled(folder: &Path, name: &str, kind: Kind, label: &str) -> PathBuf {
    let path = folder.join(name);
    fs::File::create(&path).expect("a file").set_len(16 << 20).expect("a length");
    match kind {
        Kind::Fat => judge("mkfs.fat", &["-n", label, text(&path)]),
        Kind::Ext4 => judge("mkfs.ext4", &["-q", "-F", "-L", label, text(&path)]),
    };
    path
}

/// The records on a volume, copied out into `folder`; the volume may have been cut off from power.
pub fn copied_out(volume: &Path, kind: Kind, folder: &Path) -> Vec<PathBuf> {
    let list = match kind {
        Kind::Fat => judge("mdir", &["-b", "-i", text(volume), "::"]),
        Kind::Ext4 => {
            // Replays the journal, which is what mounting it would do; 1 is "corrected".
            let status =
                std::process::Command::new("e2fsck").args(["-p", text(volume)]).output().expect("e2fsck");
            assert!(status.status.code().is_some_and(|code| code < 4), "e2fsck: {status:?}");
            judge("debugfs", &["-R", "ls -p /", text(volume)])
        }
    };
    let list = String::from_utf8(list).expect("UTF-8");
    let names = list.split(['/', '\n']).map(str::trim).filter(|name| name.ends_with(".undo.json"));
    let copy = |name: &str| {
        let path = folder.join(name);
        match kind {
            Kind::Fat => judge("mcopy", &["-n", "-i", text(volume), &format!("::{name}"), text(&path)]),
            Kind::Ext4 => judge("debugfs", &["-R", &format!("dump /{name} {}", text(&path)), text(volume)]),
        };
        path
    };
    names.map(copy).collect()
}
