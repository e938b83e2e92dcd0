//! What `qemu-nbd` serves: kinds of images, disks behind a server, and what is asked of them.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::judges::judge;
use crate::support::program::Run;
use crate::support::program::text;

/// A `qemu-nbd` of the tests', on a socket of its own.
pub(crate) struct Server {
    pub child: Child,
    pub folder: tempfile::TempDir,
    pub export: String,
}

impl Server {
    pub(crate) fn new(arguments: &[&str], export: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("qemu-nbd")
            .arg("--socket")
            .arg(folder.path().join("a socket"))
            .args(["-x", export])
            .args(arguments)
            .spawn()
            .expect("qemu-nbd; `make packages` installs it");
        let server = Self { child, folder, export: export.into() };
        let until = Instant::now() + Duration::from_secs(60);
        while !server.folder.path().join("a socket").exists() {
            assert!(Instant::now() < until, "qemu-nbd does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("nbd+unix:///{}?socket={}/a%20socket", self.export, text(self.folder.path()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub const LUKS: [&str; 2] = ["--object", "secret,id=s,data=abc"];

/// Arguments that make an image of a kind that the program does not open by itself, and the name of its kind.
pub const KINDS: [(&str, &[&str]); 11] = [
    ("vmdk image", &["-O", "vmdk"]),
    ("vmdk image", &["-O", "vmdk", "-o", "subformat=monolithicFlat"]),
    ("vmdk image", &["-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse"]),
    ("vhd image", &["-O", "vpc", "-o", "force_size=on"]),
    ("vhd image", &["-O", "vpc", "-o", "subformat=fixed,force_size=on"]),
    ("vhdx image", &["-O", "vhdx"]),
    ("vdi image", &["-O", "vdi"]),
    ("qcow2 image", &["-O", "qcow2", "-c", "-o", "compression_type=zstd"]),
    ("qcow2 image", &["-O", "qcow2", "-o", "extended_l2=on,cluster_size=64k"]),
    (
        "qcow2 image",
        &[
            LUKS[0],
            LUKS[1],
            "-O",
            "qcow2",
            "-o",
            "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
        ],
    ),
    ("LUKS image", &[LUKS[0], LUKS[1], "-O", "luks", "-o", "key-secret=s,iter-time=10"]),
];

/// A committed image in one of these kinds, and the file with its passphrase.
pub fn made(name: &str, arguments: &[&str]) -> (Disk, String) {
    let disk = Disk::converted(name, arguments);
    let key = disk.folder.path().join("key");
    fs::write(&key, "abc").unwrap();
    (disk, text(&key).to_owned())
}

/// Everything about a target but how it is called and kept.
pub fn facts(run: &Run) -> Json {
    let mut target = run.target();
    for name in ["target", "kind", "notes", "record"] {
        target.as_object_mut().unwrap().remove(name);
    }
    // The command names the target.
    target["fix"].as_object_mut().map(|fix| fix.remove("command"));
    target
}

/// The virtual disks of two images are the same, QEMU says.
#[track_caller]
pub fn same_disk(one: &str, other: &str) {
    let opened = |path: &str| {
        let secret = "encrypt.key-secret=s,";
        let head = bytes_of(path, 0, 36);
        match (head.starts_with(b"LUKS"), head.starts_with(b"QFI\xfb") && head[35] == 2) {
            (true, _) => format!("driver=luks,key-secret=s,file.filename={path}"),
            (_, true) => format!("driver=qcow2,{secret}file.filename={path}"),
            _ => format!("driver={},file.filename={path}", driver(path)),
        }
    };
    judge("qemu-img", &["compare", LUKS[0], LUKS[1], "--image-opts", &opened(one), &opened(other)]);
}

/// The processes that have this path among their arguments.
pub fn processes(path: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let line = |process: PathBuf| {
        let line = String::from_utf8(fs::read(process.join("cmdline")).ok()?).ok()?;
        Some((process.file_name()?.to_str()?.to_owned(), line))
    };
    entries.filter_map(line).filter(|(_, line)| line.contains(path) && line.contains("qemu-nbd")).collect()
}

pub fn driver(path: &str) -> String {
    let len = fs::metadata(path).unwrap().len();
    if bytes_of(path, len - 512, 8) == b"conectix" {
        // It takes a fixed one for raw.
        return "vpc".into();
    }
    let info: Json = serde_json::from_slice(&judge("qemu-img", &["info", "--output=json", path])).unwrap();
    info["format"].as_str().unwrap().to_owned()
}

pub fn bytes_of(path: &str, at: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fs::File::open(path).unwrap().read_exact_at(&mut bytes, at).unwrap();
    bytes
}
