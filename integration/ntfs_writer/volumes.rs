//! Volumes to write to: as mkntfs makes and ntfs-3g fills them, and as Windows formatted them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::support::judges::judge;
use crate::support::noise::noise;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::text;

/// The largest clusters, for which a volume has to be large too.
pub const LARGEST: &str = "2097152";

/// A volume in a file.
pub struct VolumeImage {
    folder: tempfile::TempDir,
}

/// Whether the judges can mount; they need root.
pub fn can_mount() -> bool {
    let can = is_root() && Path::new("/dev/fuse").exists();
    if !can {
        not_run("the NTFS writer", "its judges mount, for which they need root and /dev/fuse");
    }
    can
}

impl VolumeImage {
    /// A volume that mkntfs formats with these arguments and ntfs-3g fills, with FILE records that files left.
    pub fn made(arguments: &[&str]) -> Self {
        let image = Self { folder: tempfile::tempdir().unwrap() };
        fs::File::create(image.path())
            .unwrap()
            .set_len(if arguments.contains(&LARGEST) { 1 << 30 } else { 24 << 20 })
            .unwrap();
        judge("mkntfs", &[&["-F", "-f", "-q", "-T"], arguments, &[text(&image.path())]].concat());
        image.mounted(&[], fill);
        image
    }

    /// A volume of the corpus that Windows formatted; `None` where it is not at hand.
    pub fn windows(name: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus-ntfs");
        let packed = folder.join(format!("{name}.part.xz"));
        if !packed.is_file() {
            not_run("volumes that Windows formatted", "they are not at hand");
            return None;
        }
        let image = Self { folder: tempfile::tempdir().unwrap() };
        let script = "xz -dc \"$0\" | dd of=\"$1\" conv=sparse bs=64k status=none";
        judge("sh", &["-c", script, text(&packed), text(&image.path())]);
        Some(image)
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    /// Does something with the volume while ntfs-3g has it mounted.
    pub fn mounted<T>(&self, options: &[&str], what: impl FnOnce(&Path) -> T) -> T {
        self.try_mounted(options, what).unwrap_or_else(|said| panic!("{said}"))
    }

    /// The same, or what ntfs-3g says when it does not mount it.
    pub fn try_mounted<T>(&self, options: &[&str], what: impl FnOnce(&Path) -> T) -> Result<T, String> {
        let mount = self.folder.path().join("mount");
        fs::create_dir_all(&mount).unwrap();
        let output = Command::new("ntfs-3g").args(options).arg(self.path()).arg(&mount).output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let unmount = Unmount(&mount);
        let result = what(&mount);
        drop(unmount);
        Ok(result)
    }
}

/// A mount that ends, whatever happens.
struct Unmount<'m>(&'m Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        // What was closed just now may be busy for a moment; and ntfs-3g writes after the mount has gone.
        for _ in 0..500 {
            let _ = Command::new("umount").arg(self.0).output();
            if !is_served(self.0) {
                break;
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// Whether a program that was started for this mount still runs.
fn is_served(mount: &Path) -> bool {
    let mount = mount.to_str().unwrap().as_bytes();
    let programs = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = programs.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .into_iter()
        .any(|line| line.starts_with(b"ntfs-3g") && line.windows(mount.len()).any(|part| part == mount))
}

/// What is on a volume before it is written: small and large files and directories, free records, free clusters in pieces.
fn fill(mount: &Path) {
    fs::create_dir_all(mount.join("Boot/de-DE")).unwrap();
    fs::write(mount.join("Boot/BCD"), noise(24_576, 1)).unwrap();
    fs::write(mount.join("boot.ini"), b"[boot loader]\r\n").unwrap();
    fs::create_dir(mount.join("many")).unwrap();
    for number in 0..100 {
        fs::write(mount.join(format!("many/file named {number:03}")), noise(number / 2, 2)).unwrap();
    }
    for number in 0..300 {
        fs::write(mount.join(format!("left {number}")), noise(300, 3)).unwrap();
    }
    for number in 0..300 {
        fs::remove_file(mount.join(format!("left {number}"))).unwrap();
    }
}
