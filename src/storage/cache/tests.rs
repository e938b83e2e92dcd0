use std::io;

use super::*;
use crate::storage::ram::Ram;

const PAGE: usize = 4096;
const READ: usize = Manner::FAR.read_size;

#[test]
fn every_range_reads_as_without_a_cache() {
    let bytes: Vec<u8> = (0..PAGE * 3 + 700).map(|at| (at * 7 % 251) as u8).collect();
    let disk = Cached::new(Ram::new(bytes.clone(), None));
    for (offset, len) in [(0, 1), (PAGE - 1, 2), (PAGE - 3, PAGE + 6), (PAGE * 3, 700), (5, PAGE * 3), (0, 0)]
    {
        assert_eq!(
            disk.read_vec(offset as u64, len).unwrap(),
            &bytes[offset..offset + len],
            "{offset} {len}"
        );
    }
    assert!(disk.read_vec((PAGE * 3 + 699) as u64, 2).is_err());
}

/// Counts the reads of what is below.
struct Counted(Ram, Mutex<Vec<(u64, usize)>>);

impl Storage for Counted {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.1.lock().unwrap().push((offset, buf.len()));
        self.0.read_at(offset, buf)
    }
}

#[test]
fn neighbours_are_one_read_and_nothing_is_read_twice() {
    let below = Counted(Ram::new(vec![7; 40 * PAGE + 100], None), Mutex::default());
    let disk = Cached::new(below);
    let read = |offset: usize, len: usize| {
        disk.read_vec(offset as u64, len).unwrap();
        std::mem::take(&mut *disk.below().1.lock().unwrap())
    };
    let page = PAGE as u64;
    assert_eq!(read(2 * PAGE + 9, 10), [(2 * page, PAGE)]);
    // Around what is there already, and to the end of the disk.
    assert_eq!(read(PAGE, 6 * PAGE), [(page, PAGE), (3 * page, 4 * PAGE)]);
    assert_eq!(read(PAGE + 1, 6 * PAGE - 1), []);
    assert_eq!(read(39 * PAGE, PAGE + 100), [(39 * page, PAGE + 100)]);
    assert_eq!(read(40 * PAGE, 100), []);
    // Too much to be kept.
    assert_eq!(read(1, LARGE + 1), [(1, LARGE + 1)]);
    assert_eq!(read(1, LARGE), [(0, PAGE), (7 * page, LARGE - 6 * PAGE)]);
}

#[test]
fn what_is_kept_has_a_bound() {
    let bytes: Vec<u8> = (0..PAGE * 9).map(|at| (at * 7 % 251) as u8).collect();
    let disk = Cached::with_pages(Ram::new(bytes.clone(), None), 2);
    for (offset, len) in [(0, 1), (PAGE * 3, 2 * PAGE), (PAGE - 1, 2), (PAGE + 5, 2 * PAGE), (7, 5 * PAGE)] {
        let read = disk.read_vec(offset as u64, len).unwrap();
        assert_eq!(read, &bytes[offset..offset + len], "{offset} {len}");
        assert!(disk.pages().count() <= 3);
    }
}
/// A disk of which the bytes from 5000 to 5512 cannot be read.
struct Worn(Ram);

impl Storage for Worn {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        if offset < 5512 && 5000 < offset + buf.len() as u64 {
            return Err(StorageError::io("cannot read", io::Error::from_raw_os_error(5)));
        }
        self.0.read_at(offset, buf)
    }
}

#[test]
fn what_cannot_be_read_hides_nothing_beside_it() {
    let bytes: Vec<u8> = (0..PAGE * 3).map(|at| (at * 7 % 251) as u8).collect();
    let disk = Cached::new(Worn(Ram::new(bytes.clone(), None)));
    for (offset, len) in [(4096, 904), (5512, 10), (4000, 1000), (5600, 5000), (0, 5000)] {
        assert_eq!(disk.read_vec(offset, len).unwrap(), &bytes[offset as usize..][..len]);
    }
    for (offset, len) in [(4999, 2), (5511, 1), (0, PAGE * 3)] {
        assert!(disk.read_vec(offset, len).is_err(), "{offset}");
    }
}

