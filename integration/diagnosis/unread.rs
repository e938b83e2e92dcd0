//! Disks with a place that cannot be read: what lies there is not "not there".

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::Mutex;

use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::Remedy;
use bcdrescue::diagnosis::Switch;
use bcdrescue::diagnosis::Verdict;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::diagnosis::model::code::Code;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::plan;
use bcdrescue::repair::record::sha256;
use bcdrescue::repair::refusal::Allowed;
use bcdrescue::repair::refusal::refusals;
use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::budget::Budgeted;
use bcdrescue::storage::cache::Cached;
use serde_json::Value as Json;

use crate::fuzz_targets::base::IMAGES;
use crate::support::dirty;
use crate::support::disk::Disk;
use crate::support::disk::data;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::second_windows;
use crate::support::nbd_server::Server;
use crate::support::parts::change;
use crate::support::parts::partitions;
use crate::support::program::counted;
use crate::support::program::text;
use crate::support::program::unlimited;
use crate::support::sparse::PAGE;
use crate::support::sparse::SparseRam;

/// Pages of a larger bad region: a megabyte.
const REGION: u64 = 256;

/// GPT type of an EFI system partition.
const ESP: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

/// A disk with bad pages, or none, that keeps which pages were asked for.
#[derive(Clone)]
struct Worn {
    below: SparseRam,
    bad: Range<u64>,
    asked: Arc<Mutex<BTreeSet<u64>>>,
}

impl Storage for Worn {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let pages = offset / PAGE as u64..(offset + buf.len() as u64).div_ceil(PAGE as u64);
        self.asked.lock().unwrap().extend(pages.clone());
        if pages.start < self.bad.end && self.bad.start < pages.end {
            let what = format!("cannot read at 0x{offset:x}");
            return Err(StorageError::Io { what, cause: io::Error::from_raw_os_error(5) });
        }
        self.below.read_at(offset, buf)
    }
}

/// A look at a disk with bad pages, or none.
struct Look {
    layout: Layout,
    diagnosis: Diagnosis,
    disk: Worn,
}

impl Look {
    /// `None` where the table cannot be read.
    fn at(below: &SparseRam, bad: Range<u64>) -> Option<Self> {
        let disk = Worn { below: below.clone(), bad, asked: Arc::default() };
        let layout = discover(&Cached::new(disk.clone())).ok()?;
        let diagnosis = diagnose(&layout, &Context::default());
        Some(Self { layout, diagnosis, disk })
    }

    /// What `fix` would write: which store, as its logs make it, and which byte of it becomes what. Nothing where it refuses.
    fn cure(&self, name: &str) -> BTreeSet<(u32, String, String)> {
        // A volume that cannot be read may be encrypted, and a Windows may sleep on it: each is a reason by itself.
        let allowed = Allowed { hibernated: name == "bitlocker", ..Allowed::default() };
        let context = Context::default();
        let is_refused =
            !refusals(&self.layout, &context, &self.diagnosis, Cure::Repoint, allowed).is_empty();
        let plan = plan::plan(&Cached::new(self.disk.clone()), &self.layout, &self.diagnosis, Cure::Repoint);
        let Some(plan) = plan.ok().filter(|_| !is_refused) else { return BTreeSet::new() };
        let mut cure = BTreeSet::new();
        for store in &plan.stores {
            let mut add = |what: String| cure.insert((store.partition, store.path.clone(), what));
            let file = self.layout.store_on(store.partition, &store.path).unwrap();
            let whole = file.parsed().unwrap().hive().bytes();
            add(sha256(whole));
            for (at, (before, after)) in whole.iter().zip(&store.after).enumerate() {
                if before != after {
                    add(format!("0x{at:x}: {after:02x}"));
                }
            }
        }
        cure
    }
}

/// Disks of all kinds; some with a copy of the system volume, or with a store that only its logs make whole.
fn disks() -> Vec<(String, SparseRam)> {
    let healthy = IMAGES.iter().map(|name| format!("{name}-healthy"));
    let names = IMAGES.iter().map(ToString::to_string).chain(healthy);
    let mut disks: Vec<_> = names.map(|name| (name.clone(), SparseRam::of(&name))).collect();
    for (name, number) in
        [("win10-bios", 3), ("win10-bios-healthy", 3), ("win11-uefi", 5), ("win11-uefi-healthy", 5)]
    {
        let disk = Disk::raw(name);
        second_windows(&disk, 1, number);
        disks.push((format!("{name} with a copy of its system volume"), SparseRam::read(&disk.path)));
        if name.contains("uefi") {
            judge("sfdisk", &["-q", "--part-type", disk.name(), "5", ESP]);
            disks.push((format!("{name} with two ESPs"), SparseRam::read(&disk.path)));
        }
    }
    disks.extend(dirty::disks().into_iter().map(|(name, disk)| (format!("dirty, {name}"), disk)));
    disks.push(("dirty, two logs".to_owned(), dirty::in_two_logs()));
    // These are refused, whatever of them cannot be read.
    for damage in ["hibernated", "bitlocker"] {
        let recipe = format!("base = 'win10-bios'\ndamage = ['{damage}', 'signature-changed']");
        disks.push((damage.to_owned(), SparseRam::read(&made(&recipe, "disk.raw").path)));
    }
    disks
}

