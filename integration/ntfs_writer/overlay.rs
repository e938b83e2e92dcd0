//! Files that the Windows Overlay Filter compressed: packed by wimlib, put on a volume by ntfs-3g, and read by us.

use std::fs;
use std::path::Path;

use bcdrescue::volume::FileForm;
use bcdrescue::volume::Volume;

use super::OnFile;
use super::can_mount;
use super::noise;
use super::volumes::VolumeImage;
use crate::support::judges::judge;
use crate::support::program::text;

/// Takes the only resource out of a WIM file, which is kept as the filter keeps a file, and makes that file on a mounted volume.
const PUT: &str = r#"
import os, struct, sys
wim, path, algorithm = sys.argv[1:]
wim = open(wim, "rb").read()
size, at, _ = struct.unpack_from("<3Q", wim, 48)
for entry in range(at, at + (size & (1 << 56) - 1), 50):
    size, at, length = struct.unpack_from("<3Q", wim, entry)
    flags, size = size >> 56, size & (1 << 56) - 1
    if not flags & 2:
        assert flags & 4, "compressed"
        packed = wim[at:at + size]
        break
with open(path, "wb") as file:
    file.truncate(length)
with open(path + ":WofCompressedData", "wb") as file:
    file.write(packed)
# WOF_EXTERNAL_INFO of a file, FILE_PROVIDER_EXTERNAL_INFO_V1.
data = struct.pack("<4I", 1, 2, 1, int(algorithm))
os.setxattr(path, "system.ntfs_reparse_data", struct.pack("<IHH", 0x80000017, len(data), 0) + data)
"#;

/// A program, noise and zeros, so that some chunks are kept as they are.
fn contents() -> Vec<u8> {
    let mut contents = fs::read(env!("CARGO_BIN_EXE_bcdrescue")).unwrap();
    contents.truncate(300_000);
    contents.extend(noise(70_000, 5));
    contents.resize(400_001, 0);
    contents
}

fn put(mount: &Path, folder: &Path, name: &str, [algorithm, packing, chunk]: [&str; 3]) {
    let wim = folder.join(format!("{name}.wim"));
    let (packing, chunk) = (format!("--compress={packing}"), format!("--chunk-size={chunk}"));
    let source = folder.join("source");
    judge("wimlib-imagex", &["capture", text(&source), text(&wim), &packing, &chunk, "--no-acls"]);
    judge("python3", &["-c", PUT, text(&wim), text(&mount.join(name)), algorithm]);
}

#[test]
fn each_packing_of_the_overlay_filter_is_read_and_never_located() {
    if !can_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("source")).unwrap();
    fs::write(folder.path().join("source/file"), contents()).unwrap();
    let image = VolumeImage::made(&["-c", "4096"]);
    let packings =
        [["0", "xpress", "4096"], ["2", "xpress", "8192"], ["3", "xpress", "16384"], ["1", "lzx", "32768"]];
    image.mounted(&["-o", "streams_interface=windows"], |mount| {
        for packing in packings {
            put(mount, folder.path(), packing[0], packing);
        }
    });
    let disk = OnFile::open(&image);
    let volume = Volume::open(&disk).unwrap();
    for [algorithm, ..] in packings {
        let path = format!(r"\{algorithm}");
        let expected = contents();
        assert!(volume.read(&path, 1 << 20).unwrap().unwrap() == expected, "{algorithm}");
        let file = volume.open_file(&path).unwrap().unwrap();
        for (at, len) in [(0, 2), (4095, 2), (299_990, 80_000), (400_000, 1)] {
            assert!(file.read_at(at, len).unwrap() == expected[at as usize..][..len], "{algorithm} {at}");
        }
        assert_eq!(volume.form(&path).unwrap(), Some((400_001, FileForm::Overlay)));
        let error = volume.locate(&path, 1 << 20).unwrap_err().to_string();
        assert!(error.contains("Windows Overlay Filter"), "{error}");
    }
}
