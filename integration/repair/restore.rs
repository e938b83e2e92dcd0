//! The other cure: the disk gets its old identity back, and not one byte of a store changes.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::Store;
use bcdrescue::cli::text::advice;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::patch::inverse;
use bcdrescue::repair::plan;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::undo;
use bcdrescue::storage::Storage;
use serde_json::Value as Json;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look;
use crate::support::store::put_store;
use crate::support::store::store_of;

/// An image, its old identity, and the old GUIDs of those partitions that a store names.
type Old = (&'static str, &'static str, &'static [(u32, &'static str)]);

const IMAGES: [Old; 6] = [
    ("win2008r2-bios", "0x36234da4", &[]),
    ("win2008sp2-bios", "0x1d25cc4a", &[]),
    ("win10-bios", "0xc3a1f00d", &[]),
    ("win7-logical", "0xfa581d61", &[]),
    (
        "win11-uefi",
        "5f3c0101-3b1d-4c01-9a2c-0242ac1b0001",
        &[
            (1, "5f3c0102-3b1d-4c01-9a2c-0242ac1b0002"),
            (3, "5f3c0104-3b1d-4c01-9a2c-0242ac1b0004"),
            (4, "5f3c0105-3b1d-4c01-9a2c-0242ac1b0005"),
        ],
    ),
    (
        "win2022-uefi-4kn",
        "5f3c0201-3b1d-4c02-9a2c-0242ac1b0001",
        &[
            (1, "5f3c0202-3b1d-4c02-9a2c-0242ac1b0002"),
            (3, "5f3c0204-3b1d-4c02-9a2c-0242ac1b0004"),
            (4, "5f3c0205-3b1d-4c02-9a2c-0242ac1b0005"),
        ],
    ),
];

/// The disk's identity and those of its partitions by number, as sfdisk reads them.
fn by_sfdisk(raw: &Path) -> (String, Vec<(u64, String)>) {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", text(raw)])).expect("JSON");
    let table = &json["partitiontable"];
    let parts = table["partitions"].as_array().expect("partitions").iter();
    let uuid = |part: &Json| part["uuid"].as_str().unwrap_or_default().to_lowercase();
    let parts = (1..).zip(parts.map(uuid)).collect();
    (table["id"].as_str().expect("id").to_lowercase(), parts)
}

#[test]
fn every_disk_gets_its_old_identity_back() {
    for (name, old, guids) in IMAGES {
        let disk = Disk::of(name);
        let original = disk.content("original.raw");
        let before = hash(&disk.path);
        let check = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        let offered = &check["restore_identity"];
        assert_eq!((&offered["possible"], &offered["identity"]), (&true.into(), &old.into()), "{name}");
        let named: Vec<_> = offered["partitions"].as_array().expect("partitions").iter().collect();
        let named = named.iter().map(|one| (one["number"].as_u64(), one["guid"].as_str().unwrap()));
        let expected = guids.iter().map(|(number, guid)| (Some(u64::from(*number)), *guid));
        assert!(named.eq(expected), "{name}: {offered}");
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("       or: ");
        let dry = bcdrescue(&["fix", disk.name(), "--restore-identity", "--dry-run"]).exits(4);
        dry.says("; no store is changed").says(old).says("dry run: nothing was written");
        assert_eq!(hash(&disk.path), before, "{name}: a dry run wrote");

        let fixed =
            bcdrescue(&["fix", disk.name(), "--yes", "--json", "--restore-identity"]).exits(1).target();
        assert_eq!((&fixed["action"], &fixed["verdict"]), (&"fixed".into(), &"healthy".into()), "{name}");
        assert_eq!((&fixed["cure"], &fixed["changes"]), (&"restore-identity".into(), &Json::Array(vec![])));
        assert_eq!(fixed["disk"]["identity"], old);
        judge("qemu-img", &["check", "-q", disk.name()]);
        let repaired = disk.content("repaired.raw");
        judged(name, old, guids, &original, &repaired);
        bcdrescue(&["check", "-v", disk.name()]).exits(0);
        let after = hash(&disk.path);
        let again = bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(0);
        again.says("nothing was written");
        assert_eq!(hash(&disk.path), after, "{name}: a second fix wrote");

        let record = disk.record();
        bcdrescue(&["undo", text(&record), "--dry-run"]).exits(4);
        bcdrescue(&["undo", text(&record), "--yes"]).exits(1).says("the disk's identity, from");
        assert!(same_content(&disk.path, &original), "{name}: undo left something");
        bcdrescue(&["undo", text(&record), "--yes"]).exits(0).says("nothing to do");
    }
}

