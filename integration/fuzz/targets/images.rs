//! qcow2 images, and what a server says of one.

use std::fs;
use std::io;
use std::io::Cursor;
use std::io::Read;
use std::io::Write;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::format::Format;
use bcdrescue::storage::nbd::link::Link;
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

/// A server that says this, whatever it hears.
struct Server<'a>(Cursor<&'a [u8]>);

impl Read for Server<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Server<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that the server ever says: of the export, and of some requests.
pub(super) fn nbd(data: &[u8]) {
    let mut link = match Link::new(Server(Cursor::new(data)), "disk") {
        Ok(link) => link,
        Err(error) => return one_line(&error.to_string()),
    };
    let export = link.export();
    assert!(export.block.is_power_of_two() && export.len.is_multiple_of(export.block.into()));
    for (at, len) in [(0, 512), (0x1b8, 4), (0x10_0000, 0x8000), (0x7ff, 2)] {
        if at + len as u64 <= export.len
            && let Err(error) = link.read(at, &mut vec![0; len])
        {
            one_line(&error.to_string());
        }
    }
    for result in [link.write(0, &[0; 512]), link.flush()] {
        if let Err(error) = result {
            one_line(&error.to_string());
        }
    }
}

/// Servers that say what they should.
pub(super) fn servers() -> Vec<Vec<u8>> {
    let reply = |kind: u32, data: &[u8]| {
        let (magic, len) = (0x0003_e889_0455_65a9u64.to_be_bytes(), (data.len() as u32).to_be_bytes());
        [&magic[..], &7u32.to_be_bytes(), &kind.to_be_bytes(), &len, data].concat()
    };
    let size = [&[0, 0][..], &(1u64 << 30).to_be_bytes(), &[1, 13]].concat();
    let blocks = [[0, 3, 0, 0], [2, 0, 0, 0], [16, 0, 2, 0], [0, 0, 0, 0]].concat();
    let answer = |cookie: u64, error: u32, data: &[u8]| {
        [&0x6744_6698u32.to_be_bytes()[..], &error.to_be_bytes(), &cookie.to_be_bytes(), data].concat()
    };
    let hello = b"NBDMAGICIHAVEOPT\0\x03".as_slice();
    let agreed = [hello, &reply(3, &size), &reply(3, &blocks), &reply(1, &[])].concat();
    let unknown = [hello, &reply(1 << 31 | 6, b"no such export")].concat();
    let by_name = [hello, &reply(1 << 31 | 1, &[]), &(1u64 << 30).to_be_bytes(), &[1, 13]].concat();
    let requests = [
        answer(1, 0, &[7; 512]),
        answer(2, 0, &[7; 512]),
        answer(3, 0, &[7; 0x8000]),
        answer(4, 5, &[]),
        answer(5, 0, &[]),
        answer(6, 28, &[]),
    ];
    vec![[agreed, requests.concat()].concat(), unknown, by_name]
}
