//! Findings about drive letters: entries of a Windows' `MountedDevices` that name this disk by its old identity.
//!
//! Sources: Microsoft, "Windows Internals" (volume names and letters of the mount manager); KB 947288. No entry matches
//! after the identity changed, and the mount manager assigns letters anew. Vista and later find the volume that they
//! started from by other means and mostly come up on C: again; XP and 2003 may hang at the login when C: becomes
//! another letter. No loader reads the letters, so no Windows fails to start for them.

use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::HiveField;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Repoint;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::windows::old_letters::Known;
use crate::layout::Layout;
use crate::layout::index::HiveIndex;
use crate::layout::known::Cause;
use crate::layout::mounted_devices::MountedDevice;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::mounted_devices::Named;
use crate::layout::mounted_devices::NewerLog;
use crate::layout::store::StoreFile;

/// Letters that are shown of a name that is no drive letter.
const NAME_MAX: usize = 64;

/// All findings about drive letters; `matched`, and `repoints` of it, are what tells the old identity, `restore` whether it can be
/// put back.
#[must_use]
pub(crate) fn findings(
    layout: &Layout,
    context: &Context,
    matched: &[(&Reference, &Resolution)],
    repoints: &[&Repoint],
    restore: &Restore,
) -> Vec<Finding> {
    let known = Known::new(layout, context, matched, repoints);
    let is_writable =
        repoints.iter().all(|repoint| layout.store(repoint.store).is_none_or(StoreFile::is_writable));
    let of_hive = |(hive, mounted): (HiveIndex, &MountedDevices)| match &mounted.entries {
        Ok(entries) => {
            let is_writable = is_writable && layout.is_hive_writable(mounted);
            Letters { known: &known, restore, hive, mounted, entries, is_writable }.finding()
        }
        Err(reason) => context.choice.drive_letters.then(|| unread(layout, mounted, reason)),
    };
    layout.hives_indexed().filter_map(of_hive).collect()
}

fn unread(layout: &Layout, mounted: &MountedDevices, reason: &Cause) -> Finding {
    let message = format!("its drive letters cannot be read from {}: {reason}", mounted.path);
    Finding::plain(Code::DriveLettersUnread, Severity::Note, Subject::volume(layout, mounted.volume), message)
}

/// The letters of one Windows.
struct Letters<'a> {
    known: &'a Known<'a>,
    restore: &'a Restore,
    hive: HiveIndex,
    mounted: &'a MountedDevices,
    entries: &'a [MountedDevice],
    /// Whether the letters can be written, and the stores that are written with them.
    is_writable: bool,
}

/// An entry with the partition that it should name.
struct Stale<'a> {
    entry: &'a MountedDevice,
    new: Named,
}

