//! Edits of a store's copies of firmware entries, each with a word for people.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::device::StoredIdentity;
use crate::bcd::device_path::DriveSignature;
use crate::bcd::device_path::HardDrive;
use crate::bcd::edit;
use crate::bcd::edit::Edit;
use crate::bcd::element::Element;
use crate::bcd::hard_drive_edit;
use crate::bcd::hard_drive_edit::DrivePartition;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::hive::Value;
use crate::layout::index::StoreIndex;

/// Which store an edit is in, when it is written, and what it belongs to.
pub(in crate::diagnosis) struct Place {
    pub(in crate::diagnosis) store: StoreIndex,
    pub(in crate::diagnosis) rank: u8,
    pub(in crate::diagnosis) of: String,
}

impl Place {
    fn edit(&self, edit: Edit, what: &str, meaning: String) -> ByteEdit {
        let Edit { at, before, after } = edit;
        let site = Site::Store { store: self.store, at, rank: self.rank };
        ByteEdit { what: format!("{what} in {}", self.of), site, before, after, meaning }
    }
}

/// The edits that make a node name another partition; `None` where it must not be changed (another style).
pub(in crate::diagnosis) fn of_drive(
    value: &Value,
    drive: &HardDrive,
    new: &DrivePartition,
    place: &Place,
) -> Option<Vec<ByteEdit>> {
    let edits = hard_drive_edit::replace_hard_drive(value, drive, new).ok()?;
    let named = |edit: Edit| {
        let within = edit.at.saturating_sub(value.at);
        let to = |old: u64, new: u64| format!("{old} -> {new}");
        let (what, meaning) = if within == drive.partition_number.at {
            ("partition number", to(drive.partition_number.value.into(), new.number.into()))
        } else if within == drive.start_lba.at {
            ("first block", to(drive.start_lba.value, new.start_lba))
        } else if within == drive.lba_count.at {
            ("blocks", to(drive.lba_count.value, new.lba_count))
        } else {
            let old = drive.identity().map_or_else(String::new, show_signature);
            ("identity", format!("{old} -> {}", show_signature(new.signature)))
        };
        place.edit(edit, what, meaning)
    };
    Some(edits.into_iter().map(named).collect())
}

/// The edits that make a record of a device element name another partition; `None` where it must not be changed.
pub(in crate::diagnosis) fn of_record(
    element: &Element,
    record: &StoredIdentity,
    new: QualifiedPartition,
    place: &Place,
) -> Option<Vec<ByteEdit>> {
    let edits = edit::replace_identity(element, record, new).ok()?;
    let start = element.at.saturating_add(record.at);
    let named = |edit: Edit| {
        let (what, meaning) = match (record.partition, new, edit.at == start) {
            (QualifiedPartition::Mbr { offset, .. }, QualifiedPartition::Mbr { offset: new, .. }, true) => {
                ("offset", format!("0x{offset:x} -> 0x{new:x}"))
            }
            (
                QualifiedPartition::Mbr { signature, .. },
                QualifiedPartition::Mbr { signature: new, .. },
                false,
            ) => ("disk signature", format!("0x{signature:08x} -> 0x{new:08x}")),
            (
                QualifiedPartition::Gpt { partition, .. },
                QualifiedPartition::Gpt { partition: new, .. },
                true,
            ) => ("partition GUID", format!("{partition} -> {new}")),
            (QualifiedPartition::Gpt { disk, .. }, QualifiedPartition::Gpt { disk: new, .. }, false) => {
                ("disk GUID", format!("{disk} -> {new}"))
            }
            (old, new, _) => ("identity", format!("{old} -> {new}")),
        };
        place.edit(edit, what, meaning)
    };
    Some(edits.into_iter().map(named).collect())
}

/// What firmware knows a partition by, for people.
pub(in crate::diagnosis) fn show_signature(signature: DriveSignature) -> String {
    match signature {
        DriveSignature::Mbr(signature) => format!("disk signature 0x{signature:08x}"),
        DriveSignature::Gpt(guid) => format!("partition GUID {guid}"),
    }
}
