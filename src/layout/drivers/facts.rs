//! What a SYSTEM hive and a volume say of storage drivers.

use crate::layout::boot_file::Content;
use crate::layout::drivers::controller::Controllers;
use crate::layout::drivers::need::Class;
use crate::layout::drivers::need::Generation;
use crate::layout::known::Cause;

/// What one Windows has of the drivers that were asked for.
#[derive(Debug, Clone)]
pub struct StorageDrivers {
    /// How it finds and loads them.
    pub generation: Generation,
    /// The control sets that `Select` names, the one that starts first.
    pub sets: Vec<ControlSet>,
    /// The hardware ids that were looked up, in the one that starts or in `DriverDatabase`.
    pub bindings: Vec<Binding>,
    /// The filters of its classes, in the one that starts.
    pub filters: Vec<Filter>,
    /// `BootDriverFlags` of the hardware configuration that ran last.
    pub hardware_flags: Option<Dword>,
    /// The files of services and filters.
    pub files: Vec<DriverFile>,
}

/// What was asked of one Windows, and what came of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The controllers that were asked for.
    pub controllers: Controllers,
    /// What it has, or why that cannot be read.
    pub found: Result<StorageDrivers, Cause>,
}

/// A control set.
#[derive(Debug, Clone)]
pub struct ControlSet {
    /// Its number: 1 is `ControlSet001`.
    pub number: u32,
    /// The services that were asked for and have a key.
    pub services: Vec<Service>,
    /// `Control\BootDriverFlags`: which services that are not loaded at boot are promoted.
    pub boot_driver_flags: Option<Dword>,
}

/// A number in a hive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dword {
    /// Its value.
    pub value: u32,
    /// File offset of its four bytes in the hive.
    pub at: u64,
}

/// A service as its key has it; what is not there, or no such type, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Name of the key in its stored case.
    pub name: String,
    /// `Type`: 1 is a driver.
    pub kind: Option<Dword>,
    /// `Start`: 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled.
    pub start: Option<Dword>,
    /// `StartOverride`: by the index of a hardware configuration, the start value that it puts in the place of `Start`.
    pub overrides: Vec<(String, Dword)>,
    /// `ImagePath`.
    pub image_path: Option<String>,
    /// `Group`.
    pub group: Option<String>,
    /// `BootFlags`: when it is promoted to be loaded at boot.
    pub boot_flags: Option<Dword>,
}

/// A hardware id that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The id, `BUS\ID`.
    pub id: &'static str,
    /// The services that are bound to it, as they are spelt there.
    pub services: Vec<String>,
}

/// A filter driver of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The class.
    pub class: Class,
    /// It stands in `UpperFilters`, or else in `LowerFilters`.
    pub is_upper: bool,
    /// Name of its service.
    pub service: String,
}

/// A file that a service needs.
#[derive(Debug, Clone)]
pub struct DriverFile {
    /// Its path on the volume of Windows.
    pub path: String,
    /// Its length in bytes, and what it begins with where it was looked into; or why neither can be told.
    pub found: Result<Found, Cause>,
}

/// What was found under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Missing,
    /// A file of so many bytes.
    Len(u64),
    /// The same, looked into.
    Read(u64, Content),
}

impl StorageDrivers {
    /// The control set that starts.
    #[must_use]
    pub fn default_set(&self) -> Option<&ControlSet> {
        self.sets.first()
    }

    /// A hardware id that was looked up.
    #[must_use]
    pub fn binding(&self, id: &str) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.id == id)
    }

    /// A file that was looked for.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&DriverFile> {
        self.files.iter().find(|file| file.path.eq_ignore_ascii_case(path))
    }
}

impl ControlSet {
    /// A service by its name; case does not matter.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name.eq_ignore_ascii_case(name))
    }
}
