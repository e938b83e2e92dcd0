//! {bootmgr} and {memdiag}.

use crate::bcd::create::NewObject;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware::Firmware;
use crate::bcd::fresh::table;
use crate::bcd::fresh::template::Template;
use crate::bcd::fresh::windows::FreshWindows;
use crate::bcd::object_id;
use crate::guid::Guid;

/// What both are made of.
#[derive(Clone, Copy)]
pub(super) struct Manager<'a> {
    pub(super) firmware: Firmware,
    pub(super) system: QualifiedPartition,
    /// The Windows whose settings and language they have.
    pub(super) chosen: &'a FreshWindows<'a>,
}

impl Manager<'_> {
    /// {bootmgr}, with these entries in its menu.
    pub(super) fn boot_manager(self, entries: &[Guid]) -> NewObject {
        self.plain()
            .with(ElementId::DEFAULT, ElementValue::Object(self.chosen.entry))
            .with(ElementId::BOOT_MANAGER_RESUME_OBJECT, ElementValue::Object(self.chosen.resume))
            .with(ElementId::DISPLAY_ORDER, table::list(entries))
            .with(ElementId::TOOLS_DISPLAY_ORDER, table::list(&[object_id::MEMDIAG]))
    }

    /// {bootmgr} of the recovery store, with the recovery environment as its only entry, where there is one.
    pub(super) fn of_recovery(self) -> NewObject {
        let manager = self.plain().without(ElementId::DEFAULT).without(ElementId::DISPLAY_ORDER);
        let Some(recovery) = &self.chosen.recovery else { return manager };
        manager
            .with(ElementId::DEFAULT, ElementValue::Object(recovery.entry))
            .with(ElementId::DISPLAY_ORDER, table::list(&[recovery.entry]))
    }

    /// {memdiag}.
    pub(super) fn memory_test(self) -> NewObject {
        let of_template = self.chosen.template.and_then(Template::memory_test);
        let path = match self.firmware {
            Firmware::Bios => r"\boot\memtest.exe",
            Firmware::Uefi => r"\EFI\Microsoft\Boot\memtest.efi",
        };
        self.placed(of_template.unwrap_or_else(table::memory_test))
            .with(ElementId::PATH, table::text(path))
            .with(ElementId::DESCRIPTION, table::text("Windows Memory Diagnostic"))
    }

    fn plain(self) -> NewObject {
        let of_template = self.chosen.template.and_then(Template::boot_manager);
        let manager = self.placed(of_template.unwrap_or_else(table::boot_manager));
        match self.firmware {
            // BIOS comes to `\bootmgr` by itself.
            Firmware::Bios => manager.without(ElementId::PATH),
            Firmware::Uefi => manager.with(ElementId::PATH, table::text(r"\EFI\Microsoft\Boot\bootmgfw.efi")),
        }
    }

    /// The object on the system volume, in the language of the chosen Windows.
    fn placed(self, object: NewObject) -> NewObject {
        object
            .with(ElementId::DEVICE, table::partition(self.system))
            .with(ElementId::LOCALE, table::text(&self.chosen.locale))
    }
}
