//! Stores that a power cut left dirty, with their truth in the logs beside them: read, shown, repaired, refused.
//!
//! The dirty stores are made: a sound store becomes one that lacks its last flush, and the logs hold that. Where the
//! corpus is, its real logs are used in the same way.

use std::fs;

use bcdrescue::bytes;
use bcdrescue::hive::replay::Replayed;
use bcdrescue::hive::replay::replay;

use crate::log_file::entry;
use crate::log_file::entry_log;
use crate::log_file::numbered;
use crate::support::corpus;
use crate::support::dirty::KINDS;
use crate::support::dirty::Kind;
use crate::support::dirty::Logs;
use crate::support::dirty::NUMBER;
use crate::support::dirty::dirty;
use crate::support::dirty::disk;
use crate::support::dirty::lost;
use crate::support::dirty::put;
use crate::support::dirty::store;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::hivex;
use crate::support::judges::hivex_difference;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::store::BIOS;
use crate::support::store::UEFI;

#[test]
fn a_dirty_store_is_made_whole_and_re_pointed_in_one() {
    for (name, path, kinds) in [("win10-bios", BIOS, &KINDS[..]), ("win11-uefi", UEFI, &KINDS[1..3])] {
        let clean = Disk::raw(name);
        let sound = store(&clean, path);
        bcdrescue(&["fix", clean.name(), "--yes"]).exits(1);
        let expected = store(&clean, path);
        for kind in kinds.iter().copied() {
            let (disk, new) = disk(name, path, kind);
            let before = hash(&disk.path);
            let check = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
            let finding = check["findings"].as_array().unwrap().iter().find(|f| f["code"] == "store-dirty");
            let message = finding.unwrap()["message"].as_str().unwrap();
            let from = match kind {
                Kind::Entry | Kind::TornBaseBlock => "BCD.LOG (entry 699)",
                Kind::ThreeFiles => "BCD.LOG2 (entry 698) and BCD.LOG1 (entry 699)",
                Kind::Pages => "BCD.LOG1",
            };
            assert!(message.contains(from) && message.contains("replayed in memory"), "{message}");
            let inspected = bcdrescue(&["inspect", disk.name(), "--json"]).exits(0).target();
            let shown = &inspected["stores"][0];
            assert!(shown["replayed"].as_str().unwrap().contains(from));
            assert_eq!((&shown["dirty"], &shown["error"]), (&true.into(), &serde_json::Value::Null));
            let dry = bcdrescue(&["fix", disk.name(), "--dry-run"]).exits(4);
            let dry = dry.says("is dirty and is written as a whole");
            assert!(
                !dry.stdout.contains("left as it is") && !dry.stdout.contains("not changed"),
                "{}",
                dry.stdout
            );
            assert_eq!(hash(&disk.path), before, "{kind:?}: something was written");

            let fixed = bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
            fixed.says("the store recovered from its log").says("healthy");
            let after = store(&disk, path);
            assert!(after[0x1000..] == expected[0x1000..], "{name} {kind:?}: the bins are others");
            // Above every number that can be trusted: not that of a damaged base block.
            let number = if kind == Kind::TornBaseBlock { NUMBER } else { NUMBER + 1 };
            assert!(after == numbered(&expected, number, number), "{name} {kind:?}: the base block");
            assert_eq!(hivex_difference(&new, &after), hivex_difference(&sound, &expected));
            bcdrescue(&["check", "-v", disk.name()]).exits(0).says("healthy");
            let then = hash(&disk.path);
            bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
            assert_eq!(hash(&disk.path), then);

            bcdrescue(&["undo", disk.record().to_str().unwrap(), "--yes"]).exits(1);
            assert_eq!(hash(&disk.path), before, "{name} {kind:?}: undo left something");
        }
    }
}

/// The clean store of a disk, its dirty one and the logs, each made wrong in one way.
fn useless(new: &[u8]) -> Vec<(&'static str, Vec<u8>, Logs)> {
    let (old, logs) = dirty(new, Kind::Entry);
    let wrong = |at: usize| {
        let mut log = logs[0].1.clone();
        log[at] ^= 1;
        vec![("LOG", log)]
    };
    let part = lost(new, 0);
    let half = vec![("LOG", entry_log(699, new, &[entry(699, new, &part[..1])]))];
    let stale = vec![("LOG", entry_log(698, new, &[entry(698, new, &part)]))];
    let shorter = numbered(&old[..old.len() - 0x1000], 700, 699);
    let whole = vec![("LOG", entry_log(699, new, &[entry(699, new, &[(0, new.len() - 0x1000)])]))];
    vec![
        ("there is no log file", old.clone(), Vec::new()),
        ("older than the store's 699", old.clone(), stale),
        ("first hash is wrong", old.clone(), wrong(0x200 + 0x40)),
        ("second hash is wrong", old.clone(), wrong(0x200 + 0x20)),
        ("cannot be read", old, half),
        ("4096 bytes longer than the file", shorter, whole),
    ]
}

