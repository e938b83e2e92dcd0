//! What went wrong with a server, as errors.

use std::io;

use crate::storage::StorageError;

/// Error numbers are Linux's for the few that the protocol has (`proto.md`, "Error values").
pub(super) fn server_error(error: u32) -> io::Error {
    match i32::try_from(error) {
        Ok(number @ (1 | 5 | 12 | 22 | 28 | 75 | 95 | 108)) => io::Error::from_raw_os_error(number),
        _ => io::Error::other(format!("the server reports error {error}")),
    }
}

/// What happened to the connection, in words.
pub(super) fn named(error: io::Error) -> io::Error {
    let words = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "the server does not respond",
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "the server closed the connection"
        }
        io::ErrorKind::InvalidData => "the server's reply is not valid NBD",
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

/// Of a connection on which nothing more is tried.
pub(super) fn lost(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, "the connection was lost after an earlier error")
}

/// What could not be done, and where.
pub(super) fn failed(what: &str, at: u64, len: usize, error: io::Error) -> StorageError {
    StorageError::io(format!("cannot {what} 0x{len:x} bytes at 0x{at:x}"), error)
}
