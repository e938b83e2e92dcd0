//! The firmware's boot entries in a store: what is said of stale copies, what `--firmware-entries` changes, and what it
//! leaves. hivex says which values differ; what they must be is put together here.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::guid::Guid;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::plan;
use serde_json::Value as Json;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::firmware_stores::Node;
use crate::support::firmware_stores::OF_WINDOWS;
use crate::support::firmware_stores::OWN;
use crate::support::firmware_stores::disk;
use crate::support::firmware_stores::renamed;
use crate::support::firmware_stores::variable;
use crate::support::firmware_stores::with_objects;
use crate::support::judges::fat_file;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::oracle::Identity;
use crate::support::oracle::identities_of_table;
use crate::support::parts::change_at;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::sparse::SparseRam;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;

const SWITCH: &str = "--firmware-entries";

fn copy_of(id: Guid) -> String {
    format!("NewStoreRoot\\Objects\\{}\\Description\\FirmwareVariable", id.braced())
}

fn device_of(id: Guid) -> String {
    format!("NewStoreRoot\\Objects\\{}\\Elements\\11000001\\Element", id.braced())
}

/// Subjects of the findings about entries.
fn entries(target: &Json) -> Vec<String> {
    let all = target["findings"].as_array().unwrap().iter();
    let entries = all.filter(|finding| finding["code"] == "firmware-entry");
    entries
        .map(|finding| {
            assert_eq!(finding["severity"], "note");
            finding["subject"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// A partition of the disk as a node must name it, by sfdisk.
fn node(disk: &Disk, number: u32) -> Node {
    let at = partitions(&disk.path).iter().position(|part| part.number == number).unwrap();
    let part = partitions(&disk.path).remove(at);
    match identities_of_table(&disk.path)[at] {
        Identity::Gpt { partition, .. } => {
            Node::gpt(number, part.start / 512, part.len / 512, Guid::from_bytes(partition))
        }
        Identity::Mbr { signature, .. } => Node::mbr(number, part.start / 512, part.len / 512, signature),
    }
}

/// What a device element that names a partition of a GPT disk must become.
fn element(disk: &Disk, number: u32, before: &[u8]) -> Vec<u8> {
    let at = partitions(&disk.path).iter().position(|part| part.number == number).unwrap();
    let Identity::Gpt { disk, partition } = identities_of_table(&disk.path)[at] else { panic!("no GPT") };
    let mut after = before.to_vec();
    after[0x20..0x30].copy_from_slice(&partition);
    after[0x38..0x48].copy_from_slice(&disk);
    after
}

/// Asserts that exactly these values of the store differ, and what they are.
#[track_caller]
fn judged(before: &[u8], after: &[u8], expected: &BTreeMap<String, Vec<u8>>) {
    let mut difference = hivex_difference(before, after);
    difference.sort();
    assert_eq!(difference, expected.keys().cloned().collect::<Vec<_>>());
    for (path, value) in expected {
        assert_eq!(&hivex_bytes(after, path), value, "{path}");
    }
}

/// The copies, and `device` of the firmware's own entries, that must name other partitions.
fn expected(disk: &Disk, before: &[u8], objects: &[(Guid, u32)]) -> BTreeMap<String, Vec<u8>> {
    let mut values = BTreeMap::new();
    for (id, number) in objects {
        let path = copy_of(*id);
        values.insert(path.clone(), renamed(&hivex_bytes(before, &path), &node(disk, *number)));
        if *id != BOOTMGR {
            let path = device_of(*id);
            values.insert(path.clone(), element(disk, *number, &hivex_bytes(before, &path)));
        }
    }
    values
}

/// A second fix writes nothing, and undo brings back every byte.
#[track_caller]
fn settled(disk: &Disk, original: &[u8]) {
    let fixed = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed, "a second fix wrote");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), original, "undo did not bring back every byte");
    fs::remove_file(record).unwrap();
}

#[test]
fn copies_go_with_the_elements_when_that_is_asked_for() {
    let disk = disk("win11-uefi");
    let (original, before) = (hash(&disk.path), store_of(&disk, UEFI));
    let said = entries(&check(&disk, 4));
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("{bootmgr} Boot0000 \"Windows Boot Manager\"") || said[2].contains("{bootmgr}"));
    assert!(said.iter().all(|said| !said.contains("USB") && !said.contains("Linux")), "{said:?}");
    bcdrescue(&["check", "-v", disk.name()])
        .exits(4)
        .says("refers to partition 1 (SYSTEM) by an old identity")
        .says("it refers to partition GUID 5f3c0102-3b1d-4c01-9a2c-0242ac1b0002, number 1")
        .says("which cannot be read from here")
        .says(r"\EFI\Boot\bootx64.efi, which is present")
        .says("efibootmgr");
    bcdrescue(&["check", "-v", disk.name(), SWITCH])
        .exits(4)
        .says("fix changes the identity in the firmware entry");

    // Without the switch they stay, and nothing else of the store does.
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let plain = hivex_difference(&before, &store_of(&disk, UEFI));
    let ours = [BOOTMGR, OWN, OF_WINDOWS].map(copy_of);
    let devices = [OWN, OF_WINDOWS].map(device_of);
    assert!(plain.iter().all(|path| !ours.contains(path) && !devices.contains(path)), "{plain:?}");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    fs::remove_file(record).unwrap();

    bcdrescue(&["fix", disk.name(), "--dry-run", SWITCH]).exits(4).says("dry run: nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (original.clone(), 0));
    let run = bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(1);
    run.says("14 elements re-pointed, 7 fields corrected");
    let after = store_of(&disk, UEFI);
    let mut values = expected(&disk, &before, &[(BOOTMGR, 1), (OWN, 1), (OF_WINDOWS, 3)]);
    assert_eq!(values.len(), 5);
    values.extend(plain.iter().map(|path| (path.clone(), hivex_bytes(&after, path))));
    judged(&before, &after, &values);
    let target = check(&disk, 0);
    assert_eq!((target["verdict"].as_str(), entries(&target)), (Some("healthy"), vec![]));
    settled(&disk, &original);
}

/// After a plain repair no element names the old identity any more; {bootmgr}'s own copy proves it.
#[test]
fn copies_are_cured_after_a_plain_repair_too() {
    let disk = disk("win11-uefi");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    let (original, before) = (hash(&disk.path), store_of(&disk, UEFI));
    let target = check(&disk, 0);
    assert_eq!((target["verdict"].as_str(), entries(&target).len()), (Some("healthy"), 2));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
    bcdrescue(&["fix", disk.name(), "--dry-run", SWITCH]).exits(4);
    assert_eq!((hash(&disk.path), disk.records().len()), (original.clone(), 0));
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json", SWITCH]).exits(1).target();
    assert_eq!(target["changes"], Json::Array(vec![]));
    assert_eq!(target["edits"].as_array().unwrap().len(), 4);
    judged(&before, &store_of(&disk, UEFI), &expected(&disk, &before, &[(BOOTMGR, 1), (OWN, 1)]));
    assert_eq!(entries(&check(&disk, 0)).len(), 0);
    settled(&disk, &original);
}

#[test]
fn the_old_identity_makes_copies_right_by_itself() {
    let disk = disk("win11-uefi");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity", SWITCH]).exits(16);
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
    assert_eq!(entries(&check(&disk, 0)).len(), 0);
}

#[test]
fn what_stops_a_repair_of_the_store_stops_this_one() {
    let disk = disk("win11-uefi-healthy");
    assert_eq!(entries(&check(&disk, 0)).len(), 0);
    judge("sfdisk", &["-q", "--part-uuid", disk.name(), "1", "99999999-8888-4777-8666-000000000001"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    // A change that was begun: the first sequence number is one ahead.
    let mut dirty = store_of(&disk, UEFI);
    dirty[4] ^= 0x10;
    put_store(&disk, UEFI, &dirty);
    let original = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(8).says("is dirty");
    assert_eq!((hash(&disk.path), disk.records().len()), (original, 0));
    dirty[4] ^= 0x10;
    put_store(&disk, UEFI, &dirty);

    // The FAT says that it was not unmounted.
    let part = partitions(&disk.path).remove(0);
    let raw = fs::OpenOptions::new().read(true).write(true).open(&disk.path).unwrap();
    let mut byte = [0];
    raw.read_exact_at(&mut byte, part.start + 0x41).unwrap();
    raw.write_all_at(&[byte[0] | 1], part.start + 0x41).unwrap();
    let original = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(8).says("--allow-dirty-volume");
    assert_eq!((hash(&disk.path), disk.records().len()), (original.clone(), 0));
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH, "--allow-dirty-volume"]).exits(1);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), original);
}

