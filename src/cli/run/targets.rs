//! Which targets are meant: those that are named, those in a list, those in a directory, and of them a share.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use anyhow::bail;
use walkdir::DirEntry;
use walkdir::WalkDir;

use crate::cli::text::misread::Misread;

/// Bytes that a list of targets may have.
const LIST_MAX: u64 = 64 << 20;
/// Endings of the names that disk images have.
const IMAGES: [&str; 12] =
    ["qcow2", "qcow", "raw", "img", "dd", "vmdk", "vhd", "vhdx", "vdi", "vpc", "luks", "bin"];

/// All targets that these words mean, in their order: `@FILE` is a list of targets, one a line (`@-`: standard input), and
/// a directory is all disk images in and below it, by name, where `recursive` allows it.
///
/// # Errors
/// When a list cannot be read. A target that is not there is found out when it is opened, and one that is a directory stands for
/// what could not be searched: [`no_directory`] says why.
pub fn expand(words: &[PathBuf], recursive: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut targets = Vec::new();
    for word in words {
        match word.as_os_str().as_bytes().strip_prefix(b"@") {
            Some(list) => {
                for target in listed(Path::new(OsStr::from_bytes(list)))? {
                    add(target, recursive, &mut targets);
                }
            }
            None => add(word.clone(), recursive, &mut targets),
        }
    }
    Ok(targets)
}

/// Whether this word means a list.
#[must_use]
pub fn is_list(word: &Path) -> bool {
    word.as_os_str().as_bytes().starts_with(b"@")
}

/// The lines of a list. A list from `find -print0` has zeros between its targets.
fn listed(list: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = || format!("@{}", list.display());
    let mut bytes = Vec::new();
    match list.as_os_str() == "-" {
        true => std::io::stdin().take(LIST_MAX).read_to_end(&mut bytes),
        false => fs::File::open(list).and_then(|file| file.take(LIST_MAX).read_to_end(&mut bytes)),
    }
    .with_context(name)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len == LIST_MAX) {
        bail!("{}: the list is too long, expected less than 0x{LIST_MAX:x} bytes; split it", name());
    }
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    let lines = bytes.split(|byte| *byte == end);
    let lines = lines.map(|line| if end == b'\n' { line.strip_suffix(b"\r").unwrap_or(line) } else { line });
    Ok(lines.filter(|line| !line.is_empty()).map(|line| OsStr::from_bytes(line).into()).collect())
}

fn add(target: PathBuf, recursive: bool, targets: &mut Vec<PathBuf>) {
    let before = targets.len();
    if recursive && target.is_dir() {
        for entry in WalkDir::new(&target).sort_by_file_name() {
            match entry {
                Ok(entry) if is_image(&entry) => targets.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => targets.extend(error.path().map(Path::to_path_buf)),
            }
        }
    }
    if targets.len() == before {
        targets.push(target);
    }
}

/// Refuses a directory among the targets that [`expand`] gave.
///
/// # Errors
/// When it is one: it could not be searched, has no image in it, or may not be searched without `recursive`.
pub fn no_directory(target: &Path, recursive: bool) -> anyhow::Result<()> {
    if !target.is_dir() {
        return Ok(());
    }
    let name = target.display();
    fs::read_dir(target).with_context(|| format!("{name}: cannot be searched"))?;
    match recursive {
        false => bail!("{name}: is a directory; add --recursive for all disk images in and below it"),
        true => {
            bail!("{name}: contains no disk image, expected names that end in .{}", IMAGES.join(", ."))
        }
    }
}

/// A regular file with the name of an image, not of a part of one; a link is another name of what is found or was not meant.
fn is_image(entry: &DirEntry) -> bool {
    let ending = entry.path().extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_known = IMAGES.iter().any(|known| ending.eq_ignore_ascii_case(known));
    entry.file_type().is_file() && is_known && !is_extent(entry.file_name().to_string_lossy().as_ref())
}

/// Whether it is a part of a vmdk image, which its descriptor names: `disk-flat.vmdk`, `disk-s001.vmdk`, `disk-f001.vmdk`.
fn is_extent(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let part = name.strip_suffix(".vmdk").and_then(|name| name.rsplit_once('-')).map(|(_, part)| part);
    part.is_some_and(|part| {
        let number = part.strip_prefix(['s', 'f']).unwrap_or_default();
        part == "flat" || (number.len() == 3 && number.bytes().all(|digit| digit.is_ascii_digit()))
    })
}

