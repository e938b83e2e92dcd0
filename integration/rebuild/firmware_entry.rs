//! The entry of the firmware's boot menu, in a folder in place of efivarfs: judged by efibootmgr, and by hand.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::Store;
use bcdrescue::bcd::firmware_variable::FirmwareVariable;
use bcdrescue::bcd::firmware_variable::value_of;
use bcdrescue::bcd::load_option::windows_data;
use bcdrescue::bcd::object_id::BOOTMGR;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::rebuild::promise::damaged;
use crate::support::corpus;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::judges::judged;
use crate::support::parts::gpt_of;
use crate::support::parts::partitions;
use crate::support::program::Run;
use crate::support::program::not_run;
use crate::support::program::run;
use crate::support::program::text;

const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const SWITCHES: [&str; 2] = ["--rebuild", "--firmware-entry"];

/// A folder in place of efivarfs, on a machine that starts from a network: `Boot0000`, and nothing else.
struct Nvram(TempDir);

impl Nvram {
    fn new() -> Self {
        let nvram = Self(tempfile::tempdir().unwrap());
        let name: Vec<u8> = "Network\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let entry = [&[1, 0, 0, 0, 4, 0][..], &name, &[0x7f, 0xff, 4, 0]].concat();
        nvram.put("Boot0000", &entry);
        nvram.put("BootOrder", &[0, 0]);
        nvram
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}-{GLOBAL}"))
    }

    fn put(&self, name: &str, value: &[u8]) {
        fs::write(self.file(name), [&[7, 0, 0, 0], value].concat()).unwrap();
    }

    /// Every variable with its bytes.
    fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        all.sort();
        all
    }

    /// The program on the machine with these variables.
    fn bcdrescue(&self, arguments: &[&str]) -> Run {
        on(self.0.path(), arguments)
    }

    fn fix(&self, disk: &Disk, more: &[&str]) -> Run {
        self.bcdrescue(&[&["fix", disk.name()], &SWITCHES[..], more].concat())
    }
}

fn on(variables: &Path, arguments: &[&str]) -> Run {
    let named = format!("EFIVARFS_PATH={}/", text(variables));
    run("env", &[&[&named, env!("CARGO_BIN_EXE_bcdrescue")], arguments].concat())
}

fn ruined() -> Disk {
    damaged("win11-uefi", &["store-not-a-hive"])
}

