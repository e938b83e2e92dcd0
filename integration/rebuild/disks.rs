//! MBR disks that mkntfs, mkfs.fat and mtools fill, and the code that a test has to put on them.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use bcdrescue::layout;
use bcdrescue::layout::Layout;
use bcdrescue::repair::boot_code::CodeChange;
use bcdrescue::storage::Storage;
use bcdrescue::storage::ram::Ram;
use bcdrescue::storage::window::Window;
use bcdrescue::volume::Volume;

use crate::support::judges::judge;
use crate::support::parts;
use crate::support::program::not_run;
use crate::support::program::text;

/// Bytes before the first partition, and behind the last.
const FIRST: u64 = 1 << 20;

/// A disk in a file.
pub struct Disk {
    folder: tempfile::TempDir,
    starts: Vec<u64>,
}

/// A volume in a file.
pub struct Part {
    file: tempfile::NamedTempFile,
}

impl Part {
    /// NTFS of 16 MiB; where its partition begins it does not know.
    pub fn ntfs(arguments: &[&str]) -> Self {
        let part = Self::blank(16 << 20);
        judge("mkntfs", &[&["-F", "-f", "-q", "-T"], arguments, &[text(part.path())]].concat());
        part
    }

    /// FAT32 of 40 MiB; where its partition begins it does not know.
    pub fn fat32(arguments: &[&str]) -> Self {
        let part = Self::blank(40 << 20);
        judge("mkfs.fat", &[&["-F", "32", "-s", "1"], arguments, &[text(part.path())]].concat());
        part
    }

    fn blank(len: u64) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(len).unwrap();
        Self { file }
    }

    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// With these bytes at that byte.
    pub fn with(self, at: usize, bytes: &[u8]) -> Self {
        let mut all = fs::read(self.path()).unwrap();
        all[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(self.path(), all).unwrap();
        self
    }
}

impl Disk {
    /// A disk with these partitions, the first of which is active, and something where the code of its MBR belongs.
    pub fn new(parts: &[&Part]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        let (mut at, mut starts, mut table) = (FIRST, Vec::new(), "label: dos\n".to_owned());
        for part in parts {
            let len = fs::metadata(part.path()).unwrap().len();
            let active = if starts.is_empty() { ",bootable" } else { "" };
            table += &format!("start={},size={},type=7{active}\n", at / 512, len / 512);
            starts.push(at);
            at += len;
        }
        fs::File::create(&path).unwrap().set_len(at + FIRST).unwrap();
        parts::sfdisk(&path, &table);
        let target = fs::OpenOptions::new().write(true).open(&path).unwrap();
        for (part, start) in parts.iter().zip(&starts) {
            target.write_all_at(&fs::read(part.path()).unwrap(), *start).unwrap();
        }
        Self { folder, starts }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// First byte of the partition with this number.
    pub fn start(&self, number: usize) -> u64 {
        self.starts[number - 1]
    }

    pub fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// Puts bytes onto the disk.
    pub fn put(&self, at: u64, bytes: &[u8]) {
        let mut all = self.bytes();
        all[at as usize..][..bytes.len()].copy_from_slice(bytes);
        fs::write(self.path(), all).unwrap();
    }

    /// Does what the changes say; what they say is there has to be there.
    #[track_caller]
    pub fn change(&self, changes: &[CodeChange]) {
        let mut all = self.bytes();
        for change in changes {
            let place = &mut all[change.at as usize..][..change.before.len()];
            assert_eq!(place, change.before, "0x{:x}", change.at);
            place.copy_from_slice(&change.after);
        }
        fs::write(self.path(), all).unwrap();
    }

    /// The volumes and the layout of the disk, for what a plan would be made of.
    pub fn read<T>(&self, what: impl FnOnce(&dyn Storage, &[Option<&Volume<'_>>], &Layout) -> T) -> T {
        let storage = Ram::new(self.bytes(), Some(512));
        let layout = layout::discover(&storage).unwrap();
        let places = layout.table.partitions.iter();
        let places: Vec<Window<'_>> =
            places.map(|partition| Window::new(&storage, partition.start, partition.len)).collect();
        let volumes: Vec<_> = places.iter().map(|place| Volume::open(place).ok()).collect();
        let volumes: Vec<_> = volumes.iter().map(Option::as_ref).collect();
        what(&storage, &volumes, &layout)
    }
}

/// The boot record that Windows 10 wrote when it formatted a volume; `None` where none is at hand.
pub fn windows_record() -> Option<Vec<u8>> {
    let packed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus-ntfs/windows10-cluster-4k.part.xz");
    if !packed.is_file() {
        not_run("boot records that Windows wrote", "they are not at hand");
        return None;
    }
    let script = "xz -dc \"$0\" 2>/dev/null | head -c 8192";
    let output = Command::new("sh").args(["-c", script, text(&packed)]).output().unwrap();
    assert_eq!(output.stdout.len(), 8192);
    Some(output.stdout)
}
