//! Elements that name a partition of another disk that is at hand.

use crate::diagnosis::Finding;
use crate::diagnosis::NamedDisk;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::answer::Change;
use crate::diagnosis::beside::Beside;
use crate::diagnosis::device::Subject;
use crate::diagnosis::finding::NAMES_OTHER_DISK;
use crate::diagnosis::record::direct;
use crate::diagnosis::record::is_here;
use crate::diagnosis::resolve::change;
use crate::diagnosis::role::Role;
use crate::diagnosis::show_identity;

impl Subject<'_> {
    /// An attached disk has the identity that is named. By itself this one starts as if that were not there.
    pub(super) fn other_disk(&self, name: &str, partition: Option<u32>) -> Finding {
        let named = NamedDisk { disk: name.to_owned(), partition };
        let change = change(self.layout, self.record);
        let message = match partition {
            Some(_) => format!("names {}, which is another disk here", named.place()),
            None => format!("names {}, another disk here", named.place()),
        };
        let mut finding = self.base(change, message, None);
        if let (Change::DiskGuid, Some(volume)) = (change, direct(self.layout, &self.record.named)) {
            finding.evidence.push(format!("{} of this disk has that GUID too", self.layout.name(volume)));
        }
        Finding { code: NAMES_OTHER_DISK, remedy: Remedy::Belongs(named), ..finding }
    }

    /// A disk that the user named has the partition, and the file is not seen there.
    pub(super) fn beside_without_file(&self, beside: &Beside) -> Option<Finding> {
        let volume = is_here(&beside.layout, &self.record.named)?;
        let file = self.record.purpose.file.as_deref()?;
        let place = beside.place(volume);
        let evidence = vec![format!("it names {}", show_identity(&self.record.named))];
        if beside.layout.evidence.hides(volume, file) {
            let severity = match self.severity_of_file() {
                Severity::BlocksBoot => Severity::Degrades,
                _ => Severity::Note,
            };
            let message = format!("names {place}, whose files cannot be seen");
            return Some(Finding {
                evidence,
                ..Finding::plain(NAMES_OTHER_DISK, severity, &self.name, message)
            });
        }
        let severity = self.severity_of_file();
        let is_loader = self.record.purpose.role == Role::Loader && severity == Severity::BlocksBoot;
        Some(Finding {
            evidence,
            predicted_status: is_loader.then_some("0xc000000f"),
            remedy: match severity {
                Severity::Note => Remedy::None,
                _ => Remedy::Advice("left as it is, for the element names a partition that is here".into()),
            },
            ..Finding::plain("file-missing", severity, &self.name, format!("{file} is not on {place}"))
        })
    }

    /// How much it matters that the file of an element is not where that leads.
    fn severity_of_file(&self) -> Severity {
        match self.record.purpose.role {
            Role::Loader | Role::OsRoot | Role::Image if self.is_main => Severity::BlocksBoot,
            Role::Loader | Role::OsRoot | Role::Image | Role::Sdi => Severity::Degrades,
            _ => Severity::Note,
        }
    }
}
