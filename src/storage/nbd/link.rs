//! Requests to an NBD server: reads together, all else one after the other.
//!
//! Source: the NBD project's `doc/proto.md`, "Transmission". All integers are big-endian.

use std::cell::RefCell;
use std::io;
use std::io::Read;
use std::io::Write;

use crate::bytes;
use crate::error::way_out::ServerCure;
use crate::storage::StorageError;
use crate::storage::nbd::deadline::ANSWER;
use crate::storage::nbd::deadline::Patient;
use crate::storage::nbd::failure::failed;
use crate::storage::nbd::failure::lost;
use crate::storage::nbd::failure::named;
use crate::storage::nbd::failure::server_error;
use crate::storage::nbd::negotiate::Export;
use crate::storage::nbd::negotiate::negotiate;
use crate::storage::nbd::reads::Reads;

const REQUEST: u32 = 0x2560_9513;
const REPLY: u32 = 0x6744_6698;

const CMD_READ: u16 = 0;
const CMD_WRITE: u16 = 1;
const CMD_DISC: u16 = 2;
const CMD_FLUSH: u16 = 3;

/// Bytes asked for at once, at most: no more memory and no longer a wait than that.
const CHUNK: u64 = 1 << 20;

/// A connection on which an export was agreed.
pub struct Link<W: Read + Write> {
    wire: Patient<W>,
    export: Export,
    /// Number of the next request, by which its reply is known.
    cookie: u64,
    /// Why the server can no longer be understood.
    broken: Option<io::ErrorKind>,
}

impl<W: Read + Write> Link<W> {
    /// Agrees on the export `name` with the server at the other end of `wire`.
    ///
    /// # Errors
    /// As [`negotiate`].
    pub fn new(wire: W, name: &str) -> Result<Self, StorageError> {
        let mut wire = Patient::new(wire, ANSWER);
        let export = negotiate(&mut wire, name)?;
        Ok(Self { wire, export, cookie: 0, broken: None })
    }

    /// What was agreed on.
    #[must_use]
    pub fn export(&self) -> Export {
        self.export
    }

    /// Fills `buf` from byte `offset`; the range lies inside the export.
    ///
    /// # Errors
    /// [`StorageError::Io`].
    pub fn read(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        for read in self.read_together(&[(offset, buf.len())]) {
            buf.copy_from_slice(&read?);
        }
        Ok(())
    }

    /// The bytes of each of these ranges (offset, length), which lie inside the export. They are asked for together.
    pub fn read_together(&mut self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        let mut reads = Reads::new(ranges, self.export.block, self.chunk());
        if let Some(kind) = self.broken {
            reads.give_up(&|| lost(kind));
        } else if let Err(error) = self.exchange(&mut reads) {
            self.broken = Some(error.kind());
            // Of one error there is one; the others are told its kind.
            let first = RefCell::new(Some(named(error)));
            let kind = self.broken.unwrap_or(io::ErrorKind::Other);
            reads.give_up(&|| first.take().unwrap_or_else(|| named(kind.into())));
        }
        reads.outcomes()
    }

    /// Asks and takes answers until nothing is left.
    fn exchange(&mut self, reads: &mut Reads) -> io::Result<()> {
        self.wire.begin();
        let until = self.wire.many();
        loop {
            let mut heads = Vec::new();
            while let Some(part) = reads.next(self.cookie.wrapping_add(1).to_be_bytes()) {
                self.cookie = self.cookie.wrapping_add(1);
                heads.extend(head(CMD_READ, self.cookie.to_be_bytes(), part.offset, part.len()));
            }
            self.wire.write_all(&heads)?;
            self.wire.flush()?;
            if !reads.is_under_way() {
                return Ok(());
            }
            let (cookie, error) = self.reply()?;
            let refused = (error != 0).then(|| server_error(error));
            reads.take(cookie, refused, |buf| self.wire.read_exact(buf))?;
            self.wire.begin_before(until);
        }
    }

    /// Cookie and error number of the next reply.
    fn reply(&mut self) -> io::Result<([u8; 8], u32)> {
        let mut reply = [0; 16];
        self.wire.read_exact(&mut reply)?;
        let is_reply = bytes::be_u32(&reply, 0) == Some(REPLY);
        let error = bytes::be_u32(&reply, 4).filter(|_| is_reply).ok_or(io::ErrorKind::InvalidData)?;
        let cookie = reply.last_chunk().copied().ok_or(io::ErrorKind::InvalidData)?;
        Ok((cookie, error))
    }

    /// Refuses to write what is not whole blocks of the server.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`].
    pub fn check_blocks(&self, offset: u64, len: usize) -> Result<(), StorageError> {
        let block = u64::from(self.export.block);
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        if offset.is_multiple_of(block) && len.is_multiple_of(block) {
            return Ok(());
        }
        let what = format!("the server requires {block}-byte blocks, and the disk has smaller sectors");
        Err(StorageError::unsupported(what, ServerCure::SmallerBlocks))
    }

    /// Writes all of `bytes` at byte `offset`; the range lies inside the export.
    ///
    /// # Errors
    /// As [`Link::check_blocks`]; [`StorageError::Io`].
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.check_blocks(offset, bytes.len())?;
        let mut at = offset;
        for chunk in bytes.chunks(self.chunk()) {
            self.request(CMD_WRITE, at, chunk).map_err(|error| failed("write", at, chunk.len(), error))?;
            at = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// Returns once all that was written is on stable storage.
    ///
    /// # Errors
    /// [`StorageError::Io`].
    pub fn flush(&mut self) -> Result<(), StorageError> {
        self.request(CMD_FLUSH, 0, &[])
            .map_err(|error| StorageError::io("the server does not support flush", error))
    }

    /// Bytes of the longest request, in whole blocks.
    fn chunk(&self) -> usize {
        let most = u64::from(self.export.longest).min(CHUNK);
        let block = u64::from(self.export.block).max(1);
        let whole = most.saturating_sub(most.checked_rem(block).unwrap_or(0)).max(block);
        usize::try_from(whole).unwrap_or(usize::MAX)
    }

    fn request(&mut self, command: u16, offset: u64, sent: &[u8]) -> io::Result<()> {
        if let Some(kind) = self.broken {
            return Err(lost(kind));
        }
        match self.talk(command, offset, sent) {
            Ok(0) => Ok(()),
            Ok(error) => Err(server_error(error)),
            Err(error) => {
                self.broken = Some(error.kind());
                Err(named(error))
            }
        }
    }

    /// One request and its reply: the server's error number, 0 for none.
    fn talk(&mut self, command: u16, offset: u64, sent: &[u8]) -> io::Result<u32> {
        self.wire.begin();
        self.cookie = self.cookie.wrapping_add(1);
        let cookie = self.cookie.to_be_bytes();
        self.wire.write_all(&head(command, cookie, offset, sent.len()))?;
        self.wire.write_all(sent)?;
        self.wire.flush()?;
        match self.reply()? {
            (of, error) if of == cookie => Ok(error),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl<W: Read + Write> Drop for Link<W> {
    fn drop(&mut self) {
        // A server that is not told learns it from the closed connection.
        self.wire.begin();
        let _ = self.wire.write_all(&head(CMD_DISC, [0; 8], 0, 0)).and_then(|()| self.wire.flush());
    }
}

fn head(command: u16, cookie: [u8; 8], offset: u64, len: usize) -> Vec<u8> {
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    [
        REQUEST.to_be_bytes().as_slice(),
        &[0, 0],
        &command.to_be_bytes(),
        &cookie,
        &offset.to_be_bytes(),
        &len.to_be_bytes(),
    ]
    .concat()
}
