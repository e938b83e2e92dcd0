//! How often a look at a disk that is far away waits for an answer, counted by a server of the tests' own.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

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
use crate::support::faults;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::program::text;
use crate::support::program::unlimited;
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

/// Ranges of which a part was asked for before.
fn twice(rounds: &[Round]) -> Vec<(u64, usize)> {
    let mut seen = BTreeSet::new();
    let mut again = Vec::new();
    for (at, len) in rounds.iter().flatten() {
        let sectors: Vec<u64> = (at / 512..(at + *len as u64).div_ceil(512)).collect();
        if sectors.iter().any(|sector| seen.contains(sector)) {
            again.push((*at, *len));
        }
        seen.extend(sectors);
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

/// Disks for which a network is waited for are looked at together, however few processors there are.
#[test]
fn disks_of_a_network_are_waited_for_together() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let waiting = |count: usize, jobs: &[&str]| {
        // So long that a busy machine has begun with many before the first has its answer.
        let server = CountingServer::unhurried(&disk.path, Duration::from_millis(300));
        let urls: Vec<String> = (0..count).map(|number| server.export(&format!("disk{number}"))).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        // The stacks of so many threads count for the limit, used or not.
        let run = unlimited(&[&["check", "--independent", "--jsonl"], jobs, &urls].concat()).exits(0);
        assert_eq!(run.stdout.matches("\"verdict\":\"healthy\"").count(), count);
        server.most_waiting()
    };
    let usual = waiting(40, &[]);
    assert!((8..=40).contains(&usual), "{usual}");
    let three = waiting(9, &["-j", "3"]);
    assert!(three <= 3, "{three}");
}

/// What the program asks the system for under strace, of reads of a file that take so long each: reads, and hints of what will be read.
fn of_file(file: &Path, micros: usize) -> (usize, usize, serde_json::Value) {
    let inject = format!("inject=pread64:delay_exit={micros}");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-P", text(file), "-e", "trace=pread64,fadvise64", "-e", &inject])
        .args([env!("CARGO_BIN_EXE_bcdrescue"), "check", text(file), "--json"])
        .output()
        .unwrap();
    let calls = String::from_utf8_lossy(&output.stderr).into_owned();
    let count = |name: &str| calls.lines().filter(|line| line.contains(name)).count();
    (count("pread64("), count("POSIX_FADV_WILLNEED"), serde_json::from_slice(&output.stdout).unwrap())
}

/// A file whose first reads take long is read as one that is far away, and the system is told of reads that go together.
#[test]
fn what_turns_out_to_be_slow_is_read_in_large_pieces() {
    if !faults::is_allowed() {
        return;
    }
    for disk in [Disk::raw("win11-uefi"), Disk::of("win11-uefi"), Disk::raw("win2008r2-bios")] {
        let (near, no_hints, found) = of_file(&disk.path, 0);
        let (far, hints, from_afar) = of_file(&disk.path, 3000);
        assert_eq!(found["targets"][0]["findings"], from_afar["targets"][0]["findings"]);
        assert_eq!(no_hints, 0);
        // Of a compressed image larger pieces are in more clusters, all of which the system is told of.
        let is_fewer = far < near || disk.name().ends_with(".qcow2");
        assert!(is_fewer && hints > 5, "{near} and {far} reads, {hints} hints");
    }
}

/// A size that the user insists on is that of reads near by and far away.
#[test]
fn the_user_has_the_last_word_on_the_size_of_reads() {
    let disk = Disk::raw("win2008r2-bios");
    let server = CountingServer::over(&disk.path);
    for (size, bytes) in [("512", 512), ("4K", 4096), ("131072", 131_072), ("1M", 1 << 20)] {
        bcdrescue(&["check", &server.url(), "--read-size", size]).exits(4);
        let asked: Round = server.rounds().concat();
        assert!(asked.iter().all(|(at, len)| at % bytes == 0 && len % bytes as usize == 0), "{asked:x?}");
        assert!(asked.iter().any(|(_, len)| *len == bytes as usize), "{size}: {asked:x?}");
        bcdrescue(&["check", disk.name(), "--read-size", size])
            .exits(4)
            .says(&format!("--read-size {bytes}"));
    }
    for size in ["0", "100", "3K", "2M", "x"] {
        bcdrescue(&["check", disk.name(), "--read-size", size])
            .exits(16)
            .says("expected a power of two from 512 to 1M, as 4096 or 64K");
    }
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
