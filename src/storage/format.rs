//! Image formats, and how each is known by the bytes of its file.

use std::fmt;
use std::path::Path;

use crate::bytes;
use crate::error::way_out::ImageCure;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::appliance;

/// What the bytes of an image file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The disk itself.
    Raw,
    /// QEMU's, versions 2 and 3.
    Qcow2,
    /// VMware's.
    Vmdk,
    /// Virtual PC's and Azure's.
    Vhd,
    /// Hyper-V's.
    Vhdx,
    /// VirtualBox's.
    Vdi,
    /// The disk itself, encrypted as a whole by LUKS.
    Luks,
}

impl Format {
    /// The format that the end of a file's name promises, where it is one that no raw disk has: the data of a VMDK image (`-flat.vmdk`)
    /// is raw.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        const ENDINGS: [(&str, Format); 5] = [
            ("qcow2", Format::Qcow2),
            ("qcow", Format::Qcow2),
            ("vhd", Format::Vhd),
            ("vhdx", Format::Vhdx),
            ("vdi", Format::Vdi),
        ];
        let ending = path.extension()?.to_str()?;
        ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, format)| *format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
            Self::Vmdk => "vmdk",
            Self::Vhd => "vhd",
            Self::Vhdx => "vhdx",
            Self::Vdi => "vdi",
            Self::Luks => "LUKS",
        })
    }
}

/// Bytes at an offset, and the format of a file that has them there.
const KNOWN: &[(usize, &[u8], Format)] = &[
    (0, b"QFI\xfb", Format::Qcow2),
    (0, b"KDMV", Format::Vmdk),
    (0, b"COWD", Format::Vmdk),
    (0, b"# Disk DescriptorFile", Format::Vmdk),
    (0, b"vhdxfile", Format::Vhdx),
    (0, VHD, Format::Vhd),
    (0x40, &[0x7f, 0x10, 0xda, 0xbe], Format::Vdi),
    (0, b"LUKS\xba\xbe", Format::Luks),
];

/// Formats that are known only to be refused.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"QFI\xfb\0\0\0\x01", "a qcow version 1 image"),
    (b"QED\0", "a qed image"),
    (b"WithoutFreeSpace", "a parallels image"),
    (b"WithouFreSpacExt", "a parallels image"),
];

/// What has to be unpacked before it is an image.
const PACKED: &[(&[u8], &str)] = &[
    (b"\x1f\x8b\x08", "compressed with gzip"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\x89LZO\0\r\n\x1a\n", "compressed with lzop"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"MSWIM\0\0\0", "a wim archive"),
    (b"EVF\x09\x0d\x0a\xff\x00", "an EnCase evidence file"),
];

/// Backups of other programs (libmagic has the same numbers).
const BACKUPS: &[(&[u8], &str)] =
    &[(b"\xfe\xef\x01", "a Ghost backup (gho)"), (b"\xce\x24\xb9\xa2", "an Acronis backup (tib)")];

/// What the first descriptor of a CD or DVD has behind its type, in sector 16 of 2048 bytes (ECMA-119, 8.1; ECMA-167, 2/9.1).
const DISC_AT: u64 = 0x8001;
const DISC: [&[u8]; 2] = [b"CD001", b"BEA01"];

/// A fixed vhd is a raw image with a footer in its last 512 bytes.
const FOOTER: u64 = 512;
const VHD: &[u8] = b"conectix";

/// The format of an image file; raw when it begins as none of those that are known.
///
/// # Errors
/// [`StorageError::Unsupported`] for what is no image of a format that can be opened, with what makes it one;
/// [`StorageError::Io`].
pub fn recognise(file: &dyn Storage) -> Result<Format, StorageError> {
    let first = |len: usize| file.read_vec(0, len.min(usize::try_from(file.len()).unwrap_or(usize::MAX)));
    let head = first(appliance::HEAD)?;
    let has = |at: usize, magic: &[u8]| bytes::slice(&head, at, magic.len()) == Some(magic);
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| has(0, magic)) {
        return Err(StorageError::unsupported(
            format!("the file is {what}, which is not supported"),
            ImageCure::Convert,
        ));
    }
    if let Some((_, what)) = PACKED.iter().find(|(magic, _)| has(0, magic)) {
        let what = format!("the file is {what}, not a disk image");
        return Err(StorageError::unsupported(what, ImageCure::Unpack));
    }
    if let Some((_, what)) = BACKUPS.iter().find(|(magic, _)| has(0, magic)) {
        let what = format!("the file is {what}, not a disk image");
        return Err(StorageError::unsupported(what, ImageCure::RestoreBackup));
    }
    if head.iter().all(|byte| *byte == 0) && is_disc(file)? {
        let what = "the file is the image of a CD or DVD, not of a disk";
        return Err(StorageError::unsupported(what.to_owned(), ImageCure::NameDisk));
    }
    if let Some((.., format)) = KNOWN.iter().find(|(at, magic, _)| has(*at, magic)) {
        return Ok(*format);
    }
    let text = if appliance::is_text(&head) { first(appliance::TEXT)? } else { Vec::new() };
    if let Some((what, cure)) = appliance::archive(&head).or_else(|| appliance::description(&text)) {
        return Err(StorageError::unsupported(format!("the file is {what}, not a disk image"), cure));
    }
    let footer = file.len().checked_sub(FOOTER).map(|at| file.read_vec(at, VHD.len())).transpose()?;
    Ok(if footer.as_deref() == Some(VHD) { Format::Vhd } else { Format::Raw })
}

