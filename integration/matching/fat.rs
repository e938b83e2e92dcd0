//! Small FAT volumes in memory, by the `fatfs` crate: made, filled and read without the code under test.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use bcdrescue::storage::Storage;
use fatfs::FileSystem;
use fatfs::FormatVolumeOptions;
use fatfs::FsOptions;

use crate::support::sparse::SparseRam;

/// Bytes of every file system; partitions are longer.
pub const LEN: u64 = 768 << 10;
/// Where FAT12 and FAT16 keep their serial number.
const SERIAL_AT: u64 = 0x27;

/// A window of a disk as a file.
struct Window<'a> {
    disk: &'a mut SparseRam,
    start: u64,
    at: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = usize::try_from(LEN.saturating_sub(self.at)).unwrap_or_default().min(buf.len());
        self.disk.read_at(self.start + self.at, &mut buf[..len]).map_err(io::Error::other)?;
        self.at += len as u64;
        Ok(len)
    }
}

impl Write for Window<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = usize::try_from(LEN.saturating_sub(self.at)).unwrap_or_default().min(buf.len());
        self.disk.put(self.start + self.at, &buf[..len]);
        self.at += len as u64;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let moved = |from: u64, by: i64| from.checked_add_signed(by);
        self.at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => moved(self.at, by),
            SeekFrom::End(by) => moved(LEN, by),
        }
        .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// An empty volume.
pub fn format() -> SparseRam {
    let mut volume = SparseRam::new(LEN);
    let options = FormatVolumeOptions::new()
        .bytes_per_cluster(1024)
        .total_sectors((LEN / 512) as u32)
        .max_root_dir_entries(64);
    fatfs::format_volume(Window { disk: &mut volume, start: 0, at: 0 }, options).expect("formatted");
    volume
}

/// Writes files, with their folders; paths as stores spell them.
pub fn put(volume: &mut SparseRam, files: &[(String, Vec<u8>)]) {
    let system = FileSystem::new(Window { disk: volume, start: 0, at: 0 }, FsOptions::new()).expect("FAT");
    for (path, bytes) in files {
        let mut folder = system.root_dir();
        let mut names = path.trim_start_matches('\\').split('\\').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_some() {
                folder = folder.create_dir(name).expect("a folder");
                continue;
            }
            let mut file = folder.create_file(name).expect("a file");
            file.truncate().expect("emptied");
            file.write_all(bytes).expect("written");
        }
    }
}

/// The bytes of a file on the volume that begins at this byte of a disk.
pub fn get(disk: &SparseRam, start: u64, path: &str) -> Option<Vec<u8>> {
    let mut copy = disk.clone();
    let system = FileSystem::new(Window { disk: &mut copy, start, at: 0 }, FsOptions::new()).expect("FAT");
    let mut bytes = Vec::new();
    let mut file =
        system.root_dir().open_file(path.trim_start_matches('\\').replace('\\', "/").as_str()).ok()?;
    file.read_to_end(&mut bytes).expect("readable");
    drop(file);
    drop(system);
    Some(bytes)
}

/// Gives the volume a serial number.
pub fn set_serial(volume: &mut SparseRam, serial: u32) {
    volume.put(SERIAL_AT, &serial.to_le_bytes());
}
