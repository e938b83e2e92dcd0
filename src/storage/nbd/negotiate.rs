//! The first talk with an NBD server: which export, how long it is, and what it can.
//!
//! Source: the NBD project's `doc/proto.md`, "Newstyle negotiation". All integers are big-endian.

use std::fmt::Display;
use std::io::Read;
use std::io::Write;

use crate::bytes;
use crate::error::way_out::ServerCure;
use crate::storage::StorageError;

const MAGIC: &[u8; 8] = b"NBDMAGIC";
const OPTION: &[u8; 8] = b"IHAVEOPT";
const OPTION_REPLY: u64 = 0x0003_e889_0455_65a9;

/// Handshake flags, the same in both directions.
const FIXED_NEWSTYLE: u16 = 1;
const NO_ZEROES: u16 = 2;

const OPT_EXPORT_NAME: u32 = 1;
const OPT_GO: u32 = 7;

const REP_ACK: u32 = 1;
const REP_INFO: u32 = 3;
const REP_ERR_UNSUP: u32 = 1 << 31 | 1;
const REP_ERR_POLICY: u32 = 1 << 31 | 2;
const REP_ERR_TLS_REQD: u32 = 1 << 31 | 5;
const REP_ERR_UNKNOWN: u32 = 1 << 31 | 6;

const INFO_EXPORT: u16 = 0;
const INFO_BLOCK_SIZE: u16 = 3;

/// Transmission flags.
const HAS_FLAGS: u16 = 1;
const READ_ONLY: u16 = 1 << 1;
const SEND_FLUSH: u16 = 1 << 2;

/// Replies to one option, and bytes of each, that a server may give.
const REPLIES_MAX: usize = 64;
const REPLY_MAX: u32 = 64 << 10;
/// Letters of a server's own words that are shown.
const WORDS_MAX: usize = 200;
/// Bytes of one request where the server says nothing else (`proto.md`, "Block size constraints").
const REQUEST_MAX: u32 = 32 << 20;

/// What a server says of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// Length in bytes.
    pub len: u64,
    /// Nothing may be written.
    pub is_read_only: bool,
    /// The server can bring what was written to stable storage.
    pub can_flush: bool,
    /// Offset and length of every request are multiples of this many bytes, a power of two.
    pub block: u32,
    /// Bytes of the longest request.
    pub longest: u32,
}

/// Agrees with the server at the other end of `wire` on the export `name`, so that requests may follow.
///
/// # Errors
/// [`StorageError::Io`] when the talk breaks off; [`StorageError::Unsupported`] when it is not NBD's, the server has no
/// such export, or it wants what this program does not speak.
pub fn negotiate(wire: &mut (impl Read + Write), name: &str) -> Result<Export, StorageError> {
    if &read::<8>(wire)? != MAGIC {
        return Err(strange("greeting", "NBDMAGIC", "something else"));
    }
    if &read::<8>(wire)? != OPTION {
        let what = "the server uses oldstyle NBD negotiation, which has no export names";
        return Err(StorageError::unsupported(what, ServerCure::Newer));
    }
    let flags = read_u16(wire)?;
    if flags & FIXED_NEWSTYLE == 0 {
        let what = "the server uses newstyle NBD negotiation, but not the fixed variant";
        return Err(StorageError::unsupported(what, ServerCure::Newer));
    }
    let ours = flags & (FIXED_NEWSTYLE | NO_ZEROES);
    send(wire, &u32::from(ours).to_be_bytes())?;
    match go(wire, name)? {
        Some(export) => checked(export),
        None => checked(by_name(wire, name, ours & NO_ZEROES == 0)?),
    }
}

