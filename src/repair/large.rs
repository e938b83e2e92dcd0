//! A change of a rebuilt EFI partition's size, from the draft to the way back, in bounded memory and time.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::repair::apply::apply_telling;
use crate::repair::draft::Draft;
use crate::repair::patch::Patch;
use crate::repair::record::Record;
use crate::repair::record::SavedSector;
use crate::repair::record::State;
use crate::repair::record::Target;
use crate::repair::undo::way_back;
use crate::storage::Storage;
use crate::storage::StorageMut;
use crate::storage::open::OpenOptions;
use crate::storage::open::open_mut;

/// Bytes that are written.
const WRITTEN: u64 = 33 << 20;
/// Bytes of memory that may be taken beside them.
const BESIDE: u64 = 64 << 20;

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

fn drafted(mut draft: Draft<'_>) -> Vec<Patch> {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 32).to_le_bytes()
    };
    let at = 16 << 20;
    for piece in 0..WRITTEN / (64 << 10) {
        let bytes: Vec<u8> = std::iter::repeat_with(&mut noise).take(8 << 10).flatten().collect();
        draft.write_at(at + piece * (64 << 10), &bytes).unwrap();
    }
    draft.sync().unwrap();
    draft.write_at(8 << 20, &[7; 4096]).unwrap();
    draft.into_patches().unwrap()
}

#[test]
#[ignore = "in a process of its own"]
fn the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    fs::File::create(&path).unwrap().set_len(128 << 20).unwrap();
    let begun = Instant::now();
    let told = |step: &str| println!("{step}: {} KiB, {:?}", peak() >> 10, begun.elapsed());
    let mut disk = open_mut(&path, &OpenOptions::default()).unwrap();
    told("begun");
    let patches = drafted(Draft::new(disk.as_ref(), 512));
    told("planned");
    assert_eq!(Draft::with(disk.as_ref(), &patches).read_vec(8 << 20, 4096).unwrap(), [7; 4096]);
    assert!(drafted(Draft::like(disk.as_ref(), 512, &patches)) == patches);
    told("planned again");
    let record = Record {
        tool: String::new(),
        created: String::new(),
        state: State::Planned,
        target: Target { path: path.clone(), len: disk.len(), sector_size: 512, disk: "none".into() },
        stores: Vec::new(),
        patches: SavedSector::all_of(&patches),
        restored: None,
        touched: Vec::new(),
        taken: Vec::new(),
        firmware_entry: None,
    };
    let file = folder.path().join("disk.undo.json");
    record.create(&file).unwrap();
    drop(record);
    told("recorded");
    assert!(fs::metadata(&file).unwrap().len() < WRITTEN / 20);
    let (mut writes, mut last) = (0, 0);
    let tell = &mut |done, _| (writes, last) = (writes + 1, done);
    apply_telling(disk.as_mut(), &patches, tell).unwrap();
    assert_eq!((writes, last), (34, WRITTEN + 4096));
    told("applied");
    drop(patches);
    let way = way_back(&Record::load(&file).unwrap(), disk.as_ref()).unwrap();
    apply_telling(disk.as_mut(), &way.patches, &mut |_, _| {}).unwrap();
    told("undone");
    assert!(disk.read_vec(0, 128 << 20).unwrap().iter().all(|byte| *byte == 0));
}

#[test]
fn a_large_change_takes_64_mib_and_what_is_written() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "repair::large::the_whole_way", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let undone = said.lines().find_map(|line| line.strip_prefix("undone: ")).expect("how much");
    let peak: u64 = undone.split_once(' ').unwrap().0.parse().unwrap();
    assert!(peak << 10 <= WRITTEN + BESIDE, "{said}");
    println!("{said}");
}
