//! The boot files on their way to the system volume.

use std::collections::VecDeque;

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Orders;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::layout::Layout;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Collected;
use crate::repair::boot_files::Extent;
use crate::repair::boot_files::NoFiles;
use crate::repair::boot_files::Overwrite;
use crate::repair::boot_files::Role;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::draft::Draft;
use crate::repair::rebuild::made::MadeFile;
use crate::repair::rebuild::made::MadeFiles;
use crate::repair::rebuild::remarks;
use crate::repair::rebuild::site::Site;
use crate::repair::rebuild::volumes::Volumes;
use crate::repair::rebuild_error::RebuildError;
use crate::volume::Volume;

/// Bytes that are written at once: a writer holds them a second time.
const PORTION: usize = 2 << 20;

/// The first of the files that are put at once.
fn portion(files: &mut VecDeque<BootFile>) -> Vec<BootFile> {
    let (mut taken, mut bytes) = (Vec::new(), 0usize);
    let fits =
        |bytes: usize, file: &BootFile| bytes == 0 || bytes.saturating_add(file.contents.len()) <= PORTION;
    while files.front().is_some_and(|file| fits(bytes, file)) {
        let Some(file) = files.pop_front() else { break };
        bytes = bytes.saturating_add(file.contents.len().max(1));
        taken.push(file);
    }
    taken
}

/// The files of a rebuild, read.
pub(super) struct BootFiles {
    collected: Collected,
    /// Where they are from, for people.
    from: String,
    /// Why there is no more than the boot manager.
    lack: Option<String>,
    /// Those that were put.
    made: Vec<MadeFile>,
}

impl BootFiles {
    /// Reads them from the Windows that starts by itself, for the system volume `target`, on which `free` bytes are free.
    ///
    /// # Errors
    /// There is no sound boot manager, or no room.
    pub(super) fn read(
        layout: &Layout,
        volumes: &Volumes<'_>,
        rebuild: &Rebuild,
        target: &Volume<'_>,
        free: u64,
    ) -> Result<Self, RebuildError> {
        let Orders { languages, files_from, is_trial, .. } = rebuild.orders.as_ref();
        let windows = rebuild.windows.first().and_then(|index| layout.installation(*index));
        let windows = windows.ok_or(RebuildError::Gone("a Windows"))?;
        let volume = volumes.get(windows.volume).ok_or(RebuildError::Gone("the volume of a Windows"))?;
        let wish = Wish {
            firmware: rebuild.firmware,
            languages: languages.clone(),
            extent: if *is_trial { Extent::Needed } else { Extent::Full },
            overwrite: if rebuild.is_insisted() { Overwrite::All } else { Overwrite::OnlyMissingOrBroken },
            room: Some(free),
            files_from: files_from.as_deref(),
        };
        let needed = |why: Option<NoFiles>| -> Result<(Collected, Option<String>), RebuildError> {
            let wish = Wish { extent: Extent::Needed, ..wish.clone() };
            let collected = collect(volume, &windows.root, Some(target), &wish)?;
            Ok((
                collected,
                why.map(|why| format!("the boot manager alone, for the rest cannot be put: {why}")),
            ))
        };
        let (collected, lack) = match wish.extent {
            Extent::Needed => needed(None)?,
            // A start does without the rest.
            Extent::Full => match collect(volume, &windows.root, Some(target), &wish) {
                Ok(collected) => (collected, None),
                Err(why) => needed(Some(why))?,
            },
        };
        let below = match rebuild.firmware {
            Firmware::Bios => "PCAT",
            Firmware::Uefi => "EFI",
        };
        let from = match files_from {
            Some(directory) => directory.join(below).display().to_string(),
            None => format!(r"{}\Boot\{below}", windows.root),
        };
        Ok(Self { collected, from, lack, made: Vec::new() })
    }

    /// Whether nothing was put.
    pub(super) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Puts all of them but the boot managers, or those, and reads each back; what is put is held no longer.
    ///
    /// # Errors
    /// There is no room, or the volume is not one that is changed here; or a file reads as something else.
    pub(super) fn put(
        &mut self,
        draft: &mut Draft<'_>,
        site: &Site,
        managers: bool,
    ) -> Result<(), RebuildError> {
        let all = std::mem::take(&mut self.collected.files);
        let (now, later): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|file| (file.role == Role::Manager) == managers);
        self.collected.files = later;
        let mut files = VecDeque::from(now);
        while !files.is_empty() {
            let portion = portion(&mut files);
            site.put_files(draft, &portion.iter().collect::<Vec<_>>())?;
            for file in portion {
                site.is_as_put(draft, &file.to, &file.contents)?;
                self.made.push(made(&file));
            }
        }
        Ok(())
    }

    /// What was put, for people and reports.
    pub(super) fn made(self, partition: u32) -> MadeFiles {
        MadeFiles {
            partition,
            machine: self.collected.machine,
            remarks: self.lack.into_iter().chain(remarks::of(&self.collected)).collect(),
            from: self.from,
            files: self.made,
        }
    }
}

fn made(file: &BootFile) -> MadeFile {
    MadeFile {
        path: file.to.clone(),
        len: u64::try_from(file.contents.len()).unwrap_or(u64::MAX),
        sha256: file.sha256(),
        from: file.from.to_string(),
    }
}
