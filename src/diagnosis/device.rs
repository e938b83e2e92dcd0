//! Findings about device elements: what each names, and what it should name.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::diagnosis::Context;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Repoint;
use crate::diagnosis::Severity;
use crate::diagnosis::Switch;
use crate::diagnosis::answer::Change;
use crate::diagnosis::answer::Left;
use crate::diagnosis::answer::Resolution;
use crate::diagnosis::beside::Beside;
use crate::diagnosis::disk_of;
use crate::diagnosis::entry;
use crate::diagnosis::identity_of;
use crate::diagnosis::record::Record;
use crate::diagnosis::role::Role;
use crate::diagnosis::show_disk;
use crate::diagnosis::show_identity;
use crate::layout::Layout;
use crate::layout::store::StoreFile;

/// The code of a finding that the user's own choice is to blame for; a repair does not go on past it.
pub const BAD_CHOICE: &str = "choice-does-not-fit";

/// All findings about device elements and the files that they lead to; `answers` are those to `records`.
#[must_use]
pub fn findings(
    layout: &Layout,
    context: &Context,
    records: &[Record],
    answers: &[Resolution],
) -> Vec<Finding> {
    let describe =
        |(record, answer): (&Record, &Resolution)| Subject::new(layout, record)?.finding(context, answer);
    let mut findings: Vec<_> = records.iter().zip(answers).filter_map(describe).collect();
    findings.extend(entry::missing_files(layout, records, answers));
    findings
}

/// A record with everything that a finding says of it.
struct Subject<'a> {
    layout: &'a Layout,
    record: &'a Record,
    file: &'a StoreFile,
    name: String,
    is_main: bool,
    /// Whether the element is `device`, without which the boot manager does not try the entry.
    is_device: bool,
}

impl<'a> Subject<'a> {
    fn new(layout: &'a Layout, record: &'a Record) -> Option<Self> {
        let file = layout.stores.get(record.store)?;
        let store = file.parsed()?;
        let object = store.objects().get(record.object)?;
        let element = object.elements.get(record.element)?;
        let id = object.name();
        let is_device = element.id == Some(ElementId::DEVICE);
        let element = display_name(element, object.object_type);
        let name = format!("{} {id} {element}{}", file.path, described(object));
        let is_main = entry::is_main(file, record.object);
        Some(Self { layout, record, file, name, is_main, is_device })
    }

    fn finding(&self, context: &Context, answer: &Resolution) -> Option<Finding> {
        match answer {
            Resolution::Here(_) | Resolution::Untouched => None,
            Resolution::OtherDisk { is_named: true, .. } => None,
            Resolution::OtherDisk { name, partition, .. } => Some(self.other_disk(name, *partition)),
            Resolution::Repoint { volume, change } => self.repoint(*volume, *change),
            Resolution::RepointBeside { disk, volume, change } => {
                self.repoint_beside(context.beside.get(*disk)?, *volume, *change)
            }
            Resolution::Left { change, why } => Some(self.left(*change, why)),
        }
    }

    fn repoint(&self, volume: usize, change: Change) -> Option<Finding> {
        let new = identity_of(self.layout, volume)?;
        let place = self.layout.name(volume);
        let partition = self.layout.table.partitions.get(volume)?.number;
        let repoint = Repoint { volume: Some(volume), ..self.repointing(new, place.clone(), partition) };
        let message = match change {
            Change::Signature | Change::DiskGuid => {
                format!("names {place}, but under an identity that this disk no longer has")
            }
            Change::Partition => {
                format!("names a partition that is not on this disk; it should name {place}")
            }
            Change::Both => format!("names a disk that is not here; it should name {place}"),
            Change::Style => format!(
                "names a partition as it was before the disk was converted between MBR and GPT; it should name {place}"
            ),
        };
        Some(Finding { remedy: Remedy::Repoint(repoint), ..self.base(change, message, Some(volume)) })
    }

    fn repoint_beside(&self, beside: &Beside, volume: usize, change: Change) -> Option<Finding> {
        let new = identity_of(&beside.layout, volume)?;
        let place = beside.place(volume);
        let partition = beside.layout.table.partitions.get(volume)?.number;
        let message = format!("names a disk or partition that is not here; it should name {place}");
        let mut finding = self.base(change, message, None);
        if let Some(disk) = beside.layout.table.disk {
            finding.evidence.push(format!("{} has {}", beside.name, show_disk(disk)));
        }
        if let Some(file) = &self.record.purpose.file
            && beside.layout.evidence.has(volume, file)
        {
            finding.evidence.push(format!("{file} is on {place}"));
        }
        Some(Finding { remedy: Remedy::Repoint(self.repointing(new, place, partition)), ..finding })
    }

    fn repointing(&self, new: QualifiedPartition, place: String, partition: u32) -> Repoint {
        Repoint {
            store: self.record.store,
            object: self.record.object,
            element: self.record.element,
            record: self.record.record,
            old: self.record.named,
            new,
            volume: None,
            place,
            partition,
            rank: rank(self.record.purpose.role, self.is_device),
        }
    }

