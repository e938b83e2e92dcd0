//! Members of an array: disks whose firmware, or Linux, keeps at their end what array they belong to.
//!
//! The places and the signatures are those that libblkid of util-linux looks for (`libblkid/src/superblocks`); the layouts beyond them:
//! SNIA, "Common RAID Disk Data Format", and Linux, `include/uapi/linux/raid/md_p.h`.

use std::fmt;
use std::ops::Range;

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::bytes::slice;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::storage::Storage;

/// Sectors of 512 bytes at the end of a disk that hold all records below; the outermost is a header of DDF.
const SECTORS: usize = 257;
const SECTOR: usize = 512;
const TAIL: usize = SECTORS * SECTOR;
/// The last of them in which a GPT keeps its backup, and which are read anyway.
const BACKUP: usize = 24 * SECTOR;
/// The last of them that a record is in which is not far from the end: Promise's.
const INNER: usize = 63 * SECTOR;
/// Those that are farthest from the end.
const OUTERMOST: usize = 3 * SECTOR;
/// The magic of Linux's md.
const MD: u32 = 0xa92b_4efc;
/// That of a DDF header, in either order of bytes.
const DDF: [u32; 2] = [0xde11_de11, 0x11de_11de];
/// Places of Promise's record, in sectors from the end; it has others, farther away, that are not looked at.
const PROMISE: [usize; 4] = [16, 63, 255, 256];

/// Whose record of an array is at the end of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RaidMember {
    /// Intel's Matrix or Rapid Storage.
    Intel,
    /// The common format of SNIA, as of LSI, Dell and Adaptec.
    Ddf,
    /// Promise FastTrak.
    Promise,
    /// Silicon Image Medley.
    SiliconImage,
    /// LSI MegaRAID of old.
    Lsi,
    /// NVIDIA's.
    Nvidia,
    /// VIA's.
    Via,
    /// Adaptec HostRAID.
    Adaptec,
    /// JMicron's.
    Jmicron,
    /// Linux's md, with its record at the end.
    Linux,
}

impl RaidMember {
    /// Whether `mdadm` assembles the array; of the others `dmraid` does.
    #[must_use]
    pub const fn is_for_mdadm(self) -> bool {
        matches!(self, Self::Intel | Self::Ddf | Self::Linux)
    }
}

impl fmt::Display for RaidMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intel => "Intel",
            Self::Ddf => "DDF",
            Self::Promise => "Promise",
            Self::SiliconImage => "Silicon Image",
            Self::Lsi => "LSI",
            Self::Nvidia => "NVIDIA",
            Self::Via => "VIA",
            Self::Adaptec => "Adaptec",
            Self::Jmicron => "JMicron",
            Self::Linux => "Linux md",
        })
    }
}

/// The record at the end of a disk, by two or three small reads. Where one fails, what may be there is not known, as of any other read.
pub(super) fn look(storage: &dyn Storage, table: &PartitionTable) -> Option<RaidMember> {
    let sectors = storage.len().checked_div(u64::try_from(SECTOR).ok()?)?;
    let first = sectors.checked_sub(u64::try_from(SECTORS).ok()?)?;
    let start = first.checked_mul(u64::try_from(SECTOR).ok()?)?;
    let mut tail = vec![0; TAIL];
    let mut read = |piece: Range<usize>| {
        let at = start.checked_add(u64::try_from(piece.start).ok()?)?;
        storage.read_at(at, tail.get_mut(piece)?).ok()
    };
    // Beside a GPT only what is read for its backup anyway.
    let inner = if table.kind == TableKind::Gpt { BACKUP } else { INNER };
    read(TAIL.saturating_sub(inner)..TAIL)?;
    read(0..OUTERMOST)?;
    let is_in_partition = |at: u64| {
        let at = at.saturating_mul(512);
        let is_inside = |start: u64, len: u64| start <= at && at < start.saturating_add(len);
        table.partitions.iter().any(|it| it.number != 0 && is_inside(it.start, it.len))
    };
    let old = md_of_old(sectors).filter(|at| table.kind != TableKind::Gpt && !is_in_partition(*at));
    if let Some(at) = old.and_then(|at| at.checked_sub(first)) {
        let from = usize::try_from(at).ok()?.checked_mul(SECTOR)?;
        read(from..from.checked_add(SECTOR)?)?;
    }
    recognise(&Tail { bytes: &tail, sectors }, &is_in_partition)
}

