//! What `fix --recovery-config` writes in a `ReAgent.xml`, where that is certain.
//!
//! A location is certain where it is this disk's, and one partition alone has the recovery image in its folder, or the store's recovery entry
//! starts that one. It is this disk's where it names it, or an identity that it had: by the elements that are re-pointed, by a record,
//! by what the Windows remembers, or where the file names the recovery entry of its Windows, which starts the image here. The entry is
//! certain where the Windows has one alone.

use std::cell::OnceCell;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::former_identity::was_its_own;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::left::Left;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::windows::recovery_entry::RecoveryEntry;
use crate::diagnosis::windows::recovery_entry::recovery_entries;
use crate::guid::Guid;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WinreIndex;
use crate::layout::reagent::Location;
use crate::layout::reagent::LocationKind;
use crate::layout::reagent::RecoveryConfig;
use crate::layout::reagent_field::Field;
use crate::layout::reagent_field::LocationFields;
use crate::layout::text_file::TextFile;
use crate::layout::windows::WindowsVolume;
use crate::layout::winre::WinreFile;
use crate::partition::DiskId;

/// One file, and what tells how it should be.
pub(super) struct Config<'a> {
    entries: Entries<'a>,
    repoints: &'a [&'a Repoint],
    pub(super) index: WinreIndex,
    pub(super) file: &'a WinreFile,
    pub(super) config: &'a RecoveryConfig,
    /// The recovery entries of its Windows; only what is wrong asks for them.
    recovery: OnceCell<Vec<RecoveryEntry>>,
}

