//! The boot files on their way to the system volume.

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Orders;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::layout::Layout;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Collected;
use crate::repair::boot_files::Extent;
use crate::repair::boot_files::Group;
use crate::repair::boot_files::NoFiles;
use crate::repair::boot_files::Overwrite;
use crate::repair::boot_files::Wish;
use crate::repair::boot_files::collect;
use crate::repair::boot_files::tree;
use crate::repair::draft::Draft;
use crate::repair::rebuild::made::MadeFile;
use crate::repair::rebuild::made::MadeFiles;
use crate::repair::rebuild::remarks;
use crate::repair::rebuild::site::Site;
use crate::repair::rebuild::volumes::Volumes;
use crate::repair::rebuild_error::RebuildError;
use crate::volume::EntryKind;
use crate::volume::Volume;
use crate::volume::VolumeError;

/// The files of a rebuild, read.
pub(super) struct BootFiles {
    collected: Collected,
    /// Where they are from, for people.
    from: String,
    /// Why there is no more than the boot manager.
    lack: Option<String>,
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
        Ok(Self { collected, from, lack })
    }

    /// Whether there is nothing to put.
    pub(super) fn is_empty(&self) -> bool {
        self.collected.files.is_empty()
    }

    /// Puts all of them but the boot managers, or those.
    ///
    /// # Errors
    /// There is no room, or the volume is not one that is changed here.
    pub(super) fn put(&self, draft: &mut Draft<'_>, site: &Site, managers: bool) -> Result<(), RebuildError> {
        let files: Vec<&BootFile> = self.collected.files.iter().collect();
        let groups = site.look(draft, |volume| {
            let mut is_there = |path: &str| -> Result<bool, VolumeError> {
                Ok(volume.find(path)?.is_some_and(|entry| entry.kind == EntryKind::Directory))
            };
            tree(&files, &mut is_there)
        })?;
        let [others, last] = groups;
        let Group { made, replaced } = if managers { last } else { others };
        if made.is_empty() && replaced.is_empty() {
            return Ok(());
        }
        site.write(draft, |mut writer| {
            for (path, contents) in &replaced {
                writer = writer.replace(path, contents)?;
            }
            for (directory, entries) in &made {
                writer = writer.create(directory, entries)?;
            }
            Ok(writer)
        })
    }

    /// Reads all of them back.
    ///
    /// # Errors
    /// One reads as something else.
    pub(super) fn are_as_put(&self, draft: &Draft<'_>, site: &Site) -> Result<(), RebuildError> {
        self.collected.files.iter().try_for_each(|file| site.is_as_put(draft, &file.to, &file.contents))
    }

    /// What was put, for people and reports.
    pub(super) fn made(&self, partition: u32) -> MadeFiles {
        let file = |file: &BootFile| MadeFile {
            path: file.to.clone(),
            len: u64::try_from(file.contents.len()).unwrap_or(u64::MAX),
            sha256: file.sha256(),
            from: file.from.to_string(),
        };
        MadeFiles {
            partition,
            from: self.from.clone(),
            machine: self.collected.machine,
            files: self.collected.files.iter().map(file).collect(),
            remarks: self.lack.iter().cloned().chain(remarks::of(&self.collected)).collect(),
        }
    }
}