/// A new disk GUID alone: copies name the partition by its own GUID and are right, `device` names the disk too.
#[test]
fn a_new_disk_guid_is_the_elements_business() {
    let disk = disk("win11-uefi-healthy");
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "11111111-2222-4333-8444-555555555555"]);
    let (original, before) = (hash(&disk.path), store_of(&disk, UEFI));
    assert_eq!(entries(&check(&disk, 4)).len(), 2);
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(1).says("2 fields corrected");
    let after = store_of(&disk, UEFI);
    let difference = hivex_difference(&before, &after);
    for (id, number) in [(OWN, 1), (OF_WINDOWS, 3)] {
        let value = element(&disk, number, &hivex_bytes(&before, &device_of(id)));
        assert_eq!(hivex_bytes(&after, &device_of(id)), value);
    }
    assert!(difference.iter().all(|path| !path.contains("FirmwareVariable")), "{difference:?}");
    settled(&disk, &original);
}

/// The partition is the same and begins elsewhere.
#[test]
fn a_partition_that_moved_is_named_by_its_new_place() {
    let disk = disk("win11-uefi-healthy");
    let guid = Guid::from_bytes(node(&disk, 1).3);
    let bytes = store_of(&disk, UEFI);
    let moved = variable(0, "Windows Boot Manager", Some(&Node::gpt(1, 4096, 99, guid)));
    put_store(&disk, UEFI, &with_objects(&bytes, &moved, Vec::new()));
    let (original, before) = (hash(&disk.path), store_of(&disk, UEFI));
    bcdrescue(&["check", "-v", disk.name()]).exits(0).says("with a different start or size");
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(1).says("2 fields corrected");
    judged(&before, &store_of(&disk, UEFI), &expected(&disk, &before, &[(BOOTMGR, 1)]));
    settled(&disk, &original);
}

