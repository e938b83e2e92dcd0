//! The files that a vmdk image names: none but those beside it may be opened.
//!
//! Source: VMware "Virtual Disk Format 5.0", and how QEMU reads it (`block/vmdk.c`): a descriptor is text, in which a line
//! such as `RW 2097152 FLAT "disk-flat.vmdk" 0` names an extent. A sparse image has its descriptor inside.

use std::ffi::OsStr;
use std::path::Path;

use crate::bytes;
use crate::error::way_out::ImageCure;
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
const ALGORITHM: usize = 77;
/// Bytes of a descriptor inside a sparse image that are looked at, as many as QEMU reads.
const INSIDE_MAX: u64 = 20 << 9;
/// Bytes of a descriptor by itself: real ones have a few hundred.
const TEXT_MAX: u64 = 64 << 10;
/// What an extent may be.
const KINDS: [&str; 4] = ["FLAT", "VMFS", "SPARSE", "VMFSSPARSE"];

/// Refuses an image that names what QEMU must not open, that holds only changes to a parent, or, when it
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
        if raw.len() > TEXT_MAX {
            return Err(refused(&format!(
                "has a descriptor of 0x{:x} bytes, expected 0x{TEXT_MAX:x} at most",
                raw.len()
            )));
        }
        let text = raw.read_vec(0, usize::try_from(raw.len()).unwrap_or_default())?;
        // Where QEMU will look for the extents: links are resolved for it, too.
        let real = raw.path().canonicalize();
        let real = real.map_err(|error| StorageError::io(raw.path().display().to_string(), error))?;
        check_parents(&text, is_written)?;
        return extents(&text)?.iter().try_for_each(|name| check_beside(name, &real, is_written));
    }
    check_sparse(&head, is_written)?;
    let at = bytes::le_u64(&head, DESCRIPTOR).unwrap_or_default().saturating_mul(512);
    let len = raw.len().saturating_sub(at).min(INSIDE_MAX);
    check_parents(&raw.read_vec(at.min(raw.len()), usize::try_from(len).unwrap_or_default())?, is_written)
}

/// The header of a sparse image: one without a length leads QEMU to a descriptor with more names.
fn check_sparse(head: &[u8], is_written: bool) -> Result<(), StorageError> {
    if bytes::le_u64(head, CAPACITY).is_none_or(|capacity| capacity == 0) {
        return Err(refused("is split into several files in an unknown way"));
    }
    let is_compressed = bytes::le_u32(head, FLAGS).is_none_or(|flags| flags & COMPRESSED != 0)
        || bytes::le_u16(head, ALGORITHM).is_none_or(|algorithm| algorithm != 0);
    if is_written && is_compressed {
        return Err(refused("is stream-optimized and cannot be changed in place"));
    }
    Ok(())
}

/// A descriptor that names a parent, by its number or by its file; or, to be written, one in which QEMU would put the
/// image's new number in the place of the parent's.
fn check_parents(text: &[u8], is_written: bool) -> Result<(), StorageError> {
    let text = String::from_utf8_lossy(text);
    let mut parents = text.split("parentCID=").skip(1);
    let is_none = |after: &str| {
        let (id, more) = after.split_at_checked(8).unwrap_or_default();
        id.eq_ignore_ascii_case("ffffffff") && !more.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    if text.contains("parentFileNameHint") || parents.any(|after| !is_none(after)) {
        return Err(refused("is a delta (a snapshot): it contains only changes to a parent"));
    }
    let before = text.find("CID=").and_then(|at| text.get(..at)).unwrap_or_default();
    if is_written && before.ends_with("parent") {
        return Err(refused("has its parent's ID before its own, where QEMU would overwrite it"));
    }
    Ok(())
}

/// The names of the extents. QEMU takes lines apart with `sscanf`, which is lenient; so every line has to be of a form that
/// leaves it no choice, and what is of no such form is refused.
fn extents(text: &[u8]) -> Result<Vec<String>, StorageError> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii());
    let strange = |line: &str| {
        let line: String = line.chars().take(60).collect();
        refused(&format!("has an unknown line in its descriptor: {:?}", line.trim()))
    };
    let mut names = Vec::new();
    for line in text.ok_or_else(|| strange("not ASCII"))?.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_matches([' ', '\t']);
        if line.contains(|c: char| c.is_ascii_control() && c != '\t') {
            return Err(strange(line));
        }
        if line.is_empty() || line.starts_with('#') || is_setting(line) {
            continue;
        }
        names.push(extent(line).ok_or_else(|| strange(line))?);
    }
    Ok(names)
}

