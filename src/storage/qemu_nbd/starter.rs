//! Who starts programs: a thread of its own, that the others may give that right up before they read a hostile byte.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use crate::error::way_out::Moment;
use crate::storage::StorageError;
use crate::storage::qemu_nbd::watched::Watched;

/// What `qemu-nbd` is to serve.
#[derive(Debug)]
pub(crate) struct Request {
    /// Where `qemu-nbd` is.
    pub(crate) program: PathBuf,
    /// The image and all files that belong to it, as QEMU's block nodes.
    pub(crate) node: Value,
    /// The file with the passphrase of what is encrypted.
    pub(crate) key_file: Option<PathBuf>,
    /// Nothing will be written.
    pub(crate) is_read_only: bool,
}

struct Job {
    request: Request,
    answer: mpsc::Sender<Result<Watched, StorageError>>,
}

/// Starts `qemu-nbd`: by default in the thread that asks.
#[derive(Debug, Clone, Default)]
pub struct Starter(Option<mpsc::Sender<Job>>);

impl Starter {
    /// A starter that does it in a thread of its own, which calls `before` first: what it gives up there, the programs that it
    /// starts do not have either. Where no thread can be had, programs are started by those who ask.
    #[must_use]
    pub fn in_own_thread(before: impl FnOnce() + Send + 'static) -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        let (ready, begun) = mpsc::channel();
        let work = move || {
            before();
            let _ = ready.send(());
            for Job { request, answer } in jobs {
                // Who no longer waits gets no server: it ends when it is dropped.
                let _ = answer.send(Watched::start(&request));
            }
        };
        let thread = thread::Builder::new().name("starter".into()).spawn(work);
        Self(thread.ok().and_then(|_| begun.recv().ok()).map(|()| sender))
    }

    pub(crate) fn start(&self, request: Request) -> Result<Watched, StorageError> {
        let Some(thread) = &self.0 else { return Watched::start(&request) };
        let (answer, answered) = mpsc::channel();
        let gone = || StorageError::unsupported("the thread that starts qemu-nbd has ended", Moment::Now);
        thread.send(Job { request, answer }).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}
