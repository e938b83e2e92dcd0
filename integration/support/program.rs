//! The program, run as people run it, and what the tests say beside their results.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value as Json;

/// What a program left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Asserts the exit code, showing everything when it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the output has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(text), "expected {text:?} in:\n{all}");
        self
    }

    /// Asserts that the standard output is this and nothing else.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout.trim(), text);
        self
    }

    /// The first target of the JSON.
    #[track_caller]
    pub fn target(&self) -> Json {
        let document: Json = serde_json::from_str(&self.stdout).expect("JSON");
        assert_eq!(document["version"], 1);
        document["targets"][0].clone()
    }
}

/// What the program may take of memory: its heap and all that it maps for itself.
const MEMORY: &str = "--data=67108864";

/// Runs the program with its limit of memory; it never has a terminal.
pub fn bcdrescue(arguments: &[&str]) -> Run {
    run("prlimit", &[&[MEMORY, env!("CARGO_BIN_EXE_bcdrescue")], arguments].concat())
}

/// The commands of `bcd`, by its manual page.
pub fn commands_of_bcd() -> Vec<String> {
    let page = bcdrescue(&["man", "bcd"]).exits(0).stdout;
    let names = page.lines().filter_map(|line| line.strip_prefix(r"bcdrescue\-bcd\-")?.strip_suffix("(1)"));
    let names: Vec<String> = names.map(|name| name.replace(r"\-", "-")).collect();
    assert!(names.len() > 20, "{names:?} in:\n{page}");
    names
}

/// Runs the program without that limit, which the `qemu-nbd` that it starts would have too.
pub fn unlimited(arguments: &[&str]) -> Run {
    run(env!("CARGO_BIN_EXE_bcdrescue"), arguments)
}

/// Columns of what it prints: tests look for sentences, which are in one piece so.
const COLUMNS: &str = "10000";

/// Runs a program; it never has a terminal.
pub fn run(program: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new(program);
    command.args(arguments).env("COLUMNS", COLUMNS).stdin(Stdio::null());
    let output = command.output().expect("the program starts");
    Run {
        code: output.status.code().expect("the program ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What `make` puts into cargo's target folder.
pub fn target(path: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join(path)
}

/// Keeps what a campaign has counted, for the end of `make test`.
pub fn counted(campaign: &str, figures: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counted");
    fs::create_dir_all(&folder).expect("a folder");
    let name = campaign.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    fs::write(folder.join(name), format!("{campaign}: {figures}\n")).expect("written");
}

/// Whether the tests run as root; what needs it says so when they do not.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Says that a part was not run, where it is seen although the test passes (what is printed by macros is not).
pub fn not_run(part: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "NOT RUN: {part}: {}", why.trim());
}
