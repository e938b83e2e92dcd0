//! Elements that are left as they are: why, and what the user can do.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::show_disk;
use crate::diagnosis::model::remedy::OfEntry;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::resolution::Change;
use crate::diagnosis::model::resolution::NotHere;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::store::device_element::DeviceElement;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::TableKind;

impl DeviceElement<'_> {
    /// The finding about an element that is left.
    pub(in crate::diagnosis) fn left(&self, change: Change, why: &Unresolved) -> Finding {
        let reason = self.reason(why);
        let message = match change {
            Change::Signature | Change::Both => format!("refers to a disk that is not present; {reason}"),
            Change::DiskGuid => {
                format!("refers to a partition of this disk by a disk GUID that it does not have; {reason}")
            }
            Change::Partition => format!("refers to a partition that is not on this disk; {reason}"),
            Change::Style => format!(
                "refers to a partition as it was before the disk was converted; \
             {reason}"
            ),
        };
        let base = self.base(change, message, None);
        let code = match why {
            Unresolved::BadChoice(_) | Unresolved::TakenChoice(_) => Code::ChoiceDoesNotFit,
            Unresolved::EntryNeeded(_) => Code::EntryNeeded,
            _ => base.code,
        };
        Finding { code, remedy: self.remedy(why), ..base }
    }

    fn file(&self) -> &str {
        self.reference.purpose.file.as_deref().unwrap_or("its file")
    }

    fn reason(&self, why: &Unresolved) -> String {
        match why {
            Unresolved::NoCandidate => format!("no readable volume of this disk has {}", self.file()),
            Unresolved::Ambiguous(several) => {
                let names: Vec<_> = several.iter().map(|volume| self.layout.name(*volume)).collect();
                format!("{} is on {}", self.file(), names.join(" and on "))
            }
            Unresolved::AmbiguousDisks(names) => format!("{} is on {}", self.file(), names.join(" and on ")),
            Unresolved::Hidden { seen, hidden } => {
                let names = hidden.iter().map(|volume| self.layout.name(*volume));
                let unseen = self.layout.table.unseen.iter().map(|_| "a missing partition".to_owned());
                let names: Vec<_> = names.chain(unseen).collect();
                format!(
                    "{} is on {} but may also be on {}, whose files cannot be read",
                    self.file(),
                    self.layout.name(*seen),
                    names.join(" and on ")
                )
            }
            Unresolved::Taken(place) => match self.reference.purpose.role.is_windows() {
                true => format!(
                    "its Windows is not on this disk: the one on {place} belongs to another \
                 entry"
                ),
                false => format!("{} on {place} belongs to another entry", self.file()),
            },
            Unresolved::Rivals(place) => {
                format!("{} is on {place}, and more than one entry may refer to it", self.file())
            }
            Unresolved::NotThisDisk { why: NotHere::PresentNamed, .. } => {
                "other elements refer to this disk by its current identity".into()
            }
            Unresolved::NotThisDisk { why: NotHere::OtherOld(old), .. } => {
                format!("other elements show that this disk had {}", show_disk(*old))
            }
            Unresolved::NotThisDisk { why: NotHere::Unproven, .. } => {
                "nothing shows that it was this disk".into()
            }
            Unresolved::Kept(volume) => format!(
                "it is {}, kept until the other elements of that old disk are resolved, since it shows \
                 whose they were",
                self.layout.name(*volume)
            ),
            Unresolved::OnCompanion(disk, number) => {
                format!("no volume of this disk has {}, but partition {number} of {disk} has it", self.file())
            }
            Unresolved::OtherStyle(Some(volume)) => format!("it is now {}", self.layout.name(*volume)),
            Unresolved::OtherStyle(None) => "cannot determine what it refers to now".into(),
            Unresolved::NoLoader(ending) => {
                format!("no Windows on this disk has the winload.{ending} that this firmware needs")
            }
            Unresolved::SharedIdentity(volume) => {
                format!("it is {}, but another partition has the same GUID", self.layout.name(*volume))
            }
            Unresolved::NoIdentity if self.layout.table.kind == TableKind::None => {
                "this is a single volume without a partition table, so no element can refer to it".into()
            }
            Unresolved::NoIdentity => "this disk has no signature (0), so no element can refer to it".into(),
            Unresolved::BadChoice(number) if self.layout.by_number(*number).is_none() => {
                format!("there is no partition {number}")
            }
            Unresolved::BadChoice(number) => {
                format!("partition {number} was chosen, but it does not have {}", self.file())
            }
            Unresolved::TakenChoice(number) => {
                format!("partition {number} was chosen, but it belongs to another entry")
            }
            Unresolved::EntryNeeded(number) => {
                format!("partition {number} was chosen, but several entries could refer to it")
            }
        }
    }

    fn remedy(&self, why: &Unresolved) -> Remedy {
        let advice = self.advice(why);
        let switch = match why {
            Unresolved::OtherStyle(Some(_)) => Some(Switch::Convert),
            Unresolved::Ambiguous(_) | Unresolved::Hidden { .. } | Unresolved::AmbiguousDisks(_) => {
                self.choosing()
            }
            Unresolved::Rivals(_) => self.choosing().filter(|_| self.with_entry().is_some()),
            Unresolved::NoCandidate => self.closed().filter(|_| self.reference.purpose.role.is_windows()),
            _ => None,
        };
        match switch {
            Some(switch) => Remedy::Switch(switch, advice),
            None => Remedy::Advice(advice),
        }
    }

    /// The only encrypted partition, which may have what no other has.
    fn closed(&self) -> Option<Switch> {
        let mut all = self.layout.volumes.iter().filter(|facts| self.layout.is_encrypted(facts));
        let only = all.next().filter(|_| all.next().is_none())?;
        Some(Switch::Windows(Some(OfEntry { number: only.partition.number, entry: None })))
    }

    /// The switch that `--entry` can go with.
    fn with_entry(&self) -> Option<&'static str> {
        match self.reference.purpose.role {
            role if role.is_windows() || role.is_image() && self.is_beside_windows => Some("--windows"),
            role if role.is_image() => Some("--recovery"),
            _ => None,
        }
    }

    /// The switch that says which volume it is.
    fn choosing(&self) -> Option<Switch> {
        match self.reference.purpose.role {
            role if role.is_system() => Some(Switch::System(None)),
            role if role.is_windows() => Some(Switch::Windows(None)),
            // Where a Windows is named by the same place, that decides for what lies on it.
            role if role.is_image() && !self.is_beside_windows => Some(Switch::Recovery(None)),
            _ => None,
        }
    }

    fn advice(&self, why: &Unresolved) -> String {
        match (why, self.choosing()) {
            (Unresolved::NoCandidate, _) if self.layout.table.unseen.is_some() => {
                "not changed: it may be on a missing partition".into()
            }
            (Unresolved::NoCandidate, Some(Switch::Windows(_))) if self.closed().is_some() => {
                let switch = self.closed().map_or_else(String::new, |switch| switch.to_string());
                format!(
                    "if it is the encrypted partition, `fix {switch}` re-points it there; if it is on another disk, name that with --with DISK"
                )
            }
            (Unresolved::NoCandidate, Some(switch)) => {
                format!(
                    "not changed; if the volume is encrypted, choose it with {switch}; if it is on another \
                     disk, name that with --with DISK"
                )
            }
            (Unresolved::NoCandidate, None) => {
                format!("not changed; restore {} and run fix again", self.file())
            }
            (Unresolved::AmbiguousDisks(_), Some(Switch::System(_))) => {
                "choose with --system N if it is on this disk".into()
            }
            (Unresolved::AmbiguousDisks(_), switch) => {
                let switch = match switch {
                    Some(Switch::Recovery(_)) => "--recovery",
                    _ => "--windows",
                };
                format!("choose with {switch} N, or {switch} DISK:N for one of the disks given with --with")
            }
            (Unresolved::Rivals(_) | Unresolved::EntryNeeded(_), _) => match self.with_entry() {
                Some(switch) => format!("choose the entry with {switch} N --entry {}", self.entry),
                None => "not changed until only one entry can refer to it".into(),
            },
            (
                Unresolved::Ambiguous(_) | Unresolved::Hidden { .. },
                Some(switch @ (Switch::Windows(_) | Switch::Recovery(_))),
            ) => format!(
                "choose the partition with {} (number from `bcdrescue list`), and if several \
                 entries are open, the entry with --entry {}",
                switch.to_string().replace('=', " "),
                self.entry
            ),
            (Unresolved::Ambiguous(_) | Unresolved::Hidden { .. }, Some(switch)) => format!(
                "choose the partition with {} (number from `bcdrescue list`)",
                switch.to_string().replace('=', " ")
            ),
            (Unresolved::Ambiguous(_) | Unresolved::Hidden { .. }, None) => {
                format!("not changed until exactly one volume has {}", self.file())
            }
            (Unresolved::NotThisDisk { seen, .. }, switch) => self.elsewhere(seen, switch),
            (Unresolved::Taken(_), _) => {
                "not changed: if it refers to a disk that is not attached, name that with --with DISK".into()
            }
            (Unresolved::OtherStyle(Some(_)), _) => {
                "`fix --convert` re-points it and sets the program names for this firmware".into()
            }
            (Unresolved::OtherStyle(None), _) if !self.layout.table.hybrid_entries.is_empty() => {
                "not changed: the disk has a hybrid MBR whose signature or partitions changed; restore the \
                 signature (`sfdisk --label-nested dos --disk-id DISK 0x…`)"
                    .into()
            }
            (Unresolved::OtherStyle(None) | Unresolved::NoLoader(_), _) => {
                "re-pointing is not enough after this conversion: make a new store (`fix --rebuild=store`)"
                    .into()
            }
            (Unresolved::SharedIdentity(volume), _) => {
                let number = self.layout.partition(*volume).map_or(0, |partition| partition.number);
                format!("give it a new GUID first (`sgdisk --partition-guid={number}:R`), then run fix")
            }
            (Unresolved::NoIdentity, _) if self.layout.table.kind == TableKind::None => {
                "examine the whole disk this volume is from".into()
            }
            (Unresolved::NoIdentity, _) if matches!(disk_of(&self.reference.named), DiskId::Gpt(_)) => {
                "the store refers to a GPT disk, but this disk has an MBR; a GPT behind it may be the right \
                 one: examine it before writing anything"
                    .into()
            }
            (Unresolved::NoIdentity, _) => format!(
                "the store refers to {}; set that or any other signature with `sfdisk --disk-id DISK 0x…`, \
                 then run fix",
                show_disk(disk_of(&self.reference.named))
            ),
            (Unresolved::Kept(_), _) => "harmless; fix re-points it together with the others".into(),
            (
                Unresolved::OnCompanion(disk, number),
                Some(switch @ (Switch::Windows(_) | Switch::Recovery(_))),
            ) => {
                let word = if matches!(switch, Switch::Recovery(_)) { "--recovery" } else { "--windows" };
                format!(
                    "not changed; if that is the right one, `fix --with {disk} {word} {disk}:{number}` \
                 re-points it"
                )
            }
            (Unresolved::OnCompanion(..), _) => "not changed".into(),
            (Unresolved::BadChoice(_), _) => "choose the partition that has it".into(),
            (Unresolved::TakenChoice(_), _) => "choose a partition that belongs to no other entry".into(),
        }
    }

    /// Both ways on, where the disk that is meant may be another or this one.
    fn elsewhere(&self, seen: &[VolumeIndex], switch: Option<Switch>) -> String {
        let with = "not changed: if it refers to a disk that is not attached, name that with --with DISK";
        let numbers: Vec<u32> =
            seen.iter().filter_map(|volume| Some(self.layout.partition(*volume)?.number)).collect();
        match (switch, numbers.as_slice()) {
            (Some(Switch::Windows(_)), [only]) => {
                format!("{with}; if it is this disk, --windows {only} re-points it")
            }
            (Some(switch), _) => format!("{with}; if it is this disk, choose the partition with {switch}"),
            (None, _) => with.into(),
        }
    }
}