/// Every page that a look asks for is bad once, alone and with those behind it: no such disk is ever called well, or without
/// Windows, or gets another cure.
#[test]
fn a_bad_page_is_no_answer() {
    let (mut tries, mut unknown, mut cured) = (0, 0, 0);
    let all = disks();
    for (name, disk) in &all {
        let sound = Look::at(disk, 0..0).expect("a sound disk");
        assert_eq!(sound.layout.failed_read, None, "{name}");
        let is_broken = sound.diagnosis.verdict == Verdict::Broken;
        let cure = sound.cure(name);
        let asked = sound.disk.asked.lock().unwrap().clone();
        let region = |page: u64| page..page + REGION;
        for bad in asked.iter().flat_map(|page| [*page..*page + 1, region(*page)]) {
            tries += 1;
            let Some(look) = Look::at(disk, bad.clone()) else { continue };
            let (layout, findings) = (&look.layout, &look.diagnosis.findings);
            let story = format!("{name}, pages 0x{:x}..0x{:x}: {findings:#?}", bad.start, bad.end);
            assert!(
                layout.failed_read.as_ref().is_some_and(|it| it.as_str().contains("cannot read at 0x")),
                "{story}"
            );
            assert!(findings.iter().any(|finding| finding.code == Code::ReadFailed), "{story}");
            match look.diagnosis.verdict {
                Verdict::Unknown => {
                    unknown += 1;
                    assert_eq!(look.diagnosis.stop(), None, "{story}");
                }
                Verdict::Broken => assert!(is_broken, "{story}"),
                Verdict::Healthy | Verdict::Degraded | Verdict::NotWindows => panic!("{story}"),
            }
            // Whoever follows the advice starts the disk from another partition from then on.
            for finding in findings {
                let is_advised = matches!(finding.remedy, Remedy::Switch(Switch::Active(Some(_)), _));
                assert!(!is_advised || sound.diagnosis.findings.contains(finding), "{story}");
            }
            let own = look.cure(name);
            cured += usize::from(!own.is_empty());
            assert!(own.is_subset(&cure), "{story}");
        }
    }
    assert!(tries > 400 && unknown > 200 && cured > 50, "{tries} {unknown} {cured}");
    let figures = format!(
        "{} of {} disks, each alone and with the next megabyte: {unknown} unknown, {cured} repaired",
        tries / 2,
        all.len()
    );
    counted("bad pages of a disk that is looked at", &figures);
}

/// A server in front of a raw image, of which one sector cannot be read.
fn worn(raw: &Disk, sector: u64) -> Server {
    let options = format!(
        "driver=raw,file.driver=blkdebug,file.image.driver=file,file.image.filename={},file.inject-error.0.event=read_aio,file.inject-error.0.sector={sector}",
        raw.name()
    );
    Server::new(&["-t", "--image-opts", &options], "disk")
}

/// The first byte of a text on the disk.
fn place(raw: &Disk, wanted: &[u8]) -> u64 {
    let found = data(&raw.path).find_map(|(start, bytes)| {
        let at = bytes.windows(wanted.len()).position(|window| window == wanted)?;
        Some(start + at as u64)
    });
    found.expect("it is on the disk")
}

