//! qcow2 images.

use std::fs;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::format::Format;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open;
use bcdrescue::storage::open::open_mut;
use bcdrescue::storage::qcow2::header::Header;

use super::one_line;
use super::scratch::with_file;

/// Bytes of an image that are read, and places that are written.
const LOOKED_AT: u64 = 1 << 20;
const WRITTEN: [u64; 4] = [0x1b8, 0x1_2345, 0x2_a000, 0x4_0000];

/// The bytes are the file.
pub(super) fn qcow2(data: &[u8]) {
    match Header::parse(data, data.len() as u64) {
        Ok(header) => assert!((9..=21).contains(&header.cluster_bits) && header.size <= 1 << 56),
        Err(error) => one_line(&error.to_string()),
    }
    with_file("image.qcow2", data, |path| {
        let options = OpenOptions { format: Some(Format::Qcow2), ..OpenOptions::default() };
        match open(path, &options) {
            Ok(opened) => {
                opened.notes.iter().for_each(|note| one_line(note));
                look(opened.storage.as_ref());
            }
            Err(error) => one_line(&error.to_string()),
        }
        assert!(fs::read(path).expect("readable") == data, "reading has written");
        match open_mut(path, &options) {
            Ok(mut image) => write(image.as_mut()),
            Err(error) => {
                one_line(&error.to_string());
                assert!(fs::read(path).expect("readable") == data, "a refusal has written");
            }
        }
    });
}

fn look(image: &dyn Storage) {
    for at in (0..image.len().min(LOOKED_AT)).step_by(1 << 15) {
        let len = (image.len() - at).min(512) as usize;
        if let Err(error) = image.read_vec(at, len) {
            one_line(&error.to_string());
        }
    }
}

/// What was written is there, before and after it was brought to the disk.
fn write(image: &mut dyn StorageMut) {
    for at in WRITTEN {
        match image.write_at(at, &[0x5a; 88]) {
            Ok(()) => assert_eq!(image.read_vec(at, 88).expect("just written"), [0x5a; 88]),
            Err(error) => one_line(&error.to_string()),
        }
    }
    image.sync().expect("synced");
}

/// Seeds: an image of clusters of 512 bytes with one that is stored, one that is compressed and one of zeros; with 64
/// KiB clusters, and empty; one of version 2.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let image = |version: u32, bits: u32| {
        let size = 1usize << bits;
        let mut bytes = vec![0; 6 * size];
        let mut put = |at: usize, new: &[u8]| bytes[at..at + new.len()].copy_from_slice(new);
        put(0, b"QFI\xfb");
        for (at, field) in [(4, version), (20, bits), (36, 8), (56, 1), (96, 4), (100, 104)] {
            put(at, &field.to_be_bytes());
        }
        // Virtual size, L1 table, refcount table.
        for (at, field) in [(24, 0x4_0000), (40, 3 * size as u64), (48, size as u64)] {
            put(at, &field.to_be_bytes());
        }
        const COPIED: u64 = 1 << 63;
        put(size, &(2 * size as u64).to_be_bytes());
        (0..6).for_each(|cluster| put(2 * size + 2 * cluster, &[0, 1]));
        put(3 * size, &(COPIED | (4 * size) as u64).to_be_bytes());
        put(4 * size, &(COPIED | (5 * size) as u64).to_be_bytes());
        put(5 * size, b"guest data");
        if version == 3 {
            put(4 * size + 8, &1u64.to_be_bytes());
        } else {
            put(72, &[0; 32]);
        }
        if bits == 9 {
            // A deflated cluster: one stored block.
            let at = bytes.len() as u64;
            bytes.extend([1, 0, 2, 0xff, 0xfd]);
            bytes.extend([0x77; 512]);
            bytes.resize(8 * size, 0);
            let entry = 1 << 62 | 1 << (62 - (bits - 8)) | at;
            bytes[4 * size + 16..4 * size + 24].copy_from_slice(&entry.to_be_bytes());
            bytes[2 * size + 12..2 * size + 16].copy_from_slice(&[0, 1, 0, 1]);
        }
        bytes
    };
    vec![image(3, 9), image(2, 9), image(3, 12)]
}