/// Share `number` of `of`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// The share of these: of each `of` that follow each other one, so that equal lists are split equally everywhere and
    /// no image is in two shares or in none.
    #[must_use]
    pub fn of(self, targets: Vec<PathBuf>) -> Vec<PathBuf> {
        targets.into_iter().skip(self.number.saturating_sub(1)).step_by(self.of).collect()
    }
}

impl FromStr for Shard {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((sum(number)?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err(Misread::new("I/N with I from 1 to N", text)),
        }
    }
}

/// A number, or a sum of two: for engines that count from 0 and compute nothing (`$(JOB_COMPLETION_INDEX)+1/16`).
fn sum(text: &str) -> Option<usize> {
    match text.split_once('+') {
        Some((one, other)) => one.parse::<usize>().ok()?.checked_add(other.parse().ok()?),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn lists_and_directories_become_their_images() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        for name in ["b/1-flat.vmdk", "b/1-S001.vmdk", "b/1-f012.VMDK"] {
            fs::write(root.join(name), b"x").unwrap();
        }
        for name in ["b/2.QCOW2", "b/1.img", "b/deep/3.raw", "b/note.txt", "b/1.img.undo.json"] {
            fs::write(root.join(name), b"x").unwrap();
        }
        symlink("1.img", root.join("b/link.img")).unwrap();
        symlink("..", root.join("b/deep/up")).unwrap();
        let list = |text: &[u8]| {
            fs::write(root.join("list"), text).unwrap();
            let word = PathBuf::from(format!("@{}", root.join("list").display()));
            expand(&[word, "z".into()], true)
        };
        assert_eq!(list(b"one\r\n\n two \n#3\n").unwrap(), paths(&["one", " two ", "#3", "z"]));
        assert_eq!(list(b"a\nb\0c\0").unwrap(), paths(&["a\nb", "c", "z"]));
        let found = list(root.join("b").as_os_str().as_bytes()).unwrap();
        let expected = ["b/1.img", "b/2.QCOW2", "b/deep/3.raw"].map(|name| root.join(name));
        assert_eq!(found[..3], expected);
        // A link that is named is meant.
        assert_eq!(expand(&[root.join("b/deep/up")], true).unwrap().len(), 3);
        fs::create_dir(root.join("empty")).unwrap();
        for (name, recursive, why) in [
            ("b", false, "add --recursive for all disk images in and below it"),
            ("empty", true, "expected names that end in .qcow2, "),
        ] {
            let words = [root.join(name)];
            assert_eq!(expand(&words, recursive).unwrap(), words);
            let error = no_directory(&words[0], recursive).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        no_directory(&root.join("list"), false).unwrap();
        let error = format!("{:#}", expand(&["@/nowhere".into()], true).unwrap_err());
        assert!(error.starts_with("@/nowhere: "), "{error}");
    }

    #[test]
    fn every_target_is_in_one_share() {
        let all: Vec<PathBuf> = (0..100).map(|number| number.to_string().into()).collect();
        for of in [1, 2, 3, 7, 100, 101] {
            let shares =
                (1..=of).map(|number| format!("{number}/{of}").parse::<Shard>().unwrap().of(all.clone()));
            let mut shared: Vec<PathBuf> = shares.flatten().collect();
            shared.sort_by_key(|path| path.to_string_lossy().parse::<u32>().unwrap());
            assert_eq!(shared, all);
        }
        assert_eq!("0+1/16".parse::<Shard>(), "1/16".parse());
        assert_eq!("15+1/16".parse::<Shard>(), "16/16".parse());
        for wrong in [
            "16+1/16",
            "1+/2",
            "+1/2",
            "1+1+1/4",
            "18446744073709551615+1/2",
            "0/2",
            "3/2",
            "1",
            "1/0",
            "-1/2",
            "a/b",
            "1/2/3",
        ] {
            assert!(wrong.parse::<Shard>().unwrap_err().to_string().ends_with(wrong));
        }
    }
}