/// `name = value`, with a name that cannot be the beginning of an extent.
fn is_setting(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.trim_end_matches([' ', '\t']);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    let value = value.trim_matches([' ', '\t']);
    let is_whole = !value.contains('"')
        || value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .is_some_and(|it| !it.contains('"'));
    !name.is_empty() && name.chars().all(is_word) && !name.eq_ignore_ascii_case("RW") && is_whole
}

/// `RW 2097152 FLAT "disk-flat.vmdk" 0`: the name of the file.
fn extent(line: &str) -> Option<String> {
    let (before, rest) = line.split_once('"')?;
    let (name, after) = rest.split_once('"')?;
    let words: Vec<&str> = before.split_ascii_whitespace().collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|digit| digit.is_ascii_digit());
    let [access, sectors, kind] = words.as_slice() else { return None };
    let after = after.trim_matches([' ', '\t']);
    let is_known = *access == "RW" && is_number(sectors) && KINDS.contains(kind);
    (is_known && (after.is_empty() || is_number(after))).then(|| name.to_owned())
}

/// An extent is a regular file beside the descriptor whose name begins as the descriptor's does (another guest's disk may lie
/// there too), and no descriptor itself.
fn check_beside(name: &str, image: &Path, is_written: bool) -> Result<(), StorageError> {
    let stem = image.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let is_own = !stem.is_empty() && name.starts_with(stem) && !name.contains(['/', ':', '\\']);
    let path = directory_of(image).join(name);
    // A link would lead elsewhere.
    if !is_own || !path.symlink_metadata().is_ok_and(|facts| facts.is_file()) {
        let what = format!(
            "refers to {name:?}, which is not a regular file in the same directory with the same name \
             prefix"
        );
        return Err(refused(&what));
    }
    let extent = Raw::new(open_file(&path, false)?, &path, None)?;
    let head = extent.read_vec(0, HEADER.min(usize::try_from(extent.len()).unwrap_or(HEADER)))?;
    if head.starts_with(SPARSE) { check_sparse(&head, is_written) } else { Ok(()) }
}

