//! Where Windows believes its recovery environment to be: `ReAgent.xml` names the disk as text, an MBR's signature in decimal
//! and a GPT by its GUID.

use anyhow::Context;
use anyhow::Result;
use bcdrescue::partition::DiskId;

use crate::disk::CLUSTER;
use crate::disk::Disk;

/// Makes every copy of it on the disk name the new identity. A name that has become shorter is followed by spaces, which XML
/// allows between attributes, so that no file changes its length.
pub(crate) fn rename(disk: &mut Disk, old: DiskId, new: DiskId) -> Result<()> {
    let (old, mut new) = (attribute(old), attribute(new));
    let spaces = old.len().checked_sub(new.len()).context("ReAgent.xml has no room for this signature")?;
    new.push_str(&" ".repeat(spaces));
    let numbers: Vec<u64> = disk.clusters().into_keys().collect();
    for number in numbers {
        let bytes = disk.cluster(number)?;
        // The files of the bases are shorter than a cluster, so that no name lies in two of them.
        for (at, found) in bytes.windows(old.len()).enumerate() {
            if found == old.as_bytes() {
                disk.put(number * CLUSTER + u64::try_from(at)?, new.as_bytes())?;
            }
        }
    }
    Ok(())
}

fn attribute(disk: DiskId) -> String {
    match disk {
        DiskId::Mbr(signature) => format!("id=\"{signature}\""),
        DiskId::Gpt(guid) => format!("guid=\"{}\"", guid.braced()),
    }
}