/// `NBD_OPT_GO`; `None` when the server does not know it.
fn go(wire: &mut (impl Read + Write), name: &str) -> Result<Option<Export>, StorageError> {
    let name_len = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let mut data = name_len.to_be_bytes().to_vec();
    data.extend(name.as_bytes());
    data.extend(1u16.to_be_bytes());
    data.extend(INFO_BLOCK_SIZE.to_be_bytes());
    option(wire, OPT_GO, &data)?;
    let mut export = None;
    let (mut block, mut longest) = (1, REQUEST_MAX);
    for _ in 0..REPLIES_MAX {
        let (kind, reply) = reply(wire)?;
        match kind {
            REP_ACK => {
                let (len, flags) =
                    export.ok_or_else(|| strange("NBD_OPT_GO", "the export's size", "none"))?;
                return Ok(Some(Export { block, longest, ..plain(len, flags) }));
            }
            REP_INFO => match bytes::be_u16(&reply, 0) {
                Some(INFO_EXPORT) => export = bytes::be_u64(&reply, 2).zip(bytes::be_u16(&reply, 10)),
                Some(INFO_BLOCK_SIZE) => {
                    block = bytes::be_u32(&reply, 2).unwrap_or(block);
                    longest = bytes::be_u32(&reply, 10).unwrap_or(longest);
                }
                _ => {}
            },
            REP_ERR_UNSUP => return Ok(None),
            _ => return Err(refused(kind, &reply, name)),
        }
    }
    Err(strange("NBD_OPT_GO", format!("an end within {REPLIES_MAX} replies"), "more"))
}

/// `NBD_OPT_EXPORT_NAME`, which every server knows, and which ends the talk when there is no such export.
fn by_name(wire: &mut (impl Read + Write), name: &str, zeroes: bool) -> Result<Export, StorageError> {
    option(wire, OPT_EXPORT_NAME, name.as_bytes())?;
    let export = plain(read_u64(wire)?, read_u16(wire)?);
    if zeroes {
        read::<124>(wire)?;
    }
    Ok(export)
}

fn plain(len: u64, flags: u16) -> Export {
    let has = |flag| flags & HAS_FLAGS != 0 && flags & flag != 0;
    Export { len, is_read_only: has(READ_ONLY), can_flush: has(SEND_FLUSH), block: 1, longest: REQUEST_MAX }
}

/// Bounds of `proto.md`: a block is a power of two of at most 64 KiB, and a request can hold one.
fn checked(export: Export) -> Result<Export, StorageError> {
    let Export { block, longest, len, .. } = export;
    if !block.is_power_of_two() || block > 1 << 16 {
        return Err(strange("minimum block size", "a power of two up to 65536", block));
    }
    if longest < block.max(512) {
        return Err(strange("maximum block size", format!("{} or more", block.max(512)), longest));
    }
    if !len.is_multiple_of(block.into()) {
        return Err(strange("export size", format!("a multiple of {block}"), format!("0x{len:x}")));
    }
    Ok(export)
}

fn refused(kind: u32, reply: &[u8], name: &str) -> StorageError {
    let words = String::from_utf8_lossy(reply);
    let words: String = words.chars().take(WORDS_MAX).collect();
    let words = if words.is_empty() { String::new() } else { format!(" ({})", bytes::one_line(&words)) };
    let name = if name.is_empty() { "its default export".into() } else { format!("export {name:?}") };
    match kind {
        REP_ERR_UNKNOWN => {
            StorageError::unsupported(format!("the server does not have {name}{words}"), ServerCure::Exports)
        }
        REP_ERR_TLS_REQD => StorageError::unsupported(
            format!("the server requires TLS, which is not supported{words}"),
            ServerCure::TunnelOrSocket,
        ),
        REP_ERR_POLICY => StorageError::unsupported(
            format!("the server does not allow access to {name}{words}"),
            ServerCure::Policy,
        ),
        _ => StorageError::unsupported(
            format!("the server refused {name} with error 0x{kind:x}{words}"),
            ServerCure::Messages,
        ),
    }
}

fn option(wire: &mut impl Write, option: u32, data: &[u8]) -> Result<(), StorageError> {
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let head = [OPTION.as_slice(), &option.to_be_bytes(), &len.to_be_bytes(), data];
    send(wire, &head.concat())
}