/// A node counts in blocks of the disk: here of 4096 bytes.
#[test]
fn blocks_are_those_of_the_disk() {
    const MIB: u64 = 1 << 20;
    let old = Node::gpt(1, 256, 76_800, "5f3c0202-3b1d-4c02-9a2c-0242ac1b0002".parse().unwrap());
    let read = |file: &Path| fat_file(file, UEFI);
    let on = |disk: &Disk| {
        let file = cut(&disk.path, MIB, 300 * MIB);
        let bytes = read(&file);
        fs::remove_file(file).unwrap();
        bytes
    };
    for (name, stale) in [("win2022-uefi-4kn-healthy", false), ("win2022-uefi-4kn", true)] {
        let disk = Disk::raw(name);
        change_at(&disk, MIB, 300 * MIB, |file| {
            let manager = variable(0, "Windows Boot Manager", Some(&old));
            put_fat(file, UEFI, &with_objects(&read(file), &manager, Vec::new()));
        });
        let (original, before) = (hash(&disk.path), on(&disk));
        assert_eq!(entries(&check(&disk, if stale { 4 } else { 0 })).len(), usize::from(stale));
        if stale {
            bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(1).says("1 field corrected");
            let new = Node::gpt(1, 256, 76_800, "71b1d472-d803-45ff-8df0-a1435b3a3266".parse().unwrap());
            let path = copy_of(BOOTMGR);
            assert_eq!(hivex_bytes(&on(&disk), &path), renamed(&hivex_bytes(&before, &path), &new));
            settled(&disk, &original);
        }
    }
}

/// The original of a copied disk is attached: what names it is not touched.
#[test]
fn copies_that_name_another_attached_disk_stay() {
    let (copied, original) = (disk("win11-uefi"), Disk::raw("win11-uefi-healthy"));
    bcdrescue(&["fix", copied.name(), "--yes"]).exits(1);
    assert_eq!(entries(&check(&copied, 0)).len(), 2);
    let Some(machine) = Machine::of(&[(&copied, "512"), (&original, "512")]) else { return };
    let run = machine.run(&["check", "--json", SWITCH, machine.device(0)]).exits(0);
    assert_eq!(entries(&run.target()), Vec::<String>::new());
}

/// Windows on a disk with an MBR that started by UEFI: a node names signature and first block.
#[test]
fn copies_on_an_mbr_disk() {
    let disk = Disk::raw("win10-bios");
    let named = Node::mbr(1, 2048, node(&disk, 1).2, 0xc3a1_f00d);
    let manager = variable(0, "Windows Boot Manager", Some(&named));
    let bytes = with_objects(&store_of(&disk, BIOS), &manager, Vec::new());
    put_store(&disk, BIOS, &bytes);
    let (original, before) = (hash(&disk.path), store_of(&disk, BIOS));
    let target = check(&disk, 4);
    assert_eq!(entries(&target).len(), 1);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes", SWITCH]).exits(1).says("1 field corrected");
    let after = store_of(&disk, BIOS);
    assert_eq!(
        hivex_bytes(&after, &copy_of(BOOTMGR)),
        expected(&disk, &before, &[(BOOTMGR, 1)])[&copy_of(BOOTMGR)]
    );
    settled(&disk, &original);
}

