//! What `list` says, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::json::disk;
use crate::cli::output::json::disk::Disk;
use crate::cli::output::json::disk::Partition;
use crate::cli::output::json::disk::Windows;
use crate::cli::run::examine::Examined;
use crate::storage::attached::AttachedDisk;

/// A disk of `list`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// Path of the device or image.
    pub target: String,
    /// Other disks with the same identity.
    pub same_identity: Vec<String>,
    /// Why it cannot be read; null when it can.
    pub error: Option<String>,
    /// What the kernel says of an attached disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// What reading it says.
    #[serde(flatten)]
    pub read: Option<Read>,
}

/// A disk that could be read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Read {
    /// `block device`, `raw image`, `qcow2 image` and so on, or `NBD export`.
    kind: String,
    disk: Disk,
    partitions: Vec<Partition>,
    windows: Vec<Windows>,
    /// What opening it, its partition table, and reads that failed had to say.
    notes: Vec<String>,
}

/// An attached disk, as the kernel sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Device {
    /// `vda`.
    name: String,
    /// Length in bytes.
    size: u64,
    /// Bytes of a logical sector.
    sector_size: Option<u32>,
    vendor: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    /// `virtio`, `nvme`, `usb` and so on.
    bus: Option<String>,
    read_only: bool,
    removable: bool,
    /// Whether the system that runs here is on it.
    carries_running_system: bool,
    partitions: Vec<KernelPartition>,
    /// Who uses it.
    held_by: Vec<String>,
}

/// A partition, as the kernel sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KernelPartition {
    /// `vda1`.
    name: String,
    number: Option<u32>,
    /// Where it begins, in bytes of the disk.
    start: u64,
    /// Length in bytes.
    size: u64,
}

/// What reading a disk says.
#[must_use]
pub fn read(examined: &Examined) -> Read {
    Read {
        kind: examined.kind.to_string(),
        disk: disk::disk(&examined.layout, &examined.diagnosis, examined.len),
        partitions: disk::partitions(&examined.layout),
        windows: disk::windows(&examined.layout),
        notes: notes(examined),
    }
}

/// What opening a disk, reading its table and looking for what is on it had to say.
#[must_use]
pub fn notes(examined: &Examined) -> Vec<String> {
    let layout = &examined.layout;
    let unread = layout
        .failed_read
        .iter()
        .map(|error| format!("part of the disk {}, so this list may be incomplete: {error}", error.how()));
    let unseen = layout
        .table
        .unseen
        .iter()
        .map(|unseen| format!("{}: partitions may be missing from this list", unseen.reason()));
    examined.notes.iter().chain(&layout.table.notes).cloned().chain(unseen).chain(unread).collect()
}

/// What the kernel says of a disk.
#[must_use]
pub fn device(disk: &AttachedDisk) -> Device {
    Device {
        name: disk.name.clone(),
        size: disk.size,
        sector_size: disk.sector_size,
        vendor: disk.vendor.clone(),
        model: disk.model.clone(),
        serial: disk.serial.clone(),
        bus: disk.bus.clone(),
        read_only: disk.read_only,
        removable: disk.removable,
        carries_running_system: disk.carries_running_system,
        partitions: disk
            .partitions
            .iter()
            .map(|partition| KernelPartition {
                name: partition.name.clone(),
                number: partition.number.into(),
                start: partition.start,
                size: partition.size,
            })
            .collect(),
        held_by: disk.held_by.iter().map(ToString::to_string).collect(),
    }
}