/// Kind and data of one reply to an option.
fn reply(wire: &mut impl Read) -> Result<(u32, Vec<u8>), StorageError> {
    let magic = read_u64(wire)?;
    if magic != OPTION_REPLY {
        return Err(strange("reply to an option", format!("0x{OPTION_REPLY:x}"), format!("0x{magic:x}")));
    }
    let _option: [u8; 4] = read(wire)?;
    let kind = read_u32(wire)?;
    let len = read_u32(wire)?;
    if len > REPLY_MAX {
        return Err(strange(
            "reply to an option",
            format!("at most 0x{REPLY_MAX:x} bytes"),
            format!("0x{len:x}"),
        ));
    }
    let mut data = vec![0; usize::try_from(len).unwrap_or_default()];
    wire.read_exact(&mut data).map_err(|error| broken(&error))?;
    Ok((kind, data))
}

fn read<const N: usize>(wire: &mut impl Read) -> Result<[u8; N], StorageError> {
    let mut bytes = [0; N];
    wire.read_exact(&mut bytes).map_err(|error| broken(&error))?;
    Ok(bytes)
}

fn read_u16(wire: &mut impl Read) -> Result<u16, StorageError> {
    Ok(bytes::be_u16(&read::<2>(wire)?, 0).unwrap_or_default())
}

fn read_u32(wire: &mut impl Read) -> Result<u32, StorageError> {
    Ok(bytes::be_u32(&read::<4>(wire)?, 0).unwrap_or_default())
}

fn read_u64(wire: &mut impl Read) -> Result<u64, StorageError> {
    Ok(bytes::be_u64(&read::<8>(wire)?, 0).unwrap_or_default())
}

fn send(wire: &mut impl Write, bytes: &[u8]) -> Result<(), StorageError> {
    wire.write_all(bytes).and_then(|()| wire.flush()).map_err(|error| broken(&error))
}

fn broken(error: &std::io::Error) -> StorageError {
    StorageError::io("the server closed the connection during negotiation", error.kind())
}