    fn left(&self, change: Change, why: &Left) -> Finding {
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
                let names: Vec<_> = hidden.iter().map(|volume| self.layout.name(*volume)).collect();
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
            (Left::NoCandidate, Some(switch)) => {
                format!(
                    "left as it is; if the volume is encrypted, say which partition it is with {switch} N; if it is on another disk, name that with --with DISK"
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

    fn base(&self, change: Change, message: String, volume: Option<usize>) -> Finding {
        let (severity, predicted_status) = self.severity(change);
        Finding {
            code: match change {
                Change::Signature => "signature-changed",
                Change::DiskGuid => "disk-guid-changed",
                Change::Partition => "partition-changed",
                Change::Both => "disk-unknown",
                Change::Style => "table-converted",
            },
            severity,
            subject: self.name.clone(),
            message,
            evidence: self.evidence(volume),
            predicted_status,
            remedy: Remedy::None,
        }
    }

    fn evidence(&self, volume: Option<usize>) -> Vec<String> {
        let mut evidence = vec![format!("it names {}", show_identity(&self.record.named))];
        if let Some(disk) = self.layout.table.disk {
            evidence.push(format!("this disk has {}", show_disk(disk)));
        }
        if let (Some(volume), Some(file)) = (volume, &self.record.purpose.file)
            && self.layout.evidence.has(volume, file)
        {
            evidence.push(format!("{file} is on {}", self.layout.name(volume)));
        }
        if volume == Some(self.file.volume) && self.record.purpose.role == Role::System {
            evidence.push(format!("this store is on {}", self.layout.name(self.file.volume)));
        }
        evidence
    }

    /// How grave a stale identity is, and the status that real boot managers showed for it when it was measured.
    fn severity(&self, change: Change) -> (Severity, Option<&'static str>) {
        if change == Change::DiskGuid {
            return (Severity::Stale, None);
        }
        match self.record.purpose.role {
            Role::Loader if self.is_main => {
                (Severity::BlocksBoot, Some(predicted(change, &self.record.named)))
            }
            // The main entry may start from a file: a RAM disk, a virtual disk.
            Role::OsRoot | Role::Image if self.is_main => (Severity::BlocksBoot, None),
            Role::Loader | Role::OsRoot | Role::Resume | Role::Image | Role::Sdi => {
                (Severity::Degrades, None)
            }
            Role::System | Role::Unknown => (Severity::Stale, None),
            Role::FirmwareEntry | Role::InsideVirtualDisk => (Severity::Note, None),
        }
    }

    fn other_disk(&self, name: &str, partition: Option<u32>) -> Finding {
        let place = match partition {
            Some(number) => format!("partition {number} of {name}"),
            None => format!("a partition that is not there on {name}"),
        };
        let severity = match self.record.purpose.role {
            Role::Loader | Role::OsRoot | Role::Image if self.is_main => Severity::Degrades,
            _ => Severity::Note,
        };
        Finding {
            code: "names-other-disk",
            severity,
            subject: self.name.clone(),
            message: format!("names another disk: {place}"),
            evidence: vec![format!("it names {}", show_identity(&self.record.named))],
            predicted_status: None,
            remedy: Remedy::Advice(format!(
                "left as it is; if this disk is a copy of {name}, detach {name} and run the program again"
            )),
        }
    }
}

/// The description behind an object that has only a GUID for a name: ` (Windows Server 2008 R2)`.
fn described(object: &Object) -> String {
    let is_guid = object.name() == object.key;
    let text = object.string(ElementId::DESCRIPTION).filter(|text| is_guid && !text.is_empty());
    text.map_or_else(String::new, |text| format!(" ({text})"))
}

/// Statuses as measured with real boot managers when the default loader's `device` is stale.
fn predicted(change: Change, named: &QualifiedPartition) -> &'static str {
    match (change, named) {
        (Change::Signature, _) | (Change::Both, QualifiedPartition::Mbr { .. }) => "0xc000000e",
        (Change::Partition, QualifiedPartition::Mbr { .. }) => {
            "0xc0000225 (Windows 7) or 0xc000000f (Windows 10)"
        }
        (Change::Both, QualifiedPartition::Gpt { .. }) => "0xc000000e or 0xc0000225",
        (Change::Partition | Change::DiskGuid, _) => "0xc0000225",
        // Not measured: no disk has such an identity, as with a disk that is not there.
        (Change::Style, _) => "0xc000000e",
    }
}

/// Order of writing. The boot manager tries an entry only when its `device` resolves; so `device` comes after the rest
/// of its entry, and one that a power cut leaves half patched fails as it did before, not in a new way. The boot
/// manager's own elements do no harm while they are stale, and they are the proof that the old identity was this
/// disk's; so they come last, that a second repair still has it.
fn rank(role: Role, is_device: bool) -> u8 {
    match role {
        Role::System => 3,
        Role::Loader => 2,
        // Of an entry that starts from a file: a RAM disk, a virtual disk.
        Role::Image if is_device => 2,
        Role::OsRoot => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_is_written_after_the_rest_of_its_entry() {
        assert!(rank(Role::Loader, true) > rank(Role::OsRoot, false));
        assert!(rank(Role::Image, true) > rank(Role::Image, false));
        assert!([Role::Loader, Role::Image].iter().all(|role| rank(Role::System, true) > rank(*role, true)));
    }
}
