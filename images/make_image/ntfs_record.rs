//! FILE records of NTFS, and index blocks, which are protected alike: the last two bytes of each 512 stand in an array at their begin.
//!
//! Source: the NTFS documentation of the Linux-NTFS project, "FILE Record", "Attributes", "Fixups", "Data Runs".

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::bytes::le_u16;
use bcdrescue::bytes::le_u32;

use crate::field::put;

/// Types of attributes.
pub(crate) const DATA: u32 = 0x80;
pub(crate) const INDEX_ROOT: u32 = 0x90;
pub(crate) const INDEX_ALLOCATION: u32 = 0xa0;
pub(crate) const BITMAP: u32 = 0xb0;
const ATTRIBUTE_LIST: u32 = 0x20;
const END: u32 = 0xffff_ffff;
/// Fields of a record: the array of protected bytes and its length, the times it was used, its first attribute, flags, bytes used.
const ARRAY: usize = 4;
const ARRAY_LEN: usize = 6;
const SEQUENCE: usize = 0x10;
const FIRST: usize = 0x14;
const FLAGS: usize = 0x16;
const USED: usize = 0x18;
const IN_USE: u16 = 1;
const DIRECTORY: u16 = 2;
/// Fields of an attribute: its length, whether it is elsewhere; the length and place of its value, or of its runs.
const LEN: usize = 4;
const ELSEWHERE: usize = 8;
const VALUE_LEN: usize = 0x10;
const VALUE: usize = 0x14;
const RUNS: usize = 0x20;
/// Bytes of which the last two are protected.
const STRIDE: usize = 512;
const SHORT: &str = "it is cut short";

/// A FILE record or an index block, with its bytes as they were before they were protected.
pub(crate) struct Record(Vec<u8>);

/// Clusters in a row: the first of them, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: u64,
    pub(crate) count: u64,
}

/// An attribute of a record.
pub(crate) struct Attribute<'r> {
    at: usize,
    bytes: &'r [u8],
}

impl Record {
    /// The record as it lies on the disk.
    pub(crate) fn of(bytes: Vec<u8>) -> Result<Self> {
        ensure!(bytes.starts_with(b"FILE") || bytes.starts_with(b"INDX"), "it has no signature");
        let mut record = Self(bytes);
        for (at, kept) in record.protected_places()? {
            let own = record.0.get(kept..kept + 2).context(SHORT)?.to_vec();
            put(&mut record.0, at, &own)?;
        }
        Ok(record)
    }

    /// The record as it is to be written.
    pub(crate) fn protected(mut self) -> Result<Vec<u8>> {
        let array = usize::from(le_u16(&self.0, ARRAY).context(SHORT)?);
        let number = self.0.get(array..array + 2).context(SHORT)?.to_vec();
        for (at, kept) in self.protected_places()? {
            let own = self.0.get(at..at + 2).context(SHORT)?.to_vec();
            put(&mut self.0, kept, &own)?;
            put(&mut self.0, at, &number)?;
        }
        Ok(self.0)
    }

    /// Bytes that are protected, and where the array has them.
    fn protected_places(&self) -> Result<Vec<(usize, usize)>> {
        let array = usize::from(le_u16(&self.0, ARRAY).context(SHORT)?);
        let count = usize::from(le_u16(&self.0, ARRAY_LEN).context(SHORT)?);
        Ok((1..count).map(|index| (index * STRIDE - 2, array + index * 2)).collect())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    pub(crate) fn is_directory(&self) -> bool {
        le_u16(&self.0, FLAGS).is_some_and(|flags| flags & DIRECTORY != 0)
    }

    /// The first attribute of this type.
    pub(crate) fn attribute(&self, kind: u32) -> Result<Option<Attribute<'_>>> {
        Ok(self.attributes()?.into_iter().find_map(|(found, attribute)| (found == kind).then_some(attribute)))
    }

