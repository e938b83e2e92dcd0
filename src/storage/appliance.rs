//! Files that hold a machine, or describe one: its disk is another file, inside or beside it.
//!
//! Sources: POSIX, pax (`ustar`); DMTF DSP0243 (OVF and OVA); Proxmox, `vma_spec.txt`; VMware's and VirtualBox's own files.

use std::borrow::Cow;

use crate::bytes::le_u16;
use crate::bytes::one_line;
use crate::bytes::slice;
use crate::error::way_out::ImageCure;

/// Bytes of a file that hold the header of an archive.
pub(super) const HEAD: usize = 512;
/// Bytes of a description in which it says what it is, and mostly names its disks.
pub(super) const TEXT: usize = 16 << 10;
/// Bytes at the begin of a description that are all text.
const PRINTABLE: usize = 32;
/// Place of the checksum in the header of a member of a tar archive; while it is counted, spaces stand there.
const CHECKSUM_AT: usize = 148;
const CHECKSUM_LEN: usize = 8;
/// Names of disks that are told, at most, and their longest.
const NAMES: usize = 4;
const NAME_MAX: usize = 200;

/// Endings of disk images.
const IMAGES: [&str; 7] = [".vmdk", ".vdi", ".vhd", ".vhdx", ".qcow2", ".raw", ".img"];
/// Words that make a text a description, and what that is.
const DESCRIPTIONS: [(&str, &str); 6] = [
    ("<Envelope", "an OVF description"),
    (":Envelope", "an OVF description"),
    ("virtualHW.version", "a VMware configuration (vmx)"),
    ("config.version", "a VMware configuration (vmx)"),
    ("<VirtualBox", "a VirtualBox configuration"),
    ("<domain ", "a libvirt configuration"),
];

/// What a file is that begins so, and what makes a disk of it; `None` when it is no archive of a machine.
pub(super) fn archive(head: &[u8]) -> Option<(String, ImageCure)> {
    // The number of its version is 1, with the highest byte first.
    if head.starts_with(b"VMA\0\0\0\0\x01") {
        return Some(("a Proxmox backup (vma)".to_owned(), ImageCure::ExtractVma));
    }
    let name = member(head)?;
    Some(match name.to_ascii_lowercase().ends_with(".ovf") {
        true => ("an OVA, a virtual machine archive with its disks".to_owned(), ImageCure::ExtractOva),
        false => ("a tar archive".to_owned(), ImageCure::ExtractTar),
    })
}

/// Whether a file may be a description: it begins as a text.
pub(super) fn is_text(head: &[u8]) -> bool {
    let decoded = utf16(head);
    let head = decoded.as_deref().map_or(head, str::as_bytes);
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let is_printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    text.get(..PRINTABLE).is_some_and(|begin| begin.iter().all(is_printable))
}

/// A text of UTF-16 that says so: little-endian, with a byte order mark.
fn utf16(text: &[u8]) -> Option<String> {
    let units = text.strip_prefix(b"\xff\xfe")?.chunks_exact(2).filter_map(|unit| le_u16(unit, 0));
    Some(String::from_utf16_lossy(&units.collect::<Vec<_>>()))
}

/// What a text is, with the disks that it names; `None` when it describes no machine.
pub(super) fn description(text: &[u8]) -> Option<(String, ImageCure)> {
    let text = utf16(text).map_or_else(|| String::from_utf8_lossy(text), Cow::Owned);
    let (_, what) = DESCRIPTIONS.iter().find(|(word, _)| text.contains(word))?;
    let mut names: Vec<String> = Vec::new();
    let is_disk = |word: &&str| {
        let word = word.to_ascii_lowercase();
        word.len() <= NAME_MAX
            && IMAGES.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending))
    };
    for name in text.split(['"', '\'', '\n']).filter(is_disk).map(one_line) {
        if !names.contains(&name) && names.len() < NAMES {
            names.push(name);
        }
    }
    let what = match names.is_empty() {
        true => (*what).to_owned(),
        false => format!("{what} of the disk {}", names.join(", ")),
    };
    Some((what, ImageCure::NameDisk))
}

/// The name of the first member of a tar archive, where its checksum is right.
fn member(head: &[u8]) -> Option<String> {
    if slice(head, 257, 5)? != b"ustar" {
        return None;
    }
    let digits = slice(head, CHECKSUM_AT, CHECKSUM_LEN)?;
    let digits = std::str::from_utf8(digits).ok()?.trim_matches([' ', '\0']);
    let expected = u32::from_str_radix(digits, 8).ok()?;
    let end = CHECKSUM_AT.checked_add(CHECKSUM_LEN)?;
    let is_counted = |at: &usize| *at < CHECKSUM_AT || *at >= end;
    let others = (0..HEAD).filter(is_counted).filter_map(|at| head.get(at));
    let found = others.map(|byte| u32::from(*byte)).fold(0, u32::saturating_add);
    let spaces = u32::from(b' ').saturating_mul(u32::try_from(CHECKSUM_LEN).ok()?);
    let name = slice(head, 0, 100)?.split(|byte| *byte == 0).next()?;
    (head.len() >= HEAD && found.saturating_add(spaces) == expected)
        .then(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a member, as GNU tar writes it.
    fn header(name: &str) -> Vec<u8> {
        let mut head = vec![0; HEAD];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[257..263].copy_from_slice(b"ustar\0");
        head[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN].fill(b' ');
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        head
    }

    #[test]
    fn archives_are_known_by_their_header_and_its_checksum() {
        let cure = |head: &[u8]| archive(head).map(|(_, cure)| cure);
        assert_eq!(cure(&header("w2k8.OVF")), Some(ImageCure::ExtractOva));
        assert_eq!(cure(&header("backup/disk.raw")), Some(ImageCure::ExtractTar));
        assert_eq!(cure(b"VMA\0\0\0\0\x01 and so on"), Some(ImageCure::ExtractVma));
        let mut wrong = header("w2k8.ovf");
        wrong[0] ^= 1;
        for head in [&wrong[..], &wrong[..300], &[], b"VMA\0\0\0\0\x07", &[0; 512]] {
            assert_eq!(cure(head), None);
        }
    }

    #[test]
    fn descriptions_name_their_disks_and_other_texts_are_none() {
        let told = |text: &str| (is_text(text.as_bytes()), description(text.as_bytes()).map(|it| it.0));
        let vmx = ".encoding = \"UTF-8\"\nconfig.version = \"8\"\nscsi0:0.fileName = \"a\u{7}b.vmdk\"\n";
        let expected = "a VMware configuration (vmx) of the disk a\\u{7}b.vmdk";
        assert_eq!(told(vmx), (true, Some(expected.to_owned())));
        let wide: Vec<u8> =
            "\u{feff}".encode_utf16().chain(vmx.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert!(is_text(&wide));
        assert_eq!(description(&wide).map(|it| it.0), Some(expected.to_owned()));
        let ovf = "\u{feff}<?xml version=\"1.0\"?>\n<Envelope><References><File ovf:href=\"one.vmdk\"/><File ovf:href='two.VMDK'/>";
        assert_eq!(told(ovf).1.unwrap(), "an OVF description of the disk one.vmdk, two.VMDK");
        assert_eq!(told("<?xml version=\"1.0\"?><note>of another kind</note>"), (true, None));
        assert!(!is_text(b"\xeb\x63\x90") && !is_text(b"short") && !is_text(&[0; 512]));
        let many: String = (0..100).map(|at| format!("'{at}.vmdk'")).collect();
        assert!(told(&format!("<VirtualBox {many}")).1.unwrap().ends_with("3.vmdk"));
    }
}
