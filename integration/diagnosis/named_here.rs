//! Elements that name a partition that is here and has not their file, and disk images of which nothing tells the partition: what
//! `check` offers is carried out, and nothing else moves.

use std::fs;
use std::path::Path;

use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::create::NewElement;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::guid::Guid;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::second_windows;
use crate::support::menu_lists::rebuilt;
use crate::support::parts::change;
use crate::support::parts::gpt_of;
use crate::support::program::bcdrescue;
use crate::support::program::run;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_identities;

/// What `check` says that `fix` would come to; its command, run as it stands, does that and can be undone.
#[track_caller]
fn offered(disk: &Disk, path: &str, command: &str, then: &str, elements: usize) {
    let (before, store) = (hash(&disk.path), store_of(disk, path));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let fix = &target["fix"];
    let expected = format!("bcdrescue fix {}{command}", disk.name());
    assert_eq!(
        (fix["command"].as_str(), fix["then"].as_str()),
        (Some(expected.as_str()), Some(then)),
        "{fix:#}"
    );
    let program = Path::new(env!("CARGO_BIN_EXE_bcdrescue")).parent().unwrap();
    let line = format!("PATH={}:$PATH; {expected} --yes", text(program));
    let ran = run("sh", &["-c", &line]);
    assert!(matches!(ran.code, 1 | 5), "{}{}", ran.stdout, ran.stderr);
    let code = if then == "healthy" { 0 } else { 4 };
    assert_eq!(bcdrescue(&["check", disk.name(), "--json"]).exits(code).target()["verdict"], then);
    assert_eq!(hivex_difference(&store, &store_of(disk, path)).len(), elements);
    let fixed = hash(&disk.path);
    let again = run("sh", &["-c", &line]);
    assert_eq!((again.code & 1, hash(&disk.path)), (0, fixed), "a second fix wrote");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(record).unwrap();
}

/// Whether an element is of the recovery environment, by its place in a store of Windows 11.
fn is_recovery(disk: &Disk, of: QualifiedPartition) -> impl Fn(QualifiedPartition) -> bool {
    let recovery = gpt_of(disk, 4);
    move |named| named == of || named == recovery
}

#[test]
fn a_ram_disk_that_is_on_another_partition_than_named_is_found() {
    let disk = Disk::raw("win11-uefi-healthy");
    let (windows, recovery) = (gpt_of(&disk, 3), gpt_of(&disk, 4));
    let is_it = is_recovery(&disk, recovery);
    let moved = with_identities(&store_of(&disk, UEFI), |_, _, named| is_it(named).then_some(windows));
    put_store(&disk, UEFI, &moved);
    // device, osdevice, ramdisksdidevice; what else is on the partition that they name stays.
    offered(&disk, UEFI, " --recovery=4", "healthy", 3);
}

#[test]
fn of_two_recovery_partitions_under_new_guids_the_user_says_which() {
    let disk = Disk::raw("win11-uefi");
    second_windows(&disk, 4, 5);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let open = target["findings"].as_array().unwrap().iter().filter(|it| it["switch"] == "--recovery=N");
    assert_ne!(open.count(), 0, "{:#}", target["findings"]);
    for number in ["4", "5"] {
        bcdrescue(&["fix", disk.name(), "--yes", "--recovery", number]).exits(1);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
        assert_eq!(target["verdict"], "healthy", "{:#}", target["findings"]);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
    }
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--recovery", "3"]).exits(8).says("does not have");
    bcdrescue(&["fix", disk.name(), "--yes", "--recovery", "9"]).exits(8).says("there is no partition 9");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_windows_that_is_on_another_partition_than_named_is_found() {
    // A data partition now begins where Windows began: the partitions were copied in another order.
    let disk = Disk::raw("win10-bios-healthy");
    let here = |offset| QualifiedPartition::Mbr { signature: 0xc3a1_f00d, offset };
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    let start = |index: usize| json["partitiontable"]["partitions"][index]["start"].as_u64().unwrap() * 512;
    let (system, windows) = (here(start(0)), here(start(1)));
    let moved = with_identities(&store_of(&disk, BIOS), |object, _, named| {
        (named == windows && object != "{bootmgr}").then_some(system)
    });
    let count = hivex_difference(&store_of(&disk, BIOS), &moved).len();
    put_store(&disk, BIOS, &moved);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(target["stop"]["code"], "file-missing");
    let command = target["fix"]["command"].as_str().unwrap();
    assert!(command.contains(" --windows=2 '--entry={"), "{command}");
    let switches = command.split_once(disk.name()).unwrap().1.to_owned();
    offered(&disk, BIOS, &switches, target["fix"]["then"].as_str().unwrap(), count);
}

#[test]
fn ntldr_that_is_on_another_partition_than_named_is_found() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = crate::diagnosis::menus::with_ntldr_in_menu(&store_of(&disk, BIOS), 0x2450_0000);
    put_store(&disk, BIOS, &store);
    for file in ["/ntldr", "/NTDETECT.COM", "/boot.ini"] {
        change(&disk, 1, |volume| put_ntfs(volume, file, &stand_in::of(file)));
    }
    offered(&disk, BIOS, " --system=1", "healthy", 1);
}

