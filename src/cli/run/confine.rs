//! What the program needs no more it gives up, before it looks at the first byte that may be hostile: the right to start
//! programs, and the right to change files other than its own. One thread that reads none keeps the first: it starts `qemu-nbd`.
//!
//! By Landlock (Linux 5.13), which needs no privilege and holds for the whole process from then on. A kernel without it
//! confines nothing; the program then still does no more than it says.

use std::fs::DirEntry;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use landlock::ABI;
use landlock::AccessFs;
use landlock::BitFlags;
use landlock::PathBeneath;
use landlock::PathFd;
use landlock::Ruleset;
use landlock::RulesetAttr;
use landlock::RulesetCreated;
use landlock::RulesetCreatedAttr;
use landlock::RulesetError;

use crate::storage::file::directory_of;
use crate::storage::qemu_nbd::starter::Starter;

/// Extents of one image.
const PARTS_MAX: usize = 512;

/// Gives up every change of a file system.
pub fn to_reading() {
    confine(&[], &[], None);
}

/// Gives up every change of a file system but to devices, and where the record is made: the one disk is yet to be found.
pub fn to_attached_disks(record: Option<&Path>) {
    confine(&["/dev".into(), record.unwrap_or(Path::new(".")).into()], &["/dev".into()], None);
}

/// Gives up every change of a file system but those of a repair: to the device or image `target`, to the directory
/// where its record is made (or to the record), to `others`, to the variables of the firmware in `nvram`, and, for an image, to what
/// lies beside it: its data file.
pub fn to_repair(target: &Path, record: Option<&Path>, others: &[PathBuf], nvram: Option<&Path>) {
    let mut places = vec![target.to_path_buf()];
    if target.is_file() {
        let real = target.canonicalize().unwrap_or_default();
        places.extend([target, &real].map(|path| directory_of(path).into()));
    } else if record.is_none() {
        places.push(".".into());
    }
    places.extend(record.map(Path::to_path_buf));
    places.extend(others.iter().cloned());
    let mut served = vec![target.to_path_buf()];
    served.extend(parts_of(target));
    served.extend(others.iter().cloned());
    confine(&places, &served, nvram);
}

/// The files beside an image whose names begin as its own does, as those of the extents of a vmdk do: for QEMU, which is
/// given single files, and no directory.
fn parts_of(image: &Path) -> Vec<PathBuf> {
    let Ok(real) = image.canonicalize() else { return Vec::new() };
    let stem = real.file_stem().unwrap_or_default().as_encoded_bytes().to_vec();
    let entries = std::fs::read_dir(directory_of(&real)).into_iter().flatten().flatten();
    let is_part = |entry: &DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_file())
            && entry.file_name().as_encoded_bytes().starts_with(&stem)
    };
    entries.filter(is_part).take(PARTS_MAX).map(|entry| entry.path()).collect()
}

/// Gives up every change of a file system but new files beside `path`.
pub fn to_new_file(path: &Path) {
    confine(&[directory_of(path).into()], &[], None);
}

/// Who starts programs for this process, whatever the others have given up.
#[must_use]
pub fn starter() -> Starter {
    STARTER.get().cloned().unwrap_or_default()
}

static STARTER: OnceLock<Starter> = OnceLock::new();

/// `served` are those of the places where QEMU may write, which parses what is hostile too.
fn confine(places: &[PathBuf], served: &[PathBuf], nvram: Option<&Path>) {
    STARTER.get_or_init(|| {
        let places = served.to_vec();
        // It reads no byte of a disk. What it starts may write to the image, and has its socket besides.
        Starter::in_own_thread(move || {
            let _ = starters_ruleset(&places, &std::env::temp_dir()).and_then(RulesetCreated::restrict_self);
        })
    });
    // Best effort is what it is for: where the kernel refuses, nothing is lost but the second lock on the door.
    let _ = ruleset(places, nvram).and_then(RulesetCreated::restrict_self);
}

fn ruleset(places: &[PathBuf], nvram: Option<&Path>) -> Result<RulesetCreated, RulesetError> {
    let given_up = AccessFs::from_write(ABI::V3) | AccessFs::Execute;
    let mut rules = Ruleset::default().handle_access(given_up)?.create()?;
    for place in places {
        let Ok(opened) = PathFd::new(place) else { continue };
        rules = rules.add_rule(PathBeneath::new(opened, needed(place)))?;
    }
    // A variable gets shorter, too.
    if let Some((place, opened)) = nvram.and_then(|place| Some((place, PathFd::new(place).ok()?))) {
        rules = rules.add_rule(PathBeneath::new(opened, needed(place) | AccessFs::Truncate))?;
    }
    Ok(rules)
}

