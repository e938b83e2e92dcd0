//! Reads of an NBD server of which many are under way: one wait for all of them.
//!
//! The server answers in any order, and each answer says by its cookie whose it is (`doc/proto.md`, "Transmission"). An answer that
//! nobody waits for ends the connection: what follows it cannot be understood.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use crate::bytes;
use crate::storage::StorageError;
use crate::storage::nbd::failure::failed;

/// Requests under way at most. Their heads fit into any socket's buffer, so that nobody who sends waits for one who sends.
pub(super) const UNDER_WAY: usize = 64;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The range that it is of.
    wanted: usize,
    /// Where its bytes go in the blocks of that range.
    place: Range<usize>,
    /// First byte of the export.
    pub(super) offset: u64,
}

impl Part {
    /// Length in bytes.
    pub(super) fn len(&self) -> usize {
        self.place.len()
    }
}

/// A range as whole blocks of the server.
struct Blocks {
    /// Bytes of the first block before the range.
    skip: usize,
    /// Length of the range in bytes.
    len: usize,
    bytes: Vec<u8>,
    error: Option<StorageError>,
}

/// Ranges that are being read.
pub(super) struct Reads {
    blocks: Vec<Blocks>,
    /// What is still to be asked, last first.
    waiting: Vec<Part>,
    /// What was asked, by cookie.
    under_way: BTreeMap<[u8; 8], Part>,
}

impl Reads {
    /// The ranges (offset, length) of an export with blocks of `block` bytes, in requests of at most `most` bytes.
    pub(super) fn new(ranges: &[(u64, usize)], block: u32, most: usize) -> Self {
        let (mut blocks, mut waiting) = (Vec::new(), Vec::new());
        for (wanted, (offset, len)) in ranges.iter().copied().enumerate() {
            let first = offset.checked_rem(block.into()).unwrap_or(0);
            let skip = usize::try_from(first).unwrap_or(0);
            let whole = skip.saturating_add(len).next_multiple_of(usize::try_from(block).unwrap_or(1));
            blocks.push(Blocks { skip, len, bytes: vec![0; whole], error: None });
            for from in (0..whole).step_by(most.max(1)) {
                let place = from..from.saturating_add(most).min(whole);
                let at = u64::try_from(from).unwrap_or(u64::MAX);
                waiting.push(Part { wanted, place, offset: offset.saturating_sub(first).saturating_add(at) });
            }
        }
        waiting.reverse();
        Self { blocks, waiting, under_way: BTreeMap::new() }
    }

    /// What is to be asked now, where that is more.
    pub(super) fn next(&mut self, cookie: [u8; 8]) -> Option<Part> {
        if self.under_way.len() >= UNDER_WAY {
            return None;
        }
        let part = self.waiting.pop()?;
        self.under_way.insert(cookie, part.clone());
        Some(part)
    }

    /// Whether an answer is waited for.
    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Takes the answer to the request with this cookie: the server's error, or else `read` fills its bytes.
    ///
    /// # Errors
    /// Nobody waits for it; those of `read`.
    pub(super) fn take(
        &mut self,
        cookie: [u8; 8],
        refused: Option<io::Error>,
        read: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let part = self.under_way.get(&cookie).cloned().ok_or(io::ErrorKind::InvalidData)?;
        let blocks = self.blocks.get_mut(part.wanted).ok_or(io::ErrorKind::InvalidData)?;
        match refused {
            Some(error) => {
                let error = failed("read", part.offset, part.len(), error);
                blocks.error.get_or_insert(error);
            }
            None => read(blocks.bytes.get_mut(part.place).ok_or(io::ErrorKind::InvalidData)?)?,
        }
        self.under_way.remove(&cookie);
        Ok(())
    }

    /// Nothing more will come; `error` makes the reason anew.
    pub(super) fn give_up(&mut self, error: &dyn Fn() -> io::Error) {
        let left = std::mem::take(&mut self.under_way).into_values().chain(std::mem::take(&mut self.waiting));
        for part in left {
            if let Some(blocks) = self.blocks.get_mut(part.wanted) {
                blocks.error.get_or_insert_with(|| failed("read", part.offset, part.len(), error()));
            }
        }
    }

    /// The bytes of each range, or the first error of its requests.
    pub(super) fn outcomes(self) -> Vec<Result<Vec<u8>, StorageError>> {
        let outcome = |blocks: Blocks| match blocks.error {
            Some(error) => Err(error),
            None if blocks.bytes.len() == blocks.len => Ok(blocks.bytes),
            None => Ok(bytes::slice(&blocks.bytes, blocks.skip, blocks.len).unwrap_or_default().to_vec()),
        };
        self.blocks.into_iter().map(outcome).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::Read;
    use std::io::Write;

    use super::*;
    use crate::storage::nbd::link::Link;

    const LEN: u64 = 1 << 30;

    /// What a request asks for: its cookie, offset and length.
    type Asked = ([u8; 8], u64, usize);
    /// What the server says to the requests that came together.
    type Answers = fn(&[Asked]) -> Vec<u8>;

    /// A server that answers what is asked together as it likes.
    struct Server {
        answers: Answers,
        says: VecDeque<u8>,
        most: usize,
    }

    impl Read for Server {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.says.read(buf)
        }
    }

