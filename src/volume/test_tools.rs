//! For tests: volumes made and judged by mkntfs, ntfscp, mkfs.fat and mtools. A program that is missing is a failure.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::ram::Ram;

/// A volume image in a directory that goes with it.
pub(crate) struct Image {
    home: tempfile::TempDir,
    path: PathBuf,
}

impl Image {
    /// An NTFS volume of 16 MiB.
    pub(crate) fn ntfs(arguments: &[&str]) -> Self {
        let image = Self::blank(16 << 20);
        image.run("mkntfs", &[&["-F", "-f", "-q", "-T", "-L", "Tést"], arguments].concat(), &[]);
        image
    }

    /// A FAT volume of `len` bytes.
    pub(crate) fn fat(len: u64, arguments: &[&str]) -> Self {
        let image = Self::blank(len);
        image.run("mkfs.fat", &[&["-n", "SYSTEM"], arguments].concat(), &[]);
        image
    }

    fn blank(len: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("volume.img");
        fs::File::create(&path).unwrap().set_len(len).unwrap();
        Self { home, path }
    }

    /// Puts a file into the root directory of an NTFS volume.
    pub(crate) fn ntfscp(&self, name: &str, bytes: &[u8]) {
        let source = self.source(bytes);
        self.run("ntfscp", &["-q", "-f"], &[&source, name]);
    }

    /// Puts a file into a FAT volume; `path` with slashes.
    pub(crate) fn mcopy(&self, path: &str, bytes: &[u8]) {
        let source = self.source(bytes);
        run("mcopy", &["-o", "-i", self.path(), &source, &format!("::{path}")]);
    }

    pub(crate) fn mmd(&self, path: &str) {
        run("mmd", &["-i", self.path(), &format!("::{path}")]);
    }

    fn source(&self, bytes: &[u8]) -> String {
        let source = self.home.path().join("source");
        fs::write(&source, bytes).unwrap();
        source.to_str().unwrap().to_string()
    }

    /// Runs a program on the image, with arguments before and after its name.
    pub(crate) fn run(&self, program: &str, before: &[&str], after: &[&str]) -> Vec<u8> {
        run(program, &[before, &[self.path()], after].concat())
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    pub(crate) fn storage(&self) -> Ram {
        Ram::new(self.bytes(), None)
    }
}

/// Runs a program and returns what it printed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let output =
        Command::new(program).args(arguments).env("PATH", path).env("MTOOLS_SKIP_CHECK", "1").output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Bytes that differ everywhere and do not compress.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A storage that counts what is read from it.
pub(crate) struct Counted {
    pub(crate) below: Ram,
    pub(crate) reads: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

impl Counted {
    pub(crate) fn new(below: Ram) -> Self {
        Self { below, reads: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }
}

impl Storage for &Counted {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(buf.len() as u64, Ordering::Relaxed);
        self.below.read_at(offset, buf)
    }
}

/// A storage with one byte changed.
pub(crate) struct Flipped<'a> {
    pub(crate) below: &'a Ram,
    pub(crate) at: u64,
    pub(crate) mask: u8,
}

impl Storage for Flipped<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)?;
        if let Some(index) = self.at.checked_sub(offset).filter(|index| *index < buf.len() as u64) {
            buf[index as usize] ^= self.mask;
        }
        Ok(())
    }
}
