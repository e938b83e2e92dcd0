//! A folder with the disks that the documents speak of, and a shell in it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::documents::markdown::Document;
use crate::support::disk::image;
use crate::support::make_image::make_image;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// The time in the name of a record as the documents have it.
const TIME: &str = "20260102T030405Z";

/// What is in the folder, and the committed image that it is a copy of. `/dev/vdX` is `vdX` there.
const DISKS: [(&str, &str); 5] = [
    ("server.qcow2", "win2008r2-bios"),
    ("vda", "win2008r2-bios-healthy"),
    ("vdb", "win2008r2-bios"),
    ("vdc", "win2008r2-bios-healthy"),
    ("images/win11.qcow2", "win11-uefi-healthy"),
];

pub(super) struct Sandbox {
    folder: TempDir,
    /// The time in the name of the record that was written last.
    time: String,
}

impl Sandbox {
    pub(super) fn new(document: &Document) -> Self {
        // What is in memory makes the program say so.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("images")).unwrap();
        fs::create_dir(at("bin")).unwrap();
        for (name, source) in DISKS {
            fs::copy(image(source), at(name)).unwrap();
        }
        fs::write(at("images.txt"), "images/win11.qcow2\n").unwrap();
        let link = |program: &str| {
            let name = PathBuf::from(program).file_name().unwrap().to_owned();
            std::os::unix::fs::symlink(program, at("bin").join(name)).unwrap();
        };
        link(env!("CARGO_BIN_EXE_bcdrescue"));
        if document.text.contains("bcdrescue-make-image ") {
            link(make_image());
        }
        // A recipe names its file in its first line.
        for block in document.blocks().iter().filter(|block| block.language == "toml") {
            let name = block.lines[0].strip_prefix("# ").and_then(|line| line.split_once(": "));
            fs::write(at(name.expect("the name of its file").0), block.lines.join("\n")).unwrap();
        }
        let mut sandbox = Self { folder, time: TIME.to_owned() };
        if document.text.contains("vdb.undo.json") {
            sandbox.make_record();
        }
        sandbox
    }

    /// `vdb` repaired, and its record under the name that the documents have.
    fn make_record(&mut self) {
        let disk = self.folder.path().join("vdb");
        bcdrescue(&["fix", "--yes", text(&disk)]).exits(1);
        let record = self.record().expect("a record");
        fs::rename(record, self.folder.path().join("vdb.undo.json")).unwrap();
    }

    /// The record with a time in its name.
    fn record(&self) -> Option<PathBuf> {
        let mut entries = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| text(path).ends_with("Z.undo.json"))
    }

    /// Runs a line of a document; what it prints has the times of the document.
    pub(super) fn run(&mut self, line: &str) -> Run {
        let line = line.replace("/dev/vd", "vd").replace(TIME, &self.time);
        assert!(!line.contains("/dev/"), "no disk of this machine: {line}");
        let path = self.folder.path().join("bin");
        let path = format!("{}:{}", text(&path), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(self.folder.path())
            .envs([("PATH", path.as_str()), ("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_CPUS_PER_TASK", "2")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if let Some(record) = self.record() {
            let name = text(&record).strip_suffix(".undo.json").unwrap();
            name.rsplit('.').next().unwrap().clone_into(&mut self.time);
        }
        let [stdout, stderr] = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8(bytes).unwrap().replace(&self.time, TIME));
        Run { code: output.status.code().expect("it ends by itself"), stdout, stderr }
    }
}
