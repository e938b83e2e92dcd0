//! The header of a qcow2 image, versions 2 and 3, parsed from its first bytes.
//!
//! Source: QEMU `docs/interop/qcow2.rst`. All integers are big-endian. The parser says what stands there; what may be
//! read and what may be written is decided in [`super::features`], before anything
//! is opened for writing.

use crate::bytes;
use crate::error::way_out::ImageCure;
use crate::storage::StorageError;

/// The first four bytes of a qcow2 image (and of the older qcow).
pub const MAGIC: [u8; 4] = *b"QFI\xfb";
/// Bytes of a file that hold every header field this program reads; extensions may lie behind, inside cluster 0.
pub const FIXED_LEN: usize = 104;

/// Largest virtual size accepted, 64 PiB: no Windows disk is larger, and all sums below stay far from overflow.
const MAX_SIZE: u64 = 1 << 56;
/// QEMU's limits: 32 MiB of L1 table, 8 MiB of refcount table, 65,536 snapshots, 1,023 bytes of backing file name.
const MAX_L1_BYTES: u64 = 32 << 20;
const MAX_REFCOUNT_TABLE_BYTES: u64 = 8 << 20;
const MAX_SNAPSHOTS: u32 = 65_536;
const MAX_BACKING_NAME: u32 = 1023;

/// Autoclear feature bits.
const BITMAPS: u64 = 1;

/// Header extension types.
const EXTENSION_END: u32 = 0;
const EXTENSION_BACKING_FORMAT: u32 = 0xE279_2ACA;
const EXTENSION_BITMAPS: u32 = 0x2385_2875;
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;

/// What a qcow2 header says. Offsets and sizes are in bytes of the image file unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// 2 or 3.
    pub version: u32,
    /// Base-2 logarithm of the cluster size, 9 to 21.
    pub cluster_bits: u32,
    /// Length of the disk inside.
    pub size: u64,
    /// 0 for none, 1 for AES, 2 for LUKS.
    pub crypt_method: u32,
    /// Entries of the L1 table.
    pub l1_entries: u32,
    /// Where the L1 table begins.
    pub l1_offset: u64,
    /// Where the refcount table begins.
    pub refcount_table_offset: u64,
    /// Clusters of the refcount table.
    pub refcount_table_clusters: u32,
    /// Internal snapshots.
    pub snapshots: u32,
    /// Where the snapshot table begins.
    pub snapshots_offset: u64,
    /// Features that a reader must know.
    pub incompatible: u64,
    /// Features that are invalid once a program without them has written.
    pub autoclear: u64,
    /// Base-2 logarithm of the bits of a reference count, 0 to 6.
    pub refcount_order: u32,
    /// 0 for deflate, 1 for zstd.
    pub compression: u8,
    /// The name of the backing file as written.
    pub backing: Option<String>,
    /// The format of the backing file as written.
    pub backing_format: Option<String>,
    /// The name of the external data file as written, where there is one.
    pub data_file: Option<String>,
    /// Whether there are persistent bitmaps.
    pub bitmaps: bool,
}