/// Whether a file with nothing in its first sector is the image of a CD or DVD; one that starts as a disk too is taken for that.
fn is_disc(file: &dyn Storage) -> Result<bool, StorageError> {
    if file.len() < DISC_AT.saturating_add(FOOTER) {
        return Ok(false);
    }
    let head = file.read_vec(DISC_AT, 5)?;
    Ok(DISC.contains(&head.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn a_name_promises_a_format_or_none() {
        for (name, format) in [
            ("a.qcow2", Some(Format::Qcow2)),
            ("A.VHDX", Some(Format::Vhdx)),
            ("a-flat.vmdk", None),
            ("a.img", None),
            ("qcow2", None),
        ] {
            assert_eq!(Format::of_name(Path::new(name)), format, "{name}");
        }
    }

    fn file_with(at: usize, magic: &[u8]) -> Ram {
        let mut bytes = vec![0; 4096];
        bytes[at..at + magic.len()].copy_from_slice(magic);
        Ram::new(bytes, None)
    }

    #[test]
    fn every_format_is_known_and_the_others_are_named_with_the_way_out() {
        for (at, magic, format) in KNOWN {
            assert_eq!(recognise(&file_with(*at, magic)).unwrap(), *format);
        }
        assert_eq!(recognise(&file_with(4096 - 512, VHD)).unwrap(), Format::Vhd);
        for (magic, what) in FOREIGN {
            let error = recognise(&file_with(0, magic)).unwrap_err();
            let expected = format!("the file is {what}, which is not supported");
            assert_eq!(error.told(), (expected, Some(ImageCure::Convert.into())));
        }
        for (magic, what) in PACKED {
            let error = recognise(&file_with(0, magic)).unwrap_err();
            let expected = format!("the file is {what}, not a disk image");
            assert_eq!(error.told(), (expected, Some(ImageCure::Unpack.into())));
        }
    }

    #[test]
    fn backups_and_discs_are_named() {
        for (magic, what) in BACKUPS {
            let error = recognise(&file_with(0, magic)).unwrap_err();
            let expected = format!("the file is {what}, not a disk image");
            assert_eq!(error.told(), (expected, Some(ImageCure::RestoreBackup.into())));
        }
        for magic in DISC {
            let mut bytes = vec![0; 0x1_0000];
            bytes[0x8001..0x8006].copy_from_slice(magic);
            let error = recognise(&Ram::new(bytes.clone(), None)).unwrap_err();
            assert_eq!(error.told().1, Some(ImageCure::NameDisk.into()));
            // One that starts from a stick too has an MBR.
            bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
            assert_eq!(recognise(&Ram::new(bytes, None)).unwrap(), Format::Raw);
        }
    }

    #[test]
    fn a_disk_is_raw_however_short() {
        for len in [0, 1, 7, 511, 512, 4096] {
            assert_eq!(recognise(&Ram::new(vec![0; len], None)).unwrap(), Format::Raw);
        }
        assert_eq!(recognise(&file_with(510, &[0x55, 0xaa])).unwrap(), Format::Raw);
    }
}
