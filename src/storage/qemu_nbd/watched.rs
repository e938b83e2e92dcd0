//! One `qemu-nbd` on a socket in a private folder, that ends with us whatever happens.

use std::env;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::bytes::one_line;
use crate::error::way_out::Target;
use crate::storage::StorageError;
use crate::storage::qemu_nbd::starter::Request;

const PROGRAM: &str = "qemu-nbd";
const SOCKET: &str = "nbd";
/// Bytes of what it says that are kept, and letters of them that are shown.
const WORDS_MAX: u64 = 4096;
const SHOWN_MAX: usize = 300;

/// Starts the server and waits for the end of the server or of its own standard input, whose other end only this program has:
/// that comes with the end of this program too, even when it is killed. `qemu-nbd` may miss a signal while it starts, and is sent more.
/// Then the folder is removed. No word of an
/// image or of the user is part of it: all are its arguments.
const WATCH: &str = r#"
folder=$1
shift
trap '' PIPE
PATH=/usr/bin:/bin
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
    read -r _ <&3
    tries=0
    while kill "$server" 2>&-; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || kill -9 "$server"
        sleep 0.1
    done
} &
watch=$!
exec 3<&-
wait "$server"
code=$?
rm -f -- "$folder/nbd"
rmdir -- "$folder"
kill "$watch" 2>&-
exit "$code"
"#;

/// How often the end of a server is waited for, and how long each time: 30 s.
const WAITS: u32 = 15_000;
const WAIT: Duration = Duration::from_millis(2);

/// A running `qemu-nbd` and who watches it.
#[derive(Debug)]
pub(crate) struct Watched {
    child: Child,
    /// Its end is the server's.
    life: Option<ChildStdin>,
    words: Option<JoinHandle<Vec<u8>>>,
    socket: PathBuf,
}

/// Where `qemu-nbd` is.
pub(crate) fn find() -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let is_program = |path: &Path| {
        path.metadata().is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&paths)
        .map(|place| place.join(PROGRAM))
        .find(|path| path.is_absolute() && is_program(path))
}

impl Watched {
    /// Starts it; whether it listens is to be seen.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the folder or a process cannot be made.
    pub(crate) fn start(request: &Request) -> Result<Self, StorageError> {
        let failed = |error| StorageError::io(format!("cannot start {PROGRAM}"), error);
        let folder = tempfile::Builder::new().prefix("bcdrescue-").tempdir().map_err(failed)?;
        let socket = folder.path().join(SOCKET);
        #[expect(clippy::disallowed_methods, reason = "the one place where another program is started")]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCH, "bcdrescue"]).arg(folder.path()).arg(&request.program);
        command.arg("--socket").arg(&socket);
        if request.is_read_only {
            command.arg("--read-only");
        }
        if let Some(file) = &request.key_file {
            let file = utf8(file)?;
            command.arg("--object");
            command.arg(json!({ "qom-type": "secret", "id": "key", "file": file }).to_string());
        }
        command.arg(format!("json:{}", request.node));
        // In a process group of its own an interrupt from the terminal does not end it in the middle of a write.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        // From here on the watcher removes it.
        let _ = folder.keep();
        let words =
            child.stderr.take().and_then(|stderr| thread::Builder::new().spawn(move || drain(stderr)).ok());
        Ok(Self { life: child.stdin.take(), child, words, socket })
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// What it said, when it ends within this time.
    pub(crate) fn ends_within(&mut self, time: Duration) -> Option<String> {
        let until = Instant::now().checked_add(time)?;
        loop {
            match self.ended() {
                None if Instant::now() < until => thread::sleep(WAIT),
                ended => return ended,
            }
        }
    }

    /// What it said, when it has ended.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            _ => {
                let words = self.words.take().and_then(|words| words.join().ok()).unwrap_or_default();
                Some(shown(&String::from_utf8_lossy(&words)))
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.life = None;
        for _ in 0..WAITS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            thread::sleep(WAIT);
        }
    }
}

/// Text as QEMU's options have to be.
pub(crate) fn utf8(path: &Path) -> Result<&str, StorageError> {
    path.to_str().ok_or_else(|| {
        let what = format!("{}: qemu-nbd accepts only UTF-8 names", path.display());
        StorageError::unsupported(what, Target::Utf8)
    })
}

/// The beginning of what comes, and no end to what may be said.
fn drain(mut stderr: impl Read) -> Vec<u8> {
    let mut words = Vec::new();
    let _ = stderr.by_ref().take(WORDS_MAX).read_to_end(&mut words);
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    words
}

/// The first thing that `qemu-nbd` says itself.
fn shown(words: &str) -> String {
    let own = |line: &str| line.split_once("qemu-nbd: ").map(|(_, said)| said.to_owned());
    let said = words.lines().find_map(own).unwrap_or_else(|| words.trim().to_owned());
    // Before the reason it says again what it was told to open.
    let reason = said.rsplit_once("}': ").map_or(said.as_str(), |(_, reason)| reason);
    one_line(reason).chars().take(SHOWN_MAX).collect()
}
