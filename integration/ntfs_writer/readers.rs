//! What is on a volume, by several readers, and whether it is sound.

use std::fs;
use std::path::Path;

use bcdrescue::storage::Storage;
use bcdrescue::volume::EntryKind;
use bcdrescue::volume::FileForm;
use bcdrescue::volume::Volume;

use super::volumes::VolumeImage;
use crate::support::judges::judge;
use crate::support::judges::judged;
use crate::support::new_entries::Files;
use crate::support::program::text;

/// All files, by our own reader and the crate `ntfs`, which looks names up; contents in clusters are read by both.
pub fn ours(storage: &dyn Storage) -> Files {
    let volume = Volume::open(storage).unwrap();
    assert!(volume.obstacles().unwrap().is_empty());
    let mut found = Files::new();
    let mut waiting = vec!["\\".to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in
            volume.list(&directory).unwrap().into_iter().filter(|entry| !entry.path.starts_with("\\$"))
        {
            assert_eq!(volume.find(&entry.path).unwrap().as_ref(), Some(&entry));
            let bytes = match entry.kind {
                EntryKind::Directory => None,
                EntryKind::File { .. } => Some(file(&volume, &entry.path)),
            };
            waiting.extend(bytes.is_none().then(|| entry.path.clone()));
            found.insert(entry.path, bytes);
        }
    }
    found
}

fn file(volume: &Volume<'_>, path: &str) -> Vec<u8> {
    let bytes = volume.read(path, u64::MAX).unwrap().unwrap();
    assert_eq!(volume.form(path).unwrap(), Some((bytes.len() as u64, FileForm::Plain)));
    match volume.locate(path, u64::MAX) {
        Ok(located) => assert_eq!(located.unwrap().bytes, bytes, "{path}"),
        Err(error) => assert!(error.to_string().contains("is resident"), "{error}"),
    }
    bytes
}

/// All files, as ntfs-3g mounts them.
pub fn theirs(image: &VolumeImage) -> Result<Files, String> {
    image.try_mounted(&["-o", "ro"], |mount| {
        let mut found = Files::new();
        walk(mount, "", &mut found)?;
        Ok(found)
    })?
}

fn walk(folder: &Path, path: &str, found: &mut Files) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}\\{name}");
        if path.starts_with("\\$") {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            found.insert(path.clone(), None);
            walk(&entry.path(), &path, found)?;
        } else {
            let bytes = fs::read(entry.path()).map_err(failed)?;
            found.insert(path, Some(bytes));
        }
    }
    Ok(())
}

/// What judges say against a volume: marks of clusters and records that are in use, and what ntfsfix looks at.
pub fn complaints(image: &VolumeImage) -> Vec<String> {
    let path = image.path();
    let mut found = Vec::new();
    found.extend(judged("ntfsfix", &["-n", text(&path)]).err());
    // Counts the clusters of all files against $Bitmap.
    found.extend(judged("ntfsresize", &["-i", "-f", "-P", text(&path)]).err());
    let table = judge("ntfscat", &["-f", "-i", "0", text(&path)]);
    let bits = judge("ntfscat", &["-f", "-i", "0", "-a", "0xb0", text(&path)]);
    let size = 1 << (-i32::from(head(&path)[0x40] as i8)).clamp(10, 12);
    let size = if head(&path)[0x40] < 0x80 { head(&path)[0x40] as usize * cluster_size(&path) } else { size };
    for (number, record) in table.chunks(size).enumerate().skip(24) {
        let in_use = record.starts_with(b"FILE") && record[0x16] & 1 != 0;
        let marked = bits[number / 8] >> (number % 8) & 1 != 0;
        // What mkntfs has marked beyond its records stands in none.
        if in_use != marked && (number >= 64 || in_use) {
            found.push(format!("record {number}: in use {in_use}, marked {marked}"));
        }
    }
    found
}

fn head(path: &Path) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let mut head = vec![0; 512];
    fs::File::open(path).unwrap().read_exact_at(&mut head, 0).unwrap();
    head
}

/// Bytes of a cluster.
pub fn cluster_size(path: &Path) -> usize {
    let head = head(path);
    let sector = usize::from(u16::from_le_bytes([head[0x0b], head[0x0c]]));
    let count = head[0x0d];
    sector * if count <= 0x80 { usize::from(count) } else { 1 << (256 - usize::from(count)) }
}
