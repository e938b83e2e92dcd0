//! Findings about volumes that were formatted for sectors of another size than the disk's, as after a copy to a disk with
//! 4096-byte sectors.
//!
//! Sources: Microsoft, `fastfat` (FatMountVolume: STATUS_UNRECOGNIZED_VOLUME where the boot sector and the device differ); edk2, FatPkg
//! (FatOpenDevice goes by the boot sector alone).

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::store::menu::is_main;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::VolumeRole;
use crate::layout::index::VolumeIndex;
use crate::partition::TableKind;

/// All findings about sizes of sectors.
pub(in crate::diagnosis) fn findings(
    layout: &Layout,
    records: &[Reference],
    answers: &[Resolution],
) -> Vec<Finding> {
    let needed: Vec<VolumeIndex> = needed(layout, records, answers).collect();
    let volumes = layout.volumes_indexed();
    let finding = |(volume, facts)| {
        let formatted = of_volume(layout, facts)?;
        Some(mismatch(layout, volume, formatted, severity(layout, volume, facts, &needed)))
    };
    volumes.filter_map(finding).collect()
}

/// Bytes of the sectors for which a volume was formatted, where its disk has others. Without a table nothing says what the disk has.
pub(in crate::diagnosis) fn of_volume(layout: &Layout, facts: &VolumeFacts) -> Option<u32> {
    let formatted = facts.boot_record?.sector_size;
    let is_size = formatted.is_power_of_two() && (512..=4096).contains(&formatted);
    let is_other = layout.table.kind != TableKind::None && formatted != layout.table.sector_size;
    (is_size && is_other).then_some(formatted)
}

/// The volumes of the Windows that starts: those to which the main entries lead, or the only one.
fn needed<'a>(
    layout: &'a Layout,
    records: &'a [Reference],
    answers: &'a [Resolution],
) -> impl Iterator<Item = VolumeIndex> + 'a {
    let of_main = |record: &Reference| {
        let file = layout.store(record.store);
        file.is_some_and(|file| is_main(file, record.object))
            && matches!(record.purpose.role, ElementRole::Loader | ElementRole::OsRoot)
    };
    let led = records.iter().zip(answers).filter(move |(record, _)| of_main(record));
    let led = led.filter_map(|(_, answer)| match answer {
        Resolution::Here(volume) | Resolution::Repoint { volume, .. } => Some(*volume),
        _ => None,
    });
    let only = match layout.windows.as_slice() {
        [only] => Some(only.volume),
        _ => None,
    };
    led.chain(only)
}

fn severity(layout: &Layout, volume: VolumeIndex, facts: &VolumeFacts, needed: &[VolumeIndex]) -> Severity {
    let is_start = |firmware| {
        layout.first_system().is_some_and(|start| start.volume == volume && start.firmware() == firmware)
    };
    match facts.role {
        _ if needed.contains(&volume) || is_start(Firmware::Bios) => Severity::BlocksBoot,
        // UEFI reads a FAT volume as its boot sector says; it is Windows that does not see it.
        VolumeRole::System | VolumeRole::SystemAndWindows | VolumeRole::Windows | VolumeRole::Recovery => {
            Severity::Degrades
        }
        VolumeRole::Reserved | VolumeRole::Other => Severity::Note,
    }
}

fn mismatch(layout: &Layout, volume: VolumeIndex, formatted: u32, severity: Severity) -> Finding {
    let has = layout.table.sector_size;
    Finding {
        evidence: vec![
            format!("bytes per sector in its boot record: {formatted}"),
            format!("bytes per sector of the disk: {has}"),
        ],
        remedy: Remedy::Advice(format!(
            "copy the old disk, with its table, to one with {formatted}-byte sectors (virtual machine: \
             logical_block_size={formatted}), or restore the files to a volume formatted on this disk"
        )),
        ..Finding::plain(
            Code::SectorSizeMismatch,
            severity,
            Subject::volume(layout, volume),
            format!(
                "formatted for {formatted}-byte sectors, but the disk has {has}-byte sectors: Windows \
                 treats the volume as RAW"
            ),
        )
    }
}
