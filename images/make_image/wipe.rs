//! Zeros in place of a whole partition.

use anyhow::Result;
use anyhow::ensure;
use bcdrescue::partition::Partition;

use crate::disk::CLUSTER;
use crate::disk::CLUSTER_LEN;
use crate::disk::Disk;

/// The clusters of a partition that are not zeros.
pub(crate) fn clusters(disk: &Disk, partition: &Partition) -> Result<Vec<u64>> {
    ensure!(partition.start.is_multiple_of(CLUSTER), "a partition that begins within a cluster");
    let range = partition.start / CLUSTER..(partition.start + partition.len).div_ceil(CLUSTER);
    Ok(disk.clusters().into_keys().filter(|cluster| range.contains(cluster)).collect())
}

/// Writes zeros over all of it.
pub(crate) fn wipe(disk: &mut Disk, partition: &Partition) -> Result<()> {
    for cluster in clusters(disk, partition)? {
        disk.put(cluster * CLUSTER, &[0; CLUSTER_LEN])?;
    }
    Ok(())
}