    impl Write for Server {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let requests = buf.chunks_exact(28).filter(|head| head.starts_with(&[0x25, 0x60, 0x95, 0x13]));
            let asked = |head: &[u8]| {
                let len = bytes::be_u32(head, 24).unwrap() as usize;
                (*head[8..].first_chunk().unwrap(), bytes::be_u64(head, 16).unwrap(), len)
            };
            let asked: Vec<Asked> = requests.filter(|head| head[7] == 0).map(asked).collect();
            self.most = self.most.max(asked.len());
            assert!(asked.len() <= UNDER_WAY);
            self.says.extend((self.answers)(&asked));
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn link(answers: Answers) -> Link<Server> {
        let option = |kind: u8, data: &[u8]| {
            let magic = 0x0003_e889_0455_65a9u64.to_be_bytes();
            [&magic[..], &[0, 0, 0, 7, 0, 0, 0, kind, 0, 0, 0, data.len() as u8], data].concat()
        };
        let size = option(3, &[&[0, 0][..], &LEN.to_be_bytes(), &[0, 1]].concat());
        let blocks = option(3, &[[0, 3, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0], [16, 0, 0, 0]].concat()[..14]);
        let says = [&b"NBDMAGICIHAVEOPT\0\x03"[..], &size, &blocks, &option(1, &[])].concat();
        Link::new(Server { answers, says: says.into(), most: 0 }, "").unwrap()
    }

    fn answer((cookie, offset, len): &Asked) -> Vec<u8> {
        let data = (*offset..).take(*len).map(|at| (at / 512) as u8);
        [0x67, 0x44, 0x66, 0x98, 0, 0, 0, 0].into_iter().chain(*cookie).chain(data).collect()
    }

    fn error((cookie, ..): &Asked) -> Vec<u8> {
        [&[0x67, 0x44, 0x66, 0x98, 0, 0, 0, 5][..], cookie].concat()
    }

    #[test]
    fn answers_in_any_order_are_told_apart() {
        let mut link = link(|asked| asked.iter().rev().flat_map(answer).collect());
        let ranges = [(512 * 7, 512), (100, 5), (512 * 3 - 1, 2), (0, 0), (4096, 3 << 20)];
        let read = link.read_together(&ranges);
        for ((offset, len), read) in ranges.into_iter().zip(read) {
            let expected: Vec<u8> = (offset..).take(len).map(|at| (at / 512) as u8).collect();
            assert!(read.unwrap() == expected, "{offset}");
        }
        let many: Vec<(u64, usize)> = (0..1000).map(|number| (number * 512, 512)).collect();
        assert!(link.read_together(&many).into_iter().all(|read| read.is_ok()));
    }

    #[test]
    fn a_range_that_cannot_be_read_is_one_of_many() {
        let mut link = link(|asked| {
            let is_bad = |asked: &&Asked| asked.1 == 512;
            let (bad, good): (Vec<_>, Vec<_>) = asked.iter().partition(is_bad);
            good.into_iter().flat_map(answer).chain(bad.into_iter().flat_map(error)).collect()
        });
        let mut read = link.read_together(&[(0, 512), (512, 512), (1024, 512)]);
        let error = read.remove(1).unwrap_err().to_string();
        assert_eq!(error, "cannot read 0x200 bytes at 0x200: Input/output error (os error 5)");
        assert!(read.into_iter().all(|read| read.is_ok()));
        assert!(link.read(0, &mut [0; 4]).is_ok(), "the connection goes on");
    }

    #[test]
    fn answers_that_nobody_waits_for_end_the_connection() {
        let unknown: Answers =
            |asked| asked.iter().map(|(_, at, len)| ([9; 8], *at, *len)).flat_map(|it| answer(&it)).collect();
        let twice: Answers = |asked| asked.iter().take(1).flat_map(answer).collect::<Vec<u8>>().repeat(3);
        let failed_twice: Answers =
            |asked| asked.iter().take(1).flat_map(error).collect::<Vec<u8>>().repeat(3);
        let cut: Answers = |asked| asked.iter().flat_map(answer).take(700).collect();
        let silent: Answers = |_| Vec::new();
        let noise: Answers = |_| vec![7; 9000];
        let (invalid, closed) = ("the server's reply is not valid NBD", "the server closed the connection");
        for (answers, good, expected) in [
            (unknown, 0, invalid),
            (twice, 1, invalid),
            (failed_twice, 0, invalid),
            (cut, 1, closed),
            (silent, 0, closed),
            (noise, 0, invalid),
        ] {
            let mut link = link(answers);
            let read = link.read_together(&[(0, 512), (1024, 512), (8192, 512)]);
            assert_eq!(read.iter().filter(|read| read.is_ok()).count(), good, "{expected}");
            let last = read.into_iter().next_back().unwrap().unwrap_err().to_string();
            assert_eq!(last, format!("cannot read 0x200 bytes at 0x2000: {expected}"));
            let later = link.read(0, &mut [0; 4]).unwrap_err().to_string();
            assert_eq!(
                later,
                "cannot read 0x200 bytes at 0x0: the connection was lost after an earlier error"
            );
        }
    }
}
