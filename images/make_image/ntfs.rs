//! An NTFS volume of which files are taken away: entry of the directory, FILE record, clusters.
//!
//! For the volumes of the bases, which other programs than Windows made: no attribute lists, no second names, names in leaves.
//!
//! Source: the NTFS documentation of the Linux-NTFS project, "FILE Record", "$INDEX_ROOT", "$INDEX_ALLOCATION", "Fixups", "Data Runs",
//! "$Bitmap".

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::bytes::le_u16;
use bcdrescue::bytes::le_u32;
use bcdrescue::bytes::le_u64;
use bcdrescue::partition::Partition;
use bcdrescue::storage::Storage;

use crate::disk::Disk;
use crate::field::put;
use crate::ntfs_record::BITMAP;
use crate::ntfs_record::DATA;
use crate::ntfs_record::INDEX_ALLOCATION;
use crate::ntfs_record::INDEX_ROOT;
use crate::ntfs_record::Record;
use crate::ntfs_record::Run;

/// FILE records of the volume's own files.
const MFT: u64 = 0;
const ROOT: u64 = 5;
const BITMAP_FILE: u64 = 6;
/// The first record of a file of the root that is not the volume's own.
const FIRST_USER: u64 = 24;
/// Where the index header lies in the value of an index root, and in an index block.
const ROOT_HEADER: usize = 0x10;
const BLOCK_HEADER: usize = 0x18;
/// The number of a FILE record in a reference to it.
const NUMBER: u64 = (1 << 48) - 1;
/// Flags of an entry: it has a block below it; it is the last one.
const HAS_BELOW: u16 = 1;
const IS_LAST: u16 = 2;
/// In an entry: its length, its flags, and of the name in it the length and the text.
const ENTRY_LEN: usize = 8;
const ENTRY_FLAGS: usize = 0xc;
const NAME_LEN: usize = 0x50;
const NAME: usize = 0x52;

/// A volume.
pub(crate) struct Ntfs<'a> {
    disk: &'a mut Disk,
    start: u64,
    cluster_len: u64,
    record_len: usize,
    mft: Vec<Run>,
}

/// A file in a directory.
struct Entry {
    number: u64,
    name: String,
}

impl<'a> Ntfs<'a> {
    /// The volume in this partition.
    pub(crate) fn open(disk: &'a mut Disk, partition: &Partition) -> Result<Self> {
        let head = disk.read_vec(partition.start, 512)?;
        let byte = |at: usize| head.get(at).copied().context("a boot sector that is cut short");
        let sector = u64::from(le_u16(&head, 0x0b).context("no sector size")?);
        let cluster_len = sector * u64::from(byte(0x0d)?);
        let record_len = match i8::from_le_bytes([byte(0x40)?]) {
            clusters if clusters > 0 => cluster_len * u64::try_from(clusters)?,
            bits => 1u64.checked_shl(bits.unsigned_abs().into()).context("no FILE records")?,
        };
        let first = le_u64(&head, 0x30).context("no $MFT")?;
        let mut volume = Self {
            disk,
            start: partition.start,
            cluster_len,
            record_len: usize::try_from(record_len)?,
            // As much as is needed to read where the whole of it is.
            mft: vec![Run { first, count: record_len.div_ceil(cluster_len) }],
        };
        volume.mft = volume.record(MFT)?.attribute(DATA)?.context("$MFT without data")?.runs()?;
        Ok(volume)
    }

    /// Takes away every file of the root and all that is below it.
    pub(crate) fn empty(&mut self) -> Result<()> {
        self.remove_where(ROOT, |entry| entry.number >= FIRST_USER)
    }

    /// Takes away files of a directory, and what is below them: those of these names; `folder` is empty for the root.
    pub(crate) fn remove(&mut self, folder: &str, is_one: impl Fn(&str) -> bool) -> Result<()> {
        let mut directory = ROOT;
        for name in folder.split('\\').filter(|name| !name.is_empty()) {
            let mut entries = self.entries(directory)?.into_iter();
            let found = entries.find(|entry| entry.name.eq_ignore_ascii_case(name));
            directory = found.with_context(|| format!("there is no {name}"))?.number;
        }
        self.remove_where(directory, |entry| is_one(&entry.name))
    }