/// A disk that is far, of which some bytes cannot be read; it keeps what was asked for together.
struct Far {
    bytes: Vec<u8>,
    bad: Range<u64>,
    asked: Mutex<Vec<Vec<(u64, usize)>>>,
}

impl Far {
    fn new(len: usize, bad: Range<u64>) -> Self {
        let bytes = (0..len).map(|at| (at * 7 % 251) as u8).collect();
        Self { bytes, bad, asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<Vec<(u64, usize)>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn piece(&self, offset: u64, len: usize) -> Result<&[u8], StorageError> {
        if offset < self.bad.end && self.bad.start < offset + len as u64 {
            return Err(StorageError::io("cannot read", io::Error::from_raw_os_error(5)));
        }
        Ok(&self.bytes[offset as usize..][..len])
    }
}

impl Storage for Far {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.asked.lock().unwrap().push(vec![(offset, buf.len())]);
        buf.copy_from_slice(self.piece(offset, buf.len())?);
        Ok(())
    }

    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        self.asked.lock().unwrap().push(ranges.to_vec());
        ranges.iter().map(|(offset, len)| self.piece(*offset, *len).map(<[u8]>::to_vec)).collect()
    }

    fn manner(&self) -> Manner {
        Manner::FAR
    }
}

#[test]
fn what_is_far_is_read_in_large_pieces_and_once() {
    let disk = Cached::new(Far::new(40 * READ + 100, 0..0));
    let read = |offset: usize, len: usize| {
        assert_eq!(disk.read_vec(offset as u64, len).unwrap(), disk.below().bytes[offset..][..len]);
        disk.below().asked()
    };
    let at = |number: usize| (number * READ) as u64;
    assert_eq!(read(2 * READ + 9, 10), [[(at(2), READ)]]);
    assert_eq!(read(READ + 9, 3 * READ), [[(at(1), READ), (at(3), 2 * READ)]], "around what is there");
    assert_eq!(read(READ, 4 * READ), Vec::<Vec<_>>::new());
    assert_eq!(read(40 * READ + 1, 50), [[(at(40), 100)]], "the end");
    assert_eq!(read(8 * READ, 1 << 20), [[(at(8), 1 << 20)]], "a large file");
    assert_eq!(read(8 * READ, 1 << 20), Vec::<Vec<_>>::new(), "and once");
}

#[test]
fn a_large_read_that_fails_hides_nothing_beside_what_is_bad() {
    let bad = READ as u64 + 5000..READ as u64 + 5512;
    let disk = Cached::new(Far::new(3 * READ, bad.clone()));
    for (offset, len) in [(READ, 100), (READ + 4096, 904), (READ + 5512, 10), (2 * READ - 10, 20)] {
        let expected = &disk.below().bytes[offset..][..len];
        assert_eq!(disk.read_vec(offset as u64, len).unwrap(), expected, "{offset}");
    }
    let asked = disk.below().asked();
    assert_eq!(asked[0], [(READ as u64, READ)]);
    assert_eq!(asked[1], [(READ as u64, PAGE)], "the page alone");
    let large = asked.iter().flatten().filter(|range| **range == (READ as u64, READ)).count();
    assert_eq!(large, 1, "what failed as a whole is not tried again as a whole");
    assert!(disk.read_vec(bad.start - 1, 2).is_err() && disk.read_vec(0, 3 * READ).is_err());
    assert!(disk.read_vec(0, READ).is_ok());
}

