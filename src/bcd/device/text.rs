//! Devices in bcdedit's words: `boot`, `partition=…`, `ramdisk=[…]\path,{options}`, `locate=…`.

use std::fmt;

use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::LegacyPartition;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::object_id;
use crate::bytes;

/// Names a partition; the second argument tells whether it lies in a virtual disk.
pub type PartitionName<'a> = &'a dyn Fn(&QualifiedPartition, bool) -> String;

impl DeviceElement {
    /// The device in bcdedit's words, with its options, partitions named by `name`.
    #[must_use]
    pub fn display_with(&self, name: PartitionName<'_>) -> String {
        let device = self.device.display_with(name);
        if self.options.is_zero() {
            return device;
        }
        let options = object_id::shown(self.options);
        format!("{device},{options}")
    }
}

impl Device {
    /// The device in bcdedit's words, partitions named by `name`.
    #[must_use]
    pub fn display_with(&self, name: PartitionName<'_>) -> String {
        match self {
            Self::Boot => "boot".to_owned(),
            Self::Partition(partition) => format!("partition={}", name(partition, false)),
            Self::LegacyPartition(partition) => legacy(partition),
            Self::File { parent, path } => format!("file=[{}]{path}", parent.place(name, path)),
            Self::Ramdisk { parent, path, .. } => format!("ramdisk=[{}]{path}", parent.place(name, path)),
            Self::Vhd { parent } => vhd(parent, name),
            Self::VhdPartition { inner, host } => {
                format!("{},partition={}", vhd(host, name), name(inner, true))
            }
            Self::Locate { element, path, parent, .. } => {
                let what = if *element == 0 {
                    format!("locate={path}")
                } else {
                    format!("locate=custom:{element:08x}")
                };
                parent
                    .as_ref()
                    .map_or_else(|| what.clone(), |parent| format!("{},{what}", parent.display_with(name)))
            }
            Self::Opaque(descriptor) => {
                let device_type = bytes::le_u32(descriptor, 0).unwrap_or(0);
                format!("unknown device type {device_type:#x}, {:#x} bytes", descriptor.len())
            }
        }
    }

    /// The device as it stands in brackets before a path; `locate` alone is the search for that path.
    fn place(&self, name: PartitionName<'_>, file: &str) -> String {
        match self {
            Self::Partition(partition) => name(partition, false),
            Self::Locate { mode: 1, element: 0, path, parent: None } if path == file => "locate".to_owned(),
            _ => self.display_with(name),
        }
    }
}

/// A virtual disk, by the file that holds it.
fn vhd(holder: &Device, name: PartitionName<'_>) -> String {
    match holder {
        Device::File { parent, path } => format!("vhd=[{}]{path}", parent.place(name, path)),
        other => format!("vhd=[{}]", other.place(name, "")),
    }
}

fn legacy(partition: &LegacyPartition) -> String {
    match (partition.number(), partition.signature()) {
        (Some(number), Some(signature)) => format!("legacy partition {number} of disk {signature:08x}"),
        _ => "legacy partition".to_owned(),
    }
}

impl fmt::Display for QualifiedPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mbr { signature, offset } => write!(f, "disk {signature:08x} offset {offset:#x}"),
            Self::Gpt { disk, partition } => write!(f, "disk {{{disk}}} partition {{{partition}}}"),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display_with(&|partition, _| partition.to_string()))
    }
}

impl fmt::Display for DeviceElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display_with(&|partition, _| partition.to_string()))
    }
}
