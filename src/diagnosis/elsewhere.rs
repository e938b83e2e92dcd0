//! Elements that name a partition of another disk that is at hand.

use crate::diagnosis::Finding;
use crate::diagnosis::NamedDisk;
use crate::diagnosis::Remedy;
use crate::diagnosis::answer::Change;
use crate::diagnosis::device::Subject;
use crate::diagnosis::finding::NAMES_OTHER_DISK;
use crate::diagnosis::record::direct;
use crate::diagnosis::resolve::change;

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
}