impl Header {
    /// The header in `head`, the first bytes of an image file of `file_len` bytes. Extensions and the backing file
    /// name may fill the whole first cluster; when `head` ends before they do, that is an error too, and the caller
    /// comes again with more.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a field that no sound image has, [`StorageError::Unsupported`] for a version
    /// other than 2 and 3.
    pub fn parse(head: &[u8], file_len: u64) -> Result<Self, StorageError> {
        let version = field32(head, 4, "version")?;
        if version != 2 && version != 3 {
            let what = format!("unknown qcow2 version {version}");
            return Err(StorageError::unsupported(what, ImageCure::Convert));
        }
        let v3 = version == 3;
        let header_length = if v3 { field32(head, 100, "header_length")? } else { 72 };
        if v3 && (header_length < 104 || header_length % 8 != 0) {
            return Err(corrupt("header_length", 100, "104 or more, a multiple of 8", header_length));
        }
        let compression = if v3 && header_length > 104 { head.get(104).copied().unwrap_or(0) } else { 0 };
        let mut header = Self {
            version,
            cluster_bits: field32(head, 20, "cluster_bits")?,
            size: field64(head, 24, "size")?,
            crypt_method: field32(head, 32, "crypt_method")?,
            l1_entries: field32(head, 36, "l1_size")?,
            l1_offset: field64(head, 40, "l1_table_offset")?,
            refcount_table_offset: field64(head, 48, "refcount_table_offset")?,
            refcount_table_clusters: field32(head, 56, "refcount_table_clusters")?,
            snapshots: field32(head, 60, "nb_snapshots")?,
            snapshots_offset: field64(head, 64, "snapshots_offset")?,
            incompatible: if v3 { field64(head, 72, "incompatible_features")? } else { 0 },
            autoclear: if v3 { field64(head, 88, "autoclear_features")? } else { 0 },
            refcount_order: if v3 { field32(head, 96, "refcount_order")? } else { 4 },
            compression,
            backing: None,
            backing_format: None,
            data_file: None,
            bitmaps: false,
        };
        header.check_fields(file_len)?;
        let cluster = usize::try_from(header.cluster_size()).unwrap_or(usize::MAX);
        let head = head.get(..cluster).unwrap_or(head);
        let name_at = header.read_backing_name(head)?;
        header.read_extensions(head, header_length, name_at, file_len)?;
        Ok(header)
    }

    /// Bytes of a cluster.
    #[must_use]
    pub fn cluster_size(&self) -> u64 {
        1u64.checked_shl(self.cluster_bits).unwrap_or(u64::MAX)
    }

    fn check_fields(&self, file_len: u64) -> Result<(), StorageError> {
        if !(9..=21).contains(&self.cluster_bits) {
            return Err(corrupt("cluster_bits", 20, "9 to 21", self.cluster_bits));
        }
        if self.size > MAX_SIZE {
            return Err(corrupt("size", 24, "at most 64 PiB", format!("0x{:x}", self.size)));
        }
        if self.refcount_order > 6 {
            return Err(corrupt("refcount_order", 96, "0 to 6", self.refcount_order));
        }
        let l1_bytes = u64::from(self.l1_entries).saturating_mul(8);
        if l1_bytes > MAX_L1_BYTES {
            return Err(corrupt("l1_size", 36, "at most 4194304 entries", self.l1_entries));
        }
        // One L1 entry leads to one cluster of 8-byte L2 entries, each of which maps one cluster.
        let covered = self.cluster_bits.saturating_mul(2).saturating_sub(3);
        let needed = self.size.div_ceil(1u64.checked_shl(covered).unwrap_or(u64::MAX));
        if u64::from(self.l1_entries) < needed {
            return Err(corrupt("l1_size", 36, format!("{needed} entries or more"), self.l1_entries));
        }
        let refcount_bytes = u64::from(self.refcount_table_clusters).saturating_mul(self.cluster_size());
        if refcount_bytes > MAX_REFCOUNT_TABLE_BYTES {
            let found = self.refcount_table_clusters;
            return Err(corrupt("refcount_table_clusters", 56, "at most 8 MiB of clusters", found));
        }
        if self.snapshots > MAX_SNAPSHOTS {
            return Err(corrupt("nb_snapshots", 60, "at most 65536", self.snapshots));
        }
        self.check_table("l1_table_offset", 40, self.l1_offset, l1_bytes, file_len)?;
        let refcounts = self.refcount_table_offset;
        self.check_table("refcount_table_offset", 48, refcounts, refcount_bytes, file_len)?;
        let snapshots = u64::from(self.snapshots).saturating_mul(40);
        self.check_table("snapshots_offset", 64, self.snapshots_offset, snapshots, file_len)
    }

    /// A table of `len` bytes has to begin at a cluster behind the header and to end inside the file.
    fn check_table(
        &self,
        what: &str,
        at: u64,
        offset: u64,
        len: u64,
        file_len: u64,
    ) -> Result<(), StorageError> {
        if len == 0 {
            return Ok(());
        }
        let end = offset.checked_add(len).filter(|end| *end <= file_len);
        if offset == 0 || !offset.is_multiple_of(self.cluster_size()) || end.is_none() {
            let expected =
                format!("a cluster of the file (0x{file_len:x} bytes) with 0x{len:x} bytes after it");
            return Err(corrupt(what, at, expected, format!("0x{offset:x}")));
        }
        Ok(())
    }

