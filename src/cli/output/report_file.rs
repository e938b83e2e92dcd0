//! A file for a report, which may take the place of an earlier report and of nothing else.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use anyhow::bail;
use nix::fcntl::OFlag;

use crate::cli::text::exit::Usage;

/// A file that was opened to be written later.
pub struct ReportFile(File);

impl ReportFile {
    /// Opens the file that `switch` names, or makes it, for a report that begins like this.
    ///
    /// # Errors
    /// When it cannot be opened, is a link, a device or the like, or holds something else, which is left as it is.
    pub fn create(switch: &str, path: &Path, beginning: &str) -> anyhow::Result<Self> {
        let name = || format!("{switch} {}", path.display());
        if path.as_os_str() == "-" {
            let message = format!(
                "{switch} needs a file: standard output has the results (./- is a file of that name)"
            );
            return Err(Usage(message).into());
        }
        match Self::open(path, beginning.as_bytes()).with_context(name)? {
            Some(report) => Ok(report),
            None => bail!("{}: the file exists and is not a report; not overwritten", name()),
        }
    }

    /// Opens the file, or makes it; `None` when something is in it that does not begin like this.
    ///
    /// # Errors
    /// When it cannot be opened, or is a link, a device or the like.
    fn open(path: &Path, beginning: &[u8]) -> io::Result<Option<Self>> {
        let mut options = File::options();
        options.read(true).create(true).truncate(false);
        #[expect(clippy::disallowed_methods, reason = "a report that the user names; never a disk")]
        options.write(true);
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mut file = options.custom_flags(flags.bits()).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut found = Vec::new();
        let len = u64::try_from(beginning.len()).unwrap_or(0);
        Read::by_ref(&mut file).take(len).read_to_end(&mut found)?;
        let is_ours = found.is_empty() || found == beginning;
        Ok(is_ours.then_some(Self(file)))
    }

    /// The file, empty, for a report that grows.
    ///
    /// # Errors
    /// When it cannot be emptied.
    pub fn into_empty(mut self) -> io::Result<File> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        Ok(self.0)
    }

    /// Puts these bytes in the place of what is there; when that fails, nothing is there, for half a report may look like a whole one.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.write_all(bytes).inspect_err(|_| {
            let _ = self.0.set_len(0);
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_a_report_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |path: &Path, text: &[u8]| {
            ReportFile::open(path, b"<?xml")
                .map(|file| file.map(|mut file| file.replace(text).unwrap()).is_some())
        };
        for text in [b"<?xml first".as_slice(), b"<?xml"] {
            assert!(write(&at("report"), text).unwrap());
            assert_eq!(fs::read(at("report")).unwrap(), text);
        }
        fs::write(at("disk.img"), [0; 512]).unwrap();
        assert!(!write(&at("disk.img"), b"<?xml").unwrap());
        assert_eq!(fs::read(at("disk.img")).unwrap(), [0; 512]);
        symlink("report", at("link")).unwrap();
        for refused in [at("link"), "/dev/null".into(), folder.path().into(), at("no/such")] {
            assert!(write(&refused, b"<?xml").is_err(), "{}", refused.display());
        }
    }
}