    fn attributes(&self) -> Result<Vec<(u32, Attribute<'_>)>> {
        let mut at = usize::from(le_u16(&self.0, FIRST).context(SHORT)?);
        let mut all = Vec::new();
        loop {
            let kind = le_u32(&self.0, at).context(SHORT)?;
            if kind == END {
                return Ok(all);
            }
            ensure!(kind != ATTRIBUTE_LIST, "it has an attribute list");
            let len = usize::try_from(le_u32(&self.0, at + LEN).context(SHORT)?)?;
            ensure!(len > 0, "an attribute without a length");
            all.push((kind, Attribute { at, bytes: self.0.get(at..at + len).context(SHORT)? }));
            at += len;
        }
    }

    /// The clusters of all its attributes.
    pub(crate) fn all_runs(&self) -> Result<Vec<Run>> {
        let mut all = Vec::new();
        for (_, attribute) in self.attributes()?.iter().filter(|(_, attribute)| attribute.is_elsewhere()) {
            all.extend(attribute.runs()?);
        }
        Ok(all)
    }

    /// As a record is whose file was deleted.
    pub(crate) fn mark_free(&mut self) -> Result<()> {
        let flags = le_u16(&self.0, FLAGS).context(SHORT)? & !IN_USE;
        let sequence = le_u16(&self.0, SEQUENCE).context(SHORT)?.wrapping_add(1).max(1);
        put(&mut self.0, FLAGS, &flags.to_le_bytes())?;
        put(&mut self.0, SEQUENCE, &sequence.to_le_bytes())
    }

    /// Takes bytes out of the value of an attribute, which begin at byte `at` of the record.
    pub(crate) fn cut_out(&mut self, kind: u32, at: usize, len: usize) -> Result<()> {
        let attribute = self.attribute(kind)?.context("no such attribute")?.at;
        let shorter = |bytes: &[u8], at: usize| {
            Some(le_u32(bytes, at)?.checked_sub(u32::try_from(len).ok()?)?.to_le_bytes())
        };
        let used = usize::try_from(le_u32(&self.0, USED).context(SHORT)?)?;
        for field in [attribute + LEN, attribute + VALUE_LEN, USED] {
            let new = shorter(&self.0, field).context(SHORT)?;
            put(&mut self.0, field, &new)?;
        }
        self.0.get_mut(at..used).context(SHORT)?.rotate_left(len);
        self.0.get_mut(used - len..used).context(SHORT)?.fill(0);
        Ok(())
    }
}

impl<'r> Attribute<'r> {
    fn is_elsewhere(&self) -> bool {
        self.bytes.get(ELSEWHERE).is_some_and(|flag| *flag != 0)
    }

    /// Where its value begins in the record.
    pub(crate) fn value_at(&self) -> Result<usize> {
        ensure!(!self.is_elsewhere(), "its value is not in the record");
        Ok(self.at + usize::from(le_u16(self.bytes, VALUE).context(SHORT)?))
    }

    /// Its value, which is in the record.
    pub(crate) fn value(&self) -> Result<&'r [u8]> {
        let at = self.value_at()? - self.at;
        let len = usize::try_from(le_u32(self.bytes, VALUE_LEN).context(SHORT)?)?;
        self.bytes.get(at..at + len).context(SHORT)
    }

    /// Where its value lies; holes are left out.
    pub(crate) fn runs(&self) -> Result<Vec<Run>> {
        ensure!(self.is_elsewhere(), "its value is in the record");
        let mut rest =
            self.bytes.get(usize::from(le_u16(self.bytes, RUNS).context(SHORT)?)..).context(SHORT)?;
        let (mut runs, mut first) = (Vec::new(), 0i64);
        while let Some((head, after)) = rest.split_first().filter(|(head, _)| **head != 0) {
            let (count_len, first_len) = (usize::from(head & 0xf), usize::from(head >> 4));
            let (count, after) = after.split_at_checked(count_len).context(SHORT)?;
            let (step, after) = after.split_at_checked(first_len).context(SHORT)?;
            first += number(step);
            if first_len > 0 {
                runs.push(Run { first: u64::try_from(first)?, count: u64::try_from(number(count))? });
            }
            rest = after;
        }
        Ok(runs)
    }
}

/// A number of few bytes, with its sign.
fn number(bytes: &[u8]) -> i64 {
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().rev().fold(sign, |number, byte| (number << 8) | i64::from(*byte))
}
