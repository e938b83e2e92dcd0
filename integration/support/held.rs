//! An image that somebody else has open for writing.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::disk::Disk;
use crate::support::program::text;

/// qemu-nbd with an image open for writing, as a virtual machine has it.
pub struct Nbd(Child);

impl Nbd {
    pub fn over(disk: &Disk) -> Self {
        let socket = disk.folder.path().join("socket");
        let child = Command::new("qemu-nbd")
            .args(["--persistent", "-f", "qcow2", "-k", text(&socket), disk.name()])
            .stdout(Stdio::null())
            .spawn()
            .expect("qemu-nbd; `make packages` installs it");
        let start = Instant::now();
        // The socket is there before the lock; while the lock is held, qemu-img wants to know nothing of the image.
        let is_locked = || {
            let mut info = Command::new("qemu-img");
            info.args(["info", disk.name()]).stdout(Stdio::null()).stderr(Stdio::null());
            !info.status().expect("qemu-img").success()
        };
        while !socket.exists() || !is_locked() {
            assert!(start.elapsed() < Duration::from_secs(120), "qemu-nbd does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self(child)
    }
}

impl Drop for Nbd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