#[test]
fn inspect_shows_entries() {
    let disk = disk("win11-uefi-healthy");
    bcdrescue(&["inspect", disk.name()])
        .exits(0)
        .says("Boot0000 \"Windows Boot Manager\": partition 1 (SYSTEM), matches")
        .says("Boot0003 \"USB\": unknown: disk signature 0x0007d086, number 1, 99 blocks from block 32")
        .says("Boot0005 \"PXE\": no partition");
    let target = bcdrescue(&["inspect", disk.name(), "--json"]).exits(0).target();
    let objects = target["stores"][0]["objects"].as_array().unwrap();
    let entry = |name: &str| &objects.iter().find(|one| one["firmware_variable"]["name"] == name).unwrap()["firmware_variable"];
    let manager = entry("Windows Boot Manager");
    assert_eq!((&manager["id"], &manager["here"]), (&"Boot0000".into(), &1.into()));
    assert_eq!((&manager["partition_number"], &manager["start"]), (&1.into(), &2048.into()));
    assert_eq!(manager["identity"], "5f3c0102-3b1d-4c01-9a2c-0242ac1b0002");
    assert_eq!((&entry("USB")["identity"], &entry("USB")["here"]), (&"0x0007d086".into(), &Json::Null));
    assert_eq!(entry("PXE")["start"], Json::Null);
    let file = disk.folder.path().join("BCD");
    fs::write(&file, store_of(&disk, UEFI)).unwrap();
    bcdrescue(&["inspect", text(&file)]).exits(0).says("Boot0004 \"Linux\": partition GUID eeee0001");
}

fn look(disk: &SparseRam) -> (Layout, Diagnosis, Context) {
    let choice = Choice { firmware_entries: true, ..Choice::default() };
    let context = Context { choice, ..Context::default() };
    let layout = discover(disk).unwrap();
    let diagnosis = diagnose(&layout, &context);
    (layout, diagnosis, context)
}

/// Power goes in every write, and half an identity may be left where two sectors meet: a second repair completes the first.
#[test]
fn power_goes_while_copies_are_written() {
    for first in [false, true] {
        let disk = disk("win11-uefi");
        if first {
            bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
        }
        let before = SparseRam::read(&disk.path);
        let (layout, diagnosis, context) = look(&before);
        let plan = plan::plan(&before, &layout, &diagnosis, Cure::Repoint).unwrap();
        plan::still_holds(&plan, &before, &context, Cure::Repoint).unwrap();
        let mut after = before.clone();
        apply(&mut after, &plan.patches).unwrap();
        assert!(look(&after).1.edits().next().is_none());
        let completed = |disk: &SparseRam, story: &str| {
            let (layout, diagnosis, _) = look(disk);
            let plan = plan::plan(disk, &layout, &diagnosis, Cure::Repoint)
                .unwrap_or_else(|error| panic!("{story}: {error}"));
            let mut disk = disk.clone();
            apply(&mut disk, &plan.patches).unwrap_or_else(|error| panic!("{story}: {error}"));
            assert!(disk.is_same(&after), "{story}: a second repair does not complete the first");
        };
        let mut done = before.clone();
        for patch in &plan.patches {
            let places = (0..patch.before.len()).filter(|at| patch.before[*at] != patch.after[*at]);
            for at in places.collect::<Vec<_>>() {
                done.put(patch.offset + at as u64, &patch.after[at..=at]);
                if (at + 1) % 4 == 0 {
                    completed(
                        &done,
                        &format!("after a repair: {first}, cut at 0x{at:x} of 0x{:x}", patch.offset),
                    );
                }
            }
        }
        for writes in 0..plan.patches.len() {
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly, Cut::Torn(100), Cut::Torn(333)] {
                let mut disk = PowerCut::new(&before, writes);
                apply(&mut disk, &plan.patches).unwrap_err();
                let disk = disk.after(cut);
                completed(&disk, &format!("after a repair: {first}, {cut:?} in write {writes}"));
            }
        }
    }
}
