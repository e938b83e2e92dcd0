//! Names of the elements of device objects (class 3) and of setup templates (class 4).

use crate::bcd::names::Named;
use crate::bcd::names::plain;

/// Class 3: options of devices.
pub(super) const DEVICE_OBJECT: &[Named] = &[
    plain(0x3500_0001, "ramdiskimageoffset"),
    plain(0x3500_0002, "ramdisktftpclientport"),
    plain(0x3100_0003, "ramdisksdidevice"),
    plain(0x3200_0004, "ramdisksdipath"),
    plain(0x3500_0005, "ramdiskimagelength"),
    plain(0x3600_0006, "exportascd"),
    plain(0x3500_0007, "ramdisktftpblocksize"),
    plain(0x3500_0008, "ramdisktftpwindowsize"),
    plain(0x3600_0009, "ramdiskmcenabled"),
    plain(0x3600_000a, "ramdiskmctftpfallback"),
    plain(0x3600_000b, "ramdisktftpvarwindow"),
    plain(0x3600_000c, "vhdramdiskboot"),
];

/// Class 4: templates of setup.
pub(super) const SETUP: &[Named] = &[plain(0x4700_0006, "elementstomigrate")];
