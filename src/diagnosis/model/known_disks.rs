//! Other disks at hand.

use std::sync::Arc;

use crate::partition::DiskId;
use crate::partition::PartitionId;

/// Another disk: attached to this machine, or named in the same command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherDisk {
    /// Name to show, e.g. `/dev/vdc`.
    pub name: String,
    /// Its identity.
    pub disk: DiskId,
    /// Identities of its partitions with their numbers.
    pub partitions: Vec<(PartitionId, u32)>,
}

/// All of them. Of a thousand images each is another's other: those are shared, without the one that is looked at.
#[derive(Debug, Clone, Default)]
pub struct Others {
    shared: Arc<Vec<OtherDisk>>,
    hidden: Vec<usize>,
    own: Vec<OtherDisk>,
}

impl Others {
    /// Disks that are shared with the examinations of others, without those at the indices `hidden`.
    #[must_use]
    pub fn shared(shared: Arc<Vec<OtherDisk>>, hidden: Vec<usize>) -> Self {
        Self { shared, hidden, own: Vec::new() }
    }

    /// All that are not hidden.
    pub fn iter(&self) -> impl Iterator<Item = &OtherDisk> {
        let visible = |(index, disk)| (!self.hidden.contains(&index)).then_some(disk);
        self.shared.iter().enumerate().filter_map(visible).chain(&self.own)
    }

    /// The one with this identity.
    #[must_use]
    pub fn find(&self, identity: DiskId) -> Option<&OtherDisk> {
        self.iter().find(|other| other.disk == identity)
    }

    /// Adds a disk.
    pub fn add(&mut self, disk: OtherDisk) {
        self.own.push(disk);
    }

    /// Hides those that `wanted` does not accept.
    pub fn retain(&mut self, mut wanted: impl FnMut(&OtherDisk) -> bool) {
        let unwanted = self.shared.iter().enumerate().filter(|(_, disk)| !wanted(disk));
        self.hidden.extend(unwanted.map(|(index, _)| index));
        self.own.retain(wanted);
    }
}

impl From<Vec<OtherDisk>> for Others {
    fn from(own: Vec<OtherDisk>) -> Self {
        Self { own, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(signature: u32) -> OtherDisk {
        OtherDisk { name: signature.to_string(), disk: DiskId::Mbr(signature), partitions: Vec::new() }
    }

    #[test]
    fn what_is_hidden_is_not_found_and_what_is_added_is() {
        let shared = Arc::new(vec![disk(1), disk(2), disk(3)]);
        let mut others = Others::shared(shared, vec![1]);
        others.add(disk(4));
        let names = |others: &Others| others.iter().map(|other| other.name.clone()).collect::<String>();
        assert_eq!(names(&others), "134");
        assert_eq!(others.find(DiskId::Mbr(2)), None);
        assert_eq!(others.find(DiskId::Mbr(4)), Some(&disk(4)));
        others.retain(|other| other.name != "3" && other.name != "4");
        assert_eq!(names(&others), "1");
    }
}
