//! The files that a vmdk image names: none but those beside it may be opened.
//!
//! Source: VMware "Virtual Disk Format 5.0", and how QEMU reads it (`block/vmdk.c`): a descriptor is text, in which a line
//! such as `RW 2097152 FLAT "disk-flat.vmdk" 0` names an extent. A sparse image has its descriptor inside.

use std::path::Path;
use std::path::PathBuf;

use crate::bytes;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::file::directory_of;
use crate::storage::file::open_file;
use crate::storage::raw::Raw;

const SPARSE: &[u8] = b"KDMV";
const SPARSE_OLD: &[u8] = b"COWD";
/// Fields of a sparse header: flags, the disk's length in sectors, and where the descriptor is, in sectors.
const FLAGS: usize = 8;
const CAPACITY: usize = 12;
const DESCRIPTOR: usize = 28;
const HEADER: usize = 512;
const COMPRESSED: u32 = 1 << 16;
/// Bytes of a descriptor that are looked at; QEMU reads as many of one inside, and 2 MiB less one of one by itself.
const INSIDE_MAX: u64 = 20 << 9;
const TEXT_MAX: u64 = (2 << 20) - 1;

/// Refuses an image that names what QEMU must not open, that holds only the difference to another, or, when it
/// `is_written`, one that cannot be written in place.
///
/// # Errors
/// [`StorageError::Unsupported`]; [`StorageError::Io`].
pub(crate) fn check(raw: &Raw, is_written: bool) -> Result<(), StorageError> {
    let head = raw.read_vec(0, HEADER.min(usize::try_from(raw.len()).unwrap_or(HEADER)))?;
    if head.starts_with(SPARSE_OLD) {
        return Ok(());
    }
    if !head.starts_with(SPARSE) {
        let len = raw.len().min(TEXT_MAX);
        let text = raw.read_vec(0, usize::try_from(len).unwrap_or_default())?;
        check_text(&text)?;
        return extents(&text).iter().try_for_each(|name| check_beside(name, raw.path()));
    }
    if bytes::le_u64(&head, CAPACITY).is_none_or(|capacity| capacity == 0) {
        let what = "the vmdk image is spread over several files in a way that this program does not know";
        return Err(StorageError::unsupported(what, convert()));
    }
    if is_written && bytes::le_u32(&head, FLAGS).is_none_or(|flags| flags & COMPRESSED != 0) {
        let what = "the vmdk image is stream-optimized: it cannot be changed in place";
        return Err(StorageError::unsupported(what, convert()));
    }
    let at = bytes::le_u64(&head, DESCRIPTOR).unwrap_or_default().saturating_mul(512);
    let len = raw.len().saturating_sub(at).min(INSIDE_MAX);
    check_text(&raw.read_vec(at.min(raw.len()), usize::try_from(len).unwrap_or_default())?)
}

/// A descriptor that names a parent, by its number or by its file.
fn check_text(text: &[u8]) -> Result<(), StorageError> {
    let text = String::from_utf8_lossy(text);
    let mut parents = text.split("parentCID=").skip(1);
    let is_child = text.contains("parentFileNameHint")
        || parents.any(|after| !after.get(..8).is_some_and(|id| id.eq_ignore_ascii_case("ffffffff")));
    if is_child {
        return Err(StorageError::unsupported(
            "the vmdk image holds only the difference to another (a snapshot)",
            convert(),
        ));
    }
    Ok(())
}

/// All that stands in quotes and may be the name of an extent: not behind an equals sign, where values of other kinds are.
fn extents(text: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    let mut parts = text.split(|byte| *byte == b'"');
    let mut before = parts.next().unwrap_or_default();
    while let Some(quoted) = parts.next() {
        if !before.trim_ascii_end().ends_with(b"=") {
            names.push(quoted.to_vec());
        }
        before = parts.next().unwrap_or_default();
    }
    names
}

