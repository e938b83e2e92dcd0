//! Disks with a place that cannot be read: what lies there is not "not there".

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;

use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::Verdict;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::cache::Cached;
use serde_json::Value as Json;

use crate::fuzz_targets::base::IMAGES;
use crate::parts::change;
use crate::served::Server;
use crate::sparse::PAGE;
use crate::sparse::SparseRam;
use crate::support::Disk;
use crate::support::counted;
use crate::support::data;
use crate::support::hash;
use crate::support::put_ntfs;
use crate::support::text;
use crate::support::unlimited;

/// A disk with a bad page, or none, that keeps which pages were asked for.
#[derive(Clone)]
struct Worn {
    below: SparseRam,
    bad: Option<u64>,
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
        if self.bad.is_some_and(|bad| pages.contains(&bad)) {
            let what = format!("cannot read at 0x{offset:x}");
            return Err(StorageError::Io { what, cause: io::Error::from_raw_os_error(5) });
        }
        self.below.read_at(offset, buf)
    }
}

/// A look, with the pages that it asked for; none where the table cannot be read.
fn look(below: &SparseRam, bad: Option<u64>) -> (Option<(Layout, Diagnosis)>, BTreeSet<u64>) {
    let asked = Arc::default();
    let disk = Worn { below: below.clone(), bad, asked: Arc::clone(&asked) };
    let layout = discover(&Cached::new(disk)).ok();
    let looked = layout.map(|layout| {
        let diagnosis = diagnose(&layout, &Context::default());
        (layout, diagnosis)
    });
    let asked = asked.lock().unwrap().clone();
    (looked, asked)
}

/// What would be re-pointed: from what, to what, in which store's which element.
fn cures(layout: &Layout, diagnosis: &Diagnosis) -> BTreeSet<String> {
    let one = |repoint: &bcdrescue::diagnosis::Repoint| {
        let store = &layout.stores[repoint.store];
        let object = &store.parsed().unwrap().objects()[repoint.object];
        let element = &object.elements[repoint.element].key;
        format!("{} {} {element} {:?} {:?}", store.path, object.key, repoint.old, repoint.new)
    };
    diagnosis.repoints().map(one).collect()
}

/// Every page that a look asks for is bad once: no such disk is ever called well, or without Windows, or gets another cure.
#[test]
fn a_bad_page_is_no_answer() {
    let healthy = IMAGES.iter().map(|name| format!("{name}-healthy"));
    let all: Vec<String> = IMAGES.iter().map(ToString::to_string).chain(healthy).collect();
    let (mut pages, mut unknown) = (0, 0);
    for name in &all {
        let disk = SparseRam::of(name);
        let (sound, asked) = look(&disk, None);
        let (layout, diagnosis) = sound.expect("a sound disk");
        assert_eq!(layout.failed_read, None, "{name}");
        let is_broken = diagnosis.verdict == Verdict::Broken;
        let sound = cures(&layout, &diagnosis);
        for page in asked {
            pages += 1;
            let Some((layout, diagnosis)) = look(&disk, Some(page)).0 else { continue };
            let story = format!("{name}, page 0x{page:x}: {:?}", diagnosis.findings);
            assert!(
                layout.failed_read.as_ref().is_some_and(|it| it.contains("cannot read at 0x")),
                "{story}"
            );
            assert!(diagnosis.findings.iter().any(|finding| finding.code == "read-failed"), "{story}");
            match diagnosis.verdict {
                Verdict::Unknown => unknown += 1,
                Verdict::Broken => assert!(is_broken, "{story}"),
                Verdict::Healthy | Verdict::Degraded | Verdict::NotWindows => panic!("{story}"),
            }
            assert!(cures(&layout, &diagnosis).is_subset(&sound), "{story}");
        }
    }
    assert!(pages > 200 && unknown > 100, "{pages} {unknown}");
    counted(
        "bad pages of a disk that is looked at",
        &format!("{pages} pages of {} disks, each once", all.len()),
    );
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
        ["unknown", "a part of the disk cannot be read", "Input/output error", "the verdict is: unknown"]
    {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("bcdboot"), "{}", run.stdout);
    let target = unlimited(&["check", &server.url(), "--json"]).exits(8).target();
    assert!(target["error"].as_str().unwrap().contains("Input/output error"), "{target}");
    unlimited(&["fix", &server.url(), "--yes"]).exits(8).says("what could not be read may be what is wrong");
    let target = unlimited(&["fix", &server.url(), "--yes", "--json"]).exits(8).target();
    assert_eq!(target["action"], Json::from("failed"));
    let record = disk.folder.path().join("record.json");
    let run = unlimited(&["record", &server.url(), "-o", text(&record)]).exits(8);
    assert!(run.stderr.contains("not recorded: a part of the disk cannot be read"), "{}", run.stderr);
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
    assert!(run.stdout.contains("no-hibernation: \\Windows on "), "{}", run.stdout);
    assert!(run.stdout.contains("may be hibernated, which cannot be told"), "{}", run.stdout);
    let target = unlimited(&["check", &server.url(), "--json"]).exits(4).target();
    assert!(
        target["windows"][0]["hibernation_error"].as_str().unwrap().contains("Input/output error"),
        "{target}"
    );
    let records = text(disk.folder.path());
    let fix = ["fix", &server.url(), "--yes", "--record-dir", records];
    unlimited(&fix).exits(8).says("refused, nothing was written").says("--allow-hibernated");
    assert_eq!(hash(&disk.path), before);
    let run = unlimited(&[&fix[..], &["--allow-hibernated"]].concat()).exits(5);
    assert!(run.stdout.contains("unknown"), "{}", run.stdout);
    assert!(fs::read_dir(records).unwrap().count() > 1);
    unlimited(&["check", disk.name()]).exits(0);
}
