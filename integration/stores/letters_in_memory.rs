//! Drive letters on disks in memory: cut power, hostile hives, and what it costs to read a big one.

use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::layout::mounted_devices::Named;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::patch::inverse;
use bcdrescue::repair::plan;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::undo;
use bcdrescue::storage::Storage;
use bcdrescue::storage::cache::Cached;

use crate::support::chance::Chance;
use crate::support::counted::Counted;
use crate::support::firmware_stores;
use crate::support::letters::Letters;
use crate::support::letters::OLD;
use crate::support::letters::disk_with;
use crate::support::letters::gpt;
use crate::support::letters::put_hive;
use crate::support::letters::system_hive;
use crate::support::letters::windows_10;
use crate::support::letters::windows_11;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look_with;
use crate::support::sparse::refusals_to_repoint;

/// What counts as a hang, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

fn context() -> Context {
    let choice = Choice { drive_letters: true, ..Choice::default() };
    Context { choice, ..Context::default() }
}

fn look(disk: &SparseRam) -> Option<(Layout, Diagnosis)> {
    look_with(disk, &context())
}

/// The disk with this hive in memory.
fn disk(name: &str, number: u32, hive: &[u8]) -> SparseRam {
    SparseRam::read(&disk_with(name, number, hive).path)
}

fn record(disk: &SparseRam, layout: &Layout, plan: &Plan) -> Record {
    Record::of(plan, layout, disk.len(), "/x/disk.img".into(), "2026-01-02T03:04:05Z".into())
}

/// As the stores of `win2022-uefi-4kn` name its partitions.
fn windows_2022() -> Letters<'static> {
    let (esp, windows) = ("5f3c0202-3b1d-4c02-9a2c-0242ac1b0002", "5f3c0204-3b1d-4c02-9a2c-0242ac1b0004");
    vec![
        (r"\DosDevices\C:", gpt(windows)),
        (r"\??\Volume{22222222-2222-3333-4444-555555555555}", gpt(windows)),
        (r"\??\Volume{22222222-2222-3333-4444-555555555556}", gpt(esp)),
    ]
}

/// A hive in which a GUID that is to change lies across two sectors.
fn split_across_sectors() -> Vec<u8> {
    let hives = (0..64).map(|index| {
        let mut letters: Letters<'_> = vec![("before", vec![1; 8 * index + 5])];
        letters.extend(windows_11());
        system_hive(letters, 0)
    });
    let is_split = |hive: &Vec<u8>| {
        let guids = hive.windows(8).enumerate().filter(|(_, bytes)| bytes == b"DMIO:ID:");
        // The first four are of the partitions that are here.
        guids.take(3).any(|(at, _)| (at + 8) / 512 != (at + 23) / 512)
    };
    hives.into_iter().find(is_split).expect("one of them")
}

#[test]
fn power_is_cut_at_every_write() {
    let cases = [
        ("win10-bios", 2, system_hive(windows_10(OLD), 0)),
        ("win11-uefi", 3, system_hive(windows_11(), 0)),
        ("win11-uefi", 3, split_across_sectors()),
        ("win2022-uefi-4kn", 3, system_hive(windows_2022(), 0)),
    ];
    for (name, number, hive) in cases {
        let before = disk(name, number, &hive);
        let (layout, diagnosis) = look(&before).expect("a sound disk");
        assert_eq!(diagnosis.edits().count(), 3);
        assert!(refusals_to_repoint(&layout, &diagnosis).is_empty());
        let plan = plan::plan(&before, &layout, &diagnosis, Cure::Repoint).expect("a plan");
        plan::still_holds(&plan, &before, &context(), Cure::Repoint).expect("nothing happened");
        let stages: Vec<u8> = plan.patches.iter().map(|patch| patch.stage).collect();
        assert!(stages.is_sorted() && stages.first() == Some(&0) && stages.contains(&4), "{stages:?}");
        cut_at_every_write(name, &before, &layout, &plan, &context());
    }
}

