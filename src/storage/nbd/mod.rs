//! Disks behind an NBD server: one that the user names by its URL, or a `qemu-nbd` that this program has started.
//!
//! The one client crate that exists (`nbd`) calls itself a first sketch: it knows neither block sizes, nor the
//! server's reasons, nor a way to say that it leaves. What is needed is small.

pub mod connections;
mod deadline;
mod failure;
pub mod link;
pub mod negotiate;
mod reads;
pub mod url;

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::fcntl::Flock;

use crate::error::way_out::ServerCure;
use crate::storage::Manner;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::check_range;
use crate::storage::nbd::deadline::ANSWER;
use crate::storage::nbd::link::Link;
use crate::storage::nbd::negotiate::Export;
use crate::storage::nbd::url::Address;
use crate::storage::nbd::url::NbdUrl;

/// How long a server may take for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A way to talk to a server.
pub trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// An export to which there is a connection.
pub struct Nbd {
    export: Export,
    link: Mutex<Link<Box<dyn Wire>>>,
    /// What is said before every error: the URL or the image.
    name: String,
    /// The server that was started for it. It is last: told before that the client leaves.
    #[expect(dead_code, reason = "it is only to live as long")]
    server: Option<Box<dyn Send + Sync>>,
    /// What keeps others off the image, after the server has ended.
    #[expect(dead_code, reason = "it is only to live as long")]
    alone: Option<Flock<File>>,
}

impl Nbd {
    /// Connects to the server of a URL; `target` is the URL as the user wrote it.
    ///
    /// # Errors
    /// [`StorageError`] when nobody answers there, or not as an NBD server that has this export.
    pub fn connect(url: &NbdUrl, target: &Path) -> Result<Self, StorageError> {
        let name = target.display().to_string();
        let wire = dial(&url.address).map_err(|error| {
            StorageError::unsupported(format!("{name}: cannot connect: {error}"), ServerCure::Listening)
        })?;
        Self::on(wire, &url.export, name)
    }

    /// Agrees on an export over a connection that stands.
    ///
    /// # Errors
    /// As [`Nbd::connect`].
    pub fn on(wire: Box<dyn Wire>, export: &str, name: String) -> Result<Self, StorageError> {
        let link = Link::new(wire, export).map_err(|error| error.in_file(Path::new(&name)))?;
        Ok(Self { export: link.export(), link: Mutex::new(link), name, server: None, alone: None })
    }

    /// The same, with the server that was started for it and ends with it.
    pub(crate) fn kept_by(self, server: impl Send + Sync + 'static) -> Self {
        Self { server: Some(Box::new(server)), ..self }
    }

    /// The same, with the lock on the image.
    pub(crate) fn alone(self, lock: Flock<File>) -> Self {
        Self { alone: Some(lock), ..self }
    }

    /// Refuses an export that is not to be written, or of which nobody would know when it has been.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`].
    pub fn check_writable(&self) -> Result<(), StorageError> {
        let (what, way_out) = match self.export {
            Export { is_read_only: true, .. } => ("the server exports it read-only", ServerCure::ForWriting),
            Export { can_flush: false, .. } => {
                ("the server does not support flush, so writes cannot be made durable", ServerCure::CanFlush)
            }
            _ => return Ok(()),
        };
        Err(StorageError::unsupported(format!("{}: {what}", self.name), way_out))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&mut Link<Box<dyn Wire>>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        question(&mut link).map_err(|error| error.in_file(Path::new(&self.name)))
    }
}

impl Storage for Nbd {
    fn len(&self) -> u64 {
        self.export.len
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.export.len, offset, buf.len())?;
        self.ask(|link| link.read(offset, buf))
    }

    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        let outside = |(offset, len): &(u64, usize)| check_range(self.export.len, *offset, *len).is_err();
        // Who asks for what is not there asks wrongly, and learns it by the usual way.
        if ranges.iter().any(outside) {
            return ranges.iter().map(|(offset, len)| self.read_vec(*offset, *len)).collect();
        }
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let read = link.read_together(ranges).into_iter();
        read.map(|read| read.map_err(|error| error.in_file(Path::new(&self.name)))).collect()
    }

    fn manner(&self) -> Manner {
        Manner::FAR
    }
}

/// A connection may be shared: who asks has it until all that it asked for is answered.
impl StorageMut for Arc<Nbd> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, bytes.len())?;
        self.ask(|link| link.write(offset, bytes))
    }

    fn check_write(&self, offset: u64, len: usize) -> Result<(), StorageError> {
        check_range(self.len(), offset, len)?;
        self.ask(|link| link.check_blocks(offset, len))
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.ask(Link::flush)
    }
}

fn dial(address: &Address) -> io::Result<Box<dyn Wire>> {
    match address {
        Address::Unix(path) => Ok(Box::new(patient_unix(connect_unix(path)?)?)),
        Address::Tcp(host, port) => {
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            for address in (host.as_str(), *port).to_socket_addrs()? {
                match TcpStream::connect_timeout(&address, CONNECT) {
                    Ok(stream) => {
                        stream.set_read_timeout(Some(ANSWER))?;
                        stream.set_write_timeout(Some(ANSWER))?;
                        stream.set_nodelay(true)?;
                        return Ok(Box::new(stream));
                    }
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

/// A connection to a socket, for which nobody waits longer than for one over TCP: its server may take no more clients.
fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    let (sender, connected) = mpsc::channel();
    let path = path.to_path_buf();
    thread::Builder::new().spawn(move || {
        let _ = sender.send(UnixStream::connect(path));
    })?;
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the server accepts no more clients");
    connected.recv_timeout(CONNECT).map_err(late)?
}

/// The same connection, on which nothing waits for ever.
///
/// # Errors
/// The system's.
pub(crate) fn patient_unix(stream: UnixStream) -> io::Result<UnixStream> {
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    Ok(stream)
}