    fn remove_where(&mut self, directory: u64, is_one: impl Fn(&Entry) -> bool) -> Result<()> {
        let found: Vec<Entry> = self.entries(directory)?.into_iter().filter(is_one).collect();
        ensure!(!found.is_empty(), "there is nothing to be removed");
        for entry in found {
            self.take_out(directory, entry.number)?;
            self.release(entry.number)?;
        }
        Ok(())
    }

    /// Marks a FILE record and its clusters as free, and those of all that is below it.
    fn release(&mut self, number: u64) -> Result<()> {
        let mut record = self.record(number)?;
        if record.is_directory() {
            for entry in self.entries(number)? {
                self.release(entry.number)?;
            }
        }
        for run in record.all_runs()? {
            (run.first..run.first + run.count)
                .try_for_each(|cluster| self.clear(BITMAP_FILE, DATA, cluster))?;
        }
        record.mark_free()?;
        self.write_record(number, record)?;
        self.clear(MFT, BITMAP, number)
    }

    /// Clears a bit of a bitmap that is not in its record.
    fn clear(&mut self, file: u64, kind: u32, bit: u64) -> Result<()> {
        let runs = self.record(file)?.attribute(kind)?.context("no bitmap")?.runs()?;
        let at = self.place(&runs, bit / 8)?;
        let byte = self.disk.read_vec(at, 1)?.first().copied().unwrap_or_default();
        Ok(self.disk.put(at, &[byte & !(1 << (bit % 8))])?)
    }

    fn entries(&self, directory: u64) -> Result<Vec<Entry>> {
        let record = self.record(directory)?;
        let mut all = Vec::new();
        if let Some(root) = record.attribute(INDEX_ROOT)? {
            collect(root.value()?, ROOT_HEADER, &mut all)?;
        }
        for (_, block) in self.blocks(&record)? {
            collect(block.bytes(), BLOCK_HEADER, &mut all)?;
        }
        Ok(all)
    }

    /// The index blocks of a directory that are in use, each with its place.
    fn blocks(&self, directory: &Record) -> Result<Vec<(u64, Record)>> {
        let Some(blocks) = directory.attribute(INDEX_ALLOCATION)? else { return Ok(Vec::new()) };
        let root = directory.attribute(INDEX_ROOT)?.context("a directory without its root")?;
        let len = u64::from(le_u32(root.value()?, 8).context("an index root that is cut short")?);
        let bitmap = directory.attribute(BITMAP)?.context("index blocks without a bitmap")?;
        let (runs, used) = (blocks.runs()?, bitmap.value()?);
        let mut found = Vec::new();
        for (index, byte) in (0u64..).zip(used) {
            for number in (0..8).filter(|bit| byte & (1 << bit) != 0).map(|bit| index * 8 + bit) {
                let at = self.place(&runs, number * len)?;
                let bytes = self.disk.read_vec(at, usize::try_from(len)?)?;
                found.push((at, Record::of(bytes).context("an index block")?));
            }
        }
        Ok(found)
    }

