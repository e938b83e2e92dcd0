//! The file that is made: new, whole, or not there.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

use crate::disk::CLUSTER;
use crate::disk::Disk;
use crate::parts::Parts;
use crate::qcow2;

/// The form of an image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// QEMU's qcow2, version 3.
    Qcow2,
    /// The disk's bytes, with holes.
    Raw,
}

impl Form {
    /// The form that a file's name asks for.
    pub(crate) fn of(out: &Path) -> Result<Self> {
        let ending = out.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("qcow2") => Ok(Self::Qcow2),
            Some("raw" | "img") => Ok(Self::Raw),
            _ => anyhow::bail!("{}: expected a name that ends in .qcow2, .raw or .img", out.display()),
        }
    }
}

/// Writes the image.
pub(crate) fn write(disk: &Disk, form: Form, out: &Path) -> Result<()> {
    let parts = match form {
        Form::Qcow2 => qcow2::parts(disk)?,
        Form::Raw => raw(disk)?,
    };
    let name = || out.display().to_string();
    #[expect(clippy::disallowed_methods, reason = "the image that is made, a new file")]
    let file = fs::OpenOptions::new().write(true).create_new(true).open(out).with_context(name)?;
    fill(&file, &parts).with_context(name).inspect_err(|_| {
        let _ = fs::remove_file(out);
    })
}

fn fill(file: &fs::File, parts: &Parts<'_>) -> io::Result<()> {
    file.set_len(parts.len)?;
    for (at, bytes) in &parts.parts {
        #[expect(clippy::disallowed_methods, reason = "the image that is made, a new file")]
        file.write_all_at(bytes, *at)?;
    }
    file.sync_all()
}

/// The disk itself.
fn raw(disk: &Disk) -> Result<Parts<'_>> {
    use bcdrescue::storage::Storage;
    let mut parts = Vec::new();
    for number in disk.clusters().into_keys() {
        parts.push((number * CLUSTER, Cow::Owned(disk.cluster(number)?)));
    }
    Ok(Parts { len: disk.len(), parts })
}