/// Judged by sfdisk and sgdisk, and byte by byte: only the table changed.
fn judged(name: &str, old: &str, guids: &[(u32, &str)], original: &Path, repaired: &Path) {
    if guids.is_empty() {
        // Four bytes make the healthy image of it.
        assert!(same_content(repaired, &image(&format!("{name}-healthy"))), "{name}");
        assert_eq!(by_sfdisk(repaired).0, old, "{name}");
        return;
    }
    // What lies between the two copies of the table.
    let between = |raw: &Path| {
        let len = std::fs::metadata(raw).unwrap().len();
        hash(&cut(raw, MIB, len - 2 * MIB))
    };
    assert_eq!(between(original), between(repaired), "{name}: a partition changed");
    if name.contains("4kn") {
        // sfdisk and sgdisk cannot be told of 4096-byte sectors in a file; the healthy image is the judge. Only the GUID
        // of the reserved partition, which no store names, is another.
        let healthy = Disk::raw(&format!("{name}-healthy"));
        let same = |at: u64, len: usize| {
            let read = |raw: &Path| {
                let mut bytes = vec![0; len];
                std::fs::File::open(raw).unwrap().read_exact_at(&mut bytes, at).unwrap();
                bytes
            };
            assert_eq!(read(repaired), read(&healthy.path), "{name}: at 0x{at:x}");
        };
        [0, 2, 3].iter().for_each(|index| same(2 * 4096 + 128 * index, 128));
        same(4096 + 0x38, 16);
        return;
    }
    let verdict = String::from_utf8(judge("sgdisk", &["-v", text(repaired)])).unwrap();
    assert!(verdict.contains("No problems found"), "{name}: {verdict}");
    let (disk, parts) = by_sfdisk(repaired);
    assert_eq!(disk, old, "{name}");
    for (number, guid) in guids {
        assert!(parts.contains(&(u64::from(*number), (*guid).to_owned())), "{name}: {parts:?}");
    }
    assert_eq!(partitions(original).len(), partitions(repaired).len());
}

/// Power goes in every write: one copy of the table is valid at every moment, and undo brings back every byte.
#[test]
fn power_goes_while_the_identity_is_put_back() {
    for (name, ..) in IMAGES
        .into_iter()
        .filter(|(name, ..)| ["win10-bios", "win11-uefi", "win2022-uefi-4kn"].contains(name))
    {
        let before = SparseRam::of(name);
        let (layout, diagnosis) = look(&before).expect("a sound disk");
        let plan = plan::plan(&before, &layout, &diagnosis, Cure::RestoreIdentity).expect("a plan");
        let created = "2026-01-02T03:04:05Z".into();
        let record = Record::of(&plan, &layout, before.len(), "/x/disk.img".into(), created);
        let mut after = before.clone();
        apply(&mut after, &plan.patches).expect("applied");
        // A header and a sector of entries, twice; or the one sector of an MBR.
        assert_eq!(plan.patches.len(), if name == "win10-bios" { 1 } else { 4 }, "{name}");
        for (from, to, patches) in
            [(&before, &after, plan.patches.clone()), (&after, &before, inverse(&plan.patches))]
        {
            for writes in 0..patches.len() {
                for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly, Cut::Torn(512)] {
                    let story = format!("{name}, {cut:?} in write {writes}");
                    let mut disk = PowerCut::new(from, writes);
                    apply(&mut disk, &patches).expect_err("the power went");
                    let mut disk = disk.after(cut);
                    let (layout, _) = look(&disk).unwrap_or_else(|| panic!("{story}: no table is left"));
                    assert_eq!(layout.volumes.len(), look(&before).unwrap().0.volumes.len(), "{story}");
                    undo::check(&record, &layout, disk.len()).unwrap_or_else(|e| panic!("{story}: {e}"));
                    apply(&mut disk, &inverse(&plan.patches)).unwrap_or_else(|e| panic!("{story}: {e}"));
                    assert!(disk.is_same(&before), "{story}: undo left something");
                    let mut again = disk.clone();
                    apply(&mut again, &plan.patches).unwrap_or_else(|e| panic!("{story}: {e}"));
                    assert!(again.is_same(to) || again.is_same(&after), "{story}");
                }
            }
        }
    }
}

