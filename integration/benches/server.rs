//! A server on a socket, which ends with the measurement.

use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// A server that listens.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a program, and waits until its socket is there.
    pub(crate) fn start(program: &str, arguments: &[&str], socket: &Path) -> Result<Self, String> {
        let child = Command::new(program).args(arguments).stdout(Stdio::null()).spawn();
        let mut server = Self(child.map_err(|error| format!("{program}: {error}"))?);
        let until = Instant::now() + START;
        while !socket.exists() {
            let ended = server.0.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > until {
                return Err(format!("{program} does not start"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
