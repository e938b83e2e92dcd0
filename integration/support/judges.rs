//! Programs that share no code with ours, and what they find in volumes, stores and hives.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use crate::support::program::text;

/// Runs a judge; it has to succeed.
#[track_caller]
pub fn judge(program: &str, arguments: &[&str]) -> Vec<u8> {
    judged(program, arguments).unwrap_or_else(|said| panic!("{said}"))
}

/// What a judge prints, or what it says when it does not succeed.
#[track_caller]
pub fn judged(program: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `make packages` installs it"));
    let [printed, said] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    if !output.status.success() {
        return Err(format!("{program} {arguments:?}: {printed}{said}"));
    }
    Ok(output.stdout)
}

/// Runs a judge with this on its standard input; it has to succeed.
#[track_caller]
pub fn judge_with(program: &str, arguments: &[&str], input: &[u8]) {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program}: {error}; `make packages` installs it"));
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

/// A file on an NTFS volume, by ntfscat; forward slashes.
pub fn ntfs_file(volume: &Path, path: &str) -> Vec<u8> {
    judge("ntfscat", &["-f", text(volume), path])
}

/// A file on a FAT volume, by mtools; forward slashes.
pub fn fat_file(volume: &Path, path: &str) -> Vec<u8> {
    judge("mtype", &["-i", text(volume), &format!("::{path}")])
}

/// Puts a file on an NTFS volume, by ntfscp; forward slashes. Its directory must be there.
pub fn put_ntfs(volume: &Path, path: &str, bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    judge("ntfscp", &["-q", text(volume), text(file.path()), path]);
    assert_eq!(ntfs_file(volume, path), bytes, "{path}");
}

/// Puts a file on a FAT volume, by mtools; forward slashes. Directories are made.
pub fn put_fat(volume: &Path, path: &str, bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    for (at, _) in path.match_indices('/').skip(1) {
        let directory = format!("::{}", &path[..at]);
        let is_there = Command::new("mdir").args(["-i", text(volume), &directory]).output().expect("mdir");
        if !is_there.status.success() {
            judge("mmd", &["-i", text(volume), &directory]);
        }
    }
    judge("mcopy", &["-o", "-i", text(volume), text(file.path()), &format!("::{path}")]);
}

/// The bytes of a binary value, as hivex reads it.
pub fn hivex_bytes(hive: &[u8], path: &str) -> Vec<u8> {
    let values = hivex(hive);
    let (_, value) = values[path].rsplit_once("base64 ").expect("a binary value");
    base64(value)
}

/// The bytes of a text in base 64.
pub fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    // Long values are broken into lines.
    let text = text.replace("&#13;", "").replace("&#10;", "").replace(char::is_whitespace, "");
    let text = text.trim_end_matches('=').as_bytes();
    let group = |group: &[u8]| {
        let number = group.iter().fold(0, |number, c| number << 6 | digit(*c)) << (6 * (4 - group.len()));
        number.to_be_bytes()[1..group.len()].to_vec()
    };
    text.chunks(4).flat_map(group).collect()
}

/// Every value of a hive by its path, as hivex reads it.
pub fn hivex(bytes: &[u8]) -> BTreeMap<String, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    let xml = String::from_utf8(judge("hivexml", &[text(file.path())])).expect("UTF-8");
    let mut path: Vec<String> = Vec::new();
    let mut values = BTreeMap::new();
    let mut list = 0;
    for tag in xml.split('<').skip(1) {
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        if tag.starts_with("node ") {
            path.push(attribute("name").expect("name"));
            values.insert(path.join("\\"), String::new());
        } else if tag.starts_with("/node") {
            path.pop();
        } else if tag.starts_with("value ") {
            list = 0;
            let name = format!("{}\\{}", path.join("\\"), attribute("key").unwrap_or_default());
            let content =
                [attribute("type"), attribute("encoding"), attribute("value")].map(Option::unwrap_or_default);
            values.insert(name, content.join(" "));
        } else if tag.starts_with("string") {
            list += 1;
            values
                .insert(format!("{}\\string {list} of {}", path.join("\\"), values.len()), after.to_owned());
        }
    }
    values
}

/// The paths whose values differ between two hives, as hivex reads them; both must have the same paths.
#[track_caller]
pub fn hivex_difference(before: &[u8], after: &[u8]) -> Vec<String> {
    let (before, after) = (hivex(before), hivex(after));
    assert!(before.keys().eq(after.keys()), "keys or values came or went");
    assert!(!before.is_empty());
    before.iter().filter(|(path, value)| after[*path] != **value).map(|(path, _)| path.clone()).collect()
}

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
