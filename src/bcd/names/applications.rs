//! Names of the elements of other applications (class 2).

use crate::bcd::names::Named;
use crate::bcd::names::choice;
use crate::bcd::names::plain;

/// Class 2 of any application that has no name of its own for an id.
pub(super) const ANY_APPLICATION: &[Named] = &[
    plain(0x2600_0202, "skipffumode"),
    plain(0x2600_0203, "forceffumode"),
    plain(0x2500_0510, "chargethreshold"),
    plain(0x2600_0512, "offmodecharging"),
    plain(0x2500_0aaa, "bootflow"),
];

/// Class 2 of resume loaders.
pub(super) const RESUME: &[Named] = &[
    plain(0x2100_0001, "filedevice"),
    plain(0x2200_0002, "filepath"),
    plain(0x2600_0003, "customsettings"),
    plain(0x2600_0004, "pae"),
    plain(0x2100_0005, "associatedosdevice"),
    plain(0x2600_0006, "debugoptionenabled"),
    choice(0x2500_0007, "bootux", &["Disabled", "Basic", "Standard"]),
    choice(0x2500_0008, "bootmenupolicy", &["Legacy", "Standard"]),
];

/// Class 2 of the memory tester; several ids were renumbered between Windows 7 and 8.
pub(super) const MEMDIAG: &[Named] = &[
    plain(0x2500_0001, "passcount"),
    choice(0x2500_0002, "testmix", &["Basic", "Extended"]),
    plain(0x2500_0003, "failurecount"),
    plain(0x2600_0003, "cacheenable"),
    choice(
        0x2500_0004,
        "testtofail",
        &["Stride", "Mats", "InverseCoupling", "RandomPattern", "Checkerboard"],
    ),
    plain(0x2600_0004, "failuresenabled"),
    plain(0x2600_0005, "cacheenable"),
    plain(0x2500_0005, "stridefailcount"),
    plain(0x2500_0006, "invcfailcount"),
    plain(0x2500_0007, "matsfailcount"),
    plain(0x2500_0008, "randfailcount"),
    plain(0x2500_0009, "chckrfailcount"),
];

/// Class 2 of the loader of Windows before Vista, of setupldr and of boot sectors.
pub(super) const NTLDR: &[Named] = &[plain(0x2200_0001, "bpbstring")];

/// Class 2 of the network starter.
pub(super) const STARTUP: &[Named] =
    &[plain(0x2600_0001, "pxesoftreboot"), plain(0x2200_0002, "applicationname")];

/// Class 2 of boot applications.
pub(super) const BOOT_APPLICATION: &[Named] = &[
    plain(0x2600_0145, "enablebootdebugpolicy"),
    plain(0x2600_0146, "enablebootorderclean"),
    plain(0x2600_0147, "enabledeviceid"),
    plain(0x2600_0148, "enableffuloader"),
    plain(0x2600_0149, "enableiuloader"),
    plain(0x2600_014a, "enablemassstorage"),
    plain(0x2600_014b, "enablerpmbprovisioning"),
    plain(0x2600_014c, "enablesecurebootpolicy"),
    plain(0x2600_014d, "enablestartcharge"),
    plain(0x2600_014e, "enableresettpm"),
];