/// An extent is a regular file beside the descriptor, and no descriptor itself.
fn check_beside(name: &[u8], image: &Path) -> Result<(), StorageError> {
    let refused = |why: &str| {
        let shown = String::from_utf8_lossy(name);
        StorageError::unsupported(
            format!("the vmdk image names {:?}, which is {why}", shown.trim()),
            convert(),
        )
    };
    let text = std::str::from_utf8(name).ok().filter(|name| !name.contains(['/', ':', '\\', '\0', '\n']));
    let path = text.map(|name| directory_of(image).join(name));
    // A link would lead elsewhere.
    let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|facts| facts.is_file());
    let path = path.filter(is_file).ok_or_else(|| refused("not a regular file beside it"))?;
    let extent = Raw::new(open_file(&path, false)?, &path, None)?;
    let head = extent.read_vec(0, HEADER.min(usize::try_from(extent.len()).unwrap_or(HEADER)))?;
    if head.starts_with(SPARSE) && bytes::le_u64(&head, CAPACITY).is_none_or(|capacity| capacity == 0) {
        return Err(refused("a descriptor again"));
    }
    Ok(())
}

fn convert() -> &'static str {
    "convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(folder: &Path, bytes: &[u8], is_written: bool) -> Result<(), String> {
        let path = folder.join("disk.vmdk");
        std::fs::write(&path, bytes).unwrap();
        let raw = Raw::new(open_file(&path, false).unwrap(), &path, None).unwrap();
        check(&raw, is_written).map_err(|error| error.to_string())
    }

    #[test]
    fn only_regular_files_beside_the_descriptor_are_extents() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("disk-flat.vmdk"), [0; 512]).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        std::os::unix::fs::symlink("disk-flat.vmdk", at("link")).unwrap();
        let descriptor = |extent: &str| {
            format!(
                "# Disk DescriptorFile\nparentCID=ffffffff\ncreateType=\"a/b:c\"\n{extent}\nddb.x = \"/\"\n"
            )
        };
        checked(folder.path(), descriptor("RW 1 FLAT \"disk-flat.vmdk\" 0").as_bytes(), true).unwrap();
        checked(folder.path(), descriptor("").as_bytes(), true).unwrap();
        for extent in [
            "RW 1 FLAT \"/etc/shadow\" 0",
            "RW 1 FLAT \"../disk-flat.vmdk\" 0",
            "RW\n1\nFLAT \"/etc/shadow\" 0",
            "RW 1 FLAT \"nbd:x\" 0",
            "RW 1 FLAT \"link\" 0",
            "RW 1 FLAT \"folder\" 0",
            "RW 1 FLAT \"absent\" 0",
            "RW 1 FLAT \"disk-flat.vmdk\" 0\nRW 1 VMFS \"/dev/sda\" 0",
            "RW 1 FLAT \"/etc/shadow",
        ] {
            let error = checked(folder.path(), descriptor(extent).as_bytes(), false).unwrap_err();
            assert!(error.contains("which is not a regular file beside it; convert it"), "{extent}: {error}");
        }
    }

    #[test]
    fn an_extent_is_no_descriptor_that_names_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.vmdk"), [SPARSE, &[0; 508]].concat()).unwrap();
        let text = b"# Disk DescriptorFile\nRW 1 SPARSE \"x.vmdk\"\n";
        let error = checked(folder.path(), text, false).unwrap_err();
        assert!(error.contains("\"x.vmdk\", which is a descriptor again"), "{error}");
    }

    #[test]
    fn snapshots_and_what_cannot_be_written_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["parentCID=12345678", "parentCID=ffffffff\nparentCID=0", "parentFileNameHint=\"x\""] {
            let text = format!("# Disk DescriptorFile\n{text}\n");
            let error = checked(folder.path(), text.as_bytes(), false).unwrap_err();
            assert!(error.contains("only the difference to another"), "{error}");
        }
        let mut sparse = vec![0; 2048];
        sparse[..4].copy_from_slice(SPARSE);
        let error = checked(folder.path(), &sparse, false).unwrap_err();
        assert!(error.contains("spread over several files"), "{error}");
        sparse[CAPACITY] = 1;
        sparse[DESCRIPTOR] = 1;
        sparse[FLAGS + 2] = 1;
        checked(folder.path(), &sparse, false).unwrap();
        let error = checked(folder.path(), &sparse, true).unwrap_err();
        assert!(error.contains("stream-optimized"), "{error}");
        sparse[512..530].copy_from_slice(b"parentCID=00000001");
        assert!(checked(folder.path(), &sparse, false).unwrap_err().contains("only the difference"));
        // Headers that end early, or lead outside.
        checked(folder.path(), b"COWD", false).unwrap();
        let _ = checked(folder.path(), SPARSE, false).unwrap_err();
        sparse[DESCRIPTOR..DESCRIPTOR + 8].fill(0xff);
        checked(folder.path(), &sparse, false).unwrap();
    }
}
