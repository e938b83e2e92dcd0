//! The words for what a person can do about a target that cannot be opened or written, or whose table cannot be read.

use crate::error::way_out::Barrier;
use crate::error::way_out::HeldBy;
use crate::error::way_out::ImageCure;
use crate::error::way_out::KeyFile;
use crate::error::way_out::Moment;
use crate::error::way_out::ServerCure;
use crate::error::way_out::TableCure;
use crate::error::way_out::Target;
use crate::error::way_out::WayOut;

/// A way out as half a sentence, which follows the reason.
#[must_use]
pub fn words(way_out: &WayOut) -> String {
    match way_out {
        WayOut::TryAgain(moment) => again(*moment).to_owned(),
        WayOut::Name(target) => name(target),
        WayOut::Release(holder) => release(*holder).to_owned(),
        WayOut::Lift(barrier) => lift(barrier),
        WayOut::Image(cure) => image(*cure).to_owned(),
        WayOut::AllowBacking(path) => {
            format!("if you trust the image, add --allow-backing {}", path.display())
        }
        WayOut::KeyFile(file) => key_file(*file).to_owned(),
        WayOut::ShortTemporaryFolder => {
            "set TMPDIR to a directory with a short path, such as /tmp".to_owned()
        }
        WayOut::Server(cure) => server(*cure).to_owned(),
        WayOut::Table(cure) => table(*cure),
    }
}

fn again(moment: Moment) -> &'static str {
    match moment {
        Moment::Now => "try again",
        Moment::Undisturbed => "try again when nothing else uses it",
        Moment::LessBusy => "try again when the machine is less busy",
    }
}

fn name(target: &Target) -> String {
    let words = match target {
        Target::NotEmpty => "name a disk or a disk image",
        Target::Disk => "name a disk such as /dev/vdb, or a disk image",
        Target::Existing => "check the path",
        Target::Attached => "`bcdrescue list` shows the attached disks",
        Target::WholeDisk(name) => return format!("name the whole disk /dev/{name}"),
        Target::Url => "expected nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH",
        Target::Utf8 => "rename the file, or make a link with a different name",
    };
    words.to_owned()
}

fn release(holder: HeldBy) -> &'static str {
    match holder {
        HeldBy::VirtualMachine => {
            "shut the machine down (or end the program that uses the image) and try again"
        }
        HeldBy::LoopDevice => "detach it with `losetup -d`, or name the loop device instead",
        HeldBy::Program => "unmount or detach it, or stop that program",
        HeldBy::Listed => "unmount or detach that first",
    }
}

fn lift(barrier: &Barrier) -> String {
    let words = match barrier {
        Barrier::User => "run as root",
        Barrier::Sandbox => "a container, a sandbox or an immutable flag prevents it",
        Barrier::FileSystem => "remount it read-write, or work on a copy",
        Barrier::Device(name) => {
            return format!("make it writable with `blockdev --setrw /dev/{name}`, or attach it writable");
        }
        Barrier::Sysfs => "mount sysfs on /sys and try again",
    };
    words.to_owned()
}

fn image(cure: ImageCure) -> &'static str {
    match cure {
        ImageCure::Convert => "convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy",
        ImageCure::ConvertByOptions => "convert it with `qemu-img convert --image-opts` and work on the copy",
        ImageCure::Decrypt => {
            "decrypt it with `qemu-img convert --image-opts` and its secret, and work on the copy"
        }
        ImageCure::Flatten => "flatten it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy",
        ImageCure::FlattenChain => "flatten it with `qemu-img convert -O qcow2 OLD NEW`",
        ImageCure::Merge => "merge it into its parent and use that",
        ImageCure::RestoreBackup => "restore it to a disk with the program that wrote it",
        ImageCure::Unpack => "unpack it first",
        ImageCure::ExtractOva => "unpack it with `tar xf FILE` and name the .vmdk in it",
        ImageCure::ExtractVma => {
            "unpack it with `vma extract FILE FOLDER` (of Proxmox VE) and name the disk-drive-….raw in the folder"
        }
        ImageCure::ExtractTar => "unpack it with `tar xf FILE` and name the disk image in it",
        ImageCure::NameDisk => "name the disk itself",
        ImageCure::RemoveBitmaps => "remove each with `qemu-img bitmap --remove IMAGE NAME`",
        ImageCure::Repair => "repair it with `qemu-img check -r all IMAGE`",
        ImageCure::CheckOrConvert => {
            "see `qemu-img check IMAGE`, or convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy"
        }
        ImageCure::InstallOrConvert => {
            "install it (Debian, Ubuntu: qemu-utils; Fedora: qemu-img), or convert the image with `qemu-img convert -O qcow2 OLD NEW` and work on the copy"
        }
    }
}

fn key_file(file: KeyFile) -> &'static str {
    match file {
        KeyFile::Missing => "give its passphrase in a file: --key-file FILE",
        KeyFile::NotRegular => {
            "put the passphrase, and nothing else, into a regular file that only you can read"
        }
        KeyFile::Wrong => "every byte of the key file counts, a newline at its end too",
    }
}

fn server(cure: ServerCure) -> &'static str {
    match cure {
        ServerCure::Tunnel => "use a tunnel (ssh -L, stunnel) and name that with nbd:// or nbd+unix://",
        ServerCure::TunnelOrSocket => {
            "use a tunnel (ssh -L, stunnel), or serve the disk on a socket of this machine"
        }
        ServerCure::Newer => "serve the disk with a newer server, such as qemu-nbd",
        ServerCure::Exports => "list its exports with `qemu-nbd --list` or `nbdinfo --list`",
        ServerCure::Policy => "check its access rules",
        ServerCure::Messages => "see the server's own messages",
        ServerCure::Address => "check that the address is an NBD server's",
        ServerCure::Listening => "check that the server is running and listening there",
        ServerCure::ForWriting => "serve it for writing",
        ServerCure::CanFlush => "use a server that can flush, such as qemu-nbd or nbdkit",
        ServerCure::SmallerBlocks => "serve it with smaller blocks (nbdkit: --filter=blocksize)",
    }
}

fn table(cure: TableCure) -> String {
    match cure {
        TableCure::Restore => "try `gdisk` (r, then b or c)".to_owned(),
        TableCure::Rewrite => "rewrite the table with gdisk or sgdisk".to_owned(),
        TableCure::AttachWithSectors(size) => {
            format!("attach the disk with sectors of {size} bytes (losetup --sector-size {size})")
        }
        TableCure::CopyToImage => {
            "only 512 to 4096 are supported; copy the disk to an image first".to_owned()
        }
    }
}
