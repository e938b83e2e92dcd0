//! A repair that is interrupted, and one that nobody listens to: it is carried through, or was never begun.

use std::fs;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::faults;
use crate::support::faults::Case;
use crate::support::faults::SECTORS;
use crate::support::faults::with_faults;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// A limit on the size of files is a border in the middle of the plan, and by default it kills.
#[test]
fn a_limit_on_file_sizes_is_an_error_and_no_death() {
    let Some(case) = Case::new() else { return };
    let plan = bcdrescue(&["fix", case.disk.name(), "--dry-run", "--json"]).exits(4).target();
    let offset = |index: usize| plan["patches"][index]["offset"].as_u64().expect("an offset");
    // Behind the first two of the plan's sectors, and before the third.
    let border = offset(0).max(offset(1)) + 512;
    assert!(offset(2) >= border, "{plan:#}");
    let output = std::process::Command::new("prlimit")
        .args([
            &format!("--fsize={border}"),
            env!("CARGO_BIN_EXE_bcdrescue"),
            "fix",
            "--yes",
            case.disk.name(),
        ])
        .output()
        .expect("prlimit");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(8), "{error}");
    assert!(error.contains("2 of 9 sectors written, then: ") && error.contains("File too large"), "{error}");
    case.leads_out(&error);
}

/// Ctrl-C, a lost terminal, a polite kill: in the middle of a repair they wait. A hard kill is what a power cut is.
#[test]
fn a_signal_in_the_middle_waits_and_a_hard_kill_is_mended() {
    let Some(case) = Case::new() else { return };
    let disk = Some(case.disk.path.as_path());
    let fix = ["fix", case.disk.name(), "--yes"];
    for signal in ["TERM", "INT", "HUP"] {
        for write in [1, 5, SECTORS] {
            let fault = format!("pwrite64:signal={signal}:when={write}");
            with_faults(disk, &[&fault], &fix).exits(1).says("fixed: ");
            assert_eq!(hash(&case.disk.path), case.after, "{fault}");
            let record = case.disk.record();
            with_faults(disk, &[&fault], &["undo", text(&record), "--yes"]).exits(1).says("undone: ");
            case.is_untouched(&fault);
            fs::remove_file(record).unwrap();
        }
    }
    for write in 1..=SECTORS {
        let fault = format!("pwrite64:signal=KILL:when={write}");
        with_faults(disk, &[&fault], &fix).exits(137);
        case.leads_out(&fault);
    }
}

/// The program has threads. A signal to the process, as a terminal, a service manager and `kill` send it, goes to any of them.
#[test]
fn a_signal_to_the_process_waits_whichever_thread_it_meets() {
    let Some(case) = Case::new() else { return };
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let slow = "pwrite64:delay_enter=150000";
        let fix = faults::begin(&case.disk.path, slow, &["fix", case.disk.name(), "--yes"]);
        wait_for("the first write", || hash(&case.disk.path) != case.before);
        let children = format!("/proc/{0}/task/{0}/children", fix.id());
        let program: i32 = fs::read_to_string(children).unwrap().trim().parse().expect("one process");
        kill(Pid::from_raw(program), signal).unwrap();
        assert!(hash(&case.disk.path) != case.after, "the signal came after the last write");
        let output = fix.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!((output.status.code(), output.status.signal()), (Some(1), None), "{signal}: {said}");
        assert!(said.contains("fixed: "), "{said}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("not stopped: the repair must now run to its end"), "{signal}: {told}");
        assert_eq!(hash(&case.disk.path), case.after, "{signal}");
        let record = case.disk.record();
        bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
        fs::remove_file(record).unwrap();
    }
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not come");
        sleep(Duration::from_millis(5));
    }
}

/// Its plan could not be shown, so that it is not carried out; or its report could not, and the repair is not lost in that.
#[test]
fn output_that_cannot_be_written_is_an_error_and_no_panic() {
    let disk = Disk::raw("win2008r2-bios");
    let before = hash(&disk.path);
    for arguments in [
        &["fix", disk.name(), "--yes"][..],
        &["fix", disk.name(), "--dry-run"],
        &["fix", disk.name(), "--dry-run", "--json"],
        &["check", disk.name()],
        &["check", disk.name(), "--json"],
        &["inspect", disk.name()],
        &["list", disk.name()],
        &["schema"],
        &["man"],
        &["completions", "bash"],
    ] {
        let (output, error) = into(Path::new("/dev/full"), arguments);
        assert_eq!(output.status.code(), Some(8), "{arguments:?}: {error}");
        assert_eq!(error.trim_end().lines().count(), 1, "{arguments:?}: {error}");
        assert!(error.contains("No space left on device"), "{arguments:?}: {error}");
        assert_eq!(hash(&disk.path), before, "{arguments:?}");
        assert_eq!(fs::read_dir(disk.folder.path()).unwrap().count(), 1, "{arguments:?}");
    }
    let (output, error) = into(Path::new("/dev/full"), &["fix", disk.name(), "--yes", "--json"]);
    assert_eq!(output.status.code(), Some(9), "{error}");
    let record = disk.record();
    let back = format!("to undo: bcdrescue undo {}", text(&record));
    assert!(error.contains("repaired and verified") && error.contains(&back), "{error}");
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
    let (output, error) = into(Path::new("/dev/full"), &["undo", text(&record), "--yes", "--json"]);
    assert_eq!(output.status.code(), Some(9), "{error}");
    assert!(error.contains("undone: "), "{error}");
    assert_eq!(hash(&disk.path), before);
}

/// `bcdrescue fix --yes DISK | head -1`.
#[test]
fn a_reader_that_has_gone_does_not_stop_a_repair() {
    let disk = Disk::raw("win2008r2-bios");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let fix = ["fix", disk.name(), "--yes"];
    let output = Command::new(env!("CARGO_BIN_EXE_bcdrescue")).args(fix).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), b"".as_slice()));
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
}

/// Nobody can be warned there, and nothing else is different.
#[test]
fn a_warning_that_cannot_be_written_stops_nothing() {
    let disk = Disk::raw("win2008r2-bios");
    // In memory, which is what the warning is about.
    let records = tempfile::tempdir_in("/dev/shm").unwrap();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let run = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_bcdrescue");
        let command = Command::new(program).args(arguments).stderr(full()).output();
        command.unwrap().status.code()
    };
    assert_eq!(run(&["fix", disk.name(), "--yes", "--record-dir", text(records.path())]), Some(1));
    assert_eq!(run(&["check", "/nonexistent"]), Some(8));
    assert_eq!(run(&["check", "--nonsense"]), Some(16));
}

fn into(place: &Path, arguments: &[&str]) -> (Output, String) {
    let place = File::options().write(true).open(place).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bcdrescue"));
    let output = command.args(arguments).stdin(Stdio::null()).stdout(place).output().unwrap();
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    (output, error)
}
