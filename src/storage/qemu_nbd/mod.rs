//! Images that this program cannot read by itself, through a `qemu-nbd` that it starts for them.
//!
//! QEMU never follows a name that stands in an image: [`nodes`] describes every file that belongs to it, after the same
//! rules by which this program opens the files that a qcow2 image names.

pub(crate) mod nodes;
pub(crate) mod starter;
pub(crate) mod vmdk;
pub(crate) mod watched;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use crate::error::way_out::HeldBy;
use crate::error::way_out::ImageCure;
use crate::error::way_out::KeyFile;
use crate::error::way_out::Moment;
use crate::error::way_out::WayOut;
use crate::storage::StorageError;
use crate::storage::nbd::Nbd;
use crate::storage::nbd::patient_unix;
use crate::storage::qemu_nbd::nodes::Image;
use crate::storage::qemu_nbd::starter::Request;
use crate::storage::qemu_nbd::starter::Starter;
use crate::storage::qemu_nbd::watched::Watched;

/// How long `qemu-nbd` may take until it listens: the key of a LUKS image alone takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(3);
/// How long it may take to end, once it has broken off.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the user gave leave to open beside the image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leave<'a> {
    /// Files outside the image's directory that it may name.
    pub(crate) allow_backing: &'a [PathBuf],
    /// The file with the passphrase of an encrypted image.
    pub(crate) key_file: Option<&'a Path>,
}

/// Opens the image at `path` through a `qemu-nbd` of its own, which ends with what is returned.
///
/// # Errors
/// [`StorageError::Unsupported`] when there is no `qemu-nbd` or it refuses the image, [`StorageError::Busy`] when somebody
/// else holds it.
pub(crate) fn serve(
    path: &Path,
    image: Image,
    key_file: Option<&Path>,
    starter: &Starter,
    is_read_only: bool,
) -> Result<Nbd, StorageError> {
    let request = Request {
        program: watched::find().ok_or_else(|| missing(&image.why).in_file(path))?,
        node: image.node,
        key_file: key_file.map(Path::to_path_buf),
        is_read_only,
    };
    let mut server = starter.start(request).map_err(|error| error.in_file(path))?;
    let wire = connect(&mut server).map_err(|error| error.in_file(path))?;
    match Nbd::on(wire, "", path.display().to_string()) {
        Ok(nbd) => Ok(nbd.kept_by(server)),
        // It listens before it looks at the image.
        Err(error) => match server.ends_within(FAREWELL) {
            Some(words) => Err(refused(&words).in_file(path)),
            None => Err(error),
        },
    }
}

fn connect(server: &mut Watched) -> Result<Box<dyn crate::storage::nbd::Wire>, StorageError> {
    let until = Instant::now().checked_add(PATIENCE);
    loop {
        if let Ok(stream) = std::os::unix::net::UnixStream::connect(server.socket()) {
            let stream = patient_unix(stream).map_err(|error| StorageError::io("qemu-nbd", error))?;
            return Ok(Box::new(stream));
        }
        if let Some(words) = server.ended() {
            return Err(refused(&words));
        }
        if until.is_none_or(|until| Instant::now() > until) {
            let what = format!("qemu-nbd did not listen within {} s", PATIENCE.as_secs());
            return Err(StorageError::unsupported(what, Moment::LessBusy));
        }
        std::thread::sleep(PAUSE);
    }
}

fn missing(why: &str) -> StorageError {
    StorageError::unsupported(
        format!("{why}, which needs qemu-nbd, and qemu-nbd is not installed"),
        ImageCure::InstallOrConvert,
    )
}

fn refused(words: &str) -> StorageError {
    if words.contains("Failed to get") && words.contains("lock") {
        let what = "in use by a running virtual machine or another program";
        return StorageError::busy(what, HeldBy::VirtualMachine);
    }
    let way_out: WayOut = if words.contains("Invalid password") {
        KeyFile::Wrong.into()
    } else if words.contains("UNIX socket path") {
        WayOut::ShortTemporaryFolder
    } else {
        ImageCure::CheckOrConvert.into()
    };
    let words = if words.is_empty() { "no error message" } else { words };
    StorageError::unsupported(format!("qemu-nbd cannot open it: {words}"), way_out)
}
