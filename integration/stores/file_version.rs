//! What version a program file has: the library's answer, beside what binutils see of the same file.

use std::fs;
use std::path::Path;

use bcdrescue::layout::file_version;

use crate::program_file::program;
use crate::support::judges::judge;
use crate::support::program::text;

/// The version by objdump: it names the sections, walks the resources, and shows bytes at an address.
pub(crate) fn by_objdump(path: &Path) -> [u16; 4] {
    let tree = String::from_utf8(judge("objdump", &["-p", text(path)])).unwrap();
    let number = |line: &str, label: &str| {
        let digits = line.split_once(label).unwrap().1.trim_start().trim_start_matches("0x");
        let digits: String = digits.chars().take_while(char::is_ascii_hexdigit).collect();
        u64::from_str_radix(&digits, 16).unwrap()
    };
    let base = number(tree.lines().find(|line| line.starts_with("ImageBase")).unwrap(), "ImageBase");
    // Of the type with number 0x10, the first leaf.
    let version = tree.split_once("ID: 0x000010").expect("a version resource").1;
    let leaf = version.lines().find(|line| line.contains("Leaf: Addr:")).unwrap();
    let (start, len) = (base + number(leaf, "Addr:"), number(leaf, "Size:"));
    let (start, stop) =
        (format!("--start-address=0x{start:x}"), format!("--stop-address=0x{:x}", start + len));
    let dump = String::from_utf8(judge("objdump", &["-s", &start, &stop, text(path)])).unwrap();
    // An address, then up to four groups of up to eight digits, each 9 columns wide.
    let rows = dump.lines().filter(|line| line.starts_with(' ')).filter_map(|line| {
        let digits = line.trim_start().split_once(' ')?.1;
        Some(digits.chars().take(35).filter(char::is_ascii_hexdigit).collect::<String>())
    });
    let all: String = rows.collect();
    // The magic number of VS_FIXEDFILEINFO and its structure version, then the words of the version.
    let words = all.split_once("bd04effe00000100").expect("VS_FIXEDFILEINFO").1;
    let word = |at: usize| u16::from_str_radix(&words[at * 4..at * 4 + 4], 16).unwrap().swap_bytes();
    [word(1), word(0), word(3), word(2)]
}

#[test]
fn binutils_see_the_version_that_the_library_reads() {
    let home = tempfile::tempdir().unwrap();
    for (wide, version) in
        [(false, [6, 1, 7601, 17514]), (true, [10, 0, 20348, 1]), (true, [65535, 0x1234, 0x5678, 0x9abc])]
    {
        let path = home.path().join("winload");
        fs::write(&path, program(version, wide)).unwrap();
        let bytes = fs::read(&path).unwrap();
        let read = |at: u64, len: usize| Some(bytes.get(at as usize..)?.get(..len)?.to_vec());
        let ours = file_version::read(bytes.len() as u64, &read).unwrap();
        assert_eq!([ours.major, ours.minor, ours.build, ours.revision], version);
        assert_eq!(by_objdump(&path), version);
    }
}
