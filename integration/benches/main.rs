//! `make bench`: whole-process wall time, bytes read and peak memory of `check` and `fix`, beside the way without this
//! program: losetup, ntfs-3g and hivexsh doing the same edit (root, raw images only).
//!
//! Figures are medians over many runs on a warm cache; nothing here asserts a time.

#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::disallowed_methods)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod appliance;
mod far;
mod fleet;
#[path = "../support/make_image.rs"]
mod make_image;
mod peer;
mod programs;
mod server;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use nix::fcntl::PosixFadviseAdvice;
use nix::fcntl::posix_fadvise;
use nix::sys::resource::UsageWho;
use nix::sys::resource::getrusage;

use crate::server::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bcdrescue");
/// What `make static` has made.
const STATIC: &str =
    concat!(env!("CARGO_TARGET_TMPDIR"), "/../static/x86_64-unknown-linux-gnu/release/bcdrescue");
const RUNS: usize = 101;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    println!("{:<34} {:>9} {:>9} {:>6} {:>10}", "", "median", "fastest", "reads", "bytes read");
    let nothing = time(RUNS, || {}, &mut || run("true", &[]));
    row("/bin/true", &nothing, None);
    let version = time(RUNS, || {}, &mut || run(PROGRAM, &["--version"]));
    row("--version", &version, None);
    for name in ["win2008r2-bios", "win2008r2-bios-healthy", "win11-uefi", "win11-uefi-healthy"] {
        let (qcow2, raw) = (at(&format!("{name}.qcow2")), at(&format!("{name}.raw")));
        fs::copy(images.join(format!("{name}.qcow2")), &qcow2).unwrap();
        run("qemu-img", &["convert", "-O", "raw", text(&qcow2), text(&raw)]);
        for (kind, path) in [("qcow2", &qcow2), ("raw", &raw)] {
            bench_check(&format!("check {name} {kind}"), path);
            let cold = time(21, || forget(path), &mut || run(PROGRAM, &["check", text(path)]));
            row("the same, its file not in memory", &cold, None);
        }
        if let Err(why) = far::bench(name, &at(&format!("{name}.raw")), folder.path()) {
            println!("check {name}, 20 ms away: not measured: {why}");
        }
    }
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    let (small, large) = (at("small.raw"), at("large.raw"));
    resize(&at("win2008r2-bios.raw"), &small, None);
    resize(&at("win2008r2-bios.raw"), &large, Some(2 << 40));
    bench_check("check, disk of 1 GiB", &small);
    bench_check("check, the same of 2 TiB", &large);
    if Path::new(STATIC).exists() {
        let times = time(RUNS, || {}, &mut || run(STATIC, &["check", text(&small)]));
        row("the same, static program", &times, None);
    }
    let vmdk = at("win2008r2-bios.vmdk");
    run("qemu-img", &["convert", "-O", "vmdk", text(&at("win2008r2-bios.qcow2")), text(&vmdk)]);
    let served = time(21, || {}, &mut || run(PROGRAM, &["check", text(&vmdk)]));
    row("check win2008r2-bios vmdk", &served, None);
    if let Err(why) = bench_served(&at("win2008r2-bios.qcow2"), folder.path()) {
        println!("check win2008r2-bios behind qemu-nbd: not measured: {why}");
    }
    if let Err(why) = far::bench_list(&at("win2008r2-bios.raw"), folder.path()) {
        println!("200 disks 20 ms away: not measured: {why}");
    }
    fleet::bench(&at("fleet"));
    bench_appliance(&at("win2008r2-bios.qcow2"), folder.path());
    for kind in ["qcow2", "raw"] {
        let source = at(&format!("win2008r2-bios.{kind}"));
        let target = at(&format!("target.{kind}"));
        let anew = || restore(&source, &target);
        let fix = time(21, anew, &mut || run(PROGRAM, &["fix", "--yes", text(&target)]));
        row(&format!("fix win2008r2-bios {kind}"), &fix, None);
        clear_records(folder.path());
        if kind == "raw" {
            match peer::bench(&source, &target, folder.path()) {
                Ok(peer) => {
                    row("losetup + ntfs-3g + hivexsh, raw", &peer, None);
                    println!(
                        "\nfix takes {:.2} of the time that losetup, ntfs-3g and hivexsh take",
                        ratio(&fix, &peer)
                    );
                }
                Err(why) => println!("losetup + ntfs-3g + hivexsh: not measured: {why}"),
            }
        }
    }
    println!("peak memory of all runs up to and with the checks (qemu-img among them): {memory} KiB");
}

