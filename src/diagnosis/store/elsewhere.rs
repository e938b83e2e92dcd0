//! Elements that name a partition of another disk that is at hand.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::remedy::NamedDisk;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::resolution::Change;
use crate::diagnosis::resolve::change;
use crate::diagnosis::resolve::reference::direct;
use crate::diagnosis::store::device_element::DeviceElement;

impl DeviceElement<'_> {
    /// An attached disk has the identity that is named. By itself this one starts as if that were not there.
    pub(in crate::diagnosis) fn other_disk(&self, name: &str, partition: Option<u32>) -> Finding {
        let named = NamedDisk { disk: name.to_owned(), partition };
        let change = change(self.layout, self.reference);
        let message = match partition {
            Some(_) => format!("refers to {}, a different attached or named disk", named.place()),
            None => format!("refers to {}, a different attached or named disk", named.place()),
        };
        let mut finding = self.base(change, message, None);
        if let (Change::DiskGuid, Some(volume)) = (change, direct(self.layout, &self.reference.named)) {
            finding.evidence.push(format!("{} of this disk has the same GUID", self.layout.name(volume)));
        }
        Finding { code: Code::NamesOtherDisk, remedy: Remedy::Belongs(named), ..finding }
    }
}