/// With the copies of firmware entries in the same plan: the letters come before all that is in a store.
#[test]
fn power_is_cut_where_the_copies_of_firmware_entries_are_written_too() {
    let disk = put_hive(firmware_stores::disk("win11-uefi"), 3, &system_hive(windows_11(), 0));
    let before = SparseRam::read(&disk.path);
    let choice = Choice { drive_letters: true, firmware_entries: true, ..Choice::default() };
    let context = Context { choice, ..Context::default() };
    let (layout, diagnosis) = look_with(&before, &context).expect("a sound disk");
    let plan = plan::plan(&before, &layout, &diagnosis, Cure::Repoint).expect("a plan");
    let store = |at: u64| {
        layout.stores.iter().any(|file| {
            file.place.as_ref().is_ok_and(|extents| extents.iter().any(|extent| extent.holds(at)))
        })
    };
    let (of_stores, letters): (Vec<_>, Vec<_>) = plan.patches.iter().partition(|patch| store(patch.offset));
    let last = letters.iter().map(|patch| patch.stage).max().expect("letters");
    assert!(of_stores.len() > 3 && of_stores.iter().all(|patch| patch.stage > last), "{last}");
    cut_at_every_write("win11-uefi with firmware entries", &before, &layout, &plan, &context);
}

fn cut_at_every_write(name: &str, before: &SparseRam, layout: &Layout, plan: &Plan, context: &Context) {
    let record = record(before, layout, plan);
    let mut after = before.clone();
    apply(&mut after, &plan.patches).expect("applied");
    // Different cuts often leave the same; each state is tried once.
    let mut states: Vec<SparseRam> = Vec::new();
    for (from, patches) in [(before, plan.patches.clone()), (&after, inverse(&plan.patches))] {
        for writes in 0..patches.len() {
            let torn = patches[0].before.len() > 512;
            let torn = [512, 2048].into_iter().filter(|_| torn).map(Cut::Torn);
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly].into_iter().chain(torn) {
                let story = format!("{name}, {cut:?} in write {writes}");
                let mut disk = PowerCut::new(from, writes);
                apply(&mut disk, &patches).expect_err("the power went");
                let left = disk.after(cut);
                if !states.iter().any(|state| state.is_same(&left)) {
                    recovers(&left, [before, &after], &record, context, &story);
                    states.push(left);
                }
            }
        }
    }
}

/// Undo brings back every byte, and a second repair completes the first.
fn recovers(disk: &SparseRam, ends: [&SparseRam; 2], record: &Record, context: &Context, story: &str) {
    let [before, after] = ends;
    let (layout, diagnosis) = look_with(disk, context).unwrap_or_else(|| panic!("{story}: not readable"));
    undo::check(record, &layout, disk.len()).unwrap_or_else(|error| panic!("{story}: {error}"));
    let mut undone = disk.clone();
    let back = undo::way_back(record, disk).expect("readable").patches;
    apply(&mut undone, &back).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert!(undone.is_same(before), "{story}: undo left something");
    let plan = plan::plan(disk, &layout, &diagnosis, Cure::Repoint)
        .unwrap_or_else(|error| panic!("{story}: {error}"));
    let mut fixed = disk.clone();
    apply(&mut fixed, &plan.patches).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert!(fixed.is_same(after), "{story}: a second repair does not complete the first");
}

/// Before a byte is planned, all of the value is compared where the extents say that it lies, not only what changes.
#[test]
fn a_value_that_is_not_where_it_was_read_is_not_written() {
    let disk = disk("win10-bios", 2, &system_hive(windows_10(OLD), 0));
    let (layout, diagnosis) = look(&disk).expect("a sound disk");
    let entry = &layout.mounted[0].entries.as_ref().expect("read")[0];
    let extents = layout.mounted[0].place.as_ref().expect("a place");
    let mut other = disk.clone();
    // The last byte of the partition's offset, which stays as it is.
    other.put(extents[0].disk_offset + entry.at + 11, &[1]);
    let error =
        plan::plan(&other, &layout, &diagnosis, Cure::Repoint).expect_err("not the same disk").to_string();
    assert!(error.contains("byte of a hive") && error.contains("expected 0x00, found 0x01"), "{error}");
}

