//! A machine with disks that are attached together.

use std::process::Command;
use std::process::Stdio;

use crate::support::disk::Disk;
use crate::support::program::Run;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::run;
use crate::support::program::text;

/// In a name space of its own: the devices up to `--` are all disks that the machine has.
pub const ALONE: &str = r#"
mount -t tmpfs none /sys/block
while [ "$1" != -- ]; do ln -s "../devices/virtual/block/${1#/dev/}" /sys/block/; shift; done
shift
bcdrescue() { "$PROGRAM" "$@"; }
"#;

/// A machine with these disks and no others.
pub struct Machine(Vec<String>);

impl Machine {
    /// `None`, with a word why, where loop devices or name spaces cannot be had.
    pub fn of(disks: &[(&Disk, &str)]) -> Option<Self> {
        if !is_root() {
            not_run("attached disks", "loop devices need root");
            return None;
        }
        let mut machine = Self(Vec::new());
        for (disk, sector) in disks {
            let arguments = ["-f", "--show", "-b", sector, text(&disk.path)];
            let output = Command::new("losetup").args(arguments).output().expect("losetup");
            if !output.status.success() {
                not_run("attached disks", &String::from_utf8_lossy(&output.stderr));
                return None;
            }
            machine.0.push(String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned());
        }
        let can = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/sys/block"]).output();
        if !can.expect("unshare").status.success() {
            not_run("attached disks", "mount name spaces cannot be had");
            return None;
        }
        Some(machine)
    }

    /// The device of a disk, by its place among those that were given.
    pub fn device(&self, index: usize) -> &str {
        &self.0[index]
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.script(r#"bcdrescue "$@""#, arguments)
    }

    /// Runs a command as it was printed, with more words behind it.
    pub fn printed(&self, line: &str, more: &[&str]) -> Run {
        self.script(&format!(r#"{line} "$@""#), more)
    }

    pub fn script(&self, line: &str, arguments: &[&str]) -> Run {
        let script = format!("PROGRAM={}\nset -e\n{ALONE}\n{line}", env!("CARGO_BIN_EXE_bcdrescue"));
        let mut words = vec!["-m", "sh", "-c", &script, "sh"];
        words.extend(self.0.iter().map(String::as_str));
        words.push("--");
        words.extend(arguments);
        run("unshare", &words)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for device in &self.0 {
            let _ = Command::new("losetup").args(["-d", device]).stderr(Stdio::null()).status();
        }
    }
}
