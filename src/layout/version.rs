//! Product and build of an installed Windows: by its SOFTWARE hive, or else by the version of its programs.
//!
//! The hive is asked first, for only it knows the edition and the release ("Pro", "22H2"): about a dozen pages on the way
//! to one key. It may be dirty or years old; what it says of the product is still right.

use std::cell::Cell;

use crate::bytes::le_u32;
use crate::bytes::utf16le_until_nul;
use crate::hive::REG_DWORD;
use crate::hive::REG_SZ;
use crate::hive::ReadError;
use crate::hive::sparse::SparseHive;
use crate::layout::current_version::CurrentVersion;
use crate::layout::file_version;
use crate::layout::known::Cause;
use crate::layout::product;
use crate::layout::product::Kind;
use crate::volume::Volume;

/// Path below the system root, and what it is called where the source is told.
const HIVE: &str = r"System32\config\SOFTWARE";
/// The programs that carry the version of Windows, with those that start it first.
const PROGRAMS: [&str; 3] = ["winload.exe", "winload.efi", "ntoskrnl.exe"];
/// Where a Windows says what it is.
const KEY: [&str; 3] = ["Microsoft", "Windows NT", "CurrentVersion"];
/// Reads and bytes of a hive, at most; real ones take about a dozen pages.
const READS_MAX: u32 = 48;
const BYTES_MAX: usize = 256 << 10;

/// What a Windows is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowsVersion {
    /// "Windows 10 Pro 22H2".
    pub product: String,
    /// "19045.3803".
    pub build: Option<String>,
    /// The file that said so: `SOFTWARE`, `winload.exe`.
    pub source: &'static str,
    /// The build by itself: 19045.
    pub build_number: Option<u32>,
    /// Whether it is a Windows Server, where that is said.
    pub kind: Option<Kind>,
}

impl std::fmt::Display for WindowsVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.build {
            Some(build) => write!(f, "{} ({build})", self.product),
            None => f.write_str(&self.product),
        }
    }
}

/// What the Windows under `root` is.
///
/// # Errors
/// Why neither the hive nor a program says so.
pub fn read(volume: &Volume<'_>, root: &str) -> Result<WindowsVersion, Cause> {
    let mut reasons = match by_hive(volume, root) {
        Ok(version) => return Ok(version),
        Err(reason) => vec![("SOFTWARE", reason)],
    };
    for program in PROGRAMS {
        match by_program(volume, root, program) {
            Ok(Some(version)) => return Ok(version),
            Ok(None) => {}
            Err(reason) => reasons.push((program, reason)),
        }
    }
    Err(Cause::Each(reasons))
}

/// A hive in which the way to the key is longer than in any of Windows.
#[derive(Debug, thiserror::Error)]
#[error("its key needs more reading than a real one")]
struct TooMuchReading;

fn by_hive(volume: &Volume<'_>, root: &str) -> Result<WindowsVersion, Cause> {
    let file = volume.open_file(&format!(r"{root}\{HIVE}"))?.ok_or(Cause::NotThere)?;
    let left = Cell::new((READS_MAX, BYTES_MAX));
    let read = |at, len: usize| {
        let (reads, bytes) = left.get();
        let spent = reads.checked_sub(1).zip(bytes.checked_sub(len));
        left.set(spent.ok_or_else(|| ReadError::reader(TooMuchReading))?);
        file.read_at(at, len).map_err(ReadError::reader)
    };
    let values = values(&read, file.len())?;
    let values = values.ok_or_else(|| Cause::NoKey(KEY.join(r"\")))?;
    let product = values.name().ok_or(Cause::NoProduct)?;
    let (build, build_number, kind) = (values.build(), values.number(), values.kind());
    Ok(WindowsVersion { product, build, source: "SOFTWARE", build_number, kind })
}

/// A value that is missing or damaged is as good as none: the others still tell something.
fn values(
    read: &crate::hive::sparse::ReadAt<'_>,
    len: u64,
) -> Result<Option<CurrentVersion>, crate::hive::HiveError> {
    let hive = SparseHive::open(read, len)?;
    let Some(key) = hive.key(&KEY)? else { return Ok(None) };
    let value = |name: &str, data_type: u32| {
        let value = hive.value(&key, name).ok().flatten()?;
        (value.data_type == data_type).then_some(value.data)
    };
    let text = |name: &str| value(name, REG_SZ).map(|data| utf16le_until_nul(&data));
    Ok(Some(CurrentVersion {
        product_name: text("ProductName"),
        build_number: text("CurrentBuildNumber"),
        update_revision: value("UBR", REG_DWORD).and_then(|data| le_u32(&data, 0)),
        display_version: text("DisplayVersion"),
        release_id: text("ReleaseId"),
        installation_type: text("InstallationType"),
        service_pack: text("CSDVersion"),
    }))
}

fn by_program(
    volume: &Volume<'_>,
    root: &str,
    program: &'static str,
) -> Result<Option<WindowsVersion>, Cause> {
    let Some(file) = volume.open_file(&format!(r"{root}\System32\{program}"))? else { return Ok(None) };
    let version = file_version::read(file.len(), &|at, len| file.read_at(at, len).ok())?;
    Ok(Some(WindowsVersion {
        product: product::name(version, None),
        build: Some(format!("{}.{}", version.build, version.revision)),
        source: program,
        build_number: Some(u32::from(version.build)),
        kind: None,
    }))
}
