//! Names of the elements of boot managers (class 2).

use crate::bcd::names::Named;
use crate::bcd::names::plain;

/// Class 2 of the boot managers of Windows and of the firmware.
pub(super) const BOOT_MANAGER: &[Named] = &[
    plain(0x2400_0001, "displayorder"),
    plain(0x2400_0002, "bootsequence"),
    plain(0x2300_0003, "default"),
    plain(0x2500_0004, "timeout"),
    plain(0x2600_0005, "resume"),
    plain(0x2300_0006, "resumeobject"),
    plain(0x2400_0007, "startupsequence"),
    plain(0x2400_0010, "toolsdisplayorder"),
    plain(0x2600_0020, "displaybootmenu"),
    plain(0x2600_0021, "noerrordisplay"),
    plain(0x2100_0022, "bcddevice"),
    plain(0x2200_0023, "bcdfilepath"),
    plain(0x2600_0025, "hiberboot"),
    plain(0x2600_0028, "processcustomactionsfirst"),
    plain(0x2700_0030, "customactions"),
    plain(0x2600_0031, "persistbootsequence"),
    plain(0x2600_0032, "skipstartupsequence"),
    plain(0x2200_0040, "fverecoveryurl"),
    plain(0x2200_0041, "fverecoverymessage"),
    plain(0x2600_0042, "flightedbootmgr"),
];