/// What the starter gives up, and with it the programs that it starts; their sockets have folders in `temporary`.
fn starters_ruleset(places: &[PathBuf], temporary: &Path) -> Result<RulesetCreated, RulesetError> {
    let mut rules = Ruleset::default().handle_access(AccessFs::from_write(ABI::V3))?.create()?;
    // Without leave to write to /dev/null QEMU finds no locks, says nothing, and locks nothing.
    for place in places.iter().map(PathBuf::as_path).chain([Path::new("/dev/null")]) {
        let Ok(opened) = PathFd::new(place) else { continue };
        rules = rules.add_rule(PathBeneath::new(opened, AccessFs::WriteFile))?;
    }
    let folder = AccessFs::MakeDir | AccessFs::RemoveDir | AccessFs::MakeSock | AccessFs::RemoveFile;
    match PathFd::new(temporary) {
        Ok(opened) => rules.add_rule(PathBeneath::new(opened, folder)),
        Err(_) => Ok(rules),
    }
}

/// In a directory a record is made: a part, its name, and its removal when that fails.
fn needed(place: &Path) -> BitFlags<AccessFs> {
    match place.is_dir() {
        true => AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile,
        false => AccessFs::WriteFile.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::process::Command;

    use landlock::RulesetStatus;

    use super::*;

    /// Whether this kernel can confine at all.
    fn is_supported() -> bool {
        let status = std::thread::spawn(|| ruleset(&[], None).unwrap().restrict_self().unwrap().ruleset);
        status.join().unwrap() != RulesetStatus::NotEnforced
    }

    /// QEMU parses what is hostile too.
    #[test]
    fn what_is_started_may_write_where_the_repair_may_and_nowhere_else() {
        if !is_supported() {
            eprintln!("NOT RUN: confinement of what is started: this kernel has no Landlock");
            return;
        }
        let [folder, temporary] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [disk, other] = ["disk", "other"].map(|name| folder.path().join(name));
        fs::write(&disk, b"disk").unwrap();
        fs::write(&other, b"other").unwrap();
        let places = [disk.clone()];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                starters_ruleset(&places, temporary.path()).unwrap().restrict_self().unwrap();
                let sh = |command: &str| {
                    let line = format!("printf x {command}");
                    Command::new("/bin/sh")
                        .args(["-c", &line])
                        .current_dir(&folder)
                        .status()
                        .unwrap()
                        .success()
                };
                assert!(sh("1<>disk") && sh(">/dev/null"));
                assert!(!sh("1<>other") && !sh(">new") && !sh("&& rm other") && !sh("&& mkdir new"));
                // Its socket has a folder of its own.
                assert!(sh(&format!("&& rmdir $(mktemp -d -p {})", temporary.path().display())));
            });
        });
        assert_eq!(
            (fs::read(&disk).unwrap(), fs::read(&other).unwrap()),
            (b"xisk".to_vec(), b"other".to_vec())
        );
    }

    #[test]
    fn what_was_given_up_is_gone() {
        if !is_supported() {
            eprintln!("NOT RUN: confinement: this kernel has no Landlock");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let [mine, other, records] = ["mine", "other", "records"].map(|name| folder.path().join(name));
        fs::create_dir(&mine).unwrap();
        fs::create_dir(&records).unwrap();
        fs::write(&other, b"bytes").unwrap();
        let file = mine.join("disk");
        fs::write(&file, b"disk").unwrap();
        let denied = |result: std::io::Result<()>| {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::PermissionDenied);
        };
        std::thread::scope(|scope| {
            // Of the process only the thread that asks is confined, and what it starts.
            scope.spawn(|| {
                to_reading();
                denied(fs::write(&other, b"changed"));
                denied(fs::write(folder.path().join("new"), b""));
                denied(fs::remove_file(&other));
                denied(fs::create_dir(folder.path().join("new")));
                denied(Command::new("/bin/true").status().map(drop));
                assert_eq!(fs::read(&other).unwrap(), b"bytes");
            });
            scope.spawn(|| {
                to_new_file(&mine.join("new"));
                denied(fs::write(&other, b"changed"));
                fs::write(mine.join("new"), b"record").unwrap();
                fs::rename(mine.join("new"), mine.join("named")).unwrap();
                fs::remove_file(mine.join("named")).unwrap();
            });
            scope.spawn(|| {
                // A record elsewhere, and a file that is named with leave.
                to_repair(&file, Some(&records), std::slice::from_ref(&other), None);
                for path in [&file, &mine.join("data"), &records.join("record"), &other] {
                    fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
                }
                // Nothing is ever cut.
                denied(fs::write(&file, b""));
                denied(fs::write(folder.path().join("new"), b""));
                denied(Command::new("/bin/true").status().map(drop));
            });
        });
    }
}
