//! The hops on a disk with a Windows and without anything that starts it: how far firmware comes.

use crate::diagnosis::chain::Chain;
use crate::diagnosis::chain::start::boot_code;
use crate::diagnosis::chain::start::table_name;
use crate::diagnosis::disk::active;
use crate::diagnosis::disk::firmware_start::is_started_by_mbr;
use crate::diagnosis::disk::mbr_entry::Flags;
use crate::diagnosis::disk::no_system;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::hop::Hop;
use crate::diagnosis::model::hop::HopKind;
use crate::diagnosis::model::hop::State;
use crate::layout::Firmware;
use crate::layout::esp::EspContent;
use crate::partition::BootCode;

impl Chain<'_> {
    pub(super) fn without_system(&mut self) {
        let is_uefi = no_system::is_for_uefi(self.layout);
        let firmware = if is_uefi { Firmware::Uefi } else { Firmware::Bios };
        let table = table_name(self.layout);
        self.add(HopKind::Firmware, format!("{firmware}, {table}"), &[]);
        self.protective_mbr();
        if is_uefi { self.esp_hops() } else { self.active_hops() }
    }

    fn esp_hops(&mut self) {
        let layout = self.layout;
        let Some(esp) = no_system::nearest(layout) else {
            self.hop(HopKind::EfiPartition, "none".into(), true);
            return;
        };
        let is_closed =
            matches!(esp.content, EspContent::NotFormatted | EspContent::Other(_) | EspContent::Unread);
        self.hop(HopKind::EfiPartition, no_system::shown(layout, esp), is_closed);
        self.hop(
            HopKind::BootManager,
            format!(r"no \EFI\Microsoft\Boot\bootmgfw.efi on {}", layout.name(esp.volume)),
            true,
        );
    }

    fn active_hops(&mut self) {
        let layout = self.layout;
        if is_started_by_mbr(layout) {
            let code = layout.table.boot_code;
            self.hop(HopKind::BootCode, boot_code(code).into(), code == BootCode::None);
            let is_none = code != BootCode::Grub && Flags::of(layout).active.is_empty();
            match is_none {
                true => self.hop(HopKind::ActivePartition, active::shown(layout), true),
                false => {
                    self.add(HopKind::ActivePartition, active::shown(layout), &[Code::BootRecordUnsigned])
                }
            }
        }
        self.hop(HopKind::BootManager, r"no \bootmgr or \ntldr on any volume".into(), true);
    }

    /// Adds a hop that breaks for want of a system volume.
    fn hop(&mut self, kind: HopKind, evidence: String, is_broken: bool) {
        let finding = self.findings.iter().position(|finding| finding.code == Code::NoSystemVolume);
        let finding = finding.filter(|_| is_broken);
        // Where that is not the finding, the system volume is one that nobody can see.
        let state = match (is_broken, finding) {
            (true, Some(_)) => State::Broken,
            (true, None) => State::Unknown,
            (false, _) => State::Ok,
        };
        self.hops.push(Hop { kind, state, evidence, finding });
    }
}
