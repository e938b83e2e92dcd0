//! What the files that are started tell of the machine that a disk is for.

use crate::bcd::Firmware;
use crate::layout::boot_file::Machine;
use crate::layout::boot_files::BootFile;
use crate::layout::boot_files::Replaced;
use crate::layout::disk::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;

impl Layout {
    /// A file that is started on the boot path, where it is there and was looked into; the case of letters does not matter.
    #[must_use]
    pub fn boot_file(&self, volume: VolumeIndex, path: &str) -> Option<&BootFile> {
        self.boot_files.get(volume, path.to_lowercase())
    }

    /// The processor of the UEFI machine that this disk starts, as its boot manager tells, or else the name of its fallback.
    #[must_use]
    pub fn machine(&self) -> Option<Machine> {
        let system = self.first_system().filter(|system| system.firmware() == Firmware::Uefi)?;
        let mut loaders = self.boot_files.files.iter().filter(|((_, path), _)| path.ends_with(".efi"));
        let by_loader = || loaders.find_map(|(_, file)| file.machine());
        let by_manager = self.boot_manager_machine(system.volume).or_else(by_loader);
        by_manager.or_else(|| system.fallbacks.first()?.machine())
    }

    /// The processor that the UEFI boot manager of a system volume is for, or else its fallback, where that is a whole program.
    #[must_use]
    pub fn boot_manager_machine(&self, volume: VolumeIndex) -> Option<Machine> {
        let system = self.systems.iter().find(|system| system.volume == volume)?;
        if let Some((_, wanted)) = self.odd_boot_manager(system) {
            return Some(wanted);
        }
        let of = |file| self.machine_of(volume, file);
        of(SystemFile::UefiBootManager).or_else(|| of(*system.fallbacks.first()?))
    }

    /// The processor that a UEFI boot manager is for, and the one that it should be for, where those differ: a copy under a name that
    /// firmware falls back to is for the latter, as its name says and as is every loader.
    #[must_use]
    pub fn odd_boot_manager(&self, system: &SystemVolume) -> Option<(Machine, Machine)> {
        let found = self.machine_of(system.volume, SystemFile::UefiBootManager)?;
        let as_named = |file: &SystemFile| {
            self.machine_of(system.volume, *file).filter(|machine| file.machine() == Some(*machine))
        };
        let mut fallbacks = system.fallbacks.iter().filter(|_| system.foreign_fallback.is_none());
        let wanted = fallbacks.find_map(as_named)?;
        let is_manager = |(volume, path): &(VolumeIndex, String)| {
            let managers = SystemFile::FALLBACK.into_iter().chain([SystemFile::UefiBootManager]);
            *volume == system.volume
                && managers.into_iter().any(|file| file.path().eq_ignore_ascii_case(path))
        };
        let loaders =
            self.boot_files.files.iter().filter(|(at, _)| at.1.ends_with(".efi") && !is_manager(at));
        let mut machines = loaders.filter_map(|(_, file)| file.machine()).peekable();
        machines.peek()?;
        (found != wanted && machines.all(|machine| machine == wanted)).then_some((found, wanted))
    }

    fn machine_of(&self, volume: VolumeIndex, file: SystemFile) -> Option<Machine> {
        self.boot_file(volume, file.path())?.machine()
    }

    /// The name under which firmware without an entry for this disk looks for a loader.
    #[must_use]
    pub fn fallback(&self) -> SystemFile {
        match self.machine() {
            Some(Machine::Arm64) => SystemFile::FallbackArm64,
            Some(Machine::X86) => SystemFile::FallbackX86,
            Some(Machine::X64 | Machine::Arm | Machine::Other(_)) | None => SystemFile::FallbackX64,
        }
    }

    /// The loader on a system volume that such firmware starts.
    #[must_use]
    pub fn fallback_on(&self, system: &SystemVolume) -> Option<SystemFile> {
        match self.machine() {
            Some(_) => system.fallbacks.iter().copied().find(|file| *file == self.fallback()),
            None => system.fallbacks.first().copied(),
        }
    }

    /// Where the boot manager of the system volume that the firmware comes to is another's: what Windows' is called there now.
    #[must_use]
    pub const fn replaced_boot_manager(&self) -> Option<Replaced> {
        self.boot_files.replaced
    }
}