#[test]
fn a_store_whose_logs_do_not_help_is_refused() {
    let disk = Disk::raw("win10-bios");
    let new = numbered(&store(&disk, BIOS), NUMBER, NUMBER);
    for (why, old, logs) in useless(&new) {
        put(&disk, BIOS, &old, &logs);
        let before = hash(&disk.path);
        let seen = bcdrescue(&["check", "-v", disk.name()]).exits(4).stdout;
        bcdrescue(&["inspect", disk.name()]).exits(0);
        for switches in [&[][..], &["--allow-dirty-volume", "--allow-hibernated"]] {
            let all: Vec<&str> = ["fix", disk.name(), "--yes"].iter().chain(switches).copied().collect();
            let run = bcdrescue(&all);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!([4, 8].contains(&run.code) && all.contains("nothing was written"), "{why}: {all}");
            // The reason log by log is evidence, which `check -v` shows.
            let told = format!("{seen}{all}").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                told.contains(why) || why == "there is no log file" && told.contains("it is empty"),
                "{why}: {told}"
            );
        }
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0), "{why}");
    }
}

#[test]
fn a_dirty_store_that_names_this_disk_is_left_to_windows() {
    let cases = [("win10-bios-healthy", BIOS, 0, "note"), ("win11-uefi-healthy", UEFI, 4, "degrades")];
    for (name, path, code, severity) in cases {
        let (disk, new) = disk(name, path, Kind::Entry);
        let before = hash(&disk.path);
        let check = bcdrescue(&["check", disk.name(), "--json"]).exits(code).target();
        let finding = check["findings"].as_array().unwrap().iter().find(|f| f["code"] == "store-dirty");
        assert_eq!(finding.unwrap()["severity"], severity, "{:#}", check["findings"]);
        let run = bcdrescue(&["fix", disk.name(), "--yes"]).exits(code);
        run.says("replayed in memory from BCD.LOG (entry 699)").says("nothing was written");
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0), "{name}");

        // As measured: whole, but for numbers that differ.
        put(&disk, path, &numbered(&new, NUMBER + 1, NUMBER), &Vec::new());
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("0xc000014c or 0xc000000f");
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    }
}

/// The pages of a real log's entries or bitmap, read by code of its own: offset from the first bin and length.
fn pages_of(log: &[u8]) -> Vec<(usize, usize)> {
    let word = |at: usize| bytes::le_u32(log, at).unwrap() as usize;
    if log[512..516] == *b"DIRT" {
        // Those in the corpus hold every page.
        return vec![(0, word(0x28))];
    }
    let (mut all, mut at) = (Vec::new(), 512);
    while log[at..].starts_with(b"HvLE") {
        let references = (0..word(at + 0x14)).map(|index| at + 0x28 + 8 * index);
        all.extend(references.map(|reference| (word(reference), word(reference + 4))));
        at += word(at + 4);
        if at >= log.len() {
            break;
        }
    }
    all
}

#[track_caller]
fn gives_back(name: &str, hive: &[u8], dirty: &[u8], logs: &[(&str, &[u8])]) -> Replayed {
    let replayed = replay(dirty, logs).unwrap_or_else(|error| panic!("{name}: {error}")).unwrap();
    let word = |at: usize| bytes::le_u32(hive, at).unwrap();
    // All but the numbers, and with them the checksum, is as it was.
    assert!(numbered(&replayed.bytes, word(4), word(8)) == hive, "{name}");
    assert_eq!(hivex(&replayed.bytes), hivex(hive), "{name}");
    replayed
}

/// Real stores, each one flush behind its real log.
#[test]
fn real_logs_give_back_their_stores() {
    let (mut made, mut stale) = (0, 0);
    for (name, hive, _) in corpus::stores() {
        let folder = corpus::folder().unwrap();
        let read =
            |ending: &'static str| Some((ending, fs::read(folder.join(format!("{name}.{ending}"))).ok()?));
        let logs: Vec<_> = ["LOG", "LOG1", "LOG2"].into_iter().filter_map(read).collect();
        let all: Vec<(&str, &[u8])> = logs.iter().map(|(name, log)| (*name, log.as_slice())).collect();
        let number = bytes::le_u32(&hive, 4).unwrap();
        assert_eq!(replay(&hive, &all), Ok(None), "{name}");
        for (ending, log) in &logs {
            let (first, is_pages) = (bytes::le_u32(log, 4).unwrap(), log[0x1c] == 1);
            if !is_pages && first + 1 != number {
                stale += 1;
                let error = replay(&numbered(&hive, number + 1, number), &[(ending, log)]).unwrap_err();
                assert!(error.to_string().contains("older"), "{name}.{ending}: {error}");
                continue;
            }
            for fill in [0, 0x5a] {
                // A cut that comes later has more of the pages written.
                for written in 0..2 {
                    let mut old = hive.clone();
                    for (at, len) in pages_of(log) {
                        let from = 0x1000 + at + written * 0x200 + 0x20;
                        old[from..0x1000 + at + len].fill(fill);
                    }
                    let old = numbered(&old, number, number - 1);
                    let replayed = gives_back(&name, &hive, &old, &all);
                    assert_eq!(replayed.used.len(), 1, "{name}");
                    assert!(fill == 0 || !replayed.pages.is_empty(), "{name}");
                    let mut torn = old;
                    torn[0x1fc] ^= 0xff;
                    gives_back(&name, &hive, &torn, &[(ending, log)]);
                }
            }
            made += 1;
        }
    }
    counted("logs of real stores", &format!("{made} replayed, {stale} stale ones passed over"));
    assert!(corpus::stores().is_empty() || made > 5 && stale > 0);
}