/// The sector in which Linux's md of version 0.90 has its record: the last 64 KiB that begin at a multiple of that.
const fn md_of_old(sectors: u64) -> Option<u64> {
    (sectors & !127).checked_sub(128)
}

/// The end of a disk.
struct Tail<'a> {
    bytes: &'a [u8],
    /// Sectors of the whole disk.
    sectors: u64,
}

impl Tail<'_> {
    /// What begins so many sectors before the end.
    fn before_end(&self, sectors: usize) -> Option<&[u8]> {
        let back = sectors.checked_mul(SECTOR)?;
        self.bytes.get(self.bytes.len().checked_sub(back)?..)
    }

    fn has(&self, sectors: usize, magic: &[u8]) -> bool {
        self.before_end(sectors).is_some_and(|bytes| bytes.starts_with(magic))
    }
}

fn recognise(tail: &Tail<'_>, is_in_partition: &dyn Fn(u64) -> bool) -> Option<RaidMember> {
    let last = tail.before_end(1)?;
    let is_ddf =
        |at: &usize| tail.before_end(*at).and_then(|it| le_u32(it, 0)).is_some_and(|it| DDF.contains(&it));
    // The second last sector, also of 4096 bytes.
    if [2, 16].iter().any(|at| tail.has(*at, b"Intel Raid ISM Cfg Sig. ")) {
        Some(RaidMember::Intel)
    } else if [1, SECTORS].iter().any(is_ddf) {
        Some(RaidMember::Ddf)
    } else if tail.has(1, b"$XIDE$") {
        Some(RaidMember::Lsi)
    } else if tail.has(2, b"NVIDIA") {
        Some(RaidMember::Nvidia)
    } else if PROMISE.iter().any(|at| tail.has(*at, b"Promise Technology, Inc.")) {
        Some(RaidMember::Promise)
    } else if is_adaptec(last) {
        Some(RaidMember::Adaptec)
    } else if is_silicon_image(last) == Some(true) {
        Some(RaidMember::SiliconImage)
    } else if is_via(last) == Some(true) {
        Some(RaidMember::Via)
    } else if is_jmicron(last) == Some(true) {
        Some(RaidMember::Jmicron)
    } else if is_md(tail, is_in_partition) == Some(true) {
        Some(RaidMember::Linux)
    } else {
        None
    }
}

/// Two magics of its own, in the order of big-endian machines.
fn is_adaptec(sector: &[u8]) -> bool {
    sector.starts_with(&[0x37, 0xfc, 0x4d, 0x1e]) && slice(sector, 0x100, 4) == Some(b"DPTM")
}

/// A magic, a number of the disk below 8, and a sum of words that is 0 with the one behind them.
fn is_silicon_image(sector: &[u8]) -> Option<bool> {
    let sum = words(sector, 0x13e)?.wrapping_add(le_u16(sector, 0x13e)?);
    Some(le_u32(sector, 0x60)? == 0x2f00_0000 && *sector.get(0x116)? < 8 && sum == 0)
}

/// 55 aa at the begin, a version of at most 2, and the sum of the 50 bytes before their checksum.
fn is_via(sector: &[u8]) -> Option<bool> {
    let sum = slice(sector, 0, 50)?.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    Some(le_u16(sector, 0)? == 0xaa55 && *sector.get(2)? <= 2 && sum == *sector.get(50)?)
}

/// Two letters, and 64 words whose sum is 0 or 1.
fn is_jmicron(sector: &[u8]) -> Option<bool> {
    Some(sector.starts_with(b"JM") && words(sector, 128)? <= 1)
}

fn words(sector: &[u8], len: usize) -> Option<u16> {
    let pairs = slice(sector, 0, len)?.chunks_exact(2);
    Some(pairs.filter_map(|pair| le_u16(pair, 0)).fold(0, u16::wrapping_add))
}