/// The image behind a `qemu-nbd` that is there already.
fn bench_served(image: &Path, folder: &Path) -> Result<(), String> {
    let socket = folder.join("qemu-nbd.socket");
    let arguments = ["-t", "-r", "-f", "qcow2", "-k", text(&socket), text(image)];
    let _server = Server::start("qemu-nbd", &arguments, &socket)?;
    let url = format!("nbd+unix:///?socket={}", text(&socket));
    row("check win2008r2-bios, qemu-nbd", &time(21, || {}, &mut || run(PROGRAM, &["check", &url])), None);
    Ok(())
}

/// The store read by a libguestfs appliance and listed by hivexsh, beside `inspect`, which does no less.
fn bench_appliance(image: &Path, folder: &Path) {
    let inspect = time(21, || {}, &mut || run(PROGRAM, &["inspect", text(image)]));
    row("inspect win2008r2-bios qcow2", &inspect, None);
    match appliance::bench(image, folder) {
        Ok(times) => {
            row("guestfish + hivexsh, qcow2", &times, None);
            println!("inspect takes 1/{:.0} of that", 1.0 / ratio(&inspect, &times));
        }
        Err(why) => println!("guestfish + hivexsh: not measured: {why}"),
    }
}

/// Runs a program; what it says and its exit code are its own affair here.
fn run(program: &str, arguments: &[&str]) {
    let silent = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.unwrap_or_else(|error| panic!("{program}: {error}"));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Times `work`, sorted, with `before` done outside the clock each time.
fn time(runs: usize, before: impl Fn(), work: &mut dyn FnMut()) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            before();
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times
}

fn ratio(one: &[Duration], other: &[Duration]) -> f64 {
    one[one.len() / 2].as_secs_f64() / other[other.len() / 2].as_secs_f64()
}

fn row(name: &str, times: &[Duration], reads: Option<(usize, u64)>) {
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    let (count, bytes) = reads.map_or((String::new(), String::new()), |(count, bytes)| {
        (count.to_string(), format!("{} KiB", bytes / 1024))
    });
    println!("{name:<34} {:>9} {:>9} {count:>6} {bytes:>10}", ms(times[times.len() / 2]), ms(times[0]));
    std::io::stdout().flush().unwrap();
}

fn bench_check(name: &str, path: &Path) {
    let times = time(RUNS, || {}, &mut || run(PROGRAM, &["check", text(path)]));
    row(name, &times, reads(path));
}

/// Reads of the disk by one `check`, and their bytes, by strace; `None` without it.
fn reads(path: &Path) -> Option<(usize, u64)> {
    let output = Command::new("strace")
        .args(["-f", "-P", text(path), "-e", "trace=pread64", PROGRAM, "check", text(path)])
        .stdout(Stdio::null())
        .output()
        .ok()?;
    let lines = String::from_utf8_lossy(&output.stderr).into_owned();
    let sizes = lines.lines().filter(|line| line.contains("pread64(")).filter_map(|line| {
        let (_, result) = line.rsplit_once("= ")?;
        result.trim().parse::<u64>().ok()
    });
    let sizes: Vec<u64> = sizes.collect();
    Some((sizes.len(), sizes.iter().sum()))
}

/// Drops what the system keeps of a file in memory.
fn forget(path: &Path) {
    let file = fs::File::open(path).unwrap();
    file.sync_all().unwrap();
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).unwrap();
}

/// The same disk with another length; holes stay holes.
fn resize(source: &Path, target: &Path, len: Option<u64>) {
    run("cp", &["--sparse=always", text(source), text(target)]);
    if let Some(len) = len {
        fs::OpenOptions::new().write(true).open(target).unwrap().set_len(len).unwrap();
    }
}

fn restore(source: &Path, target: &Path) {
    run("cp", &["--sparse=always", text(source), text(target)]);
}

fn clear_records(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if text(&entry.path()).ends_with(".undo.json") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}
