//! Hardware that fails under the program itself: it stops, says how far it came and what to do, and both ways lead out.

use std::fs;
use std::path::Path;

use crate::support::disk::hash;
use crate::support::faults;
use crate::support::faults::Case;
use crate::support::faults::SECTORS;
use crate::support::faults::with_faults;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::program::text;

const STAGES: usize = 5;

#[test]
fn a_write_that_fails_is_counted_and_both_ways_lead_out() {
    let Some(case) = Case::new() else { return };
    for (errno, said) in [("EIO", "Input/output error"), ("ENXIO", "No such device or address")] {
        for good in 0..SECTORS {
            // From there on nothing works: the device is gone.
            let fails = format!("error={errno}:when={}+", good + 1);
            let gone = [&format!("pwrite64:{fails}")[..], "fsync:error=EIO:when=9+"];
            let error = case.fix(&gone);
            let told = format!("{good} of {SECTORS} sectors written, then: ");
            assert!(
                error.contains(&told) && error.contains(said) && error.contains(&case.way_out()),
                "{error}"
            );
            case.leads_out(&error);
        }
    }
}

#[test]
fn a_sync_that_fails_is_no_success() {
    let Some(case) = Case::new() else { return };
    for stage in 1..=STAGES {
        let error = case.fix(&[&format!("fsync:error=EIO:when={stage}")]);
        assert!(error.contains("cannot sync: Input/output error"), "{error}");
        assert!(error.contains(" of 9 sectors written, then: "), "{error}");
        assert!(stage < STAGES || error.contains("9 of 9"), "{error}");
        case.leads_out(&error);
    }
}

#[test]
fn a_medium_that_does_not_keep_what_it_took_is_found_out() {
    let Some(case) = Case::new() else { return };
    for sector in 1..=SECTORS {
        let error = case.fix(&[&format!("pwrite64:retval=512:when={sector}")]);
        assert!(error.contains("reads back different bytes: the medium is unreliable"), "{error}");
        assert!(error.contains(&case.way_out()), "{error}");
        case.leads_out(&error);
    }
}

/// Every read, one after the other, fails or comes short. Nothing is ever called fixed that could not be read again. What
/// fails is read again, as a page and as a sector, so that a medium that fails once loses nothing.
#[test]
fn a_read_that_fails_or_comes_short_ends_in_an_error() {
    let Some(case) = Case::new() else { return };
    let arguments = ["fix", case.disk.name(), "--yes"];
    let log = case.disk.folder.path().join("log");
    let on_disk = |call: &&String| call.starts_with("pread64(") && faults::path_of(call) == case.disk.path;
    let reads = faults::calls("pread64", &log, &arguments).iter().filter(on_disk).count();
    case.leads_out("traced");
    let (mut refused, mut in_proof, mut not_needed) = (0, 0, 0);
    for (fault, more, step) in [("error=EIO", 2, 1), ("error=EIO", 0, 8), ("retval=0", 0, 4)] {
        let is_once = fault == "error=EIO" && more == 0;
        for read in (1..=reads).step_by(step) {
            let fault = format!("pread64:{fault}:when={read}..{}", read + more);
            let run = with_faults(Some(&case.disk.path), &[&fault], &arguments);
            let story = format!("{fault}: {run:?}");
            assert!(run.code == 1 || !is_once, "{story}");
            if run.code == 1 {
                assert_eq!(hash(&case.disk.path), case.after, "{story}");
                not_needed += 1;
            } else if case.disk.records().is_empty() {
                assert!(matches!(run.code, 4 | 8) && !run.stdout.contains("fixed:"), "{story}");
                case.is_untouched(&story);
                refused += 1;
                continue;
            } else {
                // Something was written, and it says how to go back.
                assert_eq!(run.code, 8, "{story}");
                assert!(!run.stdout.contains("fixed:"), "{story}");
                assert!(run.stderr.contains(text(&case.disk.record())), "{story}");
                assert!(run.stderr.contains("bcdrescue undo "), "{story}");
                in_proof += 1;
            }
            case.leads_out(&story);
        }
    }
    let faults = format!(
        "{refused} before the first write, {in_proof} behind it, {not_needed} in what was not needed"
    );
    counted("failing reads of a repair", &format!("{reads} reads; faults: {faults}"));
    assert!(refused > 20 && in_proof > 20, "{refused} {in_proof} {not_needed}");
}

