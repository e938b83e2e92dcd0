//! The program under strace: its system calls fail as we like, it is killed in any of them, and all of them are seen.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::OnceLock;

use crate::support::disk::Disk;
use crate::support::disk::copy_sparse;
use crate::support::disk::hash;
use crate::support::faults;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::not_run;
use crate::support::program::text;

/// Whether this machine lets strace work; said once where it does not.
pub fn is_allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let output = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
        let output = output.unwrap_or_else(|error| panic!("strace: {error}; `make packages` installs it"));
        if !output.status.success() {
            not_run("all under strace", &String::from_utf8_lossy(&output.stderr));
        }
        output.status.success()
    })
}

fn strace(options: &[&str], arguments: &[&str]) -> Output {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg(env!("CARGO_BIN_EXE_bcdrescue")).args(arguments);
    command.stdin(Stdio::null()).output().expect("strace")
}

/// Runs the program with these faults in its system calls (strace's `inject=`), in those that have to do with `path`
/// where there is one. A signal that ended it counts as 128 and more, as in a shell.
pub fn with_faults(path: Option<&Path>, faults: &[&str], arguments: &[&str]) -> Run {
    let mut options = vec!["-o", "/dev/null"];
    options.extend(path.iter().flat_map(|path| ["-P", text(path)]));
    let faults: Vec<String> = faults.iter().map(|fault| format!("inject={fault}")).collect();
    options.extend(faults.iter().flat_map(|fault| ["-e", fault]));
    let output = strace(&options, arguments);
    let code = output.status.code().unwrap_or_else(|| {
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        128 + signal.expect("a signal")
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Begins a run with these faults in its system calls on `path`; it is the one child of what is given back.
pub fn begin(path: &Path, fault: &str, arguments: &[&str]) -> Child {
    let inject = format!("inject={fault}");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-P", text(path), "-e", &inject]);
    command.arg(env!("CARGO_BIN_EXE_bcdrescue")).args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("strace")
}

/// The system calls of a run, a line each, with the paths of file descriptors (`5</a/b>`).
pub fn calls(which: &str, log: &Path, arguments: &[&str]) -> Vec<String> {
    let which = format!("trace={which}");
    let options = ["-y", "-xx", "-e", &which, "-e", "signal=none", "-s", "4194304", "-o", text(log)];
    let output = strace(&options, arguments);
    assert!(output.status.code().is_some_and(|code| code < 128), "{output:?}");
    let lines = fs::read_to_string(log).expect("a log");
    fs::remove_file(log).expect("removed");
    // With -f each line begins with the number of the process.
    let call = |line: &str| line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().to_owned();
    lines.lines().map(call).collect()
}

/// The bytes of a string as `-xx` shows it: `\x41\x42`.
pub fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

/// What a call names first: the path behind its file descriptor, in `<…>`.
pub fn path_of(call: &str) -> PathBuf {
    let (_, rest) = call.split_once('<').expect("a descriptor");
    let (path, _) = rest.split_once('>').expect("its path");
    String::from_utf8(unhex(path)).expect("UTF-8").into()
}

/// A call with its strings as text.
pub fn readable(call: &str) -> String {
    let text = |hex: &str| String::from_utf8_lossy(&unhex(hex)).into_owned();
    let mut shown = String::new();
    for (index, part) in call.split(['"', '<', '>']).enumerate() {
        shown += &if part.starts_with("\\x") { text(part) } else { part.to_owned() };
        shown.push(if index % 2 == 0 { '<' } else { '>' });
    }
    shown
}

/// Its repair is of so many sectors, in so many stages.
pub const NAME: &str = "win2008r2-bios";

pub(crate) const SECTORS: usize = 9;

/// A broken disk, with what it is before and after its repair.
pub(crate) struct Case {
    pub(crate) disk: Disk,
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
}

impl Case {
    pub(crate) fn new() -> Option<Self> {
        faults::is_allowed().then(|| {
            let repaired = Disk::raw(NAME);
            bcdrescue(&["fix", repaired.name(), "--yes"]).exits(1);
            let disk = Disk::raw(NAME);
            Self { before: hash(&disk.path), after: hash(&repaired.path), disk }
        })
    }

    /// The error of a repair in which these system calls on the disk fail.
    pub fn fix(&self, faults: &[&str]) -> String {
        let run = with_faults(Some(&self.disk.path), faults, &["fix", self.disk.name(), "--yes"]).exits(8);
        assert!(!run.stdout.contains("fixed"), "{}", run.stdout);
        assert_eq!(run.stderr.trim_end().lines().count(), 1, "{}", run.stderr);
        run.stderr
    }

    /// From what was left, `fix` completes and `undo` goes back; then the disk is as it was, without a record.
    pub(crate) fn leads_out(&self, story: &str) {
        let record = self.disk.record();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.img");
        copy_sparse(&self.disk.path, &copy);
        let fixed = bcdrescue(&["fix", text(&copy), "--yes"]);
        assert!(matches!(fixed.code, 0 | 1), "{story}: {fixed:?}");
        assert_eq!(hash(&copy), self.after, "{story}");
        let undone = bcdrescue(&["undo", text(&record), "--yes"]);
        assert!(matches!(undone.code, 0 | 1), "{story}: {undone:?}");
        self.is_untouched(story);
        fs::remove_file(record).unwrap();
    }

    pub(crate) fn is_untouched(&self, story: &str) {
        assert_eq!(hash(&self.disk.path), self.before, "{story}");
    }

    pub fn way_out(&self) -> String {
        format!(
            "; to undo: bcdrescue undo {} (or remove the cause and run it again)",
            text(&self.disk.record())
        )
    }
}