fn strange(what: &str, expected: impl Display, found: impl Display) -> StorageError {
    StorageError::unsupported(
        format!("not an NBD server: {what}: expected {expected}, found {found}"),
        ServerCure::Address,
    )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A server that says this and keeps what it hears.
    struct Wire {
        says: Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Wire {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.says.read(buf)
        }
    }

    impl Write for Wire {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            self.heard.write(buf)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn talk(parts: &[&[u8]]) -> (Result<Export, StorageError>, Vec<u8>) {
        let mut wire = Wire { says: Cursor::new(parts.concat()), heard: Vec::new() };
        let export = negotiate(&mut wire, "disk");
        (export, wire.heard)
    }

    fn said(kind: u32, data: &[u8]) -> Vec<u8> {
        let len = u32::try_from(data.len()).unwrap().to_be_bytes();
        let head = [&OPTION_REPLY.to_be_bytes()[..], &OPT_GO.to_be_bytes(), &kind.to_be_bytes(), &len, data];
        head.concat()
    }

    const HELLO: &[u8] = b"NBDMAGICIHAVEOPT\0\x03";

    #[test]
    fn an_export_is_agreed_on_with_its_block_sizes() {
        let size = [&[0, 0][..], &0x4000_0000u64.to_be_bytes(), &[0, 0b111]].concat();
        let blocks = [[0, 3, 0, 0], [16, 0, 0, 0], [16, 0, 0, 2], [0, 0, 0, 0]].concat();
        let (export, heard) =
            talk(&[HELLO, &said(REP_INFO, &blocks), &said(REP_INFO, &size), &said(REP_ACK, &[])]);
        let expected =
            Export { len: 1 << 30, is_read_only: true, can_flush: true, block: 4096, longest: 2 << 16 };
        assert_eq!(export.unwrap(), expected);
        assert_eq!(heard, b"\0\0\0\x03IHAVEOPT\0\0\0\x07\0\0\0\x0c\0\0\0\x04disk\0\x01\0\x03");
    }

    #[test]
    fn an_old_server_is_asked_by_name() {
        let size = [&512u64.to_be_bytes()[..], &[0, 1], &[0; 124]].concat();
        let hello = b"NBDMAGICIHAVEOPT\0\x01";
        let (export, heard) = talk(&[hello, &said(REP_ERR_UNSUP, &[]), &size]);
        let expected =
            Export { len: 512, is_read_only: false, can_flush: false, block: 1, longest: REQUEST_MAX };
        assert_eq!(export.unwrap(), expected);
        assert!(heard.ends_with(b"IHAVEOPT\0\0\0\x01\0\0\0\x04disk"));
    }

    #[test]
    fn whatever_else_a_server_says_is_one_line() {
        let info = |data: &[u8]| said(REP_INFO, data);
        let size = |len: u64| info(&[&[0, 0][..], &len.to_be_bytes(), &[0, 1]].concat());
        let blocks = |least: u32, most: u32| {
            let sizes = [least, least, most].map(u32::to_be_bytes).concat();
            info(&[&[0, 3][..], &sizes].concat())
        };
        let ack = said(REP_ACK, &[]);
        let endless = ack.repeat(0).into_iter().chain(info(&[0, 9]).repeat(65)).collect::<Vec<u8>>();
        let long = [&OPTION_REPLY.to_be_bytes()[..], &[0, 0, 0, 7, 0, 0, 0, 3, 0, 1, 0, 1]].concat();
        for (parts, expected, cure) in [
            (vec![&b"SSH-2.0-OpenSSH_9.2"[..]], "found something else", Some(ServerCure::Address)),
            (
                vec![b"NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53"],
                "the server uses oldstyle NBD",
                Some(ServerCure::Newer),
            ),
            (vec![b"NBDMAGICIHAVEOPT\0\0"], "but not the fixed variant", Some(ServerCure::Newer)),
            (
                vec![b"NBD"],
                "the server closed the connection during negotiation: unexpected end of file",
                None,
            ),
            (
                vec![HELLO, &said(REP_ERR_UNKNOWN, b"no\nsuch\x1b[2J")],
                "the server does not have export \"disk\" (no\\nsuch\\u{1b}[2J)",
                Some(ServerCure::Exports),
            ),
            (
                vec![HELLO, &said(REP_ERR_TLS_REQD, &[])],
                "the server requires TLS",
                Some(ServerCure::TunnelOrSocket),
            ),
            (
                vec![HELLO, &said(REP_ERR_POLICY, &[])],
                "the server does not allow access to export",
                Some(ServerCure::Policy),
            ),
            (vec![HELLO, &said(1 << 31 | 99, &[])], "with error 0x80000063", Some(ServerCure::Messages)),
            (vec![HELLO, &ack], "expected the export's size, found none", Some(ServerCure::Address)),
            (vec![HELLO, &endless], "expected an end within 64 replies", Some(ServerCure::Address)),
            (vec![HELLO, &long], "expected at most 0x10000 bytes, found 0x10001", Some(ServerCure::Address)),
            (
                vec![HELLO, &[7; 20]],
                "reply to an option: expected 0x3e889045565a9, found 0x707070707070707",
                Some(ServerCure::Address),
            ),
            (
                vec![HELLO, &size(512), &blocks(3, 4096), &ack],
                "expected a power of two up to 65536, found 3",
                Some(ServerCure::Address),
            ),
            (
                vec![HELLO, &size(512), &blocks(0, 4096), &ack],
                "expected a power of two",
                Some(ServerCure::Address),
            ),
            (
                vec![HELLO, &size(512), &blocks(4096, 512), &ack],
                "maximum block size: expected 4096 or more",
                Some(ServerCure::Address),
            ),
            (
                vec![HELLO, &size(513), &blocks(512, 4096), &ack],
                "expected a multiple of 512, found 0x201",
                Some(ServerCure::Address),
            ),
        ] {
            let (error, way_out) = talk(&parts).0.unwrap_err().told();
            assert_eq!(way_out, cure.map(Into::into), "{error}");
            assert!(error.contains(expected) && !error.contains('\n'), "{expected}: {error}");
        }
    }
}
