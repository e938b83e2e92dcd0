//! Findings about `ReAgent.xml`: whether the places that it names are on this disk.
//!
//! Windows' `reagentc` believes it, the boot manager does not read it: the recovery environment starts by the store.

use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::left::Left;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::store::whole::Entries;
use crate::diagnosis::windows::winre_edits::Config;
use crate::layout::Layout;
use crate::layout::index::WinreIndex;
use crate::layout::reagent::DISABLED;
use crate::layout::reagent::Location;
use crate::layout::reagent::LocationKind;
use crate::layout::spanned;
use crate::layout::store::StoreFile;
use crate::layout::winre::WinreFile;
use crate::partition::DiskId;

/// All findings, one for each Windows; `repoints` tell the old identity, `restore` whether it can be put back. What the copies beside the
/// recovery images say comes with those of Windows' own, or once by itself, where the same is done about it.
#[must_use]
pub(in crate::diagnosis) fn findings(
    entries: Entries<'_>,
    repoints: &[&Repoint],
    restore: &Restore,
) -> Vec<Finding> {
    let all = Findings { layout: entries.layout, context: entries.context, entries, repoints, restore };
    let (own, copies): (Vec<_>, Vec<_>) =
        entries.layout.winre_indexed().partition(|(_, file)| file.windows.is_some());
    let mut findings: Vec<Finding> =
        own.into_iter().filter_map(|(index, file)| all.of(index, file)).collect();
    for copy in copies.into_iter().filter_map(|(index, file)| all.of(index, file)) {
        match findings.iter_mut().find_map(|finding| Some((joined(finding, &copy)?, finding))) {
            Some((remedy, finding)) => {
                finding.evidence.push(format!("the copy is also wrong: {}", copy.subject));
                finding.remedy = remedy;
            }
            None => findings.push(copy),
        }
    }
    findings
}

/// What is done about both, where that is of a kind.
fn joined(one: &Finding, other: &Finding) -> Option<Remedy> {
    match (&one.remedy, &other.remedy) {
        (Remedy::Edit(edits), Remedy::Edit(more)) => Some(Remedy::Edit([edits.as_slice(), more].concat())),
        (remedy @ Remedy::Switch(..), Remedy::Switch(..))
        | (remedy @ Remedy::Advice(_), Remedy::Advice(_))
        | (remedy @ Remedy::None, Remedy::None) => Some(remedy.clone()),
        _ => None,
    }
}

/// Something that does not fit this disk, and what is written for it.
struct Wrong {
    text: String,
    edits: Result<Vec<ByteEdit>, Left>,
}

/// What all findings have in common.
struct Findings<'a> {
    layout: &'a Layout,
    context: &'a Context,
    entries: Entries<'a>,
    repoints: &'a [&'a Repoint],
    restore: &'a Restore,
}

