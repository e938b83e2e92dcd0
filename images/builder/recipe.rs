//! What a recipe says.

use anyhow::Context;
use anyhow::Result;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::guid::Guid;
use serde::Deserialize;

/// A disk.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// One line: what it is.
    #[allow(dead_code, reason = "for the reader of the recipe")]
    pub about: String,
    /// `mbr` or `gpt`.
    pub table: String,
    /// Logical sector size in bytes.
    pub sector_size: u64,
    /// Length of the disk in MiB.
    pub size: u64,
    /// Signature (`0x…`) or disk GUID when the store was written.
    pub identity: String,
    /// The same after the disk was attached elsewhere.
    pub new_identity: String,
    /// The Windows on it.
    pub windows: Option<Windows>,
    /// Partitions in order.
    pub partition: Vec<Part>,
}

/// What a Windows says of itself: its registry (SOFTWARE, `Microsoft\Windows NT\CurrentVersion`) and its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// System root without the drive: `\Windows`.
    pub root: String,
    /// `ProductName`.
    pub product_name: String,
    /// `CurrentVersion`.
    pub current_version: String,
    /// `CurrentBuildNumber`.
    pub build: u32,
    /// `UBR`, with `CurrentMajorVersionNumber` beside it.
    pub update_revision: Option<u32>,
    /// `DisplayVersion`.
    pub display_version: Option<String>,
    /// `ReleaseId`.
    pub release_id: Option<String>,
    /// `InstallationType`.
    pub installation_type: Option<String>,
    /// `CSDVersion`.
    pub service_pack: Option<String>,
    /// The version in the resources of its programs.
    pub files: [u16; 4],
}

/// A partition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Number, where it is not the place in the list (logical partitions).
    pub number: Option<u32>,
    /// Start in KiB.
    pub start: u64,
    /// Length in KiB.
    pub size: u64,
    /// Type as sfdisk takes it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Partition GUID.
    pub guid: Option<String>,
    /// The same after the disk was attached elsewhere.
    pub new_guid: Option<String>,
    /// MBR boot flag.
    #[serde(default)]
    pub active: bool,
    /// GPT name.
    pub name: Option<String>,
    /// `ntfs`, `fat32` or none.
    pub file_system: Option<String>,
    /// Volume label.
    pub label: Option<String>,
    /// Files to be made, with backslashes: those that `windows.rs` knows, else a line that says that it is not the real
    /// one.
    #[serde(default)]
    pub files: Vec<String>,
    /// Text files: path and content.
    #[serde(default)]
    pub texts: Vec<(String, String)>,
    /// Stores: path and the name of the store (see `stores.rs`).
    #[serde(default)]
    pub stores: Vec<(String, String)>,
}

impl Recipe {
    /// The identity that the store gives to partition `number` (from 1 in the recipe's order).
    pub fn stored_identity(&self, number: usize) -> Result<QualifiedPartition> {
        let part = &self.partition[number - 1];
        if self.table == "mbr" {
            return Ok(QualifiedPartition::Mbr {
                signature: signature(&self.identity)?,
                offset: part.start * 1024,
            });
        }
        let guid = part.guid.as_deref().unwrap_or_default();
        Ok(QualifiedPartition::Gpt { disk: self.identity.parse::<Guid>()?, partition: guid.parse::<Guid>()? })
    }

    /// The volume that the machine starts from, from 1 in the recipe's order.
    pub fn system_volume(&self) -> Result<usize> {
        self.volume_with(|part| !part.stores.is_empty() || part.files.iter().any(|file| file == r"\ntldr"))
            .context("no system volume")
    }

    /// The volume with the SYSTEM hive.
    pub fn windows_volume(&self) -> Result<usize> {
        let ends = |file: &String| file.to_ascii_lowercase().ends_with(r"\config\system");
        self.volume_with(|part| part.files.iter().any(ends)).context("no volume with Windows")
    }

    /// The volume with the image of the recovery environment.
    pub fn recovery_volume(&self) -> Option<usize> {
        self.volume_with(|part| part.files.iter().any(|file| file.ends_with(r"\Winre.wim")))
    }

    /// Whether its Windows has 64 bits.
    pub fn has_64_bits(&self) -> bool {
        self.volume_with(|part| part.files.iter().any(|path| path.ends_with("winload.efi"))).is_some()
    }

    fn volume_with(&self, has: impl Fn(&Part) -> bool) -> Option<usize> {
        Some(self.partition.iter().position(has)? + 1)
    }
}

/// A signature of the form `0x…`.
pub fn signature(text: &str) -> Result<u32> {
    Ok(u32::from_str_radix(text.trim_start_matches("0x"), 16)?)
}
