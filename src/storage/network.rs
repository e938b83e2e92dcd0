//! Media of which it is known that a network lies before them: targets by their names, file systems by their magic, block devices by sysfs.

use std::fs::File;
use std::path::Path;

use nix::sys::statfs::FUSE_SUPER_MAGIC;
use nix::sys::statfs::FsType;
use nix::sys::statfs::fstatfs;
use nix::sys::statfs::statfs;

use crate::storage::nbd::url::is_url;
use crate::storage::sysfs::Block;

/// File systems whose files are on other machines (Linux, `include/uapi/linux/magic.h`; `fs/smb/common`, Lustre and GPFS for theirs). FUSE
/// is not among them: what is behind that is measured.
const FILE_SYSTEMS: [u64; 13] = [
    0x6969,      // NFS
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2 and later
    0x517b,      // SMB of old
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x6b41_4653, // kAFS
    0x7375_7245, // Coda
    0x564c,      // NCP
    0x0116_1970, // GFS2
    0x7461_636f, // OCFS2
    0x0bd0_0bd0, // Lustre
    0x4750_4653, // GPFS
];

/// Whether the file is on another machine.
pub(crate) fn is_remote_file(file: &File) -> bool {
    fstatfs(file).is_ok_and(|facts| is_remote_kind(facts.filesystem_type()))
}

/// Whether reads of this target, before it is opened, may be waits for another machine: an export of NBD, a file on a network file system
/// or on FUSE (most of what is mounted so is object storage and SSH).
#[must_use]
pub fn may_be_far(target: &Path) -> bool {
    let is_far = |kind| kind == FUSE_SUPER_MAGIC || is_remote_kind(kind);
    is_url(target) || statfs(target).is_ok_and(|facts| is_far(facts.filesystem_type()))
}

fn is_remote_kind(kind: FsType) -> bool {
    // The field has another type on every architecture.
    u64::try_from(kind.0).is_ok_and(|magic| is_remote(magic & 0xffff_ffff))
}

fn is_remote(magic: u64) -> bool {
    FILE_SYSTEMS.contains(&magic)
}

/// Whether the kernel reaches this block device through a network: RBD, NBD, iSCSI, NVMe over fabrics.
pub(crate) fn is_remote_device(block: &Block) -> bool {
    let is_numbered = |prefix: &str| {
        let number = block.name.strip_prefix(prefix);
        number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
    };
    is_numbered("rbd")
        || is_numbered("nbd")
        || is_iscsi(&block.dir)
        || block.transport().as_deref().is_some_and(is_fabric)
}

/// The directory of a disk of a session is below that: `…/host3/session1/target3:0:0/…` (Linux, `scsi_transport_iscsi.c`).
fn is_iscsi(dir: &Path) -> bool {
    let mut parts = dir.iter().filter_map(|part| part.to_str());
    parts.any(|part| {
        let number = part.strip_prefix("session");
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn is_fabric(transport: &str) -> bool {
    matches!(transport, "tcp" | "rdma" | "fc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(name: &str, dir: &Path) -> Block {
        Block { name: name.into(), dir: dir.into(), number: "8:0".into(), partition_of: None }
    }

    #[test]
    fn networks_are_told_from_disks_of_the_machine() {
        for magic in [0x6969, 0xfe53_4d42, 0x00c3_6400] {
            assert!(is_remote(magic), "{magic:x}");
        }
        // ext4, XFS, btrfs, tmpfs, FUSE, overlayfs.
        for magic in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x6573_5546, 0x794c_7630] {
            assert!(!is_remote(magic), "{magic:x}");
        }
        let file = tempfile::tempfile().unwrap();
        assert!(!is_remote_file(&file));
    }

    #[test]
    fn targets_are_told_by_their_names_and_places() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!may_be_far(file.path()) && !may_be_far(&file.path().with_extension("gone")));
        assert!(may_be_far(Path::new("nbd://host/disk")));
    }

    #[test]
    fn devices_behind_a_network_are_known_by_sysfs() {
        let sata = Path::new("/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda");
        let iscsi = Path::new("/sys/devices/platform/host3/session1/target3:0:0/3:0:0:1/block/sdb");
        assert!(is_remote_device(&block("rbd0", Path::new("/sys/devices/rbd/0/block/rbd0"))));
        assert!(is_remote_device(&block("nbd12", Path::new("/sys/devices/virtual/block/nbd12"))));
        assert!(is_remote_device(&block("sdb", iscsi)));
        assert!(!is_remote_device(&block("sda", sata)));
        assert!(!is_remote_device(&block("rbdx", Path::new("/sys/devices/virtual/block/rbdx"))));
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("device")).unwrap();
        for (transport, is_remote) in [("tcp\n", true), ("rdma\n", true), ("pcie\n", false)] {
            std::fs::write(folder.path().join("device/transport"), transport).unwrap();
            assert_eq!(is_remote_device(&block("nvme1n1", folder.path())), is_remote, "{transport}");
        }
    }
}
