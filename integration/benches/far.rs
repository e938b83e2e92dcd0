//! A disk behind a server that takes 20 ms for each answer: nbdkit with its filter for that.

use std::path::Path;

use crate::server::Server;

/// A raw disk under the name of every export, each answer of which takes 20 ms.
fn serve(disk: &Path, socket: &Path) -> Result<Server, String> {
    let file = format!("file={}", crate::text(disk));
    let how = ["--foreground", "--readonly", "--filter=delay", "--unix", crate::text(socket)];
    Server::start("nbdkit", &[&how[..], &["file", &file, "rdelay=20ms"]].concat(), socket)
}

/// Times `check` and `inspect` of a raw disk.
pub(crate) fn bench(name: &str, disk: &Path, folder: &Path) -> Result<(), String> {
    let socket = folder.join(format!("{name}.socket"));
    let _server = serve(disk, &socket)?;
    let url = format!("nbd+unix:///?socket={}", crate::text(&socket));
    for command in ["check", "inspect"] {
        let times = crate::time(11, || {}, &mut || crate::run(crate::PROGRAM, &[command, &url]));
        crate::row(&format!("{command} {name}, 20 ms away"), &times, None);
    }
    Ok(())
}

/// Times a list of 200 disks: as many at a time as there are processors, and as the program does it.
pub(crate) fn bench_list(disk: &Path, folder: &Path) -> Result<(), String> {
    let socket = folder.join("fleet.socket");
    let _server = serve(disk, &socket)?;
    let list = folder.join("fleet.list");
    let urls = (0..200).map(|number| format!("nbd+unix:///{number}?socket={}\n", crate::text(&socket)));
    std::fs::write(&list, urls.collect::<String>()).map_err(|error| error.to_string())?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    let list = format!("@{}", crate::text(&list));
    for (name, jobs) in [("-j processors", &["-j", &processors][..]), ("the usual -j", &[])] {
        let arguments = [&["check", "--jsonl", &list], jobs].concat();
        let times = crate::time(3, || {}, &mut || crate::run(crate::PROGRAM, &arguments));
        crate::row(&format!("200 disks 20 ms away, {name}"), &times, None);
    }
    Ok(())
}