    /// Reads the name of the backing file and returns where it begins.
    fn read_backing_name(&mut self, head: &[u8]) -> Result<Option<usize>, StorageError> {
        let at = field64(head, 8, "backing_file_offset")?;
        let len = field32(head, 16, "backing_file_size")?;
        if at == 0 {
            return Ok(None);
        }
        if len > MAX_BACKING_NAME {
            return Err(corrupt("backing_file_size", 16, "at most 1023", len));
        }
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let name =
            bytes::slice(head, start, usize::try_from(len).unwrap_or(usize::MAX)).ok_or_else(|| {
                corrupt("backing_file_offset", 8, "a name inside the first cluster", format!("0x{at:x}"))
            })?;
        if !name.is_empty() {
            self.backing = Some(text(name, "backing file name", at)?);
        }
        Ok(Some(start))
    }

    /// Reads the extensions, which stand between the header and the backing file name (or the end of the cluster).
    fn read_extensions(
        &mut self,
        head: &[u8],
        start: u32,
        name_at: Option<usize>,
        file_len: u64,
    ) -> Result<(), StorageError> {
        let area = head.get(..name_at.unwrap_or(head.len())).unwrap_or(head);
        let mut at = usize::try_from(start).unwrap_or(usize::MAX);
        let mut ended = false;
        while let (Some(kind), Some(len)) =
            (bytes::be_u32(area, at), bytes::be_u32(area, at.saturating_add(4)))
        {
            if kind == EXTENSION_END {
                ended = true;
                break;
            }
            let data_at = at.saturating_add(8);
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let place = u64::try_from(at).unwrap_or(u64::MAX);
            let data = bytes::slice(area, data_at, len).ok_or_else(|| {
                corrupt(
                    "header extension",
                    place,
                    "data inside the first cluster",
                    format!("0x{len:x} bytes"),
                )
            })?;
            match kind {
                EXTENSION_BACKING_FORMAT => self.backing_format = Some(text(data, "backing format", place)?),
                EXTENSION_DATA_FILE => self.data_file = Some(text(data, "data file name", place)?),
                // Without its autoclear bit the extension is a leftover that every reader has to ignore.
                EXTENSION_BITMAPS => self.bitmaps = self.autoclear & BITMAPS != 0,
                _ => {}
            }
            at = data_at.saturating_add(len.checked_next_multiple_of(8).unwrap_or(usize::MAX));
        }
        let whole = self.cluster_size().min(file_len);
        if !ended && name_at.is_none() && u64::try_from(head.len()).is_ok_and(|len| len < whole) {
            let place = u64::try_from(at).unwrap_or(u64::MAX);
            return Err(corrupt(
                "header extension",
                place,
                "an end within the header extensions read",
                "none",
            ));
        }
        Ok(())
    }
}

fn text(name: &[u8], what: &str, at: u64) -> Result<String, StorageError> {
    match std::str::from_utf8(name) {
        Ok(name) if !name.contains('\0') => Ok(name.into()),
        _ => Err(StorageError::corrupt(
            format!("qcow2 {what}"),
            at,
            "UTF-8 text without NUL",
            bytes::hex(name.get(..16).unwrap_or(name)),
        )),
    }
}

fn field32(head: &[u8], at: usize, what: &str) -> Result<u32, StorageError> {
    bytes::be_u32(head, at).ok_or_else(|| cut(head, at, what))
}

fn field64(head: &[u8], at: usize, what: &str) -> Result<u64, StorageError> {
    bytes::be_u64(head, at).ok_or_else(|| cut(head, at, what))
}

fn cut(head: &[u8], at: usize, what: &str) -> StorageError {
    let at = u64::try_from(at).unwrap_or(u64::MAX);
    corrupt(what, at, "the whole field", format!("the end of the file at 0x{:x}", head.len()))
}

fn corrupt(what: &str, at: u64, expected: impl Into<String>, found: impl std::fmt::Display) -> StorageError {
    StorageError::corrupt(format!("qcow2 {what}"), at, expected, found)
}
