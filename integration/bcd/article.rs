//! The lines that a well-known article has for a disk that came back with another signature, typed with `bcdrescue bcd` for `bcdedit` and
//! the image for the drive.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::bcd::edits::BOOTMGR;
use crate::bcd::edits::Changed;
use crate::bcd::edits::MEMDIAG;
use crate::bcd::edits::NTLDR;
use crate::bcd::edits::at;
use crate::bcd::edits::bcd;
use crate::bcd::edits::changed;
use crate::bcd::edits::store;
use crate::bcd::edits::undone;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::same_content;
use crate::support::findings::checked;
use crate::support::oracle::Identity;
use crate::support::oracle::identities_of_table;

/// A line: the object as it is typed, its GUID, the element as it is typed, the partition as it is typed and by its number.
type Line<'a> = (&'a str, &'a str, &'a str, &'a str, usize);

/// The element as the store names it.
fn key(element: &str) -> &'static str {
    if element == "device" { "11000001" } else { "21000001" }
}

/// Types a line; its record.
#[track_caller]
fn typed(disk: &Disk, (object, _, element, partition, _): Line<'_>) -> String {
    let store = format!(r"{}\boot\bcd", disk.name());
    let value = format!("partition={partition}");
    let run = bcd(&["/store", &store, "/set", object, element, &value, "--yes"]).exits(0);
    let record = run.stdout.lines().find_map(|line| line.strip_prefix("To undo:   bcdrescue undo "));
    record.unwrap_or_else(|| panic!("{}", run.stdout)).to_owned()
}

/// The content of a disk that may be qcow2, as a raw one.
fn raw(disk: &Disk, name: &str) -> Disk {
    let path = disk.content(name);
    Disk { folder: tempfile::tempdir().unwrap(), path }
}

/// What an element says once it names this partition: it was a partition of another disk, and 8 + 4 bytes become others.
fn named(before: &str, identity: Identity) -> String {
    let Identity::Mbr { signature, offset } = identity else { panic!("an MBR") };
    let hex = |bytes: &[u8]| bcdrescue::bytes::hex(bytes);
    let (head, digits) = before.rsplit_once(' ').unwrap();
    let mut digits = digits.to_owned();
    digits.replace_range(0x40..0x50, &hex(&offset.to_le_bytes()));
    digits.replace_range(0x70..0x78, &hex(&signature.to_le_bytes()));
    format!("{head} {digits}")
}

