//! The entry of a Windows, and what resumes it.

use crate::bcd::create::NewObject;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware::Firmware;
use crate::bcd::fresh::recovery::FreshRecovery;
use crate::bcd::fresh::release::Generation;
use crate::bcd::fresh::release::Release;
use crate::bcd::fresh::table;
use crate::bcd::fresh::template::Template;
use crate::guid::Guid;

/// `displaymessageoverride` of an entry whose recovery environment is started when it fails: that is what the screen says.
const RECOVERY: u64 = 3;

/// A Windows that gets an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshWindows<'a> {
    /// What it is.
    pub release: Release,
    /// Its partition.
    pub partition: QualifiedPartition,
    /// Its system root, e.g. `\Windows`.
    pub root: String,
    /// Its language, e.g. `en-US`.
    pub locale: String,
    /// The id of its entry.
    pub entry: Guid,
    /// The id of what resumes it.
    pub resume: Guid,
    /// Its recovery environment, where it has one.
    pub recovery: Option<FreshRecovery>,
    /// Its template, where it can be read.
    pub template: Option<&'a Template>,
}

impl FreshWindows<'_> {
    /// The settings of its store: those of its template, and of ours what that lacks.
    pub(super) fn settings(&self) -> Vec<NewObject> {
        let of_template = self.template.into_iter().flat_map(Template::settings);
        let mut objects: Vec<NewObject> = of_template.cloned().collect();
        for own in table::settings(self.release) {
            if !objects.iter().any(|object| object.id == own.id) {
                objects.push(own);
            }
        }
        objects
    }

    /// Its entry.
    pub(super) fn loader(&self, firmware: Firmware) -> NewObject {
        let of_template = self.template.and_then(|template| template.loader(self.entry, firmware));
        let object = of_template.unwrap_or_else(|| table::loader(self.entry, self.release, firmware));
        let path = self.template.and_then(|template| template.loader_path(firmware));
        let path = path.unwrap_or(match firmware {
            Firmware::Bios => r"\system32\winload.exe",
            Firmware::Uefi => r"\system32\winload.efi",
        });
        let object = self
            .placed(object, path)
            .with(ElementId::DESCRIPTION, table::text(self.release.title()))
            .with(ElementId::OS_DEVICE, table::partition(self.partition))
            .with(ElementId::SYSTEM_ROOT, table::text(self.root()))
            .with(ElementId::RESUME_OBJECT, ElementValue::Object(self.resume));
        let Some(recovery) = &self.recovery else { return object };
        let object = linked(object, recovery);
        match self.release.generation {
            Generation::Ten | Generation::Eleven => {
                object.with(ElementId::DISPLAY_MESSAGE_OVERRIDE, ElementValue::Integer(RECOVERY))
            }
            _ => object,
        }
    }

    /// What resumes it.
    pub(super) fn resume_object(&self, firmware: Firmware) -> NewObject {
        let of_template = self.template.and_then(|template| template.resume_object(self.resume, firmware));
        let object = of_template.unwrap_or_else(|| table::resume_object(self.resume, self.release, firmware));
        let object = self.placed(
            object,
            match firmware {
                Firmware::Bios => r"\system32\winresume.exe",
                Firmware::Uefi => r"\system32\winresume.efi",
            },
        );
        match &self.recovery {
            Some(recovery) if self.release.generation >= Generation::Eight => linked(object, recovery),
            _ => object,
        }
    }

    /// The objects of its recovery environment, where it has one.
    pub(super) fn recovery_objects(&self, firmware: Firmware) -> Option<[NewObject; 2]> {
        Some(self.recovery.as_ref()?.objects(self.release, &self.locale, firmware))
    }

    /// The object with its program's place, which is below the system root, and its language.
    fn placed(&self, object: NewObject, below_root: &str) -> NewObject {
        object
            .with(ElementId::DEVICE, table::partition(self.partition))
            .with(ElementId::PATH, table::text(&format!("{}{below_root}", self.root())))
            .with(ElementId::LOCALE, table::text(&self.locale))
    }

    fn root(&self) -> &str {
        self.root.trim_end_matches('\\')
    }
}

fn linked(object: NewObject, recovery: &FreshRecovery) -> NewObject {
    object
        .with(ElementId::RECOVERY_SEQUENCE, table::list(&[recovery.entry]))
        .with(ElementId::RECOVERY_ENABLED, ElementValue::Boolean(true))
}