#[test]
fn a_damaged_copy_of_the_table_must_be_mended_first() {
    let mut disk = SparseRam::of("win11-uefi");
    let last = disk.len() - 512;
    let byte = disk.get(last + 0x38, 1)[0];
    disk.put(last + 0x38, &[byte ^ 1]);
    let (layout, diagnosis) = look(&disk).expect("the primary is sound");
    let error = plan::plan(&disk, &layout, &diagnosis, Cure::RestoreIdentity).unwrap_err();
    let error = advice::of_plan(&error);
    assert!(error.contains("the backup GPT") && error.contains("repair the table first"), "{error}");
}

#[test]
fn a_disk_whose_identity_another_one_has_is_not_made_its_twin() {
    let (broken, healthy) = (Disk::raw("win2008r2-bios"), Disk::raw("win2008r2-bios-healthy"));
    let Some(machine) = Machine::of(&[(&broken, "512"), (&healthy, "512")]) else { return };
    let device = machine.device(0);
    let target = machine.run(&["check", "--json", device]).exits(4).target();
    assert_eq!(target["restore_identity"], Json::Null);
    let target = machine.run(&["check", "--json", "--independent", device]).exits(4).target();
    assert_eq!(target["restore_identity"]["possible"], false);
    // Images are nobody's neighbours.
    let target = bcdrescue(&["check", "--json", broken.name(), healthy.name()]).exits(4).target();
    assert_eq!(target["restore_identity"]["possible"], true);
}

/// BitLocker measures the store, so that its user has to say which cure it is to be.
#[test]
fn an_encrypted_windows_leaves_the_choice_to_its_owner() {
    let disk = Disk::raw("win10-bios");
    let raw = std::fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    raw.write_all_at(b"-FVE-FS-", 581 * MIB + 3).unwrap();
    drop(raw);
    let before = hash(&disk.path);
    let refused = bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("BitLocker").says("--repoint");
    refused.says("--restore-identity, which restores disk signature 0xc3a1f00d");
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    std::fs::remove_file(disk.record()).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes", "--repoint"]).exits(1);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// A disk without a signature gets the one that its store names, and nothing else; another signature does as well.
#[test]
fn a_disk_without_a_signature_gets_the_one_that_its_store_names() {
    let disk = Disk::raw("win10-bios-healthy");
    let healthy = hash(&disk.path);
    disk.put(0x1b8, &[0; 4]);
    let unsigned = hash(&disk.path);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let command: Vec<&str> = target["fix"]["command"].as_str().unwrap().split(' ').skip(1).collect();
    assert_eq!(command, ["fix", disk.name(), "--restore-identity"]);
    bcdrescue(&[command.as_slice(), &["--yes"]].concat()).exits(1).says("healthy");
    assert_eq!(hash(&disk.path), healthy);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), unsigned);
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x7ab1e0ff"]);
    fs::remove_file(disk.record()).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1).says("healthy");
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
}

/// The same where nothing is active and the boot record names another place: one command for all of it.
#[test]
fn a_disk_without_a_signature_gets_it_with_what_else_stops_windows() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let healthy = hash(&disk.path);
    disk.put(0x1b8, &[0; 4]);
    disk.put(0x1be, &[0]);
    disk.put((1 << 20) + 0x1c, &63u32.to_le_bytes());
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(target["fix"]["then"], "healthy");
    let command: Vec<&str> = target["fix"]["command"].as_str().unwrap().split(' ').skip(1).collect();
    assert_eq!(command, ["fix", disk.name(), "--active=1", "--boot-sector", "--restore-identity"]);
    bcdrescue(&[command.as_slice(), &["--yes"]].concat()).exits(1).says("healthy");
    assert_eq!(hash(&disk.path), healthy);
}

/// Two signatures in one store: which of them was this disk's, nothing tells.
#[test]
fn a_disk_without_a_signature_gets_none_of_two() {
    let disk = Disk::raw("win10-bios-healthy");
    disk.put(0x1b8, &[0; 4]);
    let store = store_of(&disk, "/Boot/BCD");
    let parsed = Store::parse(store.clone()).unwrap();
    let root = parsed.default_entry().unwrap().element(ElementId::OS_DEVICE).unwrap();
    let old = 0xc3a1_f00d_u32.to_le_bytes();
    let inside = root.raw.windows(4).position(|window| window == old).unwrap();
    let mut other = store;
    other[root.at + inside] ^= 1;
    put_store(&disk, "/Boot/BCD", &other);
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    let before = hash(&disk.path);
    if let Some(command) = target["fix"]["command"].as_str() {
        assert!(!command.contains("--restore-identity"), "{command}");
    }
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]);
    assert_eq!(hash(&disk.path), before);
}