/// Types all lines and looks what became of the disk; the findings that are left, as code and subject.
fn article(image: &str, lines: &[Line<'_>]) -> Vec<(String, String)> {
    let disk = Disk::of(image);
    let original = raw(&disk, "original.raw");
    let before = store(&original, image);
    let identities = identities_of_table(&original.path);
    let records: Vec<String> = lines.iter().map(|line| typed(&disk, *line)).collect();
    let edited = raw(&disk, "edited.raw");
    let found = changed(&before, &store(&edited, image));
    let mut expected = Changed::new();
    for (_, id, element, _, partition) in lines {
        let path = at(id, key(element));
        let old = found.get(&path).and_then(|[before, _]| before.clone()).unwrap_or_else(|| panic!("{path}"));
        let new = named(&old, identities[partition - 1]);
        expected.insert(path, [Some(old), Some(new)]);
    }
    assert_eq!(found, expected, "{image}");

    // Typed again, there is nothing to do.
    let after = hash(&disk.path);
    for (object, _, element, partition, _) in lines {
        let store = format!(r"{}\Boot\BCD", disk.name());
        let value = format!("partition={partition}");
        bcd(&["/store", &store, "/set", object, element, &value, "--yes"]).exits(0).says("nothing to do");
    }
    assert_eq!(hash(&disk.path), after);

    let left = checked(&disk, 4, "degraded");
    let code = |finding: &Json| ["code", "subject"].map(|field| finding[field].as_str().unwrap().to_owned());
    let left = left["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(code)
        .map(|[code, subject]| (code, subject))
        .collect();
    records.iter().rev().for_each(|record| undone(record));
    assert!(same_content(&disk.path, &original.path), "{image}");
    left
}

/// How many findings of each kind are about this object or place.
fn about(left: &[(String, String)]) -> BTreeMap<(&str, &str), usize> {
    let mut count = BTreeMap::new();
    for (code, subject) in left {
        let object = subject.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        *count.entry((code.as_str(), object.map_or(subject.as_str(), |(object, _)| object))).or_default() +=
            1;
    }
    count
}

#[test]
fn on_windows_server_2008() {
    let entry = "{1d25cc4a-fc03-11de-b973-d1d82d39e489}";
    let left = article(
        "win2008sp2-bios",
        &[
            ("{bootmgr}", BOOTMGR, "device", "1", 1),
            ("{memdiag}", MEMDIAG, "device", "1", 1),
            ("{ntldr}", NTLDR, "device", "1", 1),
            (entry, entry, "device", "1", 1),
            (entry, entry, "osdevice", "1", 1),
        ],
    );
    // The article leaves hibernation to Windows; of {ntldr}, which is the default, there never was a file.
    let resume = "1d25cc4b-fc03-11de-b973-d1d82d39e489";
    let expected = BTreeMap::from([(("signature-changed", resume), 2), (("file-missing", "ntldr"), 1)]);
    assert_eq!(about(&left), expected);
}

#[test]
fn on_windows_server_2008_r2() {
    let entry = "{ca73fe21-fc0c-11de-8f38-8e2c5384be89}";
    let left = article(
        "win2008r2-bios",
        &[
            ("{bootmgr}", BOOTMGR, "device", "1", 1),
            ("{memdiag}", MEMDIAG, "device", "1", 1),
            // The GUID as enum shows it, and what it is by its name; by number, and by the letter that Windows gave it.
            (entry, entry, "device", "2", 2),
            ("{current}", entry, "osdevice", "C:", 2),
        ],
    );
    let of = |object| (("signature-changed", object), 2);
    let expected = BTreeMap::from([
        of("ca73fe20-fc0c-11de-8f38-8e2c5384be89"),
        of("ca73fe24-fc0c-11de-8f38-8e2c5384be89"),
        (("signature-changed", "ca73fe25-fc0c-11de-8f38-8e2c5384be89"), 1),
        (("drive-letters", "partition 2 (Windows)"), 1),
    ]);
    assert_eq!(about(&left), expected);
}

/// Its store has {ntldr} as the default, and has no such object.
#[test]
fn an_object_that_is_not_there_is_told() {
    let disk = Disk::of("win2008r2-bios");
    let before = hash(&disk.path);
    let store = format!(r"{}\boot\bcd", disk.name());
    for object in ["{ntldr}", "{default}"] {
        bcd(&["/store", &store, "/set", object, "device", "partition=1", "--yes"])
            .exits(8)
            .says("no object {ntldr} in this store")
            .says("the entry that starts is {ca73fe21-fc0c-11de-8f38-8e2c5384be89}");
    }
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}

/// What an article has of it besides: the store's path as Windows spells it, hyphens for slashes, and no backslash left by the shell.
#[test]
fn the_same_line_in_other_spellings() {
    let disk = Disk::of("win2008sp2-bios");
    let lines = |end: &str| format!("{}{end}", disk.name());
    for (store, command) in [
        (lines(r"\boot\bcd"), "/SET"),
        (lines(r"\Boot\BCD"), "-set"),
        (lines(r":\boot\bcd"), "/set"),
        (lines(":/boot/bcd"), "/set"),
        (lines(":bootbcd"), "/set"),
        (lines(""), "/set"),
    ] {
        bcd(&["/store", &store, command, "{bootmgr}", "device", "partition=1", "--dry-run"])
            .exits(4)
            .says("{bootmgr}  device  unknown (disk signature 0x1d25cc4a, offset 0x100000) -> partition=1 (Windows)")
            .says("dry run: nothing was written");
    }
}
