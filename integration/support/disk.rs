//! Disks to try the program on.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::SystemTime;

use nix::unistd::Whence;
use nix::unistd::lseek;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;

use crate::support::judges::judge;
use crate::support::judges::judged;
use crate::support::make_image::make_image;
use crate::support::program::Run;
use crate::support::program::run;
use crate::support::program::text;

/// Bytes of a mebibyte.
pub const MIB: u64 = 1 << 20;

/// A committed image.
pub fn image(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("images").join(format!("{name}.qcow2"))
}

/// The parts of a sparse file that are no holes, as offset and bytes, at most 1 MiB each.
pub fn data(path: &Path) -> impl Iterator<Item = (u64, Vec<u8>)> {
    let file = fs::File::open(path).expect("readable");
    let len = file.metadata().expect("metadata").len();
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= len {
            return None;
        }
        at = lseek(&file, at as i64, Whence::SeekData).ok()? as u64;
        let hole = lseek(&file, at as i64, Whence::SeekHole).expect("hole") as u64;
        let mut bytes = vec![0; (hole - at).min(1 << 20) as usize];
        file.read_exact_at(&mut bytes, at).expect("readable");
        let start = at;
        at += bytes.len() as u64;
        Some((start, bytes))
    })
}

/// A hash of a file's bytes; zeros and holes are the same.
pub fn hash(path: &Path) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(fs::metadata(path).expect("metadata").len().to_le_bytes());
    for (start, bytes) in data(path) {
        for (index, page) in
            bytes.chunks(4096).enumerate().filter(|(_, page)| page.iter().any(|byte| *byte != 0))
        {
            hash.update((start + index as u64 * 4096).to_le_bytes());
            hash.update(page);
        }
    }
    hash.finalize().to_vec()
}

/// A copy of a sparse file that is as sparse.
pub fn copy_sparse(from: &Path, to: &Path) {
    let target = fs::File::create(to).expect("writable");
    target.set_len(fs::metadata(from).expect("metadata").len()).expect("length");
    for (at, bytes) in data(from) {
        target.write_all_at(&bytes, at).expect("writable");
    }
}

/// A disk in a folder of its own.
pub struct Disk {
    pub folder: TempDir,
    pub path: PathBuf,
}

impl Disk {
    /// A copy of a committed image, as it is.
    pub fn of(name: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("disk.qcow2");
        fs::copy(image(name), &path).expect("the image is there");
        Self { folder, path }
    }

    /// A committed image converted by qemu-img, with these arguments before the file names.
    pub fn converted(name: &str, arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("disk.img");
        let mut all = vec!["convert"];
        all.extend(arguments);
        let source = image(name);
        all.extend([text(&source), text(&path)]);
        // For a LUKS image qemu-img times its own processor, and on a busy machine now and then gives up.
        let mut made = judged("qemu-img", &all);
        for _ in 0..9 {
            match &made {
                Err(said) if said.contains("Unable to get accurate CPU usage") => {
                    made = judged("qemu-img", &all);
                }
                _ => break,
            }
        }
        made.unwrap_or_else(|said| panic!("{said}"));
        Self { folder, path }
    }

    /// A committed image as a sparse raw file.
    pub fn raw(name: &str) -> Self {
        Self::converted(name, &["-O", "raw"])
    }

    /// The same in a folder where a sync costs nothing, when the machine has one.
    pub fn in_memory(self) -> Self {
        let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return self };
        for entry in fs::read_dir(self.folder.path()).expect("readable") {
            let entry = entry.expect("entry");
            copy_sparse(&entry.path(), &folder.path().join(entry.file_name()));
        }
        let path = folder.path().join(self.path.file_name().expect("a name"));
        Self { folder, path }
    }

    /// Puts these bytes at this place of a raw disk.
    pub fn put(&self, at: u64, bytes: &[u8]) {
        let file = fs::OpenOptions::new().write(true).open(&self.path).expect("writable");
        file.write_all_at(bytes, at).expect("writable");
    }

    /// Gives a file on a raw disk another name of as many letters, wherever a directory and the file keep it: ntfscp cannot delete.
    pub fn rename(&self, old: &str, new: &str) {
        let name = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let (old, new) = (name(old), name(new));
        assert_eq!(old.len(), new.len());
        let mut places = 0;
        for (start, bytes) in data(&self.path) {
            for (at, _) in bytes.windows(old.len()).enumerate().filter(|(_, piece)| *piece == old) {
                self.put(start + at as u64, &new);
                places += 1;
            }
        }
        assert!(places >= 2, "{places}");
    }

    /// The path as text.
    pub fn name(&self) -> &str {
        text(&self.path)
    }

    /// The disk's content as a sparse raw file in the same folder, by qemu-img.
    pub fn content(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        judge("qemu-img", &["convert", "-O", "raw", self.name(), text(&path)]);
        path
    }

    /// The undo record beside the disk; there is one.
    #[track_caller]
    pub fn record(&self) -> PathBuf {
        let records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records[0].clone()
    }

    /// All undo records beside the disk.
    pub fn records(&self) -> Vec<PathBuf> {
        let files =
            fs::read_dir(self.folder.path()).expect("readable").map(|entry| entry.expect("entry").path());
        files.filter(|path| text(path).ends_with(".undo.json")).collect()
    }
}

/// Whether two disks have the same content, by qemu-img.
pub fn same_content(one: &Path, other: &Path) -> bool {
    let status = Command::new("qemu-img").args(["compare", "-q", text(one), text(other)]).status();
    status.expect("qemu-img").success()
}

/// Healthy and broken images, something that is no disk, something that is none of Windows', and a directory's worth more.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("b")).unwrap();
    for (name, from) in [
        ("a.qcow2", "win2008r2-bios-healthy"),
        ("b/a.qcow2", "win2008r2-bios"),
        ("b/b.QCOW2", "win11-uefi"),
        ("d.qcow2", "win10-bios-healthy"),
    ] {
        fs::copy(image(from), at(name)).unwrap();
    }
    fs::write(at("c.raw"), [b"KDMV".as_slice(), &[0; 4096]].concat()).unwrap();
    fs::write(at("e.img"), vec![0; 1 << 20]).unwrap();
    fs::write(at("f.qcow2"), [b"QFI\xfb\0\0\0\x03".as_slice(), &[0xff; 500]].concat()).unwrap();
    let all = ["a.qcow2", "b/a.qcow2", "b/b.QCOW2", "c.raw", "d.qcow2", "e.img", "f.qcow2"];
    all.iter().for_each(|name| age(&at(name)));
    folder
}

/// Lets a file be as old as those that nobody has written to for a while.
pub fn age(path: &Path) {
    let file = fs::OpenOptions::new().write(true).open(path).expect("the file");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("its time");
}

/// Runs the program on this recipe.
pub fn make(folder: &Path, recipe: &str, name: &str) -> (Run, PathBuf) {
    let (file, out) = (folder.join("recipe.toml"), folder.join(name));
    fs::write(&file, recipe).unwrap();
    (run(make_image(), &[text(&file), text(&out)]), out)
}

/// A disk of this recipe, in the form that the name asks for.
#[track_caller]
pub(crate) fn made(recipe: &str, name: &str) -> Disk {
    // Where a sync costs nothing, when the machine has such a place.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let (run, path) = make(folder.path(), recipe, name);
    let run = run.exits(0);
    assert_eq!((run.stdout, run.stderr), (String::new(), String::new()));
    Disk { folder, path }
}
