//! What a new store has to know of a Windows, read from its volume.

use crate::bcd::Firmware;
use crate::bcd::fresh::Generation;
use crate::bcd::fresh::Release;
use crate::bcd::fresh::Template;
use crate::hive::ReadError;
use crate::layout::Layout;
use crate::layout::boot_file::Machine;
use crate::layout::known::Cause;
use crate::layout::locale;
use crate::layout::product::Kind;
use crate::layout::windows::WindowsVolume;
use crate::repair::boot_files::machine;
use crate::repair::rebuild_error::RebuildError;
use crate::volume::Volume;

/// Where the template is below the system root, and how many bytes of it are read at most.
const TEMPLATE: &str = r"System32\config\BCD-Template";
const TEMPLATE_MAX: u64 = 256 << 10;
/// The language of which every boot manager has texts.
const ENGLISH: &str = "en-US";

/// What a new store has to know of a Windows.
pub(super) struct Facts {
    pub(super) release: Release,
    pub(super) locale: String,
    /// None where it is missing or no template: then our own table has the values.
    pub(super) template: Option<Template>,
}

impl Facts {
    /// Reads them.
    ///
    /// # Errors
    /// Its version is not known, or is none that has a store.
    pub(super) fn read(
        layout: &Layout,
        windows: &WindowsVolume,
        volume: &Volume<'_>,
        firmware: Firmware,
    ) -> Result<Self, RebuildError> {
        let place = || layout.name(windows.volume);
        let version = windows.version.as_ref().map_err(|why| RebuildError::Version(place(), why.clone()))?;
        let build = version.build_number.ok_or_else(|| RebuildError::Version(place(), Cause::NoProduct))?;
        let generation = Generation::of_build(build).ok_or_else(|| RebuildError::Release(place(), build))?;
        let is_server = version.kind == Some(Kind::Server);
        let is_x86 = machine(volume, &windows.root, firmware) == Some(Machine::X86);
        Ok(Self {
            release: Release { generation, is_server, is_x86 },
            locale: language(windows, volume).unwrap_or(ENGLISH).to_owned(),
            template: template(windows, volume),
        })
    }
}

fn language(windows: &WindowsVolume, volume: &Volume<'_>) -> Option<&'static str> {
    let file = volume.open_file(&windows.system_hive_path()).ok()??;
    locale::of_hive(&|at, len| file.read_at(at, len).map_err(ReadError::reader), file.len()).ok()?
}

fn template(windows: &WindowsVolume, volume: &Volume<'_>) -> Option<Template> {
    let bytes = volume.read(&format!(r"{}\{TEMPLATE}", windows.root), TEMPLATE_MAX).ok()??;
    Template::parse(bytes).ok()
}