impl<'a> Letters<'a> {
    fn finding(&self) -> Option<Finding> {
        let inferred = self.known.inferred(self.entries, self.mounted.volume);
        let new_of = |entry: &'a MountedDevice| {
            let new = self.known.new_of(entry.names, inferred)?;
            Some(Stale { entry, new })
        };
        let found: Vec<Stale<'_>> = self.entries.iter().filter_map(new_of).collect();
        let (doubled, stale): (Vec<_>, Vec<_>) =
            found.iter().partition(|one| self.has_other_letter(one, &found));
        if found.is_empty() {
            return self.unknown();
        }
        let message = match self.is_nt5() {
            true => {
                "drive letters refer to this disk's old identity; Windows XP and 2003 may hang at logon if \
                 their own letter changes"
            }
            false => {
                "drive letters refer to this disk's old identity; Windows assigns new letters, usually the \
                 same ones"
            }
        };
        let remedy = match (stale.is_empty(), self.known.context.choice.drive_letters) {
            (true, _) => Remedy::Advice("choose the letter in Windows (`diskmgmt.msc`)".into()),
            (false, true) => Remedy::Edit(stale.iter().map(|stale| self.edit(stale)).collect()),
            (false, false) if self.is_writable => self.advice(),
            (false, false) => self.closed(),
        };
        let evidence = self.evidence(&stale, &doubled);
        Some(Finding {
            evidence,
            remedy,
            ..Finding::plain(Code::DriveLetters, Severity::Note, self.subject(), message.into())
        })
    }

    fn advice(&self) -> Remedy {
        let other = match self.restore {
            Restore::Possible(_) => "; not needed with `fix --restore-identity`",
            Restore::Nothing | Restore::Impossible(_) => "",
        };
        let advice = format!("`fix --drive-letters` re-points them{other}");
        Remedy::Switch(Switch::DriveLetters, advice)
    }

    /// `fix --drive-letters` would be refused.
    fn closed(&self) -> Remedy {
        Remedy::Advice(match self.restore {
            Restore::Possible(_) => "not needed with `fix --restore-identity`".to_owned(),
            Restore::Nothing | Restore::Impossible(_) => "assign them in Windows (`diskmgmt.msc`)".to_owned(),
        })
    }

    fn evidence(&self, stale: &[&Stale<'_>], doubled: &[&Stale<'_>]) -> Vec<String> {
        let line = |stale: &&Stale<'_>, letter: &str| {
            format!("{letter} refers to {}: it is {}", show(stale.entry.names), self.place(stale.new))
        };
        let letters = |all: &[&Stale<'_>]| -> Vec<String> {
            all.iter().filter_map(|stale| Some(line(stale, stale.entry.letter()?))).collect()
        };
        let mut evidence = letters(stale);
        match stale.len().saturating_sub(evidence.len()) {
            0 => {}
            1 => evidence.push("one other volume name is also stale".into()),
            others => evidence.push(format!("{others} other volume names are also stale")),
        }
        let left = |line: String| format!("{line}; not changed, it already has another letter");
        evidence.extend(letters(doubled).into_iter().map(left));
        evidence.push(format!("stored in {}", self.mounted.path));
        if self.mounted.dirty {
            evidence.push("its last write is incomplete: its log files may differ".into());
        }
        let newer = |log: &NewerLog| format!("a log file may differ: {log}");
        evidence.extend(self.mounted.newer_logs.iter().map(newer));
        evidence
    }

    fn edit(&self, stale: &Stale<'_>) -> ByteEdit {
        let what = match stale.entry.letter() {
            Some(letter) => format!("drive letter {letter}"),
            None => format!("volume name {}", stale.entry.name.chars().take(NAME_MAX).collect::<String>()),
        };
        let (path, volume) = (&self.mounted.path, self.known.layout.name(self.mounted.volume));
        ByteEdit {
            what: format!("{what} in {path} on {volume}"),
            site: Site::SystemHive { hive: self.hive, at: stale.entry.at, field: HiveField::DriveLetter },
            before: stale.entry.names.to_bytes(),
            after: stale.new.to_bytes(),
            meaning: format!("{} -> {}", show(stale.entry.names), show(stale.new)),
        }
    }

    /// Whether the letter, once set right, would be a second one of its partition. Windows gave that one in the
    /// meantime, and which of them is to stay is not for a repair to say.
    fn has_other_letter(&self, stale: &Stale<'_>, all: &[Stale<'_>]) -> bool {
        let Some(letter) = stale.entry.letter() else { return false };
        let right = self.entries.iter().filter(|entry| entry.names == stale.new);
        let becomes = all.iter().filter(|other| other.new == stale.new).map(|other| other.entry);
        right.chain(becomes).filter_map(MountedDevice::letter).any(|other| other != letter)
    }

    /// NT 5.x: started by NTLDR, without a loader of Vista or later.
    fn is_nt5(&self) -> bool {
        let windows = self.known.layout.installation(self.mounted.windows);
        windows.is_some_and(|windows| !windows.winload_exe && !windows.winload_efi)
            && self.known.layout.systems.iter().any(|system| system.ntldr.is_some())
    }

    fn subject(&self) -> Subject {
        Subject::volume(self.known.layout, self.mounted.volume)
    }

    fn place(&self, names: Named) -> String {
        self.known.volume_of(names).map_or_else(|| "gone".into(), |volume| self.known.layout.name(volume))
    }

    /// C: names a partition GUID that is not here, no letter names the partition of this Windows, and nothing tells
    /// which GUID became which: the stores were re-pointed before.
    fn unknown(&self) -> Option<Finding> {
        let own = self.known.here(self.mounted.volume)?;
        let mut letters = self.entries.iter().filter(|entry| entry.letter().is_some());
        let c = self.entries.iter().find(|entry| entry.letter() == Some("C:"))?;
        let is_gone = matches!((c.names, own), (Named::Gpt(_), Named::Gpt(_)))
            && self.known.volume_of(c.names).is_none()
            && !self.known.is_of_another_disk(c.names);
        if !is_gone || letters.any(|entry| entry.names == own) {
            return None;
        }
        let message = "drive letter C: refers to a partition GUID that is not on this disk, and its \
         partition cannot be determined; Windows assigns new letters, usually the same ones";
        let advice = "after a repair with bcdrescue: `undo` it, then `fix --drive-letters` does both";
        Some(Finding {
            evidence: vec![format!("C: refers to {}", show(c.names))],
            remedy: Remedy::Advice(advice.into()),
            ..Finding::plain(Code::DriveLettersUnknown, Severity::Note, self.subject(), message.into())
        })
    }
}

fn show(names: Named) -> String {
    match names {
        Named::Mbr { signature, offset } => format!("disk signature 0x{signature:08x}, offset 0x{offset:x}"),
        Named::Gpt(guid) => format!("partition GUID {guid}"),
        Named::Other => "no partition".into(),
    }
}