#[test]
fn what_is_beside_a_bad_block_is_kept() {
    let page = |number: usize| (READ + number * PAGE) as u64;
    let bad = page(2) + 512..page(2) + 1024;
    let disk = Cached::new(Far::new(3 * READ, bad.clone()));
    disk.look_ahead(&|disk| {
        let _ = walk(disk, &[&[page(1)], &[page(2)], &[page(3)], &[2 * READ as u64]]);
    });
    let alone = |number: usize| (page(number), PAGE);
    let expected =
        [vec![(READ as u64, 2 * READ)], vec![alone(1), alone(2), alone(3), (2 * READ as u64, PAGE)]];
    assert_eq!(disk.below().asked(), expected);
    assert!(walk(&disk, &[&[page(1), page(3), 2 * READ as u64]]));
    assert_eq!(disk.below().asked(), Vec::<Vec<_>>::new());
    assert!(disk.read_vec(bad.start, 512).is_err());
    // Near by too, where pages are read that were asked for.
    let near = Cached::new(Worn(Ram::new(vec![7; 8 * PAGE], None)));
    assert!(near.read_vec(0, 8 * PAGE).is_err());
    let pages = near.pages();
    assert_eq!((pages.count(), pages.is_any_lost(1..2)), (7, true));
}

/// Follows these ways side by side, each place of which names no other but is asked for only after the one before.
fn walk(disk: &dyn Storage, ways: &[&[u64]]) -> bool {
    let follow = |way: &&[u64]| way.iter().all(|at| disk.read_vec(*at, 16).is_ok());
    let followed: Vec<bool> = ways.iter().map(follow).collect();
    !followed.contains(&false)
}

#[test]
fn ways_side_by_side_wait_as_often_as_the_longest_has_steps() {
    let disk = Cached::new(Far::new(64 * READ, 0..0));
    let at = |number: usize| (number * READ + 77) as u64;
    let ways: [&[u64]; 3] = [&[at(1), at(9), at(20)], &[at(2)], &[at(50), at(49), at(30), at(31)]];
    disk.look_ahead(&|disk| {
        let _ = walk(disk, &ways);
    });
    let read = |number: usize| ((number * READ) as u64, READ);
    let expected = vec![
        vec![((READ) as u64, 2 * READ), read(50)],
        vec![read(9), read(49)],
        vec![read(20), read(30)],
        vec![read(31)],
    ];
    assert_eq!(disk.below().asked(), expected);
    assert!(walk(&disk, &ways));
    assert_eq!(disk.below().asked(), Vec::<Vec<_>>::new());
    // What is near is read as it is met.
    let near = Cached::new(Ram::new(vec![7; 100], None));
    near.look_ahead(&|_| panic!("no need"));
}

#[test]
fn what_cannot_be_read_is_tried_ahead_once() {
    let bad = READ as u64..READ as u64 + 512;
    let disk = Cached::new(Far::new(8 * READ, bad));
    disk.look_ahead(&|disk| {
        let _ = walk(disk, &[&[READ as u64, 7], &[5 * READ as u64, 0]]);
    });
    let asked = disk.below().asked();
    let read = |number: usize| ((number * READ) as u64, READ);
    assert_eq!(asked, [vec![read(1), read(5)], vec![(READ as u64, PAGE)], vec![read(0)]]);
    assert!(!walk(&disk, &[&[READ as u64]]));
}

#[test]
fn a_look_that_never_ends_is_not_followed_for_ever() {
    let disk = Cached::new(Far::new(1000 * READ, 0..0));
    let looks = Mutex::new(0);
    disk.look_ahead(&|disk| {
        *looks.lock().unwrap() += 1;
        let _ = (0..1000).all(|number| disk.read_vec(number * READ as u64, 1).is_ok());
    });
    assert!(*looks.lock().unwrap() <= 32);
    disk.look_ahead(&|disk| (0..1000).for_each(|number| drop(disk.read_vec(number * READ as u64, 1))));
    let bytes: usize = disk.below().asked().iter().flatten().map(|(_, len)| len).sum();
    assert!(bytes <= 4 << 20, "{bytes}");
}
