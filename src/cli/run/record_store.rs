//! Undo records: what goes into them, where they are kept, and under which names.

use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context as _;
use nix::sys::statfs::FsType;
use nix::sys::statfs::TMPFS_MAGIC;
use nix::sys::statfs::statfs;

use crate::cli::run::examine::Examined;
use crate::cli::text::disk_state::DiskState;
use crate::cli::text::words::is_dangerous;
use crate::repair::record::ENDING;
use crate::repair::record::RecordError;
use crate::storage::file::directory_of;
use crate::storage::nbd::url::NbdUrl;
use crate::storage::nbd::url::is_url;
use crate::storage::open::TargetKind;

/// File system type of ramfs, an initramfs's root (Linux, `linux/magic.h`).
const RAMFS_MAGIC: FsType = FsType(0x8584_58f6);

/// Bytes of the target's name that a record's name begins with.
const NAME_MAX: usize = 200;
/// Names that are tried when a record of the same second exists.
const ATTEMPTS: u32 = 100;

/// The time as RFC 3339, UTC, to the second.
#[must_use]
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The directory for the record of `target`: the one named, or beside an image, or the current one for a
/// device or an NBD export.
///
/// # Errors
/// When it is no directory.
pub fn directory(target: &Path, kind: TargetKind, named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let directory = match (named, kind) {
        (Some(named), _) => named.to_owned(),
        (None, TargetKind::Device | TargetKind::Nbd) => PathBuf::from("."),
        (None, _) => directory_of(target).into(),
    };
    let metadata = std::fs::metadata(&directory)
        .with_context(|| format!("directory for the undo record {}", directory.display()))?;
    anyhow::ensure!(
        metadata.is_dir(),
        "{} is not a directory: name one with --record-dir",
        directory.display()
    );
    Ok(directory)
}

/// A warning when the directory lives in memory, so that a reboot loses the record.
#[must_use]
pub fn memory_warning(directory: &Path) -> Option<String> {
    let kind: FsType = statfs(directory).ok()?.filesystem_type();
    (kind == TMPFS_MAGIC || kind == RAMFS_MAGIC).then(|| {
        format!(
            "{} is in memory: a reboot loses the undo record; choose permanent storage with --record-dir",
            directory.display()
        )
    })
}

/// The target's path as a record keeps it.
///
/// # Errors
/// When it is not UTF-8, or is gone.
pub fn path(examined: &Examined) -> anyhow::Result<PathBuf> {
    let path = match examined.kind {
        TargetKind::Nbd => examined.path.clone(),
        _ => std::fs::canonicalize(&examined.path).with_context(|| examined.path.display().to_string())?,
    };
    anyhow::ensure!(
        path.to_str().is_some(),
        "{}: the name is not UTF-8 and does not fit into an undo record; rename the file, or make a hard link",
        path.display()
    );
    Ok(path)
}

/// The names for the record of a repair of `created`, in the order in which they are tried: `win.qcow2.20260102T030405Z.undo.json`.
pub fn files(directory: &Path, target: &Path, created: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let (name, directory) = (name_for(target), directory.to_owned());
    let stamp: String = created.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let number = |attempt| if attempt == 0 { String::new() } else { format!("-{attempt}") };
    let file = move |attempt| format!("{name}.{stamp}{}{ENDING}", number(attempt));
    (0..ATTEMPTS).map(move |attempt| directory.join(file(attempt)))
}

/// Why there is no record; nothing was written to the disk.
#[must_use]
pub fn not_recorded(error: RecordError, directory: &Path) -> anyhow::Error {
    match error {
        RecordError::Io { cause, .. } if cause.kind() == ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{}: {ATTEMPTS} records of this second exist", directory.display())
        }
        RecordError::Io { .. } => anyhow::Error::new(error).context(DiskState::NoRecord),
        error => error.into(),
    }
}

/// The target's name as the beginning of a file name: without control characters, and short enough that the rest of
/// the record's name fits the 255 bytes that file systems allow.
fn name_for(target: &Path) -> String {
    let export = NbdUrl::parse(target).map(|url| url.export.replace('/', "_"));
    let name = match (is_url(target), export) {
        (true, Ok(export)) if !export.is_empty() => export,
        (true, _) => "nbd".into(),
        (false, _) => target.file_name().map_or("disk".into(), |name| name.to_string_lossy().into_owned()),
    };
    let mut short = String::new();
    for c in name.chars() {
        if short.len().saturating_add(c.len_utf8()) > NAME_MAX {
            break;
        }
        short.push(if is_dangerous(c) { '_' } else { c });
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_after_its_target() {
        for (target, name) in [
            ("/a/win.qcow2", "win.qcow2"),
            ("..", "disk"),
            ("a\nb", "a_b"),
            ("nbd://host:1/disk", "disk"),
            ("nbd://host/../../etc/x", ".._.._etc_x"),
            ("nbd+unix:///?socket=/run/s", "nbd"),
        ] {
            assert_eq!(name_for(Path::new(target)), name);
        }
    }
}
