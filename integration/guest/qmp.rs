//! QEMU's own interface, for what the guest cannot tell: how many writes have reached a disk.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;
use serde_json::json;

use super::PATIENCE;

/// A connection to one QEMU.
pub struct Qmp {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Qmp {
    /// Connects to the socket that a QEMU that was just started makes.
    pub fn connect(socket: &Path) -> Self {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < PATIENCE, "QEMU: {error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let reader = BufReader::new(stream.try_clone().expect("a socket"));
        let mut qmp = Self { stream, reader };
        qmp.read();
        qmp.ask("qmp_capabilities");
        qmp
    }

    /// The answer to a command without arguments.
    pub fn ask(&mut self, command: &str) -> Json {
        self.ask_with(command, &json!({}))
    }

    /// The answer to a command.
    pub fn ask_with(&mut self, command: &str, arguments: &Json) -> Json {
        let request = json!({ "execute": command, "arguments": arguments });
        writeln!(self.stream, "{request}").expect("QEMU listens");
        loop {
            let answer = self.read();
            assert!(answer.get("error").is_none(), "{command}: {answer}");
            // Events come in between.
            if let Some(value) = answer.get("return") {
                return value.clone();
            }
        }
    }

    /// How many writes the disk `number` has completed.
    pub fn writes(&mut self, number: usize) -> u64 {
        let all = self.ask("query-blockstats");
        let is_it = |entry: &&Json| {
            entry["qdev"].as_str().is_some_and(|name| name.contains(&format!("/disk{number}/")))
        };
        let entry = all.as_array().expect("a list").iter().find(is_it).expect("the disk");
        entry["stats"]["wr_operations"].as_u64().expect("a number")
    }

    fn read(&mut self) -> Json {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("QEMU answers");
        serde_json::from_str(&line).expect("JSON")
    }
}
