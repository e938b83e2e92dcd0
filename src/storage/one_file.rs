//! Whether an image is one file, so that what is read of it changes with that file alone.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::bytes::be_u32;
use crate::bytes::be_u64;
use crate::storage::format::Format;
use crate::storage::open::TargetKind;

/// Fields of a qcow2 header (QEMU, `docs/interop/qcow2.txt`): version, place of the backing file's name, incompatible features.
const VERSION: usize = 4;
const BACKING: usize = 8;
const INCOMPATIBLE: usize = 72;
/// The data are in a file of their own.
const EXTERNAL_DATA: u64 = 1 << 2;

/// Whether this target, which was opened as `kind`, is one file: a raw image, or a qcow2 one without backing and data files. What cannot
/// be read is not.
#[must_use]
pub fn is_one_file(path: &Path, kind: TargetKind) -> bool {
    match kind {
        TargetKind::Image(Format::Raw) => true,
        TargetKind::Image(Format::Qcow2) => is_qcow2_alone(path).unwrap_or(false),
        TargetKind::Image(_) | TargetKind::Device | TargetKind::Nbd => false,
    }
}

fn is_qcow2_alone(path: &Path) -> Option<bool> {
    let mut head = [0; 104];
    File::open(path).ok()?.read_exact_at(&mut head, 0).ok()?;
    let has_features = be_u32(&head, VERSION)? >= 3;
    let is_external = has_features && be_u64(&head, INCOMPATIBLE)? & EXTERNAL_DATA != 0;
    Some(be_u64(&head, BACKING)? == 0 && !is_external)
}
