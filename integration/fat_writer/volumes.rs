//! Volumes to write to, as mkfs.fat makes and mtools fills them; what is on them, and whether they are sound.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::storage::ram::Ram;
use bcdrescue::volume::EntryKind;
use bcdrescue::volume::Piece;
use bcdrescue::volume::Volume;

use crate::support::judges::judge;
use crate::support::judges::judged;
use crate::support::new_entries::Files;
use crate::support::noise::noise;
use crate::support::program::text;

/// A volume in a file.
pub struct FatImage {
    folder: tempfile::TempDir,
}

impl FatImage {
    /// A volume that mkfs.fat makes with these arguments, with files, gaps between them and deleted entries.
    pub fn made(len: u64, arguments: &[&str]) -> Self {
        let image = Self::blank(len);
        judge("mkfs.fat", &[arguments, &["-n", "SYSTEM", text(&image.path())]].concat());
        image.fill();
        image
    }

    pub fn blank(len: u64) -> Self {
        let image = Self { folder: tempfile::tempdir().unwrap() };
        fs::File::create(image.path()).unwrap().set_len(len).unwrap();
        image
    }

    fn fill(&self) {
        let tree = self.folder.path().join("tree");
        fs::create_dir_all(tree.join("EFI/Microsoft/Boot")).unwrap();
        fs::create_dir_all(tree.join("many")).unwrap();
        fs::write(tree.join("EFI/Microsoft/Boot/BCD"), noise(24_576, 1)).unwrap();
        fs::write(tree.join("EFI/Microsoft/Boot/BCD.LOG1"), b"").unwrap();
        for number in 0..40 {
            fs::write(tree.join(format!("many/file named {number:03}")), noise(number * 97, 2)).unwrap();
        }
        for name in ["EFI", "many"] {
            judge("mcopy", &["-s", "-i", text(&self.path()), text(&tree.join(name)), "::"]);
        }
        for number in [3, 4, 5, 20, 22, 39] {
            judge("mdel", &["-i", text(&self.path()), &format!("::/many/file named {number:03}")]);
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    pub fn storage(&self) -> Ram {
        Ram::new(fs::read(self.path()).unwrap(), None)
    }

    pub fn put(&self, pieces: &[Piece]) {
        let file = fs::OpenOptions::new().write(true).open(self.path()).unwrap();
        pieces.iter().for_each(|piece| file.write_all_at(&piece.bytes, piece.at).unwrap());
    }

    /// A folder for copies that is empty.
    fn copies(&self) -> PathBuf {
        let folder = self.folder.path().join("copies");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }
}

/// All files, by our own reader and the crate `fatfs`, which reads their contents too.
pub fn ours(image: &FatImage) -> Files {
    let disk = image.storage();
    let volume = Volume::open(&disk).unwrap();
    assert!(volume.obstacles().unwrap().is_empty());
    let mut found = Files::new();
    let mut waiting = vec!["\\".to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in volume.list(&directory).unwrap() {
            let bytes = match entry.kind {
                EntryKind::Directory => None,
                EntryKind::File { .. } => Some(volume.locate(&entry.path, u64::MAX).unwrap().unwrap().bytes),
            };
            waiting.extend(bytes.is_none().then(|| entry.path.clone()));
            found.insert(entry.path, bytes);
        }
    }
    found
}

/// All files, as mcopy copies them.
pub fn theirs(image: &FatImage) -> Files {
    let copies = image.copies();
    let mut found = Files::new();
    if judge("mdir", &["-b", "-a", "-i", text(&image.path()), "::"]).is_empty() {
        return found;
    }
    judge("mcopy", &["-s", "-n", "-i", text(&image.path()), "::/*", text(&copies)]);
    walk(&copies, "", &mut found);
    found
}

fn walk(folder: &Path, path: &str, found: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{path}\\{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &path, found);
            found.insert(path, None);
        } else {
            found.insert(path, Some(fs::read(entry.path()).unwrap()));
        }
    }
}

/// What fsck.fat says against a volume, line by line.
pub fn complaints(image: &FatImage) -> Vec<String> {
    let said = match judged("fsck.fat", &["-n", text(&image.path())]) {
        Ok(said) => String::from_utf8(said).unwrap(),
        Err(said) => said,
    };
    let is_frame = |line: &&str| {
        line.starts_with("fsck.fat ") || line.starts_with(&format!("{}: ", image.path().display()))
    };
    said.lines().filter(|line| !is_frame(line)).map(str::to_owned).collect()
}
