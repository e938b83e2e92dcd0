//! A guest's serial port: text in, text out.

use std::io::Read;
use std::io::Write;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::channel;
use std::time::Duration;
use std::time::Instant;

use super::PATIENCE;

/// The console of one guest.
pub struct Console {
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    /// What the guest has said and nobody has asked for yet.
    heard: String,
}

impl Console {
    /// Listens to a QEMU whose serial port is its standard input and output. With `BCDRESCUE_CONSOLE` set, what the
    /// guest says is shown on the terminal too.
    pub fn new(input: ChildStdin, mut output: ChildStdout) -> Self {
        let (sender, receiver) = channel();
        let is_shown = std::env::var_os("BCDRESCUE_CONSOLE").is_some();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = output.read(&mut buffer)
                && count > 0
            {
                if is_shown {
                    let _ = std::io::stderr().write_all(&buffer[..count]);
                }
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { input, output: receiver, heard: String::new() }
    }

    /// Types a line.
    pub fn send(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).expect("the guest listens");
        self.input.flush().expect("the guest listens");
    }

    /// Types these bytes.
    pub fn type_keys(&mut self, keys: &[u8]) {
        self.input.write_all(keys).expect("the guest listens");
        self.input.flush().expect("the guest listens");
    }

    /// Waits until the guest has said `text`; gives all that it said before that.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(at) = self.heard.find(text) {
                let before = self.heard[..at].to_owned();
                self.heard.drain(..at + text.len());
                return before;
            }
            let heard = self.output.recv_timeout(PATIENCE.saturating_sub(start.elapsed()));
            let Ok(bytes) = heard else {
                panic!("expected {text:?}, but the guest ended with:\n{}", self.heard)
            };
            self.hear(&bytes);
        }
    }

    /// Whether the guest has said `text` by now.
    pub fn has_said(&mut self, text: &str) -> bool {
        while let Ok(bytes) = self.output.try_recv() {
            self.hear(&bytes);
        }
        self.heard.contains(text)
    }

    /// All that the guest says until it ends.
    #[track_caller]
    pub fn rest(&mut self) -> String {
        let start = Instant::now();
        loop {
            match self.output.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
                Ok(bytes) => self.hear(&bytes),
                Err(RecvTimeoutError::Disconnected) => return std::mem::take(&mut self.heard),
                Err(RecvTimeoutError::Timeout) => panic!("the guest does not end; it said:\n{}", self.heard),
            }
        }
    }

    /// All that the guest says until it ends, or has said nothing more for so long.
    #[track_caller]
    pub fn until_quiet(&mut self, quiet: Duration) -> String {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let wait = if self.heard.is_empty() { left } else { quiet.min(left) };
            match self.output.recv_timeout(wait) {
                Ok(bytes) => self.hear(&bytes),
                Err(_) => return std::mem::take(&mut self.heard),
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).filter(|c| *c != '\r').collect();
        self.heard.push_str(&text);
    }
}
