//! Files that NTFS keeps compressed, or the overlay filter, as ntfs-3g writes them.

use std::path::Path;
use std::process::Command;

use crate::support::disk::Disk;
use crate::support::judges::judge;
use crate::support::judges::judged;
use crate::support::parts::change;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::text;

/// Keeps a file compressed or as a reparse point, as an ntfs-3g mount does it for whom sets its extended attributes.
const REWRITE: &str = r#"
import os, struct, sys
mount, path, form = sys.argv[1:]
path = os.path.join(mount, path.lstrip("/"))
bytes = open(path, "rb").read() * (1 if "BCD" in path else 64)
folder = os.path.dirname(path)
name = "system.ntfs_attrib_be"
plain = os.getxattr(folder, name)
if form == "lznt1":
    os.setxattr(folder, name, struct.pack(">I", struct.unpack(">I", plain)[0] | 0x800))
os.remove(path)
with open(path, "wb") as file:
    file.write(bytes)
os.setxattr(folder, name, plain)
if form == "wof":
    # WOF_EXTERNAL_INFO of a file, FILE_PROVIDER_EXTERNAL_INFO_V1: XPRESS4K.
    data = struct.pack("<5I", 1, 2, 1, 0, 0)[:16]
    os.setxattr(path, "system.ntfs_reparse_data", struct.pack("<IHH", 0x80000017, len(data), 0) + data)
"#;

/// Whether a file was made so: root is needed to mount.
pub fn rewritten(disk: &Disk, number: u32, path: &str, form: &str) -> bool {
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    if !is_root() || !Path::new("/dev/fuse").exists() || !has_python {
        not_run("files that NTFS compresses", "it needs root, /dev/fuse and python3");
        return false;
    }
    change(disk, number, |volume| {
        let mount = tempfile::tempdir().unwrap();
        judge("ntfs-3g", &["-o", "compression", text(volume), text(mount.path())]);
        let made = judged("python3", &["-c", REWRITE, text(mount.path()), path, form]);
        judge("umount", &[text(mount.path())]);
        made.unwrap();
    });
    true
}