fn refused(what: &str) -> StorageError {
    StorageError::unsupported(format!("the vmdk image {what}"), ImageCure::Convert)
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

    fn descriptor(lines: &str) -> Vec<u8> {
        let text = "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"vmfs\"";
        format!("{text}\n\n{lines}\nddb.x = \"a/b:c\"\n").into_bytes()
    }

    #[test]
    fn only_its_own_regular_files_beside_the_descriptor_are_extents() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["disk-flat.vmdk", "other.raw"] {
            std::fs::write(at(name), [0; 512]).unwrap();
        }
        std::fs::create_dir(at("disk-folder")).unwrap();
        std::os::unix::fs::symlink("disk-flat.vmdk", at("disk-link")).unwrap();
        for fine in ["", "RW 1 FLAT \"disk-flat.vmdk\" 0", "RW 1 SPARSE \"disk-flat.vmdk\"\r"] {
            checked(folder.path(), &descriptor(fine), true).unwrap();
        }
        for extent in [
            "/etc/shadow",
            "../disk-flat.vmdk",
            "./disk-flat.vmdk",
            "nbd:x",
            "disk-link",
            "disk-folder",
            "disk-absent",
            "other.raw",
            "",
            "disk/x",
        ] {
            let error = checked(folder.path(), &descriptor(&format!("RW 1 FLAT \"{extent}\" 0")), false);
            let error = error.unwrap_err();
            assert!(error.contains("which is not a regular file in the same directory"), "{extent}: {error}");
        }
    }

    /// QEMU would open what each of these names, or might.
    #[test]
    fn a_line_that_qemu_may_read_otherwise_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("disk-flat.vmdk"), [0; 512]).unwrap();
        for lines in [
            "x=\"\nRW 2097152 VMFS \"/any/where\n=\"",
            "RW\n1\nFLAT \"/etc/shadow\" 0",
            "RW 1 FLAT \"/etc/shadow",
            "RW 1 FLAT \"/etc/shadow\r",
            "RW 1 FLAT =\"/etc/shadow\" 0",
            "RW = 1 FLAT \"/etc/shadow\" 0",
            "RW 1 FLAT \"disk-flat.vmdk\" 0 \"/etc/shadow\"",
            "RW 1 ZERO",
            "rw 1 FLAT \"disk-flat.vmdk\" 0",
            "RDONLY 1 FLAT \"disk-flat.vmdk\" 0",
            "RW 1 FLAT \"disk-flat.vmdk\" 0\u{b}RW 1 FLAT \"/etc/shadow\" 0",
            "RW 1 FLAT\u{c}\"/etc/shadow\" 0",
            "a=\"b\" RW 1 FLAT \"/etc/shadow\" 0",
            "é",
        ] {
            let error = checked(folder.path(), &descriptor(lines), false).unwrap_err();
            let is_known = ["unknown line", "not a regular file"].iter().any(|it| error.contains(it));
            assert!(is_known && !error.contains('\n'), "{lines:?}: {error}");
        }
        let long = [descriptor(""), vec![b' '; 1 << 16]].concat();
        assert!(checked(folder.path(), &long, false).unwrap_err().contains("has a descriptor of 0x"));
    }

    #[test]
    fn an_extent_is_no_descriptor_that_names_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("disk-s001.vmdk"), [SPARSE, &[0; 508]].concat()).unwrap();
        let error = checked(folder.path(), &descriptor("RW 1 SPARSE \"disk-s001.vmdk\""), false).unwrap_err();
        assert!(error.contains("split into several files"), "{error}");
    }

    #[test]
    fn snapshots_and_what_cannot_be_written_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "parentCID=12345678",
            "parentCID=ffffffff\nparentCID=0",
            "parentCID=ffffffff0",
            "parentFileNameHint=\"x\"",
        ] {
            let text = format!("# Disk DescriptorFile\nCID=1\n{text}\n");
            let error = checked(folder.path(), text.as_bytes(), false).unwrap_err();
            assert!(error.contains("only changes to a parent"), "{error}");
        }
        let reversed = b"# Disk DescriptorFile\nparentCID=ffffffff\nCID=1\n";
        checked(folder.path(), reversed, false).unwrap();
        assert!(checked(folder.path(), reversed, true).unwrap_err().contains("before its own"));
        let mut sparse = vec![0; 2048];
        sparse[..4].copy_from_slice(SPARSE);
        let error = checked(folder.path(), &sparse, false).unwrap_err();
        assert!(error.contains("split into several files"), "{error}");
        sparse[CAPACITY] = 1;
        sparse[DESCRIPTOR] = 1;
        checked(folder.path(), &sparse, true).unwrap();
        for at in [FLAGS + 2, ALGORITHM] {
            sparse[at] = 1;
            checked(folder.path(), &sparse, false).unwrap();
            let error = checked(folder.path(), &sparse, true).unwrap_err();
            assert!(error.contains("stream-optimized"), "{error}");
            sparse[at] = 0;
        }
        sparse[512..530].copy_from_slice(b"parentCID=00000001");
        assert!(checked(folder.path(), &sparse, false).unwrap_err().contains("only changes to a parent"));
        // Headers that end early, or lead outside.
        checked(folder.path(), b"COWD", false).unwrap();
        let _ = checked(folder.path(), SPARSE, false).unwrap_err();
        sparse[DESCRIPTOR..DESCRIPTOR + 8].fill(0xff);
        checked(folder.path(), &sparse, false).unwrap();
    }
}
