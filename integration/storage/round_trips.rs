//! How often a look at a disk that is far away waits for an answer, counted by a server of the tests' own.

use std::fs;
use std::path::Path;

use crate::support::counting_server::CountingServer;
use crate::support::disk::Disk;
use crate::support::program::bcdrescue;
use crate::support::program::counted;

/// The names of all committed disks, healthy and broken.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".qcow2")?.into())).collect();
    names.sort();
    names
}

#[test]
fn few_answers_are_waited_for() {
    let mut figures = Vec::new();
    for name in names() {
        let disk = Disk::raw(&name);
        let server = CountingServer::over(&disk.path);
        for command in ["check", "inspect"] {
            let run = bcdrescue(&[command, &server.url(), "--json"]);
            assert!([0, 4].contains(&run.code), "{run:?}");
            let rounds = server.rounds();
            let bytes: usize = rounds.iter().flatten().map(|(_, len)| len).sum();
            let requests = rounds.iter().flatten().count();
            if std::env::var_os("BCDRESCUE_ROUNDS").is_some() {
                for round in &rounds {
                    let shown: Vec<String> =
                        round.iter().map(|(at, len)| format!("{at:x}+{len:x}")).collect();
                    eprintln!("{name} {command}: {}", shown.join(" "));
                }
            }
            let said = format!("{name} {command}: {} ({requests} requests, {} KiB)", rounds.len(), bytes >> 10);
            eprintln!("{said}");
            figures.push(said);
        }
    }
    counted("answers waited for over NBD", &figures.join("; "));
}
