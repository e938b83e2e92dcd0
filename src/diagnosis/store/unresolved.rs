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
use crate::partition::TableKind;

impl DeviceElement<'_> {
    /// The finding about an element that is left.
    pub(in crate::diagnosis) fn left(&self, change: Change, why: &Unresolved) -> Finding {
        let reason = self.reason(why);
        let message = match change {
            Change::Signature | Change::DiskGuid | Change::Both => {
                format!("names a disk that is not here; {reason}")
            }
            Change::Partition => format!("names a partition that is not on this disk; {reason}"),
            Change::Style => format!("names a partition as it was before the disk was converted; {reason}"),
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
        self.reference.purpose.file.as_deref().unwrap_or("the file it stands for")
    }

    fn reason(&self, why: &Unresolved) -> String {
        match why {
            Unresolved::NoCandidate => format!("no volume of this disk that can be read has {}", self.file()),
            Unresolved::Ambiguous(several) => {
                let names: Vec<_> = several.iter().map(|volume| self.layout.name(*volume)).collect();
                format!("{} is on {}", self.file(), names.join(" and on "))
            }
            Unresolved::AmbiguousDisks(names) => format!("{} is on {}", self.file(), names.join(" and on ")),
            Unresolved::Hidden { seen, hidden } => {
                let names = hidden.iter().map(|volume| self.layout.name(*volume));
                let unseen =
                    self.layout.table.unseen.iter().map(|_| "a partition that is missing here".to_owned());
                let names: Vec<_> = names.chain(unseen).collect();
                format!(
                    "{} is on {}, but it may be on {} too, whose files cannot be seen",
                    self.file(),
                    self.layout.name(*seen),
                    names.join(" and on ")
                )
            }
            Unresolved::Taken(place) => match self.reference.purpose.role.is_windows() {
                true => format!("its Windows is not on this disk: the one on {place} is another entry's"),
                false => format!("{} on {place} is what another entry names", self.file()),
            },
            Unresolved::Rivals(place) => {
                format!("{} is on {place}, and more than one entry may mean that", self.file())
            }
            Unresolved::NotThisDisk { why: NotHere::PresentNamed, .. } => {
                "other elements name this disk by the identity that it has".into()
            }
            Unresolved::NotThisDisk { why: NotHere::OtherOld(old), .. } => {
                format!("other elements tell that this disk had {}", show_disk(*old))
            }
            Unresolved::NotThisDisk { why: NotHere::Unproven, .. } => {
                "nothing tells that it was this one".into()
            }
            Unresolved::Kept(volume) => format!(
                "it is {}, and stays as it is until the other elements of that old disk are settled, for it tells whose they were",
                self.layout.name(*volume)
            ),
            Unresolved::OnCompanion(disk, number) => {
                format!("no volume of this disk has {}, and partition {number} of {disk} has it", self.file())
            }
            Unresolved::OtherStyle(Some(volume)) => format!("it means {} now", self.layout.name(*volume)),
            Unresolved::OtherStyle(None) => "what it means now cannot be told".into(),
            Unresolved::NoLoader(ending) => {
                format!("no Windows here has a winload.{ending}, which this firmware needs")
            }
            Unresolved::SharedIdentity(volume) => {
                format!("it is {}, and another partition has the GUID of that too", self.layout.name(*volume))
            }
            Unresolved::NoIdentity if self.layout.table.kind == TableKind::None => {
                "this is one volume without a partition table, so that no element can name it".into()
            }
            Unresolved::NoIdentity => "this disk has no signature (0), so that no element can name it".into(),
            Unresolved::BadChoice(number) if self.layout.by_number(*number).is_none() => {
                format!("there is no partition {number}")
            }
            Unresolved::BadChoice(number) => {
                format!("partition {number} was chosen, but {} is not there", self.file())
            }
            Unresolved::TakenChoice(number) => {
                format!("partition {number} was chosen, but that is what another entry names")
            }
            Unresolved::EntryNeeded(number) => {
                format!("partition {number} was chosen, and it may be this entry's or another's")
            }
        }
    }

    fn remedy(&self, why: &Unresolved) -> Remedy {
        let advice = self.advice(why);
        let switch = match why {
            Unresolved::OtherStyle(Some(_)) => Some(Switch::Convert),
            Unresolved::Ambiguous(_)
            | Unresolved::Hidden { .. }
            | Unresolved::AmbiguousDisks(_)
            | Unresolved::Rivals(_) => self.choosing(),
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
                "left as it is: it may be on a partition that is missing here".into()
            }
            (Unresolved::NoCandidate, Some(Switch::Windows(_))) if self.closed().is_some() => {
                let switch = self.closed().map_or_else(String::new, |switch| switch.to_string());
                format!("if it is the encrypted partition, `fix {switch}` re-points it there; if it is on another disk, name that with --with DISK")
            }
            (Unresolved::NoCandidate, Some(switch)) => {
                format!(
                    "left as it is; if the volume is encrypted, say which partition it is with {switch}; if it is on another disk, name that with --with DISK"
                )
            }
            (Unresolved::NoCandidate, None) => format!("left as it is; restore {} and run fix again", self.file()),
            (Unresolved::AmbiguousDisks(_), Some(Switch::System(_))) => {
                "choose with --system N, where it is on this disk".into()
            }
            (Unresolved::AmbiguousDisks(_), switch) => {
                let switch = match switch {
                    Some(Switch::Recovery(_)) => "--recovery",
                    _ => "--windows",
                };
                format!("choose with {switch} N, or {switch} DISK:N for one of the disks beside")
            }
            (Unresolved::Rivals(_) | Unresolved::EntryNeeded(_), _) => {
                format!("say which entry it is with --windows N --entry {}", self.entry)
            }
            (Unresolved::Ambiguous(_) | Unresolved::Hidden { .. }, Some(Switch::Windows(_))) => format!(
                "say which it is with --windows N (the partition's number, see `bcdrescue list`), where several entries are open with --entry {}",
                self.entry
            ),
            (Unresolved::Ambiguous(_) | Unresolved::Hidden { .. }, Some(switch)) => format!(
                "say which it is with {} (the partition's number, see `bcdrescue list`)",
                switch.to_string().replace('=', " ")
            ),
            (Unresolved::Ambiguous(_) | Unresolved::Hidden { .. }, None) => {
                format!("left as it is until one volume alone has {}", self.file())
            }
            (Unresolved::NotThisDisk { seen, .. }, switch) => self.elsewhere(seen, switch),
            (Unresolved::Taken(_), _) => {
                "left as it is: if it means a disk that is not attached, name that with --with DISK".into()
            }
            (Unresolved::OtherStyle(Some(_)), _) => {
                "`fix --convert` re-points it, and gives programs the ending for this firmware".into()
            }
            (Unresolved::OtherStyle(None), _) if !self.layout.table.hybrid_entries.is_empty() => {
                "left as it is: the disk has a hybrid MBR, and it is that one's signature or places that changed; give the signature back (`sfdisk --label-nested dos --disk-id DISK 0x…`)".into()
            }
            (Unresolved::OtherStyle(None) | Unresolved::NoLoader(_), _) => {
                "re-pointing is not enough after this conversion: `bcdboot` from a Windows rescue system makes a new store".into()
            }
            (Unresolved::SharedIdentity(volume), _) => {
                let number = self.layout.partition(*volume).map_or(0, |partition| partition.number);
                format!("give it a GUID of its own first (`sgdisk --partition-guid={number}:R`), then run fix")
            }
            (Unresolved::NoIdentity, _) if self.layout.table.kind == TableKind::None => {
                "examine the whole disk that this volume is from".into()
            }
            (Unresolved::NoIdentity, _) => format!(
                "the store names {}; any other does as well: `sfdisk --disk-id DISK 0x…` gives one, then run fix",
                show_disk(disk_of(&self.reference.named))
            ),
            (Unresolved::Kept(_), _) => "no harm comes of it; fix re-points it together with the others".into(),
            (Unresolved::OnCompanion(disk, number), Some(switch @ (Switch::Windows(_) | Switch::Recovery(_)))) => {
                let word = if matches!(switch, Switch::Recovery(_)) { "--recovery" } else { "--windows" };
                format!("left as it is; if that is what it means, `fix --with {disk} {word} {disk}:{number}` re-points it")
            }
            (Unresolved::OnCompanion(..), _) => "left as it is".into(),
            (Unresolved::BadChoice(_), _) => "choose the partition that has it".into(),
            (Unresolved::TakenChoice(_), _) => "choose a partition that no other entry names".into(),
        }
    }

    /// Both ways on, where the disk that is meant may be another or this one.
    fn elsewhere(&self, seen: &[VolumeIndex], switch: Option<Switch>) -> String {
        let with = "left as it is: if it means a disk that is not attached, name that with --with DISK";
        let numbers: Vec<u32> =
            seen.iter().filter_map(|volume| Some(self.layout.partition(*volume)?.number)).collect();
        match (switch, numbers.as_slice()) {
            (Some(Switch::Windows(_)), [only]) => {
                format!("{with}; if it means this one, --windows {only} re-points it")
            }
            (Some(switch), _) => format!("{with}; if it means this one, say where it is with {switch}"),
            (None, _) => with.into(),
        }
    }
}