/// Version 1.0 says where it stands itself. Version 0.90 does not: inside a partition it is that one's, and no member of the disk.
fn is_md(tail: &Tail<'_>, is_in_partition: &dyn Fn(u64) -> bool) -> Option<bool> {
    let at = |sector: u64| tail.before_end(usize::try_from(tail.sectors.checked_sub(sector)?).ok()?);
    let begins =
        |record: &[u8], version: u32| le_u32(record, 0) == Some(MD) && le_u32(record, 4) == Some(version);
    let new = tail.sectors.checked_sub(16)? & !7;
    let old = md_of_old(tail.sectors)?;
    let is_new = at(new).is_some_and(|it| begins(it, 1) && le_u64(it, 144) == Some(new));
    let is_old =
        at(old).is_some_and(|it| begins(it, 0) && le_u32(it, 8) == Some(90)) && !is_in_partition(old);
    Some(is_new || is_old)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISK: u64 = 8192;

    fn member(at: usize, bytes: &[u8]) -> Option<RaidMember> {
        let mut tail = vec![0; TAIL];
        let from = TAIL - at * SECTOR;
        tail[from..from + bytes.len()].copy_from_slice(bytes);
        recognise(&Tail { bytes: &tail, sectors: DISK }, &|_| false)
    }

    fn sector(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut sector = vec![0; SECTOR];
        parts.iter().for_each(|(at, bytes)| sector[*at..*at + bytes.len()].copy_from_slice(bytes));
        sector
    }

    #[test]
    fn every_record_is_known_in_its_place_and_nowhere_else() {
        let silicon: (&[u8], &[u8]) = (&[0, 0, 0, 0x2f], &[0, 0xd1]);
        let md = sector(&[(0, &MD.to_le_bytes()), (4, &[1]), (144, &(DISK - 16).to_le_bytes())]);
        let old = sector(&[(0, &MD.to_le_bytes()), (8, &[90])]);
        let cases: &[(usize, Vec<u8>, RaidMember)] = &[
            (2, b"Intel Raid ISM Cfg Sig. 1.1.00".to_vec(), RaidMember::Intel),
            (1, vec![0xde, 0x11, 0xde, 0x11], RaidMember::Ddf),
            (257, vec![0x11, 0xde, 0x11, 0xde], RaidMember::Ddf),
            (1, b"$XIDE$".to_vec(), RaidMember::Lsi),
            (2, b"NVIDIA  ".to_vec(), RaidMember::Nvidia),
            (63, b"Promise Technology, Inc.".to_vec(), RaidMember::Promise),
            (1, sector(&[(0, &[0x37, 0xfc, 0x4d, 0x1e]), (0x100, b"DPTM")]), RaidMember::Adaptec),
            (1, sector(&[(0x60, silicon.0), (0x13e, silicon.1)]), RaidMember::SiliconImage),
            (1, sector(&[(0, &[0x55, 0xaa, 1]), (50, &[0])]), RaidMember::Via),
            (1, sector(&[(0, b"JM"), (2, &[0xb6, 0xb2])]), RaidMember::Jmicron),
            (16, md, RaidMember::Linux),
            (128, old, RaidMember::Linux),
        ];
        for (at, bytes, expected) in cases {
            assert_eq!(member(*at, bytes), Some(*expected), "{expected}");
            let elsewhere = if *at > 200 { at - 5 } else { at + 5 };
            assert_eq!(member(elsewhere, bytes), None, "{expected} elsewhere");
        }
        assert_eq!(member(1, &[]), None);
    }

    #[test]
    fn sums_and_places_that_do_not_fit_are_no_record() {
        assert_eq!(member(1, &sector(&[(0, &[0x55, 0xaa, 1]), (50, &[7])])), None);
        assert_eq!(member(1, &sector(&[(0x60, &[0, 0, 0, 0x2f]), (0x13e, &[1, 0xd1])])), None);
        assert_eq!(member(1, b"JM and more of a text"), None);
        assert_eq!(member(16, &sector(&[(0, &MD.to_le_bytes()), (4, &[1]), (144, &[8])])), None);
        let old = sector(&[(0, &MD.to_le_bytes()), (8, &[90])]);
        let mut tail = vec![0; TAIL];
        tail[TAIL - 128 * SECTOR..][..SECTOR].copy_from_slice(&old);
        assert_eq!(recognise(&Tail { bytes: &tail, sectors: DISK }, &|_| true), None);
    }
}
