//! The code of a master boot record that starts the active partition: Windows' own, as libraries of Windows carry it, and ours.

use sha2::Digest;
use sha2::Sha256;

use crate::bytes::hex;
use crate::bytes::put;
use crate::bytes::slice;
use crate::bytes::tails;
use crate::partition::master_boot_record::CODE_SIZE;

/// Bytes of the sector.
const SECTOR: usize = 512;
/// What Windows' code begins with: a stack below the place where it is loaded.
const SIGNATURE: &[u8] = b"\x33\xc0\x8e\xd0\xbc\x00\x7c";
/// The first of its messages, and where it asks for a TPM.
const MESSAGE: (usize, &[u8]) = (0x163, b"Invalid partition table");
const TPM: (usize, &[u8]) = (0xef, b"TCPA");
const END: (usize, &[u8]) = (0x1fe, b"\x55\xaa");
/// The code of Windows 8 to 11, byte for byte.
const KNOWN: &str = "59019b8b59cffb325855cdc7716d38f8ce2112b9b027f2f8516992e2e686525b";

/// Ours, as `mbr_code.s` beside it is assembled.
const OWN: &[u8] = include_bytes!("mbr_code.bin");

/// The code of a master boot record: bytes 0 to 0x1b7, before the disk signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MbrCode(Vec<u8>);

impl MbrCode {
    /// Ours, which starts the active partition by the rules of Windows' own.
    #[must_use]
    pub fn own() -> Self {
        let mut code = vec![0; CODE_SIZE];
        put(&mut code, 0, OWN);
        Self(code)
    }

    /// Windows' in a program or library that carries whole sectors; code that is known goes before other.
    #[must_use]
    pub fn find_in(carrier: &[u8]) -> Option<Self> {
        let mut found = tails(carrier, SIGNATURE).filter_map(Self::of_windows);
        let first = found.next()?;
        if first.is_known() {
            return Some(first);
        }
        Some(found.find(Self::is_known).unwrap_or(first))
    }

    /// Windows' in the first sector of a disk, or what is like one.
    #[must_use]
    pub fn of_windows(sector: &[u8]) -> Option<Self> {
        let parts = [(0, SIGNATURE), MESSAGE, TPM, END];
        let is_it = parts.iter().all(|(at, part)| slice(sector, *at, part.len()) == Some(part));
        is_it.then(|| sector.get(..CODE_SIZE).map(|code| Self(code.to_vec())))?
    }

    /// Whether it is byte for byte that of Windows 8 to 11.
    #[must_use]
    pub fn is_known(&self) -> bool {
        hex(&Sha256::digest(&self.0)) == KNOWN
    }

    /// The first sector of a disk with this code, and with the signature and the table that it has; `None` of less than a sector.
    #[must_use]
    pub fn written_over(&self, sector: &[u8]) -> Option<Vec<u8>> {
        let mut sector = sector.get(..SECTOR)?.to_vec();
        put(&mut sector, 0, &self.0);
        let (at, end) = END;
        put(&mut sector, at, end);
        Some(sector)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::partition::BootCode;
    use crate::partition::master_boot_record::boot_code;

    fn sector() -> Vec<u8> {
        let mut sector: Vec<u8> = (0..SECTOR).map(|at| (at % 251) as u8).collect();
        for (at, part) in [(0, SIGNATURE), MESSAGE, TPM, END] {
            put(&mut sector, at, part);
        }
        sector
    }

    fn run(program: &str, arguments: &[&str]) {
        let status = Command::new(program).args(arguments).status();
        let status = status.unwrap_or_else(|error| panic!("{program}: {error}; `make packages` installs it"));
        assert!(status.success(), "{program} {arguments:?}");
    }

    #[test]
    fn our_code_is_what_its_source_says() {
        let folder = tempfile::tempdir().unwrap();
        let [object, binary] = ["o", "bin"].map(|name| folder.path().join(name).display().to_string());
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/partition/boot_code/mbr_code.s");
        run("as", &["--32", "-o", &object, source]);
        let layout = ["-m", "elf_i386", "-Ttext=0x600", "-e", "0x600", "--oformat=binary"];
        run("ld", &[&layout[..], &["-o", &binary, &object]].concat());
        assert_eq!(hex(&fs::read(binary).unwrap()), hex(OWN));
    }

    #[test]
    fn our_code_fits_and_is_taken_for_a_program() {
        assert!(OWN.len() <= CODE_SIZE, "0x{:x}", OWN.len());
        let sector = MbrCode::own().written_over(&[0; SECTOR]).unwrap();
        assert_eq!(boot_code(&sector), BootCode::Present);
        assert_eq!(MbrCode::of_windows(&sector), None);
        assert!(!MbrCode::own().is_known());
    }

    #[test]
    fn signature_and_table_stay() {
        let before: Vec<u8> = (0..SECTOR).map(|at| at as u8).collect();
        let after = MbrCode::own().written_over(&before).unwrap();
        assert_eq!(after[CODE_SIZE..0x1fe], before[CODE_SIZE..0x1fe]);
        assert_eq!((&after[..OWN.len()], &after[0x1fe..]), (OWN, &[0x55, 0xaa][..]));
        assert!(MbrCode::own().written_over(&before[..511]).is_none());
    }

    #[test]
    fn windows_code_is_found_in_what_carries_it() {
        let carrier = [SIGNATURE.to_vec(), vec![7; 600], sector(), vec![0; 3]].concat();
        assert_eq!(MbrCode::find_in(&carrier), Some(MbrCode(sector()[..CODE_SIZE].to_vec())));
        for at in [0, 0x163, 0xef, 0x1fe] {
            let mut other = sector();
            other[at] ^= 1;
            assert_eq!(MbrCode::find_in(&other), None, "{at:x}");
        }
        assert_eq!(MbrCode::find_in(&sector()[..511]), None);
        assert_eq!(MbrCode::find_in(&[]), None);
    }
}
