//! A disk behind a server that takes 20 ms for each answer: nbdkit with its filter for that.

use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// nbdkit, which ends with the measurement.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A raw disk under the name of every export, each answer of which takes 20 ms.
fn serve(disk: &Path, socket: &Path) -> Result<Server, String> {
    let file = format!("file={}", crate::text(disk));
    let child = Command::new("nbdkit")
        .args(["--foreground", "--readonly", "--filter=delay", "--unix", crate::text(socket)])
        .args(["file", &file, "rdelay=20ms"])
        .stdout(Stdio::null())
        .spawn();
    let mut server = Server(child.map_err(|error| format!("nbdkit: {error}"))?);
    let until = Instant::now() + Duration::from_secs(20);
    while !socket.exists() {
        let ended = server.0.try_wait().map_err(|error| error.to_string())?;
        if ended.is_some() || Instant::now() > until {
            return Err("nbdkit does not start".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(server)
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
pub(crate) fn bench_fleet(disk: &Path, folder: &Path) -> Result<(), String> {
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
