//! Image formats and archives that are recognised only to be refused with the way out.

use crate::bytes;
use crate::storage::Storage;
use crate::storage::StorageError;

/// Bytes of a file that hold all the magics below.
const HEAD: usize = 128;

/// Bytes at an offset, and what a file that has them there is.
const MAGICS: &[(usize, &[u8], &str)] = &[
    (0, b"KDMV", "a vmdk image"),
    (0, b"COWD", "a vmdk image"),
    (0, b"# Disk DescriptorFile", "a vmdk image"),
    (0, b"vhdxfile", "a vhdx image"),
    (0, b"conectix", "a vhd image"),
    (0x40, &[0x7f, 0x10, 0xda, 0xbe], "a vdi image"),
    (0, b"QED\0", "a qed image"),
    (0, b"WithoutFreeSpace", "a parallels image"),
    (0, b"WithouFreSpacExt", "a parallels image"),
];

/// What has to be unpacked before it is an image.
const PACKED: &[(&[u8], &str)] = &[
    (b"\x1f\x8b\x08", "compressed with gzip"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"MSWIM\0\0\0", "a wim archive"),
    (b"EVF\x09\x0d\x0a\xff\x00", "an EnCase evidence file"),
];

/// A fixed vhd is a raw image with a footer in its last 512 bytes.
const FOOTER: u64 = 512;
const VHD_FOOTER: &[u8] = b"conectix";

/// Refuses a file that is neither raw nor qcow2 but looks like something else.
///
/// # Errors
/// [`StorageError::Unsupported`] with the command that makes it usable; [`StorageError::Io`].
pub fn refuse_foreign(file: &dyn Storage) -> Result<(), StorageError> {
    let head = file.read_vec(0, HEAD.min(usize::try_from(file.len()).unwrap_or(HEAD)))?;
    let has = |at: usize, magic: &[u8]| bytes::slice(&head, at, magic.len()) == Some(magic);
    if let Some((_, _, what)) = MAGICS.iter().find(|(at, magic, _)| has(*at, magic)) {
        return Err(foreign(what));
    }
    if let Some((_, what)) = PACKED.iter().find(|(magic, _)| has(0, magic)) {
        return Err(StorageError::unsupported(
            format!("the file is {what}, not a disk image"),
            "unpack it first",
        ));
    }
    // The first qcow has the magic of qcow2 and another header behind it.
    if has(0, b"QFI\xfb\0\0\0\x01") {
        return Err(foreign("a qcow image of version 1"));
    }
    let footer = file.len().checked_sub(FOOTER).map(|at| file.read_vec(at, VHD_FOOTER.len())).transpose()?;
    if footer.as_deref() == Some(VHD_FOOTER) { Err(foreign("a vhd image")) } else { Ok(()) }
}

fn foreign(what: &str) -> StorageError {
    let way_out = "convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy";
    StorageError::unsupported(format!("the file is {what}, which this program cannot open"), way_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    fn file_with(at: usize, magic: &[u8]) -> Ram {
        let mut bytes = vec![0; 4096];
        bytes[at..at + magic.len()].copy_from_slice(magic);
        Ram::new(bytes, None)
    }

    #[test]
    fn every_foreign_format_is_named_with_the_way_out() {
        for (at, magic, what) in MAGICS {
            let error = refuse_foreign(&file_with(*at, magic)).unwrap_err();
            let expected = format!(
                "the file is {what}, which this program cannot open; convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy"
            );
            assert_eq!(error.to_string(), expected);
        }
        for (magic, what) in PACKED {
            let error = refuse_foreign(&file_with(0, magic)).unwrap_err();
            assert_eq!(error.to_string(), format!("the file is {what}, not a disk image; unpack it first"));
        }
        assert!(refuse_foreign(&file_with(4096 - 512, VHD_FOOTER)).is_err());
        assert!(refuse_foreign(&file_with(0, b"QFI\xfb\0\0\0\x01")).is_err());
    }

    #[test]
    fn a_disk_is_not_foreign_however_short() {
        for len in [0, 1, 7, 511, 512, 4096] {
            refuse_foreign(&Ram::new(vec![0; len], None)).unwrap();
        }
        refuse_foreign(&file_with(510, &[0x55, 0xaa])).unwrap();
    }
}
