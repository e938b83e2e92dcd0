//! An NBD server that counts what it is asked for, and how often its client had to wait for an answer before it asked on.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::support::program::text;

/// How long nothing more must come until what came is answered: then the client waits.
const QUIET: Duration = Duration::from_millis(8);
/// Length of a request without data in bytes (`doc/proto.md` of the NBD project, "Request message").
const REQUEST: usize = 28;

/// Requests that were under way together, each as offset and length in bytes.
pub type Round = Vec<(u64, usize)>;

/// A server of one raw disk, under the name of every export.
pub struct CountingServer {
    folder: tempfile::TempDir,
    rounds: Arc<Mutex<Vec<Round>>>,
    waiting: Arc<Waiting>,
}

/// Clients that wait for an answer.
#[derive(Default)]
struct Waiting {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl CountingServer {
    pub fn over(disk: &Path) -> Self {
        Self::unhurried(disk, QUIET)
    }

    /// One that waits for so long for more requests before it answers.
    pub fn unhurried(disk: &Path, quiet: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let rounds = Arc::<Mutex<Vec<Round>>>::default();
        let (disk, heard) = (Arc::new(fs::File::open(disk).unwrap()), Arc::clone(&rounds));
        let waiting = Arc::<Waiting>::default();
        let counted = Arc::clone(&waiting);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (disk, heard, counted) = (Arc::clone(&disk), Arc::clone(&heard), Arc::clone(&counted));
                thread::spawn(move || serve(client.unwrap(), quiet, &disk, &heard, &counted));
            }
        });
        Self { folder, rounds, waiting }
    }

    pub fn url(&self) -> String {
        self.export("")
    }

    pub fn export(&self, name: &str) -> String {
        format!("nbd+unix:///{name}?socket={}", text(&self.folder.path().join("socket")))
    }

    /// The most clients that waited for an answer at the same time.
    pub fn most_waiting(&self) -> usize {
        self.waiting.most.load(Ordering::SeqCst)
    }

    /// What was asked for since this was asked last.
    pub fn rounds(&self) -> Vec<Round> {
        std::mem::take(&mut self.rounds.lock().unwrap())
    }
}

/// Answers until the client leaves.
fn serve(
    mut client: UnixStream,
    quiet: Duration,
    disk: &fs::File,
    rounds: &Mutex<Vec<Round>>,
    waiting: &Waiting,
) -> io::Result<()> {
    greet(&mut client, disk.metadata()?.len())?;
    loop {
        let first = request(&mut client)?;
        let now = waiting.now.fetch_add(1, Ordering::SeqCst) + 1;
        let round = gathered(&mut client, first, quiet);
        waiting.now.fetch_sub(1, Ordering::SeqCst);
        let round = round?;
        let reads = round.iter().filter(|request| request[7] == 0);
        let asked: Round = reads.map(|request| (number(&request[16..24]), len(request))).collect();
        // A client that leaves waits for nothing.
        if asked.len() < round.len() {
            return Ok(());
        }
        waiting.most.fetch_max(now, Ordering::SeqCst);
        rounds.lock().unwrap().push(asked);
        // In an order that the client did not ask in, as the protocol lets a server.
        for request in round.iter().rev() {
            let mut data = vec![0; len(request)];
            disk.read_exact_at(&mut data, number(&request[16..24]))?;
            client.write_all(&[&[0x67, 0x44, 0x66, 0x98, 0, 0, 0, 0], &request[8..16], &data].concat())?;
        }
    }
}

/// The request `first`, and all that come before it is quiet for so long.
fn gathered(
    client: &mut UnixStream,
    first: [u8; REQUEST],
    quiet: Duration,
) -> io::Result<Vec<[u8; REQUEST]>> {
    let mut round = vec![first];
    while let Some(begin) = more(client, quiet)? {
        round.push(with_first(client, begin)?);
    }
    Ok(round)
}

/// The talk before: every export is this disk (`doc/proto.md`, "Newstyle negotiation").
fn greet(client: &mut UnixStream, len: u64) -> io::Result<()> {
    client.write_all(b"NBDMAGICIHAVEOPT\0\x03")?;
    let mut head = [0; 20];
    client.read_exact(&mut head)?;
    let mut option = vec![0; number(&head[16..20]) as usize];
    client.read_exact(&mut option)?;
    let reply = |kind: u32, data: &[u8]| {
        let len = u32::try_from(data.len()).unwrap();
        let magic = 0x0003_e889_0455_65a9u64.to_be_bytes();
        [magic.as_slice(), &[0, 0, 0, 7], &kind.to_be_bytes(), &len.to_be_bytes(), data].concat()
    };
    client.write_all(&reply(3, &[&[0, 0][..], &len.to_be_bytes(), &[0, 5]].concat()))?;
    client.write_all(&reply(1, &[]))
}

fn request(client: &mut UnixStream) -> io::Result<[u8; REQUEST]> {
    let mut first = [0; 1];
    client.read_exact(&mut first)?;
    with_first(client, first[0])
}

/// The request that began with this byte.
fn with_first(client: &mut UnixStream, first: u8) -> io::Result<[u8; REQUEST]> {
    let mut request = [first; REQUEST];
    client.read_exact(&mut request[1..])?;
    Ok(request)
}

/// What another request begins with, where one comes before it is quiet for so long.
fn more(client: &mut UnixStream, quiet: Duration) -> io::Result<Option<u8>> {
    let mut first = [0; 1];
    client.set_read_timeout(Some(quiet))?;
    let read = client.read(&mut first);
    client.set_read_timeout(None)?;
    match read {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(Some(first[0])),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

fn len(request: &[u8; REQUEST]) -> usize {
    number(&request[24..]) as usize
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