#[test]
fn a_record_that_cannot_be_kept_stops_the_repair_before_it_begins() {
    let Some(case) = Case::new() else { return };
    let arguments = ["fix", case.disk.name(), "--yes", "--json"];
    let faults = [
        ("write:error=ENOSPC:when=1", "No space left on device"),
        ("write:error=EDQUOT:when=1", "uota exceeded"),
        ("fsync:error=EIO:when=1", "Input/output error"),
        ("renameat2:error=EIO:when=1", "Input/output error"),
        // Under its new name, and the directory: the record is there, but may not be after a power cut.
        ("fsync:error=EIO:when=2", "Input/output error"),
        ("fsync:error=EIO:when=3", "Input/output error"),
    ];
    for (fault, said) in faults {
        let run = with_faults(None, &[fault], &arguments).exits(8);
        let error = run.target()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with("nothing was written to the disk; choose a directory"), "{fault}: {error}");
        assert!(error.contains(said), "{fault}: {error}");
        case.is_untouched(fault);
        let files: Vec<_> = fs::read_dir(case.disk.folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "{fault}: {files:?}");
    }
}

/// Where a file system knows no renaming that never overwrites, a second name does the same.
#[test]
fn a_record_is_kept_on_file_systems_that_know_less() {
    let Some(case) = Case::new() else { return };
    for fault in ["renameat2:error=EINVAL", "fsync:error=EINVAL:when=3"] {
        with_faults(None, &[fault], &["fix", case.disk.name(), "--yes"]).exits(1);
        let files = fs::read_dir(case.disk.folder.path()).unwrap().count();
        assert_eq!(files, 2, "{fault}");
        case.leads_out(fault);
    }
}

#[test]
fn a_repair_that_only_could_not_be_marked_is_a_repair() {
    let Some(case) = Case::new() else { return };
    let fault = format!("pwrite64:error=EIO:when={}", SECTORS + 1);
    let run = with_faults(None, &[&fault], &["fix", case.disk.name(), "--yes"]).exits(1);
    run.says("could not be marked").says("fixed: 9 elements");
    assert_eq!(hash(&case.disk.path), case.after);
    case.leads_out(&fault);
}

#[test]
fn a_medium_that_takes_no_writes_is_left_alone() {
    let Some(case) = Case::new() else { return };
    for (errno, said) in
        [("EROFS", "read-only file system"), ("EPERM", "not permitted"), ("EACCES", "permission denied")]
    {
        // Whichever of the openings it is: the one for writing is among them.
        let mut told = 0;
        for open in 1..=5 {
            let fault = format!("openat:error={errno}:when={open}");
            let run = with_faults(Some(&case.disk.path), &[&fault], &["fix", case.disk.name(), "--yes"]);
            if run.code == 1 {
                case.leads_out(&fault);
                continue;
            }
            let run = run.exits(8);
            assert!(run.stderr.contains(said), "{fault}: {}", run.stderr);
            if case.disk.records().is_empty() {
                case.is_untouched(&fault);
                told += usize::from(run.stderr.contains("nothing was written"));
            } else {
                assert!(run.stderr.contains("bcdrescue undo"), "{}", run.stderr);
                case.leads_out(&fault);
            }
        }
        assert!(told > 0, "{errno}");
    }
}

/// Killed while the record is made: there is none, or a whole one; and nothing was written yet.
#[test]
fn a_record_is_never_half_written() {
    let Some(case) = Case::new() else { return };
    let fix = ["fix", case.disk.name(), "--yes", "--json"];
    let mut whole = 0;
    for call in [
        "write:when=1",
        "fsync:when=1",
        "renameat2:when=1",
        "fsync:when=2",
        "fsync:when=3",
        "pwrite64:when=1",
    ] {
        let (name, when) = call.split_once(':').unwrap();
        // Before the call does anything, and behind it.
        for fault in [format!("{name}:retval=0:signal=KILL:{when}"), format!("{name}:signal=KILL:{when}")] {
            with_faults(None, &[&fault], &fix).exits(137);
            for record in case.disk.records() {
                bcdrescue(&["undo", text(&record), "--dry-run"]);
                let undone = bcdrescue(&["undo", text(&record), "--yes"]);
                assert!(matches!(undone.code, 0 | 1), "{fault}: {undone:?}");
                fs::remove_file(record).unwrap();
                whole += 1;
            }
            case.is_untouched(&fault);
            remove_parts(case.disk.folder.path());
        }
    }
    assert!(whole >= 4, "{whole}");
}

/// What a kill may leave: a part under a name that says so.
fn remove_parts(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name != "disk.img" {
            assert!(name.starts_with(".bcdrescue-") && name.ends_with(".part"), "{name}");
            fs::remove_file(path).unwrap();
        }
    }
}
