//! The start values of storage drivers that are wrong, as edits of a SYSTEM hive.
//!
//! A start value is a number within its cell, in one sector, and nothing sums it up; an override is set to 0 and not taken away, which
//! needs no other cell (measured; Azure's NVMe conversion script).

use std::collections::BTreeSet;

use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::HiveField;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::windows::starts_on::StartPatch;
use crate::layout::Layout;
use crate::layout::index::HiveIndex;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::windows::WindowsVolume;

/// The SYSTEM hive of one Windows, with the values of it that are edited already: one may serve several controllers.
pub(super) struct StartEdits<'a> {
    layout: &'a Layout,
    hive: (HiveIndex, &'a MountedDevices),
    edited: BTreeSet<u64>,
}

impl<'a> StartEdits<'a> {
    /// Of this Windows; nothing where its hive was not found.
    pub(super) fn new(layout: &'a Layout, windows: &WindowsVolume) -> Option<Self> {
        let index = layout.hive_index_of(windows)?;
        Some(Self { layout, hive: (index, layout.hive(index)?), edited: BTreeSet::new() })
    }

    /// Whether nothing stands against writing to the hive for good.
    pub(super) fn is_writable(&self) -> bool {
        self.layout.is_hive_writable(self.hive.1)
    }

    /// The edits of these that no controller before had.
    pub(super) fn of(&mut self, patches: &[StartPatch]) -> Vec<ByteEdit> {
        let mut edits = Vec::new();
        for patch in patches {
            if self.edited.insert(patch.dword.at) {
                edits.push(self.edit(patch));
            }
        }
        edits
    }

    fn edit(&self, patch: &StartPatch) -> ByteEdit {
        let (index, hive) = self.hive;
        let value = match &patch.override_of {
            Some(index) => format!(r"StartOverride\{index}"),
            None => "Start".to_owned(),
        };
        let (set, service, place) = (patch.set, &patch.service, self.layout.name(hive.volume));
        ByteEdit {
            what: format!(r"{value} of {service} in ControlSet{set:03} of {} on {place}", hive.path),
            site: Site::SystemHive { hive: index, at: patch.dword.at, field: HiveField::DriverStart },
            before: patch.dword.value.to_le_bytes().to_vec(),
            after: AT_BOOT.to_le_bytes().to_vec(),
            meaning: format!("{} -> {}", start(patch.dword.value), start(AT_BOOT)),
        }
    }
}

/// `Start` of a service that the boot loader loads.
const AT_BOOT: u32 = 0;

/// A start value with its meaning (Microsoft, `CreateService`).
fn start(value: u32) -> String {
    match value {
        0 => "0 (boot)".to_owned(),
        1 => "1 (system)".to_owned(),
        2 => "2 (automatic)".to_owned(),
        3 => "3 (on demand)".to_owned(),
        4 => "4 (disabled)".to_owned(),
        other => other.to_string(),
    }
}