impl<'a> Config<'a> {
    pub(super) const fn new(
        entries: Entries<'a>,
        repoints: &'a [&'a Repoint],
        index: WinreIndex,
        file: &'a WinreFile,
        config: &'a RecoveryConfig,
    ) -> Self {
        Self { entries, repoints, index, file, config, recovery: OnceCell::new() }
    }

    /// What is written for the place number `at` of the file, which is wrong.
    pub(super) fn location(&self, at: usize, location: &Location) -> Result<Vec<ByteEdit>, Left> {
        self.is_asked_alone()?;
        let fields = self.file.fields.locations.get(at).ok_or(Left::Untold)?;
        self.is_of_this_disk(location)?;
        let volume = self.image(location)?;
        let named = identity_of(self.entries.layout, volume)
            .ok_or_else(|| Left::Doubt(format!("{} has no identity of its own", self.name(volume))))?;
        let start =
            self.entries.layout.partition(volume).map(|partition| partition.start).ok_or(Left::Untold)?;
        match named {
            QualifiedPartition::Mbr { signature: 0, .. } => {
                Err(Left::Doubt("the disk has no signature".into()))
            }
            QualifiedPartition::Mbr { signature, .. } => {
                self.edits(location, fields, signature, start, Guid::ZERO)
            }
            QualifiedPartition::Gpt { disk, .. } => self.edits(location, fields, 0, start, disk),
        }
    }

    /// What is written for the entry, which no store has.
    pub(super) fn entry(&self) -> Result<Vec<ByteEdit>, Left> {
        self.is_asked_alone()?;
        let field = self.file.fields.entry.as_ref().ok_or(Left::Untold)?;
        match self.recovery() {
            [] => Err(Left::Untold),
            [only] => Ok(vec![self.edit("WinreBCD", "id", field, &field.braced(only.id, None))]),
            _ => Err(Left::Doubt("the store has several recovery entries".into())),
        }
    }

    /// The volume that has the image of a place.
    pub(super) fn image(&self, location: &Location) -> Result<VolumeIndex, Left> {
        let images = &self.entries.layout.recovery_images;
        let path = location.image().ok_or(Left::Untold)?;
        let mut all = images.volumes_with(&path);
        let first = all.next().ok_or(Left::Untold)?;
        if let Some(started) = self.started(&path) {
            return Ok(started);
        }
        if all.next().is_some() {
            return Err(Left::Doubt(format!("several partitions have {path}")));
        }
        if let Some(hidden) = images.volumes_hiding(&path).next() {
            return Err(Left::Doubt(format!(
                "{} cannot be read, and may have {path} too",
                self.name(hidden)
            )));
        }
        let other = self.recovery().iter().find_map(|entry| entry.image.as_ref());
        match other.filter(|_| location.what == LocationKind::Winre) {
            Some((volume, other)) => Err(Left::Doubt(format!(
                "the store's recovery entry starts {other} on {}, not that on {}",
                self.name(*volume),
                self.name(first)
            ))),
            None => Ok(first),
        }
    }

    /// The volume whose image with this path the only recovery entry starts.
    fn started(&self, path: &str) -> Option<VolumeIndex> {
        let [RecoveryEntry { image: Some((volume, started)), .. }] = self.recovery() else { return None };
        let is_it = started.to_lowercase() == path.to_lowercase();
        Some(*volume).filter(|volume| is_it && self.entries.layout.recovery_images.has(*volume, path))
    }

    fn recovery(&self) -> &[RecoveryEntry] {
        self.recovery.get_or_init(|| recovery_entries(self.entries, self.windows()))
    }

    /// A store that is made anew has its entry by this file, and with another active partition another store counts: what is certain then,
    /// nobody knows yet.
    fn is_asked_alone(&self) -> Result<(), Left> {
        let choice = self.entries.context.choice;
        match choice.rebuild.is_some() || choice.active.is_some() {
            true => Err(Left::Doubt("--rebuild or --active may change the store: run this after it".into())),
            false => Ok(()),
        }
    }

    fn is_of_this_disk(&self, location: &Location) -> Result<(), Left> {
        let Entries { layout, context, .. } = self.entries;
        let named = location.disk.ok_or(Left::Untold)?;
        if layout.is_named(named) {
            return Ok(());
        }
        if context.others.find(named).is_some() {
            return Err(Left::Untold);
        }
        let of_old: Vec<bool> = self
            .repoints
            .iter()
            .filter(|repoint| disk_of(&repoint.old) == named)
            .map(|repoint| repoint.volume.is_some())
            .collect();
        let is_old = !of_old.is_empty() && of_old.iter().all(|is_here| *is_here);
        match is_old
            || was_its_own(layout, context, self.windows(), named)
            || self.names_what_starts(location)
        {
            true => Ok(()),
            false => Err(Left::Doubt(format!("nothing says that {} was this disk's", show_disk(named)))),
        }
    }

    /// The Windows whose file it is.
    fn windows(&self) -> Option<&WindowsVolume> {
        self.file.windows.and_then(|index| self.entries.layout.installation(index))
    }

    /// Whether the file names the entry that starts the image of this place.
    fn names_what_starts(&self, location: &Location) -> bool {
        let is_named = matches!(self.recovery(), [only] if self.config.entry == Some(only.id));
        is_named && location.image().is_some_and(|path| self.started(&path).is_some())
    }

    fn edits(
        &self,
        location: &Location,
        fields: &LocationFields,
        signature: u32,
        start: u64,
        guid: Guid,
    ) -> Result<Vec<ByteEdit>, Left> {
        let (old_signature, old_guid) = match location.disk {
            Some(DiskId::Mbr(old)) => (old, Guid::ZERO),
            Some(DiskId::Gpt(old)) => (0, old),
            None => (0, Guid::ZERO),
        };
        let element = location.what.element();
        let braced = |field: &Field| field.braced(guid, self.file.fields.entry.as_ref());
        let mut edits = Vec::new();
        let mut put = |is_right: bool, name: &str, field: Option<&Field>, text: &dyn Fn(&Field) -> String| {
            if is_right {
                return Ok(());
            }
            let field =
                field.ok_or_else(|| Left::Doubt(format!("{element} has no plain attribute {name}")))?;
            edits.push(self.edit(element, name, field, &text(field)));
            Ok(())
        };
        put(old_signature == signature, "id", fields.id.as_ref(), &|_| signature.to_string())?;
        put(location.offset == Some(start), "offset", fields.offset.as_ref(), &|_| start.to_string())?;
        put(old_guid == guid, "guid", fields.guid.as_ref(), &braced)?;
        match edits.is_empty() {
            true => Err(Left::Untold),
            false => Ok(edits),
        }
    }

    fn edit(&self, element: &str, name: &str, field: &Field, after: &str) -> ByteEdit {
        let file = TextFile::ReAgent(self.index);
        ByteEdit {
            what: format!("{} on {}", self.file.path, self.name(self.file.volume)),
            site: Site::Text { file, at: field.at, now: self.entries.context.orders.now },
            before: field.spelt(&field.value),
            after: field.spelt(after),
            meaning: format!("{element} {name}=\"{}\" -> \"{after}\"", field.value),
        }
    }

    fn name(&self, volume: VolumeIndex) -> String {
        self.entries.layout.name(volume)
    }
}