impl Findings<'_> {
    fn of(&self, index: WinreIndex, file: &WinreFile) -> Option<Finding> {
        let text = format!("{} on {}", file.path, self.layout.name(file.volume));
        let subject = Subject::new(Place::WinreFile(index), text);
        let base = |message: &str| {
            Finding::plain(Code::RecoveryConfig, Severity::Note, subject.clone(), message.to_owned())
        };
        let config = match &file.config {
            Ok(config) => config,
            Err(error) if file.is_xml => {
                let evidence = vec![error.to_string()];
                let message = "the location of the recovery environment cannot be read";
                return Some(Finding { evidence, ..base(message) });
            }
            // A placeholder, or something that is no configuration at all.
            Err(_) => return None,
        };
        if config.state == Some(DISABLED) {
            return None;
        }
        let config = Config::new(self.entries, self.repoints, index, file, config);
        let wrong = self.wrong(&config);
        if wrong.is_empty() {
            return None;
        }
        let locations = &config.config.locations;
        let strange = locations.iter().find_map(|location| self.strange(location));
        let whose = match strange.map(|disk| self.context.others.find(disk)) {
            Some(None) => "still refers to the old disk",
            Some(Some(_)) => "refers to a different disk",
            None => "refers to what is not on this disk",
        };
        let message = format!("ReAgent.xml {whose}; `reagentc /info` will show no recovery environment");
        let (mut evidence, mut edits) = (Vec::new(), Vec::new());
        for Wrong { text, edits: found } in wrong {
            evidence.push(text);
            match found {
                Ok(more) => edits.extend(more),
                Err(Left::Doubt(why)) => {
                    evidence.push(format!("not certain enough for --recovery-config: {why}"))
                }
                Err(Left::Untold) => {}
            }
        }
        let is_back = |disk: DiskId| matches!(self.restore, Restore::Possible(old) if old.disk == disk);
        let is_old = locations.iter().filter_map(|location| location.disk).any(is_back);
        let remedy = self.remedy(file, edits, is_old);
        Some(Finding { evidence, remedy, ..base(&message) })
    }

    fn remedy(&self, file: &WinreFile, edits: Vec<ByteEdit>, is_old: bool) -> Remedy {
        if self.context.choice.recovery_config && !edits.is_empty() {
            return Remedy::Edit(edits);
        }
        let other = if is_old { "; `fix --restore-identity` makes it valid again" } else { "" };
        let in_windows = format!("in Windows run `reagentc /disable`, then `reagentc /enable`{other}");
        if edits.is_empty() || !self.is_writable(file) {
            let advice =
                format!("the recovery environment still starts from the store's entry; {in_windows}");
            return Remedy::Advice(advice);
        }
        let mut changes: Vec<&str> = edits.iter().map(|edit| edit.meaning.as_str()).collect();
        changes.dedup();
        let advice = format!("`fix --recovery-config` writes {}; or {in_windows}", changes.join(", "));
        Remedy::Switch(Switch::RecoveryConfig, advice)
    }

    /// Whether nothing stands against writing the file, and the stores that are written with it.
    fn is_writable(&self, file: &WinreFile) -> bool {
        let layout = self.layout;
        let mut stores = self.repoints.iter().filter_map(|repoint| layout.store(repoint.store));
        file.is_plain
            && file.obstacles.is_empty()
            && layout.overlapping(file.volume).is_none()
            && layout.asleep().is_none()
            && layout.unseen().is_none()
            && spanned::dynamic(layout).next().is_none()
            && stores.all(StoreFile::is_writable)
    }

    /// What of a file does not fit this disk.
    fn wrong(&self, config: &Config<'_>) -> Vec<Wrong> {
        let locations = config.config.locations.iter().enumerate();
        let places = locations.filter_map(|(at, location)| {
            if !matches!(location.what, LocationKind::Winre | LocationKind::Image) {
                return None;
            }
            let why = self.misplaced(location).or_else(|| self.without_image(config, location))?;
            let text = format!("{} refers to {why}", location.what.element());
            Some(Wrong { text, edits: config.location(at, location) })
        });
        let mut wrong: Vec<Wrong> = places.collect();
        let live = self.layout.stores.iter().filter(|file| file.live);
        let stores: Vec<_> = live.filter_map(StoreFile::parsed).collect();
        if let Some(entry) = config.config.entry
            && !stores.is_empty()
            && stores.iter().all(|store| store.object(entry).is_none())
        {
            let text = format!("WinreBCD refers to {}, which is in no store", entry.braced());
            // A file that is another disk's for all that can be told would name this disk's entry then, and that is taken as proof.
            let edits = match wrong.iter().all(|place| place.edits.is_ok()) {
                true => config.entry(),
                false => Err(Left::Untold),
            };
            wrong.push(Wrong { text, edits });
        }
        wrong
    }

    /// The disk that is named, where that is neither this one nor one beside it.
    fn strange(&self, location: &Location) -> Option<DiskId> {
        let is_told = matches!(location.what, LocationKind::Winre | LocationKind::Image);
        location.disk.filter(|disk| {
            is_told && !self.layout.is_named(*disk) && self.context.companion_named(*disk).is_none()
        })
    }

    fn misplaced(&self, location: &Location) -> Option<String> {
        let is_beside =
            |disk: DiskId| self.context.companion_named(disk).is_some() && !self.layout.is_named(disk);
        if location.disk.is_some_and(is_beside) {
            return None;
        }
        if let Some(disk) = self.strange(location) {
            let whose = match self.context.others.find(disk) {
                Some(other) => format!("which is {}", other.name),
                None if self.repoints.iter().any(|repoint| disk_of(&repoint.old) == disk) => {
                    "this disk's old identity".to_owned()
                }
                None => "which is not present".to_owned(),
            };
            return Some(format!("{}, {whose}", show_disk(disk)));
        }
        let offset = location.offset.filter(|offset| self.layout.partition_at(*offset).is_none())?;
        Some(format!("byte 0x{offset:x} of the disk, where no partition starts"))
    }

    /// A place of this disk that has no recovery image, where another partition has it for certain; else nobody can tell what is wrong.
    fn without_image(&self, config: &Config<'_>, location: &Location) -> Option<String> {
        let volume = self.layout.partition_at(location.offset?)?;
        let is_here = location.disk.is_some_and(|disk| self.layout.is_named(disk));
        let path = location.image().filter(|_| is_here)?;
        let images = &self.layout.recovery_images;
        if images.has(volume, &path) || images.hides(volume, &path) || config.image(location).is_err() {
            return None;
        }
        Some(format!("{}, which does not have {path}", self.layout.name(volume)))
    }
}
