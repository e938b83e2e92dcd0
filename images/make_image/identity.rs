//! Another identity for a disk: of the table alone, or of the table and everything that names it.

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use bcdrescue::diagnosis;
use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Verdict;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::guid::Guid;
use bcdrescue::partition;
use bcdrescue::partition::DiskId;
use bcdrescue::partition::edit::with_signature;
use bcdrescue::partition::gpt;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::plan::plan;
use bcdrescue::storage::Storage;
use sha2::Digest;
use sha2::Sha256;

use crate::disk::Disk;
use crate::place::look;
use crate::re_agent;

/// Which identities of a GPT change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// That of the disk.
    Disk,
    /// Those of the disk and of all partitions.
    DiskAndPartitions,
}

/// Gives the disk an identity as if Windows had been installed on it: stores, drive letters and `ReAgent.xml` name it too. The
/// GUIDs of a GPT's partitions follow from that of the disk.
pub(crate) fn give(disk: &mut Disk, identity: DiskId) -> Result<()> {
    let old = partition::read(disk)?.disk.context("the base has no identity")?;
    change(disk, identity, Extent::DiskAndPartitions)?;
    re_agent::rename(disk, old, identity)?;
    let choice = Choice { drive_letters: true, ..Choice::default() };
    let context = diagnosis::Context { choice, ..diagnosis::Context::default() };
    let layout = look(disk)?;
    let plan = plan(disk, &layout, &diagnose(&layout, &context), Cure::Repoint)?;
    apply(disk, &plan.patches)?;
    let after = diagnose(&look(disk)?, &context);
    ensure!(
        after.verdict == Verdict::Healthy && !after.is_curable(),
        "with this identity the disk is {}: {}",
        after.verdict,
        after.findings.first().map_or("", |finding| &finding.message)
    );
    Ok(())
}

/// Changes what the table says, and nothing that names it.
pub(crate) fn change(disk: &mut Disk, identity: DiskId, extent: Extent) -> Result<()> {
    match identity {
        DiskId::Mbr(signature) => {
            let sector = disk.read_vec(0, 512)?;
            let sector = with_signature(&sector, signature).context("the first sector is cut short")?;
            Ok(disk.put(0, &sector)?)
        }
        DiskId::Gpt(guid) => {
            let table = partition::read(disk)?;
            let numbers = table.partitions.iter().map(|partition| partition.number);
            let partitions: Vec<(u32, Guid)> = match extent {
                Extent::Disk => Vec::new(),
                Extent::DiskAndPartitions => {
                    numbers.map(|number| (number, partition_of(guid, number))).collect()
                }
            };
            for copy in gpt::copies(disk, table.sector_size)? {
                let Some(new) = copy.with_identity(guid, &partitions) else {
                    bail!("a GPT without its entries")
                };
                disk.put(new.array_at, &new.array)?;
                disk.put(new.header_at, &new.header)?;
            }
            Ok(())
        }
    }
}

/// The GUID of a partition on the disk with the GUID `disk`.
fn partition_of(disk: Guid, number: u32) -> Guid {
    let text = format!("partition {number} of {disk}");
    guid_of(&Sha256::digest(text).into())
}

/// A GUID made of a digest's first bytes, marked as a random one (RFC 9562, version 4).
pub(crate) fn guid_of(digest: &[u8; 32]) -> Guid {
    let number = digest.iter().take(16).fold(0u128, |number, byte| (number << 8) | u128::from(*byte));
    let number = (number & !(0xf << 76)) | (4 << 76);
    Guid::from_u128((number & !(3 << 62)) | (2 << 62))
}
