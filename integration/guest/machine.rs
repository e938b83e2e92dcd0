//! One virtual machine with its disks.

use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Condvar;
use std::sync::Mutex;

use serde_json::Value as Json;
use serde_json::json;

use super::Rescue;
use super::console::Console;
use crate::support::program::Run;
use crate::support::program::text;

/// A PC with 256 MiB and no screen.
pub const PC: &[&str] = &["-M", "pc", "-m", "256", "-vga", "none"];

/// How a disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    VirtioBlk,
    VirtioScsi,
    Nvme,
    Ahci,
    Usb,
}

/// What stands between the image and the guest.
#[derive(Debug, Clone)]
pub enum Filter {
    /// So many writes a second.
    Throttle(u32),
    /// QEMU's blkdebug with these rules of `inject-error`.
    Errors(Vec<Json>),
}

/// A disk as the guest gets it.
#[derive(Debug, Clone)]
pub struct Drive {
    pub path: PathBuf,
    pub format: &'static str,
    pub bus: Bus,
    pub sector_size: u32,
    pub is_read_only: bool,
    pub filter: Option<Filter>,
}

impl Drive {
    /// A qcow2 image on virtio-blk.
    pub fn qcow2(path: &Path) -> Self {
        let path = path.to_owned();
        Self {
            path,
            format: "qcow2",
            bus: Bus::VirtioBlk,
            sector_size: 512,
            is_read_only: false,
            filter: None,
        }
    }

    /// A raw image on virtio-blk.
    pub fn raw(path: &Path) -> Self {
        Self { format: "raw", ..Self::qcow2(path) }
    }

    /// The arguments that attach it as disk `number`.
    fn arguments(&self, number: usize) -> Vec<String> {
        let file = json!({ "driver": "file", "filename": self.path });
        let node = json!({
            "driver": self.format, "node-name": format!("node{number}"), "read-only": self.is_read_only, "file": file,
        });
        let mut arguments = vec!["-blockdev".to_owned(), node.to_string()];
        let (below, top) = (format!("node{number}"), format!("top{number}"));
        let drive = match &self.filter {
            None => below,
            Some(Filter::Throttle(writes)) => {
                let group = json!({
                    "qom-type": "throttle-group", "id": format!("group{number}"), "limits": { "iops-write": writes },
                });
                arguments.extend(["-object".into(), group.to_string()]);
                let node = json!({
                    "driver": "throttle", "node-name": top, "throttle-group": format!("group{number}"), "file": below,
                });
                arguments.extend(["-blockdev".into(), node.to_string()]);
                top
            }
            Some(Filter::Errors(rules)) => {
                let node =
                    json!({ "driver": "blkdebug", "node-name": top, "image": below, "inject-error": rules });
                arguments.extend(["-blockdev".into(), node.to_string()]);
                top
            }
        };
        let common = format!(
            "drive={drive},id=disk{number},logical_block_size={0},physical_block_size={0}",
            self.sector_size
        );
        let devices = match self.bus {
            // Errors are the guest's, not a reason to stop it.
            Bus::VirtioBlk => vec![format!("virtio-blk-pci,{common},werror=report,rerror=report")],
            Bus::VirtioScsi => {
                vec![
                    format!("virtio-scsi-pci,id=scsi{number}"),
                    format!("scsi-hd,bus=scsi{number}.0,{common}"),
                ]
            }
            Bus::Nvme => vec![format!("nvme,serial=nvme{number},{common}")],
            Bus::Ahci => vec![format!("ahci,id=ahci{number}"), format!("ide-hd,bus=ahci{number}.0,{common}")],
            Bus::Usb => {
                vec![format!("qemu-xhci,id=usb{number}"), format!("usb-storage,bus=usb{number}.0,{common}")]
            }
        };
        arguments.extend(devices.into_iter().flat_map(|device| ["-device".into(), device]));
        arguments
    }
}

/// As many guests at a time as there are processors: each needs a whole one.
static RUNNING: Mutex<usize> = Mutex::new(0);

static ENDED: Condvar = Condvar::new();

struct Slot;

