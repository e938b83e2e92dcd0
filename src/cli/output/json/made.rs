//! What a rebuild makes, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes::hex;
use crate::repair::rebuild::made;
use crate::repair::record::sha256;

/// One thing that is made anew.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Made {
    /// A file system (FAT32).
    FileSystem {
        /// Number of the partition.
        partition: u32,
    },
    /// A store.
    Store {
        /// Number of its partition.
        partition: u32,
        /// Its path.
        path: String,
        /// Its length in bytes.
        len: usize,
        /// SHA-256 of its bytes, hex.
        sha256: String,
        /// What its entries start.
        entries: Vec<String>,
        /// Whether another one was there.
        replaces: bool,
        /// Whether it is the second one of an EFI system partition.
        recovery: bool,
    },
    /// Boot files.
    Files {
        /// Number of the partition.
        partition: u32,
        /// Where they are from.
        from: String,
        /// The processor that the boot manager is for.
        machine: String,
        /// Each of them.
        files: Vec<File>,
        /// What stays as it was, and what was left out.
        remarks: Vec<String>,
    },
    /// Boot code.
    Code {
        /// Number of the partition; null for the MBR.
        partition: Option<u32>,
        /// Where it comes from.
        from: String,
    },
    /// The active partition.
    Active {
        /// Its number.
        partition: u32,
    },
    /// An entry of the firmware's boot menu (`--firmware-entry`), made when the disk is written.
    FirmwareEntry {
        /// Name of the firmware's variable: `Boot0003`.
        variable: String,
        /// Its name in the boot menu.
        name: String,
        /// Number of the partition that it names.
        partition: u32,
        /// Its value, hex.
        value: String,
    },
}

/// A file that is put somewhere.
#[derive(Debug, Serialize, JsonSchema)]
pub struct File {
    /// Its path.
    path: String,
    /// Its length in bytes.
    len: u64,
    /// SHA-256 of its bytes, hex.
    sha256: String,
    /// Where it was taken from.
    from: String,
}

/// What is made, as it is shown.
#[must_use]
pub fn made(all: &[made::Made]) -> Vec<Made> {
    all.iter().map(one).collect()
}

fn one(made: &made::Made) -> Made {
    match made {
        made::Made::FileSystem { partition } => Made::FileSystem { partition: *partition },
        made::Made::Store(store) => Made::Store {
            partition: store.partition,
            path: store.path.clone(),
            len: store.bytes.len(),
            sha256: sha256(&store.bytes),
            entries: store.entries.clone(),
            replaces: store.before.is_some(),
            recovery: store.is_recovery,
        },
        made::Made::Files(files) => Made::Files {
            partition: files.partition,
            from: files.from.clone(),
            machine: files.machine.to_string(),
            files: files.files.iter().map(file).collect(),
            remarks: files.remarks.clone(),
        },
        made::Made::Code { partition, from } => Made::Code { partition: *partition, from: from.clone() },
        made::Made::Active { partition } => Made::Active { partition: *partition },
        made::Made::FirmwareEntry(entry) => Made::FirmwareEntry {
            variable: entry.variable(),
            name: entry.name(),
            partition: entry.partition,
            value: hex(&entry.value),
        },
    }
}

fn file(file: &made::MadeFile) -> File {
    let made::MadeFile { path, len, sha256, from } = file;
    File { path: path.clone(), len: *len, sha256: sha256.clone(), from: from.clone() }
}
