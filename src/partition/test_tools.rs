//! For tests: tables made and judged by sfdisk and sgdisk. A program that is missing is a failure, not a skip.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::partition::table::PartitionTable;
use crate::partition::table::PartitionType;
use crate::storage::ram::Ram;

/// A disk image in a directory that goes with it.
pub(crate) struct Image {
    _home: tempfile::TempDir,
    path: PathBuf,
}

/// Number, start and length in sectors of 512 bytes, type in lower case.
pub(crate) type Row = (u32, u64, u64, String);

impl Image {
    /// A file of zero bytes.
    pub(crate) fn blank(len: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("disk.img");
        fs::File::create(&path).unwrap().set_len(len).unwrap();
        Self { _home: home, path }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    pub(crate) fn storage(&self) -> Ram {
        Ram::new(self.bytes(), None)
    }

    fn sfdisk_json(&self) -> serde_json::Value {
        serde_json::from_str(&run("sfdisk", &["-J", self.path()], "")).unwrap()
    }

    /// What sfdisk lists, extended containers left out.
    pub(crate) fn sfdisk_rows(&self) -> Vec<Row> {
        let json = self.sfdisk_json();
        let rows = json["partitiontable"]["partitions"].as_array().unwrap().iter().map(|row| {
            let node = row["node"].as_str().unwrap().strip_prefix(self.path()).unwrap();
            let kind = row["type"].as_str().unwrap().to_lowercase();
            (node.parse().unwrap(), row["start"].as_u64().unwrap(), row["size"].as_u64().unwrap(), kind)
        });
        rows.filter(|row| !matches!(row.3.as_str(), "5" | "f" | "85")).collect()
    }

    /// The disk's identifier in sfdisk's words, lower case.
    pub(crate) fn sfdisk_id(&self) -> Option<String> {
        Some(self.sfdisk_json()["partitiontable"]["id"].as_str()?.to_lowercase())
    }
}

/// Runs a program and returns what it printed.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> String {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A disk of `len` bytes that sfdisk partitioned by `script`.
pub(crate) fn sfdisk(script: &str, len: u64) -> Image {
    let image = Image::blank(len);
    run("sfdisk", &["-q", "--no-reread", "--no-tell-kernel", image.path()], script);
    image
}

/// A disk of 16 MiB that sgdisk partitioned.
pub(crate) fn sgdisk(arguments: &[&str]) -> Image {
    let image = Image::blank(16 << 20);
    let mut all = arguments.to_vec();
    all.push(image.path());
    run("sgdisk", &all, "");
    image
}

/// Our reading in the same form as [`Image::sfdisk_rows`].
pub(crate) fn rows(table: &PartitionTable) -> Vec<Row> {
    let kind = |kind| match kind {
        PartitionType::Mbr(byte) => format!("{byte:x}"),
        PartitionType::Gpt(guid) => guid.to_string(),
        PartitionType::Whole => "whole".into(),
    };
    table.partitions.iter().map(|it| (it.number, it.start / 512, it.len / 512, kind(it.kind))).collect()
}

#[test]
fn bare_volumes_are_not_taken_for_partition_tables() {
    for (program, arguments, name) in [
        ("mkntfs", vec!["-F", "-f", "-q", "-T"], "an NTFS volume"),
        ("mkfs.fat", vec!["-F16"], "a FAT volume"),
        ("mkfs.fat", vec!["-F12", "-S4096"], "a FAT volume"),
    ] {
        let image = Image::blank(16 << 20);
        let mut all = arguments;
        all.push(image.path());
        run(program, &all, "");
        let table = crate::partition::read(&image.storage()).unwrap();
        assert_eq!(table.kind, crate::partition::table::TableKind::None, "{name}");
        assert_eq!((table.partitions[0].number, table.partitions[0].len), (0, 16 << 20));
        assert!(table.notes[0].contains(name), "{:?}", table.notes);
    }
    let blank = crate::partition::read(&Image::blank(1 << 20).storage()).unwrap();
    assert_eq!(blank.notes, ["the first sector is all zeros"]);
}
