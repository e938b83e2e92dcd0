//! How often a look at a disk that is far away waits for an answer, counted by a server of the tests' own.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use bcdrescue::layout::discover;
use bcdrescue::storage::Manner;
use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::cache::Cached;

use crate::fuzz_targets::base::IMAGES;
use crate::support::counting_server::CountingServer;
use crate::support::counting_server::Round;
use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::sparse::PAGE;
use crate::support::sparse::SparseRam;

/// Bytes that a look at one disk may read over a network.
const BYTES: usize = 2 << 20;

/// The names of all committed disks, healthy and broken.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".qcow2")?.into())).collect();
    names.sort();
    assert!(names.len() >= 14, "{names:?}");
    names
}

/// All of them, and some that are broken worse: bytes at a place were overwritten with zeros. Each with the answers that a `check` may wait
/// for; where a volume comes up only in the simulated repair, that is looked at behind the disk.
fn disks() -> Vec<(String, Disk, usize)> {
    let committed = names().into_iter().map(|name| (name.clone(), Disk::raw(&name), 12));
    let worse = [
        ("win11-uefi", "the primary GPT", 512, 512),
        ("win11-uefi", "the begin of its ESP", MIB, 4096),
        ("win10-bios", "the mark of its MBR", 510, 2),
        ("win2008r2-bios", "the boot record of its system volume", MIB, 512),
        ("win7-logical", "its table", 446, 64),
    ];
    let worse = worse.map(|(name, what, at, len)| {
        let disk = Disk::raw(name);
        disk.put(at, &vec![0; len]);
        (format!("{name} without {what}"), disk, 16)
    });
    committed.chain(worse).collect()
}

/// Ranges that were asked for more than once, as far as they are not the first sector, by which it is seen whether a server is still there.
fn twice(rounds: &[Round]) -> Vec<(u64, usize)> {
    let mut seen = BTreeSet::new();
    let mut again = Vec::new();
    for (at, len) in rounds.iter().flatten() {
        let sectors = at / 512..(at + *len as u64).div_ceil(512);
        if !sectors.fold(true, |all, sector| seen.insert(sector) && all) {
            again.push((*at, *len));
        }
    }
    again
}

#[test]
fn few_answers_are_waited_for() {
    let mut figures = Vec::new();
    for (name, disk, most) in disks() {
        let server = CountingServer::over(&disk.path);
        for (arguments, most) in [(&["check"][..], most), (&["inspect"], 16), (&["fix", "--dry-run"], 16)] {
            let run = bcdrescue(&[arguments, &[&server.url(), "--json"]].concat());
            assert!([0, 4].contains(&run.code) || !name.ends_with("bios"), "{name}: {run:?}");
            let rounds = server.rounds();
            let bytes: usize = rounds.iter().flatten().map(|(_, len)| len).sum();
            let requests = rounds.iter().flatten().count();
            let command = arguments[0];
            let said =
                format!("{name} {command}: {} ({requests} requests, {} KiB)", rounds.len(), bytes >> 10);
            let asked: Vec<String> = rounds.iter().map(|round| format!("{round:x?}")).collect();
            assert!(rounds.len() <= most && bytes <= BYTES, "{said}\n{}", asked.join("\n"));
            assert_eq!(twice(&rounds), [], "{said}\n{}", asked.join("\n"));
            figures.push(said);
        }
    }
    counted("answers waited for over NBD", &figures.join("; "));
}

/// A disk that is near or far, with bytes that cannot be read.
struct Worn<'a> {
    below: &'a SparseRam,
    bad: Range<u64>,
    manner: Manner,
    /// Pages.
    asked: Mutex<BTreeSet<u64>>,
}

impl<'a> Worn<'a> {
    fn new(below: &'a SparseRam, bad: Range<u64>, manner: Manner) -> Self {
        Self { below, bad, manner, asked: Mutex::default() }
    }

    /// All that is found on it.
    fn found(self) -> String {
        format!("{:#?}", discover(&Cached::new(self)))
    }
}

impl Storage for Worn<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let end = offset + buf.len() as u64;
        self.asked.lock().unwrap().extend(offset / PAGE as u64..end.div_ceil(PAGE as u64));
        if offset < self.bad.end && self.bad.start < end {
            let what = format!("cannot read at 0x{offset:x}");
            return Err(StorageError::Io { what, cause: io::Error::from_raw_os_error(5) });
        }
        self.below.read_at(offset, buf)
    }

    fn manner(&self) -> Manner {
        self.manner
    }
}

/// Large reads, and reading ahead, find what small ones find one after the other: also where a sector is bad.
#[test]
fn from_afar_the_same_is_found() {
    let mut looks = 0;
    for name in IMAGES {
        let disk = SparseRam::of(name);
        let sound = Cached::new(Worn::new(&disk, 0..0, Manner::NEAR));
        let found = format!("{:#?}", discover(&sound));
        assert!(found == Worn::new(&disk, 0..0, Manner::FAR).found(), "{name}");
        let asked = sound.below().asked.lock().unwrap().clone();
        for page in asked.into_iter().step_by(3) {
            let bad = page * PAGE as u64 + 512..page * PAGE as u64 + 1024;
            let look = |manner| Worn::new(&disk, bad.clone(), manner).found();
            assert!(look(Manner::NEAR) == look(Manner::FAR), "{name}: 0x{:x}", bad.start);
            looks += 1;
        }
    }
    assert!(looks > 50, "{looks}");
}
