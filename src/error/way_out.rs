//! What a person can do about a target that cannot be opened or written, or whose partition table cannot be read. The words
//! for it are made where it is shown.

use std::path::PathBuf;

/// What the user can do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayOut {
    /// The same once more.
    TryAgain(Moment),
    /// Another target, or this one by another name.
    Name(Target),
    /// Taking it from who holds it.
    Release(HeldBy),
    /// Lifting what the system does not allow.
    Lift(Barrier),
    /// What `qemu-img` and other programs can do to an image.
    Image(ImageCure),
    /// Giving leave to open a file that the image names, if the image is trusted.
    AllowBacking(PathBuf),
    /// Another file with the passphrase of an encrypted image.
    KeyFile(KeyFile),
    /// A folder for temporary files whose path is short.
    ShortTemporaryFolder,
    /// What is to be seen or done at the NBD server.
    Server(ServerCure),
    /// What makes a partition table one that can be read.
    Table(TableCure),
}

/// When the same may come out otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// At once.
    Now,
    /// When nothing else works on the file.
    Undisturbed,
    /// When the machine is less busy.
    LessBusy,
}

/// What can be named as the target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A disk or an image that is not empty.
    NotEmpty,
    /// A disk or an image, and nothing of another kind.
    Disk,
    /// A disk that is attached.
    Attached,
    /// A file that exists.
    Existing,
    /// The disk of this kernel name, of which a partition was named.
    WholeDisk(String),
    /// An NBD server in one of the two forms that are known.
    Url,
    /// The same file by a name in UTF-8.
    Utf8,
}

/// Who holds a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeldBy {
    /// A virtual machine, or a program that locks as one.
    VirtualMachine,
    /// A loop device that lies on the file.
    LoopDevice,
    /// A mount, or a program that has the device open for itself.
    Program,
    /// Those that the error lists.
    Listed,
}

/// What the system does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Barrier {
    /// The user may not.
    User,
    /// Nobody may here: a container, a sandbox, an immutable flag.
    Sandbox,
    /// Its file system is mounted read-only.
    FileSystem,
    /// The device of this kernel name is read-only.
    Device(String),
    /// Sysfs is not mounted, so that nobody can tell who uses the device.
    Sysfs,
}

/// What makes an image one that this program can open or write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageCure {
    /// A copy in a format that this program reads.
    Convert,
    /// A copy, made by naming the parts that the header does not.
    ConvertByOptions,
    /// A decrypted copy.
    Decrypt,
    /// A copy without the files that it names.
    Flatten,
    /// The same of a chain that is too long.
    FlattenChain,
    /// What holds only a difference becomes one with its parent.
    Merge,
    /// What was packed is unpacked.
    Unpack,
    /// A backup is restored to a disk, by the program that wrote it.
    RestoreBackup,
    /// The disks in an OVA are unpacked.
    ExtractOva,
    /// Those in a Proxmox backup.
    ExtractVma,
    /// What is in a tar archive.
    ExtractTar,
    /// The disk is named, in place of the file that describes its machine.
    NameDisk,
    /// Its dirty bitmaps are removed.
    RemoveBitmaps,
    /// Its tables are repaired.
    Repair,
    /// It is checked, or a copy is made.
    CheckOrConvert,
    /// `qemu-nbd` is installed, or a copy is made.
    InstallOrConvert,
}

/// What is to be right about the file with a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFile {
    /// One has to be named.
    Missing,
    /// It has to be a regular file that others cannot read.
    NotRegular,
    /// It has to hold the passphrase to the byte.
    Wrong,
}

/// What is to be seen or done at an NBD server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerCure {
    /// A tunnel in place of TLS, named by its own URL.
    Tunnel,
    /// A tunnel in place of TLS, or a socket of this machine.
    TunnelOrSocket,
    /// A newer server.
    Newer,
    /// The list of its exports.
    Exports,
    /// Whom it allows what.
    Policy,
    /// Its own messages.
    Messages,
    /// Whether the address is that of an NBD server.
    Address,
    /// Whether it runs and listens.
    Listening,
    /// Giving the disk out for writing.
    ForWriting,
    /// A server that can flush.
    CanFlush,
    /// Smaller blocks.
    SmallerBlocks,
}

/// What makes a partition table one that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableCure {
    /// A copy of a GPT is restored from what is left.
    Restore,
    /// The table is written anew, as others do.
    Rewrite,
    /// The disk is attached with sectors of so many bytes.
    AttachWithSectors(u32),
    /// An image stands in for a disk whose sectors are not handled.
    CopyToImage,
}

impl From<Moment> for WayOut {
    fn from(moment: Moment) -> Self {
        Self::TryAgain(moment)
    }
}

impl From<Target> for WayOut {
    fn from(target: Target) -> Self {
        Self::Name(target)
    }
}

impl From<HeldBy> for WayOut {
    fn from(holder: HeldBy) -> Self {
        Self::Release(holder)
    }
}

impl From<Barrier> for WayOut {
    fn from(barrier: Barrier) -> Self {
        Self::Lift(barrier)
    }
}

impl From<ImageCure> for WayOut {
    fn from(cure: ImageCure) -> Self {
        Self::Image(cure)
    }
}

impl From<KeyFile> for WayOut {
    fn from(file: KeyFile) -> Self {
        Self::KeyFile(file)
    }
}

impl From<ServerCure> for WayOut {
    fn from(cure: ServerCure) -> Self {
        Self::Server(cure)
    }
}

impl From<TableCure> for WayOut {
    fn from(cure: TableCure) -> Self {
        Self::Table(cure)
    }
}