    /// Takes the entry of a file out of a directory.
    fn take_out(&mut self, directory: u64, number: u64) -> Result<()> {
        let mut record = self.record(directory)?;
        let root = record.attribute(INDEX_ROOT)?.context("a directory without its root")?;
        if let Some((at, len)) = entry_of(root.value()?, ROOT_HEADER, number)? {
            let value = root.value_at()?;
            let used = le_u32(root.value()?, ROOT_HEADER + 4).context("an index root that is cut short")?;
            let shorter = (used - u32::try_from(len)?).to_le_bytes();
            put(record.bytes_mut(), value + ROOT_HEADER + 4, &shorter)?;
            put(record.bytes_mut(), value + ROOT_HEADER + 8, &shorter)?;
            record.cut_out(INDEX_ROOT, value + at, len)?;
            return self.write_record(directory, record);
        }
        for (place, mut block) in self.blocks(&record)? {
            let Some((at, len)) = entry_of(block.bytes(), BLOCK_HEADER, number)? else { continue };
            let used = le_u32(block.bytes(), BLOCK_HEADER + 4).context("an index block that is cut short")?;
            let end = BLOCK_HEADER + usize::try_from(used)?;
            block.bytes_mut().get_mut(at..end).context("an entry behind the end")?.rotate_left(len);
            block.bytes_mut().get_mut(end - len..end).context("an entry behind the end")?.fill(0);
            put(block.bytes_mut(), BLOCK_HEADER + 4, &(used - u32::try_from(len)?).to_le_bytes())?;
            return Ok(self.disk.put(place, &block.protected()?)?);
        }
        anyhow::bail!("FILE record {number} is in no entry")
    }

    fn record(&self, number: u64) -> Result<Record> {
        let at = self.place(&self.mft, number * u64::try_from(self.record_len)?)?;
        Record::of(self.disk.read_vec(at, self.record_len)?).with_context(|| format!("FILE record {number}"))
    }

    fn write_record(&mut self, number: u64, record: Record) -> Result<()> {
        let at = self.place(&self.mft, number * u64::try_from(self.record_len)?)?;
        Ok(self.disk.put(at, &record.protected()?)?)
    }

    /// Where byte `at` of what lies in these runs is on the disk.
    fn place(&self, runs: &[Run], at: u64) -> Result<u64> {
        let (mut cluster, within) = (at / self.cluster_len, at % self.cluster_len);
        for run in runs {
            if cluster < run.count {
                return Ok(self.start + (run.first + cluster) * self.cluster_len + within);
            }
            cluster -= run.count;
        }
        anyhow::bail!("byte {at} lies behind the end of its runs")
    }
}

/// The entries of an index node, whose header is at `header`: where each begins and what it is.
fn nodes(bytes: &[u8], header: usize) -> Result<Vec<(usize, &[u8])>> {
    let short = "an index that is cut short";
    let first = le_u32(bytes, header).context(short)?;
    let mut at = header + usize::try_from(first)?;
    let mut all = Vec::new();
    loop {
        let len = usize::from(le_u16(bytes, at + ENTRY_LEN).context(short)?);
        let entry = bytes.get(at..at + len).filter(|entry| entry.len() >= 0x10).context(short)?;
        if le_u16(entry, ENTRY_FLAGS).context(short)? & IS_LAST != 0 {
            return Ok(all);
        }
        all.push((at, entry));
        at += len;
    }
}

fn number_of(entry: &[u8]) -> Result<u64> {
    Ok(le_u64(entry, 0).context("an index that is cut short")? & NUMBER)
}

fn collect(bytes: &[u8], header: usize, all: &mut Vec<Entry>) -> Result<()> {
    for (_, entry) in nodes(bytes, header)? {
        let units = usize::from(entry.get(NAME_LEN).copied().context("an entry without a name")?);
        let text = entry.get(NAME..NAME + units * 2).context("an entry that is cut short")?;
        let units: Vec<u16> = (0..units).filter_map(|unit| le_u16(text, unit * 2)).collect();
        all.push(Entry { number: number_of(entry)?, name: String::from_utf16_lossy(&units) });
    }
    Ok(())
}

/// Where the entry of a file begins, and its length.
fn entry_of(bytes: &[u8], header: usize, number: u64) -> Result<Option<(usize, usize)>> {
    for (at, entry) in nodes(bytes, header)? {
        if number_of(entry)? == number {
            let flags = le_u16(entry, ENTRY_FLAGS).context("an index that is cut short")?;
            ensure!(flags & HAS_BELOW == 0, "the entry has a block below it");
            return Ok(Some((at, entry.len())));
        }
    }
    Ok(None)
}
