//! Elements that are left as they are: why, and what the user can do.

use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Switch;
use crate::diagnosis::answer::Change;
use crate::diagnosis::answer::Left;
use crate::diagnosis::device::Subject;
use crate::diagnosis::disk_of;
use crate::diagnosis::role::Role;
use crate::diagnosis::show_disk;

/// The code of a finding that the user's own choice is to blame for; a repair does not go on past it.
pub const BAD_CHOICE: &str = "choice-does-not-fit";

impl Subject<'_> {
    /// The finding about an element that is left.
    pub(super) fn left(&self, change: Change, why: &Left) -> Finding {
        let reason = self.reason(why);
        let message = match change {
            Change::Signature | Change::DiskGuid | Change::Both => {
                format!("names a disk that is not here; {reason}")
            }
            Change::Partition => format!("names a partition that is not on this disk; {reason}"),
            Change::Style => format!("names a partition as it was before the disk was converted; {reason}"),
        };
        let base = self.base(change, message, None);
        let code = if matches!(why, Left::BadChoice(_)) { BAD_CHOICE } else { base.code };
        Finding { code, remedy: self.remedy(why), ..base }
    }

    fn file(&self) -> &str {
        self.record.purpose.file.as_deref().unwrap_or("the file it stands for")
    }

    fn reason(&self, why: &Left) -> String {
        match why {
            Left::NoCandidate => format!("no volume of this disk that can be read has {}", self.file()),
            Left::Ambiguous(several) => {
                let names: Vec<_> = several.iter().map(|volume| self.layout.name(*volume)).collect();
                format!("{} is on {}", self.file(), names.join(" and on "))
            }
            Left::AmbiguousDisks(names) => format!("{} is on {}", self.file(), names.join(" and on ")),
            Left::Hidden { seen, hidden } => {
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
            Left::AbsentDisk(volume) => {
                format!("another entry already starts the Windows on {}", self.layout.name(*volume))
            }
            Left::NotThisDisk => "the boot manager's own elements name another identity".into(),
            Left::OtherStyle(Some(volume)) => format!("it means {} now", self.layout.name(*volume)),
            Left::OtherStyle(None) => "what it means now cannot be told".into(),
            Left::NoLoader(ending) => {
                format!("no Windows here has a winload.{ending}, which this firmware needs")
            }
            Left::NoIdentity => "this disk has no signature (0), so that no element can name it".into(),
            Left::BadChoice(number) if self.layout.by_number(*number).is_none() => {
                format!("there is no partition {number}")
            }
            Left::BadChoice(number) => {
                format!("partition {number} was chosen, but {} is not there", self.file())
            }
        }
    }

    fn remedy(&self, why: &Left) -> Remedy {
        let advice = self.advice(why);
        let switch = match why {
            Left::OtherStyle(Some(_)) => Some(Switch::Convert),
            Left::Ambiguous(_) | Left::Hidden { .. } | Left::AmbiguousDisks(_) => self.choosing(),
            _ => None,
        };
        match switch {
            Some(switch) => Remedy::Switch(switch, advice),
            None => Remedy::Advice(advice),
        }
    }

    /// The switch that says which volume it is.
    fn choosing(&self) -> Option<Switch> {
        match self.record.purpose.role {
            Role::System => Some(Switch::System),
            Role::Loader | Role::OsRoot | Role::Resume => Some(Switch::Windows),
            _ => None,
        }
    }

    fn advice(&self, why: &Left) -> String {
        match (why, self.choosing()) {
            (Left::NoCandidate, _) if self.layout.table.unseen.is_some() => {
                "left as it is: it may be on a partition that is missing here".into()
            }
            (Left::NoCandidate, Some(switch)) => {
                format!(
                    "left as it is; if the volume is encrypted, say which partition it is with {switch}; if it is on another disk, name that with --with DISK"
                )
            }
            (Left::NoCandidate, None) => format!("left as it is; restore {} and run fix again", self.file()),
            (Left::AmbiguousDisks(_), _) => {
                "choose with --windows N, or --windows DISK:N for one of the disks beside".into()
            }
            (Left::Ambiguous(_) | Left::Hidden { .. }, _) => {
                "choose with --windows N or --system N (the partition's number, see `bcdrescue list`)".into()
            }
            (Left::AbsentDisk(_) | Left::NotThisDisk, _) => {
                "left as it is: it seems to mean a disk that is not attached; name that with --with DISK, or --windows N re-points Windows entries all the same".into()
            }
            (Left::OtherStyle(Some(_)), _) => {
                "`fix --convert` re-points it, and gives programs the ending for this firmware".into()
            }
            (Left::OtherStyle(None), _) if self.layout.table.hybrid.is_some() => {
                "left as it is: the disk has a hybrid MBR, and it is that one's signature or places that changed; give the signature back (`sfdisk`, 4 bytes at 0x1b8)".into()
            }
            (Left::OtherStyle(None) | Left::NoLoader(_), _) => {
                "re-pointing is not enough after this conversion: `bcdboot` from a Windows rescue system makes a new store".into()
            }
            (Left::NoIdentity, _) => format!(
                "give the disk a signature (`sfdisk --disk-id DISK 0x…`), then run fix; the store names {}",
                show_disk(disk_of(&self.record.named))
            ),
            (Left::BadChoice(_), _) => "choose the partition that has it".into(),
        }
    }
}