/// What is settled by it is settled for good: the same words again find nothing to refuse.
#[test]
fn a_word_that_was_taken_is_no_wrong_word_afterwards() {
    let disk = Disk::raw("win2008sp2-bios");
    let words = ["fix", disk.name(), "--yes", "--windows=1", "--system=1"];
    bcdrescue(&words).exits(1).says("verified: healthy");
    let fixed = hash(&disk.path);
    bcdrescue(&words).exits(0);
    assert_eq!(hash(&disk.path), fixed);
}

/// A partition that no disk has, by one letter of its GUID.
fn gone(bytes: &[u8], partition: Guid, letter: u8) -> Vec<u8> {
    let (old, mut new) = (partition.bytes(), *partition.bytes());
    new[15] = letter;
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(16).position(|window| window == old.as_slice()) {
        bytes[at..at + 16].copy_from_slice(&new);
    }
    bytes
}

#[test]
fn of_two_recovery_environments_that_may_be_one_partition_the_user_says_which_entry() {
    let disk = Disk::raw("win11-uefi");
    let old = gpt_of(&Disk::raw("win11-uefi-healthy"), 4);
    let QualifiedPartition::Gpt { partition, .. } = old else { unreachable!() };
    let sound = store_of(&disk, UEFI);
    let mut ids = Vec::new();
    let store = rebuilt(&sound, |objects| {
        let raw = |element: &NewElement| match element {
            NewElement::Raw(bytes) => bytes.clone(),
            NewElement::Value(_) => unreachable!(),
        };
        let names = |bytes: &[u8]| bytes.windows(16).any(|window| window == partition.bytes().as_slice());
        let is_of_it = |object: &&NewObject| object.elements.iter().any(|(_, it)| names(&raw(it)));
        let old: Vec<Guid> = objects.iter().filter(is_of_it).map(|object| object.id).collect();
        let twin = |id: Guid| {
            let mut bytes = *id.bytes();
            bytes[0] ^= 0xff;
            Guid::from_bytes(bytes)
        };
        let mut twins = Vec::new();
        for object in objects.iter_mut().filter(|object| old.contains(&object.id)) {
            let elements = object.elements.iter().map(|(id, it)| {
                let mut bytes = gone(&raw(it), partition, 2);
                for id in &old {
                    while let Some(at) = bytes.windows(16).position(|window| window == id.bytes().as_slice())
                    {
                        bytes[at..at + 16].copy_from_slice(twin(*id).bytes());
                    }
                }
                (*id, NewElement::Raw(bytes))
            });
            twins.push(NewObject {
                id: twin(object.id),
                elements: elements.collect(),
                ..NewObject::new(object.id, object.object_type)
            });
            for (_, it) in &mut object.elements {
                *it = NewElement::Raw(gone(&raw(it), partition, 1));
            }
        }
        let loaders = twins.iter().filter(|object| object.object_type == ObjectType::OS_LOADER);
        ids.extend(loaders.map(|object| object.id));
        objects.extend(twins);
    });
    put_store(&disk, UEFI, &store);
    // A second partition with the same files leaves both open; the second store is of the first environment.
    second_windows(&disk, 4, 5);
    let second = "/EFI/Microsoft/Recovery/BCD";
    put_store(&disk, second, &gone(&store_of(&disk, second), partition, 1));
    let [entry] = ids.try_into().unwrap();
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let advice = format!("the entry with --entry {}", entry.braced());
    let remedies: Vec<&str> =
        target["findings"].as_array().unwrap().iter().filter_map(|it| it["remedy"].as_str()).collect();
    let is_advised = |it: &&str| it.contains("--recovery N") && it.contains(&advice);
    assert!(remedies.iter().any(is_advised), "{:#}", target["findings"]);
    assert!(!remedies.iter().any(|it| it.contains("--windows")), "{remedies:#?}");
    let before = hash(&disk.path);
    let refused = bcdrescue(&["fix", disk.name(), "--yes", "--recovery", "4"]).exits(8);
    refused.says("fits elements of several entries").says("--entry {GUID}");
    assert_eq!(hash(&disk.path), before);
    let asked = bcdrescue(&["check", disk.name(), "--recovery", "4", "--json"]).exits(4).target();
    let advice = format!("choose the entry with --recovery N --entry {}", entry.braced());
    assert!(asked.to_string().contains(&advice), "{:#}", asked["findings"]);
    // As it is advised, with the partition's number.
    let choice = ["fix", disk.name(), "--yes", "--recovery", "4", "--entry", &entry.braced()];
    let run = bcdrescue(&choice);
    assert_eq!(run.code & 1, 1, "{}{}", run.stdout, run.stderr);
    let id = entry.braced();
    let changed = hivex_difference(&store, &store_of(&disk, UEFI));
    assert!(changed.len() >= 2 && changed.iter().any(|path| path.contains(&id)), "{changed:?}");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}
