//! The hops before the store: firmware, boot code, active partition, boot record, boot manager.

use crate::diagnosis::chain::Chain;
use crate::diagnosis::disk::active;
use crate::diagnosis::disk::boot_manager_file;
use crate::diagnosis::disk::boot_record::first_sector;
use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::disk::not_fat;
use crate::diagnosis::disk::protective_mbr;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::hop::HopKind;
use crate::diagnosis::model::subject::Place;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::system::SystemVolume;
use crate::partition::BootCode;
use crate::partition::TableKind;
use crate::volume::BootManagerName;

impl Chain<'_> {
    pub(super) fn before_the_store(&mut self, system: &SystemVolume, firmware: Firmware) {
        let layout = self.layout;
        let table = table_name(layout);
        self.add(HopKind::Firmware, format!("{firmware}, {table}"), &[Code::FirmwareMismatch]);
        self.protective_mbr();
        let name = layout.name(system.volume);
        match firmware {
            Firmware::Bios => {
                if is_started_by_mbr(layout) {
                    self.boot_code_and_flag();
                }
                self.boot_record(system);
            }
            Firmware::Uefi => {
                let evidence = not_fat::shown(layout, system.volume);
                self.add(HopKind::EfiPartition, evidence, &[Code::SystemVolumeNotFat]);
                if not_fat::is_doubtful(layout) {
                    self.unsure();
                }
            }
        }
        let files: Vec<&str> = [
            (system.bios_boot_manager && firmware == Firmware::Bios, r"\bootmgr"),
            (system.ntldr.is_some() && firmware == Firmware::Bios, r"\ntldr"),
            (system.uefi_boot_manager && firmware == Firmware::Uefi, r"\EFI\Microsoft\Boot\bootmgfw.efi"),
            (!system.fallbacks.is_empty() && firmware == Firmware::Uefi, r"\EFI\Boot"),
        ]
        .into_iter()
        .filter_map(|(is_there, path)| is_there.then_some(path))
        .collect();
        let is_foreign = firmware == Firmware::Uefi && !system.uefi_boot_manager;
        let foreign = system.foreign_fallback.filter(|_| is_foreign);
        let evidence = match (foreign, files.as_slice()) {
            (Some(path), _) => format!("{path} on {name}, which is not the Windows boot manager"),
            (None, []) => match layout.encryptor {
                Some(encryptor) => format!("{encryptor} loader, which starts the Windows boot manager"),
                None => format!("none on {name}"),
            },
            (None, files) => format!("{} on {name}", files.join(", ")),
        };
        let codes = [
            Code::BootManagerMissing,
            Code::BootManagerUnknown,
            Code::BootManagerBroken,
            Code::BootManagerCompressed,
        ];
        self.add_at(HopKind::BootManager, evidence, &Place::Volume(system.volume), &codes);
        let is_anothers = foreign.is_some() || boot_manager_file::is_anothers(layout, system);
        if is_anothers || files.is_empty() || boot_manager_file::is_unread(layout, system) {
            self.unsure();
        }
    }

    /// What firmware asks of a GPT before it looks for one; a BIOS that starts by a hybrid MBR does not.
    pub(super) fn protective_mbr(&mut self) {
        let layout = self.layout;
        if layout.table.kind != TableKind::Gpt || is_started_by_mbr(layout) {
            return;
        }
        self.add(HopKind::ProtectiveMbr, protective_mbr::shown(layout), &protective_mbr::CODES);
        if layout.table.unprotected.is_some() {
            self.unsure();
        }
    }

    fn boot_code_and_flag(&mut self) {
        let layout = self.layout;
        self.add(HopKind::BootCode, boot_code(layout.table.boot_code).into(), &[Code::BootCodeMissing]);
        let codes = [
            Code::ActivePartitionMissing,
            Code::ActivePartitionWrong,
            Code::ActivePartitionAmbiguous,
            Code::HybridMbrEntry,
            Code::SystemVolumeLogical,
        ];
        self.add(HopKind::ActivePartition, active::shown(layout), &codes);
        let may_stop = |finding: &Finding| {
            finding.code == Code::SystemVolumeLogical && finding.severity == Severity::Degrades
        };
        if self.findings.iter().any(may_stop) {
            self.unsure();
        }
    }

    pub(super) fn boot_record(&mut self, system: &SystemVolume) {
        let Some(facts) = self.layout.volume(system.volume) else { return };
        let evidence = facts.boot_record.map_or_else(
            || "none".to_owned(),
            |record| {
                let starts = match record.starts {
                    Some(BootManagerName::Bootmgr) => r"starts \bootmgr",
                    Some(BootManagerName::Ntldr) => r"starts \ntldr",
                    None if !record.has_code => "no boot code",
                    None => "unknown boot code",
                };
                let place = match first_sector(self.layout, facts) {
                    Some(sector) => {
                        format!("hidden sectors {}, partition at sector {sector}", record.hidden_sectors)
                    }
                    None => format!("hidden sectors {}", record.hidden_sectors),
                };
                format!("{place}, {starts}")
            },
        );
        let codes = [
            Code::PartitionType,
            Code::BootRecordPlace,
            Code::BootRecordOther,
            Code::BootRecordEmpty,
            Code::SectorSizeMismatch,
        ];
        let place = Place::Volume(system.volume);
        self.add_at(HopKind::BootRecord, evidence, &place, &codes);
        // Whether a boot loader in the MBR runs it is in that one's own files.
        let may_stop = |finding: &Finding| {
            finding.severity == Severity::Degrades
                && [Code::BootRecordOther, Code::BootRecordEmpty].contains(&finding.code)
                && *finding.subject.place() == place
        };
        if self.findings.iter().any(may_stop) {
            self.unsure();
        }
    }
}

/// What kind of disk it is to firmware.
pub(super) fn table_name(layout: &Layout) -> &'static str {
    match layout.table.kind {
        TableKind::Mbr => "MBR disk",
        TableKind::Gpt if is_started_by_mbr(layout) => "GPT disk with a hybrid MBR",
        TableKind::Gpt => "GPT disk",
        TableKind::None => "volume without a partition table",
    }
}

pub(super) fn boot_code(code: BootCode) -> &'static str {
    match code {
        BootCode::None => "no boot code in the MBR",
        BootCode::Grub => "GRUB",
        BootCode::Present => "in the MBR",
    }
}