/// Damage in the hive, mostly where the letters are: an answer or an error, and no byte outside of the hive is planned.
#[test]
fn hostile_hives_are_read_or_refused() {
    let (mut planned, mut without) = (0, 0);
    for (name, number, hive) in
        [("win10-bios", 2, system_hive(windows_10(OLD), 0)), ("win11-uefi", 3, system_hive(windows_11(), 0))]
    {
        let disk = disk(name, number, &hive);
        let (layout, _) = look(&disk).expect("a sound disk");
        let extents = layout.mounted[0].place.clone().expect("a place");
        let key = hive.windows(14).position(|bytes| bytes == b"MountedDevices").expect("the key") - 0x50;
        for seed in 0..100 {
            let mut chance = Chance::new(name, seed);
            let mut damaged = disk.clone();
            for _ in 0..=chance.below(3) {
                let at =
                    if chance.below(8) == 0 { chance.below(hive.len()) } else { key + chance.below(1400) };
                let at = at.min(hive.len() - 8) as u64;
                let extent = extents
                    .iter()
                    .find(|extent| (extent.file_offset..extent.file_offset + extent.len).contains(&at));
                let place =
                    extent.map(|extent| extent.disk_offset + at - extent.file_offset).expect("in the file");
                match chance.below(4) {
                    0 => damaged.put(place, &[chance.next() as u8]),
                    1 => damaged.put(place & !3, &(chance.next() as u32).to_le_bytes()),
                    2 => damaged.put(place & !3, &[0xff; 4]),
                    _ => {
                        let byte = damaged.get(place, 1)[0];
                        damaged.put(place, &[byte ^ (1 << chance.below(8))]);
                    }
                }
            }
            let start = Instant::now();
            let (layout, diagnosis) = look(&damaged).expect("the table is sound");
            assert!(start.elapsed() < LONGEST, "{name}, {seed}: hangs");
            if diagnosis.edits().next().is_none() {
                without += 1;
                continue;
            }
            let _ = refusals_to_repoint(&layout, &diagnosis);
            let Ok(plan) = plan::plan(&damaged, &layout, &diagnosis, Cure::Repoint) else { continue };
            planned += 1;
            let hive_edits = diagnosis
                .edits()
                .map(|edit| edit.before.iter().zip(&edit.after).filter(|(one, other)| one != other).count());
            let in_hive = |offset: u64| {
                extents
                    .iter()
                    .any(|extent| (extent.disk_offset..extent.disk_offset + extent.len).contains(&offset))
            };
            let changed: usize = plan
                .patches
                .iter()
                .filter(|patch| in_hive(patch.offset))
                .map(|patch| {
                    patch.before.iter().zip(&patch.after).filter(|(one, other)| one != other).count()
                })
                .sum();
            assert!(changed <= hive_edits.sum(), "{name}, {seed}: more than the letters would change");
        }
    }
    println!("{planned} planned, {without} without letters to change");
    assert!(planned > 50 && without > 5);
}

/// Reads and bytes of one look.
fn cost(disk: &SparseRam) -> (usize, usize) {
    let reads = Mutex::default();
    discover(&Cached::new(Counted(disk, &reads))).expect("a sound disk");
    *reads.lock().unwrap()
}

#[test]
fn a_big_hive_costs_few_reads() {
    let small = disk("win10-bios", 2, &system_hive(windows_10(OLD), 0));
    let none = SparseRam::of("win10-bios");
    let hive = system_hive(windows_10(OLD), 12 << 20);
    assert!(hive.len() > 12 << 20);
    let big = disk("win10-bios", 2, &hive);
    let (layout, diagnosis) = look(&big).expect("a sound disk");
    let entries = layout.mounted[0].entries.as_ref().expect("read");
    assert_eq!((entries.len(), diagnosis.edits().count()), (8, 3));
    assert!(matches!(entries[0].names, Named::Mbr { signature: OLD, .. }));
    let costs = [cost(&none), cost(&small), cost(&big)];
    println!("reads and bytes without a hive, with a small one, with one of 12 MiB: {costs:?}");
    let more = |of: (usize, usize)| (of.0 - costs[0].0, of.1.saturating_sub(costs[0].1));
    assert!(more(costs[2]).0 <= 16 && more(costs[2]).1 <= 128 << 10, "{costs:?}");
    let plan = plan::plan(&big, &layout, &diagnosis, Cure::Repoint).expect("a plan");
    let mut fixed = big.clone();
    apply(&mut fixed, &plan.patches).expect("applied");
    assert_eq!(look(&fixed).expect("a sound disk").1.edits().count(), 0);
}
