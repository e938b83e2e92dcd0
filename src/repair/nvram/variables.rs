//! The firmware's variables as efivarfs shows them: a file for each, four bytes of attributes and the value.
//!
//! Linux, `Documentation/filesystems/efivarfs.rst`; a write sets the whole variable, and removing the file removes it. Of the
//! global variables those of the boot menu are not immutable (`fs/efivarfs/vars.c`). Names and attributes: UEFI
//! Specification, "Globally Defined Variables".

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use nix::sys::statfs::FsType;
use nix::sys::statfs::statfs;
use nix::unistd::AccessFlags;
use nix::unistd::access;

use crate::bytes;
use crate::repair::nvram::error::NvramError;

/// Where Linux shows the variables.
pub const EFIVARS: &str = "/sys/firmware/efi/efivars";
/// File system type of efivarfs (Linux, `linux/magic.h`).
const EFIVARFS_MAGIC: FsType = FsType(0xde5e_81e4);
/// Name of the variable that has the order.
pub(super) const ORDER: &str = "BootOrder";
/// Behind the name of each global variable (`EFI_GLOBAL_VARIABLE`).
const GLOBAL: &str = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Non-volatile, and there before and after the firmware has handed over.
const ATTRIBUTES: [u8; 4] = [7, 0, 0, 0];
/// Longest variable that is read, in bytes; firmware has no more for all of them together than a few times that.
const MAX: u64 = 64 << 10;

/// The variables of the boot menu.
pub(super) struct Variables<'a> {
    directory: &'a Path,
}

impl<'a> Variables<'a> {
    /// Those that `directory` shows, which can be changed.
    pub(super) fn open(directory: &'a Path) -> Result<Self, NvramError> {
        let none = |why, cure| NvramError::NoVariables { directory: directory.into(), why, cure };
        let reboot = "boot the rescue system in UEFI mode";
        if !directory.is_dir() {
            return Err(none("is not there", reboot));
        }
        let is_of_linux = directory == Path::new(EFIVARS);
        if is_of_linux && statfs(directory).is_ok_and(|it| it.filesystem_type() != EFIVARFS_MAGIC) {
            return Err(none("is not mounted", "`mount -t efivarfs efivarfs /sys/firmware/efi/efivars`"));
        }
        let may_write = access(directory, AccessFlags::R_OK | AccessFlags::W_OK);
        may_write.map_err(|cause| NvramError::io(directory, cause.into()))?;
        Ok(Self { directory })
    }

    /// The numbers of the entries, lowest first.
    pub(super) fn numbers(&self) -> Result<Vec<u16>, NvramError> {
        let failed = |cause| NvramError::io(self.directory, cause);
        let mut numbers = Vec::new();
        for file in fs::read_dir(self.directory).map_err(failed)? {
            numbers.extend(file.map_err(failed)?.file_name().to_str().and_then(number_of));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The value of an entry, where there is one; none of a file that holds no variable.
    pub(super) fn entry(&self, number: u16) -> Result<Option<Vec<u8>>, NvramError> {
        match self.read(&variable(number)) {
            Err(NvramError::Invalid { .. }) => Ok(Some(Vec::new())),
            read => read,
        }
    }

    /// The numbers in the order in which the firmware tries them; none where that is not set.
    pub(super) fn order(&self) -> Result<Vec<u16>, NvramError> {
        let value = self.read(ORDER)?.unwrap_or_default();
        match value.as_chunks::<2>() {
            (numbers, []) => Ok(numbers.iter().map(|number| u16::from_le_bytes(*number)).collect()),
            _ => {
                let (path, expected) = (self.path(ORDER), "numbers of two bytes");
                Err(NvramError::Invalid { path, expected, found: value.len() })
            }
        }
    }

    /// Makes an entry that is not there yet.
    pub(super) fn make_entry(&self, number: u16, value: &[u8]) -> Result<(), NvramError> {
        self.write(&variable(number), value, true)
    }

    /// Removes an entry.
    pub(super) fn remove_entry(&self, number: u16) -> Result<(), NvramError> {
        self.remove(&variable(number))
    }

    /// Sets the order; an empty one is none.
    pub(super) fn set_order(&self, order: &[u16]) -> Result<(), NvramError> {
        if order.is_empty() {
            return self.remove(ORDER);
        }
        let value: Vec<u8> = order.iter().copied().flat_map(u16::to_le_bytes).collect();
        let is_new = self.read(ORDER)?.is_none();
        self.write(ORDER, &value, is_new)?;
        match self.order()? == order {
            true => Ok(()),
            false => Err(NvramError::NotKept(ORDER.to_owned())),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, NvramError> {
        let path = self.path(name);
        let mut bytes = Vec::new();
        let file = match fs::File::open(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened,
        };
        let read = file.and_then(|file| file.take(MAX.saturating_add(1)).read_to_end(&mut bytes));
        read.map_err(|cause| NvramError::io(&path, cause))?;
        let found = bytes.len();
        let is_short = u64::try_from(found).is_ok_and(|found| found <= MAX);
        match bytes.get(ATTRIBUTES.len()..).filter(|_| is_short) {
            Some(value) => Ok(Some(value.to_vec())),
            None => {
                Err(NvramError::Invalid { path, expected: "attributes and a value, at most 64 KiB", found })
            }
        }
    }

    /// One call sets a variable, whole.
    #[expect(clippy::disallowed_methods, reason = "the firmware's variables, by --firmware-entry")]
    fn write(&self, name: &str, value: &[u8], is_new: bool) -> Result<(), NvramError> {
        let path = self.path(name);
        let bytes = [ATTRIBUTES.as_slice(), value].concat();
        let set = || {
            let mut file = fs::OpenOptions::new().write(true).create_new(is_new).open(&path)?;
            let written = file.write(&bytes)?;
            if written != bytes.len() {
                return Err(io::Error::new(io::ErrorKind::WriteZero, "written in part"));
            }
            // Where files only stand for variables, a longer one was there.
            match u64::try_from(bytes.len()) {
                Ok(len) if file.metadata()?.len() > len => file.set_len(len),
                _ => Ok(()),
            }
        };
        set().map_err(|cause| {
            // A variable that was not taken leaves an empty file.
            if is_new && cause.kind() != io::ErrorKind::AlreadyExists {
                let _ = fs::remove_file(&path);
            }
            NvramError::io(&path, cause)
        })
    }

    fn remove(&self, name: &str) -> Result<(), NvramError> {
        let path = self.path(name);
        fs::remove_file(&path).map_err(|cause| NvramError::io(&path, cause))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}{GLOBAL}"))
    }
}

/// Name of the variable of an entry.
pub(super) fn variable(number: u16) -> String {
    format!("Boot{number:04X}")
}

/// The number of the entry that a file has.
fn number_of(file: &str) -> Option<u16> {
    let digits = file.strip_suffix(GLOBAL)?.strip_prefix("Boot")?;
    let bytes = bytes::from_hex(digits).filter(|bytes| bytes.len() == 2)?;
    bytes::array(&bytes, 0).map(u16::from_be_bytes)
}