#[test]
fn what_cannot_be_read_is_told_and_not_taken_for_missing() {
    let disk = Disk::raw("win10-bios-healthy");
    let before = hash(&disk.path);
    // The directory of the system volume that has `bootmgr` and `Boot`: names are UTF-16 there.
    let name: Vec<u8> = "bootmgr".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let server = worn(&disk, place(&disk, &name) / 512);
    let run = unlimited(&["check", &server.url(), "--require", "healthy"]).exits(12);
    for words in
        ["unknown", "part of the disk cannot be read", "Input/output error", "the verdict is: unknown"]
    {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("bcdboot"), "{}", run.stdout);
    let every = ["--require", "healthy,unique-identity,generalized,no-hibernation,no-bitlocker"];
    let target = unlimited(&[&["check", &server.url(), "--json"], &every[..]].concat()).exits(12).target();
    assert!(target["error"].as_str().unwrap().contains("Input/output error"), "{target}");
    assert_eq!(target["stop"], Json::Null);
    let met = |required: &Json| required["met"].as_bool().unwrap();
    let met: Vec<bool> = target["requirements"].as_array().unwrap().iter().map(met).collect();
    assert_eq!(met, [false, true, false, false, false]);
    let listed = unlimited(&["list", &server.url()]).exits(0);
    assert!(listed.stdout.contains("this list may be incomplete"), "{}", listed.stdout);
    unlimited(&["fix", &server.url(), "--yes"]).exits(8).says("unread parts may be what is wrong");
    let target = unlimited(&["fix", &server.url(), "--yes", "--json"]).exits(8).target();
    assert_eq!(target["action"], Json::from("failed"));
    let record = disk.folder.path().join("record.json");
    let run = unlimited(&["record", &server.url(), "-o", text(&record)]).exits(8);
    assert!(run.stderr.contains("not recorded: part of the disk cannot be read"), "{}", run.stderr);
    assert!(!record.exists());
    assert!(target["error"].as_str().unwrap().contains("Input/output error"), "{target}");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_hibernation_that_cannot_be_read_may_be_one() {
    let disk = Disk::raw("win10-bios");
    let header = [b"wake-up call".as_slice(), &[0; 8180]].concat();
    change(&disk, 2, |volume| put_ntfs(volume, "/hiberfil.sys", &header));
    unlimited(&["check", disk.name(), "--require", "no-hibernation"]).exits(4);
    let before = hash(&disk.path);
    let server = worn(&disk, place(&disk, b"wake-up call") / 512);
    let run = unlimited(&["check", &server.url(), "--require", "no-hibernation"]).exits(4);
    assert!(run.stdout.contains("no-hibernation: Windows on "), "{}", run.stdout);
    assert!(run.stdout.contains("may be hibernated, which cannot be determined"), "{}", run.stdout);
    let target = unlimited(&["check", &server.url(), "--json"]).exits(4).target();
    assert!(
        target["windows"][0]["hibernation_error"].as_str().unwrap().contains("Input/output error"),
        "{target}"
    );
    let records = text(disk.folder.path());
    let fix = ["fix", &server.url(), "--yes", "--record-dir", records];
    unlimited(&fix).exits(8).says("refused, nothing was written").says("--allow-hibernated");
    assert_eq!(hash(&disk.path), before);
    let run = unlimited(&[&fix[..], &["--allow-hibernated"]].concat()).exits(13);
    assert!(run.stdout.contains("whether Windows starts cannot be determined"), "{}", run.stdout);
    assert!(fs::read_dir(records).unwrap().count() > 1);
    unlimited(&["check", disk.name()]).exits(0);
}

/// Windows on another disk, of which a part cannot be read: nobody can tell what is on it, and nothing is taken to be there.
#[test]
fn a_disk_beside_that_cannot_be_read_is_no_answer() {
    let (system, windows) = (Disk::raw("win10-bios"), Disk::raw("win10-bios"));
    let server = worn(&windows, partitions(&windows.path)[1].start / 512);
    let before = hash(&system.path);
    for command in ["check", "fix"] {
        let run = unlimited(&[command, system.name(), "--with", &server.url()]).exits(8);
        assert!(format!("{run:?}").contains("cannot be read completely"), "{run:?}");
    }
    assert_eq!(hash(&system.path), before);
}

/// What is damaged and can be read is damaged for the firmware too: the EFI system partition behind it is the one that starts.
#[test]
fn a_damaged_partition_hides_nothing() {
    let disk = Disk::raw("win11-uefi");
    second_windows(&disk, 1, 5);
    judge("sfdisk", &["-q", "--part-type", disk.name(), "5", ESP]);
    let first = &partitions(&disk.path)[0];
    let file = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    // Bytes per sector of the FAT boot sector.
    file.write_all_at(&[3, 0], first.start + 0x0b).unwrap();
    let target = unlimited(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!((&target["verdict"], &target["stop"]["hop"]), (&"broken".into(), &"device".into()));
    unlimited(&["fix", disk.name(), "--yes"]).exits(1).says("verified: healthy");
}

/// Whose GUID was whose is found out from all partitions together.
#[test]
fn an_identity_is_not_given_back_half_seen() {
    let disk = Disk::raw("win11-uefi");
    let before = hash(&disk.path);
    let records = text(disk.folder.path());
    for place in partitions(&disk.path).iter().map(|part| part.start) {
        let server = worn(&disk, place / 512);
        let fix = ["fix", &server.url(), "--yes", "--record-dir", records, "--restore-identity"];
        unlimited(&fix).exits(8).says("part of the disk cannot be read");
    }
    assert_eq!(hash(&disk.path), before);
}

/// What a look may read is spent after any of its reads: it says so, and blames no medium.
#[test]
fn a_spent_limit_is_no_failing_medium() {
    let disk = SparseRam::of("win2008r2-bios");
    let mut told = 0;
    for reads in (1..).map(|step| step * 11) {
        let cached = Cached::new(disk.clone());
        let limited = Budgeted::new(&cached, reads, u64::MAX);
        let Ok(layout) = discover(&limited) else { continue };
        let Some(failed) = &layout.failed_read else { break };
        let limit = format!("reading stopped at the limit of {reads} reads");
        assert_eq!(failed.as_str(), limit);
        let diagnosis = diagnose(&layout, &Context::default());
        let story = format!("{reads} reads: {:#?}", diagnosis.findings);
        assert!(matches!(diagnosis.verdict, Verdict::Unknown | Verdict::Broken), "{story}");
        let of_it =
            diagnosis.findings.iter().find(|finding| finding.code == Code::ReadFailed).expect("it is said");
        assert!(of_it.message.contains("was not read") && of_it.message.ends_with(&limit), "{story}");
        assert!(!story.contains("dmesg"), "{story}");
        told += 1;
    }
    assert!(told > 20, "{told}");
}