#[test]
fn it_is_made_when_the_disk_is_and_taken_back_with_it() {
    let (disk, nvram) = (ruined(), Nvram::new());
    let (before, menu) = (hash(&disk.path), nvram.all());
    let planned = r#"make the firmware entry Boot0001 "Windows Boot Manager" (first in BootOrder)"#;
    nvram.fix(&disk, &["--dry-run"]).exits(4).says(planned);
    assert_eq!((hash(&disk.path), nvram.all()), (before.clone(), menu.clone()), "a dry run wrote");

    let said = nvram.fix(&disk, &["--yes", "--json"]).exits(1).target();
    let is_entry = |made: &&Json| made["kind"] == "firmware-entry";
    let made = said["made"].as_array().unwrap().iter().find(is_entry).expect("an entry");
    assert_eq!((&made["variable"], &made["partition"]), (&"Boot0001".into(), &1.into()));
    is_as_windows_has_it(&disk, &nvram);
    let after = nvram.all();
    let again = nvram.fix(&disk, &["--yes"]).exits(0).says("nothing was written");
    again.says("firmware entry Boot0001 starts this boot manager already; BootOrder is left as it is");
    assert_eq!(nvram.all(), after);

    let record = disk.record();
    let undo = |more: &[&str]| nvram.bcdrescue(&[&["undo", text(&record)], more].concat());
    undo(&["--dry-run"]).exits(4).says(r#"remove the firmware entry Boot0001 "Windows Boot Manager""#);
    assert_eq!(nvram.all(), after);
    undo(&["--yes"]).exits(1).says("every byte is as it was").says("firmware entry Boot0001 removed");
    assert_eq!((hash(&disk.path), nvram.all()), (before, menu));
    undo(&["--yes"]).exits(0).says("nothing to do");
}

/// Byte for byte from the UEFI Specification and the table, and as efibootmgr reads it.
fn is_as_windows_has_it(disk: &Disk, nvram: &Nvram) {
    let read = |name: &str| fs::read(nvram.file(name)).unwrap();
    assert_eq!(read("BootOrder"), [7, 0, 0, 0, 1, 0, 0, 0]);
    let entry = read("Boot0001");
    assert_eq!(entry[..10], [7, 0, 0, 0, 1, 0, 0, 0, 0x74, 0]);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let name = utf16("Windows Boot Manager\0");
    assert_eq!(entry[10..][..name.len()], name);
    let node = &entry[10 + name.len()..];
    assert_eq!(node[..8], [4, 1, 0x2a, 0, 1, 0, 0, 0]);
    let [part, ..] = &partitions(&disk.path)[..] else { panic!("no partition") };
    let blocks = |at: usize| u64::from_le_bytes(node[at..at + 8].try_into().unwrap()) * 512;
    assert_eq!((blocks(8), blocks(16)), (part.start, part.len));
    let bcdrescue::bcd::QualifiedPartition::Gpt { partition, .. } = gpt_of(disk, 1) else { panic!("no GPT") };
    assert_eq!((&node[24..40], &node[40..42]), (&partition.bytes()[..], &[2, 2][..]));
    let file = utf16("\\EFI\\Microsoft\\Boot\\bootmgfw.efi\0");
    assert_eq!(node[42..46], [4, 4, 0x46, 0]);
    assert_eq!((&node[46..][..file.len()], &node[0x70..0x74]), (&file[..], &[0x7f, 0xff, 4, 0][..]));
    assert_eq!(node.len(), 0x74 + 0x88);

    let named = format!("EFIVARFS_PATH={}/", text(nvram.0.path()));
    let shown = String::from_utf8(judge("env", &[&named, "efibootmgr", "-v"])).unwrap();
    assert!(shown.contains("BootOrder: 0001,0000"), "{shown}");
    let place = format!("HD(1,GPT,{partition},0x{:x},0x{:x})", part.start / 512, part.len / 512);
    let line = format!("Boot0001* Windows Boot Manager\t{place}/File(\\EFI\\Microsoft\\Boot\\bootmgfw.efi)");
    assert!(shown.contains(&line), "{line}\n{shown}");
}

/// As after a clone onto another disk: nothing is wrong on the disk, but the firmware does not know it.
#[test]
fn a_disk_that_is_well_gets_one_too() {
    let (disk, nvram) = (damaged("win11-uefi", &[]), Nvram::new());
    let (before, menu) = (hash(&disk.path), nvram.all());
    nvram.fix(&disk, &["--yes"]).exits(1).says("fixed: firmware entry Boot0001 made; verified: healthy");
    is_as_windows_has_it(&disk, &nvram);
    assert_eq!(hash(&disk.path), before);
    let record = disk.record();
    let undone = nvram.bcdrescue(&["undo", text(&record), "--yes", "--json"]).exits(1).target();
    assert_eq!((&undone["action"], &undone["firmware_entry"]), (&"undone".into(), &"removed".into()));
    assert_eq!((hash(&disk.path), nvram.all()), (before, menu));
}

#[test]
fn one_that_is_there_is_left_and_so_is_the_order() {
    let (disk, nvram) = (ruined(), Nvram::new());
    nvram.fix(&disk, &["--yes"]).exits(1);
    nvram.bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    // The same entry as firmware may spell it, under another number and last.
    let other = damaged("win11-uefi", &[]);
    let donor = Nvram::new();
    donor.fix(&other, &["--yes"]).exits(1);
    let mut entry = fs::read(donor.file("Boot0001")).unwrap();
    let path = entry.windows(4).position(|bytes| bytes == [b'\\', 0, b'E', 0]).unwrap();
    entry[path..path + 62].make_ascii_uppercase();
    nvram.put("Boot00AB", &entry[4..]);
    nvram.put("BootOrder", &[0, 0, 0xab, 0]);
    let menu = nvram.all();
    fs::remove_file(disk.record()).unwrap();
    let fixed = nvram.fix(&disk, &["--yes"]).exits(1);
    fixed.says("firmware entry Boot00AB starts this boot manager already");
    assert_eq!(nvram.all(), menu);
}

/// Whoever has changed the entry meant it so.
#[test]
fn one_that_was_changed_since_stays_and_the_disk_is_undone() {
    let (disk, nvram) = (ruined(), Nvram::new());
    let before = hash(&disk.path);
    nvram.fix(&disk, &["--yes"]).exits(1);
    let mut entry = fs::read(nvram.file("Boot0001")).unwrap();
    entry[4] = 0;
    nvram.put("Boot0001", &entry[4..]);
    let menu = nvram.all();
    let undone = nvram.bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    undone.says("was changed since, and stays; to remove it: `efibootmgr -B -b 0001`");
    assert_eq!((hash(&disk.path), nvram.all()), (before, menu));
}

#[test]
fn where_there_is_no_menu_nothing_is_written() {
    let (disk, nvram) = (ruined(), Nvram::new());
    let (before, menu) = (hash(&disk.path), nvram.all());
    let arguments = ["fix", disk.name(), "--rebuild", "--firmware-entry", "--yes"];
    // An image, and nobody has said whose NVRAM is meant.
    let image =
        run("env", &[&["-u", "EFIVARFS_PATH", env!("CARGO_BIN_EXE_bcdrescue")], &arguments[..]].concat());
    image.exits(8).says("the target is not one of its disks").says("nothing was written");
    let none = on(&nvram.0.path().join("none"), &arguments).exits(8);
    none.says("no firmware variables").says(
        r"boot the rescue system in UEFI mode, or omit --firmware-entry: firmware starts \EFI\Boot\bootx64.efi without an entry",
    );
    fs::write(nvram.file("BootOrder"), [7, 0, 0]).unwrap();
    nvram.fix(&disk, &["--yes"]).exits(8).says("expected attributes and a value");
    nvram.put("BootOrder", &[0, 0]);
    let bios = damaged("win10-bios", &["store-not-a-hive"]);
    nvram.fix(&bios, &["--yes"]).exits(8).says("this disk starts by BIOS");
    let alone = nvram.bcdrescue(&["fix", disk.name(), "--firmware-entry"]).exits(16);
    alone.says("--rebuild");
    assert_eq!((hash(&disk.path), nvram.all(), disk.records().len()), (before, menu, 0));
}

/// The disk comes first, and is not undone for a menu that refuses.
#[test]
fn a_menu_that_refuses_leaves_a_disk_that_is_repaired() {
    let (nvram, well) = (Nvram::new(), damaged("win11-uefi", &[]));
    let order = nvram.file("BootOrder");
    let freeze = |how: &str| judged("chattr", &[how, text(&order)]);
    if let Err(said) = freeze("+i") {
        return not_run("a menu that refuses", &said);
    }
    let menu = nvram.all();
    let disk = ruined();
    let fixed = nvram.fix(&disk, &["--yes"]);
    let alone = nvram.fix(&well, &["--yes"]);
    freeze("-i").unwrap();
    let fixed = fixed.exits(9).says("fixed: new store made, in ").says("verified: healthy");
    fixed.says("the disk is written and verified; only the firmware entry was not made: firmware variable ");
    alone.exits(8).says("nothing was written: firmware variable ");
    assert_eq!((nvram.all(), well.records().len()), (menu, 0));
    nvram.bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1).says("every byte is as it was");
}

/// The data of an entry are what Windows has written into the stores of real machines.
#[test]
fn its_data_are_those_that_windows_writes() {
    let stores = corpus::stores();
    let mut seen = 0;
    for (name, bytes, _) in &stores {
        let Ok(store) = Store::parse(bytes.clone()) else { continue };
        for object in store.objects().iter().filter(|object| object.id == Some(BOOTMGR)) {
            let Some(value) = value_of(object) else { continue };
            let variable = FirmwareVariable::decode(&value.data).unwrap();
            let data = &value.data[variable.os_options.clone()];
            if data.is_empty() {
                continue;
            }
            // Between the text and the path stands what was in memory.
            let gap = 0x76..0x78;
            let data = [&data[..gap.start], &[0, 0], &data[gap.end..]].concat();
            assert_eq!(data, windows_data(), "{name}");
            seen += 1;
        }
    }
    assert!(stores.is_empty() || seen > 3, "{seen}");
}