impl Slot {
    fn take() -> Self {
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let running = RUNNING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut running = ENDED
            .wait_while(running, |running| *running >= all)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *running += 1;
        Self
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) -= 1;
        ENDED.notify_one();
    }
}

/// A running virtual machine; it is killed when it is dropped.
pub struct Guest {
    child: Child,
    pub console: Console,
    _slot: Slot,
}

impl Guest {
    /// Starts QEMU with these arguments beside the common ones; its serial port is ours.
    pub fn start(arguments: &[&str], drives: &[Drive]) -> Self {
        let slot = Slot::take();
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-accel", "tcg", "-nodefaults", "-display", "none", "-serial", "stdio"]);
        // Power off and panic end QEMU.
        command.args(["-no-reboot", "-action", "panic=exit-failure"]).args(arguments);
        for (number, drive) in drives.iter().enumerate() {
            command.args(drive.arguments(number));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("QEMU");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, console: Console::new(input, output), _slot: slot }
    }

    /// Boots the rescue's kernel with these parameters and 256 MiB; further arguments go to QEMU.
    pub fn boot_with(rescue: &Rescue, drives: &[Drive], parameters: &str, more: &[&str]) -> Self {
        let parameters = format!("console=ttyS0 quiet panic=-1 mitigations=off {parameters}");
        let kernel =
            ["-kernel", text(&rescue.kernel), "-initrd", text(&rescue.initramfs), "-append", &parameters];
        Self::start(&[PC, &kernel, more].concat(), drives)
    }

    /// Boots the rescue's kernel with these parameters.
    pub fn boot(rescue: &Rescue, drives: &[Drive], parameters: &str) -> Self {
        Self::boot_with(rescue, drives, parameters, &[])
    }

    /// Boots the rescue's kernel, and goes to its shell.
    pub fn at_shell(rescue: &Rescue, drives: &[Drive]) -> Self {
        let mut guest = Self::boot(rescue, drives, "");
        guest.menu();
        guest.shell();
        guest
    }

    /// Waits for the menu; gives what the screen showed before it.
    #[track_caller]
    pub fn menu(&mut self) -> String {
        self.console.expect("choice: ")
    }

    /// Says yes to the question that comes; gives what the screen showed with it.
    #[track_caller]
    pub fn agree(&mut self) -> String {
        let asked = self.console.expect("[y/N] ");
        self.console.send("y");
        asked
    }

    /// From the menu through a repair of the one disk that needs it, and back to the menu; gives what the screen showed.
    #[track_caller]
    pub fn repair(&mut self) -> String {
        self.console.send("f");
        let said = self.agree() + &self.menu();
        assert!(said.contains("verified: healthy"), "{said}");
        said
    }

    /// From the menu to a shell that neither echoes nor prompts.
    #[track_caller]
    pub fn shell(&mut self) {
        self.console.send("s");
        self.console.expect("rescue# ");
        // What is typed ahead is lost by the shell's line editor, so it has to say when it is no longer there.
        self.console.send("stty -echo; echo '@''@ ready'; while read -r line; do eval \"$line\"; done; exit");
        self.console.expect("@@ ready\n");
    }

    /// Runs a command in the shell.
    #[track_caller]
    pub fn run(&mut self, command: &str) -> Run {
        self.console.send(&format!("{{ {command}; }} </dev/null; echo \"@\"\"@\" $?"));
        let stdout = self.console.expect("@@ ");
        let code = self.console.expect("\n");
        Run { code: code.parse().expect("an exit code"), stdout, stderr: String::new() }
    }

    /// Ends the guest from its shell, without the seconds that a polite shutdown waits, and waits until it has ended.
    #[track_caller]
    pub fn power_off(mut self) {
        self.console.send("umount /records; sync; poweroff -f");
        self.ended();
    }

    /// Waits until the guest has ended by itself; gives what it said.
    #[track_caller]
    pub fn ended(mut self) -> String {
        let said = self.console.rest();
        let status = self.child.wait().expect("QEMU");
        assert!(status.success(), "QEMU ended with {status}; the guest said:\n{said}");
        said
    }

    /// The power goes.
    pub fn cut(mut self) {
        self.child.kill().expect("QEMU runs");
        self.child.wait().expect("QEMU");
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
